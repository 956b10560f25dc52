"""Mistakes in dividing one amount by another."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import Mistake

#: Mistakes of a ratio of two amounts: they have no form of their own, the question makes them (its two sums).
RATIO_MISTAKES = (
    Mistake(
        "ratio_inverted",
        "divided the other way round",
        "How many times as much the first takes: the first is divided by the second.",
    ),
    Mistake(
        "ratio_saved_share",
        "the saved share given, not the ratio",
        "The ratio was asked; the saved share is 1 − second/first.",
    ),
    Mistake(
        "ratio_first_part_alone",
        "only the first layer of the second design counted",
        "All layers that take the place of the first design count.",
    ),
)
