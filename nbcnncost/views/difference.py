"""A difference as a table: what changes, each number before and after, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.parts import STEP
from nbcnncost.units import exact
from nbcnncost.views import fold, numbers
from nbcnncost.views.columns import INTEGER_MACS, column_of
from nbcnncost.views.difference_fold import MARKS, Shown, main_number, path_text, select
from nbcnncost.views.grid import Cell, Column, Grid, Line, in_language
from nbcnncost.views.header import GRADIENTS, convention_text, inputs_text, mode_text
from nbcnncost.views.strings import clean, settings_text
from nbcnncost.views.text import shorten

if TYPE_CHECKING:
    from nbcnncost.difference import Difference
    from nbcnncost.entries import Entry
    from nbcnncost.report import Report

_LONGEST_LABEL = 60
#: How narrow a column of words may become.
_LEAST_ROOM = 22


def title(difference: Difference) -> str:
    """Both sides by their labels: ``LeNet at 1×1×28×28 → LeNet at 1×1×32×32``."""
    return " → ".join(shorten(clean(label), _LONGEST_LABEL) for label in difference.labels)


def build(difference: Difference) -> Grid:
    """The table of a difference, as its look asks for."""
    caption, shown = select(difference)
    if difference.look.sort is not None or difference.look.top is not None:
        unit = unit_text(difference, difference.look.sort or main_number(difference))
        caption += f", the largest difference of {unit} first"
    columns = _columns(difference, max((len(row.name) for row in shown if row.stands_back), default=0))
    main = main_number(difference)
    longest = max((abs(row.entry.known(main)) for row in shown if not row.stands_back), default=0)
    body = tuple(
        Line(tuple(_cell(difference, column.key, row, longest, main) for column in columns), row.stands_back)
        for row in shown
    )
    whole = Shown(difference.total, speaker(difference.look.lang)("total"))
    total = Line(tuple(_cell(difference, column.key, whole, 0, main) for column in columns))
    grid = Grid(title(difference), _summary(difference), _details(difference), caption, columns, body, total)
    return in_language(grid, difference.look.lang)


# The header


def _summary(difference: Difference) -> tuple[str, ...]:
    before, after = difference.before, difference.after
    lines = [_setting(before, after), *_totals(difference), _kinds(difference)]
    steps = [report.total.parts is not None for report in (before, after)]
    if any(steps) and not difference.has_step:
        lines.append(
            f"only the forward is compared: {clean(difference.labels[steps.index(False)])} has no training step"
        )
    for report, label in zip((before, after), difference.labels, strict=True):
        if report.failure is not None:
            where = clean(report.failure.path or report.model_name)
            lines.append(f"✗ {clean(label)} stopped at {where}: its numbers are those of the layers up to there")
        if report.uncounted:
            names = ", ".join(dict.fromkeys(clean(entry.function or entry.op) for entry in report.uncounted))
            lines.append(f"? {clean(label)} has operations without a rule, left out of its numbers: {names}")
    return tuple(lines)


def _setting(before: Report, after: Report) -> str:
    facts = [_facts(before), _facts(after)]
    return " · ".join(
        old if old == new else f"{old} → {new.removeprefix('input ')}" for old, new in zip(*facts, strict=True)
    )


def _facts(report: Report) -> tuple[str, str]:
    mode = mode_text(report) + (", run for real" if report.executed else "")
    return f"input {inputs_text(report)}", mode


def _totals(difference: Difference) -> tuple[str, ...]:
    """Each total before and after; whoever reads no further knows the difference."""
    total = difference.total
    keys = ["params", "macs", *_integer_macs(difference), *(["flops"] if difference.same_unit else [])]
    keys += [key for key in [main_number(difference)] if key not in ("macs", "flops")]
    texts = []
    for key in keys:
        old, new = (numbers.side(row, key, short=True) for row in (total.before, total.after))
        names = _measures(difference, key)
        if names[0] != names[1]:
            texts.append(f"{old} {names[0]} → {new} {names[1]}")
        elif total.numbers(key)[0] == total.numbers(key)[1] and total.is_known(key):
            texts.append(f"{names[0]} {old}, the same")
        else:
            texts.append(f"{names[0]} {old} → {new} ({_more_or_less(total, key)})")
    return (" · ".join(texts),)


def _more_or_less(total: Entry, key: str) -> str:
    difference = numbers.signed(total.known(key), short=True)
    if not total.is_known(key):
        return f"{difference} + ?" if total.known(key) else "?"
    before, after = total.numbers(key)
    return f"{difference}, {numbers.times(after, before)}" if before and after else difference


def _kinds(difference: Difference) -> str:
    renamed = sum(entry.kind == "renamed" and not entry.moved for entry in difference.entries)
    words = [
        f"{exact(number)} {word}"
        for number, word in (
            (len(difference.added), "added"),
            (len(difference.removed), "removed"),
            (len(difference.changed), "changed"),
            (renamed, "only renamed"),
            (len(difference.unchanged) - renamed, "unchanged"),
        )
        if number
    ]
    what = "blocks" if difference.depth is not None else "layers"
    return f"{what}: {', '.join(words) or 'none'}"


def _details(difference: Difference) -> tuple[str, ...]:
    before, after = difference.before, difference.after
    lines = list(dict.fromkeys(clean(note) for report in (before, after) for note in report.notes))
    if before.convention == after.convention:
        lines.append(convention_text(before))
    else:
        lines += [f"{side}: {convention_text(report)}" for side, report in (("before", before), ("after", after))]
    lines += [INTEGER_MACS] if _integer_macs(difference) else []
    lines += [GRADIENTS] if difference.has_step else []
    if not difference.same_unit:
        lines.append(f"{before.unit} and {after.unit} are different units: both stand here, without a difference")
    return tuple(lines)


# What the columns are, and what stands in them


def _columns(difference: Difference, longest_name: int) -> tuple[Column, ...]:
    layer, change = (
        Column("layer", "layer", is_left=True, room=max(_LEAST_ROOM, longest_name)),
        Column("change", "change", "what differs beside the numbers", is_left=True, room=_LEAST_ROOM),
    )
    named = difference.look.columns
    if named is not None:
        return (layer, *(column for key in named for column in _both_sides(difference, key)), change)
    main = main_number(difference)
    work = ["forward"] if main == "step" and difference.same_unit else ["macs", "flops"]
    others = [key for key in ("params", *work[:1], *_integer_macs(difference), *work[1:]) if key != main]
    changing = [
        key for key in others if any(entry.known(key) or not entry.is_known(key) for entry in difference.entries)
    ]
    before_main = [_delta(difference, key) for key in changing if key != "flops"]
    after_main = [_delta(difference, key) for key in changing if key == "flops"]
    return (layer, *before_main, *_both_sides(difference, main, dispensable=1), *after_main, change)


def _integer_macs(difference: Difference) -> list[str]:
    """The column of integer MACs, where a side has any."""
    return ["integer_macs"] if any(difference.total.numbers("integer_macs")) else []


def _both_sides(difference: Difference, key: str, dispensable: int = 0) -> list[Column]:
    old, new = _measures(difference, key)
    before, after = (f"{old} before", f"{new} after") if old == new else (old, new)
    sides = [Column(f"{key}_before", before, dispensable=dispensable), Column(f"{key}_after", after)]
    return sides if not difference.total.is_comparable(key) else [*sides, _delta(difference, key)]


def _delta(difference: Difference, key: str) -> Column:
    old, new = _measures(difference, key)
    return Column(key, f"Δ {old if old == new else difference.after.unit}", "after less before")


def unit_text(difference: Difference, key: str) -> str:
    """What a column counts, without whose rules it follows where the two sides differ in that."""
    if key in STEP:
        return f"{difference.after.unit} of {fold.NUMBERS[key]}"
    old, new = _measures(difference, key)
    return old if old == new else difference.after.unit


def _measures(difference: Difference, key: str) -> tuple[str, str]:
    """What a column counts on each side, and by whose rules where the header does not say it."""
    before, after = difference.before, difference.after
    if key == "flops" and before.unit == "FLOPs" and before.convention == after.convention:
        return "FLOPs", "FLOPs"
    old, new = _measure(before, key), _measure(after, key)
    if key in STEP and before.convention != after.convention:
        return f"{_measure(before, 'count')}, {old}", f"{_measure(after, 'count')}, {new}"
    return old, new


def _measure(report: Report, key: str) -> str:
    if key == "flops":  # a convention that counts no FLOPs has the textbook's beside its own number
        return f"FLOPs ({clean(report.convention.name) if report.unit == 'FLOPs' else 'textbook'})"
    return column_of(key, report).header


def _cell(difference: Difference, key: str, row: Shown, longest: int, main: str) -> Cell:
    entry = row.entry
    if key == "layer":
        return _layer(row, speaker(difference.look.lang))
    if key == "change":
        return _change(row, speaker(difference.look.lang))
    name, _, side = key.rpartition("_")
    if side in ("before", "after"):
        number = entry.before if side == "before" else entry.after
        return _number(numbers.side(number, name), numbers.side(number, name, short=True))
    bar = abs(entry.known(key)) / longest if key == main and longest and not row.stands_back else 0.0
    short = _number(numbers.change(entry, key), numbers.change(entry, key, short=True))
    return Cell(short.text, short.title, bar, is_more=entry.known(key) > 0)


def _number(full: str, short: str) -> Cell:
    """Numbers too long to read stand in three digits and a prefix, all digits beside them."""
    return Cell(full) if len(full) <= numbers.LONGEST else Cell(short, full)


def _layer(row: Shown, say: Callable[[str], str]) -> Cell:
    if row.is_sum:
        return Cell(row.name)
    entry = row.entry
    call = say(f" ({entry.row.call} of {entry.row.calls})") if entry.row.calls > 1 else ""
    return Cell(f"{MARKS[entry.kind]} {clean(path_text(entry))}{call}", marks=call)


def _change(row: Shown, say: Callable[[str], str]) -> Cell:
    entry = row.entry
    if row.is_sum:
        return Cell(row.words)
    if entry.kind in ("added", "removed"):
        kind = clean(f"{entry.row.type} {settings_text(entry.row.settings, say)}".strip())
        return Cell(f"{say(entry.kind)}{say(': ')}{kind}")
    if entry.kind in ("renamed", "same"):
        return Cell(say({"renamed": "renamed", "same": "unchanged"}[entry.kind]))
    if entry.row.role == "module":
        words = [word for word in entry.changes if word.startswith("output ")] or ["what is inside"]
        return Cell(_told(words, say), _told(entry.changes, say))
    words, was = list(entry.changes), [f"was {entry.before.path}"] if entry.moved and entry.before is not None else []
    if words[-1:] and words[-1].startswith("output "):  # which says what the input would
        words = [word for word in words if not word.startswith("input ")]
    shown, full = (_told([*some, *was], say) for some in (words or [_otherwise(entry)], entry.changes))
    return Cell(shown, full)


def _told(words: Sequence[str], say: Callable[[str], str]) -> str:
    """Several changes in one line."""
    return clean(say("; ").join(map(say, words)))


def _otherwise(entry: Entry) -> str:
    """What differs where nothing but numbers does: those of the training step alone, or the forward's."""
    return "trained otherwise" if set(entry.number_changes) <= {*STEP} else "counted otherwise"
