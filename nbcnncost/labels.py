"""What to call several reports beside each other: the model's name where names differ, else what does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.units import exact, shapes_text

if TYPE_CHECKING:
    from nbcnncost.report import Report


def labels_of(reports: Sequence[Report]) -> tuple[str, ...]:
    """A label for each report, all different: ``("LeNet at 1×1×28×28", "LeNet at 1×1×32×32")``.

    It is in the first report's language.
    """
    say = speaker(reports[0].look.lang)
    labels = [report.model_name for report in reports]
    for facet in (_input, _dtype, _step, _mode, _convention, _parameters):
        labels = _told_apart(labels, [say(facet(report)) for report in reports])
    seen: Counter[str] = Counter()
    repeated = Counter(labels)
    for position, label in enumerate(labels):
        seen[label] += 1
        if repeated[label] > 1:
            labels[position] = f"{label} ({seen[label]})"
    return tuple(labels)


def _told_apart(labels: list[str], facets: Sequence[str]) -> list[str]:
    """The labels, with the facet added where it differs among those that are equal so far."""
    different: dict[str, set[str]] = {}
    for label, facet in zip(labels, facets, strict=True):
        different.setdefault(label, set()).add(facet)
    return [
        _beside(label, facet) if len(different[label]) > 1 else label
        for label, facet in zip(labels, facets, strict=True)
    ]


def _beside(label: str, facet: str) -> str:
    """Both; where facets stand in brackets, as in Chinese, in one pair of them."""
    return f"{label}{facet}".replace("）（", "，")


def _input(report: Report) -> str:
    return f" at {shapes_text([spec.shape for spec in report.inputs]) or 'no input'}"


def _dtype(report: Report) -> str:
    return f" in {', '.join(dict.fromkeys(spec.dtype for spec in report.inputs))}"


def _step(report: Report) -> str:
    training = report.trace.training
    if training is None or report.total.parts is None:
        return " in a forward"
    gradient = " and its input's gradient" if training.input_grad else ""
    return f" in a step with {training.optimizer or 'no optimizer'}{gradient}"


def _mode(report: Report) -> str:
    return " in each module's own mode" if report.mode == "same" else f" in {report.mode} mode"


def _convention(report: Report) -> str:
    return f" by {report.convention.name}"


def _parameters(report: Report) -> str:
    return f" with {exact(report.total.params)} parameters"
