"""The mistakes that students make in counting, each as a formula beside the right one.

A mistake has a stable id, so that a teacher can count it. Its forms say, for each quantity, what becomes of the right
formula: what is put in the place of a part of it, or of all of it (:mod:`nbcnncost.course.rewriting`). Each file here
has those of one theme.
"""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.course.mistakes.calls import CALLS
from nbcnncost.course.mistakes.fields import FIELDS
from nbcnncost.course.mistakes.filters import BIASES, CHANNELS, KERNELS
from nbcnncost.course.mistakes.form import Mistake
from nbcnncost.course.mistakes.layers import NORMALIZATIONS, WITHOUT_PARAMETERS
from nbcnncost.course.mistakes.moving import MOVING
from nbcnncost.course.mistakes.ratios import RATIO_MISTAKES
from nbcnncost.course.mistakes.sequences import SEQUENCES
from nbcnncost.course.mistakes.sizes import SIZE_SLIPS
from nbcnncost.course.mistakes.training import TRAINING
from nbcnncost.course.mistakes.units import UNITS

__all__ = ["MISTAKES", "RATIO_MISTAKES", "Mistake"]

#: Every mistake by its id.
MISTAKES = MappingProxyType(
    {
        entry.id: entry
        for entry in (
            *MOVING,  # what stands for a whole divisor comes before what changes a part of it
            *UNITS,
            *BIASES,
            *CHANNELS,
            *KERNELS,
            *SIZE_SLIPS,
            *WITHOUT_PARAMETERS,
            *NORMALIZATIONS,
            *CALLS,
            *SEQUENCES,
            *FIELDS,
            *TRAINING,
            *RATIO_MISTAKES,
        )
    }
)
