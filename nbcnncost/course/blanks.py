"""The blanks of a prediction: which numbers of a report are asked for, row by row."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from nbcnncost.course import building, messages
from nbcnncost.course.layers import Layer, together
from nbcnncost.course.messages import say
from nbcnncost.course.models import layers_of
from nbcnncost.course.quantities import QUANTITIES, SIZES
from nbcnncost.course.questions import Feed, Question
from nbcnncost.errors import CostError
from nbcnncost.units import shape_text
from nbcnncost.views.columns import ASKABLE
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.conventions import Convention
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: What is asked for without being told to.
USUAL = ("output", "params", "macs")
TOTAL = "total"
_HEADERS = MappingProxyType(
    {
        **{name: f"{axis}_out" for name, axis in SIZES.items()},
        "elements": "n_out",
        "params": "parameters",
        "macs": "MACs",
        "flops": "FLOPs",
        "activation_bytes": "output bytes",
        "weight_bytes": "weight bytes",
    }
)
#: The symbols of what a layer is set to; all others say what comes in or out, which may be an answer above.
_SETTINGS = frozenset(
    {"C", "C_in", "C_out", "N_in", "N_out", "g", "b", *(f"{name}_{axis}" for name in "KSPDO" for axis in "dhwl")}
)
#: How settings read that are as usual, which need no saying.
_USUAL_SETTINGS = frozenset({"S = 1", "P = 0", "D = 1", "O = 0", "g = 1", "b = 1"})


@dataclass(frozen=True)
class BlankRow:
    """A row to be filled in: a layer with the key of the question in each column; no column, no question.

    It says nothing that is asked for in any row.
    """

    name: str
    label: str
    type: str
    settings: str
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Blanks:
    """All that is asked for: the columns, the rows, and their questions."""

    columns: tuple[str, ...]
    rows: tuple[BlankRow, ...]
    questions: tuple[Question, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """What stands above each column."""
        return tuple(_HEADERS[name] for name in self.columns)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all blanks, row by row."""
        return tuple(key for row in self.rows for key in row.keys.values())


def quantities_of(columns: Sequence[str] | None) -> tuple[str, ...]:
    """The quantities that columns stand for, in the order in which one feeds the next."""
    for name in columns or ():
        if name not in ASKABLE:
            near = difflib.get_close_matches(name, ASKABLE, n=1)
            told = messages.PREDICT_COLUMN_NEAR if near else messages.PREDICT_COLUMN
            raise CostError(say(told, column=name, columns=", ".join(ASKABLE), near="".join(near)))
    chosen = {name for column in columns or USUAL for name in (SIZES if column == "output" else (column,))}
    return tuple(name for name in QUANTITIES if name in chosen)


def blanks_of(
    report: Report, convention: Convention, columns: Sequence[str] | None, top: int | None, sort: str | None
) -> Blanks:
    """What is asked for of a report: the layers with parameters or MACs, or the ``top`` costliest of them.

    The costliest are those by ``sort``, else by what the convention counts; they stay in call order.
    """
    quantities = quantities_of(columns)
    rows = {row.path: row for row in reversed(report.rows)}  # of several calls the first
    counted = {path: layers for path, layers in layers_of(report).items() if rows[path].params or rows[path].macs}
    order = sorted(counted, key=lambda path: -(rows[path].number(_sorted_by(sort)) or 0))
    kept = set(order if top is None else order[:top])
    named = {path: layers for path, layers in counted.items() if path in kept}
    questions = [made for path, layers in named.items() for made in _questions(report, path, layers, quantities)]
    channels = frozenset(value for layers in named.values() for layer in layers for value in _channels(layer))
    by_row = [(path, [entry for entry in questions if entry.name == _name(path)]) for path in named]
    made_rows = [_row(rows[path], named[path], asked, channels) for path, asked in by_row if asked]
    if len(made_rows) > 1 and len(kept) == len(counted):
        totals = list(_totals(report, named, convention, quantities, questions))
        questions += totals
        made_rows += [BlankRow(TOTAL, TOTAL, "", "", _keys(totals))] if totals else []
    if not made_rows:
        raise CostError(say(messages.PREDICT_NOTHING, name=clean(report.model_name)))
    used = [name for name in quantities if any(name in row.keys for row in made_rows)]
    return Blanks(tuple(used), tuple(made_rows), tuple(questions))


def _sorted_by(sort: str | None) -> str:
    return sort if sort in ("params", "macs", "flops") else "count"


def _name(path: str) -> str:
    return path or "layer"  # a model that is one layer has no name of its own


def _questions(report: Report, path: str, layers: Sequence[Layer], quantities: Sequence[str]) -> list[Question]:
    """A layer's questions; what the report itself says otherwise is not asked."""
    own = [row for row in report.rows if row.path == path]
    made = building.layer_questions(_name(path), layers, report.convention, quantities)
    return [entry for entry in made if _agrees(report, own, entry)]


def _agrees(report: Report, rows: Sequence[Row], question: Question) -> bool:
    """Whether a question has the number that the report has in these rows, where that has one."""
    name = question.quantity.name
    if name not in ("params", "macs", "flops"):
        return True
    column = "count" if name == "flops" and report.unit == "FLOPs" else name
    numbers = [row.number(column) for row in rows]
    complete = not any(row.lacks(column) for row in rows)
    return complete and Fraction(sum(number or 0 for number in numbers)) == question.value


def _totals(
    report: Report,
    named: Mapping[str, Sequence[Layer]],
    convention: Convention,
    quantities: Sequence[str],
    questions: Sequence[Question],
) -> Iterator[Question]:
    """What all layers have together, where that is the report's total; it follows from the rows above."""
    if TOTAL in named:
        return
    asked = {entry.key for entry in questions}
    for entry in building.total_questions(named, convention, quantities):
        quantity = entry.quantity.name
        if quantity in ("params", "macs", "flops") and _agrees(report, [report.total], entry):
            keys = (f"{_name(path)}.{quantity}" for path in named)
            yield replace(entry, feeds=tuple(Feed(key) for key in keys if key in asked))


def _row(row: Row, layers: Sequence[Layer], questions: Sequence[Question], channels: frozenset[int]) -> BlankRow:
    times = f" ×{row.calls}" if row.calls > 1 else ""
    settings = _settings(layers[0], channels) if len(layers) == 1 else ""
    name = _name(row.path)
    return BlankRow(name, f"{clean(name)}{times}", clean(row.type), settings, _keys(questions))


def _keys(questions: Sequence[Question]) -> Mapping[str, str]:
    return MappingProxyType({entry.quantity.name: entry.key for entry in questions})


def _channels(layer: Layer) -> Iterator[int]:
    """What a layer says of its output's channels or features."""
    return (value for name, value in layer.dims if name in ("C", "C_out", "N_out"))


def _settings(layer: Layer, channels: frozenset[int]) -> str:
    """What the layer is set to, without any size of what comes in or out: flattened maps have their size in N_in."""
    told = (entry for entry in layer.given if entry[0] != "N_in" or entry[2] in channels)
    known = {name: str(value) for name, _, value in told if name in _SETTINGS}
    shown = [f"{name} = {value}" for name, value in together(known, layer.spatial).items()]
    return ", ".join(entry for entry in shown if entry not in _USUAL_SETTINGS)


def input_text(report: Report) -> str:
    """What the model is given: the one size that is told."""
    return " · ".join(f"{shape_text(spec.shape)} {spec.dtype}" for spec in report.inputs)
