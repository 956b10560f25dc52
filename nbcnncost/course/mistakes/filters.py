"""Mistakes in a filter: its bias, its channels and groups, its kernel and where it is applied."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import (
    ALL,
    CONVOLUTIONS,
    COUNTS,
    FILTERS,
    OUTPUTS,
    POOLS,
    TRANSPOSED,
    WEIGHTS,
    WINDOWS,
    Mistake,
    form,
)

BIASES = (
    Mistake(
        "forgot_bias",
        "the bias forgotten",
        "Each output channel (or output feature) has one bias.",
        (form(WEIGHTS, parts={"b": "0"}, needs=("b",)),),
    ),
    Mistake(
        "bias_though_none",
        "a bias counted where there is none",
        "The layer has no bias.",
        (form(WEIGHTS, parts={"b": "1"}, absent="b"),),
    ),
    Mistake(
        "bias_per_pixel",
        "a bias counted for each output position",
        "All positions of an output channel share one bias.",
        (form(WEIGHTS, parts={"b": "OUT"}, needs=("b",), kinds=FILTERS),),
    ),
    Mistake(
        "bias_on_input_side",
        "the bias added on the input side",
        "There is one bias for each output, not for each input.",
        (
            form(WEIGHTS, parts={"(N_in + b) * N_out": "N_in * (N_out + b)"}, needs=("b",)),
            form(WEIGHTS, parts={"(K * (C_in / g) + b) * C_out": "(K * (C_out / g) + b) * C_in"}, needs=("b",)),
            form(
                WEIGHTS,
                parts={"K * C_in * (C_out / g) + b * C_out": "(K * (C_out / g) + b) * C_in"},
                needs=("b",),
            ),
        ),
    ),
)

CHANNELS = (
    Mistake(
        "forgot_input_channels",
        "the input channels forgotten: a filter thought to be as flat as its kernel",
        "A filter goes through all input channels (of its group).",
        (
            form(ALL, parts={"C_in / g": "1"}, kinds=CONVOLUTIONS),
            form(ALL, parts={"C_in": "1"}, kinds=TRANSPOSED),
        ),
    ),
    Mistake(
        "forgot_output_channels",
        "the output channels forgotten: one filter counted",
        "There is one filter for each output channel.",
        (
            form(ALL, parts={"C_out": "1"}, kinds=CONVOLUTIONS),
            form(ALL, parts={"C_out / g": "1", "C_out": "1"}, kinds=TRANSPOSED),
        ),
    ),
    Mistake(
        "groups_ignored",
        "the groups ignored",
        "With groups a filter sees only the input channels of its group: C_in/g.",
        (
            form(ALL, parts={"C_in / g": "C_in"}, kinds=CONVOLUTIONS),
            form(ALL, parts={"C_out / g": "C_out"}, kinds=TRANSPOSED),
        ),
    ),
    Mistake(
        "groups_squared",
        "input and output channels both divided by the groups",
        "Each group has C_in/g inputs and C_out/g outputs, but there are g groups: one g remains.",
        (
            form(ALL, parts={"C_out": "(C_out / g)"}, kinds=CONVOLUTIONS),
            form(ALL, parts={"C_in": "(C_in / g)"}, kinds=TRANSPOSED),
        ),
    ),
)

KERNELS = (
    Mistake(
        "kernel_one_side",
        "K taken for K·K",
        "A kernel has as many elements as all its sides multiplied.",
        (form(ALL, parts={"K": "<K_s>"}),),
    ),
    Mistake(
        "window_forgotten",
        "the window forgotten: one operation counted for each output",
        "Every element of each window is looked at.",
        (form(COUNTS, parts={"K": "1"}, kinds=POOLS),),
    ),
    Mistake(
        "dilation_counted",
        "the gaps of a dilated kernel counted as work",
        "Dilation spreads the kernel's elements; there are no more of them.",
        (form(ALL, parts={"K": "[D_s * (K_s - 1) + 1]"}, needs=("sized",)),),
    ),
    Mistake(
        "input_size_for_output",
        "the input's size taken for the output's",
        "The kernel is applied once for each output position.",
        (form((*COUNTS, *OUTPUTS), parts={"OUT": "IN"}, kinds=WINDOWS, needs=("sized",)),),
    ),
    Mistake(
        "transposed_as_conv",
        "a transposed convolution counted on its output positions",
        "In a transposed convolution each input position meets the whole kernel.",
        (form(COUNTS, parts={"IN": "OUT"}, kinds=TRANSPOSED),),
    ),
    Mistake(
        "image_in_params",
        "H·W in a count of parameters",
        "A filter's weights are shared by all positions.",
        (form(WEIGHTS, "OUT * (RIGHT)", kinds=FILTERS),),
    ),
)
