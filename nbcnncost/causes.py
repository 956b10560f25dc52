"""Why two conventions differ on one run: the difference of their totals, split into what makes it, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbcnncost.catalogue import CATALOGUE
from nbcnncost.conventions import Convention, Part, Peer, symbol_values
from nbcnncost.records import OpRecord, Trace
from nbcnncost.work import Work

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
    """Operations that are compared as one: nearly always a single one, else those of a module counted as a whole.

    ``first`` is the place of ``op``, the first of them, in the trace or (``is_step``) besides a step's forward.
    """

    first: int
    op: OpRecord
    ours: int
    macs: int
    biases: int
    theirs: int
    parts: tuple[Part, ...]
    whole: bool
    products: int
    is_step: bool = False


def find_causes(trace: Trace, ours: Convention, theirs: Convention) -> tuple[Cause, ...]:
    """What makes ``theirs`` differ from ``ours`` (which counts FLOPs), the largest first; the amounts add up.

    Of a training step the whole is compared where ``theirs`` counts that, else the forward.
    """
    once = theirs.unit == "MACs"
    heard = tuple(theirs.hears(trace)) if isinstance(theirs, Peer) else ()
    step = tuple(theirs.step_parts(trace)) if isinstance(theirs, Peer) and theirs.counts_steps else ()
    groups: dict[tuple[object, ...], list[_Spot]] = {}
    spots = [*_spots(trace, ours, theirs, heard), *_step_spots(trace, ours, theirs, step)]
    for spot in spots:
        if _rest(spot, once):
            groups.setdefault(_group(trace, spot, once), []).append(spot)
    causes = [_cause(trace, ours, theirs, same, once) for same in groups.values()]
    if isinstance(theirs, Peer):
        causes += _own_doing(theirs, (*heard, *step))
    products = sum(spot.products for spot in spots)
    if once and products:
        causes.append(Cause(_ONE_FOR_TWO, -sum(spot.macs for spot in spots), products))
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


def _spots(trace: Trace, ours: Convention, theirs: Convention, heard: Iterable[Part]) -> Iterator[_Spot]:
    counted, parts = ours.counts(trace), _by_place(map(_corrected, heard))
    counts = _sums(len(trace.ops), parts) if isinstance(theirs, Peer) else theirs.counts(trace)
    index = 0
    while index < len(trace.ops):
        stop = max((part.stop for part in parts.get(index, ())), default=0) or index + 1
        here = tuple(part for place in range(index, stop) for part in parts.get(place, ()))
        works = [work for work in map(ours.work, trace.ops[index:stop]) if work is not None]
        yield _Spot(
            index,
            trace.ops[index],
            sum(number or 0 for number in counted[index:stop]),
            sum(work.macs for work in works),
            sum(work.bias_additions for work in works),
            sum(number or 0 for number in counts[index:stop]),
            here,
            stop > index + 1,
            sum(work.macs > 0 for work in works),
        )
        index = stop


def _step_spots(trace: Trace, ours: Convention, theirs: Convention, heard: Iterable[Part]) -> Iterator[_Spot]:
    """The same besides a training step's forward, where both count that; there each operation stands alone."""
    if trace.training is None or not theirs.counts_steps:
        return
    counted, parts = ours.step_counts(trace), _by_place(map(_corrected, heard))
    peer = isinstance(theirs, Peer)
    counts = _sums(len(trace.training.ops), parts) if peer else theirs.step_counts(trace)
    for index, op in enumerate(trace.training.ops):
        work = ours.work(op) or Work()
        yield _Spot(
            index,
            op,
            counted[index] or 0,
            work.macs,
            work.bias_additions,
            counts[index] or 0,
            tuple(parts.get(index, ())),
            whole=False,
            products=int(work.macs > 0),
            is_step=True,
        )


def _by_place(parts: Iterable[Part]) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = {}
    for part in parts:
        found.setdefault(part.op, []).append(part)
    return found


def _sums(places: int, parts: dict[int, list[Part]]) -> tuple[int | None, ...]:
    return tuple(sum(part.number for part in parts.get(place, ())) for place in range(places))


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
    op = spot.op
    name = _module_type(trace, op) if spot.whole else op.kind or _name(op)
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
    op = spot.op
    title = _module_type(trace, op) if spot.whole else _name(op) if op.kind is None else CATALOGUE[op.kind].title
    if not spot.theirs:
        return f"{title}: not counted"
    if spot.theirs == spot.macs * (1 if once else 2):
        return f"{title}: its products only"
    shown = _symbols(spot) if isinstance(theirs, Peer) else _reckoned(trace, theirs, spot)
    if not spot.ours:
        return f"{title}: {shown}"
    return f"{title}: {shown} instead of {'its operations' if spot.whole else _reckoned(trace, ours, spot)}"


def _symbols(spot: _Spot) -> str:
    values = symbol_values(spot.op)
    return " + ".join(part.expression.symbols({**values, **part.values}) for part in spot.parts if part.text != "0")


def _reckoned(trace: Trace, convention: Convention, spot: _Spot) -> str:
    reckoned = (convention.reckon_step if spot.is_step else convention.reckon)(trace, spot.first)
    shown = [entry.expression.symbols(entry.values) for entry in reckoned if entry.expression]
    return " + ".join(shown) or "its own number"


def _name(op: OpRecord) -> str:
    """What to call an operation that no formula knows."""
    return f"{op.function} backward" if op.phase.startswith("backward") else op.function


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
