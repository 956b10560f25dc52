"""The parts of a training step: how much each of them takes, for one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbcnncost.records import PHASES, OpRecord

Number = int | None

#: What of a training step is shown, each in the convention's own count: its parts, and all of them together.
STEP = ("forward", *PHASES, "step")


@dataclass(frozen=True)
class Amount:
    """How much work something is: multiply-accumulates, floating-point operations, the convention's own count.

    ``None`` means that nothing is known, and ``unknown`` how many operations no rule knows.
    """

    macs: Number = 0
    flops: Number = 0
    count: Number = 0
    unknown: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            add_known((self.macs, other.macs)),
            add_known((self.flops, other.flops)),
            add_known((self.count, other.count)),
            self.unknown + other.unknown,
        )


@dataclass(frozen=True)
class Parts:
    """What a training step takes besides its forward.

    ``recomputed`` is what gradient checkpointing computes a second time, ``backward_inputs`` the gradients of what
    flows through the layers, ``backward_weights`` those of the weights, ``optimizer`` the optimizer's work on them.
    """

    recomputed: Amount = Amount()
    backward_inputs: Amount = Amount()
    backward_weights: Amount = Amount()
    optimizer: Amount = Amount()

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, phase) + getattr(other, phase) for phase in PHASES))

    @property
    def total(self) -> Amount:
        """All four together."""
        return self.recomputed + self.backward_inputs + self.backward_weights + self.optimizer


@dataclass(frozen=True)
class Counts:
    """What each of several operations counts as.

    ``macs`` (and the ``integer_macs`` among them), ``flops`` and the convention's own ``count``.
    """

    macs: tuple[Number, ...]
    flops: tuple[Number, ...]
    count: tuple[Number, ...]
    integer_macs: tuple[int, ...] = ()

    def amount(self, places: Sequence[int]) -> Amount:
        """Some of the operations together."""
        return Amount(
            add_known(self.macs[place] for place in places),
            add_known(self.flops[place] for place in places),
            add_known(self.count[place] for place in places),
            sum(self.count[place] is None for place in places),
        )


def parts_of(ops: Sequence[OpRecord], counts: Counts, places: Sequence[int]) -> Parts:
    """The parts that these operations of a training step make up."""
    phases: dict[str, list[int]] = {phase: [] for phase in PHASES}
    for place in places:
        phases[ops[place].phase].append(place)
    return Parts(*(counts.amount(phases[phase]) for phase in PHASES))


def without_step(name: str) -> str:
    """The answer to whoever asks for one of :data:`STEP` where there is a forward alone."""
    return f"{name} belongs to a training step: ask for it with --train, or training=True"


def add_known(numbers: Iterable[Number]) -> Number:
    """The sum of what is known; ``None`` where something is unknown and nothing else counts."""
    numbers = list(numbers)
    known = sum(filter(None, numbers))
    return None if known == 0 and None in numbers else known
