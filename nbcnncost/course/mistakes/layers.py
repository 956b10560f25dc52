"""Mistakes about layers that learn nothing or little: pooling, activations, dropout, normalization."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import NORMS, OUTPUTS, POOLS, WEIGHTS, Mistake, form

WITHOUT_PARAMETERS = (
    Mistake(
        "pool_has_params",
        "parameters counted in a pooling",
        "Pooling takes a maximum or mean; nothing in it is learned.",
        (form(WEIGHTS, parts={"0": "C * K"}, kinds=POOLS),),
    ),
    Mistake(
        "relu_has_params",
        "parameters counted in an activation",
        "An activation is a fixed function; nothing in it is learned.",
        (form(WEIGHTS, parts={"0": "C"}, needs=("pointwise",)),),
    ),
    Mistake(
        "dropout_shrinks",
        "fewer numbers counted after a dropout",
        "Dropout sets numbers to zero; they are still there.",
        (form(OUTPUTS, parts={"n": "n * q // 100"}, kinds=("dropout",)),),
    ),
    Mistake(
        "one_operation_each",
        "one operation counted for each element",
        "The layer's definition takes several operations for each element.",
        (form(("flops",), "BASE", absent="has_macs"),),
    ),
)

NORMALIZATIONS = (
    Mistake(
        "bn_4c",
        "running statistics counted as parameters",
        "Mean and variance are kept, not learned: scale and shift are the parameters, 2·C.",
        (form(WEIGHTS, parts={"2 * C": "4 * C"}, kinds=NORMS),),
    ),
    Mistake(
        "bn_forgotten",
        "the parameters of normalization forgotten",
        "Each channel has a scale and a shift.",
        (form(WEIGHTS, parts={"2 * C": "0"}, kinds=NORMS),),
    ),
)
