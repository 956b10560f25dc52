"""From an operation as the framework runs it to the kind and dimensions that a formula needs.

Two tables: :data:`RULES` for ``aten`` operations, by name without overload and in-place underscore, and
:data:`COMPOSITES` for Python functions that are recorded as one operation (an LSTM layer, attention), since what
they decompose into differs by device and version. No cost is known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from types import MappingProxyType

import torch
from torch import Tensor

from nbcnncost.expressions import named
from nbcnncost.rules import complex_numbers, fourier, linear_algebra, losses, pointwise, reductions, sampling
from nbcnncost.rules.call import Call, Described, Rule, is_of_whole_numbers, tensors_of, window_settings
from nbcnncost.rules.call import by_name as _all
from nbcnncost.rules.call import by_rank as _by_rank
from nbcnncost.rules.call import described as _described
from nbcnncost.rules.call import each as _each
from nbcnncost.rules.call import each_input as _each_input
from nbcnncost.rules.call import each_output as _each_output
from nbcnncost.rules.call import sizes as _sizes
from nbcnncost.rules.call import zero as _zero

__all__ = ["RULES", "Call", "Described", "Rule", "describe", "tensors_of"]


def _convolution(call: Call) -> Described:
    x, weight, bias, stride, padding, dilation, transposed, output_padding, groups = call.args
    spatial = weight.dim() - 2
    c_in, c_out = (
        (weight.shape[0], weight.shape[1] * groups) if transposed else (weight.shape[1] * groups, weight.shape[0])
    )
    dims = {"N": call.output.shape[0], "C_in": c_in, "C_out": c_out, "g": groups, "b": int(bias is not None)}
    dims |= named("K", tuple(weight.shape[2:])) | named("OUT", tuple(call.output.shape[2:]))
    dims |= named("IN", tuple(x.shape[2:])) | window_settings(spatial, stride, padding, dilation)
    if transposed:
        dims |= named("O", _sizes(output_padding, spatial))
    return _described("transposed_convolution" if transposed else "convolution", dims, spatial)


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
            dims |= window_settings(spatial, stride, call.argument(3, "padding", 0), dilation)
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


def _attention(call: Call) -> Described:
    """Attention called by the name of one of its kernels; by its usual name it is recorded whole."""
    query, key, value = call.args[:3]
    if call.kwargs.get("attn_mask") is not None or any(isinstance(entry, Tensor) for entry in call.args[3:]):
        return Described(None, reason="with a mask no formula is known; call scaled_dot_product_attention")
    dims = {"B": query.shape[0] * query.shape[1], "T_q": query.shape[-2], "T_k": key.shape[-2]}
    return _described("attention", dims | {"E": query.shape[-1], "E_v": value.shape[-1]})


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


#: Floating-point arithmetic: where only whole numbers and booleans go in and come out, it is index arithmetic.
_ARITHMETIC: dict[str, Rule] = {
    **_all("mul square", _each("multiply")),
    **_all("div reciprocal", _each("divide")),
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
    **_all("sum nansum", _each_input("sum")),
    **_all("var std var_mean std_mean", _each_input("variance")),
    **_all(
        "max min amax amin aminmax argmax argmin topk median kthvalue cummax cummin",
        _each_input("extreme"),
    ),
    "mean": _mean,
    **_all("any all _is_all_true count_nonzero", _each_input("extreme")),
    **pointwise.ARITHMETIC,
    **reductions.ARITHMETIC,
}

#: Why nothing is known of an operation, as the user is told.
_LAYOUT = "on sparse or nested tensors, where how much is computed depends on what they hold"
_CUSTOM = "an operation from outside the framework"
_NO_RULE = "no formula is known for it"
_OTHERWISE = "called in a way that its rule does not know"

#: Views that come as copies too.
_VIEWS = (
    "alias as_strided detach diagonal expand narrow permute select slice split split_with_sizes squeeze t transpose "
    "unbind unfold unsqueeze view"
)
_OWN_NAMES = ("sigmoid", "tanh", "silu", "hardsigmoid", "hardswish", "softplus", "mish", "glu")

RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **_all("convolution _convolution", _convolution),
        "linear": _linear,
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
        "native_layer_norm": _each_output("layer_norm"),
        **_all(
            "_scaled_dot_product_flash_attention _scaled_dot_product_flash_attention_for_cpu "
            "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention",
            _attention,
        ),
        "_fused_rms_norm": _each_output("rms_norm"),
        "native_group_norm": _group_norm,
        **_all("relu", _each("relu")),
        **_all("leaky_relu rrelu_with_noise", _each("leaky_relu")),
        **_all("prelu _prelu_kernel", _each("prelu")),
        **{name: _each(name) for name in _OWN_NAMES},
        **_all("elu", _elu),
        **_all("celu", _each("celu")),
        **_all("selu", _each("selu")),
        "gelu": _gelu,
        "log_sigmoid_forward": _each_output("log_sigmoid"),
        **_all("_softmax softmax _safe_softmax", _each("softmax")),
        **_all("_log_softmax log_softmax", _each("log_softmax")),
        "native_dropout": _each_output("dropout"),
        **_all("upsample_linear1d", _each("upsample_linear")),
        **_all("upsample_bilinear2d", _each("upsample_bilinear")),
        **_all("upsample_bicubic2d", _each("upsample_bicubic")),
        **_all("upsample_trilinear3d", _each("upsample_trilinear")),
        **_by_rank("upsample_nearest", lambda rank: _zero("upsample_nearest")),
        **_by_rank("_upsample_nearest_exact", lambda rank: _zero("upsample_nearest")),
        "embedding": _zero("embedding"),
        **_all(
            "view _unsafe_view reshape _reshape_alias t transpose permute expand slice select split split_with_sizes "
            "chunk unbind narrow cat stack _chunk_cat block_diag unsqueeze squeeze alias detach clone copy _to_copy "
            "contiguous constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d "
            "replication_pad1d replication_pad2d replication_pad3d "
            "roll flip rot90 index _unsafe_masked_index index_select gather take masked_select unfold im2col "
            "max_unpool2d max_unpool3d "
            "as_strided diagonal repeat tile repeat_interleave pixel_shuffle pixel_unshuffle channel_shuffle "
            "native_channel_shuffle movedim swapaxes lift_fresh lift_fresh_copy slice_scatter select_scatter tril triu "
            "diag diag_embed index_fill index_copy masked_scatter resize_as set_ as_strided_scatter "
            "diagonal_scatter lu_unpack unsafe_split unsafe_split_with_sizes unsafe_chunk complex "
            "view_as_real view_as_complex real imag _conj resize _pack_padded_sequence item _local_scalar_dense",
            _zero("movement"),
        ),
        **_all(" ".join(f"{view}_copy" for view in _VIEWS.split()), _zero("movement")),
        **_all("_assert_async _linalg_check_errors", _zero("integer")),
        **_all(
            "bernoulli uniform normal random exponential fill zero zeros_like ones_like empty_like full_like rand_like "
            "randn_like randint_like cauchy geometric log_normal linspace logspace "
            "new_zeros new_ones new_empty new_full new_empty_strided",
            _zero("random"),
        ),
        **fourier.RULES,
        **linear_algebra.RULES,
        **losses.RULES,
        **reductions.RULES,
        **sampling.RULES,
    }
)  # fmt: skip


def describe(func: torch._ops.OpOverload, call: Call) -> Described:
    """The kind and dimensions of one operation; kind ``None``, with a reason, where no rule knows it."""
    namespace, _, name = func._schema.name.partition("::")
    name = name if name.startswith("__") else name.rstrip("_")
    name = name if namespace == "aten" else f"{namespace}::{name}"
    inputs = tuple(tensors_of(call.args, call.kwargs))
    if not inputs:
        return Described("random")
    if any(tensor.layout is not torch.strided for tensor in (*inputs, *call.outputs)):
        return Described(None, reason=_LAYOUT)
    rule = _rule(func, name, inputs, call)
    if rule is None:
        return Described(None, reason=_NO_RULE if namespace == "aten" else _CUSTOM)
    try:
        return rule(call)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):
        return Described(None, reason=_OTHERWISE)


def _rule(func: torch._ops.OpOverload, name: str, inputs: tuple[Tensor, ...], call: Call) -> Rule | None:
    if not complex_numbers.is_complex((*inputs, *call.outputs)):
        return _real_rule(func, name, inputs, call)
    known = complex_numbers.RULES.get(name)
    if known is not None:
        return known
    real = _real_rule(func, name, inputs, call)
    return None if real is None else lambda call: complex_numbers.of_complex(real(call))


def _real_rule(func: torch._ops.OpOverload, name: str, inputs: tuple[Tensor, ...], call: Call) -> Rule | None:
    known = RULES.get(name)
    if known is not None:
        return known
    arithmetic = _ARITHMETIC.get(name)
    if arithmetic is None and name.startswith("special_"):
        arithmetic = _each("special")
    if arithmetic is None and torch.Tag.pointwise in func.tags and call.outputs and "::" not in name:
        arithmetic = _each("pointwise")
    if arithmetic is not None and all(map(is_of_whole_numbers, (*inputs, *call.outputs))):
        return _zero("integer")
    return arithmetic
