"""How many numbers come out of a layer, in the symbols that its other formulas have."""

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


def output_text(kind: str) -> str:
    """The formula of the number of elements that come out of a kind of layer."""
    return _OUTPUTS.get(plain_kind(kind), "n")


def elements(layer: Layer) -> str | None:
    """The formula of the elements of the output of one call; ``None`` where nothing tells them."""
    shown = expression(output_text(layer.kind), layer.spatial)
    if layer.values.keys() >= set(shown.code.co_names):
        number = shown.value(layer.values)
        if layer.values.get("n", number) == number:
            return shown.text
    return "n" if "n" in layer.values else None
