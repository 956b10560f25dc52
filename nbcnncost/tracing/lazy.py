"""Lazy layers, whose sizes follow from their first input: given them on a copy, so that the user's stay lazy."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy

from nbcnncost.errors import ModelError


def has_lazy_layers(model: nn.Module) -> bool:
    """Whether some layer's size is not known before a first forward."""
    return any(is_lazy_layer(module) for module in model.modules())


def is_lazy_layer(module: nn.Module) -> bool:
    """Whether this layer's own size is not known before a first forward."""
    return any(tensor is not None and is_lazy(tensor) for tensor in _tensors(module))


def copied_without_values(model: nn.Module) -> nn.Module:
    """A copy that shares all weights with the model but the lazy ones, which will have no values."""
    values = (value for module in model.modules() for value in (*_tensors(module), *vars(module).values()))
    shared: dict[int, Any] = {id(value): value for value in values if isinstance(value, Tensor)}
    try:
        return copy.deepcopy(model, shared | new_lazy_tensors(model, "meta"))
    except Exception as error:
        raise ModelError(
            f"{type(model).__name__} has lazy layers and cannot be copied ({error}), and giving them their sizes "
            "would change it; run the model once on a real input first"
        ) from error


def new_lazy_tensors(model: nn.Module, device: str | None = None) -> dict[int, Any]:
    """A new lazy tensor for each of the model's, by identity: the framework copies not all of them."""
    tensors = (tensor for module in model.modules() for tensor in _tensors(module))
    return {id(tensor): new_lazy_tensor(tensor, device) for tensor in tensors if tensor is not None and is_lazy(tensor)}


def _tensors(module: nn.Module) -> tuple[Tensor | None, ...]:
    return (*module._parameters.values(), *module._buffers.values())


def new_lazy_tensor(tensor: Tensor, device: str | None) -> Tensor:
    """A lazy tensor like this one, which has no sizes yet."""
    make: Any = UninitializedParameter if isinstance(tensor, UninitializedParameter) else UninitializedBuffer
    made: Tensor = make(tensor.requires_grad, device=device or tensor.device, dtype=tensor.dtype)
    return made
