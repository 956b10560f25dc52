"""The Difference: what changes from one report to another, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcnncost.entries import Entry
from nbcnncost.errors import CostError
from nbcnncost.matching import match
from nbcnncost.parts import STEP, without_step
from nbcnncost.plain import as_csv, as_frame, as_json
from nbcnncost.rows import Row, sum_rows
from nbcnncost.shown import Shown, check_view, chosen_lang
from nbcnncost.views import difference as view
from nbcnncost.views import export, grid

if TYPE_CHECKING:
    import pandas

    from nbcnncost.report import Report
    from nbcnncost.views.charts import Chart

__all__ = ["Difference", "DifferenceLook", "Entry"]

#: What there is a chart of.
CHARTS = ("params", "macs", "flops", "count", "step")
#: What a difference can be sorted by and show both sides of.
COLUMNS = ("params", "frozen", "macs", "integer_macs", "flops", "count", *STEP)


@dataclass(frozen=True)
class DifferenceLook:
    """How a difference shows itself."""

    sort: str | None = None
    top: int | None = None
    columns: tuple[str, ...] | None = None
    everything: bool = False
    view: str = "table"
    lang: str = "en"


@dataclass(frozen=True, repr=False)
class Difference(Shown):
    """What changes from one report to another: layers added, removed, changed and renamed, with their numbers.

    Layers are found again by path, then by order and type. The differences of :attr:`entries` add up to those of
    :attr:`total`. ``depth`` compares whole blocks instead of layers, as in ``Report.tree``. Where both reports are of
    training steps, these are compared, too; else the forward alone.

    >>> import torch, nbcnncost
    >>> small, large = (nbcnncost.cost(torch.nn.Linear(400, width), (1, 400)) for width in (84, 120))
    >>> small.diff(large).total.macs
    14400
    """

    before: Report
    after: Report
    labels: tuple[str, str]
    depth: int | None = None
    look: DifferenceLook = field(default_factory=DifferenceLook)

    @property
    def same_unit(self) -> bool:
        """Whether both reports' conventions count in the same unit, so that ``count`` can be compared."""
        return self.before.unit == self.after.unit

    @property
    def has_step(self) -> bool:
        """Whether both reports are of training steps, so that these can be compared."""
        return self.before.total.parts is not None and self.after.total.parts is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """What it can be sorted by and show both sides of."""
        return tuple(name for name in COLUMNS if self.has_step or name not in STEP)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All layers of both sides, in the order in which they run afterwards; removed ones where they were."""
        pairs = match(self.before.tree(self.depth), self.after.tree(self.depth))
        return tuple(self._entry(before, after) for before, after in pairs)

    @property
    def total(self) -> Entry:
        """The whole networks."""
        return self._entry(self.before.total, self.after.total)

    def _entry(self, before: Row | None, after: Row | None) -> Entry:
        return Entry(before, after, self.same_unit, self.has_step)

    @property
    def added(self) -> tuple[Entry, ...]:
        """The layers that are new."""
        return tuple(entry for entry in self.entries if entry.kind == "added")

    @property
    def removed(self) -> tuple[Entry, ...]:
        """The layers that are gone."""
        return tuple(entry for entry in self.entries if entry.kind == "removed")

    @property
    def changed(self) -> tuple[Entry, ...]:
        """The layers on both sides of which a number, a setting or a shape differs."""
        return tuple(entry for entry in self.entries if entry.kind == "changed")

    @property
    def renamed(self) -> tuple[Entry, ...]:
        """The layers that have another path, whether or not they are changed as well."""
        return tuple(entry for entry in self.entries if entry.renamed)

    @property
    def unchanged(self) -> tuple[Entry, ...]:
        """The layers that are the same on both sides, but perhaps for their path."""
        return tuple(entry for entry in self.entries if entry.kind in ("same", "renamed"))

    def together(self, entries: Sequence[Entry], name: str) -> Entry:
        """One entry in place of several, with their sums."""
        like = Row("", name, 1, "", "", "other")
        before, after = ([getattr(entry, side) for entry in entries] for side in ("before", "after"))
        return self._entry(_sum(before, like), _sum(after, like))

    def __getitem__(self, path: str) -> Entry:
        """The entry of a layer by its path on either side; several calls of one layer are summed."""
        found = [entry for entry in self.entries if path in (entry.path, getattr(entry.before, "path", None))]
        exactly = [entry for entry in found if entry.path == path] or found
        if not exactly:
            raise CostError(f"there is no layer {path!r} on either side of {' → '.join(self.labels)}")
        return exactly[0] if len(exactly) == 1 else self.together(exactly, path)

    def with_look(
        self,
        *,
        sort: str | None = None,
        top: int | None = None,
        columns: Sequence[str] | None = None,
        everything: bool = False,
        view: str = "table",
        lang: str | None = None,
    ) -> Difference:
        """The same difference, showing itself differently.

        ``sort`` puts the largest differences of a column first, ``top`` shows that many. ``columns`` are those to be
        shown with both sides: ``"params"``, ``"frozen"``, ``"macs"``, ``"integer_macs"``, ``"flops"``, ``"count"``, and
        of training steps ``"step"`` and its parts: ``"forward"``, ``"recomputed"``, ``"backward_inputs"``,
        ``"backward_weights"``, ``"optimizer"``. ``everything`` shows unchanged layers one by one. ``view`` is
        ``"table"``, ``"chart"`` or ``"both"``, ``lang`` ``"en"`` or ``"zh"``; without it the language stays.
        """
        check_view(view)
        lang = chosen_lang(lang, self.look.lang)
        if top is not None and top < 1:
            raise CostError(f"top is at least 1, not {top}")
        chosen = None if columns is None else tuple(dict.fromkeys(columns))
        for name in (*(chosen or ()), *([sort] if sort is not None else [])):
            if name in STEP and not self.has_step:
                raise CostError(without_step(name))
            if name not in self.columns:
                raise CostError(f"a difference has no column {name!r}; it has: {', '.join(self.columns)}")
        return replace(self, look=DifferenceLook(sort, top, chosen, everything, view, lang))

    def plot(self, column: str = "flops", *, top: int = 15) -> Chart:
        """A bar chart with two bars for each of the ``top`` layers that differ most, the largest difference first.

        ``column`` is ``"flops"``, ``"macs"``, ``"params"`` or ``"count"``, of training steps also ``"step"``.
        """
        from nbcnncost.views.bars import difference_chart

        try:
            return difference_chart(self, column=column, top=top)
        except ValueError as error:
            raise CostError(str(error)) from None

    def __repr__(self) -> str:
        return grid.text(view.build(self))

    def _view(self) -> str:
        return self.look.view

    def _table(self) -> str:
        return grid.html(view.build(self))

    def _chart(self) -> Chart:
        """The chart of what the table shows: the column it is sorted by, as many rows."""
        wanted = self.look.sort if self.look.sort in CHARTS else "step" if self.has_step else "flops"
        column = wanted if self.total.is_comparable(wanted) else "flops"
        return self.plot(column, top=self.look.top or 15)

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain values: both headers, the totals and all entries, unchanged ones as well."""
        return {
            "before": self._side(self.before, self.labels[0]),
            "after": self._side(self.after, self.labels[1]),
            "total": _plain(self.total),
            "entries": [_plain(entry) for entry in self.entries],
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """:meth:`to_dict` as JSON; also written to ``path``, if given."""
        return export.written(as_json(self.to_dict()), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line per entry, preceded by the column names; the conventions are columns. Also written to ``path``."""
        return export.written(as_csv(self._flat_entries(), self._flat_names), path)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame with one line per entry, indexed by path; numbers are nullable integers."""
        numbers = [column for name in self.total.names for column in (f"{name}_before", f"{name}_after", name)]
        return as_frame(list(self._flat_entries()), index="path", numbers=numbers, names=self._flat_names)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """The table that is shown, in Markdown; also written to ``path``, if given."""
        return export.written(grid.markdown(view.build(self)), path)

    def to_latex(self, path: str | Path | None = None) -> str:
        """The table that is shown as a LaTeX ``tabular`` (package booktabs); also written to ``path``, if given."""
        return export.written(grid.latex(view.build(self)), path)

    def _side(self, report: Report, label: str) -> dict[str, Any]:
        header = report.to_dict()
        names = ("model", "inputs", "mode", "convention", "unit", "training", "total")
        return {"label": label, **{name: header[name] for name in names if name in header}}

    @property
    def _flat_names(self) -> list[str]:
        return [*_flat(self.total), "convention_before", "convention_after"]

    def _flat_entries(self) -> Iterator[dict[str, Any]]:
        both = {"convention_before": self.before.convention.name, "convention_after": self.after.convention.name}
        yield from ({**_flat(entry), **both} for entry in self.entries)


def _sum(rows: Sequence[Row | None], like: Row) -> Row | None:
    there = [row for row in rows if row is not None]
    return sum_rows(there, like=like) if there else None


def _flat(entry: Entry) -> dict[str, Any]:
    """An entry in one line: a number's difference has the number's own name."""
    plain = _plain(entry)
    before, after, difference = (plain.pop(name) for name in ("before", "after", "difference"))
    numbers = {}
    for name in before or after or ():
        numbers[f"{name}_before"] = None if before is None else before[name]
        numbers[f"{name}_after"] = None if after is None else after[name]
        if name in difference:
            numbers[name] = difference[name]
    return {**plain, "changes": "; ".join(plain["changes"]), **numbers}


def _plain(entry: Entry) -> dict[str, Any]:
    before, after = entry.before, entry.after
    return {
        "path": entry.path,
        "path_before": None if before is None else before.path,
        "kind": entry.kind,
        "type": entry.row.type,
        "settings": entry.row.settings,
        "call": entry.row.call,
        "changes": list(entry.changes),
        "before": None if before is None else _plain_side(before, entry.names),
        "after": None if after is None else _plain_side(after, entry.names),
        "difference": {name: entry.difference(name) for name in entry.names},
    }


def _plain_side(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """The numbers of one side, and how many operations they lack."""
    step = {"step_unknown": row.lacks("step")} if "step" in names else {}
    return {**{name: row.number(name) for name in names}, "unknown": row.unknown, **step}
