"""Which dimensions of a model's inputs are its batch and its sizes, so that another resolution can be tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nbcnncost.errors import InputError
from nbcnncost.records import TensorSpec
from nbcnncost.tracing.customary import FirstLayer, first_layer
from nbcnncost.tracing.images import takes_images
from nbcnncost.tracing.nested import replaced, tensors_in
from nbcnncost.units import shape_text


class Axes(NamedTuple):
    """Dimensions of the inputs by what they are: ``"batch"``, ``"height"``, ``"width"`` (also a length).

    ``rank`` is how many dimensions those inputs have whose sizes they are; all inputs have the batch. ``reason`` says
    why there are no sizes, if there are none.
    """

    places: Mapping[str, int]
    values: Mapping[str, int]
    rank: int
    is_length: bool
    reason: str = ""


def axes_of(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], batch: int | None) -> Axes:
    """What of the inputs can be of another size; nothing where their values are known, since there are only so many."""
    tensors = list(tensors_in((args, dict(kwargs))))
    if not tensors or takes_images(model):
        return Axes({}, {}, 0, is_length=False, reason="the model takes a list of images, each of its own size")
    if any(tensor.device.type != "meta" for tensor in tensors):
        return Axes({}, {}, 0, is_length=False, reason="an input holds whole numbers whose values matter")
    first, reason = first_layer(model), ""
    sizes = _sizes(first, [tensor.dim() for tensor in tensors])
    rank = max(tensor.dim() for tensor in tensors)
    sized = [tensor for tensor in tensors if tensor.dim() == rank]
    if any(len({tensor.shape[place] for tensor in sized}) > 1 for place in sizes.values()):
        sizes, reason = {}, "the inputs are of different sizes"
    elif not sizes:
        reason = "the first layer takes inputs of this size only"
    dimension = 1 if first is not None and first.kind == "recurrent, steps first" and rank == 3 else 0
    batched = batch is not None and all(
        tensor.dim() > dimension and tensor.shape[dimension] == batch for tensor in tensors
    )
    places = {**({"batch": dimension} if batched else {}), **sizes}
    values = {name: sized[0].shape[place] for name, place in places.items()}
    return Axes(places, values, rank, "width" in sizes and "height" not in sizes, reason)


def empty_like(specs: Sequence[TensorSpec]) -> tuple[Tensor, ...]:
    """Inputs of these shapes and dtypes, without values."""
    return tuple(torch.empty(spec.shape, dtype=getattr(torch, spec.dtype), device="meta") for spec in specs)


def resized(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], axes: Axes, wanted: Mapping[str, int], dtype: str | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The inputs with other sizes, and in another dtype where they are floating-point numbers."""
    change = _resize(axes, wanted, None if dtype is None else getattr(torch, dtype))
    made: tuple[tuple[Any, ...], dict[str, Any]] = replaced((args, dict(kwargs)), change)
    return made


def _resize(axes: Axes, wanted: Mapping[str, int], dtype: torch.dtype | None) -> Callable[[Tensor], Tensor]:
    def change(tensor: Tensor) -> Tensor:
        shape = list(tensor.shape)
        for name, size in wanted.items():
            if name == "batch" or tensor.dim() == axes.rank:
                shape[axes.places[name]] = size
        cast = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
        if tuple(shape) == tuple(tensor.shape) and cast == tensor.dtype:
            return tensor
        try:
            return torch.empty(shape, dtype=cast, device="meta")
        except RuntimeError:  # the framework counts bytes in 64 bits
            raise InputError(f"an input of {shape_text(shape)} is too large to be made") from None

    return change


def _sizes(first: FirstLayer | None, ranks: list[int]) -> dict[str, int]:
    """Where the sizes stand in the inputs of the most dimensions: the last two of images and clips, else the length."""
    rank, kind = max(ranks), "" if first is None else first.kind
    if kind in ("", "linear") and rank >= 4:
        return {"height": rank - 2, "width": rank - 1}
    if first is not None and kind == "convolution" and rank in (first.spatial + 1, first.spatial + 2):
        last = {"width": rank - 1}
        return last if first.spatial == 1 else {"height": rank - 2, **last}
    lengths = {"embedding": (2, 1), "recurrent": (3, 1), "recurrent, steps first": (3, 0), "linear": (3, 1)}
    wanted, place = lengths.get(kind, (0, 0))
    return {"width": place} if rank == wanted else {}
