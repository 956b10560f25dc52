"""The plain functions: what a model costs, from Python."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from nbcnncost.comparison import Comparison, ComparisonLook
from nbcnncost.conventions import Convention
from nbcnncost.conventions import convention as named_convention
from nbcnncost.errors import CostError, UncountedOpWarning
from nbcnncost.labels import labels_of
from nbcnncost.languages import language_here, translate
from nbcnncost.optimizers import OPTIMIZERS
from nbcnncost.records import Trace
from nbcnncost.report import Look, Report
from nbcnncost.source import source_of
from nbcnncost.units import plural

if TYPE_CHECKING:
    from torch import nn


class Attempt(NamedTuple):
    """A report, complete or up to where the run stopped, and the error that stopped it.

    ``error`` is a :class:`CostError` with ``report`` set where the reason is known, else what the model's own
    forward raised, unchanged.
    """

    report: Report
    error: Exception | None


def cost(
    model: nn.Module,
    input_size: Any = None,
    *,
    input_data: Any = None,
    dtypes: Any = None,
    batch_size: int | None = None,
    mode: str | None = None,
    convention: str | Convention = "textbook",
    execute: bool = False,
    training: bool = False,
    optimizer: str | None = "sgd",
    input_grad: bool = False,
) -> Report:
    """What a model costs for an input of this size: parameters, MACs and FLOPs of every layer.

    The model is run once on tensors without values: nothing is computed, and the model is left as it is.

    ``input_size`` is a shape, ``(1, 3, 224, 224)``, or one image's, ``(3, 224, 224)``; a list of shapes for several
    inputs, a dict for keyword arguments; or text, ``"3x224x224"``. Without it the sizes that courses and papers use
    are tried. ``input_data`` gives the inputs themselves instead: a tensor, or a tuple of arguments whose last may be
    a dict. ``dtypes`` and ``batch_size`` go with ``input_size``. ``mode`` is ``"eval"``, ``"train"``, or ``"same"``
    to leave each module as it stands. ``convention`` names what counts as what: ``"textbook"`` or ``"macs"``.
    ``execute`` runs a copy of the model for real, for a forward that depends on values.

    With ``training`` the report is of a training step, in train mode: the forward, the gradients of the sum of all
    outputs as autograd computes them (none for frozen layers, nothing below the first layer that needs one), and the
    step of an ``optimizer``: ``"sgd"``, ``"momentum"``, ``"adam"``, ``"adamw"`` or ``None``. ``input_grad`` asks for
    the gradient of the model's input, too. ``report.total.step`` is their sum; ``flops`` stays the forward's.

    Raises :class:`~nbcnncost.errors.CostError` with one sentence on what to do; its ``report`` holds the layers up to
    where the run stopped. What the model's own forward raises passes through unchanged; :func:`attempt` gives the
    layers up to there as well.

    >>> import torch
    >>> report = cost(torch.nn.Conv2d(3, 64, 7, stride=2, padding=3), (3, 224, 224))
    >>> report.total.params, report.total.macs, report.total.flops
    (9472, 118013952, 236027904)
    >>> step = cost(torch.nn.Linear(400, 120), (1, 400), training=True).total  # its input needs no gradient
    >>> step.forward.macs, step.backward_inputs.macs, step.backward_weights.macs, step.optimizer.flops
    (48000, 0, 48000, 96240)
    """
    report, error = attempt(
        model,
        input_size,
        input_data=input_data,
        dtypes=dtypes,
        batch_size=batch_size,
        mode=mode,
        convention=convention,
        execute=execute,
        training=training,
        optimizer=optimizer,
        input_grad=input_grad,
        lang=language_here(),
    )
    if error is not None:
        raise error
    return report


def trace(model: nn.Module, input_size: Any = None, **options: Any) -> Trace:
    """The facts of one run, before anything is counted; the options are those of :func:`cost`.

    >>> import torch
    >>> trace(torch.nn.Linear(4, 2), (1, 4)).ops[-1].kind
    'linear'
    """
    return cost(model, input_size, **options).trace


def compare(
    *models: Any,
    input_size: Any = None,
    input_data: Any = None,
    dtypes: Any = None,
    batch_size: int | None = None,
    mode: str | None = None,
    convention: str | Convention = "textbook",
    execute: bool = False,
    training: bool = False,
    optimizer: str | None = "sgd",
    input_grad: bool = False,
    labels: Sequence[str] | None = None,
) -> Comparison:
    """What several models cost, side by side; of two, what differs layer by layer.

    Each is a model, which is run with the options of :func:`cost`; a pair ``(model, input_size)``, for an input of
    its own; or a report, which stays as it is: one model in two conventions, modes or dtypes is two reports.
    ``labels`` are what the models are called; without them they have their class's name and what tells them apart.
    With ``training`` the training steps are compared; beside a report of a forward alone only the forwards are.

    Raises :class:`~nbcnncost.errors.CostError` with the model's label where one of them cannot be run.

    >>> import torch
    >>> both = compare(torch.nn.Conv2d(3, 8, 3), torch.nn.Conv2d(3, 8, 5), input_size=(3, 32, 32))
    >>> both.difference.total.macs == 28*28*8*3*5*5 - 30*30*8*3*3*3
    True
    """
    if not models:
        raise CostError("give the models to compare: compare(net_a, net_b, input_size=(3, 224, 224))")
    names = _given_labels(labels, len(models))
    options: dict[str, Any] = {
        "dtypes": dtypes,
        "batch_size": batch_size,
        "mode": mode,
        "convention": convention,
        "execute": execute,
        "training": training,
        "optimizer": optimizer,
        "input_grad": input_grad,
    }
    reports = []
    for position, entry in enumerate(models):
        model, own_size = _model_and_size(entry)
        if isinstance(model, Report):
            reports.append(model)
            continue
        given = (
            {"input_size": own_size} if own_size is not None else {"input_size": input_size, "input_data": input_data}
        )
        try:
            reports.append(cost(model, **given, **options))
        except CostError as error:
            name = names[position] if names else f"model {position + 1}, {type(model).__name__}"
            raise error.about(name) from error.__cause__
    look = ComparisonLook(lang=reports[0].look.lang)
    return Comparison(tuple(reports), names or labels_of(reports), look=look)


def _given_labels(labels: Sequence[str] | None, number: int) -> tuple[str, ...] | None:
    if labels is None:
        return None
    names = tuple(map(str, labels))
    if isinstance(labels, str) or len(names) != number or len(set(names)) != number:
        raise CostError(f"labels are {number} different names, one for each model; not so {labels!r}")
    return names


def _model_and_size(entry: Any) -> tuple[Any, Any]:
    """A model (or report) and the input size that is its own, if it stands in a pair with one."""
    if not isinstance(entry, (tuple, list)):
        return entry, None
    if len(entry) != 2 or any(callable(part) or isinstance(part, Report) for part in entry[1:]):
        raise CostError("give models one by one, as in compare(*models), or in pairs: compare((net, (3, 32, 32)), …)")
    if isinstance(entry[0], Report):
        raise CostError("a report has its input already: give the model, or the report without a size")
    return entry[0], entry[1]


def attempt(
    model: nn.Module,
    input_size: Any = None,
    *,
    input_data: Any = None,
    dtypes: Any = None,
    batch_size: int | None = None,
    mode: str | None = None,
    convention: str | Convention = "textbook",
    execute: bool = False,
    training: bool = False,
    optimizer: str | None = "sgd",
    input_grad: bool = False,
    lang: str = "en",
) -> Attempt:
    """As :func:`cost`, but a run that stops gives its partial report beside the error.

    ``lang`` is the language of the report and of the warning about operations without a rule.
    Raises :class:`~nbcnncost.errors.CostError` only where no run could begin.
    """
    from nbcnncost.tracing.attempt import trace_model
    from nbcnncost.tracing.step import Wanted

    chosen = named_convention(convention)
    mode = _mode(mode, training)
    optimizer = _optimizer(optimizer)
    if input_grad and not training:
        raise CostError("input_grad belongs to a training step: give training=True")
    wanted = Wanted(optimizer, input_grad) if training else None
    if input_size is not None and input_data is not None:
        raise CostError("give either input_size or input_data, not both")
    done = trace_model(
        model,
        input_size,
        input_data=input_data,
        dtypes=dtypes,
        batch_size=batch_size,
        mode=mode,
        execute=execute,
        wanted=wanted,
    )
    options = {
        "mode": mode,
        "execute": execute,
        "training": training,
        "optimizer": optimizer,
        "input_grad": input_grad,
    }
    source = source_of(model, done.args, done.kwargs, options)
    report = Report(done.trace, chosen, Look(lang=lang), source)
    if isinstance(done.error, CostError):
        done.error.report = report
    _warn_of_uncounted(report)
    return Attempt(report, done.error)


def _mode(mode: str | None, training: bool) -> str:
    """The mode to run in: as given, else what training or its absence implies."""
    if mode is None:
        return "train" if training else "eval"
    if mode not in ("eval", "train", "same"):
        raise CostError(f"mode is 'eval', 'train' or 'same', not {mode!r}")
    if training and mode == "eval":
        raise CostError(
            "a training step runs in train mode; leave mode out, or give mode='same' for modules as they are"
        )
    return mode


def _optimizer(name: Any) -> str | None:
    if name is not None and not isinstance(name, str):
        given = f"the class {name.__name__}" if isinstance(name, type) else f"an object of {type(name).__name__}"
        raise CostError(f"optimizer is a name ({', '.join(OPTIMIZERS)}) or None, not {given}")
    if name is not None and name not in OPTIMIZERS:
        near = difflib.get_close_matches(str(name).lower(), OPTIMIZERS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ";"
        raise CostError(f"there is no optimizer {name!r}{hint} there are: {', '.join(OPTIMIZERS)}, or None")
    return name


def _warn_of_uncounted(report: Report) -> None:
    """One warning for all operations that no rule knows: the totals are then a lower bound.

    It names no line of code: whichever called, what to look at is the model.
    """
    if report.uncounted:
        reasons = {entry.name: entry.reason for entry in report.uncounted}
        names = ", ".join(f"{name} ({reason})" if reason else name for name, reason in reasons.items())
        number = plural(sum(entry.count for entry in report.uncounted), "operation")
        sentence = (
            f"{number} of {report.model_name} without a rule, left out of the totals: {names}; "
            f"see report.uncounted, or give a rule: textbook.with_rules({{'{report.uncounted[0].key}': '2 * n'}})"
        )
        warnings.warn_explicit(
            translate(sentence, report.look.lang),
            UncountedOpWarning,
            filename="nbcnncost",
            lineno=0,
            module="nbcnncost",
        )
