"""What is pinned, beside the rows of the report that is shown: which number each row had, and what is gone.

Differences add up: the rows' numbers less the baseline's, less those of what is gone, are the totals' difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbcnncost.labels import labels_of
from nbcnncost.matching import Pair, match
from nbcnncost.panel.payload import exact_number, number_keys, row_ids
from nbcnncost.parts import STEP
from nbcnncost.views.columns import whole_columns
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.report import Report
    from nbcnncost.rows import Row


def baseline_of(pinned: Report, report: Report) -> dict[str, Any]:
    """The ``baseline`` of a report's table.

    ``rows`` has for each number what each row had in the pinned report: ``null`` for containers, for new rows, and
    where that was not known. ``unknown`` says for a number's key and a row's index how many operations it lacked.
    ``removed`` are the layers that are gone. A number that the two do not have in common is left out.
    """
    keys = common_keys(pinned, report)
    before, after = pinned.tree(), report.tree()
    places = {id(row): index for index, row in enumerate(after)}
    ids = {id(row): name for row, name in zip(before, row_ids(before), strict=True)}
    rows: dict[str, list[int | str | None]] = {key: [None] * len(after) for key in keys}
    lacking: dict[str, dict[str, int]] = {}
    removed = []
    whole = whole_columns(pinned)
    for old, new in _pairs(before, after):
        if old is None:
            continue
        if new is None:
            numbers = {key: exact_number(old.number(key)) for key in keys}
            removed.append({"name": clean(old.name), "id": ids[id(old)], **numbers})
            continue
        for key in keys:
            rows[key][places[id(new)]] = exact_number(old.number(key))
            lacks = 0 if key in whole else old.lacks(key) or (old.number(key) is None)
            if lacks:
                lacking.setdefault(key, {})[str(places[id(new)])] = int(lacks)
    return {
        "label": clean(labels_of((pinned, report))[0].removesuffix(" (1)")),  # the number says that nothing differs
        "rows": rows,
        "unknown": lacking,
        "removed": removed,
        "total": {key: exact_number(pinned.total.number(key)) for key in keys},
    }


def common_keys(pinned: Report, report: Report) -> tuple[str, ...]:
    """The numbers that can be compared: those of a training step where both are of one, counts in one unit."""
    incomparable = {*(() if pinned.unit == report.unit else ("count", *STEP))}
    incomparable |= set(STEP) if pinned.total.parts is None else set()
    return tuple(key for key in number_keys(report) if key not in incomparable)


def _pairs(before: Sequence[Row], after: Sequence[Row]) -> Sequence[Pair]:
    """The leaves in pairs; of two models with the same layers in the same places each is its like."""
    if list(map(_place, before)) == list(map(_place, after)):
        return [pair for pair in zip(before, after, strict=True) if pair[1].is_leaf]
    return match(before, after)


def _place(row: Row) -> tuple[str, int, str, bool]:
    return row.path, row.call, row.type, row.is_leaf
