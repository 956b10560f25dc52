"""What happens several times: samples of a batch, calls of one layer."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import COUNTS, OUTPUTS, WEIGHTS, Mistake, form

CALLS = (
    Mistake(
        "batch_counted",
        "parameters counted for each sample of the batch",
        "All samples share the parameters.",
        (form(WEIGHTS, "N * (RIGHT)", needs=("N",)),),
    ),
    Mistake(
        "batch_forgotten",
        "one sample counted, not the batch",
        "The work and the output grow with the batch.",
        (
            form((*COUNTS, *OUTPUTS, "intensity"), parts={"N": "1"}),
            form((*COUNTS, *OUTPUTS), "(RIGHT) / N", needs=("N",)),
        ),
    ),
    Mistake(
        "shared_per_call",
        "shared parameters counted once for each call",
        "A layer that is called again uses the same parameters.",
        (form(WEIGHTS, "u * (RIGHT)", needs=("u",)),),
    ),
    Mistake(
        "calls_forgotten",
        "the work of a layer that is called again counted once",
        "Each call computes, whatever it shares with others.",
        (form(COUNTS, parts={"u": "1"}),),
    ),
)
