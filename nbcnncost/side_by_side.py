"""One run in every convention: whose number it is, how far from ours, and why, to the digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbcnncost.causes import Cause, find_causes
from nbcnncost.conventions import CONVENTIONS, Convention, Peer, convention, textbook
from nbcnncost.errors import CostError
from nbcnncost.records import TensorSpec, Trace
from nbcnncost.shown import Shown, check_view, chosen_lang
from nbcnncost.views import side_by_side
from nbcnncost.views.export import written

if TYPE_CHECKING:
    from nbcnncost.views.charts import Chart


@dataclass(frozen=True)
class Standing:
    """What one convention says of a model, beside ours.

    ``total`` counts in ``unit``; ``says`` is what the tool itself calls that. The amounts of ``causes`` add up to
    ``total`` − ``beside``, our number of the same thing: in a training step that of the forward where the tool counts
    no backward (``forward_alone``). ``notes`` are the tool's faults that touch the parameters.
    """

    name: str
    title: str
    unit: str
    says: str
    total: int
    params: int
    causes: tuple[Cause, ...]
    notes: tuple[str, ...] = ()
    beside: int = 0
    forward_alone: bool = False

    @property
    def ratio(self) -> float | None:
        """The total as a multiple of ours; ``None`` where ours is 0."""
        return self.total / self.beside if self.beside else None

    @property
    def covers(self) -> str:
        """What of a training step is counted: ``"step"`` or ``"forward"``."""
        return "forward" if self.forward_alone else "step"


@dataclass(frozen=True, repr=False)
class SideBySide(Shown):
    """One run in several conventions; ``ours`` is the standing that all others are compared with.

    Of a training step (``is_step``) the totals are of the whole step, and of the forward alone in the conventions of
    tools that count no backward.

    >>> import torch, nbcnncost
    >>> table = nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400)).conventions()
    >>> table["macs"].total, table.ratio("macs")
    (48000, 0.5)
    >>> [(cause.amount, cause.label) for cause in table["macs"].causes]
    [(-48000, 'multiply-accumulates: 1 each instead of 2')]
    """

    model_name: str
    inputs: tuple[TensorSpec, ...]
    ours: Standing
    standings: tuple[Standing, ...]
    unknown: int = 0
    view: str = "table"
    charted: str | None = None
    is_step: bool = False
    lang: str = "en"

    def __getitem__(self, name: str) -> Standing:
        """The standing of a convention by its name."""
        found = next((entry for entry in self.standings if entry.name == name), None)
        if found is None:
            raise CostError(
                f"there is no {name!r} in this table; there are: {', '.join(s.name for s in self.standings)}"
            )
        return found

    def __iter__(self) -> Iterator[Standing]:
        return iter(self.standings)

    def __len__(self) -> int:
        return len(self.standings)

    def ratio(self, name: str) -> float | None:
        """A convention's total as a multiple of ours; ``None`` where ours is 0."""
        return self[name].ratio

    def plot(self, name: str | None = None) -> Chart:
        """A waterfall from our total to that of a convention, a step for each cause; without a name all totals."""
        from nbcnncost.views.waterfall import totals, waterfall

        return totals(self) if name is None else waterfall(self, self[name])

    def with_look(self, *, view: str = "table", name: str | None = None, lang: str | None = None) -> SideBySide:
        """The same table, showing itself as ``"table"``, ``"chart"`` or ``"both"``; the chart is ``plot(name)``.

        ``lang`` is ``"en"`` or ``"zh"``; without it the language stays.
        """
        check_view(view)
        if name is not None:
            self[name]  # one that is not there is told now, not when it is drawn
        return replace(self, view=view, charted=name, lang=chosen_lang(lang, self.lang))

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain values."""
        return {
            "model": self.model_name,
            "inputs": [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in self.inputs],
            "ours": self.ours.name,
            "conventions": [self._plain(standing) for standing in self.standings],
        }

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line for each cause of each convention, preceded by the column names; also written to ``path``."""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        covers = ["covers"] if self.is_step else []
        writer.writerow(["convention", "total", "unit", *covers, "params", "ratio", "amount", "cause"])
        for entry in self.standings:
            covered = [entry.covers] if self.is_step else []
            start = (entry.name, entry.total, entry.unit, *covered, entry.params, entry.ratio)
            writer.writerows((*start, cause.amount, cause.label) for cause in entry.causes or (Cause("", 0),))
        return written(lines.getvalue(), path)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """A Markdown table; also written to ``path``, if given."""
        return written(side_by_side.markdown(self), path)

    def _plain(self, entry: Standing) -> dict[str, Any]:
        causes = [{"amount": cause.amount, "cause": cause.label, "fault": cause.fault} for cause in entry.causes]
        numbers = {"total": entry.total, "unit": entry.unit, "params": entry.params, "ratio": entry.ratio}
        covers = {"covers": entry.covers} if self.is_step else {}
        return {
            "name": entry.name,
            "title": entry.title,
            **numbers,
            **covers,
            "causes": causes,
            "notes": list(entry.notes),
        }

    def __repr__(self) -> str:
        return side_by_side.text(self)

    def _view(self) -> str:
        return self.view

    def _table(self) -> str:
        return side_by_side.html(self)

    def _chart(self) -> Chart:
        return self.plot(self.charted)


def stand_side_by_side(trace: Trace, base: Convention, names: tuple[str | Convention, ...]) -> SideBySide:
    """The run of a trace in these conventions (in all, without names), each compared with ``base``."""
    ours = base if base.unit == "FLOPs" and not isinstance(base, Peer) else textbook
    chosen = [convention(name) for name in names] or list(CONVENTIONS.values())
    others = [entry for place, entry in enumerate(chosen) if entry not in (ours, *chosen[:place])]
    standings = tuple(_standing(trace, ours, entry) for entry in (ours, *others))
    besides = () if trace.training is None else trace.training.ops
    unknown = sum(ours.work(op) is None for op in (*trace.ops, *besides))
    return SideBySide(
        trace.model_name, trace.inputs, standings[0], standings, unknown, is_step=trace.training is not None
    )


def _about_params(peer: Peer, *, too_many: bool) -> Iterator[str]:
    """The faults of a tool that explain too many or too few parameters."""
    for key, sentence in peer.faults.items():
        if key.startswith("parameters") and (key == "parameters_repeated") is too_many:
            yield sentence


def _standing(trace: Trace, ours: Convention, theirs: Convention) -> Standing:
    total, beside = _total(trace, theirs, theirs), _total(trace, ours, theirs)
    params = theirs.params(trace)
    notes: tuple[str, ...] = ()
    if params != ours.params(trace) and isinstance(theirs, Peer):
        notes = tuple(_about_params(theirs, too_many=params > ours.params(trace)))
    says = theirs.says if isinstance(theirs, Peer) else theirs.unit
    causes = find_causes(trace, ours, theirs) if theirs is not ours else ()
    forward_alone = trace.training is not None and not theirs.counts_steps
    return Standing(theirs.name, theirs.title, theirs.unit, says, total, params, causes, notes, beside, forward_alone)


def _total(trace: Trace, ours: Convention, theirs: Convention) -> int:
    """Our number of what ``theirs`` counts: of a training step the whole, or the forward alone."""
    step = ours.step_counts(trace) if theirs.counts_steps else ()
    return sum(number or 0 for number in (*ours.counts(trace), *step))
