"""How many numbers go into a layer and come out of it, in the symbols that its other formulas have."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.course.layers import Layer, plain_kind
from nbcnncost.expressions import expression

_MAPS = (
    *("max_pool", "average_pool", "adaptive_max_pool", "adaptive_average_pool", "upsample_antialias"),
    *("grid_sample_nearest", "grid_sample_bilinear", "grid_sample_trilinear", "grid_sample_bicubic"),
)
#: What comes out, by the plain kind; of all others that is only known by its number.
_OUTPUTS = MappingProxyType(
    {
        **dict.fromkeys(("convolution", "transposed_convolution"), "N * C_out * OUT"),
        **dict.fromkeys(("linear", "bilinear"), "N * N_out"),
        **dict.fromkeys(_MAPS, "N * C * OUT"),
        **dict.fromkeys(("batch_norm", "instance_norm", "group_norm"), "N * C * X"),
        **dict.fromkeys(("matmul", "triangular_solve", "lu_solve", "solve"), "B * m * p"),
        **dict.fromkeys(("lu", "cholesky"), "B * m * m"),
        "determinant": "B",
        "attention": "B * T_q * E_v",
        **dict.fromkeys(("lstm", "lstm_projection"), "T * P"),
        **dict.fromkeys(("gru", "rnn_tanh", "rnn_relu"), "T * F"),
        "roi_align": "R * C * OUT",
    }
)
#: What goes in, of kinds that take one tensor; a kind that is not here may take several.
_INPUTS = MappingProxyType(
    {
        **dict.fromkeys(("convolution", "transposed_convolution"), "N * C_in * IN"),
        "linear": "N * N_in",
        **dict.fromkeys(("max_pool", "average_pool"), "N * C * IN"),
        **dict.fromkeys(("batch_norm", "instance_norm", "group_norm"), "N * C * X"),
        **dict.fromkeys(("relu", "leaky_relu", "clamp", "sigmoid", "tanh", "silu", "gelu", "elu", "softmax"), "n"),
    }
)


def output_text(kind: str) -> str:
    """The formula of the number of elements that come out of a kind of layer."""
    return _OUTPUTS.get(plain_kind(kind), "n")


def elements(layer: Layer) -> str | None:
    """The formula of the elements of the output of one call; ``None`` where nothing tells them."""
    return _text_of(output_text(layer.kind), "n", layer)


def inputs(layer: Layer) -> str | None:
    """The formula of the elements that go into one call; ``None`` where nothing tells them."""
    text = _INPUTS.get(layer.kind)
    return None if text is None else _text_of(text, "n_in", layer)


def _text_of(text: str, number: str, layer: Layer) -> str | None:
    """A formula if it gives the number that a run counted; that number's symbol where it does not."""
    shown = expression(text, layer.spatial)
    if layer.values.keys() >= set(shown.code.co_names):
        value = shown.value(layer.values)
        if layer.values.get(number, value) == value:
            return text
    return number if number in layer.values else None
