"""What gradient checkpointing computes a second time: which operation of the forward each one repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbcnncost.records import OpRecord


class Repeats:
    """Which operation of the forward one that is computed again repeats."""

    def __init__(self) -> None:
        self._ops: dict[Any, list[int]] = {}
        self._trigger = -1
        self._taken: set[int] = set()

    @classmethod
    def of(cls, ops: Sequence[OpRecord], modules: Sequence[int]) -> Repeats:
        """The forward's operations; ``modules`` are those of its calls."""
        repeats = cls()
        for place, op in enumerate(ops):
            module = modules[op.call] if op.call >= 0 else -1
            for key in {(_looks(op), module), (_looks(op), -1)}:
                repeats._ops.setdefault(key, []).append(place)
        return repeats

    def again(self, record: OpRecord, module: int, trigger: int, position: tuple[int, bool]) -> int:
        """The place of the forward's operation; ``trigger`` is the node that wanted it, made at ``position``.

        A node inside the checkpoint is the last one there, and a checkpoint's own node stands before all of it.
        """
        if trigger != self._trigger:
            self._trigger, self._taken = trigger, set()
        place, is_inside = position
        found = [one for one in self._ops.get((_looks(record), module), []) if one not in self._taken]
        near = [one for one in found if (one <= place if is_inside else one >= place)]
        if not near:
            return place
        chosen = near[-1] if is_inside else near[0]
        self._taken.add(chosen)
        return chosen


def _looks(op: OpRecord) -> tuple[Any, ...]:
    return op.op, op.kind, op.dims, op.inputs, op.outputs, op.params
