"""What a report's table says: the text of every cell. Text and HTML both take their words from here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.parts import STEP
from nbcnncost.units import exact, percent, shape_text, si
from nbcnncost.views import fold
from nbcnncost.views.columns import SHARES, Column, check, column_of, default_columns, whole_columns
from nbcnncost.views.header import details, spec_text, summary
from nbcnncost.views.numbers import partly
from nbcnncost.views.strings import clean, settings_text

if TYPE_CHECKING:
    from nbcnncost.records import TensorSpec
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: From this total on a column's numbers are too long to read and stand in three digits and a prefix.
_TOO_LONG = 10**11
#: A training step has five such columns side by side.
_TOO_LONG_IN_STEP = 10**9


@dataclass(frozen=True)
class Cell:
    """The text of a cell; ``title`` says it in full where the text is short of it.

    ``marks`` is the end of the text that must stay when the rest is shortened: ``×2``, ``✗ fails here``.
    """

    text: str
    title: str = ""
    marks: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a table: the entry it shows and its cells, the layer's first.

    ``share`` is the part of the longest bar that its bar takes, ``None`` where it has none.
    """

    entry: fold.Entry
    cells: tuple[Cell, ...]
    share: float | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is computed or held here: data only moves."""
        row = self.entry.row
        work = row.flops or row.macs or (row.parts is not None and row.parts.total.count != 0)
        return row.is_leaf and not (row.params or row.unknown or work or row.failed)

    @property
    def is_sum(self) -> bool:
        """Whether it repeats what stands in the rows below it."""
        return not self.entry.row.is_leaf


@dataclass(frozen=True)
class Table:
    """Everything a table says."""

    title: str
    summary: tuple[str, ...]
    details: tuple[str, ...]
    caption: str
    columns: tuple[Column, ...]
    body: tuple[Line, ...]
    total: Line
    footnote: str
    flat: bool


def build(
    report: Report,
    *,
    depth: int | None = None,
    sort: str | None = None,
    top: int | None = None,
    columns: Sequence[str] | None = None,
    limit: int = 60,
) -> Table:
    """The table of a report; the columns of :func:`default_columns` unless some are named."""
    check(columns, sort, has_step=report.total.parts is not None)
    selection = fold.select(report, depth=depth, sort=sort, top=top, limit=limit)
    keys = default_columns(report) if columns is None else tuple(dict.fromkeys(columns))
    say = speaker(report.look.lang)
    chosen = tuple(
        _said(column, say) for column in (Column("layer", "layer"), *(column_of(key, report) for key in keys))
    )
    cells = _Cells(report, chosen, selection.flat, selection.entries)
    bars = _bars(selection.entries, fold.measure(report))
    body = tuple(Line(entry, cells.of(entry), bar) for entry, bar in zip(selection.entries, bars, strict=True))
    return Table(
        clean(report.model_name),
        tuple(map(say, summary(report))),
        tuple(map(say, details(report))),
        say(selection.caption),
        chosen,
        body,
        Line(fold.Entry(report.total), cells.total()),
        say(selection.footnote),
        selection.flat,
    )


def _said(column: Column, say: Callable[[str], str]) -> Column:
    return replace(column, header=say(column.header), title=say(column.title))


def _bars(entries: Sequence[fold.Entry], measure: str) -> list[float | None]:
    """The part of the longest bar that each row's takes; what is no layer or has no work has none."""
    works = [fold.work(entry.row, measure) if entry.row.is_leaf else 0 for entry in entries]
    longest = max(works, default=0)
    return [work / longest if work else None for work in works]


class _Cells:
    """The cells of each row; what they need to know of the whole report is looked up once."""

    def __init__(
        self,
        report: Report,
        columns: Sequence[Column],
        flat: bool,
        entries: Sequence[fold.Entry],
    ) -> None:
        self._say = speaker(report.look.lang)
        self._total = report.total
        self._columns = columns
        self._flat = flat
        self._is_shared = shared_rows(report)
        self._failed = failed_row(report, [entry.row for entry in entries])
        self._whole = whole_columns(report)
        numbers = {"params": self._total.params, "frozen": self._total.params, "macs": self._total.macs or 0}
        numbers |= {"integer_macs": self._total.integer_macs or 0}
        numbers |= {"flops": self._total.flops or 0, "count": self._total.count or 0}
        self._short = {key for key, number in numbers.items() if number >= _TOO_LONG}
        if self._total.parts is not None and (self._total.step.count or 0) >= _TOO_LONG_IN_STEP:
            self._short |= {*STEP}

    def of(self, entry: fold.Entry) -> tuple[Cell, ...]:
        """The cells of a row."""
        return tuple(
            self._layer(entry) if column.key == "layer" else self._cell(column.key, entry.row)
            for column in self._columns
        )

    def total(self) -> tuple[Cell, ...]:
        """The cells of the last row."""
        blank = {
            "layer": Cell(self._say("total")),
            "type": Cell(""),
            "input": Cell(""),
            "output": Cell(""),
            "calls": Cell(""),
        }
        return tuple(
            blank.get(column.key) or self._cell(column.key, replace(self._total, role="total"))
            for column in self._columns
        )

    def _layer(self, entry: fold.Entry) -> Cell:
        row = entry.row
        name = clean((row.path if self._flat else row.name) or row.name)
        name = self._say(name) if fold.is_other(row) else name
        marks = []
        if row.calls > 1:
            marks.append(f"×{row.calls}" if row.call == 1 else f"({row.call} of {row.calls})")
        if row.role == "unused":
            marks.append("(not called)")
        if entry.folded and not fold.is_other(row):
            marks.append("▸")
        if self._failed is not None and row == self._failed:
            marks.append("✗ fails here")
        title = clean(row.path) if row.path != row.name else ""
        if entry.folded:
            title = self._say(f"{title} {exact(entry.folded)} rows are folded into this one".strip())
        marks = list(map(self._say, marks))
        return Cell(" ".join([name, *marks]), title, "".join(f" {mark}" for mark in marks))

    def _cell(self, key: str, row: Row) -> Cell:
        if key == "type":
            return Cell(f"{clean(row.type)} {settings_text(clean(row.settings), self._say)}".strip())
        if key in ("input", "output"):
            return shapes_cell(row.inputs if key == "input" else row.outputs, self._say)
        if key == "calls":
            return Cell(str(row.calls))
        if key in ("params", "frozen", "params_share") and self._is_shared(row):
            shared = Cell(self._say("shared"), self._say("counted at the first call"))
            return shared if key == "params" else Cell("")
        if key in SHARES:
            return self._share(SHARES[key], row)
        return self._number(key, row)

    def _number(self, key: str, row: Row) -> Cell:
        number, unknown = row.number(key), self._unknown(key, row)
        if key in self._short:
            full = partly(number, unknown)
            return Cell(partly(number, unknown, si), full)
        return Cell(partly(number, unknown))

    def _unknown(self, key: str, row: Row) -> int:
        """How many operations the number lacks."""
        return 0 if key in self._whole else row.lacks(key)

    def _share(self, key: str, row: Row) -> Cell:
        number, whole = row.number(key), self._total.number(key)
        if number is None or (self._unknown(key, row) and not number):
            return Cell("?")
        if number == whole:
            return Cell("100 %" if whole else "0 %")
        return Cell(percent(number, whole or 0))


def shared_rows(report: Report) -> Callable[[Row], bool]:
    """Whether a row's parameters are those of the layer's first call, where they are counted."""
    first = {row.path: row.params for row in report.rows if row.calls > 1 and row.call == 1}
    return lambda row: row.role == "layer" and row.call > 1 and first.get(row.path, 0) > 0 and not row.params


def failed_row(report: Report, shown: Sequence[Row]) -> Row | None:
    """The one shown row at which the run stopped: the deepest, since containers fail with what is inside."""
    if report.failure is None:
        return None
    failed = [row for row in shown if row.failed and row.is_leaf]
    named = [row for row in shown if row.path == report.failure.path]
    containers = [row for row in shown if row.failed]
    return next(iter([*failed[::-1], *named[::-1], *containers[::-1]]), None)


def shapes_cell(specs: Sequence[TensorSpec], say: Callable[[str], str]) -> Cell:
    """The shapes of several tensors, short: ``1×64×56×56 (2)`` for two of that shape."""
    shapes = [say(shape_text(spec.shape)) for spec in specs]
    title = ", ".join(spec_text(spec) for spec in specs)
    different = list(dict.fromkeys(shapes))
    if len(shapes) == 1:
        return Cell(shapes[0], title if specs[0].dtype != "float32" else "")
    if len(different) == 1:
        return Cell(f"{shapes[0]} ({len(shapes)})", title)
    if len(shapes) <= 2:
        return Cell(", ".join(shapes))
    return Cell(f"{shapes[0]}, … ({len(shapes)})", title)
