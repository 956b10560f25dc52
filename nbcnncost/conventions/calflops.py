"""What calflops counts: functions that it replaces, and recurrent layers by a hook."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from nbcnncost.conventions.patched import FunctionRule, anchor, hear_each_parent, unheard
from nbcnncost.conventions.patched_rules import (
    SHARED,
    SHARED_FAULTS,
    each_axis,
    elements_out,
    elementwise,
    interpolation,
    operation,
    rules_for,
    tensor,
)
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.expressions import named
from nbcnncost.records import FunctionCall, TensorSpec, Trace


def _transposed(function: FunctionCall, trace: Trace) -> Iterator[Part]:
    """The groups divide twice; the biases stand on the output size that a convolution would have."""
    index, op = operation(function, trace, "transposed_convolution")
    if op is None:
        return
    values = dict(op.dims)
    product = "2 * N * IN * C_in * (C_out / g // g) * K"
    yield Part(index, product, values, "transposed_groups" if values["g"] > 1 else "", op.spatial)
    if values["b"]:
        shrunk = values | _convolution_output(function, op.spatial) | {"n": op.outputs[0].numel}
        right = (("transposed_bias", "n"),)
        yield Part(index, "N * OUT * (C_out / g)", shrunk, "transposed_bias", op.spatial, without=right)


def _convolution_output(function: FunctionCall, spatial: int) -> dict[str, int]:
    """The output's size if the layer were a convolution."""
    settings = ((3, "stride", 1), (4, "padding", 0), (7, "dilation", 1))
    sizes = tensor(function, 0, "input").shape[-spatial:]
    kernel = tensor(function, 1, "weight").shape[2:]
    axes = zip(sizes, kernel, *(each_axis(function.argument(*entry), spatial) for entry in settings), strict=True)
    output = ((size + 2 * pad - (wide * (length - 1) + 1)) // stride + 1 for size, length, stride, pad, wide in axes)
    return named("OUT", tuple(output))


def _by_scale(function: FunctionCall, trace: Trace) -> Part:
    """The factor is multiplied by, and the product thrown away."""
    given, made = tensor(function, 0, "input").numel, elements_out(function, trace)
    part = Part(anchor(function, trace), "n_in", {"n_in": given, "n": made})
    return part if given == made else part._replace(fault="scale", without=(("scale", "n"),))


def _from_the_left(first: TensorSpec, second: TensorSpec) -> int:
    """The elements of both together, the shapes aligned at the batch instead of at the last axis."""
    number = 1
    for axis in range(max(len(first.shape), len(second.shape))):
        number *= max(*(spec.shape[axis] if axis < len(spec.shape) else 1 for spec in (first, second)))
    return number


_RULES: MappingProxyType[str, FunctionRule] = MappingProxyType(
    {
        **SHARED,
        **rules_for("torch.conv_transpose*", _transposed),
        **rules_for("functional.interpolate", interpolation(_by_scale)),
        **rules_for("torch.add Tensor.add torch.mul Tensor.mul", elementwise(_from_the_left)),
        **rules_for("operator.matmul torch.mm Tensor.mm torch.bmm Tensor.bmm", unheard("products")),
        **rules_for("functional.scaled_dot_product_attention", unheard("products")),
    }
)


def _hears(trace: Trace) -> Iterator[Part]:
    return hear_each_parent(trace, _RULES)


def _owns(trace: Trace) -> int:
    return sum(param.numel for param in trace.params if param.trainable)


calflops = Peer(
    name="calflops",
    title="calflops 0.3.2: 2 for each multiply-accumulate, and the elements of some layers",
    unit="FLOPs",
    weights=MappingProxyType({"macs": 2}),
    doc=(
        "2 for each multiply-accumulate and 1 for each bias of a convolution; 1 for each input element of an "
        "activation, a softmax, a pooling; 2 of a batch normalization, 5 of another one; 1 for each sum and product "
        "that is called by its name; recurrent layers with their gates' sums. It puts the model in eval mode. Its "
        "second number, the MACs, is half of what linear layers, convolutions and matrix products count here "
        "without biases and sums; of recurrent layers and einsum it is 0. What a model imports by name (from "
        "torch.nn.functional import relu) the tool does not hear; here it counts."
    ),
    tool="calflops",
    version="0.3.2",
    says="FLOPs",
    hears=_hears,
    owns=_owns,
    faults=MappingProxyType(
        {
            **SHARED_FAULTS,
            "shared": "layers that several modules share: counted again for each of these, all their calls",
            "transposed_groups": "transposed convolution: divided by the groups twice, to 0 where it is depthwise",
            "transposed_bias": "transposed convolution: biases of one group only, on a convolution's output size",
            "scale": "interpolation by a factor: counted on the input's elements, the factor is lost",
            "products": (
                "matrix products are heard as matmul, addmm, baddbmm and einsum only: "
                "x @ y, torch.bmm, torch.mm and scaled_dot_product_attention count 0"
            ),
            "parameters_frozen": "parameters that are not trained are left out",
        }
    ),
)
