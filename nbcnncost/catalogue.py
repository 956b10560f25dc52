"""Every formula by its kind: the forward's, the backward's, the optimizers'."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.backward import BACKWARD_FORMULAS
from nbcnncost.kinds import FORMULAS
from nbcnncost.optimizers import OPTIMIZERS

#: Every formula by its kind.
CATALOGUE = MappingProxyType(
    {**FORMULAS, **BACKWARD_FORMULAS, **{formula.kind: formula for formula in OPTIMIZERS.values()}}
)
