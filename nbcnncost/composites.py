"""Python functions that are recorded as one operation each.

What an LSTM or attention decomposes into differs by device and version of the framework; what it computes does not.
So these are described from their arguments, and what runs inside them is not recorded again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nbcnncost.expressions import named
from nbcnncost.rules.call import Described, is_of_whole_numbers, tensors_of

Describer = Callable[[tuple[Any, ...], Mapping[str, Any], Any], list[Described]]


def _get(args: tuple[Any, ...], kwargs: Mapping[str, Any], position: int, name: str, default: Any = None) -> Any:
    return args[position] if len(args) > position else kwargs.get(name, default)


def _attention(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    query, key, value = (_get(args, kwargs, place, name) for place, name in enumerate(("query", "key", "value")))
    mask, dropout = _get(args, kwargs, 3, "attn_mask"), _get(args, kwargs, 4, "dropout_p", 0.0)
    whole = query if out is None else out  # a checkpoint may have stopped before there was a result
    batch, queries, keys = prod(whole.shape[:-2]), query.shape[-2], key.shape[-2]
    dims = {"B": batch, "T_q": queries, "T_k": keys, "E": query.shape[-1], "E_v": value.shape[-1]}
    scores = (("n", batch * queries * keys),)
    parts = [Described("attention", tuple(dims.items()))]
    if mask is not None:
        parts.append(Described("add" if mask.is_floating_point() else "compare", scores))
    return [*parts, Described("dropout", scores)] if dropout else parts


def _local_response_norm(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    return [Described("local_response_norm", (("n", out.numel()), ("S", _get(args, kwargs, 1, "size"))))]


def _linear(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    x, weight, bias = (_get(args, kwargs, place, name) for place, name in enumerate(("input", "weight", "bias")))
    outputs = weight.shape[0] if weight.dim() > 1 else 1
    if is_of_whole_numbers(x):
        whole = {"B": 1, "m": prod(x.shape[:-1]), "k": x.shape[-1], "p": outputs}
        return [Described("integer_matmul", tuple(whole.items()))]
    dims = {"N": prod(x.shape[:-1]), "N_in": x.shape[-1], "N_out": outputs, "b": int(bias is not None)}
    return [Described("complex_linear" if x.is_complex() else "linear", tuple(dims.items()))]


def _bilinear(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    names = enumerate(("input1", "input2", "weight", "bias"))
    x, _, weight, bias = (_get(args, kwargs, place, name) for place, name in names)
    outputs, first, second = weight.shape
    dims = {"N": prod(x.shape[:-1]), "N_out": outputs, "I": first, "J": second, "b": int(bias is not None)}
    return [Described("bilinear", tuple(dims.items()))]


def _complex_convolution(spatial: int, *, transposed: bool = False) -> Describer:
    """The framework makes three real convolutions of a complex one, which by its definition is four."""

    def describe(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
        x, weight, bias = (_get(args, kwargs, place, name) for place, name in enumerate(("input", "weight", "bias")))
        groups = _get(args, kwargs, 6, "groups", 1)
        sides = weight.shape[:2] if transposed else (weight.shape[1], weight.shape[0])
        c_in, c_out = (sides[0], sides[1] * groups) if transposed else (sides[0] * groups, sides[1])
        batch = out.shape[0] if out.dim() == spatial + 2 else 1
        dims = {"N": batch, "C_in": c_in, "C_out": c_out, "g": groups, "b": int(bias is not None)}
        dims |= named("K", tuple(weight.shape[2:])) | named("OUT", tuple(out.shape[-spatial:]))
        dims |= named("IN", tuple(x.shape[-spatial:]))
        kind = "complex_transposed_convolution" if transposed else "complex_convolution"
        return [Described(kind, tuple(dims.items()), spatial)]

    return describe


def _cosine_similarity(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    vectors = (_get(args, kwargs, place, name) for place, name in enumerate(("x1", "x2")))
    together: tuple[int, ...] = torch.broadcast_shapes(*(vector.shape for vector in vectors))  # type: ignore[no-untyped-call]
    axis = _get(args, kwargs, 2, "dim", 1)
    return [Described("cosine_similarity", (("n", out.numel()), ("V", together[axis] if together else 1)))]


def _weight_norm(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    return [Described("weight_norm", (("n", out.numel()), ("n_g", _get(args, kwargs, 1, "g").numel())))]


def _instance_norm(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    size = tuple(out.shape[2:])
    if len(size) > 3:
        return [Described("layer_norm", (("n", out.numel()),))]
    dims = {"N": out.shape[0], "C": out.shape[1]} | named("X", size)
    return [Described("instance_norm", tuple(dims.items()), len(size))]


def _rms_norm(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    return [Described("rms_norm", (("n", out.numel()),))]


def _dropout(position: int) -> Describer:
    def describe(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
        active = _get(args, kwargs, position, "training", True) and _get(args, kwargs, 1, "p", 0.5)
        return [Described("dropout", (("n", out.numel()),))] if active else []

    return describe


class _Recurrent(NamedTuple):
    """The arguments of ``torch.lstm`` and its like, as far as they matter here."""

    weights: tuple[Tensor, ...]
    biases: bool
    layers: int
    dropout: float
    training: bool
    bidirectional: bool


def _arguments(args: tuple[Any, ...]) -> _Recurrent:
    """With a packed sequence the second argument holds the batch sizes; without, the initial state."""
    first = 3 if isinstance(args[3], (list, tuple)) else 2
    return _Recurrent(tuple(args[first]), *args[first + 1 : first + 6])


def _recurrent(kind: str, gates: int) -> Describer:
    def describe(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
        x, given = args[0], _arguments(args)
        directions = 2 if given.bidirectional else 1
        each = len(given.weights) // (given.layers * directions)
        steps = x.numel() // x.shape[-1]
        parts = []
        for first in range(0, len(given.weights), each):
            from_input, from_hidden = given.weights[first], given.weights[first + 1]
            hidden, handed_on = from_input.shape[0] // gates, from_hidden.shape[1]
            parts.append(_layer(kind, steps, from_input.shape[1], hidden, handed_on, given.biases))
            if each > (4 if given.biases else 2):
                parts.append(Described("lstm_projection", (("T", steps), ("F", hidden), ("P", handed_on))))
            if given.training and given.dropout and first + each * directions < len(given.weights):
                parts.append(Described("dropout", (("n", steps * handed_on),)))
        return parts

    return describe


def _cell(kind: str, gates: int) -> Describer:
    def describe(args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
        x, weight = args[0], args[2]
        hidden = weight.shape[0] // gates
        return [
            _layer(kind, x.numel() // x.shape[-1], x.shape[-1], hidden, hidden, len(args) > 4 and args[4] is not None)
        ]

    return describe


def _layer(kind: str, steps: int, inputs: int, hidden: int, handed_on: int, biases: bool) -> Described:
    return Described(kind, (("T", steps), ("I", inputs), ("F", hidden), ("P", handed_on), ("b", int(biases))))


def is_whole(function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call of this function is recorded as one operation."""
    if function in _WHOLE_IF_COMPLEX:
        return any(tensor.is_complex() for tensor in tensors_of(args, dict(kwargs)))
    return function in COMPOSITES


def describe_whole(function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], out: Any) -> list[Described]:
    """What a function that is recorded as one operation consists of; unknown where it is called in another way."""
    try:
        return COMPOSITES[function](args, kwargs, out)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        return [Described(None, reason="called in a way that its rule does not know")]


_CONVOLUTIONS: Mapping[str, Describer] = MappingProxyType(
    {
        **{f"conv{rank}d": _complex_convolution(rank) for rank in (1, 2, 3)},
        **{f"conv_transpose{rank}d": _complex_convolution(rank, transposed=True) for rank in (1, 2, 3)},
    }
)
_WHOLE_IF_COMPLEX = frozenset(_CONVOLUTIONS)

#: The functions by the name that the framework gives them.
COMPOSITES: Mapping[str, Describer] = MappingProxyType(
    {
        "scaled_dot_product_attention": _attention,
        "local_response_norm": _local_response_norm,
        "linear": _linear,
        "bilinear": _bilinear,
        **_CONVOLUTIONS,
        "cosine_similarity": _cosine_similarity,
        "weight_norm": _weight_norm,
        "instance_norm": _instance_norm,
        "rms_norm": _rms_norm,
        "dropout": _dropout(2),
        "dropout1d": _dropout(2),
        "dropout2d": _dropout(2),
        "dropout3d": _dropout(2),
        "alpha_dropout": _dropout(2),
        "feature_alpha_dropout": _dropout(2),
        "lstm": _recurrent("lstm", 4),
        "gru": _recurrent("gru", 3),
        "rnn_tanh": _recurrent("rnn_tanh", 1),
        "rnn_relu": _recurrent("rnn_relu", 1),
        "lstm_cell": _cell("lstm", 4),
        "gru_cell": _cell("gru", 3),
        "rnn_tanh_cell": _cell("rnn_tanh", 1),
        "rnn_relu_cell": _cell("rnn_relu", 1),
    }
)
