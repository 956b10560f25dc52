"""The sheets that come with the package: each draws layers in which mistakes can be told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType

from nbcnncost.conventions import Convention
from nbcnncost.course import layers, messages
from nbcnncost.course.building import layer_questions, ratio, receptive_field, training_ratio
from nbcnncost.course.drawing import RIGHT, Draw
from nbcnncost.course.layers import Layer
from nbcnncost.course.messages import say
from nbcnncost.course.quantities import USUAL
from nbcnncost.course.questions import Question
from nbcnncost.errors import InputError

Make = Callable[[Draw, Convention], Sequence[Question]]


@dataclass(frozen=True)
class Topic:
    """A sheet to be drawn: its name, what it is about, and how its questions are drawn.

    ``alike`` are mistakes that its layers cannot tell apart, or not from the right number (:data:`RIGHT`).
    """

    name: str
    title: str
    make: Make
    alike: tuple[frozenset[str], ...] = ()


def _window(draw: Draw) -> dict[str, int]:
    """A window with which slips in its size can be told apart: large, with strides, its padding not "same"."""
    stride = draw.choice((3, 4))
    kernel = draw.choice((7, 9, 11))
    paddings = [padding for padding in range(stride + 2, kernel) if 2 * padding != kernel - 1]
    padding = draw.choice(paddings) if paddings else kernel - 1
    return {"kernel_size": kernel, "stride": stride, "padding": padding}


def _sizes(draw: Draw, low: int, high: int) -> tuple[int, ...]:
    return tuple(draw.several(2, range(low, high)))


def _fitting(draw: Draw, window: dict[str, int], dilation: int = 1) -> tuple[int, ...]:
    """Sizes that the stride does not divide: what is left over is less than half of it in height, more in width."""
    stride = window["stride"]
    least = dilation * (window["kernel_size"] - 1) + 1 - 2 * window["padding"]
    steps = draw.several(2, range(8, 26))
    left = draw.whole(1, (stride - 1) // 2), draw.whole((stride + 1) // 2, stride - 1)
    return tuple(least + number * stride + rest for number, rest in zip(steps, left, strict=True))


def _channels(draw: Draw) -> tuple[int, int]:
    first, second = draw.several(2, (5, 7, 10, 11, 13, 14, 17, 19, 22, 23))
    return first, second


def drawn_convolution(draw: Draw, *, batch: int = 1, groups: int = 1, dilation: int = 1, bias: bool = True) -> Layer:
    """A convolution over an image."""
    ins, outs = (channels * groups for channels in _channels(draw))
    window = _window(draw)
    size = (batch, ins, *_fitting(draw, window, dilation))
    settings = {**window, "groups": groups, "dilation": dilation, "bias": bias}
    return layers.conv2d(in_channels=ins, out_channels=outs, input_size=size, **settings)


def drawn_transposed(draw: Draw) -> Layer:
    """A transposed convolution."""
    ins, outs = _channels(draw)
    kernel, stride = draw.choice((5, 7)), draw.choice((2, 3))
    size = (ins, *_sizes(draw, 7, 30))
    settings = {"kernel_size": kernel, "stride": stride, "padding": draw.whole(1, 2)}
    return layers.conv_transpose2d(in_channels=ins, out_channels=outs, input_size=size, **settings)


def drawn_pool(draw: Draw, kind: str) -> Layer:
    """A pooling whose windows overlap."""
    pool = layers.max_pool2d if kind == "max_pool" else layers.avg_pool2d
    window = _window(draw)
    size = (draw.choice((24, 40, 48, 56)), *_fitting(draw, window))
    return pool(window.pop("kernel_size"), input_size=size, **window)


def _asked(name: str, layer: Layer, convention: Convention, *more: str) -> list[Question]:
    return layer_questions(name, [layer], convention, (*USUAL, *more))


def _convolution(draw: Draw, convention: Convention) -> list[Question]:
    return _asked("conv1", drawn_convolution(draw), convention)


def _grouped(draw: Draw, convention: Convention) -> list[Question]:
    return _asked("conv1", drawn_convolution(draw, groups=draw.choice((3, 4, 6))), convention)


def _dilated(draw: Draw, convention: Convention) -> list[Question]:
    return _asked("conv1", drawn_convolution(draw, dilation=draw.choice((2, 3))), convention)


def _batch(draw: Draw, convention: Convention) -> list[Question]:
    return _asked("conv1", drawn_convolution(draw, batch=draw.choice((8, 16, 32)), bias=False), convention)


def _sharing(draw: Draw, convention: Convention) -> list[Question]:
    return _asked("conv1", drawn_convolution(draw).called(draw.choice((5, 6, 7, 9))), convention)


def _transposed(draw: Draw, convention: Convention) -> list[Question]:
    return _asked("up1", drawn_transposed(draw), convention)


def _pooling(draw: Draw, convention: Convention) -> list[Question]:
    kinds = {"pool1": "max_pool", "pool2": "average_pool"}
    return [entry for name, kind in kinds.items() for entry in _asked(name, drawn_pool(draw, kind), convention)]


def _linear(draw: Draw, convention: Convention) -> list[Question]:
    ins, outs = draw.several(2, range(60, 900))
    return _asked("fc1", layers.linear(in_features=ins, out_features=outs, batch=draw.choice((8, 16, 32))), convention)


def _normalization(draw: Draw, convention: Convention) -> list[Question]:
    size = (draw.choice((24, 48, 96, 112)), *_sizes(draw, 14, 60))
    return _asked("bn1", layers.batch_norm(input_size=size), convention)


def _activations(draw: Draw, convention: Convention) -> list[Question]:
    made = []
    for at, kind in enumerate(draw.several(3, ("sigmoid", "tanh", "gelu", "silu", "hardswish", "leaky_relu")), 1):
        size = (draw.choice((24, 48, 96)), *_sizes(draw, 14, 60))
        made += _asked(f"act{at}", layers.activation(kind, input_size=size), convention)
    return made


def _recurrent(draw: Draw, convention: Convention) -> list[Question]:
    ins, hidden = draw.several(2, range(30, 300))
    made = layers.recurrent(draw.choice(("lstm", "gru")), input_size=ins, hidden_size=hidden, steps=draw.whole(10, 60))
    return _asked("rnn1", made, convention)


def _attention(draw: Draw, convention: Convention) -> list[Question]:
    queries, keys = draw.several(2, range(50, 300))
    heads, features = draw.choice((6, 10, 12)), draw.choice((24, 40, 56))
    return _asked("attn1", layers.attention(queries=queries, keys=keys, features=features, heads=heads), convention)


def _memory(draw: Draw, convention: Convention) -> list[Question]:
    asked = ("elements", "params", "activation_bytes", "weight_bytes", "activation_mb", "weight_mb")
    return layer_questions("conv1", [drawn_convolution(draw, batch=draw.choice((8, 16, 32)))], convention, asked)


def _intensity(draw: Draw, convention: Convention) -> list[Question]:
    ins, outs = draw.several(2, range(60, 900))
    made = {
        "conv1": drawn_convolution(draw, batch=draw.choice((2, 3, 5))),
        "fc1": layers.linear(in_features=ins, out_features=outs, batch=draw.choice((8, 16, 32)), bias=False),
    }
    asked = ("macs", "flops", "intensity")
    return [entry for name, layer in made.items() for entry in layer_questions(name, [layer], convention, asked)]


def _training(draw: Draw, convention: Convention) -> list[Question]:
    first = drawn_convolution(draw, bias=False)
    outs, kernel = draw.choice((24, 32, 40)), draw.choice((3, 5))
    second = layers.conv2d(
        in_channels=first.values["C_out"],
        out_channels=outs,
        kernel_size=kernel,
        stride=2,
        padding=kernel // 2,
        bias=False,
        input_size=first.output_shape[1:],
    )
    last = layers.linear(in_features=prod(second.output_shape), out_features=draw.whole(50, 1000), bias=False)
    found = training_ratio("net", [first, second, last], convention)
    asked = layer_questions("conv1", [first], convention, ("flops",))
    return [*asked, *([] if found is None else [found])]


def _receptive_field(draw: Draw, convention: Convention) -> list[Question]:
    channels, stack = 8, []
    size: tuple[int, ...] = (channels, 400, 400)
    for _ in range(draw.whole(3, 4)):
        kernel, stride, dilation = draw.choice((3, 5, 7)), draw.choice((1, 2, 3)), draw.choice((1, 1, 2))
        settings = {"kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": kernel // 2 * dilation}
        made = layers.conv2d(in_channels=channels, out_channels=channels, input_size=size, **settings)
        size = made.output_shape
        stack.append(made)
    found = receptive_field("stack", stack, convention)
    return [found] if found is not None else []


def _separable(draw: Draw, convention: Convention) -> list[Question]:
    ins, outs = _channels(draw)
    size = (ins, *_sizes(draw, 14, 60))
    window = {"kernel_size": draw.choice((3, 5, 7)), "bias": False}
    dense = layers.conv2d(in_channels=ins, out_channels=outs, input_size=size, **window)
    depthwise = layers.conv2d(in_channels=ins, out_channels=ins, groups=ins, input_size=size, **window)
    pointwise = layers.conv2d(
        in_channels=ins, out_channels=outs, kernel_size=1, bias=False, input_size=depthwise.output_shape
    )
    made = [ratio("separable", [dense], [depthwise, pointwise], "macs", convention)]
    steps = {"dense": dense, "depthwise": depthwise, "pointwise": pointwise}
    staged = [layer_questions(name, [step], convention, ("params", "macs")) for name, step in steps.items()]
    return [*(entry for questions in staged for entry in questions), *made]


def _bottleneck(draw: Draw, convention: Convention) -> list[Question]:
    wide, narrow = draw.choice((192, 256, 320, 384)), draw.choice((16, 24, 32, 48))
    size, kernel = (wide, *_sizes(draw, 14, 60)), draw.choice((3, 5))
    shape = {"padding": kernel // 2, "bias": False, "kernel_size": kernel}
    direct = layers.conv2d(in_channels=wide, out_channels=wide, input_size=size, **shape)
    inside = (narrow, *size[1:])
    steps = [
        layers.conv2d(in_channels=wide, out_channels=narrow, kernel_size=1, bias=False, input_size=size),
        layers.conv2d(in_channels=narrow, out_channels=narrow, input_size=inside, **shape),
        layers.conv2d(in_channels=narrow, out_channels=wide, kernel_size=1, bias=False, input_size=inside),
    ]
    return [ratio("bottleneck", [direct], steps, "macs", convention)]


def _classifier(draw: Draw, convention: Convention) -> list[Question]:
    channels, side, classes = draw.choice((256, 384, 512)), draw.choice((5, 6, 7)), draw.whole(50, 1000)
    hidden = draw.choice((1024, 2048, 4096))
    flat = [
        layers.linear(in_features=channels * side * side, out_features=hidden),
        layers.linear(in_features=hidden, out_features=classes),
    ]
    pooled = [layers.linear(in_features=channels, out_features=classes)]
    return [ratio("classifier", flat, pooled, "params", convention)]


#: A depthwise filter has one input channel and makes one output channel; a 1×1 convolution keeps the size.
_DEPTHWISE = (
    frozenset({RIGHT, "input_size_for_output"}),
    frozenset({RIGHT, "forgot_input_channels"}),
    frozenset({"forgot_output_channels", "groups_squared"}),
    frozenset({"forgot_input_channels", "groups_ignored"}),
)
#: In a bottleneck the inputs of one step are the outputs of the one before.
_CHAINED = (frozenset({"forgot_input_channels", "forgot_output_channels"}),)
#: Every topic by its name.
TOPICS = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Topic("convolution", "a convolution in stages: size, parameters, MACs, FLOPs, bytes", _convolution),
            Topic("grouped", "a convolution with groups", _grouped),
            Topic("dilated", "a dilated convolution", _dilated),
            Topic("batch", "a convolution of a batch, without a bias", _batch),
            Topic("sharing", "a convolution that is called several times", _sharing),
            Topic("transposed", "a transposed convolution", _transposed),
            Topic("pooling", "max and average pooling", _pooling),
            Topic("linear", "a fully connected layer", _linear),
            Topic("normalization", "batch normalization", _normalization),
            Topic("activations", "activations of several operations an element", _activations),
            Topic("recurrent", "an LSTM or a GRU", _recurrent),
            Topic("attention", "attention", _attention),
            Topic("memory", "numbers, bytes and megabytes", _memory),
            Topic("intensity", "FLOPs for each byte that is moved", _intensity),
            Topic("training", "what a training step takes, beside the forward", _training),
            Topic("receptive_field", "how far a stack of convolutions sees", _receptive_field),
            Topic("separable", "what a depthwise separable convolution saves", _separable, _DEPTHWISE),
            Topic("bottleneck", "what a bottleneck saves", _bottleneck, _CHAINED),
            Topic("classifier", "what global average pooling saves in a classifier", _classifier),
        )
    }
)


def topic(name: str) -> Topic:
    """The topic of that name."""
    if name not in TOPICS:
        raise InputError(say(messages.NO_TOPIC, topic=repr(name), topics=", ".join(TOPICS)))
    return TOPICS[name]
