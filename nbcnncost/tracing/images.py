"""Models that take a list of images of different sizes, as those that detect objects do."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn


def takes_images(model: nn.Module) -> bool:
    """Whether the first argument of the forward is a list of tensors by its type, or by its name: images, targets."""
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return False
    if not parameters:
        return False
    annotation = str(parameters[0].annotation).lower()
    return ("list[" in annotation and "tensor" in annotation) or [
        parameter.name for parameter in parameters if parameter.annotation is parameter.empty
    ] == ["images", "targets"]


def are_images(values: Sequence[Any]) -> bool:
    """Whether these are images one by one: channels, height, width."""
    return bool(values) and all(isinstance(value, Tensor) and value.dim() == 3 for value in values)
