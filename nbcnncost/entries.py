"""One line of a difference: a layer on both sides, and what differs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from nbcnncost.changes import changes, shape_changes
from nbcnncost.errors import CostError
from nbcnncost.parts import STEP, without_step
from nbcnncost.rows import Number, Row

#: The numbers of a row, and so those of a difference; of training steps there are those of ``STEP``, too.
NUMBERS = ("params", "trainable", "macs", "flops", "count", "integer_macs")
#: The numbers in a convention's own unit.
COUNTED = ("count", *STEP)


@dataclass(frozen=True, repr=False)
class Entry:
    """A layer on both sides; ``before`` or ``after`` is ``None`` where it does not exist.

    ``params``, ``trainable``, ``macs``, ``flops``, ``count`` and ``integer_macs`` are differences: after less before.
    ``None`` means that one side is not known, or not wholly; for ``count`` also that the two sides have different
    units. Where both sides are training steps, so are ``step`` and, as ``difference("forward")``, each of its parts,
    by the convention's own number.
    """

    before: Row | None
    after: Row | None
    same_unit: bool = True
    has_step: bool = False

    @property
    def row(self) -> Row:
        """The layer as it is afterwards, or as it was before it was removed."""
        row = self.after or self.before
        if row is None:
            raise ValueError("an entry has a row on one side at least")
        return row

    @property
    def path(self) -> str:
        """The layer's path afterwards, or before it was removed."""
        return self.row.path

    @cached_property
    def kind(self) -> str:
        """``"added"``, ``"removed"``, ``"changed"``, ``"renamed"`` (and nothing else) or ``"same"``.

        A layer that has another name and differs otherwise as well is ``"changed"``; :attr:`renamed` says both.
        """
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        if self.changes or self.number_changes:
            return "changed"
        return "renamed" if self.renamed else "same"

    @property
    def renamed(self) -> bool:
        """Whether the layer stands on both sides, under different paths."""
        return self.before is not None and self.after is not None and self.before.path != self.after.path

    @property
    def moved(self) -> bool:
        """Whether nothing but numbers in the paths differ: ``features.3`` and ``features.4``."""
        return self.renamed and len({re.sub(r"\d+", "", row.path) for row in (self.before, self.after) if row}) == 1

    @cached_property
    def changes(self) -> tuple[str, ...]:
        """What differs beside the numbers, in words: ``("3×3 → 5×5", "output 1×6×26×26 → 1×6×24×24")``."""
        return () if self.before is None or self.after is None else changes(self.before, self.after)

    @cached_property
    def only_reshaped(self) -> bool:
        """Whether nothing but the shapes or dtypes that go through the layer differ, and no number."""
        if self.before is None or self.after is None or self.number_changes or not self.changes:
            return False
        return self.changes == tuple(shape_changes(self.before, self.after))

    @cached_property
    def number_changes(self) -> tuple[str, ...]:
        """Which of the numbers differ."""
        return tuple(name for name in self.names if self.numbers(name)[0] != self.numbers(name)[1])

    @property
    def names(self) -> tuple[str, ...]:
        """The numbers that both sides have."""
        return (*NUMBERS, *(STEP if self.has_step else ()))

    def numbers(self, name: str) -> tuple[Number, Number]:
        """A number before and after; a layer that does not exist holds and does nothing."""
        if name in STEP and not self.has_step:
            raise CostError(without_step(name))
        before, after = (0 if row is None else row.number(name) for row in (self.before, self.after))
        return before, after

    def known(self, name: str) -> int:
        """The difference of what is known on both sides."""
        before, after = self.numbers(name)
        return (after or 0) - (before or 0)

    def is_known(self, name: str) -> bool:
        """Whether all of a number is known on both sides, in one unit."""
        if name in ("params", "trainable", "frozen"):
            return True
        if None in self.numbers(name) or not self.is_comparable(name):
            return False
        return not any(row.lacks(name) or row.failed for row in (self.before, self.after) if row is not None)

    def is_comparable(self, name: str) -> bool:
        """Whether a number has one unit on both sides."""
        return self.same_unit or name not in COUNTED

    def difference(self, name: str) -> Number:
        """After less before; ``None`` where one of them is not known."""
        return self.known(name) if self.is_known(name) else None

    @property
    def params(self) -> int:
        """How many parameters more, or less."""
        return self.known("params")

    @property
    def trainable(self) -> int:
        """How many trainable parameters more, or less."""
        return self.known("trainable")

    @property
    def macs(self) -> Number:
        """How many multiply-accumulates more, or less."""
        return self.difference("macs")

    @property
    def flops(self) -> Number:
        """How many floating-point operations more, or less."""
        return self.difference("flops")

    @property
    def count(self) -> Number:
        """How much more, or less, by the convention's own number."""
        return self.difference("count")

    @property
    def integer_macs(self) -> Number:
        """How many multiply-accumulates of whole numbers more, or less."""
        return self.difference("integer_macs")

    @property
    def step(self) -> Number:
        """How much more, or less, a training step takes by the convention's own number."""
        return self.difference("step")

    def __repr__(self) -> str:
        words = ", ".join(self.changes)
        return f"{self.path or self.row.name} {self.kind}" + (f": {words}" if words else "")
