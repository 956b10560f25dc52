"""What DeepSpeed's flops profiler counts: functions that it replaces, and recurrent layers by a hook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from math import prod
from types import MappingProxyType

from nbcnncost.conventions.patched import FunctionRule, anchor, hear
from nbcnncost.conventions.patched_rules import (
    SHARED,
    SHARED_FAULTS,
    elements_out,
    elementwise,
    interpolation,
    matmul,
    operation,
    rules_for,
    tensor,
)
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.records import FunctionCall, TensorSpec, Trace


def _transposed(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    index, op = operation(function, trace, "transposed_convolution")
    if op is None:
        return ()
    text = "2 * N * IN * C_in * (C_out / g) * K + b * N * OUT * C_out"
    return (Part(index, text, dict(op.dims), spatial=op.spatial),)


def _attention(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    index, op = operation(function, trace, "attention")
    return () if op is None else (Part(index, "2 * B * T_q * T_k * (E + E_v)", dict(op.dims)),)


def _by_scale(function: FunctionCall, trace: Trace) -> Part:
    """The input's elements by the factor in each direction, rounded down once instead of in each direction."""
    given, factor = tensor(function, 0, "input"), function.argument(2, "scale_factor")
    true = elements_out(function, trace)
    if isinstance(factor, tuple):
        number = int(given.numel * prod(factor))
    else:
        number = int(given.numel * factor ** (len(given.shape) - 2)) if isinstance(factor, (int, float)) else true
    values = {"n": number, "n_out": true}
    part = Part(anchor(function, trace), "n", values)
    return part if number == true else part._replace(fault="scale", without=(("scale", "n_out"),))


def _broadcast(first: TensorSpec, second: TensorSpec) -> int:
    """The elements of both together."""
    sizes = zip_longest(reversed(first.shape), reversed(second.shape), fillvalue=1)
    return prod(one if other == 1 else other for one, other in sizes)


_RULES: MappingProxyType[str, FunctionRule] = MappingProxyType(
    {
        **SHARED,
        **rules_for("torch.conv_transpose*", _transposed),
        **rules_for("functional.interpolate", interpolation(_by_scale)),
        **rules_for("torch.add Tensor.add torch.mul Tensor.mul", elementwise(_broadcast)),
        **rules_for("operator.matmul torch.mm Tensor.mm torch.bmm Tensor.bmm", matmul),
        **rules_for("functional.scaled_dot_product_attention", _attention),
    }
)


def _hears(trace: Trace) -> Iterator[Part]:
    return hear(trace, _RULES)


deepspeed = Peer(
    name="deepspeed",
    title="DeepSpeed 0.19.8: 2 for each multiply-accumulate, and the elements of some layers",
    unit="FLOPs",
    weights=MappingProxyType({"macs": 2}),
    doc=(
        "The flops profiler: 2 for each multiply-accumulate and 1 for each bias of a convolution; 1 for each input "
        "element of an activation, a softmax, a pooling; 2 of a batch normalization, 5 of another one; 1 for each "
        "resized element, and for each sum and product that is called by its name; recurrent layers with their "
        "gates' sums. It puts the model in eval mode. Its second number, the MACs, is half of what linear layers, "
        "convolutions, attention and matrix products count here without biases and sums; of recurrent layers and "
        "einsum it is 0. What a model imports by name (from torch.nn.functional import relu) the tool does not "
        "hear; here it counts. What is called through einops counts twice there, once here."
    ),
    tool="deepspeed.profiling.flops_profiler",
    version="0.19.8",
    says="flops",
    hears=_hears,
    faults=MappingProxyType(
        {
            **SHARED_FAULTS,
            "scale": "interpolation by a factor that is not whole: rounded once, not in each direction",
            "products": (
                "matrix products are heard as matmul, @, mm, bmm, addmm, baddbmm, einsum and "
                "scaled_dot_product_attention only: others count 0"
            ),
        }
    ),
)
