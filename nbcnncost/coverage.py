"""Which operations were counted, which are zero by rule, and which no rule knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nbcnncost.kinds import FORMULAS
from nbcnncost.layout import Place
from nbcnncost.parts import Counts
from nbcnncost.records import OpRecord, Trace
from nbcnncost.units import exact, plural


@dataclass(frozen=True)
class Uncounted:
    """An operation that no rule knows: how often it ran, where, and why nothing is known of it.

    Under :attr:`key` a rule can be given: ``textbook.with_rules({"my_op": "2 * n"})``.
    """

    op: str
    function: str
    count: int
    paths: tuple[str, ...]
    reason: str = ""

    @property
    def name(self) -> str:
        """The Python function, or the operation where there is none."""
        return self.function or self.op.rpartition(".")[0]

    @property
    def key(self) -> str:
        """What a rule for it is called: ``"my_op"``, of its gradients ``"my_op_backward"``."""
        return self.name.replace(" ", "_")


def uncounted_ops(
    trace: Trace, leaves: Callable[[], Iterable[Place]], counts: Counts, step: Counts | None
) -> tuple[Uncounted, ...]:
    """The operations that no rule knows; ``step`` counts those of a training step, ``leaves`` says where they are."""
    where: dict[tuple[str, str, str], list[str]] = {}
    backward = () if trace.training is None else trace.training.ops
    for ops, tally, of_step in ((trace.ops, counts, False), (backward, step, True)):
        if tally is None or None not in tally.macs:
            continue
        for place in leaves():
            for index in place.step if of_step else place.ops:
                if tally.macs[index] is None:
                    op = ops[index]
                    where.setdefault((op.op, _called(op), op.reason), []).append(place.path)
    return tuple(
        Uncounted(op, function, len(paths), tuple(dict.fromkeys(paths)), reason)
        for (op, function, reason), paths in where.items()
    )


def coverage_text(trace: Trace, counts: Counts, uncounted: Sequence[Uncounted]) -> str:
    """One line: how many operations of each kind were counted, are zero by rule, or have no rule."""
    counted: dict[str, int] = {}
    still = 0
    for index, op in enumerate(trace.ops):
        if op.kind is None:
            continue
        formula = FORMULAS[op.kind]
        still += not formula.terms
        if formula.terms and counts.count[index] is not None:
            counted[formula.title] = counted.get(formula.title, 0) + 1
    most = sorted(counted.items(), key=lambda entry: -entry[1])
    parts = [_number_of(number, title) for title, number in most]
    parts += [f"{plural(still, 'data movement')} (0 by rule)"] if still else []
    unknown = sum(entry.count for entry in uncounted)
    names = ", ".join(dict.fromkeys(entry.name for entry in uncounted))
    ending = f"; {plural(unknown, 'operation')} with no rule: {names}" if unknown else "; none without a rule"
    return (", ".join(parts) or "no operations") + ending


def _called(op: OpRecord) -> str:
    """The function that an operation belongs to, in words."""
    return f"{op.function} backward" if op.function and op.phase.startswith("backward") else op.function


def _number_of(number: int, title: str) -> str:
    word = title.split(",", maxsplit=1)[0]
    return plural(number, word) if word.endswith(("ion", "product", "layer")) else f"{exact(number)} {word}"
