"""What a table says: header, columns and the text of every cell. Text and HTML both take their words from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.parts import STEP, without_step
from nbcnncost.units import exact, percent, shape_text, si
from nbcnncost.views import fold

if TYPE_CHECKING:
    from nbcnncost.records import TensorSpec
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: Every column a table can have beside the layer's own.
COLUMNS = (
    "type",
    "input",
    "output",
    "calls",
    "params",
    "params_share",
    "frozen",
    "macs",
    "macs_share",
    "integer_macs",
    "flops",
    "flops_share",
    "count",
    "share",
    *STEP,
    "step_share",
)
#: What the table of a prediction can ask for; ``output`` stands for the sizes along each axis.
ASKABLE = ("output", "elements", "params", "macs", "flops", "activation_bytes", "weight_bytes")
#: Columns that are left out first where a table is too wide, in this order.
DISPENSABLE = ("flops_share", "macs_share", "params_share")
_LEFT = frozenset({"layer", "type"})
#: The number of which each column of shares is the share.
SHARES = {
    "params_share": "params",
    "macs_share": "macs",
    "flops_share": "flops",
    "share": "count",
    "step_share": "step",
}
#: What stands above a table with integer MACs, and above one of a training step.
INTEGER_MACS = "integer MACs: multiply-accumulates of whole numbers in quantized layers; they are MACs, and no FLOPs"
GRADIENTS = "gradients of the sum of all outputs"
#: From this total on a column's numbers are too long to read and stand in three digits and a prefix.
_TOO_LONG = 10**11
#: A training step has five such columns side by side.
_TOO_LONG_IN_STEP = 10**9


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    key: str
    header: str
    title: str = ""

    @property
    def is_left(self) -> bool:
        """Whether its cells are words; shapes and numbers stand right."""
        return self.key in _LEFT

    @property
    def is_share(self) -> bool:
        """Whether it holds percentages."""
        return self.key in SHARES

    @property
    def has_bars(self) -> bool:
        """Whether its cells show their numbers as bars, too."""
        return self.key in ("share", "step_share")


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


def settings_text(settings: str, say: Callable[[str], str]) -> str:
    """A layer's settings, of which words alone have another language."""
    return ", ".join(map(say, settings.split(", ")))


def clean(text: str) -> str:
    r"""A user's string on one line, with marks that would act on a terminal or turn text around spelt out.

    >>> clean("conv\n\x1b[31m")
    'conv\\n\\x1b[31m'
    """
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii") for mark in text)


def check(columns: Sequence[str] | None, sort: str | None, *, has_step: bool = True) -> None:
    """Raise ``ValueError`` with one sentence for a column that does not exist, or needs a training step."""
    for name in columns or ():
        if name not in COLUMNS:
            raise ValueError(f"there is no column {name!r}; there are: {', '.join(COLUMNS)}")
    if sort is not None and sort not in fold.SORTABLE:
        raise ValueError(f"cannot sort by {sort!r}; a table sorts by: {', '.join(fold.SORTABLE)}")
    of_step = [name for name in (*(columns or ()), sort) if name in {*STEP, "step_share"}]
    if of_step and not has_step:
        raise ValueError(without_step(of_step[0]))


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
    longest = max((fold.work(entry.row) for entry in selection.entries if entry.row.is_leaf), default=0)
    body = tuple(Line(entry, cells.of(entry), _part(entry.row, longest)) for entry in selection.entries)
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


def default_columns(report: Report) -> tuple[str, ...]:
    """The columns of a table for which none are named; the convention's own number has the column ``share``.

    The shapes come last: where the page is narrow, the numbers people came for stay in sight.
    """
    total = report.total
    frozen = ("frozen",) if 0 < total.trainable < total.params else ()
    shapes = ("input", "output")
    params = ("type", "params", "params_share", *frozen)
    if total.parts is not None:
        without = {name for name in ("recomputed", "optimizer") if getattr(total, name).count == 0}
        return ("type", "params", *frozen, *(name for name in STEP if name not in without), "step_share", "output")
    integer = ("integer_macs",) if total.integer_macs else ()
    if report.unit == "FLOPs":
        return (*params, "macs", "macs_share", *integer, "flops", "share", *shapes)
    if all(row.count == row.macs for row in report.rows):
        return (*params, "macs", "share", *integer, "flops", "flops_share", *shapes)
    return (*params, "macs", *integer, "flops", "count", "share", *shapes)


def summary(report: Report) -> tuple[str, ...]:
    """What everybody wants to know: the input, the totals, and where the run stopped if it did."""
    lines = [_setting(report), _totals(report), *_step(report)]
    if report.failure is not None:
        where = clean(report.failure.path) or clean(report.model_name)
        lines.append(f"✗ stopped at {where}: {clean(report.failure.message)}")
        lines.append("(all numbers are those of the layers up to there)")
    return tuple(lines)


def details(report: Report) -> tuple[str, ...]:
    """How the numbers came about: notes on the input, the convention, and what was counted."""
    counting = f"convention {clean(report.convention.name)}: {clean(report.convention.title)}"
    integer = (INTEGER_MACS,) if report.total.integer_macs else ()
    definition = "" if report.convention.is_whole else ", each by its derivative's definition"
    gradients = (f"{GRADIENTS}{definition}",) if report.total.parts is not None else ()
    return (*map(clean, report.notes), counting, *integer, clean(report.coverage), *gradients)


def _setting(report: Report) -> str:
    shapes = ", ".join(_spec_text(spec) for spec in report.inputs)
    batch = report.trace.batch
    mode = "each module in its own mode" if report.mode == "same" else f"{report.mode} mode"
    training = report.trace.training
    if training is not None and training.input_grad:
        mode += " · gradient of the input, too"
    parts = [f"input {shapes or 'none'}", *([f"batch {batch}"] if batch is not None else []), mode]
    return " · ".join([*parts, *(["run for real"] if report.executed else [])])


def _totals(report: Report) -> str:
    total = report.total
    params = f"{_in_both(total.params)} parameters"
    if total.trainable < total.params:
        split = f"{exact(total.trainable)} trainable, {exact(total.params - total.trainable)} frozen"
        params += f" ({'all frozen' if not total.trainable else split})"
    own = f"{report.unit} by {clean(report.convention.name)}"
    work = {
        own: total.count,
        "MACs": total.macs,
        **({"integer MACs": total.integer_macs} if total.integer_macs else {}),
        "FLOPs" if report.unit == "FLOPs" else "FLOPs (textbook)": total.flops,
    }
    whole = report.convention.is_whole
    if report.unit == "FLOPs" or (total.count == total.macs and not (whole and total.unknown)):
        del work[own]  # the convention's number is one of the other two
        own = report.unit
    lacking = {name: 0 if whole and name == own else total.unknown for name in work}
    numbers = [f"{_partly(number, lacking[name], _in_both)} {name}" for name, number in work.items()]
    return " · ".join([params, *numbers])


def _step(report: Report) -> Iterator[str]:
    """A training step's parts, and how many forwards it is."""
    total, training = report.total, report.trace.training
    if training is None or total.parts is None:
        return
    say = speaker(report.look.lang)
    amounts = {"forward": total.forward, "recomputed": total.recomputed, "backward": total.backward}
    words = [f"{say(name)} {_partly(amount.count, amount.unknown, si)}" for name, amount in amounts.items()]
    if amounts["recomputed"].count == 0:
        del words[1]
    if total.optimizer.count:
        words.append(f"{say(f'optimizer ({training.optimizer})')} {si(total.optimizer.count)}")
    step, forward = total.step, total.count or 0
    times = f"; {(step.count or 0) / forward:.2f}× forward" if forward else ""
    yield f"training step: {_partly(step.count, step.unknown, _in_both)} {report.unit} = {' + '.join(words)}{times}"


def _in_both(number: int) -> str:
    return exact(number) if number < 10_000 else f"{exact(number)} ({si(number)})"


def _partly(number: int | None, unknown: int, text: Callable[[int], str] = exact) -> str:
    """A number of which some may not be known: ``123``, ``123 + ?`` or ``?``."""
    if number is None or (unknown and not number):
        return "?"
    return f"{text(number)} + ?" if unknown else text(number)


def _spec_text(spec: TensorSpec) -> str:
    return f"{shape_text(spec.shape)} {spec.dtype}"


def _part(row: Row, longest: int) -> float | None:
    return None if not row.is_leaf or not fold.work(row) or not longest else fold.work(row) / longest


def column_of(key: str, report: Report) -> Column:
    """A column of a report's table: what it is called, and what it holds."""
    name = clean(report.convention.name)
    words = {
        "type": ("type", "what the layer is, and its settings"),
        "input": ("input", ""),
        "output": ("output", ""),
        "calls": ("calls", "how often the layer is called in one forward"),
        "params": ("parameters", "each parameter once, at its first use"),
        "frozen": ("frozen", "parameters that are not trained"),
        "macs": ("MACs", "multiply-accumulates"),
        "integer_macs": ("integer MACs", INTEGER_MACS),
        "flops": ("FLOPs", "") if report.unit == "FLOPs" else ("FLOPs (textbook)", ""),
        "count": (f"{report.unit} ({name})", "the convention's own number"),
        "params_share": ("share", "of all parameters"),
        "macs_share": ("share", "of all MACs"),
        "flops_share": ("share", "of all FLOPs"),
        "share": ("share", f"of all {report.unit} by {name}"),
        "forward": ("forward", f"{report.unit} of the forward"),
        "recomputed": ("again", f"{report.unit} of what gradient checkpointing computes a second time"),
        "backward_inputs": ("∂input", f"{report.unit} of the gradients of what flows through the layer"),
        "backward_weights": ("∂weight", f"{report.unit} of the gradients of its weights"),
        "optimizer": ("optimizer", f"{report.unit} of the optimizer's work on its parameters"),
        "step": ("step", f"{report.unit} of a training step: forward, gradients and optimizer"),
        "step_share": ("share", f"of all {report.unit} of a training step"),
    }
    return Column(key, *words[key])


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
            full = _partly(number, unknown)
            return Cell(_partly(number, unknown, si), full)
        return Cell(_partly(number, unknown))

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


def whole_columns(report: Report) -> tuple[str, ...]:
    """The columns of a convention whose number lacks nothing, whatever of the model is unknown."""
    if not report.convention.is_whole:
        return ()
    return ("count", "flops") if report.unit == "FLOPs" else ("count",)


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
    title = ", ".join(_spec_text(spec) for spec in specs)
    different = list(dict.fromkeys(shapes))
    if len(shapes) == 1:
        return Cell(shapes[0], title if specs[0].dtype != "float32" else "")
    if len(different) == 1:
        return Cell(f"{shapes[0]} ({len(shapes)})", title)
    if len(shapes) <= 2:
        return Cell(", ".join(shapes))
    return Cell(f"{shapes[0]}, … ({len(shapes)})", title)
