"""The Comparison: what several models cost, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcnncost.difference import Difference, DifferenceLook
from nbcnncost.entries import NUMBERS
from nbcnncost.errors import CostError
from nbcnncost.parts import STEP, without_step
from nbcnncost.plain import as_csv, as_frame, as_json
from nbcnncost.report import Report
from nbcnncost.rows import Number, Row
from nbcnncost.shown import Shown, check_view, chosen_lang
from nbcnncost.units import shapes_text
from nbcnncost.views import comparison as view
from nbcnncost.views import export, grid

if TYPE_CHECKING:
    import pandas

    from nbcnncost.views.charts import Chart

__all__ = ["Comparison", "ComparisonLook", "ModelRow"]

#: What more than two models can be sorted by.
SORTABLE = ("params", "macs", "integer_macs", "flops", "count", "step")
KINDS = ("scatter", "bars")


@dataclass(frozen=True)
class ModelRow:
    """One model of a comparison: its label and its report.

    ``ratio`` is its work (the training step where all models have one, else FLOPs, or MACs where the conventions count
    those) as a multiple of the first model's; ``None`` where one of the two is not wholly known.
    """

    label: str
    report: Report
    ratio: float | None

    @property
    def total(self) -> Row:
        """The whole network."""
        return self.report.total

    @property
    def has_step(self) -> bool:
        """Whether its report is of a training step."""
        return self.total.parts is not None

    def number(self, name: str) -> Number:
        """One of the totals; of a training step ``None`` where there is none."""
        return None if name in STEP and not self.has_step else self.total.number(name)


@dataclass(frozen=True)
class ComparisonLook:
    """How a comparison shows itself."""

    sort: str | None = None
    view: str = "table"
    lang: str = "en"


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """What several models cost: a table of totals, and of two models every difference.

    >>> import torch, nbcnncost
    >>> both = nbcnncost.compare(torch.nn.Linear(400, 84), torch.nn.Linear(400, 120), input_size=(1, 400))
    >>> [row.total.macs for row in both.rows], both.difference.total.macs
    ([33600, 48000], 14400)
    """

    reports: tuple[Report, ...]
    labels: tuple[str, ...]
    depth: int | None = None
    look: ComparisonLook = field(default_factory=ComparisonLook)
    #: How the difference of two models shows itself.
    difference_look: DifferenceLook = field(default_factory=DifferenceLook)

    @property
    def main(self) -> str:
        """The number that models are compared by.

        ``"step"`` where all are training steps in one unit; else ``"flops"``, or ``"macs"`` where every convention
        counts MACs.
        """
        if all(report.total.parts is not None for report in self.reports) and self.same_unit:
            return "step"
        return "macs" if all(report.unit == "MACs" for report in self.reports) else "flops"

    @property
    def same_unit(self) -> bool:
        """Whether all conventions count in one unit."""
        return len({report.unit for report in self.reports}) == 1

    @property
    def has_step(self) -> bool:
        """Whether any of the reports is of a training step."""
        return any(report.total.parts is not None for report in self.reports)

    @property
    def columns(self) -> tuple[str, ...]:
        """What it can be sorted by; of two models what their difference can."""
        return self.difference.columns if self.is_pair else SORTABLE if self.has_step else SORTABLE[:-1]

    def unit_of(self, name: str) -> str:
        """What one of the numbers counts, and by whose rules where they are not all the same."""
        words = {"params": "parameters", "macs": "MACs", "integer_macs": "integer MACs"}
        if name in words:
            return words[name]
        units = " and ".join(dict.fromkeys(report.unit for report in self.reports))
        unit = "FLOPs" if name == "flops" else f"{units} of a training step"
        beside = name == "flops"  # a convention that counts no FLOPs has the textbook's beside its own number
        own = {"textbook" if beside and report.unit != "FLOPs" else report.convention.name for report in self.reports}
        return f"{unit} ({own.pop()})" if len(own) == 1 else unit

    @cached_property
    def rows(self) -> tuple[ModelRow, ...]:
        """One row per model, in the order in which they were given, or by the column that the look sorts by."""
        first = self.reports[0].total
        rows = [
            ModelRow(label, report, _ratio(report.total, first, self.main))
            for label, report in zip(self.labels, self.reports, strict=True)
        ]
        if self.look.sort is not None:
            column = self.look.sort
            rows.sort(key=lambda row: -(row.number(column) or 0))
        return tuple(rows)

    @property
    def is_pair(self) -> bool:
        """Whether there are two models, so that there is one :attr:`difference`."""
        return len(self.reports) == 2

    @cached_property
    def difference(self) -> Difference:
        """What changes from the first of two models to the second."""
        if not self.is_pair:
            raise CostError(f"a difference has two sides; here are {len(self.reports)}: use report.diff(other)")
        before, after = self.reports
        look = replace(self.difference_look, lang=self.look.lang)
        return Difference(before, after, (self.labels[0], self.labels[1]), self.depth, look)

    def __getitem__(self, label: str) -> Report:
        """The report of a model by its label."""
        if label not in self.labels:
            raise CostError(f"no model is called {label!r}; there are: {', '.join(self.labels)}")
        return self.reports[self.labels.index(label)]

    def with_look(
        self,
        *,
        sort: str | None = None,
        view: str = "table",
        top: int | None = None,
        columns: Sequence[str] | None = None,
        everything: bool = False,
        lang: str | None = None,
    ) -> Comparison:
        """The same comparison, showing itself differently; ``view`` is ``"table"``, ``"chart"`` or ``"both"``.

        Of two models ``sort``, ``top``, ``columns`` and ``everything`` are for the difference, as its own
        ``with_look`` has them. More models are sorted by one of :attr:`columns`, the largest first. ``lang`` is
        ``"en"`` or ``"zh"``; without it the language stays.
        """
        check_view(view)
        lang = chosen_lang(lang, self.look.lang)
        if self.is_pair:
            shown = self.difference.with_look(sort=sort, top=top, columns=columns, everything=everything)
            return replace(self, look=ComparisonLook(None, view, lang), difference_look=shown.look)
        if sort in STEP and not self.has_step:
            raise CostError(without_step(sort))
        if sort is not None and sort not in self.columns:
            raise CostError(f"models are sorted by: {', '.join(self.columns)}; not by {sort!r}")
        if top is not None or columns is not None or everything:
            raise CostError("top, columns and everything are for the difference of two models")
        return replace(self, look=ComparisonLook(sort, view, lang))

    def plot(self, kind: str = "scatter", *, column: str | None = None) -> Chart:
        """A chart of all models: ``"scatter"`` of their work against their parameters, or ``"bars"`` of both.

        ``column`` is the work: ``"flops"`` or ``"macs"``, or ``"step"`` where all models are training steps in one
        unit. The difference of two models has a chart of its own: ``comparison.difference.plot()``.
        """
        from nbcnncost.views.bars import comparison_bars
        from nbcnncost.views.scatter import scatter

        if kind not in KINDS:
            raise CostError(f"there is no chart {kind!r}; there are: {', '.join(KINDS)}")
        works = ("flops", "macs", *(["step"] if self.main == "step" else []))
        if column is not None and column not in works:
            raise CostError(f"the work is {' or '.join(map(repr, works))}, not {column!r}")
        return (scatter if kind == "scatter" else comparison_bars)(self, column=column or self.main)

    def __repr__(self) -> str:
        parts = [grid.text(view.build(self))]
        if self.is_pair:
            parts.append(grid.text(view.build_difference(self)))
        return "\n\n".join(parts)

    def _view(self) -> str:
        return self.look.view

    def _table(self) -> str:
        tables = [view.build(self), *([view.build_difference(self)] if self.is_pair else [])]
        return "\n".join(map(grid.html, tables))

    def _chart(self) -> Chart:
        """Of two models the chart of their difference says more than two points."""
        return self.difference._chart() if self.is_pair else self.plot()

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain values: the models' totals, and of two models their difference."""
        models = [{**plain, "inputs": _inputs(row.report)} for plain, row in zip(self._lines(), self.rows, strict=True)]
        return {"models": models, "difference": self.difference.to_dict() if self.is_pair else None}

    def to_json(self, path: str | Path | None = None) -> str:
        """:meth:`to_dict` as JSON; also written to ``path``, if given."""
        return export.written(as_json(self.to_dict()), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line per model, preceded by the column names. Also written to ``path``, if given."""
        rows = self._lines()
        return export.written(as_csv(rows, list(rows[0])), path)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame with one line per model, indexed by label; numbers are nullable integers."""
        return as_frame(self._lines(), index="label", numbers=(*self._names, "unknown"))

    def to_markdown(self, path: str | Path | None = None) -> str:
        """The table of totals in Markdown; also written to ``path``, if given."""
        return export.written(grid.markdown(view.build(self)), path)

    def to_latex(self, path: str | Path | None = None) -> str:
        """The table of totals as a LaTeX ``tabular`` (package booktabs); also written to ``path``, if given."""
        return export.written(grid.latex(view.build(self)), path)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*NUMBERS, *(STEP if self.has_step else ()))

    def _lines(self) -> list[dict[str, Any]]:
        return [_plain(row, self._names) for row in self.rows]


def _ratio(total: Row, first: Row, name: str) -> float | None:
    part, whole = total.number(name), first.number(name)
    if part is None or not whole or total.lacks(name) or first.lacks(name):
        return None
    return part / whole


def _inputs(report: Report) -> list[dict[str, Any]]:
    return [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in report.inputs]


def _plain(row: ModelRow, names: Sequence[str]) -> dict[str, Any]:
    report = row.report
    return {
        "label": row.label,
        "model": report.model_name,
        "inputs": shapes_text([spec.shape for spec in report.inputs]),
        "mode": report.mode,
        "convention": report.convention.name,
        "unit": report.unit,
        **{name: row.number(name) for name in names},
        "unknown": row.total.unknown,
        **({"step_unknown": row.total.lacks("step") if row.has_step else None} if "step" in names else {}),
        "ratio": row.ratio,
    }
