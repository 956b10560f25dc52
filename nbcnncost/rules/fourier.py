"""Fourier transforms."""

from __future__ import annotations

from math import prod
from types import MappingProxyType

from torch import Tensor

from nbcnncost.rules.call import Call, Described, Rule, described


def _transform(kind: str, values: Tensor, axes: tuple[int, ...], normalization: int) -> Described:
    """``values`` are those in the natural size: a real transform's other side holds only half of them."""
    lengths = [values.shape[axis] for axis in axes]
    points = prod(lengths)
    parts = [_factors(length) for length in lengths]
    dims = {
        "N": values.numel() // points if points else 0,
        "M": points,
        "s": sum(halvings for halvings, _ in parts),
        "Q": sum(others for _, others in parts),
        "n_w": int(normalization != 0),
    }
    return described(kind, dims)


def _factors(length: int) -> tuple[int, int]:
    """How often a length can be halved, and q − 1 for each of its other prime factors q, summed."""
    halvings, others, factor = 0, 0, 3
    while length > 1 and length % 2 == 0:
        length, halvings = length // 2, halvings + 1
    while length > 1:
        if factor * factor > length:
            factor = length
        while length % factor == 0:
            length, others = length // factor, others + factor - 1
        factor += 2
    return halvings, others


def _complex(call: Call) -> Described:
    return _transform("fft", call.args[0], tuple(call.args[1]), call.args[2])


def _from_real(call: Call) -> Described:
    return _transform("fft_real", call.args[0], tuple(call.args[1]), call.args[2])


def _to_real(call: Call) -> Described:
    return _transform("fft_real", call.output, tuple(call.args[1]), call.args[2])


RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {"_fft_c2c": _complex, "_fft_r2c": _from_real, "_fft_c2r": _to_real}
)
