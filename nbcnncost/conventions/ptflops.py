"""What ptflops counts with its ``pytorch`` backend: hooks on modules, divided by the batch, and patched functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from nbcnncost.conventions.hooked import derives, exact_class, heard_layers, places
from nbcnncost.conventions.peer import Heard, Part, Peer
from nbcnncost.conventions.ptflops_functions import Counted, counted_functions
from nbcnncost.expressions import expression, named
from nbcnncost.records import ModuleCall, ModuleRecord, Trace

_Rule = Callable[[ModuleRecord, ModuleCall], Iterator[Counted]]


def _convolution(module: ModuleRecord, call: ModuleCall, extra: str = "") -> Iterator[Counted]:
    facts: dict[str, Any] = dict(module.facts)
    x, y, kernel = call.inputs[0], call.outputs[0], facts["kernel_size"]
    transposed = module.type.startswith("ConvTranspose")
    values = {
        **named("K", kernel),
        **named("OUT", _positions(y.shape, len(kernel))),
        **named("IN", _positions(x.shape, len(kernel))),
        "N": x.shape[0],
        "C": y.shape[1],
        "b": _has(module, "bias"),
        "C_in": facts["in_channels"],
        "C_out": facts["out_channels"],
        "g": facts["groups"],
    }
    fault = "no_batch" if len(x.shape) < len(kernel) + 2 else ""
    each = f"(C_in * (C_out / g){extra})"
    yield f"N * {'IN' if transposed else 'OUT'} * K * {each} + b * N * OUT * C", values, fault, len(kernel)


def _deformable(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    """24 more for each place of the kernel: where to look, and reading between pixels; a mask is one more."""
    yield from _convolution(module, call, " + 25" if len(call.inputs) > 2 else " + 24")


def _positions(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The dimensions after the second; where these are too few, 1."""
    return (1,) * (rank - len(shape[2:])) + shape[2:]


def _has(module: ModuleRecord, name: str) -> int:
    return int(any(name == own for own, _ in module.params))


def _linear(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    x, y = call.inputs[0].shape, call.outputs[0].shape
    values = {"N": prod(x[:-1]), "N_in": x[-1], "N_out": y[-1], "b": _has(module, "bias")}
    yield "N * (N_in * N_out + b * N_out)", values, "", 0


def _norm(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    yield "2 * n_in" if module.fact("affine") else "n_in", {"n_in": call.inputs[0].numel}, "", 0


def _activation(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    yield "n", {"n": call.outputs[0].numel}, "", 0


def _pool(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    yield "n_in", {"n_in": call.inputs[0].numel}, "", 0


def _upsample(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    y = call.outputs[0]
    yield "n / N", {"n": y.numel, "N": y.shape[0]}, "upsampling" if y.shape[0] > 1 else "", 0


#: What is added for each hidden feature and step, beside the weights and biases.
_STATE = MappingProxyType({"RNN": "F", "GRU": "7 * F", "LSTM": "10 * F"})


def _recurrent(module: ModuleRecord, call: ModuleCall, sizes: Mapping[str, int]) -> Iterator[Counted]:
    facts: dict[str, Any] = dict(module.facts)
    x = call.inputs[0].shape
    text = f"T * (w + {_STATE[module.type]})"
    fault = "projection" if facts.get("proj_size") else "no_batch" if len(x) < 3 else ""
    for layer in range(facts["num_layers"]):
        names = (f"{kind}_{part}_l{layer}" for kind in ("weight", "bias") for part in ("ih", "hh"))
        values = {"T": prod(x[:2]), "F": facts["hidden_size"], "w": sum(sizes.get(name, 0) for name in names)}
        yield f"2 * {text}" if facts["bidirectional"] else text, values, fault, 0


def _cell(module: ModuleRecord, call: ModuleCall, sizes: Mapping[str, int]) -> Iterator[Counted]:
    x = call.inputs[0].shape
    steps = x[0] if len(x) > 1 else 1  # without a batch the tool fails
    values = {"T": steps, "F": int(str(module.fact("hidden_size"))), "w": sum(sizes.values())}
    yield f"T * (w + {_STATE[module.type.removesuffix('Cell')]})", values, "", 0


_ATTENTION = (
    "N * (T_q * F_q * (F_q + 1) + T_k * (F_k * F_k + F_v * F_v) + b * (T_q + 2 * T_k) * F_q"
    " + h * T_q * T_k * (F_q / h + F_v / h + 1) + T_q * F_v * (F_v + 1))"
)


def _attention(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    """Without a batch, or with keywords, the tool fails; then the batch is 1, and what is not known as the query."""
    given = [spec.shape if len(spec.shape) > 2 else (1, *spec.shape) for spec in call.inputs[:3]]
    query, key, value = [*given, *given[:1] * 2][:3]
    first = module.fact("batch_first") or len(call.inputs[0].shape) < 3
    batch, length = (0, 1) if first else (1, 0)
    values = {
        "N": query[batch],
        "T_q": query[length],
        "T_k": key[length],
        "b": _has(module, "in_proj_bias"),
        "F_q": query[2],
        "F_k": key[2],
        "F_v": value[2],
        "h": int(str(module.fact("num_heads"))),
    }
    yield _ATTENTION, values, "", 0


def _timm_attention(module: ModuleRecord, call: ModuleCall) -> Iterator[Counted]:
    facts: dict[str, Any] = dict(module.facts)
    batch, length, _ = call.inputs[0].shape
    values = {"N": batch, "T_q": length, "E": facts["head_dim"], "h": facts["num_heads"]}
    yield "N * h * T_q * (E + T_q * (2 * E + 1))", values, "", 0


def _each_rank(name: str, rule: _Rule) -> dict[str, _Rule]:
    return {f"{name}{rank}d": rule for rank in (1, 2, 3)}


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        **_each_rank("Conv", _convolution),
        **_each_rank("ConvTranspose", _convolution),
        **dict.fromkeys(("ReLU", "PReLU", "ELU", "LeakyReLU", "ReLU6", "GELU"), _activation),
        **{
            key: rule
            for name in ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")
            for key, rule in _each_rank(name, _pool).items()
        },
        **_each_rank("BatchNorm", _norm),
        **_each_rank("InstanceNorm", _norm),
        **dict.fromkeys(("GroupNorm", "LayerNorm"), _norm),
        "Linear": _linear,
        "Upsample": _upsample,
        "MultiheadAttention": _attention,
    }
)
#: Rules for layers whose weights they need.
_WEIGHED: Mapping[str, Callable[[ModuleRecord, ModuleCall, Mapping[str, int]], Iterator[Counted]]] = MappingProxyType(
    {**dict.fromkeys(_STATE, _recurrent), **{f"{name}Cell": _cell for name in _STATE}}
)
#: The classes of other packages that it has rules for.
_OTHERS: Mapping[str, _Rule] = MappingProxyType(
    {"torchvision.ops.deform_conv.DeformConv2d": _deformable, "timm.layers.attention.Attention": _timm_attention}
)
_PRODUCTS = frozenset(
    {
        *("convolution", "transposed_convolution", "linear", "matmul", "attention"),
        *("batch_norm", "instance_norm", "layer_norm", "group_norm"),
        *("lstm", "lstm_projection", "gru", "rnn_tanh", "rnn_relu"),
    }
)


def _has_rule(module: ModuleRecord) -> bool:
    name = exact_class(module)
    return name in _RULES or name in _WEIGHED or module.classes[0] in _OTHERS


def _layer(trace: Trace, heard: Heard) -> Iterator[Counted]:
    call, module, _ = heard
    name = exact_class(module)
    if name in _WEIGHED:
        sizes = {own: trace.params[index].numel for own, index in module.params}
        return _WEIGHED[name](module, call, sizes)
    rule = _RULES.get(name) or _OTHERS[module.classes[0]]
    return rule(module, call)


def _batch(trace: Trace) -> int:
    """The first dimension of the model's first input, by which it divides."""
    inputs = trace.calls[0].inputs if trace.calls else ()
    return inputs[0].shape[0] if inputs and inputs[0].shape else 1


#: What a number would be without its fault.
_RIGHT = MappingProxyType({"upsampling": "n"})


def _of_one_image(bare: str, fault: str, places: int, batch: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A layer's number, once for each of its places and divided by the batch; and what it is without all that."""

    def share(text: str) -> str:
        return f"({text}) / N_0" if batch > 1 else text

    right = _RIGHT.get(fault, bare)
    without = [
        *([("shared", share(bare))] if places > 1 else []),
        *([(fault, share(right))] if fault in _RIGHT else []),
        *([("image", right)] if batch > 1 else []),
    ]
    return share(f"{places} * ({bare})" if places > 1 else bare), tuple(without)


def _in_layers(trace: Trace) -> Iterator[tuple[int, Part]]:
    """What hooks on layers count, divided by the batch, with the call that it belongs to."""
    times, batch = places(trace, _has_rule), _batch(trace)
    left, last = 0, (0, 0)
    for entry, stop in heard_layers(trace):
        call, module, op = entry
        if not times.get(module.index) or not _has_rule(module) or not (call.inputs and call.outputs):
            continue
        for bare, values, fault, spatial in _layer(trace, entry):
            place = times[module.index]
            if batch > 1:
                left += place * expression(bare, spatial).value(values) % batch
            text, without = _of_one_image(bare, fault, place, batch)
            symbols = {**values, "N_0": batch} if batch > 1 else values
            last = (call.index, op)
            yield call.index, Part(op, text, symbols, "shared" if place > 1 else fault, spatial, stop, without)
    if left >= batch:  # it divides the sum, not each number
        yield last[0], Part(last[1], "r", {"r": left // batch}, without=(("image", "0"),))


def heard_in_layers(trace: Trace) -> Iterator[Part]:
    """What the tool shows for single layers: without the functions, which it adds to the total only."""
    return (part for _, part in _in_layers(trace))


def _hears(trace: Trace) -> Iterator[Part]:
    heard: set[int] = set()
    batch = _batch(trace)
    for call, part in _in_layers(trace):
        heard.add(call)
        yield part
    unheard = set(range(len(trace.ops)))
    for function, (text, values, fault, spatial) in counted_functions(trace):
        unheard.difference_update(range(function.start, function.stop))
        if function.call in heard:
            yield Part(function.start, text, values, "twice", spatial, without=(("twice", "0"),))
        elif batch > 1:
            without = (("batch", f"({text}) / N_0"), ("image", text))
            yield Part(function.start, text, {**values, "N_0": batch}, fault or "batch", spatial, without=without)
        else:
            yield Part(function.start, text, values, fault, spatial)
    for index in sorted(unheard):
        op = trace.ops[index]
        if op.kind in _PRODUCTS and op.call not in heard:
            yield Part(index, "0", {}, _why_missed(trace, op.call))


def _why_missed(trace: Trace, call: int) -> str:
    module = trace.modules[trace.calls[call].module] if call >= 0 else None
    if module is None or not module.classes:
        return "functions"
    if _has_rule(module):
        return "inside"
    if derives(module, _RULES.keys() | _WEIGHED.keys()):
        return "subclass"
    return "unknown" if exact_class(module) else "functions"


def _owns(trace: Trace) -> int:
    return sum(param.numel for param in trace.params if param.trainable)


ptflops = Peer(
    name="ptflops",
    title="ptflops 0.7.5 (pytorch backend): multiply-accumulates, and the elements of other layers",
    unit="MACs",
    weights=MappingProxyType({"macs": 1}),
    doc=(
        "For one image: multiply-accumulates and biases of the layers whose class it knows; for each element 1 for "
        "activations, pooling, upsampling and normalization (2 with scale and shift); attention and recurrent layers "
        "by formulas of its own. Then some functions: activations, pooling and softmax 1 for each element of the "
        "input, matmul and its like, add and mul where they are called by name. It sets eval mode."
    ),
    tool="ptflops",
    version="0.7.5",
    says="MACs",
    hears=_hears,
    owns=_owns,
    faults=MappingProxyType(
        {
            "twice": "a layer that calls a function which counts too counts twice: nn.ReLU, pooling, nn.Upsample …",
            "batch": "what functions count is not divided by the batch, as what layers count is",
            "functions": "F.conv2d, F.linear, F.batch_norm, x @ y, einsum and attention as functions count 0",
            "subclass": "only exact classes are known: a layer of a class derived from them counts 0",
            "unknown": "a layer without a rule counts 0 silently",
            "inside": "what is inside a layer that has a rule is left out (the projections of timm's attention)",
            "shared": "a layer that several containers share is counted for each of them at each call",
            "upsampling": "of nn.Upsample one image is counted, and divided by the batch once more",
            "projection": "the projection of an LSTM is left out",
            "broadcast": "the sizes of a matrix product or a sum are wrong where its tensors have different dimensions",
            "no_batch": "without a batch dimension other dimensions are taken for batch, channels and steps",
            "parameters_frozen": "parameters that are not trained are left out",
        }
    ),
    choices=MappingProxyType({"image": "one image instead of the batch"}),
)
