"""A report as the panel's front end wants it: one JSON-ready dict, column by column, which goes over as one text.

The rows are those of ``report.tree()``: a container precedes what is inside. In ``rows``

- ``id`` is unique: the path, further calls of one layer with `` (2)``, `` (3)`` behind it;
- ``name``, ``type``, ``settings``, ``input``, ``output`` and ``marks`` hold for each row an index into ``texts``, the
  list of all their words, whose first entry is empty;
- ``leaf`` is a text with ``1`` for a layer or function and ``0`` for a container;
- each number's list has ``null`` for containers, and for leaves of which nothing is known;
- ``unknown`` says for a number's key and a leaf's index how many operations the number lacks; only where there are
  any. A sum is ``?`` where it lacks some and is zero, else ``+ ?`` where it lacks some;
- ``shared`` lists the rows whose parameters are counted at the first call, ``closed`` the containers that are one
  layer to their user, which nobody wants opened at first.

Whole numbers that JavaScript's cannot hold are texts. ``metric`` is the number that a chart shows at first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nbcnncost.languages import speaker
from nbcnncost.parts import STEP
from nbcnncost.views import fold
from nbcnncost.views.columns import DISPENSABLE, SHARES, column_of, default_columns, leading_share, whole_columns
from nbcnncost.views.header import details, summary
from nbcnncost.views.strings import clean, settings_text
from nbcnncost.views.table import failed_row, shapes_cell, shared_rows

if TYPE_CHECKING:
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: The largest whole number up to which JavaScript's are exact.
_MOST_EXACT = 2**53
_TEXTS = ("type", "input", "output")


def table_of(report: Report) -> dict[str, Any]:
    """The ``table`` of a report."""
    rows = report.tree()
    numbers = number_keys(report)
    say = speaker(report.look.lang)
    return {
        "model": clean(report.model_name),
        "summary": list(map(say, summary(report))),
        "notes": list(map(say, details(report))),
        "convention": clean(report.convention.name),
        "unit": report.unit,
        "columns": [_column(key, report, numbers) for key in column_keys(report)],
        "shown": _shown(report),
        "metric": first_metric(report),
        **_rows(report, rows, numbers),
        "total": {key: exact_number(report.total.number(key)) for key in numbers},
        "failure": _failure(report, rows),
    }


def number_keys(report: Report) -> tuple[str, ...]:
    """The numbers of each row, all that differ: the convention's own is left out where it is another one of them."""
    total = report.total
    frozen = ("frozen",) if 0 < total.trainable < total.params else ()
    integer = ("integer_macs",) if total.integer_macs else ()
    own = ("count",) if _own(report) == "count" else ()
    return ("params", *frozen, "macs", *integer, "flops", *own, *(STEP if total.parts is not None else ()))


def column_keys(report: Report) -> tuple[str, ...]:
    """The columns that can be shown, in their order: each number, and behind some of them its share of the total."""
    keys: list[str] = ["type"]
    shares = {"params": "params_share", "macs": "macs_share", "flops": "flops_share", "step": "step_share"}
    shares[_own(report)] = "share"
    for key in number_keys(report):
        keys += [key, *([shares[key]] if key in shares else [])]
    return (*keys, "input", "output")


def first_metric(report: Report) -> str:
    """The number that a chart shows at first: a whole training step, else what a table's shares are of."""
    leading = fold.leading(report)
    return _own(report) if leading == "count" else leading


def row_ids(rows: Iterable[Row]) -> list[str]:
    """What each row is called in the panel: its path, and which of several with that path it is.

    A layer may be called ``conv (2)`` by its user; then the second ``conv`` is the next that is free.
    """
    paths = [row.path or row.name for row in rows]
    taken, seen = set(paths), dict.fromkeys(paths, 0)
    ids = []
    for path in paths:
        seen[path] += 1
        name = path
        while seen[path] > 1 and (name := f"{path} ({seen[path]})") in taken:
            seen[path] += 1
        taken.add(name)
        ids.append(name)
    return ids


def exact_number(number: int | None) -> int | str | None:
    """A number as JSON can carry it to JavaScript without loss."""
    return number if number is None or abs(number) <= _MOST_EXACT else str(number)


def _own(report: Report) -> str:
    """The number that is the convention's own count."""
    if report.unit == "FLOPs":
        return "flops"
    same = all(row.count == row.macs for row in report.rows)
    lacks_alike = not (report.convention.is_whole and report.total.unknown)
    return "macs" if same and lacks_alike else "count"


def _shown(report: Report) -> list[str]:
    """The columns that show at first."""
    there, leading = column_keys(report), leading_share(report)
    return [key for key in default_columns(report) if key in there and (key not in DISPENSABLE or key == leading)]


def _column(key: str, report: Report, numbers: Sequence[str]) -> dict[str, Any]:
    say = speaker(report.look.lang)
    column = column_of(key, report)
    kind = "text" if key in _TEXTS else "number" if key in numbers else "share"
    made = {"key": key, "header": say(column.header), "title": say(column.title), "kind": kind}
    own = _own(report) if key == "share" else SHARES.get(key)
    return {**made, "of": own} if kind == "share" else made


def _rows(report: Report, rows: Sequence[Row], numbers: Sequence[str]) -> dict[str, Any]:
    texts: dict[str, int] = {"": 0}
    shared = shared_rows(report)
    say = speaker(report.look.lang)

    def places(words: Iterable[str]) -> list[int]:
        return [texts.setdefault(word, len(texts)) for word in words]

    made: dict[str, Any] = {
        "id": row_ids(rows),
        "name": places(clean(row.name) for row in rows),
        "depth": [row.depth for row in rows],
        "type": places(clean(row.type) for row in rows),
        "settings": places(settings_text(clean(row.settings), say) for row in rows),
        "input": places(shapes_cell(row.inputs, say).text for row in rows),
        "output": places(shapes_cell(row.outputs, say).text for row in rows),
        "marks": places(say(_marks(row)) for row in rows),
        "leaf": "".join("01"[row.is_leaf] for row in rows),
        **{key: [exact_number(row.number(key)) if row.is_leaf else None for row in rows] for key in numbers},
        "unknown": _unknown(report, rows, numbers),
        "shared": [index for index, row in enumerate(rows) if shared(row)],
        "closed": [index for index, row in enumerate(rows) if row.closed],
    }
    return {"texts": list(texts), "rows": made}


def _marks(row: Row) -> str:
    """What stands behind a row's name."""
    if row.role == "unused":
        return "(not called)"
    if row.calls < 2:
        return ""
    return f"×{row.calls}" if row.call == 1 else f"({row.call} of {row.calls})"


def _unknown(report: Report, rows: Sequence[Row], numbers: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many operations the numbers of leaves lack; keys are texts, as JSON has them."""
    whole = whole_columns(report)
    lacking = {
        key: {str(index): row.lacks(key) for index, row in enumerate(rows) if row.is_leaf and row.lacks(key)}
        for key in numbers
        if key not in whole
    }
    return {key: entries for key, entries in lacking.items() if entries}


def _failure(report: Report, rows: Sequence[Row]) -> dict[str, Any] | None:
    if report.failure is None:
        return None
    failed = failed_row(report, rows)
    index = -1 if failed is None else next(index for index, row in enumerate(rows) if row is failed)
    return {"row": index, "message": clean(report.failure.message)}
