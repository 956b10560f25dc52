"""Operations on quantized tensors: which kind each is, and what its packed weights consist of.

A quantized layer multiplies whole numbers of 8 bits, so its multiply-accumulates are integer ones. Its weights are
packed into an object of the framework's, which is only asked here, never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nbcnncost.aten import Call, Described, describe
from nbcnncost.expressions import named


class Packed(NamedTuple):
    """Weights as they were before they were packed."""

    weight: Tensor
    bias: Tensor | None

    @property
    def is_integer(self) -> bool:
        """Whether they are whole numbers: a layer may also be packed in half precision."""
        return not self.weight.is_floating_point()


def unpacked(packed: Any) -> Packed:
    """The weight and bias inside a packed layer's object."""
    content = packed.unpack()
    if isinstance(content, Tensor):  # an embedding's
        return Packed(content, None)
    return Packed(content[0], content[1])


def unpacked_cell(cell: Any) -> tuple[Packed, Packed]:
    """The weights of one layer and direction of a dynamically quantized LSTM or GRU: for the input, for the state."""
    (_, biases, _, _, weights), _ = cell.__getstate__()
    if biases:
        return Packed(unpacked(weights[0]).weight, biases[0]), Packed(unpacked(weights[1]).weight, biases[1])
    return unpacked(weights[0]), unpacked(weights[1])


def is_packed(value: Any) -> bool:
    """Whether an object holds packed weights."""
    return isinstance(value, torch.ScriptObject) and "PackedParams" in str(value._type())


def is_packed_cell(value: Any) -> bool:
    """Whether an object holds the packed weights of one layer and direction of a recurrent layer."""
    return isinstance(value, torch.ScriptObject) and "CellParams" in str(value._type())


def base_name(func: Any) -> str:
    """An operation's name without namespace, overload and in-place underscore."""
    return str(func._schema.name).partition("::")[2].rstrip("_")


def concerns(func: Any, tensors: tuple[Tensor, ...]) -> bool:
    """Whether an operation takes, makes or consists of quantized numbers."""
    return _by_name(func) or any(tensor.is_quantized for tensor in tensors)


@cache
def _by_name(func: Any) -> bool:
    name = str(func._schema.name)
    return name in _FAKE or name.startswith(_OURS)


def describe_quantized(func: Any, call: Call) -> Described:
    """The kind and dimensions of an operation that :func:`concerns` quantized numbers."""
    name = base_name(func)
    if "pack" in name:
        return Described("movement")
    rule = next((rule for start, rule in _RULES.items() if name.startswith(start)), None)
    if rule is not None:
        return rule(call, name)
    usual = describe(func, call)
    return usual if usual.kind in _STILL or not call.outputs else Described("quantized")


def _convolution(call: Call, name: str) -> Described:
    x, packed = call.args[0], next(value for value in call.args if is_packed(value))
    weight, bias = unpacked(packed)
    spatial = x.dim() - 2
    groups, transposed = packed.groups(), "transpose" in name
    channels = weight.shape[:2]
    c_in, c_out = (channels[0], channels[1] * groups) if transposed else (channels[1] * groups, channels[0])
    dims = {"N": x.shape[0], "C_in": c_in, "C_out": c_out, "g": groups, "b": int(bias is not None)}
    dims |= named("K", tuple(weight.shape[-spatial:])) | named("OUT", tuple(call.output.shape[2:]))
    dims |= named("IN", tuple(x.shape[2:]))
    if not transposed:
        for letter, sizes in (("S", packed.stride()), ("P", packed.padding()), ("D", packed.dilation())):
            dims |= named(letter, tuple(sizes[-spatial:]))
    kind = "transposed_convolution" if transposed else "convolution"
    return _product(kind, dims | {"n_in": x.numel()}, name, spatial)


def _linear(call: Call, name: str) -> Described:
    x, (weight, bias) = call.args[0], unpacked(next(value for value in call.args if is_packed(value)))
    dims = {"N": prod(x.shape[:-1]), "N_in": weight.shape[1], "N_out": weight.shape[0], "b": int(bias is not None)}
    if weight.is_floating_point():  # packed in half precision
        return Described("linear", tuple(dims.items()))
    return _product("linear", dims | {"n_in": x.numel()}, name, 0)


def _product(kind: str, dims: dict[str, int], name: str, spatial: int) -> Described:
    """Where the input comes as floating-point numbers it is quantized on the way, which costs something too."""
    how = "dynamic" if "dynamic" in name else "quantized"
    return Described(f"{how}_{kind}", tuple(dims.items()), spatial)


def _matmul(call: Call, name: str) -> Described:
    x, y = call.args[:2]
    dims = {"B": prod(x.shape[:-2]), "m": x.shape[-2], "k": x.shape[-1], "p": y.shape[-1]}
    return Described("integer_matmul", tuple(dims.items()))


def _each(kind: str) -> Callable[[Call, str], Described]:
    return lambda call, name: Described(kind, (("n", call.output.numel()),))


def _zero(kind: str) -> Callable[[Call, str], Described]:
    return lambda call, name: Described(kind)


def _cell(call: Call, name: str) -> Described:
    """One step of a recurrent cell."""
    x, (weight, bias), (state, _) = call.args[0], *(unpacked(value) for value in call.args if is_packed(value))
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[name.split("_")[1]]
    kind = name.removeprefix("quantized_").removesuffix("_cell_dynamic")
    return _layer(kind, x.shape[0], Packed(weight, bias), state, gates)


def _layer(kind: str, steps: int, weight: Packed, state: Tensor, gates: int) -> Described:
    hidden = weight.weight.shape[0] // gates
    dims = {
        "T": steps,
        "I": weight.weight.shape[1],
        "F": hidden,
        "P": state.shape[1],
        "b": int(weight.bias is not None),
    }
    return Described(f"dynamic_{kind}" if weight.is_integer else kind, tuple(dims.items()))


def describe_recurrent(func: Any, call: Call) -> list[Described]:
    """The layers and directions of a dynamically quantized LSTM or GRU, one for each packed cell."""
    kind = base_name(func).removeprefix("quantized_")
    x, cells = call.args[0], next(value for value in call.args if isinstance(value, list) and is_packed_cell(value[0]))
    parts = []
    for cell in cells:
        weight, state = unpacked_cell(cell)
        parts.append(_layer(kind, prod(x.shape[:-1]), weight, state.weight, 4 if kind == "lstm" else 3))
    return parts


def is_recurrent(func: Any) -> bool:
    """Whether an operation is a whole recurrent layer, dynamically quantized."""
    return func in _RECURRENT


#: Kinds that compute nothing on quantized numbers either.
_STILL = frozenset({"movement", "upsample_nearest", "random"})
_RECURRENT = frozenset(
    getattr(getattr(torch.ops.aten, name), kind)
    for name in ("quantized_lstm", "quantized_gru")
    for kind in ("input", "data")
)
_OURS = (
    *("quantized::", "aten::quantize", "aten::fake_quantize", "aten::_fused_moving_avg"),
    *("quantized_decomposed::quantize", "quantized_decomposed::dequantize"),
)
_FAKE = frozenset(
    {"aten::_fake_quantize_learnable_per_tensor_affine", "aten::_fake_quantize_learnable_per_channel_affine"}
)
#: Each operation's rule by how its name begins, the special ones first.
_RULES: Mapping[str, Callable[[Call, str], Described]] = MappingProxyType(
    {
        "conv": _convolution,
        "linear": _linear,
        "matmul": _matmul,
        **dict.fromkeys(("cat", "int_repr", "q_", "qscheme"), _zero("movement")),
        "embedding": _zero("embedding"),
        "quantized_lstm_cell": _cell,
        "quantized_gru_cell": _cell,
        "quantized_rnn": _cell,
        "quantized_max_pool": _zero("quantized"),
        "quantize_per": _each("quantize"),
        "dequantize": _each("dequantize"),
        **dict.fromkeys(
            ("fake_quantize", "_fake_quantize", "_fused_moving_avg", "fused_moving_avg"), _each("fake_quantize")
        ),
    }
)
