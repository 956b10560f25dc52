"""Why two conventions differ on one run: the difference of their totals, split into what makes it, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbcnncost.conventions import Convention, Part, Peer, symbol_values
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import OpRecord, Trace

_ONE_FOR_TWO = "multiply-accumulates: 1 each instead of 2"
_BIASES = "biases: one addition for each output"


@dataclass(frozen=True)
class Cause:
    """One reason for a difference: ``amount`` is what it adds (or, negative, takes away).

    ``operations`` is how many operations it concerns. ``fault`` is true for a fault of the tool, false for a choice
    that it makes; ``right`` is then what its number would be without the fault, 0 where that is not known.
    """

    label: str
    amount: int
    operations: int = 0
    fault: bool = False
    right: int = 0

    @property
    def factor(self) -> float | None:
        """What a fault makes of the right number: 4.0 for one that is four times too large."""
        return (self.right + self.amount) / self.right if self.fault and self.right else None


@dataclass(frozen=True)
class _Spot:
    """Operations that are compared as one: nearly always a single one, else those of a module counted as a whole."""

    first: int
    ours: int
    macs: int
    biases: int
    theirs: int
    parts: tuple[Part, ...]
    whole: bool


def find_causes(trace: Trace, ours: Convention, theirs: Convention) -> tuple[Cause, ...]:
    """What makes ``theirs`` differ from ``ours`` (which counts FLOPs), the largest first; the amounts add up."""
    once = theirs.unit == "MACs"
    heard = tuple(theirs.hears(trace)) if isinstance(theirs, Peer) else ()
    parts = tuple(_corrected(part) for part in heard)
    counts = _sums(trace, parts) if isinstance(theirs, Peer) else theirs.counts(trace)
    groups: dict[tuple[object, ...], list[_Spot]] = {}
    for spot in _spots(trace, ours, counts, parts):
        if _rest(spot, once):
            groups.setdefault(_group(trace, spot, once), []).append(spot)
    causes = [_cause(trace, ours, theirs, spots, once) for spots in groups.values()]
    if isinstance(theirs, Peer):
        causes += _own_doing(theirs, heard)
    works = [work for work in map(ours.work, trace.ops) if work is not None and work.macs]
    if once and works:
        causes.append(Cause(_ONE_FOR_TWO, -sum(work.macs for work in works), len(works)))
    return tuple(sorted(_merged(causes), key=lambda cause: (-abs(cause.amount), cause.label)))


def _corrected(part: Part) -> Part:
    """What a part would be without all that is known to be the tool's own doing."""
    return next((left for _, left in reversed(list(part.corrected()))), part)


def _own_doing(theirs: Peer, heard: Iterable[Part]) -> Iterator[Cause]:
    """What the tool's faults and choices make of each part, where it is known what the part is without them."""
    sentences = {**theirs.faults, **theirs.choices}
    for part in heard:
        number = part.number
        for key, left in part.corrected():
            amount, number = number - left.number, left.number
            yield Cause(sentences[key], amount, 1, fault=key in theirs.faults, right=number)


def _sums(trace: Trace, parts: Iterable[Part]) -> tuple[int, ...]:
    sums = [0] * len(trace.ops)
    for part in parts:
        sums[part.op] += part.number
    return tuple(sums)


def _spots(trace: Trace, ours: Convention, counts: tuple[int | None, ...], heard: Iterable[Part]) -> Iterator[_Spot]:
    counted = ours.counts(trace)
    parts: dict[int, list[Part]] = {}
    for part in heard:
        parts.setdefault(part.op, []).append(part)
    index = 0
    while index < len(trace.ops):
        stop = max((part.stop for part in parts.get(index, ())), default=0) or index + 1
        here = tuple(part for place in range(index, stop) for part in parts.get(place, ()))
        works = [work for work in map(ours.work, trace.ops[index:stop]) if work is not None]
        yield _Spot(
            index,
            sum(number or 0 for number in counted[index:stop]),
            sum(work.macs for work in works),
            sum(work.bias_additions for work in works),
            sum(number or 0 for number in counts[index:stop]),
            here,
            stop > index + 1,
        )
        index = stop


def _rest(spot: _Spot, once: bool) -> int:
    """The difference, without what counting a multiply-accumulate once makes of it."""
    return spot.theirs - spot.ours + (spot.macs if once else 0)


def _group(trace: Trace, spot: _Spot, once: bool) -> tuple[object, ...]:
    """Spots with the same reason: one fault, or one kind counted by one formula."""
    fault = next((part.fault for part in spot.parts if part.fault), "")
    if fault:
        return (fault,)
    if spot.biases and _rest(spot, once) == spot.biases:
        return (_BIASES,)
    op = trace.ops[spot.first]
    name = _module_type(trace, op) if spot.whole else op.kind or op.function
    return (name, spot.whole, not spot.theirs, tuple(part.text for part in spot.parts if part.text != "0"))


def _cause(trace: Trace, ours: Convention, theirs: Convention, spots: list[_Spot], once: bool) -> Cause:
    first = spots[0]
    amount = sum(_rest(spot, once) for spot in spots)
    fault = next((part.fault for part in first.parts if part.fault), "")
    if fault and isinstance(theirs, Peer):
        about_products = all(spot.macs for spot in spots)
        right = sum(spot.theirs for spot in spots) - amount if about_products else 0
        return Cause(theirs.faults[fault], amount, len(spots), fault=True, right=right)
    if first.biases and _rest(first, once) == first.biases:
        return Cause(_BIASES, amount, len(spots))
    return Cause(_words(trace, ours, theirs, first, once), amount, len(spots))


def _words(trace: Trace, ours: Convention, theirs: Convention, spot: _Spot, once: bool) -> str:
    """What is counted otherwise: ``batch normalization: 2·n instead of 4·H·W·C``."""
    op = trace.ops[spot.first]
    title = _module_type(trace, op) if spot.whole else op.function if op.kind is None else FORMULAS[op.kind].title
    if not spot.theirs:
        return f"{title}: not counted"
    if spot.theirs == spot.macs * (1 if once else 2):
        return f"{title}: its products only"
    shown = _symbols(trace, spot) if isinstance(theirs, Peer) else _reckoned(trace, theirs, spot.first)
    if not spot.ours:
        return f"{title}: {shown}"
    return f"{title}: {shown} instead of {'its operations' if spot.whole else _reckoned(trace, ours, spot.first)}"


def _symbols(trace: Trace, spot: _Spot) -> str:
    values = symbol_values(trace.ops[spot.first])
    return " + ".join(part.expression.symbols({**values, **part.values}) for part in spot.parts if part.text != "0")


def _reckoned(trace: Trace, convention: Convention, index: int) -> str:
    shown = [entry.expression.symbols(entry.values) for entry in convention.reckon(trace, index) if entry.expression]
    return " + ".join(shown) or "its own number"


def _module_type(trace: Trace, op: OpRecord) -> str:
    return trace.modules[trace.calls[op.call].module].type if op.call >= 0 else trace.model_name


def _merged(causes: list[Cause]) -> Iterator[Cause]:
    """One cause for each label, and none that comes to nothing."""
    by_label: dict[str, list[Cause]] = {}
    for cause in causes:
        by_label.setdefault(cause.label, []).append(cause)
    for label, same in by_label.items():
        amount, operations = sum(cause.amount for cause in same), sum(cause.operations for cause in same)
        right = sum(cause.right for cause in same) if all(cause.right for cause in same) else 0
        if amount:
            yield Cause(label, amount, operations, same[0].fault, right)
