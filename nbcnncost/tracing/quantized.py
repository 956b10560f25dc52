"""What operations on quantized tensors give, by shape alone: the framework has no kernels for them without values.

A quantized tensor without values is an empty one of its dtype on the meta device. An operation of the framework's
usual ones runs on a floating-point stand-in of the same shape; one of the quantized library's is told by its
arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nbcnncost.quantized import base_name, is_packed, unpacked

#: Dtypes of quantized tensors, with that of the whole numbers inside.
_STORED = MappingProxyType({torch.quint8: torch.uint8, torch.qint8: torch.int8, torch.qint32: torch.int32})


def empty(shape: Any, dtype: torch.dtype) -> Tensor:
    """A tensor without values, quantized or not."""
    return torch.empty(tuple(shape), dtype=dtype, device="meta")


def result_without_values(func: Any, args: Any, kwargs: Any) -> Any:
    """What an operation that concerns quantized numbers gives; raises ``NotImplementedError`` for one not known."""
    name = base_name(func)
    if "pack" in name:  # weights that a forward packs itself: they are the user's own, with values
        return func(*args, **kwargs)
    settled = next((make for start, make in _RESULTS.items() if name.startswith(start)), None)
    if settled is not None:
        return settled(func, args, kwargs)
    if func.namespace == "quantized":
        return _like_floating(name if name in _SAME_SHAPE else name.removesuffix("_relu"), args)
    return _on_stand_ins(func, args, kwargs)


def _on_stand_ins(func: Any, args: Any, kwargs: Any) -> Any:
    """Run a usual operation on floating-point stand-ins for the quantized tensors, and quantize what it gives."""
    originals: dict[int, Tensor] = {}
    quantized = next(value for value in _flat((*args, *kwargs.values())) if value.is_quantized)

    def stand_in(value: Any) -> Any:
        if isinstance(value, Tensor):
            made = torch.empty_strided(
                value.shape, value.stride(), dtype=torch.float32 if value.is_quantized else value.dtype, device="meta"
            )
            originals[id(made)] = value
            return made
        return type(value)(map(stand_in, value)) if type(value) in (list, tuple) else value

    def quantize(value: Any) -> Any:
        if isinstance(value, Tensor):
            if id(value) in originals:  # in place
                return originals[id(value)]
            return empty(value.shape, quantized.dtype) if value.dtype == torch.float32 else value
        return type(value)(map(quantize, value)) if type(value) in (list, tuple) else value

    swapped, named = stand_in(tuple(args)), {name: stand_in(value) for name, value in kwargs.items()}
    kept = list(originals)  # their identities must stay theirs until the result is known
    result = func(*swapped, **named)
    return quantize(result) if kept else result


def _flat(values: Any) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += _flat(value)
    return found


def _convolution(func: Any, args: Any, kwargs: Any) -> Tensor:
    x, packed = args[0], next(value for value in args if is_packed(value))
    weight, name = unpacked(packed).weight, base_name(func)
    spatial = x.dim() - 2
    sizes = [packed.stride(), packed.padding(), packed.dilation(), packed.output_padding()]
    stride, padding, dilation, output_padding = (list(size[-spatial:]) for size in sizes)
    out = torch.ops.aten.convolution(
        torch.empty(x.shape, device="meta"),
        torch.empty((*weight.shape[:2], *weight.shape[-spatial:]), device="meta"),
        None,
        stride,
        padding,
        dilation,
        "transpose" in name,
        output_padding,
        packed.groups(),
    )
    return empty(out.shape, torch.float32 if "dynamic" in name else x.dtype)


def _linear(func: Any, args: Any, kwargs: Any) -> Tensor:
    x, weight = args[0], unpacked(next(value for value in args if is_packed(value))).weight
    if x.shape[-1] != weight.shape[1]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({tuple(x.shape)} and {tuple(weight.shape)})")
    floating = any(word in base_name(func) for word in ("dynamic", "fp32"))
    return empty((*x.shape[:-1], weight.shape[0]), torch.float32 if floating else x.dtype)


def _embedding(func: Any, args: Any, kwargs: Any) -> Tensor:
    packed, indices = args[:2]
    features = unpacked(packed).weight.shape[1]
    if "bag" not in base_name(func):
        return empty((*indices.shape, features), torch.float32)
    if indices.dim() == 2:
        return empty((indices.shape[0], features), torch.float32)
    closed = args[8] if len(args) > 8 else kwargs.get("include_last_offset", False)
    return empty((args[2].shape[0] - bool(closed), features), torch.float32)


def _quantize(func: Any, args: Any, kwargs: Any) -> Any:
    dtype = next((value for value in (*args, *kwargs.values()) if isinstance(value, torch.dtype)), torch.quint8)
    return empty(args[0].shape, dtype)


def _dequantize(func: Any, args: Any, kwargs: Any) -> Any:
    if isinstance(args[0], (list, tuple)):
        return [empty(value.shape, torch.float32) for value in args[0]]
    return empty(args[0].shape, torch.float32)


def _stored(func: Any, args: Any, kwargs: Any) -> Tensor:
    return empty(args[0].shape, _STORED[args[0].dtype])


def _recurrent(func: Any, args: Any, kwargs: Any) -> Any:
    """A whole LSTM or GRU: the sequence, then the last states."""
    lstm = "lstm" in base_name(func)
    x, state = args[0], args[2 if func._overloadname == "data" else 1]
    hidden = (state[0] if lstm else state).shape[-1]
    _, _, bidirectional = [value for value in args if isinstance(value, bool)][:3]
    directions = 2 if bidirectional else 1
    out = empty((*x.shape[:-1], hidden * directions), x.dtype)
    last = [empty(value.shape, value.dtype) for value in (state if lstm else [state])]
    return (out, *last)


def _cell(func: Any, args: Any, kwargs: Any) -> Any:
    state = args[1]
    if isinstance(state, (list, tuple)):
        return tuple(empty(value.shape, value.dtype) for value in state)
    return empty(state.shape, state.dtype)


def _fake(func: Any, args: Any, kwargs: Any) -> Any:
    """Quantized and back at once: the numbers, and a mask where the operation hands one on."""
    x = empty(args[0].shape, args[0].dtype)
    returned = len(func._schema.returns)
    return x if returned == 1 else (x, empty(args[0].shape, torch.bool))


def _like_floating(name: str, args: Any) -> Any:
    """The quantized library's own elementwise operations and pools: shaped as their floating-point counterparts."""
    dtype = next(value for value in _flat(args) if value.is_quantized).dtype
    plain = [_plain(value) for value in args]
    if name in ("cat", "max_pool1d", "max_pool2d", "max_pool3d", "matmul"):
        how: Any = {"cat": torch.cat, "matmul": torch.matmul}.get(name) or getattr(functional, name)
        number = {"cat": 2, "matmul": 2}.get(name, 6)
        return empty(how(*plain[:number]).shape, dtype)
    tensors = [value for value in plain[:2] if isinstance(value, Tensor)]
    if name in ("add", "mul", "add_out", "mul_out"):
        return empty(torch.broadcast_shapes(*(value.shape for value in tensors)), dtype)
    if name in _SAME_SHAPE:
        return empty(tensors[0].shape, dtype)
    raise NotImplementedError(f"quantized::{name} without values")


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return torch.empty(value.shape, device="meta")
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value


_NORMS = ("batch_norm", "batch_norm1d", "batch_norm2d", "batch_norm3d", "layer_norm", "group_norm", "instance_norm")
_ACTIVATIONS = ("relu6", "leaky_relu", "sigmoid", "elu", "celu", "hardswish", "prelu", "softmax", "threshold", "clamp")
_SAME_SHAPE = frozenset({*_NORMS, *_ACTIVATIONS, "dropout", "add_scalar", "mul_scalar"})
#: What an operation gives by how its name begins, the special ones first.
_RESULTS: Mapping[str, Callable[[Any, Any, Any], Any]] = MappingProxyType(
    {
        "conv": _convolution,
        "linear": _linear,
        "embedding": _embedding,
        "quantized_lstm_cell": _cell,
        "quantized_gru_cell": _cell,
        "quantized_rnn": _cell,
        "quantized_lstm": _recurrent,
        "quantized_gru": _recurrent,
        "quantized_max_pool": lambda func, args, kwargs: _like_floating(
            base_name(func).removeprefix("quantized_"), args
        ),
        "quantize_per": _quantize,
        "dequantize": _dequantize,
        "int_repr": _stored,
        "fake_quantize": _fake,
        "_fake_quantize": _fake,
        "_fused_moving_avg": _fake,
        "fused_moving_avg": _fake,
        "q_scale": lambda *_: 1.0,
        "q_zero_point": lambda *_: 0,
        "qscheme": lambda *_: torch.per_tensor_affine,
    }
)
