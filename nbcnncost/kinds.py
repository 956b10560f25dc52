"""The table of formulas: every kind of operation, what it costs at each place, and why.

Where the textbook's formulas come from: Ye Tingyun, "How to estimate a CNN's computation and parameters
accurately". The other rows extend it by the same reasoning: the operations of each layer's definition.
"""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.families import complex_numbers, linear_algebra, losses, pairs, pointwise, reductions, sampling
from nbcnncost.families.entry import MAC as _MAC
from nbcnncost.families.entry import SUM as _SUM
from nbcnncost.families.entry import TEXTBOOK
from nbcnncost.families.entry import each as _each
from nbcnncost.families.entry import formula as _formula
from nbcnncost.quantized_kinds import QUANTIZED

_WINDOW = "N * OUT * C * K"
_WINDOWS = "N * C * WINDOWS"
_FOUR_STEPS = {"additions": 2, "multiplications": 1, "divisions": 1}
_SOFTMAX = {"comparisons": 1, "additions": 2, "specials": 1, "divisions": 1}
_ZERO = "data moves, nothing is computed"

_LAYERS = (
    _formula(
        "convolution",
        "convolution",
        ("N * OUT * (C_in / g) * C_out * K", _MAC),
        ("b * N * OUT * C_out", {"bias_additions": 1}),
        ("N * OUT * C_out", _SUM),
        why="each output position meets the kernel once for each output channel",
        source=TEXTBOOK,
        params="(K * (C_in / g) + b) * C_out",
    ),
    _formula(
        "transposed_convolution",
        "transposed convolution",
        ("N * IN * C_in * (C_out / g) * K", _MAC),
        ("b * N * OUT * C_out", {"bias_additions": 1}),
        why="each input position meets the whole kernel",
        params="K * C_in * (C_out / g) + b * C_out",
    ),
    _formula(
        "linear",
        "fully connected layer",
        ("N * N_in * N_out", _MAC),
        ("b * N * N_out", {"bias_additions": 1}),
        ("N * N_out", _SUM),
        why="every input meets every output",
        source=TEXTBOOK,
        params="(N_in + b) * N_out",
    ),
    _formula(
        "matmul",
        "matrix product",
        ("B * m * k * p", _MAC),
        ("b * B * m * p", {"bias_additions": 1}),
        ("B * m * p", _SUM),
        why="k products summed for each of m·p elements",
    ),
    _formula(
        "attention",
        "attention",
        ("B * T_q * T_k * (E + E_v)", _MAC),
        ("B * T_q * T_k", {**_SOFTMAX, "multiplications": 1}),
        ("B * T_q * (T_k + E_v)", _SUM),
        why="two matrix products; each score is scaled (1) and goes through the softmax (5), masked or not",
    ),
    _formula(
        "max_pool",
        "max pooling",
        (_WINDOW, {"comparisons": 1}),
        why="one comparison for each element of each window",
        source=TEXTBOOK,
    ),
    _formula(
        "average_pool",
        "average pooling",
        (_WINDOW, {"additions": 1, "multiplications": 1}),
        why="each element of each window is weighed and added",
        source=TEXTBOOK,
    ),
    _formula(
        "adaptive_max_pool",
        "adaptive max pooling",
        (_WINDOWS, {"comparisons": 1}),
        why="max pooling with each output's true window",
    ),
    _formula(
        "adaptive_average_pool",
        "adaptive average pooling",
        (_WINDOWS, {"additions": 1, "multiplications": 1}),
        why="average pooling with each output's true window",
    ),
    _formula(
        "batch_norm",
        "batch normalization",
        ("N * X * C", _FOUR_STEPS),
        why="mean, variance, normalize, scale and shift: one each",
        source=TEXTBOOK,
        params="2 * C",
    ),
    _formula(
        "instance_norm",
        "instance normalization",
        ("N * X * C", _FOUR_STEPS),
        why="the four steps of batch normalization",
        params="2 * C",
    ),
    _formula(
        "group_norm",
        "group normalization",
        ("N * X * C", _FOUR_STEPS),
        why="the four steps of batch normalization",
        params="2 * C",
    ),
    _each(
        "layer_norm",
        "layer normalization",
        "the four steps of batch normalization",
        additions=2,
        multiplications=1,
        divisions=1,
    ),
    _each(
        "rms_norm",
        "RMS normalization",
        "square, mean, divide, scale",
        additions=1,
        multiplications=2,
        divisions=1,
    ),
    _formula(
        "local_response_norm",
        "local response normalization",
        ("n * S", {"multiplications": 1, "additions": 1}),
        ("n", {"multiplications": 1, "additions": 1, "specials": 1, "divisions": 1}),
        why="the window's squares and sums; then times alpha, plus k, power, divide",
    ),
    _formula(
        "lstm",
        "LSTM layer",
        ("4 * T * F * (I + P)", _MAC),
        ("T * F", {"additions": 4 + 3 + 3 + 4 + 1, "specials": 5, "divisions": 5, "multiplications": 2 + 3}),
        ("8 * T * F", _SUM),
        why="per step and unit: 4 gate sums, 3 sigmoids, 2 tanh, 3 products, 1 sum",
        params="4 * F * (I + P) + b * 8 * F",
    ),
    _formula(
        "gru",
        "GRU layer",
        ("3 * T * F * (I + F)", _MAC),
        ("T * F", {"additions": 3 + 4 + 2 + 2, "specials": 3, "divisions": 3, "multiplications": 1 + 1 + 2}),
        ("6 * T * F", _SUM),
        why="per step and unit: 3 gate sums, 2 sigmoids, 1 tanh, 3 products, 1 difference, 1 sum",
        params="3 * F * (I + F) + b * 6 * F",
    ),
    _formula(
        "rnn_tanh",
        "RNN layer (tanh)",
        ("T * F * (I + F)", _MAC),
        ("T * F", {"additions": 3, "multiplications": 1, "specials": 1, "divisions": 1}),
        ("2 * T * F", _SUM),
        why="per step and unit: the sum of the two products, tanh",
        params="F * (I + F) + b * 2 * F",
    ),
    _formula(
        "rnn_relu",
        "RNN layer (ReLU)",
        ("T * F * (I + F)", _MAC),
        ("T * F", {"additions": 1, "comparisons": 1}),
        ("2 * T * F", _SUM),
        why="per step and unit: the sum of the two products, ReLU",
        params="F * (I + F) + b * 2 * F",
    ),
    _formula(
        "lstm_projection",
        "LSTM projection",
        ("T * F * P", _MAC),
        ("T * P", _SUM),
        why="the hidden state's projection at each step",
    ),
)

_ACTIVATIONS = (
    _each("relu", "ReLU", "one comparison an element", source=TEXTBOOK, comparisons=1),
    _each("leaky_relu", "LeakyReLU", "a comparison and a product", comparisons=1, multiplications=1),
    _each("prelu", "PReLU", "a comparison and a product", comparisons=1, multiplications=1),
    _each("clamp", "ReLU6, hardtanh, clamp", "two comparisons", comparisons=2),
    _each("sigmoid", "sigmoid", "negate, exp, add, divide", additions=2, specials=1, divisions=1),
    _each(
        "tanh",
        "tanh",
        "one exp of 2x, then subtract, add, divide",
        multiplications=1,
        specials=1,
        additions=2,
        divisions=1,
    ),
    _each("silu", "SiLU", "a sigmoid and a product", additions=2, specials=1, divisions=1, multiplications=1),
    _each("hardsigmoid", "hardsigmoid", "add, two comparisons, divide", additions=1, comparisons=2, divisions=1),
    _each(
        "hardswish",
        "hardswish",
        "a hardsigmoid and a product",
        additions=1,
        comparisons=2,
        divisions=1,
        multiplications=1,
    ),
    _each(
        "gelu",
        "GELU (erf)",
        "divide by √2, erf, add 1, times x, halve",
        divisions=1,
        specials=1,
        additions=1,
        multiplications=2,
    ),
    _each(
        "gelu_tanh",
        "GELU (tanh)",
        "x³ (2), times a, add x, times √(2/π), tanh (exp, divide), add 1, times x, halve",
        multiplications=6,
        additions=2,
        specials=1,
        divisions=1,
    ),
    _each(
        "elu",
        "ELU",
        "compare, exp, subtract, times α",
        comparisons=1,
        specials=1,
        additions=1,
        multiplications=1,
    ),
    _each(
        "selu",
        "SELU",
        "compare, exp, subtract, times α, times λ",
        comparisons=1,
        specials=1,
        additions=1,
        multiplications=2,
    ),
    _each(
        "celu",
        "CELU",
        "compare, divide by α, exp, subtract, times α",
        comparisons=1,
        divisions=1,
        specials=1,
        additions=1,
        multiplications=1,
    ),
    _each("softplus", "softplus", "exp, add, log", specials=2, additions=1),
    _each(
        "mish",
        "mish",
        "softplus (3), tanh (5), a product",
        specials=3,
        additions=3,
        divisions=1,
        multiplications=2,
    ),
    _each("log_sigmoid", "logsigmoid", "a sigmoid and a log", additions=2, specials=2, divisions=1),
    _each(
        "softmax", "softmax", "maximum, subtract, exp, sum, divide", comparisons=1, additions=2, specials=1, divisions=1
    ),
    _each(
        "log_softmax",
        "log softmax",
        "as softmax: maximum, subtract, exp, sum, subtract the log",
        comparisons=1,
        additions=3,
        specials=1,
    ),
    _each(
        "glu",
        "gated linear unit",
        "a sigmoid and a product",
        additions=2,
        specials=1,
        divisions=1,
        multiplications=1,
    ),
)

_ELEMENTS = (
    _each("add", "add, subtract", "one an element", additions=1),
    _each("multiply", "multiply", "one an element", multiplications=1),
    _each("divide", "divide", "one an element", divisions=1),
    _each("multiply_add", "multiply and add (addcmul)", "two an element", multiplications=1, additions=1),
    _each("compare", "compare, maximum, select", "one an element", comparisons=1),
    _each("special", "exp, log, root, power, sine", "one an element", specials=1),
    _each("pointwise", "other pointwise", "one an element", comparisons=1),
    _each(
        "sum",
        "sum over an axis",
        "one for each element of the input",
        base="n_in",
        additions=1,
    ),
    _each(
        "mean",
        "mean over an axis",
        "as average pooling: each element is weighed and added",
        base="n_in",
        additions=1,
        multiplications=1,
    ),
    _each(
        "variance",
        "variance, deviation over an axis",
        "mean (1), difference, square, sum",
        base="n_in",
        additions=3,
        multiplications=1,
    ),
    _each(
        "extreme",
        "maximum, minimum, choice by an axis",
        "one comparison for each element of the input",
        base="n_in",
        comparisons=1,
    ),
    _each("upsample_linear", "upsampling, linear", "2 products + 1 sum", multiplications=2, additions=1),
    _each("upsample_bilinear", "upsampling, bilinear", "4 products + 3 sums", multiplications=4, additions=3),
    _each("upsample_trilinear", "upsampling, trilinear", "8 products + 7 sums", multiplications=8, additions=7),
    _each("upsample_bicubic", "upsampling, bicubic", "16 products + 15 sums", multiplications=16, additions=15),
    _each("dropout", "dropout in training", "mask and scale", multiplications=2),
)

_ZEROS = (
    _each("upsample_nearest", "upsampling, nearest", "copies"),
    _each("movement", "view, permute, concat, pad, index, cast", _ZERO),
    _each("embedding", "embedding look-up", _ZERO),
    _each("random", "random numbers, constants", "made, not computed from the input"),
    _each("integer", "integer and boolean arithmetic", "not floating-point: indices, counters, masks"),
)

#: Every kind by its name, in the order of the legend.
FORMULAS = MappingProxyType(
    {
        formula.kind: formula
        for formula in (
            *_LAYERS,
            *QUANTIZED,
            *_ACTIVATIONS,
            *_ELEMENTS,
            *pointwise.FORMULAS,
            *reductions.FORMULAS,
            *pairs.FORMULAS,
            *sampling.FORMULAS,
            *complex_numbers.FORMULAS,
            *linear_algebra.FORMULAS,
            *losses.FORMULAS,
            *_ZEROS,
        )
    }
)
