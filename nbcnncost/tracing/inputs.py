"""The model's inputs: from shapes, from tensors, or assumed from the model's first layer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nbcnncost.errors import InputError
from nbcnncost.shapes import check_shape, parse_shape
from nbcnncost.tracing.customary import first_layer, spatial_rank
from nbcnncost.tracing.images import are_images, takes_images
from nbcnncost.tracing.nested import replaced, tensors_in
from nbcnncost.tracing.twins import without_values
from nbcnncost.units import shape_text

#: Whole numbers keep their values up to this many: lengths, positions, labels, masks.
_MOST_KNOWN = 4096
_WHOLE = frozenset({torch.int64, torch.int32, torch.int16, torch.bool})


class Inputs(NamedTuple):
    """What to call the model with, and what to tell the user about it."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    notes: tuple[str, ...] = ()


def readings(model: nn.Module, sizes: Any, dtypes: Any, batch_size: int | None, device: str) -> Iterator[Inputs]:
    """Inputs of the given shapes: one shape, a list of shapes, or a dict from argument name to shape.

    A shape that lacks the batch gets one, and a note says so. Where a shape can be read in two ways, the likelier
    comes first.
    """
    names, shapes = _named_shapes(sizes)
    chosen = _dtypes(model, dtypes, len(shapes))
    if names is None and takes_images(model):
        images = [_make(shape, dtype, device) for shape, dtype in zip(shapes, chosen, strict=True)]
        if are_images(images):
            yield Inputs((images * (1 if batch_size is None else _batched((1,), batch_size)[0]),), {})
            return
    for sized, notes in _with_batch(model, shapes, batch_size):
        tensors = [_make(shape, dtype, device) for shape, dtype in zip(sized, chosen, strict=True)]
        if names is None:
            yield Inputs(tuple(tensors), {}, notes)
        else:
            yield Inputs((), dict(zip(names, tensors, strict=True)), notes)
            yield Inputs((dict(zip(names, tensors, strict=True)),), {}, notes)


def of_shape(model: nn.Module, shape: tuple[int, ...], dtypes: Any, batch_size: int | None, device: str) -> Inputs:
    """One input of a shape that has its batch."""
    return Inputs((_make(_batched(shape, batch_size), _dtypes(model, dtypes, 1)[0], device),), {})


def _named_shapes(sizes: Any) -> tuple[list[str] | None, list[tuple[int, ...]]]:
    if isinstance(sizes, Mapping):
        if not sizes:
            raise InputError("an empty dict names no input; write it as {'image': (1, 3, 224, 224)}")
        return list(sizes), [_shape(size) for size in sizes.values()]
    several = isinstance(sizes, (list, tuple)) and bool(sizes) and not hasattr(sizes[0], "__index__")
    return None, [_shape(size) for size in sizes] if several else [_shape(sizes)]


def _with_batch(
    model: nn.Module, shapes: list[tuple[int, ...]], batch_size: Any
) -> Iterator[tuple[list[tuple[int, ...]], tuple[str, ...]]]:
    """The shapes with a batch where they lack it, likeliest reading first, and what to tell the user.

    Where only some lack it by the first layer's word and all begin with the same size, that is the batch: an image and
    its time step, 4×3×32×32 and 4.
    """
    samples = [_is_sample(model, shape) for shape in shapes]
    as_given = [_batched(shape, batch_size) for shape in shapes]
    share_a_batch = not all(samples) and len({shape[:1] for shape in shapes}) == 1
    if share_a_batch or not any(samples):
        yield as_given, ()
    if not any(samples):
        return
    size = 1 if batch_size is None else _batched((1,), batch_size)[0]
    text = ", ".join(map(shape_text, shapes))
    what = "one sample each" if len(shapes) > 1 else "one image" if len(shapes[0]) == 3 else "one sample"
    note = f"{text} read as {what}: batch {size}"
    yield [(size, *shape) for shape in shapes], (note,)
    if not all(samples):
        mixed = [(size, *shape) if one else given for shape, given, one in zip(shapes, as_given, samples, strict=True)]
        single = ", ".join(shape_text(shape) for shape, one in zip(shapes, samples, strict=True) if one)
        yield mixed, (f"{single} read as one sample: batch {size}",)
    first = first_layer(model)
    nothing_tells = first is None or first.kind == "lazy"
    if not share_a_batch and (nothing_tells or not all(samples)):
        yield as_given, ()


def _is_sample(model: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether a shape has one dimension less than a batch for the model's first layer has."""
    first = first_layer(model)
    rank = len(shape)
    if first is None or first.kind == "lazy":
        return rank == spatial_rank(model) + 1
    if first.kind == "convolution":
        return rank == first.spatial + 1
    if first.kind == "linear":
        return rank == 1 or (rank == 3 and shape[-1] != first.channels)
    return rank == 1


def from_data(data: Any, *, keep: bool, batch_size: int | None, dtypes: Any, images: bool = False) -> Iterator[Inputs]:
    """The user's own inputs as arguments, the likeliest reading first.

    A tuple or list holds positional arguments, of which a last dict holds keyword ones; a dict is keyword arguments;
    anything else is one argument. Each may be one argument itself, and a named tuple several; a list of images is one
    for a model that takes ``images``. Unless the run is for real (``keep``) each tensor is replaced by one of its shape
    without values.
    """
    if batch_size is not None or dtypes is not None:
        raise InputError("input_data has its own batch and dtypes; give batch_size and dtypes with input_size only")
    if next(tensors_in(data), None) is None:
        raise InputError(f"input_data holds no tensor: {type(data).__name__}; give tensors, or a shape as input_size")
    data = replaced(data, lambda value: _prepared(value, keep))
    if images and isinstance(data, (tuple, list)) and are_images(data):
        return iter([Inputs((list(data),), {})])
    return (Inputs(args, kwargs) for args, kwargs in _ways(data))


def _ways(data: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    if isinstance(data, Mapping):
        yield (), dict(data)
    elif type(data) in (tuple, list):
        if data and isinstance(data[-1], Mapping):
            yield tuple(data[:-1]), dict(data[-1])
        yield tuple(data), {}
    yield (data,), {}
    if isinstance(data, tuple) and type(data) is not tuple and not isinstance(data, PackedSequence):
        yield tuple(data), {}


def bound(module: nn.Module, inputs: Inputs) -> Inputs:
    """The inputs as the forward takes them; raises :class:`InputError` where they don't match its arguments."""
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):
        return inputs
    try:
        given = signature.bind(*inputs.args, **inputs.kwargs).arguments
    except TypeError as error:
        raise _mismatch(module, signature, str(error)) from None
    for name, value in given.items():
        if isinstance(value, (dict, list, tuple)) and _is_a_tensor(signature.parameters[name]):
            raise _mismatch(module, signature, f"{name} is a tensor, not a {type(value).__name__}")
    return inputs


def remembered(arguments: tuple[tuple[Any, ...], dict[str, Any]]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments to keep: of tensors only what a run without values needs, so that no memory is held."""
    kept: tuple[tuple[Any, ...], dict[str, Any]] = replaced(
        arguments, lambda value: _prepared(value, keep=False).clone()
    )
    return kept


def _mismatch(module: nn.Module, signature: inspect.Signature, why: str) -> InputError:
    name = type(module).__name__
    return InputError(f"the forward of {name} takes {signature}, which the inputs do not match: {why}")


def _is_a_tensor(parameter: inspect.Parameter) -> bool:
    """Whether an argument is annotated as one tensor, so that nothing that holds several will do."""
    words = set(re.findall(r"\w+", str(parameter.annotation)))
    single = parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return single and "Tensor" in words and words <= {"Tensor", "torch", "class", "None", "Optional", "typing"}


def _prepared(value: Tensor, keep: bool) -> Tensor:
    """A tensor to run with: whole numbers, of which lengths and positions are made, are few enough to keep."""
    if value.is_nested:
        raise InputError("a nested tensor holds several shapes in one; give a padded tensor, or a list of tensors")
    if keep:
        return value.detach().clone()
    is_known = value.device.type == "cpu" and value.numel() <= _MOST_KNOWN and value.dtype in _WHOLE
    return value.detach() if is_known else without_values(value)


def _shape(size: Any) -> tuple[int, ...]:
    if isinstance(size, str):
        return parse_shape(size)
    if isinstance(size, Tensor):
        raise InputError("that is a tensor, not a shape: give it as input_data")
    if type(size).__module__ == "numpy" and getattr(size, "ndim", None):
        if size.ndim == 1:
            return check_shape(size.tolist())
        raise InputError("that is an array, not a shape: give it as input_data, through torch.from_numpy")
    if hasattr(size, "__index__"):
        return check_shape((size,))
    if isinstance(size, Sequence) and not isinstance(size, (bytes, bytearray)):
        return check_shape(size)
    raise InputError(f"a shape is written (1, 3, 224, 224) or '3x224x224'; that is a {type(size).__name__}")


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
    held = (parameter.dtype for parameter in model.parameters())
    return next((dtype for dtype in held if dtype.is_floating_point or dtype.is_complex), torch.float32)


def _dtype(entry: Any) -> torch.dtype:
    name = getattr(entry, "__name__", entry)  # numpy's dtypes are classes
    found = entry if isinstance(entry, torch.dtype) else getattr(torch, str(name).removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        raise InputError(f"there is no dtype {entry!r}; float32, float16, bfloat16 and int64 are usual")
    return found
