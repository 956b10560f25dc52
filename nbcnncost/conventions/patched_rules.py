"""What tools that replace PyTorch's functions add up at one call: the rules that calflops and DeepSpeed share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from nbcnncost.conventions.einsum import Einsum, printed_cost
from nbcnncost.conventions.patched import FunctionRule, anchor, unheard
from nbcnncost.conventions.peer import Part
from nbcnncost.expressions import named
from nbcnncost.records import FunctionCall, ModuleCall, OpRecord, TensorSpec, Trace

_NORM_LAYER = "torch.nn.modules.batchnorm._NormBase"
_RECURRENT = frozenset(f"torch.nn.modules.rnn.{kind}{cell}" for kind in ("RNN", "LSTM", "GRU") for cell in ("", "Cell"))
_RELU6 = "torch.nn.modules.activation.ReLU6"
#: A step of a recurrent layer: two products with one addition less each, the biases, and what joins the gates.
_STEPS = MappingProxyType(
    {
        "lstm": "T * (8 * F * (I + P) - 8 * F + 10 * F + b * 8 * F)",
        "gru": "T * (6 * F * (I + F) - 6 * F + 7 * F + b * 6 * F)",
        "rnn_tanh": "T * (2 * F * (I + F) - 2 * F + F + b * 2 * F)",
        "rnn_relu": "T * (2 * F * (I + F) - 2 * F + F + b * 2 * F)",
    }
)


def each_input(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """1 for each element that goes in."""
    return (Part(anchor(function, trace), "n_in", {"n_in": tensor(function, 0, "input").numel}),)


def normalization(place: int) -> FunctionRule:
    """5 for each element, 4 without a weight, which is the argument at that place."""

    def rule(function: FunctionCall, trace: Trace) -> Iterable[Part]:
        text = "4 * n_in" if function.argument(place, "weight") is None else "5 * n_in"
        return (Part(anchor(function, trace), text, {"n_in": tensor(function, 0, "input").numel}),)

    return rule


def batch_norm(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """2 for each element, 1 without a weight; 5 and 4 where the batch's own statistics serve.

    Tools put the model in eval mode, so a layer that has running statistics uses them; its trace in training says
    that it has them.
    """
    has_statistics = function.argument(1, "running_mean") is not None
    from_batch = function.argument(5, "training", False) and not (
        has_statistics and _NORM_LAYER in _classes(function, trace)
    )
    plain = function.argument(3, "weight") is None
    text = ("4 * n_in" if plain else "5 * n_in") if from_batch else ("n_in" if plain else "2 * n_in")
    return (Part(anchor(function, trace), text, {"n_in": tensor(function, 0, "input").numel}),)


def linear(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """2 for each multiply-accumulate, nothing for the bias."""
    given, weight = tensor(function, 0, "input"), tensor(function, 1, "weight")
    features = given.shape[-1]
    values = {"N": given.numel // max(features, 1), "N_in": features, "N_out": weight.shape[0]}
    fault = "" if function.argument(2, "bias") is None else "linear_bias"
    return (Part(anchor(function, trace), "2 * N * N_in * N_out", values, fault),)


def convolution(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """2 for each multiply-accumulate, 1 for each bias; with ``padding="same"`` on an output size of the tool's own."""
    index, op = operation(function, trace, "convolution")
    if op is None:
        return ()
    values, fault = dict(op.dims), ""
    if function.argument(4, "padding", 0) == "same":
        symmetric = _symmetric_output(function, op.spatial)
        fault = "" if symmetric.items() <= values.items() else "same"
        values |= symmetric
    text = "2 * N * OUT * (C_in / g) * C_out * K + b * N * OUT * C_out"
    return (Part(index, text, values, fault, op.spatial),)


def _symmetric_output(function: FunctionCall, spatial: int) -> dict[str, int]:
    """The output's size if "same" padded both ends alike."""
    sizes = tensor(function, 0, "input").shape[-spatial:]
    kernel = tensor(function, 1, "weight").shape[2:]
    dilation = each_axis(function.argument(5, "dilation", 1), spatial)
    axes = zip(sizes, kernel, dilation, strict=True)
    return named("OUT", tuple(size - wide * (length - 1) % 2 for size, length, wide in axes))


def matmul(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """2 for each element of the first matrices and each column of the second."""
    first, second = tensor(function, 0, "input"), tensor(function, 1, "other", "mat2")
    values = {"n_in": first.numel, "p": second.shape[-1]}
    true = elements_out(function, trace) * first.shape[-1]
    fault = "" if first.numel * second.shape[-1] == true else "matmul_shapes"
    return (Part(anchor(function, trace), "2 * n_in * p", values, fault),)


def product_and_sum(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """A matrix product, and 1 for each element that is added to it."""
    added = tensor(function, 0, "input")
    first, second = tensor(function, 1, "mat1", "batch1"), tensor(function, 2, "mat2", "batch2")
    true = elements_out(function, trace)
    values = {"n_in": first.numel, "p": second.shape[-1], "n": added.numel, "n_out": true}
    part = Part(anchor(function, trace), "2 * n_in * p + n", values)
    without = (("broadcast", "2 * n_in * p + n_out"),)
    return (part if added.numel == true else part._replace(fault="broadcast", without=without),)


def einsum(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """What numpy estimates for the contraction."""
    equation, *operands = function.args
    if operands and isinstance(operands[0], tuple):
        operands = list(operands[0])
    if not isinstance(equation, str):
        return ()
    flops = printed_cost(Einsum(equation.replace(" ", ""), tuple(operand.shape for operand in operands)))
    return (Part(anchor(function, trace), "n_einsum", {"n_einsum": flops}, "einsum"),)


def elementwise(elements: Callable[[TensorSpec, TensorSpec], int]) -> FunctionRule:
    """1 for each element; what two tensors together have, the tool works out itself."""

    def rule(function: FunctionCall, trace: Trace) -> Iterable[Part]:
        first, second = function.argument(0, "input"), function.argument(1, "other")
        tensors = [value for value in (first, second) if isinstance(value, TensorSpec)]
        number = elements(*tensors) if len(tensors) == 2 else tensors[0].numel
        true = elements_out(function, trace)
        part = Part(anchor(function, trace), "n", {"n": number, "n_out": true})
        return (part if number == true else part._replace(fault="broadcast", without=(("broadcast", "n_out"),)),)

    return rule


def interpolation(by_scale: Callable[[FunctionCall, Trace], Part]) -> FunctionRule:
    """Resized to a size, only the numbers of that size are multiplied; ``by_scale`` is what a scale makes of it.

    With ``mode="area"`` the function calls another one that is heard.
    """

    def rule(function: FunctionCall, trace: Trace) -> Iterator[Part]:
        size = function.argument(1, "size")
        if size is None:
            yield by_scale(function, trace)
        else:
            sizes = _whole(each_axis(size, 1), function, trace)
            fault = "" if prod(sizes) == elements_out(function, trace) else "resize"
            values = named("OUT", sizes) | {"n": elements_out(function, trace)}
            without = (("resize", "n"),) if fault else ()
            yield Part(anchor(function, trace), "OUT", values, fault, len(sizes), without=without)
        if function.argument(3, "mode") == "area":
            values = {"n_in": tensor(function, 0, "input").numel}
            yield Part(anchor(function, trace), "n_in", values, "nested", without=(("nested", "0"),))

    return rule


def _whole(sizes: tuple[Any, ...], function: FunctionCall, trace: Trace) -> tuple[int, ...]:
    """A size that was given as tensors is what it came to."""
    known = all(isinstance(size, int) for size in sizes)
    return sizes if known else trace.ops[function.stop - 1].outputs[0].shape[-len(sizes) :]


def local_response_norm(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """Written in Python, it calls three functions that count each element, and pools the padded squares."""
    given = tensor(function, 0, "input")
    values = {"n_in": given.numel, "C": given.shape[1], "S": function.argument(1, "size")}
    return (Part(anchor(function, trace), "3 * n_in + n_in / C * (C + S - 1)", values),)


def lp_pool(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """Written in Python, it calls a pooling, and then two functions that count each element; or only a maximum."""
    values = {"n_in": tensor(function, 0, "input").numel, "n": elements_out(function, trace)}
    maximum = abs(function.argument(1, "norm_type")) == float("inf")
    return (Part(function.start, "n_in" if maximum else "n_in + 2 * n", values, stop=function.stop),)


def relu6_layer(function: FunctionCall, trace: Trace) -> Iterable[Part]:
    """``nn.ReLU6`` calls ``F.hardtanh``, which is not heard, while ``F.relu6`` is."""
    return (Part(anchor(function, trace), "0", {}, "relu6"),) if _RELU6 in _classes(function, trace) else ()


def recurrent(function: FunctionCall, trace: Trace) -> Iterator[Part]:
    """A recurrent layer is heard by a hook: its very class decides, and the first two sizes of its input."""
    heard = _RECURRENT.issuperset(_classes(function, trace)[:1]) and function.call >= 0
    for index in range(function.start, function.stop):
        op = trace.ops[index]
        text = _STEPS.get(op.kind or "")
        if op.kind == "lstm_projection":
            yield Part(index, "0", {}, "projection")
        elif text and not heard:
            yield Part(index, "0", {}, "recurrent_class")
        elif text:
            values = dict(op.dims)
            steps = _steps(function, trace.calls[function.call], values["T"])
            yield Part(index, text, values | {"T": steps}, "" if steps == values["T"] else "unbatched")


def _steps(function: FunctionCall, call: ModuleCall, true: int) -> int:
    """How many steps the tool reads off the shape of a layer's input; a cell or a packed sequence has its own."""
    shape = call.inputs[0].shape if call.inputs else ()
    packed = len(tensor(function, 0, "input").shape) == 2
    return true if packed or len(shape) < 2 else shape[0] * shape[1]


def tensor(function: FunctionCall, place: int, *names: str) -> TensorSpec:
    """A tensor among the arguments, by its place or by one of its names."""
    if len(function.args) > place:
        found = function.args[place]
    else:
        given = dict(function.kwargs)
        found = next((given[name] for name in names if name in given), None)
    return found if isinstance(found, TensorSpec) else TensorSpec(())


def each_axis(setting: Any, spatial: int) -> tuple[int, ...]:
    """A setting that may be one number for all axes."""
    given = setting if isinstance(setting, tuple) else (setting,)
    return given * spatial if len(given) == 1 else given


def operation(function: FunctionCall, trace: Trace, kind: str) -> tuple[int, OpRecord | None]:
    """The operation of that kind, on numbers of any kind, that a function ran, with its index."""
    ops = ((index, trace.ops[index]) for index in range(function.start, function.stop))
    found = (entry for entry in ops if (entry[1].kind or "").removeprefix("complex_") == kind)
    return next(found, (function.start, None))


def elements_out(function: FunctionCall, trace: Trace) -> int:
    """How many elements a function's result has."""
    return sum(spec.numel for spec in trace.ops[function.stop - 1].outputs)


def _classes(function: FunctionCall, trace: Trace) -> tuple[str, ...]:
    """The class of the module whose forward called a function, and that one's bases."""
    return trace.modules[trace.calls[function.call].module].classes if function.call >= 0 else ()


def rules_for(names: str, rule: FunctionRule) -> dict[str, FunctionRule]:
    """One rule for several functions; a name that ends in ``*`` stands for one, two and three dimensions."""
    full = [name.replace("*", f"{rank}d") for name in names.split() for rank in ("123" if "*" in name else "1")]
    return dict.fromkeys(full, rule)


#: What both tools count alike. Functions of ``torch.nn.functional`` that are at home in ``torch`` are heard under their
#: name there alone, and cannot be told from a call of ``torch.conv2d`` itself.
SHARED: Mapping[str, FunctionRule] = MappingProxyType(
    {
        **rules_for("functional.linear", linear),
        **rules_for("torch.conv*", convolution),
        **rules_for("functional.relu functional.elu functional.leaky_relu functional.relu6", each_input),
        **rules_for("functional.silu functional.gelu torch.prelu functional.softmax", each_input),
        **rules_for("torch.avg_pool1d functional.avg_pool2d functional.avg_pool3d functional.max_pool*", each_input),
        **rules_for("functional.max_pool*_with_indices functional.adaptive_max_pool*_with_indices", each_input),
        **rules_for("torch.adaptive_avg_pool1d functional.adaptive_avg_pool2d", each_input),
        **rules_for("functional.adaptive_avg_pool3d functional.adaptive_max_pool*", each_input),
        **rules_for("functional.batch_norm", batch_norm),
        **rules_for("functional.layer_norm functional.group_norm", normalization(2)),
        **rules_for("functional.instance_norm", normalization(3)),
        **rules_for("torch.matmul Tensor.matmul", matmul),
        **rules_for("torch.addmm Tensor.addmm torch.baddbmm", product_and_sum),
        **rules_for("torch.einsum", einsum),
        **rules_for("functional.local_response_norm", local_response_norm),
        **rules_for("functional.lp_pool*", lp_pool),
        **rules_for("torch.lstm torch.gru torch.rnn_tanh torch.rnn_relu", recurrent),
        **rules_for("torch.lstm_cell torch.gru_cell torch.rnn_tanh_cell torch.rnn_relu_cell", recurrent),
        **rules_for("operator.add operator.mul Tensor.add_ Tensor.mul_", unheard("operators")),
        **rules_for("torch.relu torch.relu_ Tensor.relu Tensor.relu_ functional.elu_", unheard("names")),
        **rules_for("functional.leaky_relu_ Tensor.prelu torch.softmax Tensor.softmax", unheard("names")),
        **rules_for("torch.batch_norm torch.layer_norm torch.group_norm torch.instance_norm", unheard("names")),
        **rules_for("torch.max_pool* torch.adaptive_max_pool*", unheard("names")),
        **rules_for("functional.hardtanh", relu6_layer),
        **rules_for("torch.mv Tensor.mv torch.dot Tensor.dot torch.tensordot torch.bilinear", unheard("products")),
        **rules_for("Tensor.addmm_ Tensor.baddbmm Tensor.baddbmm_ torch.addbmm Tensor.addbmm", unheard("products")),
    }
)
#: A sentence for each fault of :data:`SHARED`, and of what is heard at all.
SHARED_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "linear_bias": "linear layers: the bias is not counted, while that of a convolution is",
        "same": 'convolution with padding="same" and an even kernel: counted on an output one smaller than it is',
        "matmul_shapes": (
            "matmul: counted as if the first matrices were all there are and the second had columns; "
            "wrong where the second has more matrices, or is a vector"
        ),
        "broadcast": "operands of different shapes: counted on a size that is not the result's",
        "resize": "interpolation to a given size: counted on height times width, batch and channels forgotten",
        "nested": 'interpolation with mode="area": counted a second time, as the pooling that it calls',
        "einsum": "einsum: one too many, and rounded to four digits, as read off numpy's report",
        "operators": "x + y, x * y and x.add_(y) are not heard: 0, while torch.add(x, y) counts",
        "names": "x.relu(), torch.relu(x), x.softmax() and the like are not heard: 0, while F.relu(x) counts",
        "relu6": "nn.ReLU6 is not heard, as it calls F.hardtanh: 0, while F.relu6 counts",
        "stored": (
            "a function that a module stored (self.act = F.relu, as nn.TransformerEncoderLayer does) is not heard: 0, "
            "as that was before the tool replaced it"
        ),
        "fast_path": (
            "nn.MultiheadAttention whose parameters are all frozen, with all before it: not heard, as PyTorch computes "
            "it in one piece"
        ),
        "recurrent_class": "recurrent layers of a class of one's own, or called as functions, are not heard: 0",
        "projection": "LSTM with proj_size: the projection is not counted",
        "unbatched": "recurrent layers without a batch: the features are taken for steps",
    }
)
