"""Rows: places with their numbers in one convention."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

from nbcnncost.conventions import Convention, textbook
from nbcnncost.errors import CostError
from nbcnncost.layout import Place
from nbcnncost.parts import Amount, Counts, Number, Parts, parts_of
from nbcnncost.parts import add_known as _sum
from nbcnncost.records import OpRecord, TensorSpec, Trace
from nbcnncost.units import exact

__all__ = ["Counts", "Number", "Row", "count_ops", "count_step", "leaf_row", "sum_rows", "tree_rows", "why_no_step"]

_FORWARD_ALONE = "this report is of a forward alone; cost(model, size, training=True) has a training step"


@dataclass(frozen=True, repr=False)
class Row:
    """One line of a report.

    ``path`` names a module (``"layer1.0.conv1"``) or a function in a container's own forward
    (``"layer1.0.add()"``). ``role`` is ``"layer"``, ``"function"``, ``"module"`` (a container's sum), ``"unused"``
    (parameters that nothing used), ``"type"`` (a sum by type) or ``"total"``. ``call`` of ``calls`` counts the calls
    of a shared module. ``macs`` are multiply-accumulates, among them the ``integer_macs`` of quantized layers, which
    are no FLOPs; ``flops`` are floating-point operations, ``count`` the convention's own number. ``None`` means that
    nothing is known, and ``unknown`` how many operations no rule knows: with some known and some not, the number is
    what is known. A ``closed`` container is one layer to its user: tables show what is inside only when asked.

    Of a training step these are the forward's; ``parts`` hold the rest, and ``forward``, ``recomputed``,
    ``backward_inputs``, ``backward_weights``, ``backward``, ``optimizer`` and their sum ``step`` are each an
    :class:`~nbcnncost.parts.Amount`: ``row.step.flops``. ``no_step`` says why a training step's report has none.
    """

    path: str
    name: str
    depth: int
    type: str
    settings: str
    role: str
    call: int = 1
    calls: int = 1
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    params: int = 0
    trainable: int = 0
    macs: Number = 0
    flops: Number = 0
    count: Number = 0
    unknown: int = 0
    failed: bool = False
    is_leaf: bool = True
    integer_macs: Number = 0
    closed: bool = False
    parts: Parts | None = None
    no_step: str = ""

    def __repr__(self) -> str:
        kind = " ".join(part for part in (self.type, self.settings) if part and part != self.path)
        counts = [
            f"{_exact(number, self.unknown)} {name}" for number, name in ((self.macs, "MACs"), (self.flops, "FLOPs"))
        ]
        if self.parts is not None:
            counts.append(f"{_exact(self.step.flops, self.step.unknown)} FLOPs a training step")
        return " · ".join(part for part in (self.path, kind, f"{exact(self.params)} parameters", *counts) if part)

    @property
    def frozen(self) -> int:
        """Parameters that are not trained."""
        return self.params - self.trainable

    @property
    def forward(self) -> Amount:
        """The forward, computed once."""
        return Amount(self.macs, self.flops, self.count, self.unknown)

    @property
    def recomputed(self) -> Amount:
        """What gradient checkpointing computes a second time."""
        return self._parts.recomputed

    @property
    def backward_inputs(self) -> Amount:
        """The gradients of what flows through the layer."""
        return self._parts.backward_inputs

    @property
    def backward_weights(self) -> Amount:
        """The gradients of its weights."""
        return self._parts.backward_weights

    @property
    def backward(self) -> Amount:
        """All gradients."""
        return self.backward_inputs + self.backward_weights

    @property
    def optimizer(self) -> Amount:
        """The optimizer's work on its parameters."""
        return self._parts.optimizer

    @property
    def step(self) -> Amount:
        """A whole training step."""
        return self.forward + self._parts.total

    def number(self, name: str) -> Number:
        """One of the numbers by its name; of a part of a training step the convention's own count."""
        value: Number | Amount = getattr(self, name)
        return value.count if isinstance(value, Amount) else value

    def lacks(self, name: str) -> int:
        """How many operations without a rule one of the numbers leaves out."""
        if name in ("params", "trainable", "frozen"):
            return 0
        value: Number | Amount = getattr(self, name)
        return value.unknown if isinstance(value, Amount) else self.unknown

    @property
    def _parts(self) -> Parts:
        if self.parts is None:
            raise CostError(self.no_step or _FORWARD_ALONE)
        return self.parts


def count_ops(trace: Trace, convention: Convention) -> Counts:
    """Count every operation once; FLOPs are the convention's where it counts FLOPs, else the textbook's."""
    return _counts(trace.ops, convention.counts(trace), convention, lambda: textbook.counts(trace))


def count_step(trace: Trace, convention: Convention) -> Counts | None:
    """The same for what a training step does besides its forward; ``None`` where that is not counted."""
    if trace.training is None or not convention.counts_steps:
        return None
    ops, count = trace.training.ops, convention.step_counts(trace)
    return _counts(ops, count, convention, lambda: textbook.step_counts(trace))


def _counts(
    ops: Sequence[OpRecord],
    count: tuple[Number, ...],
    convention: Convention,
    by_textbook: Callable[[], tuple[Number, ...]],
) -> Counts:
    works = tuple(map(convention.work, ops))
    macs = tuple(None if work is None else work.all_macs for work in works)
    flops = count if convention.unit == "FLOPs" else by_textbook()
    integer = tuple(0 if work is None else work.integer_macs for work in works)
    return Counts(macs, flops, count, integer)


def why_no_step(trace: Trace, convention: Convention) -> str:
    """Why a training step has no number in a convention; empty where it has one, or where nothing was trained."""
    if trace.training is None or convention.counts_steps:
        return ""
    return f"{convention.name} counts no backward pass, its number is of a forward; textbook and macs count whole steps"


def leaf_row(place: Place, trace: Trace, counts: Counts, step: Counts | None = None, no_step: str = "") -> Row:
    """A place without children, with its numbers; ``step`` counts the operations of a training step."""
    params = [trace.params[index] for index in place.params]
    known = not place.failed  # what a layer that failed would have cost, nobody knows
    return Row(
        place.path,
        place.name,
        place.depth,
        place.type,
        place.settings,
        place.role,
        place.call,
        place.calls,
        place.inputs,
        place.outputs,
        sum(param.numel for param in params),
        sum(param.numel for param in params if param.trainable),
        _sum(counts.macs[index] for index in place.ops) if known else None,
        _sum(counts.flops[index] for index in place.ops) if known else None,
        _sum(counts.count[index] for index in place.ops) if known else None,
        sum(counts.macs[index] is None for index in place.ops),
        place.failed,
        integer_macs=sum(counts.integer_macs[index] for index in place.ops) if known else None,
        parts=None if trace.training is None or step is None else parts_of(trace.training.ops, step, place.step),
        no_step=no_step,
    )


def sum_rows(rows: Sequence[Row], *, like: Row) -> Row:
    """``like`` with the sums of these rows."""
    return replace(
        like,
        params=sum(row.params for row in rows),
        trainable=sum(row.trainable for row in rows),
        macs=_sum(row.macs for row in rows),
        flops=_sum(row.flops for row in rows),
        count=_sum(row.count for row in rows),
        integer_macs=_sum(row.integer_macs for row in rows),
        unknown=sum(row.unknown for row in rows),
        failed=any(row.failed for row in rows),
        parts=_sum_parts(rows),
        no_step=next((row.no_step for row in rows), ""),
    )


def _sum_parts(rows: Sequence[Row]) -> Parts | None:
    parts = [row.parts for row in rows if row.parts is not None]
    return reduce(add, parts) if parts else None


def tree_rows(place: Place, leaf: Callable[[Place], Row], depth: int | None) -> list[Row]:
    """A container's row with its sums, then everything below it; below ``depth`` nothing is shown apart.

    ``leaf`` gives the row of a place without children.
    """
    if not place.children:
        return [leaf(place)]
    folded = depth is not None and place.depth >= depth
    bare = Row(
        place.path,
        place.name,
        place.depth,
        place.type,
        place.settings,
        "module",
        place.call,
        place.calls,
        place.inputs,
        place.outputs,
        failed=place.failed,
        is_leaf=folded,
        closed=place.closed,
    )
    row = sum_rows([leaf(below) for below in place.leaves()], like=bare)
    if folded:
        return [row]
    return [row, *(entry for child in place.children for entry in tree_rows(child, leaf, depth))]


def _exact(number: Number, unknown: int) -> str:
    return "?" if number is None else f"{exact(number)} + ?" if unknown else exact(number)
