"""Everything about one row of a panel's table: its formulas, shapes, source, and its number in every convention.

``details_of`` gives a JSON-ready dict:

- ``id``, ``path``, ``title``, ``type``, ``settings``;
- ``lines``: each number explained, with ``heading``, ``mathml``, ``text``, ``why`` and ``source``;
- ``glossary``: the symbols, each with ``mathml``, ``means`` and ``value``;
- ``shapes``: ``input`` and ``output``, lists of shapes; ``kernel``, ``None`` or its sizes; and ``kind``, the family of
  the layer (``"convolution"``, ``"transposed"``, ``"pooling"``, ``"linear"``, ``"container"``, ``"other"``);
- ``source``: ``None``, or ``file``, ``line`` and ``code`` of the class, for what has one its ``forward``;
- ``children``: of a container what is right inside, each with ``id``, ``name``, ``text`` and its ``share``;
- ``conventions``: what each convention counts here, as :meth:`nbcnncost.panel.others.Others.of` gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from nbcnncost.explain import explain_place
from nbcnncost.panel.others import Others
from nbcnncost.panel.payload import row_ids
from nbcnncost.panel.shapes import shapes_of
from nbcnncost.panel.sources import class_named, source_of
from nbcnncost.units import exact, percent
from nbcnncost.views import mathml
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from torch import nn

    from nbcnncost.explain import Explanation, Line
    from nbcnncost.layout import Place
    from nbcnncost.records import ModuleRecord
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: Of a container with more children than this, the smallest are written as one summand.
_MOST_SUMMANDS = 4


def details_of(report: Report, row_id: str, model: nn.Module | None = None) -> dict[str, Any]:
    """The details of a row by its id; ``{}`` where the report has none of that id.

    ``model`` is only asked for its classes. For more than one row :class:`Details` is quicker.
    """
    return Details(report, model).of(row_id)


class Details:
    """The details of a report's rows; what all of them need is worked out once."""

    def __init__(self, report: Report, model: nn.Module | None = None) -> None:
        self._report = report
        self._model = model
        self._others = Others(report)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all rows, in order."""
        return tuple(self._places)

    def of(self, row_id: str) -> dict[str, Any]:
        """The details of one row; ``{}`` where there is none of that id."""
        if row_id not in self._places:
            return {}
        row, place, above = self._places[row_id]
        leaves = list(place.leaves()) if place.children else [place]
        conventions, symbols = self._others.of(leaves)
        lines = self._sums(row, place) if place.children and not place.closed else self._explained(place)
        return {
            "id": row_id,
            "path": place.path,
            "title": clean(place.path or place.name),
            "type": clean(place.type),
            "settings": clean(place.settings),
            "lines": [entry for entry, _ in lines],
            "glossary": _glossary([line for _, line in lines if line is not None], symbols),
            "shapes": shapes_of(self._report.trace, place, self._module(place, above)),
            "source": self._source(place, above),
            "children": self._children(row, place),
            "conventions": conventions,
        }

    @cached_property
    def _places(self) -> dict[str, tuple[Row, Place, Place]]:
        """Each row by its id, with its place and the one around that."""
        root = self._report._root
        whole = root.role == "module" and bool(root.children)
        pairs = list(_below(root)) if whole else [(root, root), *_below(root)]
        rows = self._report.tree()
        return {
            row_id: (row, place, above) for row_id, row, (place, above) in zip(row_ids(rows), rows, pairs, strict=True)
        }

    @cached_property
    def _ids(self) -> dict[int, str]:
        return {id(place): row_id for row_id, (_, place, _) in self._places.items()}

    @cached_property
    def _modules(self) -> dict[str, ModuleRecord]:
        return {path: module for module in self._report.trace.modules for path in module.paths}

    def _module(self, place: Place, above: Place) -> ModuleRecord | None:
        """The module of a place; of a function the one whose forward calls it."""
        return self._modules.get(above.path if place.role == "function" else place.path)

    def _source(self, place: Place, above: Place) -> dict[str, Any] | None:
        module = self._module(place, above)
        if module is None:
            return None
        kind = _class_in(self._model, module) or class_named(module.classes[0] if module.classes else "")
        calls_others = place.role == "function" or bool(place.children)
        return None if kind is None else source_of(kind, with_forward=calls_others)

    def _explained(self, place: Place) -> list[tuple[dict[str, str], Line | None]]:
        whole = next(place.closed_places(), place)  # a closed container is one layer to its user
        explanation = explain_place(self._report.trace, whole, self._report.convention)
        shown: list[tuple[dict[str, str], Line | None]] = [(_shown(line), line) for line in explanation.lines]
        return [*shown, *((line, None) for line in _together(explanation))]

    def _sums(self, row: Row, place: Place) -> list[tuple[dict[str, str], Line | None]]:
        """What a container's numbers are the sums of."""
        rows = self._rows_inside(place)
        keys = [("params", "parameters", ""), ("count", self._report.unit, self._report.unit)]
        if row.parts is not None:
            keys.append(("step", f"{self._report.unit} of a training step", self._report.unit))
        return [(_sum(heading, unit, key, row, rows), None) for key, heading, unit in keys]

    def _rows_inside(self, place: Place) -> list[Row]:
        return [self._places[self._ids[id(child)]][0] for child in place.children]

    def _children(self, row: Row, place: Place) -> list[dict[str, Any]]:
        """What is right inside a container, with the share of each in the convention's number."""
        key = "count" if row.parts is None else "step"
        whole = row.number(key) or 0
        return [
            {
                "id": self._ids[id(child)],
                "name": clean(inside.name),
                "text": _number_text(inside, key),
                "share": (inside.number(key) or 0) / whole if whole else 0,
                "percent": percent(inside.number(key) or 0, whole),
            }
            for child, inside in zip(place.children, self._rows_inside(place), strict=True)
        ]


def _below(place: Place) -> Iterator[tuple[Place, Place]]:
    """Everything inside a place in the order of a report's tree, each with what is right around it."""
    for child in place.children:
        yield child, place
        yield from _below(child)


def _glossary(lines: Sequence[Line], symbols: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Each symbol once, with all its values and its meaning."""
    found: dict[tuple[str, str], list[str]] = {}
    for symbol, meaning, value in chain(*(line.where for line in lines), symbols):
        values = found.setdefault((symbol, meaning), [])
        if value not in values:
            values.append(value)
    return [
        {"mathml": mathml.math(mathml.symbol(symbol)), "means": meaning, "value": "; ".join(values)}
        for (symbol, meaning), values in found.items()
    ]


def _class_in(model: nn.Module | None, module: ModuleRecord) -> type | None:
    """The class of a module, in the model itself."""
    if model is None:
        return None
    try:
        return type(model.get_submodule(module.paths[0]))
    except AttributeError:
        return None


def _shown(line: Line) -> dict[str, str]:
    heading = line.title if line.title in ("output size", line.label) else f"{line.label} ({line.title})"
    why = line.why if line.why != line.source else ""
    text = f"{line.label} = {line}" if line.title == "output size" else f"{line} {line.unit}".strip()
    return {
        "heading": clean(heading if line.title else line.label),
        "mathml": mathml.line(line),
        "text": clean(text),
        "why": clean(why),
        "source": clean(line.source),
    }


def _together(explanation: Explanation) -> Iterator[dict[str, str]]:
    """What several operations count together, and what a training step does, where all of it is known."""
    unit = explanation.unit
    forward = [line.result for line in explanation.lines if line.label == unit]
    step = [line.result for line in explanation.lines if line.unit == unit]
    sums = [(f"{unit} together", forward)] if len(forward) > 1 else []
    sums += [(f"{unit} of the training step", step)] if len(step) > len(forward) else []
    for heading, results in sums:
        known = [result for result in results if result is not None]
        if len(known) == len(results):
            numbers, result = " + ".join(map(exact, known)), exact(sum(known))
            steps = [mathml.formula(numbers, ()), mathml.quantity(result, unit)]
            text = f"{numbers} = {result} {unit}"
            yield {"heading": heading, "mathml": mathml.equation("", steps), "text": text, "why": "", "source": ""}


def _sum(heading: str, unit: str, key: str, row: Row, inside: Sequence[Row]) -> dict[str, str]:
    """A container's number as the sum of what is inside, the largest summands apart."""
    summands = [(clean(entry.name), entry.number(key) or 0, _number_text(entry, key)) for entry in inside]
    shown = [summand for summand in summands if summand[1] or summand[2] == "?"]
    if len(shown) > _MOST_SUMMANDS:
        largest = sorted(shown, key=lambda summand: -summand[1])[: _MOST_SUMMANDS - 1]
        others = [summand for summand in shown if summand not in largest]
        number = sum(summand[1] for summand in others)
        shown = [
            *(summand for summand in shown if summand in largest),
            (f"{len(others)} others", number, exact(number)),
        ]
    names = "<mo>+</mo>".join(f"<mtext>{mathml.words(name)}</mtext>" for name, _, _ in shown)
    numbers = " + ".join(text for _, _, text in shown)
    result = _number_text(row, key)
    steps = [names, *([mathml.formula(numbers, ())] if len(shown) > 1 else []), mathml.quantity(result, unit)]
    words = " + ".join(name for name, _, _ in shown)
    return {
        "heading": heading,
        "mathml": mathml.equation("", steps if shown else steps[-1:]),
        "text": " = ".join([*([words, numbers] if shown else []), f"{result} {unit}".strip()]),
        "why": "the sum of what is inside",
        "source": "",
    }


def _number_text(row: Row, key: str) -> str:
    number, unknown = row.number(key), row.lacks(key)
    if number is None or (unknown and not number):
        return "?"
    return f"{exact(number)} + ?" if unknown else exact(number)
