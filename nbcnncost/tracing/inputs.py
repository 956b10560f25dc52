"""The model's inputs: from shapes, from tensors, or assumed from the model's first layer."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from nbcnncost.errors import InputError
from nbcnncost.shapes import check_shape, parse_shape
from nbcnncost.tracing.twins import without_values
from nbcnncost.units import shape_text

#: Edge lengths that courses and papers use, the customary one first: for colour images, for grey ones.
_COLOUR = (224, 32, 227, 299, 64, 28, 96, 128, 256, 240, 160, 48, 36)
_GREY = (28, 32, 224, 64, 48, 96, 128, 227, 256, 299, 36)
_LENGTHS = (128, 1024, 256, 512, 100, 64, 32, 16, 28, 16000, 784)
_CLIPS = ((16, 112, 112), (8, 64, 64), (32, 32, 32), (16, 224, 224), (64, 64, 64), (16, 32, 32))
_TOKENS = 128


class FirstLayer(NamedTuple):
    """What the first layer with weights says of the input: its shape without the batch, sizes unknown as ``None``."""

    kind: str
    channels: int
    spatial: int


class Inputs(NamedTuple):
    """What to call the model with, and what to tell the user about it."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    notes: tuple[str, ...] = ()


def first_layer(model: nn.Module) -> FirstLayer | None:
    """The first convolution, embedding or linear layer in the order of definition."""
    for module in model.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            return FirstLayer("convolution", module.in_channels, len(module.kernel_size))
        if isinstance(module, nn.Embedding):
            return FirstLayer("embedding", 0, 0)
        if isinstance(module, nn.modules.rnn.RNNBase):
            return FirstLayer("recurrent", module.input_size, 0)
        if isinstance(module, nn.Linear):
            return FirstLayer("linear", module.in_features, 0)
    return None


def customary_shapes(model: nn.Module) -> Iterator[tuple[int, ...]]:
    """Shapes that the model may have been made for, the customary ones first, with a batch of one."""
    first = first_layer(model)
    if first is None:
        yield from ((1, 3, 224, 224), (1, 1, 28, 28), (1, 16))
    elif first.kind == "embedding":
        yield (1, _TOKENS)
    elif first.kind == "linear":
        yield (1, first.channels)
        yield from ((1, 1, 28, 28), (1, 3, 32, 32), (1, 3, 224, 224), (1, _TOKENS, first.channels))
    elif first.kind == "recurrent":
        yield (1, _TOKENS, first.channels)
    elif first.spatial == 2:
        for side in _GREY if first.channels == 1 else _COLOUR:
            yield (1, first.channels, side, side)
    elif first.spatial == 1:
        for length in _LENGTHS:
            yield (1, first.channels, length)
    else:
        for clip in _CLIPS:
            yield (1, first.channels, *clip)


def from_sizes(
    model: nn.Module, sizes: Any, dtypes: Any, batch_size: int | None, device: str, *, add_batch: bool = True
) -> Inputs:
    """Inputs of the given shapes: one shape, a list of shapes, or a dict from argument name to shape.

    A shape that lacks the batch gets a batch of one, and a note that says so, unless ``add_batch`` is false.
    """
    if isinstance(sizes, Mapping):
        named = {name: _shape(size) for name, size in sizes.items()}
        chosen = _dtypes(model, dtypes, len(named))
        made = {
            name: _make(_batched(shape, batch_size), dtype, device)
            for (name, shape), dtype in zip(named.items(), chosen, strict=True)
        }
        return Inputs((), made)
    several = isinstance(sizes, (list, tuple)) and bool(sizes) and not hasattr(sizes[0], "__index__")
    shapes = [_shape(size) for size in sizes] if several else [_shape(sizes)]
    notes: list[str] = []
    if len(shapes) == 1 and add_batch:
        shapes[0] = _with_batch(model, shapes[0], notes, batch_size)
    shapes = [_batched(shape, batch_size) for shape in shapes]
    chosen = _dtypes(model, dtypes, len(shapes))
    args = tuple(_make(shape, dtype, device) for shape, dtype in zip(shapes, chosen, strict=True))
    return Inputs(args, {}, tuple(notes))


def from_data(model: nn.Module, data: Any, *, keep: bool, batch_size: int | None, dtypes: Any) -> Inputs:
    """The user's own inputs: a tensor, a tuple of positional arguments whose last may be a dict of keyword ones.

    Unless the run is for real (``keep``) each tensor is replaced by one of its shape without values.
    """
    if batch_size is not None or dtypes is not None:
        raise InputError("input_data has its own batch and dtypes; give batch_size and dtypes with input_size only")
    kwargs: dict[str, Any] = {}
    if isinstance(data, Mapping):
        args: tuple[Any, ...] = ()
        kwargs = dict(data)
    elif isinstance(data, (tuple, list)):
        args = tuple(data)
        if args and isinstance(args[-1], Mapping):
            args, kwargs = args[:-1], dict(args[-1])
    else:
        args = (data,)
    if not any(isinstance(value, Tensor) for value in _flat((args, kwargs))):
        raise InputError(f"input_data holds no tensor: {type(data).__name__}; give tensors, or a shape as input_size")
    args, kwargs = tree_map(lambda value: _prepared(value, keep), (args, kwargs))
    return Inputs(args, kwargs)


def check_call(module: nn.Module, inputs: Inputs) -> None:
    """Raise :class:`InputError` where the forward does not take these inputs, by their number or names."""
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*inputs.args, **inputs.kwargs)
    except TypeError as error:
        name = type(module).__name__
        raise InputError(f"the forward of {name} takes {signature}, which the inputs do not match: {error}") from None


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        yield value
        return
    for entry in value:
        yield from _flat(entry)


def _prepared(value: Any, keep: bool) -> Any:
    if not isinstance(value, Tensor):
        return value
    if keep:
        return value.detach().clone()
    return without_values(value)


def _shape(size: Any) -> tuple[int, ...]:
    if isinstance(size, str):
        return parse_shape(size)
    if isinstance(size, Tensor):
        raise InputError("that is a tensor, not a shape: give it as input_data")
    if hasattr(size, "__index__"):
        return check_shape((size,))
    if isinstance(size, Sequence) and not isinstance(size, (bytes, bytearray)):
        return check_shape(size)
    if type(size).__module__ == "numpy":
        if getattr(size, "ndim", None) == 1:
            return check_shape(size.tolist())
        raise InputError("that is an array, not a shape: give it as input_data, through torch.from_numpy")
    raise InputError(f"a shape is written (1, 3, 224, 224) or '3x224x224'; that is a {type(size).__name__}")


def _with_batch(model: nn.Module, shape: tuple[int, ...], notes: list[str], batch_size: int | None) -> tuple[int, ...]:
    """Add the batch to one image's shape, and note it."""
    first = first_layer(model)
    rank = len(shape)
    if first is None:
        single = rank == _spatial_rank(model) + 1
    elif first.kind == "convolution":
        single = rank == first.spatial + 1
    elif first.kind == "linear":
        single = rank == 1 or (rank == 3 and shape[-1] != first.channels)
    else:
        single = rank == 1
    if not single:
        return shape
    what = "image" if rank == 3 else "sample"
    size = batch_size or 1
    notes.append(f"{shape_text(shape)} read as one {what}: batch {size}")
    return (size, *shape)


def _spatial_rank(model: nn.Module) -> int:
    """The spatial dimensions that the first pooling, norm or the like is named for; 2 where none says so."""
    endings = (type(module).__name__[-2:] for module in model.modules())
    return next((int(ending[0]) for ending in endings if ending in ("1d", "2d", "3d")), 2)


def _batched(shape: tuple[int, ...], batch_size: Any) -> tuple[int, ...]:
    if batch_size is None:
        return shape
    if not hasattr(batch_size, "__index__") or batch_size < 1:
        raise InputError(f"the batch size is a whole number from 1, not {batch_size!r}")
    return (batch_size, *shape[1:])


def _make(shape: tuple[int, ...], dtype: torch.dtype, device: str) -> Tensor:
    try:
        return torch.zeros(shape, dtype=dtype, device=device)
    except (RuntimeError, MemoryError) as error:
        raise InputError(f"an input of {shape_text(shape)} cannot be made: {error}") from None


def _dtypes(model: nn.Module, dtypes: Any, number: int) -> list[torch.dtype]:
    """The dtype of each input: as given, else whole numbers for an embedding, else that of the model's parameters."""
    if dtypes is None:
        return [_usual_dtype(model)] * number
    given = list(dtypes) if isinstance(dtypes, (list, tuple)) else [dtypes]
    chosen = [_dtype(entry) for entry in given]
    if len(chosen) == 1:
        return chosen * number
    if len(chosen) != number:
        raise InputError(f"{len(chosen)} dtypes for {number} inputs: give one, or one for each")
    return chosen


def _usual_dtype(model: nn.Module) -> torch.dtype:
    first = first_layer(model)
    if first is not None and first.kind == "embedding":
        return torch.int64
    floating = (parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())
    return next(floating, torch.float32)


def _dtype(entry: Any) -> torch.dtype:
    name = getattr(entry, "__name__", entry)  # numpy's dtypes are classes
    found = entry if isinstance(entry, torch.dtype) else getattr(torch, str(name).removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        raise InputError(f"there is no dtype {entry!r}; float32, float16, bfloat16 and int64 are usual")
    return found
