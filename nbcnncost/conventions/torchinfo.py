"""What torchinfo counts (``torchinfo.summary``): its "mult-adds", parameters times output positions."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from types import MappingProxyType

from nbcnncost.conventions.hooked import derives, exact_class, heard_layers, is_leaf, places
from nbcnncost.conventions.peer import Heard, Part, Peer
from nbcnncost.conventions.torchinfo_lines import shown_params
from nbcnncost.expressions import named
from nbcnncost.records import ModuleRecord, TensorSpec, Trace

_NORMS = ("_NormBase", "LayerNorm", "GroupNorm", "RMSNorm")
_CONVOLUTIONS = frozenset({"_ConvNd"})
_PRODUCTS = frozenset(
    {
        *("convolution", "transposed_convolution", "linear", "matmul", "attention"),
        *("lstm", "lstm_projection", "gru", "rnn_tanh", "rnn_relu"),
    }
)
#: The kind of operation that says what a layer with weights is.
_TELLING = _PRODUCTS | {"embedding"}


def _hears(trace: Trace) -> Iterator[Part]:
    in_tree, kinds = places(trace), _kinds(trace)
    heard = set()
    for entry, stop in heard_layers(trace):
        call, module, _ = entry
        shaped = bool(call.outputs) and 0 < len(call.outputs[0].shape) < 6
        if module.index in in_tree and shaped and module.params and is_leaf(trace, module):
            for part in _layer(trace, entry, kinds.get(call.index, "")):
                heard.add(call.index)
                yield part._replace(stop=stop)
    for index, op in enumerate(trace.ops):
        if op.kind in _PRODUCTS and op.call not in heard:
            yield Part(index, "0", {}, "functions")


def _kinds(trace: Trace) -> dict[int, str]:
    """What each call is, by the first operation that says so."""
    found: dict[int, str] = {}
    for op in trace.ops:
        if op.kind in _TELLING:
            found.setdefault(op.call, op.kind)
    return found


def _layer(trace: Trace, heard: Heard, kind: str) -> Iterator[Part]:
    """What a layer's own parameters count: those called weight and bias, and those with such a word in their name."""
    call, module, op = heard
    sizes = {name: trace.params[index].numel for name, index in module.params}
    plain = sum(size for name, size in sizes.items() if name in ("weight", "bias"))
    timed = sum(size for name, size in sizes.items() if name not in ("weight", "bias") and _has_word(name))
    y = call.outputs[0]
    if plain and "Conv" in module.type:
        positions = y.shape[2:]
        values = {"w": plain, "N": y.shape[0], **named("OUT", positions)}
        part = Part(op, "w * N * OUT", values, _convolution_fault(call.inputs, y, module, kind), len(positions))
        yield _on_inputs(part, call.inputs[0], sizes.get("bias", 0)) if part.fault == "transposed" else part
    elif plain:
        part = Part(op, "w * N", {"w": plain, "N": y.shape[0]}, _plain_fault(module, y, plain, kind))
        yield _on_all(part, y, module, sum(name in ("weight", "bias") for name in sizes))
    if timed:
        fault = "cell" if exact_class(module).endswith("Cell") else "no_batch" if len(y.shape) < 3 else ""
        yield Part(op, "w * T", {"w": timed, "T": prod(y.shape[:2])}, fault)


def _on_inputs(part: Part, x: TensorSpec, bias: int) -> Part:
    """A transposed convolution's number, and its right one: the weights on the input, the bias on the output."""
    values = {**part.values, "w_b": bias, **named("IN", x.shape[2:])}
    return part._replace(values=values, without=(("transposed", "(w - w_b) * N * IN + w_b * N * OUT"),))


def _on_all(part: Part, y: TensorSpec, module: ModuleRecord, tensors: int) -> Part:
    """A number for each image, and what it is for all rows of a linear layer, or all elements of a norm."""
    if part.fault == "middle" and _is_a(module, "Linear"):
        values = {**part.values, "N_all": prod(y.shape[:-1])}
        return part._replace(values=values, without=(("middle", "w * N_all"),))
    if part.fault == "elements" and _is_a(module, *_NORMS, "PReLU"):
        return part._replace(values={**part.values, "n": y.numel}, without=(("elements", f"{tensors} * n"),))
    return part


def _is_a(module: ModuleRecord, *names: str) -> bool:
    return exact_class(module) in names or derives(module, names)


def _has_word(name: str) -> bool:
    return "weight" in name or "bias" in name


def _convolution_fault(inputs: tuple[TensorSpec, ...], y: TensorSpec, module: ModuleRecord, kind: str) -> str:
    if kind not in ("convolution", "transposed_convolution"):
        return "name"
    kernel = module.fact("kernel_size")
    if isinstance(kernel, tuple) and len(y.shape) == len(kernel) + 1:
        return "no_batch"
    moved = bool(inputs) and prod(inputs[0].shape[2:]) != prod(y.shape[2:])
    return "transposed" if kind == "transposed_convolution" and moved else ""


def _plain_fault(module: ModuleRecord, y: TensorSpec, size: int, kind: str) -> str:
    if derives(module, _CONVOLUTIONS) or kind in ("convolution", "transposed_convolution"):
        return "name"
    if kind == "embedding":
        return kind
    if kind in _PRODUCTS:
        return "middle" if prod(y.shape[1:-1]) > 1 else ""
    return "elements" if prod(y.shape[1:]) > size else ""


torchinfo = Peer(
    name="torchinfo",
    title="torchinfo 1.8: mult-adds, a layer's parameters times its output positions",
    unit="MACs",
    weights=MappingProxyType({"macs": 1}),
    doc=(
        "For each call of a module without others inside, its parameters called weight or bias times the batch; where "
        "its class has “Conv” in its name, times the output positions too; recurrent layers times the steps. So biases "
        "count. What has no parameters counts nothing. It sets eval mode."
    ),
    tool="torchinfo",
    version="1.8.0",
    says="mult-adds",
    hears=_hears,
    owns=shown_params,
    faults=MappingProxyType(
        {
            "transposed": "a transposed convolution is counted at its output positions, not at its input positions",
            "middle": "a linear layer with more than two dimensions is counted for the first one only",
            "elements": (
                "the scale and shift of a normalization, or another layer's weights, are counted once for each image, "
                "not for each element that they are applied to"
            ),
            "embedding": "looking up an embedding counts its whole table for each image; nothing is multiplied",
            "cell": "a recurrent cell is counted once for each of its hidden features",
            "functions": (
                "what a forward calls as a function, and what a layer with others inside computes itself (attention), "
                "counts 0"
            ),
            "name": "whether a layer is a convolution is told by its class's name: “Conv” is in it or not",
            "no_batch": "without a batch dimension other dimensions are taken for batch, channels and steps",
            "parameters_repeated": (
                "parameters that two layers share, or of a layer in two containers, count twice; a container that is "
                "not called itself may count its layers' parameters again"
            ),
        }
    ),
)
