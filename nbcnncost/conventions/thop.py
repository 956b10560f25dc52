"""What thop counts (PyTorch-OpCounter, ``thop.profile``): its "MACs" of the modules whose exact class it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from nbcnncost.conventions.hooked import derives, exact_class, heard_layers, own_size, places
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.expressions import named
from nbcnncost.records import ModuleCall, ModuleRecord, TensorSpec, Trace

#: A formula's text, its symbols, the key of a fault, the number of spatial dimensions.
_Counted = tuple[str, dict[str, int], str, int]
_Rule = Callable[[ModuleRecord, TensorSpec, TensorSpec], Iterator[_Counted]]


def _convolution(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    facts: dict[str, Any] = dict(module.facts)
    kernel = facts["kernel_size"]
    values = {"n": y.numel, "C_in": x.shape[1], "g": facts["groups"], **named("K", kernel)}
    moved = module.type.startswith("ConvTranspose") and prod(x.shape[2:]) != prod(y.shape[2:])
    fault = "no_batch" if len(x.shape) == len(kernel) + 1 else "transposed" if moved else ""
    yield "n * (C_in / g) * K", values, fault, len(kernel)


def _linear(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    yield "N_in * n", {"N_in": x.shape[-1], "n": y.numel}, "", 0


def _norm(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    facts = dict(module.facts)
    affine = facts.get("affine") or facts.get("elementwise_affine")
    yield "4 * n_in" if affine else "2 * n_in", {"n_in": x.numel}, "", 0


def _softmax(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    dim = module.fact("dim")
    if not isinstance(dim, int):  # as the framework chooses it; the tool fails
        dim = int(len(x.shape) not in (0, 1, 3))
    yield "3 * n_in - n_in / d", {"n_in": x.numel, "d": x.shape[dim] if x.shape else 1}, "", 0


def _each(text: str) -> _Rule:
    def rule(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
        yield text, {"n_in": x.numel, "n": y.numel}, "", 0

    return rule


def _adaptive(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    """Its windows are input by output size, as fractions; rounded down at the end, the sum may miss one."""
    sizes, outputs = x.shape[2:], y.shape[2:]
    batched = x.shape[:2] == y.shape[:2]
    rank = len(sizes)
    text = "n_in + n" if batched else "n * IN / OUT + n"
    values = {"n_in": x.numel, "n": y.numel, **named("IN", sizes), **named("OUT", outputs)}
    exact = y.numel * prod(sizes) // prod(outputs) + y.numel
    windows = prod((size / output for size, output in zip(sizes, outputs, strict=True)), start=1.0)
    if int((windows + 1) * y.numel) < exact:
        yield f"{text} - 1", values, "rounding", rank
    else:
        yield text, values, "", rank


_UPSAMPLED = MappingProxyType({"nearest": "n", "linear": "5 * n", "bilinear": "11 * n", "bicubic": "259 * n"})


def _upsample(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    mode = module.fact("mode")
    known = mode in _UPSAMPLED
    yield _UPSAMPLED[str(mode)] if known else "0", {"n": y.numel}, "" if known else "upsampling", 0


_GATES = MappingProxyType(
    {
        "RNN": "T * (F * (I + F) + F + 2 * b * F)",
        "GRU": "T * (3 * (F * (I + F) + F + 2 * b * F) + 4 * F)",
        "LSTM": "T * (4 * (F * (I + F) + F + 2 * b * F) + 4 * F)",
    }
)


def _recurrent(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    facts: dict[str, Any] = dict(module.facts)
    directions = 2 if facts["bidirectional"] else 1
    hidden, projected = facts["hidden_size"], facts.get("proj_size", 0)
    steps = {"T": prod(x.shape[:2]), "F": hidden, "b": int(facts["bias"])}
    fault = "projection" if projected else "no_batch" if len(x.shape) < 3 else ""
    for layer in range(facts["num_layers"]):
        size = directions * hidden if layer else facts["input_size"]
        for _ in range(directions):
            yield _GATES[module.type], {**steps, "I": size}, fault, 0


def _sequence(call: ModuleCall) -> TensorSpec:
    """A call's input; of a packed sequence as long as its longest, which the last state shows the number of."""
    first, *others = call.inputs
    if others and others[0].dtype == "int64" and len(others[0].shape) == 1 and len(call.outputs[-1].shape) == 3:
        return TensorSpec((call.outputs[-1].shape[1], others[0].shape[0], first.shape[-1]))
    return first


def _cell(module: ModuleRecord, x: TensorSpec, y: TensorSpec) -> Iterator[_Counted]:
    facts: dict[str, Any] = dict(module.facts)
    values = {"T": x.shape[0], "F": facts["hidden_size"], "I": facts["input_size"], "b": int(facts["bias"])}
    yield _GATES[module.type.removesuffix("Cell")], values, "no_batch" if len(x.shape) < 2 else "", 0


def _each_rank(name: str, rule: _Rule) -> dict[str, _Rule]:
    return {f"{name}{rank}d": rule for rank in (1, 2, 3)}


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        **_each_rank("Conv", _convolution),
        **_each_rank("ConvTranspose", _convolution),
        "Linear": _linear,
        **_each_rank("BatchNorm", _norm),
        **_each_rank("InstanceNorm", _norm),
        "SyncBatchNorm": _norm,
        "LayerNorm": _norm,
        "PReLU": _each("n_in"),
        "Softmax": _softmax,
        **_each_rank("AvgPool", _each("n")),
        **_each_rank("AdaptiveAvgPool", _adaptive),
        **dict.fromkeys(("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"), _upsample),
        **dict.fromkeys(_GATES, _recurrent),
        **{f"{name}Cell": _cell for name in _GATES},
    }
)
#: Classes that it knows and counts nothing for; it counts their parameters.
_ZERO = frozenset(
    {
        *("ZeroPad2d", "ReLU", "ReLU6", "LeakyReLU", "Dropout", "Sequential", "PixelShuffle"),
        *(f"{name}MaxPool{rank}d" for name in ("", "Adaptive") for rank in (1, 2, 3)),
    }
)
_KNOWN = _RULES.keys() | _ZERO
#: Kinds of operations that it counts in layers, and does not hear elsewhere.
_MISSED = frozenset(
    {
        *("convolution", "transposed_convolution", "linear", "matmul", "attention", "prelu", "softmax"),
        *("batch_norm", "instance_norm", "layer_norm", "group_norm", "average_pool", "adaptive_average_pool"),
        *("upsample_linear", "upsample_bilinear", "upsample_trilinear", "upsample_bicubic"),
        *("lstm", "lstm_projection", "gru", "rnn_tanh", "rnn_relu"),
    }
)


def _hears(trace: Trace) -> Iterator[Part]:
    times = places(trace)
    heard = set()
    for (call, module, op), stop in heard_layers(trace):
        rule = _RULES.get(exact_class(module))
        place = times.get(module.index, 0)
        if rule is None or not place or not (call.inputs and call.outputs):
            continue
        heard.add(call.index)
        for text, values, fault, spatial in rule(module, _sequence(call), call.outputs[0]):
            if place > 1:  # a hook for each place, and the sum of all hooks taken at each place
                several = f"{place * place} * ({text})"
                yield Part(op, several, values, "shared", spatial, stop, (("shared", text),))
            else:
                yield Part(op, text, values, fault, spatial, stop)
    for index, record in enumerate(trace.ops):
        if record.kind in _MISSED and record.call not in heard:
            yield Part(index, "0", {}, _why_missed(trace, record.call))


def _why_missed(trace: Trace, call: int) -> str:
    module = trace.modules[trace.calls[call].module] if call >= 0 else None
    if module is None or not module.classes:
        return "functions"
    if derives(module, _RULES):
        return "subclass"
    return "unknown" if exact_class(module) else "functions"


def _owns(trace: Trace) -> int:
    """The parameters of the called modules that it has a rule for, once for each place; not those of the root."""
    called = {call.module for call in trace.calls}
    return sum(
        times * own_size(trace, module)
        for module, times in ((trace.modules[index], times) for index, times in places(trace).items())
        if module.index and module.index in called and exact_class(module) in _KNOWN
    )


thop = Peer(
    name="thop",
    title="thop 0.1.1: multiply-accumulates, and the elements of some layers",
    unit="MACs",
    weights=MappingProxyType({"macs": 1}),
    doc=(
        "Modules of the classes it knows, by forward hooks: multiply-accumulates of convolutions and linear layers "
        "without biases; for each element of its input 4 for a normalization (2 without scale and shift) and 1 for "
        "PReLU; for each element of its output 1 for average pooling, 1 to 259 for upsampling; softmax and recurrent "
        "layers by formulas of its own. Activations and max pooling count nothing. It sets eval mode."
    ),
    tool="thop",
    version="0.1.1.post2209072238",
    says="MACs",
    hears=_hears,
    owns=_owns,
    faults=MappingProxyType(
        {
            "transposed": "a transposed convolution is counted at its output positions, not at its input positions",
            "functions": "what a forward calls as a function, an operator or on its own is not heard and counts 0",
            "subclass": "only exact classes are known: a layer of a class derived from them counts 0",
            "unknown": "a layer without a rule counts 0 silently: group normalization, attention, nn.Bilinear …",
            "shared": "a module that k containers share is counted k·k times at each call",
            "upsampling": "upsampling by trilinear or nearest-exact interpolation counts 0",
            "projection": "an LSTM with a projection is counted as one without",
            "no_batch": "without a batch dimension other dimensions are taken for batch, channels and steps",
            "rounding": "adaptive pooling is computed in fractions and cut off: one is missing",
            "parameters_missing": (
                "parameters of layers without a rule, of layers that are not called, of containers and of the model "
                "itself are left out"
            ),
            "parameters_repeated": "parameters that two layers share, or of a layer in two containers, count twice",
        }
    ),
)
