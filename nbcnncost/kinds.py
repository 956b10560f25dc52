"""The table of formulas: every kind of operation, what it costs at each place, and why.

Where the textbook's formulas come from: Ye Tingyun, "How to estimate a CNN's computation and parameters
accurately". The other rows extend it by the same reasoning: the operations of each layer's definition.
"""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.quantized_kinds import QUANTIZED
from nbcnncost.work import Formula, Term

TEXTBOOK = "textbook (Ye Tingyun)"
EXTENDED = "by the textbook's reasoning"

#: What the symbols stand for.
SYMBOLS = MappingProxyType(
    {
        "N": "batch (for linear layers: all leading dimensions)",
        "n": "elements of the output (H·W·C for an image)",
        "n_in": "elements of the input",
        "n_p": "elements of the parameter",
        "n_einsum": "operations as numpy.einsum_path estimates them, one more, to four digits",
        "C": "channels",
        "C_in": "input channels",
        "C_out": "output channels",
        "g": "groups",
        "b": "1 with a bias, 0 without",
        "H_out": "output height",
        "W_out": "output width",
        "D_out": "output depth",
        "L_out": "output length",
        "H_in": "input height",
        "W_in": "input width",
        "D_in": "input depth",
        "L_in": "input length",
        "H": "height",
        "W": "width",
        "D": "depth",
        "L": "length",
        "S_h": "stride down",
        "S_w": "stride across",
        "S_d": "stride in depth",
        "S_l": "stride",
        "P_h": "padding above and below, each",
        "P_w": "padding left and right, each",
        "P_d": "padding in front and behind, each",
        "P_l": "padding at each end",
        "D_h": "dilation down",
        "D_w": "dilation across",
        "D_d": "dilation in depth",
        "D_l": "dilation",
        "K_h": "kernel height",
        "K_w": "kernel width",
        "K_d": "kernel depth",
        "K_l": "kernel length",
        "ΣK_h": "heights of all windows, summed",
        "ΣK_w": "widths of all windows, summed",
        "ΣK_d": "depths of all windows, summed",
        "ΣK_l": "lengths of all windows, summed",
        "N_in": "input features",
        "N_out": "output features",
        "B": "number of matrices (batch × heads)",
        "m": "rows of the first matrix",
        "k": "columns of the first matrix",
        "p": "columns of the second matrix",
        "T_q": "query positions",
        "T_k": "key positions",
        "E": "features of a head",
        "E_v": "features of a head's values",
        "T": "time steps of all sequences",
        "T_0": "first steps whose given state needs no gradient",
        "I": "input features",
        "F": "hidden features",
        "P": "features handed on to the next step",
        "S": "window of channels",
        "F_np": "operations of an einsum by numpy's estimate, to four digits",
        "n_idx": "combinations of all indices of an einsum",
        "n_shape": "products of shape numbers",
        "d": "elements that a softmax runs over",
        "w": "parameters of the layer",
        "h": "heads of attention",
        "F_q": "features of queries, all heads",
        "F_k": "features of keys, all heads",
        "F_v": "features of values, all heads",
        "N_0": "batch of the model's input",
        "r": "what divisions by the batch left over",
    }
)

_MAC = {"macs": 1}
_SUM = {"dot_products": 1}


def _formula(
    kind: str,
    title: str,
    *terms: tuple[str, dict[str, int]],
    why: str,
    source: str = EXTENDED,
    params: str | None = None,
) -> Formula:
    return Formula(kind, title, tuple(Term(base, MappingProxyType(per)) for base, per in terms), why, source, params)


def _each(kind: str, title: str, why: str, *, base: str = "n", source: str = EXTENDED, **per: int) -> Formula:
    """A kind that costs the same at each element: of the output, unless ``base`` says otherwise."""
    return _formula(kind, title, *([(base, per)] if per else []), why=why, source=source)


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
        why="two matrix products; each score is scaled (1) and goes through the softmax (5)",
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
    _each("multiply_add", "multiply and add (addcmul, lerp)", "two an element", multiplications=1, additions=1),
    _each("compare", "compare, maximum, select", "one an element", comparisons=1),
    _each("special", "exp, log, root, power, sine", "one an element", specials=1),
    _each("pointwise", "other pointwise", "one an element", comparisons=1),
    _each(
        "sum",
        "sum, product, norm over an axis",
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
        "maximum, minimum, sort by an axis",
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
    {formula.kind: formula for formula in (*_LAYERS, *QUANTIZED, *_ACTIVATIONS, *_ELEMENTS, *_ZEROS)}
)
