"""Several models as a table of totals, one line each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbcnncost.languages import translate
from nbcnncost.units import plural, shape_text
from nbcnncost.views import difference, numbers
from nbcnncost.views.columns import INTEGER_MACS
from nbcnncost.views.grid import Cell, Column, Grid, Line, in_language
from nbcnncost.views.header import GRADIENTS, convention_text, inputs_text, mode_text
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.comparison import Comparison, ModelRow
    from nbcnncost.report import Report


def build(comparison: Comparison) -> Grid:
    """The table of a comparison; what all models share stands in the header alone."""
    columns = _columns(comparison)
    most = max((row.number(comparison.main) or 0 for row in comparison.rows), default=0)
    body = tuple(Line(tuple(_cell(comparison, column.key, row, most) for column in columns)) for row in comparison.rows)
    order = "in the order given"
    if comparison.look.sort is not None:
        order = f"by {_header(comparison, comparison.look.sort)}, largest first"
    lang = comparison.look.lang
    title = translate(plural(len(comparison.rows), "model"), lang)
    grid = Grid(title, _shared(comparison), _details(comparison), f"totals, {order}", columns, body)
    return in_language(grid, lang)


def build_difference(comparison: Comparison) -> Grid:
    """The table of the difference of two models below that of their totals, without saying the same again."""
    content = difference.build(comparison.difference)
    said = build(comparison).details
    return replace(content, details=tuple(line for line in content.details if line not in said))


def _reports(comparison: Comparison) -> list[Report]:
    return [row.report for row in comparison.rows]


def _shared(comparison: Comparison) -> tuple[str, ...]:
    """Input and mode, where they are the same for all."""
    reports = _reports(comparison)
    inputs = {inputs_text(report) for report in reports}
    modes = {mode_text(report) for report in reports}
    parts = [*([f"input {inputs.pop()}"] if len(inputs) == 1 else []), *(modes if len(modes) == 1 else [])]
    return (" · ".join(parts),) if parts else ()


def _details(comparison: Comparison) -> tuple[str, ...]:
    reports = _reports(comparison)
    lines = list(dict.fromkeys(clean(note) for report in reports for note in report.notes))
    lines += dict.fromkeys(convention_text(report) for report in reports)
    lines += [INTEGER_MACS] if _integer_macs(comparison) else []
    lines += [GRADIENTS] if comparison.has_step else []
    for row in comparison.rows:
        if row.report.failure is not None:
            lines.append(f"✗ {clean(row.label)} stopped: its numbers are those of the layers up to there")
        if row.report.uncounted:
            names = dict.fromkeys(clean(entry.function or entry.op) for entry in row.report.uncounted)
            lines.append(f"? {clean(row.label)} has operations without a rule, left out: {', '.join(names)}")
    return tuple(lines)


def _columns(comparison: Comparison) -> tuple[Column, ...]:
    reports = _reports(comparison)
    columns = [Column("model", "model", is_left=True, room=24)]
    if len({inputs_text(report) for report in reports}) > 1:
        columns.append(Column("input", "input", is_left=True, room=16))
    if len({mode_text(report) for report in reports}) > 1:
        columns.append(Column("mode", "mode", is_left=True, room=10))
    if len({report.convention.name for report in reports}) > 1:
        columns.append(Column("convention", "convention", is_left=True, room=12))
    keys = ("params", "macs", *_integer_macs(comparison), "flops")
    columns += [Column(key, _header(comparison, key)) for key in keys]
    if not all(row.total.count in (row.total.macs, row.total.flops) for row in comparison.rows):
        columns.append(Column("count", _header(comparison, "count"), "each convention's own number"))
    if comparison.has_step:
        columns.append(Column("step", "step", "a training step: forward, gradients and optimizer"))
    main = {"macs": "MACs", "flops": "FLOPs", "step": "step"}[comparison.main]
    return (*columns, Column("ratio", f"{main} ÷ first", f"how many times the first model's {main}"))


def _integer_macs(comparison: Comparison) -> list[str]:
    """The column of integer MACs, where a model has any."""
    return ["integer_macs"] if any(row.total.integer_macs for row in comparison.rows) else []


def _header(comparison: Comparison, key: str) -> str:
    if key == "count":
        units = dict.fromkeys(f"{report.unit} ({clean(report.convention.name)})" for report in _reports(comparison))
        return next(iter(units)) if len(units) == 1 else "convention's count"
    if key == "flops" and len({report.convention.name for report in _reports(comparison)}) == 1:
        # Whose FLOPs they are the line on the convention says, if it counts any.
        return "FLOPs" if comparison.reports[0].unit == "FLOPs" else "FLOPs (textbook)"
    return clean(comparison.unit_of(key))


def _cell(comparison: Comparison, key: str, row: ModelRow, most: int) -> Cell:
    report = row.report
    if key == "ratio":
        text = "?" if row.ratio is None else numbers.multiple(row.ratio)
        return Cell(text, bar=(row.number(comparison.main) or 0) / most if most else 0.0)
    words = {
        "model": clean(row.label),
        "input": translate(", ".join(shape_text(spec.shape) for spec in report.inputs) or "none", comparison.look.lang),
        "mode": translate(mode_text(report), comparison.look.lang),
        "convention": clean(report.convention.name),
    }
    if key == "model":
        return Cell(words[key], clean(report.model_name) if report.model_name not in row.label else "")
    if key in words:
        return Cell(words[key], inputs_text(report) if key == "input" else "")
    if key == "step" and not row.has_step:
        return Cell("", translate("a forward alone", comparison.look.lang))
    full, short = (numbers.side(row.total, key, short=short) for short in (False, True))
    unit = f" {report.unit}" if key == "count" or (key == "step" and not comparison.same_unit) else ""
    return Cell(full + unit) if len(full) <= numbers.LONGEST else Cell(short + unit, full)
