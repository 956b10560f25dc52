"""Which argument of an operation is what: its input, its weight, its bias."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from types import MappingProxyType

from torch import Tensor

from nbcnncost.aten import Described
from nbcnncost.records import Gradient

_LAYER = ("input", "weight", "bias")
#: The tensors among an operation's arguments by their roles, in order; where a kind is missing all are inputs.
_ROLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("convolution", "transposed_convolution", "linear", "prelu"), _LAYER),
        **dict.fromkeys(("batch_norm", "group_norm", "layer_norm", "rms_norm"), _LAYER),
        "attention": ("query", "key", "value", "mask"),
        **{f"complex_{kind}": _LAYER for kind in ("convolution", "transposed_convolution", "linear")},
        **dict.fromkeys(("divide", "complex_divide", "complex_shrink"), ("input", "divisor")),
        **dict.fromkeys(("divide_add", "scaled_divide_add"), ("input", "numerator", "divisor")),
        **{f"grid_sample_{mode}": ("input", "grid") for mode in ("nearest", "bilinear", "trilinear", "bicubic")},
        "times_log": ("input", "logarithm"),
        "polar": ("modulus", "angle"),
        "embedding": ("weight",),
        "embedding_bag_weighed": ("weight", "indices", "offsets", "sample_weights"),
        "weight_norm": ("direction", "length"),
        "bilinear": ("first", "second", "weight", "bias"),
        "solve": ("matrix", "right"),
        "deform_convolution": ("input", "weight", "offset", "mask", "bias"),
        "roi_align": ("input", "boxes"),
    }
)
_BIAS_FIRST = frozenset({"addmm", "baddbmm", "addmv"})
_PRODUCTS = frozenset({"matmul", "scaled_matmul", "complex_matmul"})
RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})


def gradients(
    op: str,
    described: Described,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    params: Container[int],
) -> tuple[Gradient, ...]:
    """The gradients that the operation's backward computes: one for each argument that needs one."""
    roles = _roles(op, described)
    if described.kind == "instance_norm":
        roles = _normalized(inputs)
    elif described.kind == "complex_scale":
        roles = iter("input" if tensor.is_complex() else "factor" for tensor in inputs)
    found = tuple(
        Gradient(role, tensor.numel(), _is_parameter(tensor, params))
        for role, tensor in zip(roles, inputs, strict=False)
        if tensor.requires_grad
    )
    # What happens to attention's scores happens once, whichever of its arguments needs a gradient.
    is_score = op.startswith("scaled_dot_product") and described.kind != "attention"
    return (Gradient("input", outputs[0].numel()),) if is_score and found else found


def recurrent_gradients(
    op: str, described: Described, part: int, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
) -> tuple[Gradient, ...]:
    """The gradients of one layer and direction, the ``part``-th of a recurrent function's.

    The function's tensors are its input, its states, and the weights of one part after the other.
    """
    sizes = dict(described.dims)
    states = inputs[1 : _first_weight(op, inputs)]
    weights = inputs[1 + len(states) :]
    each = 2 + 2 * sizes.get("b", 0) + (sizes.get("P") != sizes.get("F"))
    directions = max(outputs[0].shape[-1] // sizes["P"], 1)
    below = [inputs[0], *(weights[: each * (part - part % directions)] if part >= directions else ())]
    own = weights[each * part : each * (part + 1)]
    needed = {
        "input": any(tensor.requires_grad for tensor in below),
        "state": any(tensor.requires_grad for tensor in states),
        "weight": any(tensor.requires_grad for tensor in own if tensor.dim() > 1),
        "bias": any(tensor.requires_grad for tensor in own if tensor.dim() == 1),
    }
    return tuple(Gradient(role, outputs[0].numel()) for role, is_needed in needed.items() if is_needed)


def first_steps(op: str, inputs: Sequence[Tensor]) -> int:
    """How many sequences start in a recurrent function: its states, which follow the input, have one row for each."""
    state = next(tensor for tensor in inputs[1 : _first_weight(op, inputs)] if tensor.is_floating_point())
    return state.shape[-2] if state.dim() > 1 else 1


def _is_parameter(tensor: Tensor, params: Container[int]) -> bool:
    """Whether it is a parameter, or a view of one (a transposed weight)."""
    return id(tensor) in params or id(tensor._base) in params


def _roles(op: str, described: Described) -> Iterator[str]:
    name = op.split(".")[1].rstrip("_") if op.startswith("aten.") else ""
    if described.kind in _PRODUCTS and name in _BIAS_FIRST:
        yield "bias"
    elif name == "_trilinear":
        yield from ("first", "weight", "second")
    elif described.kind == "batch_norm" and not dict(described.dims).get("statistics", 1):
        yield from ("scaled", "weight", "bias")
    else:
        yield from _ROLES.get(described.kind or "", ())
    while True:
        yield "input"


def _normalized(inputs: Sequence[Tensor]) -> Iterator[str]:
    """Running statistics, which need no gradient, may stand between an instance norm's input and its weights."""
    yield "input"
    own = [place for place, tensor in enumerate(inputs) if place and tensor.requires_grad]
    yield from ("weight" if place in own[:-1] else "bias" for place in range(1, len(inputs)))


def _first_weight(op: str, inputs: Sequence[Tensor]) -> int:
    """States have the layer, the batch and the features as dimensions; a single cell's have no layer."""
    if "cell" in op:
        return 3 if op.startswith("lstm") else 2
    packed = any(not tensor.is_floating_point() for tensor in inputs)
    states = sum(tensor.dim() == 3 for tensor in inputs[1:])
    return 1 + packed + states
