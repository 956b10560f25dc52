"""What a model's first layer says of its input, and the sizes that courses and papers use for such a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import nn

from nbcnncost.tracing.lazy import is_lazy_layer
from nbcnncost.tracing.packed import kind_of_layer

#: Edge lengths that courses and papers use, the customary one first: for colour images, for grey ones.
_COLOUR = (224, 32, 227, 299, 64, 28, 96, 128, 256, 240, 160, 48, 36, 384, 512)
_GREY = (28, 32, 224, 64, 48, 96, 128, 227, 256, 299, 36)
_LENGTHS = (128, 1024, 256, 512, 100, 64, 32, 16, 28, 16000, 784)
_CLIPS = ((16, 112, 112), (8, 64, 64), (32, 32, 32), (16, 224, 224), (64, 64, 64), (16, 32, 32))
_TOKENS = 128
#: Families whose papers take larger images than the others.
_AT_299 = frozenset({"inception3", "inceptionv3", "inceptionv4", "inceptionresnetv2", "xception"})


class FirstLayer(NamedTuple):
    """The first layer with weights: its kind, its input channels or features, its spatial dimensions."""

    kind: str
    channels: int
    spatial: int


def first_layer(model: nn.Module) -> FirstLayer | None:
    """The first convolution, embedding, recurrent or linear layer in the order of definition."""
    for module in model.modules():
        found = _as_first(module, kind_of_layer(module) or _kind(module))
        if found is not None:
            return found
    return None


def _kind(module: nn.Module) -> str:
    kinds = {
        nn.modules.conv._ConvNd: "convolution",
        nn.Embedding: "embedding",
        nn.modules.rnn.RNNBase: "recurrent",
        nn.Linear: "linear",
    }
    return next((kind for base, kind in kinds.items() if isinstance(module, base)), "")


def _as_first(module: Any, kind: str) -> FirstLayer | None:
    if is_lazy_layer(module):
        return FirstLayer("lazy", 0, 0) if kind != "convolution" else _lazy_convolution(module)
    if kind == "convolution":
        return FirstLayer(kind, module.in_channels, len(module.kernel_size))
    if kind == "embedding":
        return FirstLayer(kind, 0, 0)
    if kind == "recurrent":
        return FirstLayer(kind if module.batch_first else "recurrent, steps first", module.input_size, 0)
    return FirstLayer(kind, module.in_features, 0) if kind == "linear" else None


def _lazy_convolution(module: Any) -> FirstLayer:
    """A lazy convolution takes any number of channels: colour images are usual in two dimensions, else one channel."""
    spatial = len(module.kernel_size)
    return FirstLayer("convolution", 3 if spatial == 2 else 1, spatial)


def spatial_rank(model: nn.Module) -> int:
    """The spatial dimensions that the first pooling, norm or the like is named for; 2 where none says so."""
    endings = (type(module).__name__[-2:] for module in model.modules())
    return next((int(ending[0]) for ending in endings if ending in ("1d", "2d", "3d")), 2)


def customary_shapes(model: nn.Module) -> Iterator[tuple[int, ...]]:
    """Shapes that the model may have been made for, the customary ones first, with a batch of one."""
    own = _own_shape(model)
    if own is not None:
        yield own
    yield from (shape for shape in _usual_shapes(first_layer(model)) if shape != own)


def _usual_shapes(first: FirstLayer | None) -> Iterator[tuple[int, ...]]:
    if first is None:
        yield from ((1, 3, 224, 224), (1, 1, 28, 28), (1, 16))
    elif first.kind == "embedding":
        yield (1, _TOKENS)
    elif first.kind == "lazy":
        return
    elif first.kind == "linear":
        yield (1, first.channels)
        yield from ((1, 1, 28, 28), (1, 3, 32, 32), (1, 3, 224, 224), (1, _TOKENS, first.channels))
    elif first.kind == "recurrent":
        yield (1, _TOKENS, first.channels)
    elif first.kind == "recurrent, steps first":
        yield (_TOKENS, 1, first.channels)
    else:
        squares = [(side, side) for side in (_GREY if first.channels == 1 else _COLOUR)]
        sizes: Any = {1: [(length,) for length in _LENGTHS], 2: squares, 3: _CLIPS}[first.spatial]
        yield from ((1, first.channels, *size) for size in sizes)


def _own_shape(model: nn.Module) -> tuple[int, ...] | None:
    """The size that a model carries itself (timm's configuration, a vision transformer's) or is known for."""
    config: Any = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    size = config.get("input_size") if isinstance(config, Mapping) else None
    if isinstance(size, (tuple, list)) and len(size) == 3 and all(isinstance(entry, int) for entry in size):
        return (1, *size)
    first, side = first_layer(model), getattr(model, "image_size", None)
    if type(model).__name__.lower() in _AT_299:
        side = 299
    if first is not None and first.spatial == 2 and type(side) is int and side > 0:
        return (1, first.channels, side, side)
    return None
