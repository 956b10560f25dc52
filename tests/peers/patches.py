"""What tools do that put functions of their own in the place of the framework's, and how that is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from figures import Figures
from torch import nn
from torch.nn import functional

_PATCHED: tuple[Any, ...] = (torch, torch.Tensor, functional)


@contextmanager
def put_back() -> Iterator[None]:
    """Whatever is put in the framework's place in here is gone afterwards, also after an error."""
    before = [dict(vars(place)) for place in _PATCHED]
    try:
        yield
    finally:
        for place, was in zip(_PATCHED, before, strict=True):
            for name, value in dict(vars(place)).items():
                if name not in was:
                    delattr(place, name)
                elif value is not was[name]:
                    setattr(place, name, was[name])


def layers_of(model: nn.Module, number: Callable[[nn.Module], int]) -> dict[str, int]:
    """A tool's number for each module, by all of its paths; the root's is empty."""
    found = {path: number(module) for path, module in model.named_modules(remove_duplicate=False)}
    return {path: value for path, value in found.items() if value}


def failed(error: Exception) -> Figures:
    """What is kept of a tool that fails on a model."""
    return Figures(total=None, error=f"{type(error).__name__}: {error}".rstrip(": "))
