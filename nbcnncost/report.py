"""The Report: what a model costs, in one convention, ready to be asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcnncost.conventions import Convention, convention
from nbcnncost.coverage import Uncounted, coverage_text, uncounted_ops
from nbcnncost.difference import Difference, DifferenceLook
from nbcnncost.errors import CostError
from nbcnncost.explain import Explanation, explain_place
from nbcnncost.labels import labels_of
from nbcnncost.layout import Place, lay_out
from nbcnncost.parts import Counts
from nbcnncost.plain import as_csv, as_frame, as_json
from nbcnncost.records import PHASES, Failure, TensorSpec, Trace
from nbcnncost.rows import Row, count_ops, count_step, leaf_row, sum_rows, tree_rows, why_no_step
from nbcnncost.shown import Shown, check_view, chosen_lang
from nbcnncost.side_by_side import SideBySide, stand_side_by_side
from nbcnncost.source import Source
from nbcnncost.units import shapes_text
from nbcnncost.views import export, fold, html, text
from nbcnncost.views.columns import check

if TYPE_CHECKING:
    import pandas

    from nbcnncost.panel.widget import Panel
    from nbcnncost.views.charts import Chart

__all__ = ["Look", "Report", "Row", "Uncounted"]


@dataclass(frozen=True)
class Look:
    """How a report shows itself."""

    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    columns: tuple[str, ...] | None = None
    view: str = "table"
    lang: str = "en"


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """What a model costs in one convention.

    Numbers are exact integers. ``total`` is the whole network; ``rows`` has one row per call of a layer, in call
    order, with a row for each function that a container calls itself; rows add up to the total. ``source`` is what
    it comes from: the model, which it does not keep alive, and how that was run.

    >>> import torch, nbcnncost
    >>> report = nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400))
    >>> report.total.params, report.total.macs, report.total.flops
    (48120, 48000, 96000)
    """

    trace: Trace
    convention: Convention
    look: Look = field(default_factory=Look)
    source: Source = field(default_factory=Source, compare=False)

    @property
    def model_name(self) -> str:
        """The class of the model."""
        return self.trace.model_name

    @property
    def mode(self) -> str:
        """The mode in which the model ran: ``"eval"``, ``"train"`` or ``"same"`` (each module as it stood)."""
        return self.trace.mode

    @property
    def executed(self) -> bool:
        """Whether the model ran for real, on values."""
        return self.trace.executed

    @property
    def unit(self) -> str:
        """What the convention counts: ``"FLOPs"`` or ``"MACs"``."""
        return self.convention.unit

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The shapes and dtypes of the inputs."""
        return self.trace.inputs

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about how the input was understood."""
        return self.trace.notes

    @property
    def failure(self) -> Failure | None:
        """Where the run stopped, if it did; the rows then end there."""
        return self.trace.failure

    @cached_property
    def _root(self) -> Place:
        return lay_out(self.trace)

    def _leaves(self) -> Iterator[Place]:
        """The places of all rows; they are laid out when something first asks for them."""
        return self._root.leaves()

    @cached_property
    def _counts(self) -> Counts:
        return count_ops(self.trace, self.convention)

    @cached_property
    def _step(self) -> Counts | None:
        return count_step(self.trace, self.convention)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """One row per call of a layer or function, in call order; then parameters that nothing used."""
        return tuple(self._leaf_rows.values())

    @cached_property
    def _leaf_rows(self) -> dict[int, Row]:
        """The rows by the identity of their places."""
        return {id(place): self._leaf_row(place) for place in self._leaves()}

    def _leaf_row(self, place: Place) -> Row:
        return leaf_row(place, self.trace, self._counts, self._step, why_no_step(self.trace, self.convention))

    @cached_property
    def total(self) -> Row:
        """The whole network."""
        name = self.model_name
        return sum_rows(self.rows, like=Row("", name, 0, name, "", "total", is_leaf=False))

    def tree(self, depth: int | None = None) -> tuple[Row, ...]:
        """Containers with their sums, each followed by what is inside; below ``depth`` everything is folded.

        The rows with ``is_leaf`` add up to the total at every depth.
        """
        if depth is not None and depth < 1:
            raise CostError(f"depth is at least 1, not {depth}")
        known = self._leaf_rows
        rows = tree_rows(self._root, lambda place: known.get(id(place)) or self._leaf_row(place), depth)
        return tuple(rows[1:] if rows[0].role == "module" and len(rows) > 1 else rows)

    def by_type(self) -> tuple[Row, ...]:
        """One row per type of layer or function, the costliest first; ``calls`` says how many there are."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.type, []).append(row)
        sums = [
            sum_rows(rows, like=Row(name, name, 1, name, "", "type", calls=len(rows))) for name, rows in groups.items()
        ]
        number = fold.leading(self)
        return tuple(sorted(sums, key=lambda row: (-fold.sort_value(row, number), -row.params, row.name)))

    def __getitem__(self, path: str) -> Row:
        """The row of a layer, function or container by its path; several calls of one layer are summed."""
        if path == "":
            return self.total
        found = [row for row in self.tree() if row.path == path]
        if not found:
            raise CostError(self._unknown_path(path))
        first = found[0]
        return first if len(found) == 1 else sum_rows(found, like=first)

    def _unknown_path(self, path: str) -> str:
        near = difflib.get_close_matches(str(path), dict.fromkeys(row.path for row in self.tree()), n=3)
        hint = f"; close to it: {', '.join(near)}" if near else ""
        return f"{self.model_name} has no layer {path!r} in this report{hint}"

    @cached_property
    def uncounted(self) -> tuple[Uncounted, ...]:
        """The operations that no rule knows; the totals leave them out."""
        return uncounted_ops(self.trace, self._leaves, self._counts, self._step)

    @property
    def coverage(self) -> str:
        """One line: how many operations of each kind were counted, are zero by rule, or have no rule."""
        return coverage_text(self.trace, self._counts, self.uncounted)

    def counted_as(self, name: str | Convention) -> Report:
        """The same run counted in another convention.

        >>> import torch, nbcnncost
        >>> nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400)).counted_as("macs").total.count
        48000
        """
        other = replace(self, convention=convention(name))
        for shared in ("_root",):  # the layout is the same in every convention
            other.__dict__[shared] = getattr(self, shared)
        return other

    def conventions(self, *names: str | Convention) -> SideBySide:
        """The same run in these conventions (in all, without names) side by side, and why they differ from ours.

        Ours is this report's convention where that counts FLOPs by rules, else the textbook's.

        >>> import torch, nbcnncost
        >>> table = nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400)).conventions("macs")
        >>> table["macs"].total - table.ours.total == sum(cause.amount for cause in table["macs"].causes)
        True
        """
        return replace(stand_side_by_side(self.trace, self.convention, names), lang=self.look.lang)

    def diff(self, other: Report, *, depth: int | None = None) -> Difference:
        """What changes from this report to another one, layer by layer; with ``depth``, block by block.

        Two conventions may count in different units, FLOPs and MACs; then both numbers are shown, without a
        difference. ``report.diff(other.counted_as(report.convention))`` counts them alike.

        >>> import torch, nbcnncost
        >>> small, large = (nbcnncost.cost(torch.nn.Linear(400, width), (1, 400)) for width in (84, 120))
        >>> small.diff(large).entries[0]
        Linear changed: from 400→84 to 400→120, output 1×84 → 1×120
        """
        if not isinstance(other, Report):
            raise CostError(f"a report is compared with another report, not with {type(other).__name__}")
        if depth is not None and depth < 1:
            raise CostError(f"depth is at least 1, not {depth}")
        before, after = labels_of((self, other))
        return Difference(self, other, (before, after), depth, DifferenceLook(lang=self.look.lang))

    def explain(self, path: str | None = None) -> Explanation:
        """The formula of a layer in symbols, with its numbers, and the result; without a path, the costliest layer's.

        >>> import torch, nbcnncost
        >>> report = nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400))
        >>> print(report.explain().lines[-1])
        2·N_in·N_out = 2·400·120 = 96,000
        """
        leaves = [*self._leaves(), *self._root.closed_places()]
        if path is None:
            number = fold.leading(self)
            path = max(self.rows, key=lambda row: fold.sort_value(row, number)).path
        place = next((leaf for leaf in leaves if leaf.path == path), None)
        if place is None:
            inside = [leaf.path for leaf in leaves if leaf.path.startswith(f"{path}.")]
            if inside:
                raise CostError(f"{path} is a container; ask for one of its layers: {', '.join(inside[:6])}")
            raise CostError(self._unknown_path(path))
        return replace(explain_place(self.trace, place, self.convention), lang=self.look.lang)

    def with_look(
        self,
        *,
        depth: int | None = None,
        sort: str | None = None,
        top: int | None = None,
        columns: Sequence[str] | None = None,
        view: str = "table",
        lang: str | None = None,
    ) -> Report:
        """The same report, showing itself differently; ``view`` is ``"table"``, ``"chart"`` or ``"both"``.

        ``lang`` is ``"en"`` or ``"zh"``: the language of tables, charts and explanations. It stays until it is changed.
        """
        chosen = None if columns is None else tuple(columns)
        check_view(view)
        lang = chosen_lang(lang, self.look.lang)
        for name, number in (("depth", depth), ("top", top)):
            if number is not None and number < 1:
                raise CostError(f"{name} is at least 1, not {number}")
        try:
            check(chosen, sort, has_step=self._step is not None)
        except ValueError as error:
            raise CostError(str(error)) from None
        return replace(self, look=Look(depth, sort, top, chosen, view, lang))

    def plot(self, column: str = "flops", *, by: str = "layer", top: int = 20, depth: int | None = None) -> Chart:
        """A bar chart of ``"flops"``, ``"macs"``, ``"params"`` or ``"count"``, by ``"layer"`` or ``"type"``.

        With ``depth`` layers below it are summed, as in :meth:`tree`. Of a training step ``"step"`` shows the whole.
        """
        from nbcnncost.views.charts import chart

        try:
            return chart(self, column=column, by=by, top=top, depth=depth)
        except ValueError as error:
            raise CostError(str(error)) from None

    def panel(self) -> Panel:
        """The report as an interactive panel in a notebook, where the model's settings can be played with.

        The model is neither changed nor kept; where it is gone, the panel shows everything that the report holds.
        """
        from nbcnncost.panel.widget import Panel

        return Panel(self)

    def __repr__(self) -> str:
        return text.table(self, **self._table_options())

    def _view(self) -> str:
        return self.look.view

    def _table(self) -> str:
        return html.table(self, **self._table_options())

    def _chart(self) -> Chart:
        """The chart of what the table shows: the same column, depth and number of rows."""
        drawn = ("params", "macs", "flops", "count", "step")
        column = self.look.sort if self.look.sort in drawn else fold.leading(self)
        return self.plot(column, top=self.look.top or 20, depth=self.look.depth)

    def _table_options(self) -> dict[str, Any]:
        look = self.look
        return {"depth": look.depth, "sort": look.sort, "top": look.top, "columns": look.columns}

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain values: header, totals and rows."""
        return {
            "model": self.model_name,
            "inputs": [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in self.inputs],
            "mode": self.mode,
            "convention": self.convention.name,
            "unit": self.unit,
            "notes": list(self.notes),
            "failure": None if self.failure is None else self.failure.message,
            **self._training(),
            "total": _plain(self.total),
            "rows": [_plain(row) for row in self.rows],
            "uncounted": [
                {"op": entry.op, "count": entry.count, "paths": list(entry.paths), "reason": entry.reason}
                for entry in self.uncounted
            ],
        }

    def _training(self) -> dict[str, Any]:
        training = self.trace.training
        if training is None:
            return {}
        return {"training": {"optimizer": training.optimizer, "input_grad": training.input_grad}}

    def to_json(self, path: str | Path | None = None) -> str:
        """:meth:`to_dict` as JSON; also written to ``path``, if given."""
        return export.written(as_json(self.to_dict()), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line per row, preceded by the column names; the convention is a column. Also written to ``path``."""
        return export.written(as_csv(self._flat_rows(), [*_plain(self.total), "convention"]), path)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame with one line per row, indexed by path."""
        numbers = [name for name in _plain(self.total) if name.endswith(("macs", "flops", "count"))]
        return as_frame(list(self._flat_rows()), index="path", numbers=numbers)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """The rows as a Markdown table; also written to ``path``, if given."""
        return export.written(export.markdown(self), path)

    def to_latex(self, path: str | Path | None = None) -> str:
        """The rows as a LaTeX ``tabular`` (package booktabs); also written to ``path``, if given."""
        return export.written(export.latex(self), path)

    def _flat_rows(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            plain = _plain(row)
            shapes = {side: shapes_text([spec.shape for spec in getattr(row, side)]) for side in ("inputs", "outputs")}
            yield {**plain, **shapes, "convention": self.convention.name}


def _plain(row: Row) -> dict[str, Any]:
    parts = {} if row.parts is None else {phase: getattr(row, phase) for phase in (*PHASES, "step")}
    return {
        "path": row.path,
        "type": row.type,
        "settings": row.settings,
        "role": row.role,
        "call": row.call,
        "inputs": [list(spec.shape) for spec in row.inputs],
        "outputs": [list(spec.shape) for spec in row.outputs],
        "params": row.params,
        "trainable": row.trainable,
        "macs": row.macs,
        "flops": row.flops,
        "count": row.count,
        "integer_macs": row.integer_macs,
        "unknown": row.unknown,
        **{f"{phase}_{key}": number for phase, amount in parts.items() for key, number in vars(amount).items()},
    }
