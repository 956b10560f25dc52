"""Rows: places with their numbers in one convention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from nbcnncost.conventions import Convention, textbook
from nbcnncost.layout import Place
from nbcnncost.records import TensorSpec, Trace
from nbcnncost.units import exact

Number = int | None


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

    def __repr__(self) -> str:
        kind = " ".join(part for part in (self.type, self.settings) if part and part != self.path)
        counts = [
            f"{_exact(number, self.unknown)} {name}" for number, name in ((self.macs, "MACs"), (self.flops, "FLOPs"))
        ]
        return " · ".join(part for part in (self.path, kind, f"{exact(self.params)} parameters", *counts) if part)

    @property
    def frozen(self) -> int:
        """Parameters that are not trained."""
        return self.params - self.trainable


@dataclass(frozen=True)
class Counts:
    """What each operation of a trace counts as: ``macs``, ``flops`` and the convention's own ``count``."""

    macs: tuple[Number, ...]
    flops: tuple[Number, ...]
    count: tuple[Number, ...]
    integer_macs: tuple[int, ...]


def count_ops(trace: Trace, convention: Convention) -> Counts:
    """Count every operation once; FLOPs are the convention's where it counts FLOPs, else the textbook's."""
    count = convention.counts(trace)
    works = tuple(map(convention.work, trace.ops))
    macs = tuple(None if work is None else work.all_macs for work in works)
    integer = tuple(0 if work is None else work.integer_macs for work in works)
    flops = count if convention.unit == "FLOPs" else textbook.counts(trace)
    return Counts(macs, flops, count, integer)


def leaf_row(place: Place, trace: Trace, counts: Counts) -> Row:
    """A place without children, with its numbers."""
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
        sum(counts.count[index] is None for index in place.ops),
        place.failed,
        integer_macs=sum(counts.integer_macs[index] for index in place.ops) if known else None,
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
    )


def tree_rows(place: Place, trace: Trace, counts: Counts, depth: int | None) -> list[Row]:
    """A container's row with its sums, then everything below it; below ``depth`` nothing is shown apart."""
    if not place.children:
        return [leaf_row(place, trace, counts)]
    below = [row for child in place.children for row in tree_rows(child, trace, counts, None)]
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
    row = sum_rows([entry for entry in below if entry.is_leaf], like=bare)
    if folded:
        return [row]
    if depth is None:
        return [row, *below]
    return [row, *(entry for child in place.children for entry in tree_rows(child, trace, counts, depth))]


def _exact(number: Number, unknown: int) -> str:
    return "?" if number is None else f"{exact(number)} + ?" if unknown else exact(number)


def _sum(numbers: Iterable[Number]) -> Number:
    """The sum of what is known; ``None`` where something is unknown and nothing else counts."""
    numbers = list(numbers)
    known = sum(number for number in numbers if number is not None)
    return None if known == 0 and None in numbers else known
