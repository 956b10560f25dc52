"""Tensors without values in the place of the user's: whatever is written is written to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

#: The user's tensors up to this many elements are followed with values, on a copy: counters, scales.
_TINY = 1
_SPARSE = frozenset({torch.sparse_coo, torch.sparse_csr, torch.sparse_csc})


def without_values(tensor: Tensor) -> Tensor:
    """A tensor of the same shape, strides and dtype on the meta device, which has no memory for values."""
    if is_sparse(tensor):
        return torch.empty(tensor.shape, dtype=tensor.dtype, layout=tensor.layout, device="meta")
    if tensor.is_quantized:
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def is_sparse(tensor: Tensor) -> bool:
    """Whether only some of the values are stored, so that how much is computed depends on how many."""
    return tensor.layout in _SPARSE


class Twins:
    """For each of the user's tensors one twin without values, so that what is written to it is written to the twin.

    ``fresh`` are real tensors made during the run (``torch.arange`` in a forward); all other real tensors are the
    user's. Tensors are known by identity, so each is kept alive.
    """

    def __init__(self) -> None:
        self._twins: dict[int, tuple[Tensor, Tensor]] = {}
        self._copies: dict[int, tuple[Tensor, Tensor]] = {}
        self._fresh: dict[int, Tensor] = {}
        self._stale: dict[int, tuple[Tensor, int]] = {}

    def of(self, tensor: Tensor) -> Tensor:
        """The twin of a real tensor."""
        known = self._twins.get(id(tensor))
        if known is None:
            known = self._twins[id(tensor)] = (tensor, without_values(tensor))
        return known[1]

    def replace(self, tensor: Tensor, new: Tensor) -> None:
        """``tensor.data = new``: from here on the tensor's twin is another."""
        self._twins[id(tensor)] = (tensor, new if new.device.type == "meta" else without_values(new))
        self.wrote(tensor)

    def add_fresh(self, result: Any) -> None:
        """Remember real tensors that the run itself made."""
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, Tensor) and tensor.device.type != "meta":
                self._fresh[id(tensor)] = tensor

    def own(self, tensor: Tensor) -> Tensor:
        """An input as the run works with it: where its values are known, a copy that the run may write to."""
        if tensor.device.type == "meta":
            return tensor
        tensor = tensor.clone()
        self.add_fresh(tensor)
        return tensor

    def followed(self, tensor: Tensor) -> Tensor | None:
        """A real tensor to compute with: a fresh one itself, a tiny one of the user's as a copy, else ``None``."""
        if id(tensor) in self._stale:
            return None
        if id(tensor) in self._fresh:
            return tensor
        if tensor.numel() > _TINY:
            return None
        known = self._copies.get(id(tensor))
        if known is None:
            known = self._copies[id(tensor)] = (tensor, tensor.detach().clone())
        return known[1]

    def has_values(self, tensor: Tensor) -> bool:
        """Whether the values of a real tensor are what they would be at this point of the run."""
        return tensor.device.type != "meta" and id(tensor) not in self._stale

    def wrote(self, tensor: Tensor) -> None:
        """Note that an operation writes to this tensor's twin: its own values are no longer to be read."""
        if id(tensor) not in self._stale:
            self._stale[id(tensor)] = (tensor, -1 if tensor.is_inference() else tensor._version)

    def reset_versions(self) -> None:
        """The framework counts writes to the user's tensors that went to their twins; put its counters back."""
        for tensor, version in self._stale.values():
            if version >= 0 and tensor._version != version:
                _set_version(tensor, version)

    def swap(self, value: Any) -> Any:
        """``value`` with a twin in the place of each real tensor, in lists, tuples and dicts too."""
        return replaced(lambda tensor: tensor if tensor.device.type == "meta" else self.of(tensor), value)

    def follow(self, value: Any) -> Any:
        """``value`` with the tensor to compute with in the place of each real one; see :meth:`followed`."""
        return replaced(self.followed, value)

    def masks_as_places(self, indices: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Indices with each known boolean mask replaced by the places where it is true, so that sizes are known."""
        return list(self._places(indices))

    def _places(self, indices: Sequence[Tensor | None]) -> Iterator[Tensor | None]:
        for index in indices:
            if index is not None and index.dtype == torch.bool and self.has_values(index):
                yield from (without_values(place) for place in index.nonzero(as_tuple=True))
            else:
                yield index


def replaced(by: Callable[[Tensor], Tensor | None], value: Any) -> Any:
    """``value`` with another in the place of each tensor, in lists, tuples and dicts too."""
    if isinstance(value, Tensor):
        return by(value)
    if type(value) in (list, tuple):
        return type(value)(replaced(by, entry) for entry in value)
    return {name: replaced(by, entry) for name, entry in value.items()} if type(value) is dict else value


def _set_version(tensor: Tensor, version: int) -> None:
    change: Any = torch._C._autograd._unsafe_set_version_counter
    try:
        change((tensor,), (version,))
    except TypeError:  # before torch 2.7 it took one tensor
        change(tensor, version)
