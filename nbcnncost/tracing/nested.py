"""Tensors inside whatever inputs and outputs are made of: lists, dicts, named tuples, dataclasses, plain objects."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

#: How deep in lists, dicts and objects tensors are looked for.
_DEEPEST = 8
_CLOSED = (str, bytes, int, float, complex, type, FunctionType, MethodType, ModuleType, nn.Module, type(None))


def tensors_in(value: Any, above: tuple[int, ...] = ()) -> Iterator[Tensor]:
    """The tensors in a value, in order; of packed sequences the data alone, without their lengths.

    ``above`` are the identities of what the value stands in, since an object may hold itself.
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, PackedSequence):
        yield value.data
    elif len(above) < _DEEPEST and id(value) not in above:
        for entry in _entries(value):
            yield from tensors_in(entry, (*above, id(value)))


def replaced(value: Any, change: Callable[[Tensor], Tensor], made: dict[int, Any] | None = None) -> Any:
    """The same value with each tensor changed, in new containers; what holds no tensor stays as it is.

    ``made`` are the new containers by the identities of the old ones, since an object may hold itself.
    """
    made = {} if made is None else made
    if isinstance(value, Tensor):
        return change(value)
    if id(value) in made or next(tensors_in(value), None) is None:
        return made.get(id(value), value)
    if isinstance(value, tuple):
        entries = (replaced(entry, change, made) for entry in value)
        return type(value)(*entries) if hasattr(value, "_fields") else type(value)(entries)
    return _copied(value, change, made)


def _entries(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (tuple, list)):
        yield from value
    elif not isinstance(value, _CLOSED):
        yield from _attributes(value).values()


def _attributes(value: Any) -> dict[str, Any]:
    """An object's attributes; those of a dataclass may live in slots."""
    slots = getattr(value, "__dataclass_fields__", ())
    named = {name: getattr(value, name, None) for name in slots}
    own = getattr(value, "__dict__", None)
    return {**named, **(own if type(own) is dict else {})}


def _copied(value: Any, change: Callable[[Tensor], Tensor], made: dict[int, Any]) -> Any:
    """A shallow copy of a mapping or an object, its entries and attributes replaced."""
    new = made[id(value)] = copy.copy(value)
    for name, entry in _attributes(value).items():
        object.__setattr__(new, name, replaced(entry, change, made))
    if isinstance(value, Mapping):
        for name, entry in value.items():
            new[name] = replaced(entry, change, made)
    elif isinstance(value, list):
        new[:] = [replaced(entry, change, made) for entry in value]
    return new
