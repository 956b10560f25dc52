"""What a question adds up: one summand for each layer that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from nbcnncost.course.rewriting import Ratio


@dataclass(frozen=True)
class Part:
    """One summand: its right formula with the symbols' values.

    ``kind`` is the layer's, ``quantity`` what is counted of it; ``context`` are other formulas of the same layer that
    a mistake may take for it.
    """

    name: str
    kind: str
    quantity: str
    right: Ratio
    values: Mapping[str, int]
    spatial: int
    context: Mapping[str, str]

    def knows(self, ratio: Ratio) -> bool:
        """Whether all symbols of a formula have a value here."""
        return all(self.values.keys() >= set(side.code.co_names) for side in ratio.shown(self.spatial) if side)

    def number(self, ratio: Ratio | None = None, values: Mapping[str, int] | None = None) -> Fraction:
        """What a formula gives with this part's values, or with others."""
        chosen = self.right if ratio is None else ratio
        return chosen.value(self.values if values is None else values, self.spatial)
