"""Whether a panel's state fits its report: strictly for what Python sets, and made to fit where a report changes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbcnncost.errors import CostError
from nbcnncost.panel.state import CHARTS, PanelState, View

if TYPE_CHECKING:
    from nbcnncost.report import Report

#: What a table can be sorted by beside its columns: the layers' names, and how a number differs from the baseline's.
NAME = "name"
DIFFERENCE = "Δ"
_MOST_NAMES = 20


def check(state: PanelState, table: Mapping[str, Any]) -> None:
    """Raise :class:`CostError` with one sentence for a row, a column, a number, a type or a chart that there is not."""
    view, columns, model = state.view, _columns(table), table["model"]
    for key in view.columns or ():
        _known(key, columns, f"{model} has no column")
    if view.sort is not None:
        _known(view.sort, _sorts(table), "a panel cannot be sorted by")
    _known(view.metric, _numbers(table), "there is no chart of")
    _known(view.chart, CHARTS, "there is no chart")
    for kind in view.types:
        _known(kind, _types(table), f"{model} has no layer of type")
    if state.selected:
        _known(state.selected, table["rows"]["id"], f"{model} has no row")


def first_state(report: Report, table: Mapping[str, Any]) -> PanelState:
    """The state of a new panel: what the report's own look asks for, as far as a panel has it."""
    look, rows = report.look, table["rows"]
    expanded = None
    if look.depth is not None:
        places = zip(rows["id"], rows["depth"], rows["leaf"], strict=True)
        expanded = tuple(name for name, depth, leaf in places if leaf == "0" and depth < look.depth)
    view = View(
        columns=look.columns,
        sort=look.sort,
        descending=look.sort not in ("type", NAME),
        flat=look.sort is not None,
        expanded=expanded,
        metric=table["metric"],
    )
    return fitted(PanelState(view=view), table)


def fitted(state: PanelState, table: Mapping[str, Any]) -> PanelState:
    """The state without what the table does not have; open containers are kept, for they may come back."""
    view, columns = state.view, _columns(table)
    kept = tuple(key for key in view.columns or () if key in columns)
    fitting = replace(
        view,
        columns=kept or None,
        sort=view.sort if view.sort in _sorts(table) else None,
        types=tuple(kind for kind in view.types if kind in _types(table)),
        metric=view.metric if view.metric in _numbers(table) else table["metric"],
    )
    return replace(state, view=fitting, selected=state.selected if state.selected in table["rows"]["id"] else "")


def _known(name: str, there: Iterable[str], sentence: str) -> None:
    names = list(dict.fromkeys(there))
    if name in names:
        return
    near = difflib.get_close_matches(str(name), names, n=3)
    some = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {some}"
    raise CostError(f"{sentence} {name!r}; {hint}")


def _columns(table: Mapping[str, Any]) -> list[str]:
    return [column["key"] for column in table["columns"]]


def _sorts(table: Mapping[str, Any]) -> list[str]:
    return [*_columns(table), NAME, *(DIFFERENCE + key for key in _numbers(table))]


def _numbers(table: Mapping[str, Any]) -> list[str]:
    return [column["key"] for column in table["columns"] if column["kind"] == "number"]


def _types(table: Mapping[str, Any]) -> list[str]:
    return [table["texts"][place] for place in table["rows"]["type"]]
