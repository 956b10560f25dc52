"""Mistakes in what is computed for each byte: something that is moved is forgotten."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import Mistake, form

_INTENSITY = ("intensity",)
_MOVED = "Input, parameters and output are all moved, each once."

MOVING = (
    Mistake(
        "weights_not_moved",
        "the parameters forgotten among what is moved",
        _MOVED,
        (form(_INTENSITY, over="e * (INPUTS + ELEMENTS)", needs=("weighs",)),),
    ),
    Mistake(
        "input_not_moved",
        "the input forgotten among what is moved",
        _MOVED,
        (form(_INTENSITY, over="e * (PARAMS + ELEMENTS)"),),
    ),
    Mistake(
        "output_not_moved",
        "the output forgotten among what is moved",
        _MOVED,
        (form(_INTENSITY, over="e * (INPUTS + PARAMS)"),),
    ),
    Mistake(
        "weights_moved_alone",
        "only the parameters counted as moved",
        _MOVED,
        (form(_INTENSITY, over="e * (PARAMS)", needs=("weighs",)),),
    ),
    Mistake(
        "bytes_per_flop",
        "the bytes divided by the FLOPs",
        "Arithmetic intensity is the FLOPs divided by the bytes.",
        (form(_INTENSITY, "OVER", over="RIGHT"),),
    ),
)
