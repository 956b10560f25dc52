"""The formulas of quantized layers, whose multiply-accumulates are those of whole numbers, and no FLOPs.

A statically quantized layer takes and gives 8-bit numbers. A dynamically quantized one takes and gives floating-point
numbers: it finds their range (2 comparisons a number), quantizes them (5) and scales what it gives (1).
"""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.work import Formula, Term

_SOURCE = "by the textbook's reasoning"
_INTEGER = {"integer_macs": 1}
#: Divide by the scale, round, add the zero point, keep between the smallest and the largest number.
_QUANTIZE = {"divisions": 1, "comparisons": 3, "additions": 1}
#: Subtract the zero point, times the scale.
_DEQUANTIZE = {"additions": 1, "multiplications": 1}
_ON_THE_WAY = {"divisions": 1, "comparisons": 5, "additions": 1}
_SCALED = {"multiplications": 1}
_WHOLE = "in whole numbers; scaling the sums to 8 bits is part of how they are stored and counts nothing"
_DYNAMIC = "in whole numbers; each input's range is found (2) and it is quantized (5), each output scaled (1)"


def _formula(kind: str, title: str, *terms: tuple[str, dict[str, int]], why: str, params: str | None = None) -> Formula:
    return Formula(kind, title, tuple(Term(base, MappingProxyType(per)) for base, per in terms), why, _SOURCE, params)


def _static_and_dynamic(kind: str, title: str, macs: str, outputs: str, params: str) -> tuple[Formula, Formula]:
    return (
        _formula(f"quantized_{kind}", f"quantized {title}", (macs, _INTEGER), why=_WHOLE, params=params),
        _formula(
            f"dynamic_{kind}",
            f"dynamically quantized {title}",
            (macs, _INTEGER),
            ("n_in", _ON_THE_WAY),
            (outputs, _SCALED),
            (f"b * {outputs}", {"bias_additions": 1}),
            why=_DYNAMIC,
            params=params,
        ),
    )


def _recurrent(kind: str, title: str, gates: int, gate: dict[str, int]) -> Formula:
    several = f"{gates} * " if gates > 1 else ""
    state = "P" if kind == "lstm" else "F"  # an LSTM may hand on a projection of its state
    return _formula(
        f"dynamic_{kind}",
        f"dynamically quantized {title}",
        (f"{several}T * F * (I + {state})", _INTEGER),
        ("T * F", gate),
        (f"T * (I + {state})", _ON_THE_WAY),
        (f"{2 * gates} * T * F", _SCALED),
        why=f"the layer's products {_DYNAMIC}; its gates in floating point",
        params=f"{several}F * (I + {state}) + b * {2 * gates} * F",
    )


QUANTIZED = (
    *_static_and_dynamic(
        "convolution",
        "convolution",
        "N * OUT * (C_in / g) * C_out * K",
        "N * OUT * C_out",
        "(K * (C_in / g) + b) * C_out",
    ),
    *_static_and_dynamic(
        "transposed_convolution",
        "transposed convolution",
        "N * IN * C_in * (C_out / g) * K",
        "N * OUT * C_out",
        "K * C_in * (C_out / g) + b * C_out",
    ),
    *_static_and_dynamic("linear", "fully connected layer", "N * N_in * N_out", "N * N_out", "(N_in + b) * N_out"),
    _formula(
        "integer_matmul",
        "integer matrix product",
        ("B * m * k * p", _INTEGER),
        why="k products of whole numbers summed for each of m·p elements",
    ),
    _recurrent(
        "lstm",
        "LSTM layer",
        4,
        {"additions": 4 + 3 + 3 + 4 + 1, "specials": 5, "divisions": 5, "multiplications": 2 + 3},
    ),
    _recurrent(
        "gru",
        "GRU layer",
        3,
        {"additions": 3 + 4 + 2 + 2, "specials": 3, "divisions": 3, "multiplications": 1 + 1 + 2},
    ),
    _recurrent(
        "rnn_tanh", "RNN layer (tanh)", 1, {"additions": 3, "multiplications": 1, "specials": 1, "divisions": 1}
    ),
    _recurrent("rnn_relu", "RNN layer (ReLU)", 1, {"additions": 1, "comparisons": 1}),
    _formula(
        "quantize",
        "quantize",
        ("n", _QUANTIZE),
        why="divide by the scale, round, add the zero point, two comparisons",
    ),
    _formula("dequantize", "dequantize", ("n", _DEQUANTIZE), why="subtract the zero point, times the scale"),
    _formula(
        "fake_quantize",
        "fake quantize",
        ("n", {"divisions": 1, "comparisons": 3, "additions": 2, "multiplications": 1}),
        why="quantize (5) and dequantize (2), in floating point; what an observer notes of the range is not counted",
    ),
    _formula(
        "quantized", "arithmetic on quantized numbers", why="whole numbers of 8 bits: no floating-point operation"
    ),
)
