"""From an operation as the framework runs it to the kind and dimensions that a formula needs.

Two tables: :data:`RULES` for ``aten`` operations, by name without overload and in-place underscore, and
:data:`COMPOSITES` for Python functions that are recorded as one operation (an LSTM layer, attention), since what
they decompose into differs by device and version. No cost is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nbcnncost.expressions import named
from nbcnncost.records import Dims


class Described(NamedTuple):
    """The kind of an operation, its formula's symbols, and the number of spatial dimensions."""

    kind: str | None
    dims: Dims = ()
    spatial: int = 0


class Call(NamedTuple):
    """One operation as it ran."""

    args: Sequence[Any]
    kwargs: dict[str, Any]
    outputs: tuple[Tensor, ...]
    function: str

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


Rule = Callable[[Call], Described]


def _described(kind: str, dims: dict[str, int], spatial: int = 0) -> Described:
    return Described(kind, tuple(dims.items()), spatial)


def _each(kind: str) -> Rule:
    """Counted at each element of the output; of all outputs, where there are several."""
    return lambda call: Described(kind, (("n", sum(out.numel() for out in call.outputs)),))


def _each_input(kind: str) -> Rule:
    """Counted at each element of the (first) input."""
    return lambda call: Described(kind, (("n_in", call.args[0].numel()),))


def _zero(kind: str) -> Rule:
    return lambda call: Described(kind)


def _sizes(value: Any, spatial: int) -> tuple[int, ...]:
    values = (value,) * spatial if isinstance(value, int) else tuple(value)
    return values if len(values) == spatial else values * spatial


def _convolution(call: Call) -> Described:
    x, weight, bias, stride, padding, dilation, transposed, _, groups = call.args
    spatial = weight.dim() - 2
    c_in, c_out = (
        (weight.shape[0], weight.shape[1] * groups) if transposed else (weight.shape[1] * groups, weight.shape[0])
    )
    dims = {"N": call.output.shape[0], "C_in": c_in, "C_out": c_out, "g": groups, "b": int(bias is not None)}
    dims |= named("K", tuple(weight.shape[2:])) | named("OUT", tuple(call.output.shape[2:]))
    dims |= named("IN", tuple(x.shape[2:]))
    if not transposed:
        dims |= _window_settings(spatial, stride, padding, dilation)
    return _described("transposed_convolution" if transposed else "convolution", dims, spatial)


def _window_settings(spatial: int, stride: Any, padding: Any, dilation: Any) -> dict[str, int]:
    """What the output size follows from, besides input and kernel size."""
    settings = (("S", stride), ("P", padding), ("D", dilation))
    return {name: size for word, value in settings for name, size in named(word, _sizes(value, spatial)).items()}


def _product(x: Tensor, y: Tensor, bias: bool) -> Described:
    batch = prod(x.shape[:-2])
    rows = x.shape[-2] if x.dim() > 1 else 1
    inner, columns = x.shape[-1], y.shape[-1] if y.dim() > 1 else 1
    whole = not (x.is_floating_point() or x.is_complex())
    kind = "integer_matmul" if whole else "matmul"
    return _described(kind, {"B": batch, "m": rows, "k": inner, "p": columns, "b": int(bias)})


def _matmul(call: Call) -> Described:
    return _product(call.args[0], call.args[1], bias=False)


def _matmul_add(call: Call) -> Described:
    return _product(call.args[1], call.args[2], bias=True)


def _linear(call: Call) -> Described:
    x, weight, bias = call.args[0], call.args[1], call.argument(2, "bias")
    dims = {
        "N": prod(x.shape[:-1]),
        "N_in": weight.shape[1],
        "N_out": weight.shape[0],
        "b": int(bias is not None),
    }
    return _described("linear", dims)


def _pool(kind: str, spatial: int) -> Rule:
    def rule(call: Call) -> Described:
        out = call.output
        batch, channels = (out.shape[0], out.shape[1]) if out.dim() == spatial + 2 else (1, out.shape[0])
        kernel = _sizes(call.args[1], spatial)
        dims = {"N": batch, "C": channels} | named("OUT", tuple(out.shape[-spatial:])) | named("K", kernel)
        if not call.argument(5 if kind == "max_pool" else 4, "ceil_mode", False):
            stride, dilation = call.argument(2, "stride") or kernel, call.argument(4, "dilation", 1)
            dims |= named("IN", tuple(call.args[0].shape[-spatial:]))
            dilation = dilation if kind == "max_pool" else 1
            dims |= _window_settings(spatial, stride, call.argument(3, "padding", 0), dilation)
        return _described(kind, dims, spatial)

    return rule


def _adaptive_pool(kind: str, spatial: int) -> Rule:
    """With windows of one size it is ordinary pooling; else each output has its own true window."""

    def rule(call: Call) -> Described:
        x, out = call.args[0], call.output
        batch, channels = (x.shape[0], x.shape[1]) if x.dim() == spatial + 2 else (1, x.shape[0])
        sizes = list(zip(x.shape[-spatial:], out.shape[-spatial:], strict=True))
        dims = {"N": batch, "C": channels}
        if all(size % parts == 0 for size, parts in sizes):
            dims |= named("OUT", tuple(out.shape[-spatial:]))
            return _described(kind, dims | named("K", tuple(size // parts for size, parts in sizes)), spatial)
        windows = tuple(sum(_windows(size, parts)) for size, parts in sizes)
        return _described(f"adaptive_{kind}", dims | named("WINDOWS", windows), spatial)

    return rule


def _windows(size: int, parts: int) -> Iterable[int]:
    return (-(-(i + 1) * size // parts) - i * size // parts for i in range(parts))


def _mean(call: Call) -> Described:
    """A mean over all spatial dimensions is the global average pooling; over other axes it is a mean."""
    x = call.args[0]
    axes = call.argument(1, "dim")
    spatial = x.dim() - 2
    if axes is not None and 1 <= spatial <= 3 and {axis % x.dim() for axis in axes} == set(range(2, x.dim())):
        dims = {"N": x.shape[0], "C": x.shape[1]} | named("OUT", (1,) * spatial) | named("K", tuple(x.shape[2:]))
        return _described("average_pool", dims, spatial)
    return _described("mean", {"n_in": x.numel()})


def _channel_norm(call: Call) -> Described:
    """A batch norm; whether its statistics are the batch's is the flag after the running ones."""
    given = (*call.args, *call.kwargs.values())
    return _normalized(call.args[0], next((value for value in given if isinstance(value, bool)), True))


def _fixed_norm(call: Call) -> Described:
    return _normalized(call.args[0], takes_statistics=False)


def _normalized(x: Tensor, takes_statistics: bool) -> Described:
    size = tuple(x.shape[2:])
    if len(size) > 3:
        return Described("layer_norm", (("n", x.numel()),))
    dims = {"N": x.shape[0], "C": x.shape[1], "statistics": int(takes_statistics)}
    return _described("batch_norm", dims | named("X", size), len(size))


def _group_norm(call: Call) -> Described:
    x = call.args[0]
    size = tuple(x.shape[2:]) if x.dim() <= 5 else (prod(x.shape[2:]),)
    return _described("group_norm", {"N": x.shape[0], "C": x.shape[1]} | named("X", size), len(size))


def _norm_output(call: Call) -> Described:
    return Described("layer_norm", (("n", call.output.numel()),))


def _elu(call: Call) -> Described:
    kind = "elu"
    if call.argument(2, "scale", 1) != 1:
        kind = "selu"
    elif call.argument(3, "input_scale", 1) != 1 or call.function == "celu":
        kind = "celu"
    return _each(kind)(call)


def _gelu(call: Call) -> Described:
    return _each("gelu_tanh" if call.kwargs.get("approximate", "none") == "tanh" else "gelu")(call)


def _clamp(call: Call) -> Described:
    bounds = sum(call.argument(place, name) is not None for place, name in ((1, "min"), (2, "max")))
    return _each("clamp" if bounds == 2 else "compare")(call)


def _power(call: Call) -> Described:
    exponent = call.argument(1, "exponent")
    return _each("multiply" if isinstance(exponent, (int, float)) and exponent == 2 else "special")(call)


def _dropout(call: Call) -> Described:
    return Described("dropout", (("n", call.output.numel()),))


def _by_rank(prefix: str, rule: Callable[[int], Rule]) -> dict[str, Rule]:
    return {f"{prefix}{rank}d": rule(rank) for rank in (1, 2, 3)}


def _all(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


#: Floating-point arithmetic: on whole numbers and booleans the same operations are index arithmetic.
_ARITHMETIC: dict[str, Rule] = {
    **_all("add sub rsub cumsum", _each("add")),
    **_all("mul square", _each("multiply")),
    **_all("div reciprocal", _each("divide")),
    **_all("addcmul addcdiv lerp", _each("multiply_add")),
    **_all(
        "eq ne lt le gt ge maximum minimum fmax fmin where masked_fill threshold clamp_min clamp_max",
        _each("compare"),
    ),
    **_all(
        "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sin cos tan erf asin acos atan atan2 sinh cosh",
        _each("special"),
    ),
    "pow": _power,
    "clamp": _clamp,
    "hardtanh": _each("clamp"),
    **_all("sum prod linalg_vector_norm norm logsumexp nansum", _each_input("sum")),
    **_all("var std var_mean std_mean", _each_input("variance")),
    **_all(
        "max min amax amin aminmax argmax argmin topk sort argsort median kthvalue cummax cummin",
        _each_input("extreme"),
    ),
    "mean": _mean,
    **_all("any all _is_all_true count_nonzero searchsorted bucketize", _each_input("extreme")),
}

_OWN_NAMES = ("sigmoid", "tanh", "silu", "hardsigmoid", "hardswish", "softplus", "mish", "glu")

RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **_all("convolution _convolution", _convolution),
        **_all("mm bmm mv dot matmul _int_mm", _matmul),
        **_all("addmm baddbmm addmv", _matmul_add),
        **_by_rank("avg_pool", lambda rank: _pool("average_pool", rank)),
        **_by_rank("max_pool", lambda rank: _pool("max_pool", rank)),
        "max_pool2d_with_indices": _pool("max_pool", 2),
        "max_pool3d_with_indices": _pool("max_pool", 3),
        **_by_rank("adaptive_avg_pool", lambda rank: _adaptive_pool("average_pool", rank)),
        **_by_rank("_adaptive_avg_pool", lambda rank: _adaptive_pool("average_pool", rank)),
        **_by_rank("adaptive_max_pool", lambda rank: _adaptive_pool("max_pool", rank)),
        **_all(
            "native_batch_norm _native_batch_norm_legit cudnn_batch_norm "
            "_batch_norm_with_update batch_norm_with_update miopen_batch_norm",
            _channel_norm,
        ),
        **_all("_native_batch_norm_legit_no_training _batch_norm_no_update", _fixed_norm),
        "native_layer_norm": _norm_output,
        "native_group_norm": _group_norm,
        **_all("relu", _each("relu")),
        **_all("leaky_relu rrelu_with_noise", _each("leaky_relu")),
        **_all("prelu _prelu_kernel", _each("prelu")),
        **{name: _each(name) for name in _OWN_NAMES},
        **_all("elu", _elu),
        **_all("celu", _each("celu")),
        **_all("selu", _each("selu")),
        "gelu": _gelu,
        "log_sigmoid_forward": lambda call: Described("log_sigmoid", (("n", call.output.numel()),)),
        **_all("_softmax softmax _safe_softmax", _each("softmax")),
        **_all("_log_softmax log_softmax", _each("log_softmax")),
        "native_dropout": _dropout,
        **_all("upsample_linear1d", _each("upsample_linear")),
        **_all("upsample_bilinear2d _upsample_bilinear2d_aa", _each("upsample_bilinear")),
        **_all("upsample_bicubic2d _upsample_bicubic2d_aa", _each("upsample_bicubic")),
        **_all("upsample_trilinear3d", _each("upsample_trilinear")),
        **_by_rank("upsample_nearest", lambda rank: _zero("upsample_nearest")),
        **_by_rank("_upsample_nearest_exact", lambda rank: _zero("upsample_nearest")),
        "embedding": _zero("embedding"),
        **_all(
            "view _unsafe_view reshape _reshape_alias t transpose permute expand slice select split split_with_sizes "
            "chunk unbind narrow "
            "cat stack unsqueeze squeeze alias detach clone copy _to_copy contiguous constant_pad_nd "
            "reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d "
            "roll flip index index_select index_put _index_put_impl gather scatter masked_select unfold im2col col2im "
            "as_strided diagonal repeat tile repeat_interleave pixel_shuffle pixel_unshuffle channel_shuffle "
            "native_channel_shuffle movedim swapaxes lift_fresh lift_fresh_copy slice_scatter select_scatter tril triu "
            "diag diag_embed diagonal_copy index_fill index_copy masked_scatter resize_as set_ "
            "view_as_real view_as_complex real imag _conj resize _pack_padded_sequence item _local_scalar_dense",
            _zero("movement"),
        ),
        **_all(
            "bernoulli uniform normal random exponential fill zero zeros_like ones_like empty_like full_like rand_like "
            "randn_like new_zeros new_ones new_empty new_full new_empty_strided",
            _zero("random"),
        ),
    }
)  # fmt: skip


def describe(func: torch._ops.OpOverload, call: Call) -> Described:
    """The kind and dimensions of one ``aten`` operation; kind ``None`` where no rule knows it."""
    namespace, _, name = func._schema.name.partition("::")
    name = name if name.startswith("__") else name.rstrip("_")
    inputs = tuple(tensors_of(call.args, call.kwargs))
    if not inputs:
        return Described("random")
    rule = _rule(func, name, inputs, call) if namespace == "aten" else None
    try:
        return Described(None) if rule is None else rule(call)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        return Described(None)  # called in a way that the rule does not know: unknown, and said so


def _rule(func: torch._ops.OpOverload, name: str, inputs: tuple[Tensor, ...], call: Call) -> Rule | None:
    known = RULES.get(name)
    if known is not None:
        return known
    arithmetic = _ARITHMETIC.get(name)
    if arithmetic is None and torch.Tag.pointwise in func.tags and call.outputs:
        arithmetic = _each("pointwise")
    if arithmetic is not None and not any(tensor.is_floating_point() or tensor.is_complex() for tensor in inputs):
        return _zero("integer")
    return arithmetic


def tensors_of(args: Sequence[Any], kwargs: dict[str, Any]) -> Iterable[Tensor]:
    """The tensors among an operation's arguments, one level of lists deep, as operations have them."""
    for value in (*args, *kwargs.values()) if kwargs else args:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (entry for entry in value if isinstance(entry, Tensor))
