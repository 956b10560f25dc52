"""A training step as it is run: the inputs, the loss, the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from nbcnncost.errors import ModelError
from nbcnncost.tracing.listeners import run_backward
from nbcnncost.tracing.twins import without_values


class Wanted(NamedTuple):
    """What a training step consists of besides its forward and backward."""

    optimizer: str | None
    input_grad: bool


class Witness(Protocol):
    """Who is told that the way back begins."""

    paused: int

    def go_back(self, roots: Sequence[Tensor]) -> None:
        """The forward is over, with these results."""


def prepared(value: Any, *, input_grad: bool, values: bool) -> Any:
    """The model's inputs as autograd takes them: none from inference mode, and leaves where they need a gradient.

    Unless the run is for real (``values``), a gradient has no values, nor has what it belongs to.
    """

    def one(entry: Any) -> Any:
        if not isinstance(entry, Tensor):
            return entry
        entry = entry.clone() if entry.is_inference() else entry
        if not input_grad or not (entry.is_floating_point() or entry.is_complex()):
            return entry
        return (entry.detach() if values else without_values(entry)).requires_grad_()

    with torch.inference_mode(mode=False):
        return tree_map(one, value)


def go_back(model: nn.Module, outputs: Any, witness: Witness) -> None:
    """The backward pass of the sum of all outputs."""
    roots = list({id(tensor): tensor for tensor in _tensors_in(outputs) if tensor.requires_grad}.values())
    if not roots:
        raise _nothing_to_train(model)
    witness.paused += 1
    ones = [torch.ones_like(root) for root in roots]
    witness.paused -= 1
    witness.go_back(roots)
    run_backward(roots, ones)


def _nothing_to_train(model: nn.Module) -> ModelError:
    """Why there is no backward pass, and what to do."""
    name = type(model).__name__
    params = list(model.parameters())
    if any(param.requires_grad for param in params):
        return ModelError(f"nothing to train: no output of {name} depends on a parameter in a way that has a gradient")
    reason = f"all parameters of {name} are frozen" if params else f"{name} has no parameters"
    return ModelError(f"nothing to train: {reason}; input_grad=True counts the gradient of its input alone")


def _tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors of a model's output, however they are nested."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _tensors_in(entry)
    elif isinstance(value, (tuple, list)):
        for entry in value:
            yield from _tensors_in(entry)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _tensors_in(getattr(value, name))
