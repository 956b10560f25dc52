"""What each operation gives for given shapes: remembered, since asking the framework again takes longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

#: What an operation's result looks like: a tensor's (shape, strides, dtype), the place of an argument that the
#: operation gives back (in-place), a constant, or a sequence of these.
_NEW, _ARGUMENT, _CONSTANT, _SEQUENCE = range(4)


class ShapeMemory:
    """What each operation gave for given shapes, strides, dtypes and settings: asking the framework again takes longer.

    Nearly all the time of a run without values goes into the framework's shape functions; a network repeats the
    same few calls, and a person runs the same network again and again.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self._limit = limit
        self._known: dict[Any, Any] = {}

    def key(self, name: Any, func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What determines the result, or ``None`` where that can't be told or a result must not be remembered."""
        if torch.Tag.inplace_view in func.tags or func in _NEVER:
            return None
        try:
            key = (name, _signature(args), _signature(tuple(sorted(kwargs.items()))) if kwargs else None)
            hash(key)
        except TypeError:
            return None
        return key

    def recall(self, key: Any) -> Any:
        """The remembered form of a result, or ``None``."""
        return self._known.get(key)

    def remember(self, key: Any, args: Sequence[Any], result: Any, extra: Any) -> None:
        """Keep the form of a result, with what else the caller wants to find with it."""
        form = _form(args, result)
        if form is not None:
            if len(self._known) >= self._limit:
                self._known.clear()
            self._known[key] = (form, extra)


def rebuild(form: Any, args: Sequence[Any]) -> Any:
    """A result of the remembered form."""
    tag, value = form
    if tag == _NEW:
        shape, stride, dtype = value
        return torch.empty_strided(shape, stride, dtype=dtype, device="meta")
    if tag == _ARGUMENT:
        return args[value]
    if tag == _CONSTANT:
        return value
    kind, forms = value
    return kind(rebuild(entry, args) for entry in forms)


#: resize_ and set_ change a tensor's shape in place without being marked as views.
_NEVER = frozenset({torch.ops.aten.resize_.default, torch.ops.aten.set_.source_Tensor, torch.ops.aten.set_.default})


def _signature(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        _form_of(value)
        if isinstance(value, Tensor)
        else ("sequence", _signature(value))
        if isinstance(value, (list, tuple))
        else (type(value), value)
        for value in values
    )


def _form_of(tensor: Tensor) -> tuple[Any, ...]:
    if tensor.layout is not torch.strided:
        raise TypeError("a sparse tensor has no strides")
    return tensor.shape, tensor.stride(), tensor.dtype


def _form(args: Sequence[Any], result: Any) -> Any:
    if isinstance(result, Tensor):
        for place, argument in enumerate(args):
            if result is argument:
                return (_ARGUMENT, place)
        if result.device.type != "meta" or type(result) is not Tensor:
            return None
        return (_NEW, (tuple(result.shape), result.stride(), result.dtype))
    if isinstance(result, (tuple, list)):
        forms = [_form(args, entry) for entry in result]
        return None if None in forms else (_SEQUENCE, (type(result) if type(result) in (tuple, list) else tuple, forms))
    return (_CONSTANT, result) if result is None or isinstance(result, (int, float, bool)) else None
