"""What is taken for what: MACs for FLOPs, a bias for a MAC, numbers for bytes, one memory for the other."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import BYTES, COUNTS, FILTERS, RECURRENT, Mistake, form

_BIASED = (*FILTERS, "linear")
#: Not attention: there half of the MACs is one of its two products.
_HALVED = (*_BIASED, *RECURRENT)

UNITS = (
    Mistake(
        "bias_as_mac",  # first, so that what is made of the MACs beside it is made of these, too
        "a bias counted as a multiply-accumulate of each output",
        "A bias is added and multiplied with nothing, so it is no MAC.",
        (
            form(("macs",), "(RIGHT) + BIASES", kinds=_BIASED, needs=("b", "has_macs")),
            form(("flops",), "2 * (MACS + BIASES)", kinds=_BIASED, needs=("b", "has_macs")),
        ),
    ),
    Mistake(
        "macs_not_flops",
        "multiply-accumulates counted, not FLOPs",
        "One multiply-accumulate is a multiplication and an addition: 2 FLOPs.",
        (form(("flops", "intensity"), "MACS"),),
    ),
    Mistake(
        "flops_not_macs",
        "FLOPs counted, not multiply-accumulates",
        "A multiplication with its addition is one MAC.",
        (form(("macs",), "2 * (RIGHT)"),),
    ),
    Mistake(
        "flops_doubled",
        "the FLOPs doubled once more",
        "One multiply-accumulate is 2 FLOPs; in FLOPs this factor is there already.",
        (form(("flops", "intensity"), "2 * (RIGHT)", needs=("has_macs",)),),
    ),
    Mistake(
        "macs_halved",
        "the multiply-accumulates divided by two",
        "A multiplication with its addition is one MAC and 2 FLOPs; nothing is divided by two.",
        # Not of FLOPs: a quarter of them is what a stride of 2 gives that divides twice.
        (form(("macs",), over="2", kinds=_HALVED, needs=("has_macs",)),),
    ),
    Mistake(
        "two_n_minus_one",
        "n − 1 additions counted for a sum of n products",
        "The formulas of this course count one addition for each product, 2·n in all.",
        (form(("flops",), "SUMS"),),
    ),
    Mistake(
        "training_for_inference",
        "a training step counted, not the forward alone",
        "Forward and backward together take about three times the forward; the forward was asked.",
        (form((*COUNTS, "intensity"), "3 * (RIGHT)"),),
    ),
    Mistake(
        "mib_for_mb",
        "2²⁰ bytes taken for a megabyte",
        "1 MB is 10⁶ bytes; 2²⁰ bytes are 1 MiB.",
        (form(("activation_mb", "weight_mb"), over="1048576"),),
    ),
    Mistake(
        "bytes_for_elements",
        "bytes given, not numbers",
        "How many numbers there are was asked, not how many bytes they take.",
        (form(("elements", "params"), "e * (RIGHT)"),),
    ),
    Mistake(
        "elements_for_bytes",
        "numbers given, not bytes",
        "Each number takes several bytes: 4 in float32.",
        (form((*BYTES, "intensity"), parts={"e": "1"}),),
    ),
    Mistake(
        "bits_for_bytes",
        "bits given, not bytes",
        "A byte has 8 bits; a float32 has 32 bits, that is 4 bytes.",
        (form(BYTES, "8 * (RIGHT)"), form(("intensity",), over="8 * (OVER)")),
    ),
    Mistake(
        "weights_for_activations",
        "the memory of the weights and that of the activations taken for each other",
        "Activations are what comes out of a layer, weights are its parameters.",
        (
            form(("activation_bytes", "activation_mb"), "e * (PARAMS)"),
            form(("weight_bytes", "weight_mb"), "e * (ELEMENTS)"),
        ),
    ),
)
