"""What a person has made of a panel: plain frozen values, which the widget only mirrors.

Each becomes plain JSON by :func:`plain`; ``View.read`` and ``WhatIf.read`` make them of such again, and raise
:class:`~nbcnncost.errors.CostError` with one sentence for what does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from nbcnncost.errors import CostError

if TYPE_CHECKING:
    from nbcnncost.report import Report

CHARTS = ("bars", "treemap")
_MODES = ("eval", "train", "same")

#: A setting along each dimension: one number for all, or one for each.
Sizes = int | tuple[int, ...]


@dataclass(frozen=True)
class View:
    """What the table and the chart show.

    ``columns`` are the keys of the columns, ``None`` the usual ones; ``sort`` is the key of one, ``"name"``, or a
    number's with ``"Δ"`` before it (the difference from the baseline), and ``None`` the call order. ``flat`` shows
    layers without their containers. ``text`` and ``types`` are the filters. ``expanded`` are the ids of the open
    containers, ``None`` those that are open at first. ``metric`` is the number that the chart shows, ``chart`` one of
    :data:`CHARTS`.
    """

    columns: tuple[str, ...] | None = None
    sort: str | None = None
    descending: bool = True
    flat: bool = False
    text: str = ""
    types: tuple[str, ...] = ()
    expanded: tuple[str, ...] | None = None
    metric: str = "flops"
    chart: str = "bars"

    @classmethod
    def read(cls, given: Any) -> View:
        """A view of plain JSON; what it leaves out is as usual."""
        return cls(**_read("view", given, _VIEW))


@dataclass(frozen=True)
class LayerChange:
    """Other settings for one layer; ``None`` leaves one as it is.

    ``in_channels`` is of layers that follow another's change: the channels (of a linear layer the features) that they
    receive.

    >>> LayerChange(kernel_size=(5, 5), padding="same").out_channels is None
    True
    """

    kernel_size: Sizes | None = None
    stride: Sizes | None = None
    padding: Sizes | str | None = None
    groups: int | None = None
    out_channels: int | None = None
    in_channels: int | None = None

    @classmethod
    def read(cls, given: Any) -> LayerChange:
        """A layer's change of plain JSON."""
        return cls(**_read("change of a layer", given, _LAYER_CHANGE))


@dataclass(frozen=True)
class WhatIf:
    """What is to be otherwise than in the report that the panel was made of; ``None`` leaves it as it was.

    ``height`` and ``width`` are the image's, ``layers`` the changes of single layers by their paths.
    """

    height: int | None = None
    width: int | None = None
    batch: int | None = None
    dtype: str | None = None
    mode: str | None = None
    convention: str | None = None
    layers: Mapping[str, LayerChange] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Any) -> WhatIf:
        """A what-if of plain JSON."""
        return cls(**_read("what-if", given, _WHAT_IF))

    @property
    def changes_nothing(self) -> bool:
        """Whether everything is as it was."""
        return self == WhatIf()


@dataclass(frozen=True)
class PanelState:
    """Everything a person has made of a panel: the selected row's id, the view, the what-if, what is pinned.

    ``pinned`` is the report that others are compared with, ``None`` where nothing is pinned.
    """

    selected: str = ""
    view: View = field(default_factory=View)
    what_if: WhatIf = field(default_factory=WhatIf)
    pinned: Report | None = None


def plain(value: View | WhatIf | LayerChange) -> dict[str, Any]:
    """A record as plain JSON; of a what-if and a layer's change only what is given.

    >>> plain(WhatIf(height=256, layers={"conv1": LayerChange(stride=(2, 2))}))
    {'height': 256, 'layers': {'conv1': {'stride': [2, 2]}}}
    """
    made = {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    return made if isinstance(value, View) else {name: entry for name, entry in made.items() if entry not in (None, {})}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return {path: plain(change) for path, change in value.items()}
    return value


def _read(what: str, given: Any, readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The fields of a record, each read by its own reader, which says ``None`` to nothing and raises for nonsense."""
    if not isinstance(given, Mapping):
        raise CostError(f"a {what} is a dict with: {', '.join(readers)}; not {given!r}")
    made = {}
    for name, value in given.items():
        if name not in readers:
            raise CostError(f"a {what} has no {name!r}; it has: {', '.join(readers)}")
        try:
            made[name] = readers[name](value)
        except (TypeError, ValueError, OverflowError):
            raise CostError(f"{name} of a {what} cannot be {value!r}") from None
    return made


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _count(value: Any) -> int:
    """A whole number from 1; JavaScript's numbers may come as floats."""
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise ValueError
    return int(value)


def _size(value: Any) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else _count(value)


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return tuple(map(_word, value))


def _sizes(value: Any) -> Sizes:
    return tuple(map(_size, value)) if isinstance(value, (list, tuple)) else _size(value)


def _padding(value: Any) -> Sizes | str:
    return value if value in ("same", "valid") else _sizes(value)


def _one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError
        return _word(value)

    return read


def _maybe(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _layers(value: Any) -> dict[str, LayerChange]:
    if not isinstance(value, Mapping):
        raise TypeError
    made = {_word(path): LayerChange.read(change) for path, change in value.items()}
    return {path: change for path, change in made.items() if change != LayerChange()}


_VIEW: Mapping[str, Callable[[Any], Any]] = {
    "columns": _maybe(_words),
    "sort": _maybe(_word),
    "descending": _flag,
    "flat": _flag,
    "text": _word,
    "types": _words,
    "expanded": _maybe(_words),
    "metric": _word,
    "chart": _one_of(CHARTS),
}
_LAYER_CHANGE: Mapping[str, Callable[[Any], Any]] = {
    "kernel_size": _maybe(_sizes),
    "stride": _maybe(_sizes),
    "padding": _maybe(_padding),
    "groups": _maybe(_count),
    "out_channels": _maybe(_count),
    "in_channels": _maybe(_count),
}
_WHAT_IF: Mapping[str, Callable[[Any], Any]] = {
    "height": _maybe(_count),
    "width": _maybe(_count),
    "batch": _maybe(_count),
    "dtype": _maybe(_word),
    "mode": _maybe(_one_of(_MODES)),
    "convention": _maybe(_word),
    "layers": _layers,
}
