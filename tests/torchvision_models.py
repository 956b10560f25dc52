"""torchvision's published figures, and its models built as those weights are, without values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
import torchvision

_FILLS = ("kaiming_normal_", "kaiming_uniform_", "normal_", "trunc_normal_", "uniform_", "xavier_uniform_")


def published() -> list[Any]:
    """Every set of weights for classification: one entry per line of torchvision's table."""
    names = torchvision.models.list_models(module=torchvision.models)
    return [entry for name in names for entry in torchvision.models.get_model_weights(name)]


def build(weights: Any) -> torch.nn.Module:
    """The model of these weights as torchvision builds it for them, its weights not filled in."""
    name = type(weights).__name__.removesuffix("_Weights")
    options: dict[str, Any] = {}
    if name.startswith("GoogLeNet"):
        options = {"aux_logits": False, "transform_input": True, "init_weights": False}
    elif name.startswith("Inception"):
        options = {"aux_logits": True, "transform_input": True, "init_weights": False}
    elif name.startswith("ViT"):
        options = {"image_size": weights.meta["min_size"][0]}
    with quickly():
        return torchvision.models.get_model(name.lower(), **options)


@contextmanager
def quickly() -> Iterator[None]:
    """Models built in here do not fill in their weights, which takes most of the time of building."""
    left_as_it_comes = dict.fromkeys(_FILLS, lambda tensor, *_, **__: tensor)
    with mock.patch.multiple(torch.nn.init, **left_as_it_comes):
        yield


def crop_size(weights: Any) -> int:
    """The side of the image that the weights' own transforms give."""
    crop = weights.transforms.keywords["crop_size"]
    return crop if isinstance(crop, int) else crop[0]
