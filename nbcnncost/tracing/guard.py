"""Leaves the user's model, random numbers and settings as they were found, whatever happens in between."""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

_NO_STATE = (str, bytes, int, float, type, FunctionType, ModuleType)
#: How deep in lists, dicts and plain objects a module's attributes are followed.
_DEEPEST = 4


@contextmanager
def untouched(model: nn.Module) -> Iterator[Keeper]:
    """Restore on leaving what a forward could have changed: attributes, flags, hooks, gradients, random states."""
    keeper = Keeper()
    for module in model.modules():
        keeper.keep(module)
    try:
        yield keeper
    finally:
        keeper.restore()


def set_mode(model: nn.Module, mode: str) -> None:
    """Put every module into ``"eval"`` or ``"train"`` mode; ``"same"`` leaves each flag as it stands.

    The flags are set directly: a model's own ``train`` method may do more (freeze, unfreeze) than set them.
    """
    if mode == "same":
        return
    for module in model.modules():
        module.__dict__["training"] = mode == "train"


class Keeper:
    """Knows how modules and random generators were, and puts them back.

    A forward may set attributes (``self.attention_map = …``), append to a list, replace a buffer, freeze a
    parameter; under tracing these would hold tensors without values. Tensors' contents need no copy, since nothing
    is written to them.
    """

    def __init__(self) -> None:
        self._modules: list[nn.Module] = []
        self._contents: dict[int, tuple[Any, Any, list[int]]] = {}
        self._tensors: dict[int, tuple[Tensor, bool, Tensor | None]] = {}
        self._generators: list[tuple[torch.Generator, Tensor]] = []
        self._restore_random = _random_states()

    def keep(self, module: nn.Module) -> None:
        """Remember a module's attributes, and what they hold."""
        self._modules.append(module)
        self._remember(module.__dict__, 0)

    def put(self, stand_in: Callable[[Tensor], Tensor]) -> None:
        """Put others in the place of tensors, wherever modules hold them in attributes, lists and dicts."""
        for container, contents, _ in list(self._contents.values()):
            if isinstance(container, set):
                continue
            for place, value in contents.items() if isinstance(contents, dict) else enumerate(contents):
                if isinstance(value, Tensor):
                    container[place] = stand_in(value)

    def restore(self) -> None:
        """Put everything back."""
        self._restore_random()
        for container, contents, places in self._contents.values():
            if _places(container) != places:
                _refill(container, contents)
        for tensor, requires_grad, grad in self._tensors.values():
            if tensor.requires_grad is not requires_grad:
                tensor.requires_grad_(requires_grad)
            if tensor.grad is not grad:
                tensor.grad = grad
        for generator, state in self._generators:
            generator.set_state(state)

    def _remember(self, value: Any, depth: int) -> None:
        if isinstance(value, Tensor):
            if value.is_leaf and id(value) not in self._tensors:
                self._tensors[id(value)] = (value, value.requires_grad, value.grad)
        elif isinstance(value, (dict, list, set, deque)):
            if id(value) not in self._contents:
                self._contents[id(value)] = (value, value.copy() if value else (), _places(value))
                if value and depth < _DEEPEST:
                    for entry in list(value.values() if isinstance(value, dict) else value):
                        self._remember(entry, depth + 1)
        elif isinstance(value, torch.Generator):
            self._generators.append((value, value.get_state()))
        elif not isinstance(value, (nn.Module, *_NO_STATE)) and depth < _DEEPEST:
            attributes = getattr(value, "__dict__", None)
            if type(attributes) is dict:
                self._remember(attributes, depth + 1)


def _refill(container: Any, contents: Any) -> None:
    container.clear()
    container.extend(contents) if isinstance(container, (list, deque)) else container.update(contents)


def _places(container: Any) -> list[int]:
    """What tells whether a container still holds the same: the identities of its entries, and of its keys.

    Its copy keeps them all alive, so no identity is given twice.
    """
    if not container:
        return []
    if isinstance(container, dict):
        return [*map(id, container), *map(id, container.values())]
    return sorted(map(id, container)) if isinstance(container, set) else list(map(id, container))


def _random_states() -> Any:
    """A function that puts the random states of torch, Python and (where loaded) numpy back."""
    state, python_state = torch.get_rng_state(), random.getstate()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy is not None else None

    def restore() -> None:
        torch.set_rng_state(state)
        random.setstate(python_state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if numpy is not None:
            numpy.random.set_state(numpy_state)

    return restore
