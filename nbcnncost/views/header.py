"""What stands above a table: how the model ran, its totals, and how the numbers came about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.units import exact, shape_text, si
from nbcnncost.views.columns import INTEGER_MACS, leading_share
from nbcnncost.views.numbers import partly
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.records import TensorSpec
    from nbcnncost.report import Report

#: What stands above a table whose FLOPs say too little of a layer's part.
_OF_MACS = "shares are of all MACs, since FLOPs leave the integer ones out"
#: What stands above a table of a training step.
GRADIENTS = "gradients of the sum of all outputs"


def summary(report: Report) -> tuple[str, ...]:
    """What everybody wants to know: the input, the totals, and where the run stopped if it did."""
    lines = [_setting(report), _totals(report), *_step(report)]
    if report.failure is not None:
        where = clean(report.failure.path) or clean(report.model_name)
        lines.append(f"✗ stopped at {where}: {clean(report.failure.message)}")
        lines.append("(all numbers are those of the layers up to there)")
    return tuple(lines)


def details(report: Report) -> tuple[str, ...]:
    """How the numbers came about: notes on the input, the convention, and what was counted."""
    integer = (INTEGER_MACS,) if report.total.integer_macs else ()
    of_macs = (_OF_MACS,) if leading_share(report) == "macs_share" else ()
    definition = "" if report.convention.is_whole else ", each by its derivative's definition"
    gradients = (f"{GRADIENTS}{definition}",) if report.total.parts is not None else ()
    return (*map(clean, report.notes), convention_text(report), *integer, *of_macs, clean(report.coverage), *gradients)


def inputs_text(report: Report) -> str:
    """The shapes and dtypes of a report's inputs."""
    return ", ".join(map(spec_text, report.inputs)) or "none"


def mode_text(report: Report) -> str:
    """The mode that the model ran in, and of a training step what belongs to it."""
    mode = _mode(report)
    training = report.trace.training
    if training is None or report.total.parts is None:
        return mode
    more = [training.optimizer or "no optimizer", *(["gradient of the input, too"] if training.input_grad else [])]
    return f"{mode}, training step ({', '.join(more)})"


def convention_text(report: Report) -> str:
    """What counts as what, in one line."""
    return f"convention {clean(report.convention.name)}: {clean(report.convention.title)}"


def spec_text(spec: TensorSpec) -> str:
    """A tensor's shape and dtype."""
    return f"{shape_text(spec.shape)} {spec.dtype}"


def _mode(report: Report) -> str:
    return "each module in its own mode" if report.mode == "same" else f"{report.mode} mode"


def _setting(report: Report) -> str:
    batch = report.trace.batch
    mode = _mode(report)
    training = report.trace.training
    if training is not None and training.input_grad:
        mode += " · gradient of the input, too"
    parts = [f"input {inputs_text(report)}", *([f"batch {batch}"] if batch is not None else []), mode]
    return " · ".join([*parts, *(["run for real"] if report.executed else [])])


def _totals(report: Report) -> str:
    total = report.total
    params = f"{_in_both(total.params)} parameters"
    if total.trainable < total.params:
        split = f"{exact(total.trainable)} trainable, {exact(total.params - total.trainable)} frozen"
        params += f" ({'all frozen' if not total.trainable else split})"
    own = f"{report.unit} by {clean(report.convention.name)}"
    work = {
        own: total.count,
        "MACs": total.macs,
        **({"integer MACs": total.integer_macs} if total.integer_macs else {}),
        "FLOPs" if report.unit == "FLOPs" else "FLOPs (textbook)": total.flops,
    }
    whole = report.convention.is_whole
    if report.unit == "FLOPs" or (total.count == total.macs and not (whole and total.unknown)):
        del work[own]  # the convention's number is one of the other two
        own = report.unit
    lacking = {name: 0 if whole and name == own else total.unknown for name in work}
    numbers = [f"{partly(number, lacking[name], _in_both)} {name}" for name, number in work.items()]
    return " · ".join([params, *numbers])


def _step(report: Report) -> Iterator[str]:
    """A training step's parts, and how many forwards it is."""
    total, training = report.total, report.trace.training
    if training is None or total.parts is None:
        return
    say = speaker(report.look.lang)
    amounts = {"forward": total.forward, "recomputed": total.recomputed, "backward": total.backward}
    words = [f"{say(name)} {partly(amount.count, amount.unknown, si)}" for name, amount in amounts.items()]
    if amounts["recomputed"].count == 0:
        del words[1]
    if total.optimizer.count:
        words.append(f"{say(f'optimizer ({training.optimizer})')} {si(total.optimizer.count)}")
    step, forward = total.step, total.count or 0
    times = f"; {(step.count or 0) / forward:.2f}× forward" if forward else ""
    yield f"training step: {partly(step.count, step.unknown, _in_both)} {report.unit} = {' + '.join(words)}{times}"


def _in_both(number: int) -> str:
    return exact(number) if number < 10_000 else f"{exact(number)} ({si(number)})"
