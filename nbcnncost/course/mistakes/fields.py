"""Mistakes in a receptive field; the formulas are the question's own."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import Mistake, form

FIELDS = (
    Mistake(
        "field_strides_ignored",
        "the strides below ignored",
        "After a stride one step is several input positions: each layer adds (K − 1) times all strides below it.",
        (form(("receptive_field",), "STRIDELESS"),),
    ),
    Mistake(
        "field_own_stride",
        "each layer's own stride counted in what it adds",
        "A layer's own stride widens the steps of those above it, not its own.",
        (form(("receptive_field",), "OWNSTRIDE"),),
    ),
    Mistake(
        "field_kernels_added",
        "K added for each layer, not K − 1",
        "The first position is shared: each layer adds K − 1.",
        (form(("receptive_field",), "KERNELS"),),
    ),
    Mistake(
        "field_dilations_ignored",
        "the dilations ignored",
        "A dilated kernel reaches over D·(K − 1) + 1 positions.",
        (form(("receptive_field",), "UNDILATED"),),
    ),
    Mistake(
        "field_multiplied",
        "the kernels multiplied",
        "Receptive fields add up; only strides multiply.",
        (form(("receptive_field",), "MULTIPLIED"),),
    ),
)
