"""The formulas as pure functions: worked answers with their products spelt out, and torch's layers beside them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brute_force as brute
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from nbcnncost import conventions, cost, formulas
from nbcnncost.formulas import (
    attention,
    average_pool,
    batch_norm,
    convolution,
    elementwise,
    linear,
    matmul,
    max_pool,
    output_size,
    recurrent,
    transposed_convolution,
)
from nbcnncost.work import Count, Work

ROOT = Path(__file__).resolve().parent.parent
TEXTBOOK = conventions.textbook.weights
MODEST = settings(max_examples=300, deadline=None, derandomize=True)


def flops(count: Count) -> int:
    """The textbook's FLOPs."""
    return count.work.weighed(TEXTBOOK)


# Worked answers, as a teacher gives them.

# layer, output size, parameters, MACs, FLOPs
WORKED = {
    "AlexNet conv1": (
        convolution(input_size=(227, 227), in_channels=3, out_channels=96, kernel_size=11, stride=4),
        (55, 55),  # (227 − 11)/4 + 1
        (11 * 11 * 3 + 1) * 96,
        55 * 55 * 3 * 96 * 11 * 11,
        210_830_400,
    ),
    "ten 5×5 on 32×32×3": (
        convolution(input_size=(32, 32), in_channels=3, out_channels=10, kernel_size=5, padding=2),
        (32, 32),
        760,
        768_000,
        1_536_000,
    ),
    "5×5, 128→128, on 256×256": (
        convolution(input_size=(256, 256), in_channels=128, out_channels=128, kernel_size=5, padding=2),
        (256, 256),
        (5 * 5 * 128 + 1) * 128,
        256 * 256 * 128 * 128 * 5 * 5,
        53_687_091_200,
    ),
    "5×5, 192→32, on 28×28": (
        convolution(input_size=(28, 28), in_channels=192, out_channels=32, kernel_size=5, padding=2),
        (28, 28),
        (5 * 5 * 192 + 1) * 32,
        120_422_400,
        2 * 28 * 28 * 192 * 32 * 5 * 5,
    ),
    "3×3 strided, 64→128, on 32×32": (
        convolution(input_size=(32, 32), in_channels=64, out_channels=128, kernel_size=3, stride=2, padding=1),
        (16, 16),
        (3 * 3 * 64 + 1) * 128,
        18_874_368,
        2 * 16 * 16 * 64 * 128 * 3 * 3,
    ),
    "3×3 to be pooled, 64→128, on 32×32": (
        convolution(input_size=(32, 32), in_channels=64, out_channels=128, kernel_size=3, padding=1),
        (32, 32),
        (3 * 3 * 64 + 1) * 128,
        75_497_472,
        2 * 32 * 32 * 64 * 128 * 3 * 3,
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_answers(name: str) -> None:
    """Output size, parameters, MACs and FLOPs of a convolution as worked by hand."""
    count, size, params, macs, expected = WORKED[name]
    assert (count.output_size, count.params, count.work.macs, flops(count)) == (size, params, macs, expected)


def test_weight_sharing_saves_parameters() -> None:
    """AlexNet's conv1 has 34,944 parameters; with weights of its own at each of 55·55 places, 105,705,600."""
    shared = convolution(input_size=(227, 227), in_channels=3, out_channels=96, kernel_size=11, stride=4)
    one_place = linear(in_features=11 * 11 * 3, out_features=96)
    assert shared.params == one_place.params == 34_944
    assert shared.work.macs == 55 * 55 * one_place.work.macs == 105_415_200
    assert 55 * 55 * one_place.params == 105_705_600


def test_a_window_that_does_not_come_out_even_is_rounded_down() -> None:
    """AlexNet's conv1 at 224 without padding: (224 − 11)/4 + 1 is 54.25, and so 54 places."""
    assert output_size(224, kernel_size=11, stride=4) == 54
    assert output_size(224, kernel_size=11, stride=4, padding=2) == 55


def test_a_bottleneck_saves_work() -> None:
    """5×5 on 28×28×192→32 through a 1×1 with 16 channels: 28·28·(192·16 + 16·32·25), 9.68 times less."""
    size = (28, 28)
    direct = convolution(input_size=size, in_channels=192, out_channels=32, kernel_size=5, padding=2)
    reduce = convolution(input_size=size, in_channels=192, out_channels=16, kernel_size=1)
    expand = convolution(input_size=size, in_channels=16, out_channels=32, kernel_size=5, padding=2)
    through = reduce.work + expand.work
    assert through.macs == 28 * 28 * (192 * 16 + 16 * 32 * 5 * 5) == 12_443_648
    assert round(direct.work.macs / through.macs, 2) == 9.68


def square(side: int, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> Count:
    """A convolution without bias on a square map, padded so that stride 1 keeps its size."""
    return convolution(
        input_size=(side, side),
        in_channels=in_channels,
        out_channels=out_channels,
        kernel_size=kernel,
        stride=stride,
        padding=kernel // 2,
        groups=groups,
        bias=False,
    )


def macs_of(*counts: Count) -> int:
    """MACs of several layers."""
    return sum(count.work.macs for count in counts)


def test_the_two_blocks_of_resnet() -> None:
    """At 56×56: two 3×3 with 64 channels 231.2 M, the bottleneck 256-64-64-256 218.4 M MACs."""
    basic = macs_of(square(56, 64, 64, 3), square(56, 64, 64, 3))
    bottleneck = macs_of(square(56, 256, 64, 1), square(56, 64, 64, 3), square(56, 64, 256, 1))
    assert basic == 2 * 56 * 56 * 64 * 64 * 3 * 3 == 231_211_008
    assert bottleneck == 56 * 56 * (256 * 64 + 64 * 64 * 3 * 3 + 64 * 256) == 218_365_952


def resnet50(stride_in: int) -> list[Count]:
    """ResNet-50's layers with weights; in a block that halves the map, the stride is in the 1×1 or the 3×3."""
    layers = [square(224, 3, 64, 7, 2)]
    channels, side = 64, 56
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            step = stride if block == 0 else 1
            first, second = (step, 1) if stride_in == 1 else (1, step)
            layers += [square(side, channels, width, 1, first), square(side // first, width, width, 3, second)]
            layers += [square(side // step, width, 4 * width, 1)]
            layers += [square(side, channels, 4 * width, 1, step)] if block == 0 else []
            channels, side = 4 * width, side // step
    norms = [batch_norm(channels=dict(layer.dims)["C_out"], input_size=layer.output_size) for layer in layers]
    return [*layers, *norms, linear(in_features=2048, out_features=1000)]


@pytest.mark.parametrize(("stride_in", "macs"), [(1, 3_857_973_248), (3, 4_089_184_256)], ids=["1×1", "3×3"])
def test_resnet50_with_the_stride_in_either_place(stride_in: int, macs: int) -> None:
    """3.858 G MACs with the stride in the 1×1, 4.089 G in the 3×3; the same 25,557,032 parameters."""
    layers = resnet50(stride_in)
    assert sum(layer.params for layer in layers) == 25_557_032
    assert macs_of(*layers) == macs


@pytest.mark.parametrize(("channels", "kernel", "saving"), [(512, 3, 8.84), (64, 3, 7.89), (1024, 3, 8.92)])
def test_what_a_depthwise_separable_convolution_saves(channels: int, kernel: int, saving: float) -> None:
    """1/(1/N + 1/K²) for N output channels and a K×K kernel, whatever the map."""
    plain = macs_of(square(14, 256, channels, kernel))
    separable = macs_of(square(14, 256, 256, kernel, groups=256), square(14, 256, channels, 1))
    assert separable == 14 * 14 * 256 * (kernel * kernel + channels)
    assert plain / separable == pytest.approx(1 / (1 / channels + 1 / kernel**2))
    assert round(plain / separable, 2) == saving


def mobilenet() -> list[Count]:
    """MobileNetV1's layers with weights."""
    layers = [square(224, 3, 32, 3, 2)]
    channels, side = 32, 112
    rows = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for width, stride in rows:
        layers += [square(side, channels, channels, 3, stride, channels), square(side // stride, channels, width, 1)]
        channels, side = width, side // stride
    norms = [batch_norm(channels=dict(layer.dims)["C_out"], input_size=layer.output_size) for layer in layers]
    return [*layers, *norms, linear(in_features=1024, out_features=1000)]


def test_mobilenet() -> None:
    """The paper's table says 569 M mult-adds and 4.2 M parameters: 568,740,352 and 4,231,976."""
    layers = mobilenet()
    assert macs_of(*layers) == 568_740_352
    assert sum(layer.params for layer in layers) == 4_231_976


def test_a_strided_convolution_does_a_quarter_of_the_work() -> None:
    """Convolve then pool, 32×32×64→16×16×128, against a strided convolution: 4 times the MACs."""
    pooled, strided = WORKED["3×3 to be pooled, 64→128, on 32×32"][0], WORKED["3×3 strided, 64→128, on 32×32"][0]
    assert pooled.work.macs == 4 * strided.work.macs
    assert max_pool(input_size=pooled.output_size, channels=128, kernel_size=2).output_size == strided.output_size


# The size of what comes out.

LINES = {
    "length": st.integers(1, 40),
    "kernel": st.integers(1, 7),
    "stride": st.integers(1, 5),
    "padding": st.integers(0, 5),
    "dilation": st.integers(1, 4),
}


@MODEST
@given(**LINES)
def test_the_output_size_is_how_often_a_window_stops(
    length: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    """Stepping a window along the line counts the places; where it does not fit once, that is an error."""
    steps = len(brute.windows(length, kernel, stride, (padding, padding), dilation))
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    if steps:
        assert output_size(length, **options) == steps
    else:
        with pytest.raises(ValueError, match="does not fit"):
            output_size(length, **options)


@MODEST
@given(**LINES)
def test_with_ceil_mode_the_last_window_may_reach_out(
    length: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    """Rounded up, a window may end beyond the line, but starts on it or in the padding before it."""
    assume(length + 2 * padding >= dilation * (kernel - 1) + 1)
    assume(2 * padding <= kernel)  # PyTorch's pooling takes no more
    steps = len(brute.windows(length, kernel, stride, (padding, padding), dilation, ceil=True))
    shown = output_size(length, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=True)
    assert shown == steps


def torch_output_size(layer: nn.Module, length: int) -> int | None:
    """How long torch makes the output, ``None`` where it refuses."""
    try:
        return layer(torch.empty(1, 1, length, device="meta")).shape[-1]
    except RuntimeError:
        return None


@pytest.mark.filterwarnings("ignore")
@MODEST
@given(ceil_mode=st.booleans(), **LINES)
def test_pooling_is_as_long_as_in_torch(
    length: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> None:
    """The same size as torch's max pooling, with ceil_mode too, and an error where torch has one."""
    assume(padding <= kernel // 2)
    expected = torch_output_size(nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil_mode), length)
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    if expected is None:
        with pytest.raises(ValueError, match="does not fit"):
            output_size(length, **options, ceil_mode=ceil_mode)
    else:
        assert output_size(length, **options, ceil_mode=ceil_mode) == expected


@MODEST
@given(
    length=st.integers(1, 20),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
)
def test_a_transposed_convolution_undoes_the_size(
    length: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    """Its output is the line on which a convolution with the same settings stops ``length`` times."""
    out = (length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
    assume(out >= 1)
    count = transposed_convolution(
        input_size=(length,),
        in_channels=1,
        out_channels=1,
        kernel_size=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    assert count.output_size == (out,)
    assert len(brute.windows(out, kernel, stride, (padding, padding), dilation)) == length


# Settings that cannot be.

CONV = {"input_size": (8, 8), "in_channels": 4, "out_channels": 4, "kernel_size": 3}
POOL = {"input_size": (8, 8), "channels": 4, "kernel_size": 2}

# what is called, with which settings, what the error says
REFUSED: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "kernel too large": (convolution, {**CONV, "kernel_size": 9}, r"a kernel of 9 \(dilation 1\) does not fit"),
    "kernel too large along one axis": (convolution, {**CONV, "input_size": (8, 2)}, "does not fit into 2 "),
    "dilation too large": (convolution, {**CONV, "dilation": 4}, r"a kernel of 3 \(dilation 4\) does not fit into 8 "),
    "window too large": (max_pool, {**POOL, "kernel_size": 9}, r"does not fit into 8 \+ 2·0 positions"),
    "average window too large": (average_pool, {**POOL, "kernel_size": 9}, "does not fit"),
    "three kernel sizes": (convolution, {**CONV, "kernel_size": (3, 3, 3)}, "^2 numbers are needed, one for each"),
    "one stride": (convolution, {**CONV, "stride": (2,)}, r"^2 numbers are needed, .* not \(2,\)$"),
    "no padding": (convolution, {**CONV, "padding": ()}, "^2 numbers are needed"),
    "three dilations": (convolution, {**CONV, "dilation": (1, 1, 1)}, "^2 numbers are needed"),
    "three windows": (max_pool, {**POOL, "kernel_size": (2, 2, 2)}, "^2 numbers are needed"),
    "one output padding": (transposed_convolution, {**CONV, "output_padding": (1,)}, "^2 numbers are needed"),
    "no spatial dimension": (convolution, {**CONV, "input_size": ()}, "."),
    "four spatial dimensions": (convolution, {**CONV, "input_size": (8, 8, 8, 8)}, "."),
    "stride 0": (convolution, {**CONV, "stride": 0}, "."),
    "groups that do not divide the input": (convolution, {**CONV, "in_channels": 3, "groups": 2}, "."),
    "groups that do not divide the output": (convolution, {**CONV, "out_channels": 3, "groups": 2}, "."),
    "transposed to nothing": (transposed_convolution, {**CONV, "input_size": (1, 1), "padding": 3}, "."),
    "unknown activation": (lambda **options: elementwise("rleu", **options), {"elements": 3}, "^'rleu' is no kind"),
    "not element by element": (
        lambda **options: elementwise("convolution", **options),
        {"elements": 3},
        "^'convolution' is no kind that is counted per element; see formulas.FORMULAS$",
    ),
    "unknown recurrent layer": (
        lambda **options: recurrent("lstn", **options),
        {"inputs": 1, "hidden": 1, "steps": 1},
        "^'lstn' is no recurrent layer: lstm, gru, rnn_tanh or rnn_relu$",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_settings_that_cannot_be(name: str) -> None:
    """A layer that torch refuses is refused with a ValueError, not counted wrong."""
    function, options, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        function(**options)


@pytest.mark.parametrize(
    "call",
    [
        lambda: convolution((8, 8), 3, 4, 3),
        lambda: linear(3, 4),
        lambda: matmul(2, 3, 4),
        lambda: output_size(8, 3),
        lambda: elementwise("relu", 3),
    ],
)
def test_settings_are_named(call: Callable[[], Any]) -> None:
    """Numbers go in by name only: (3, 4) as features or as sizes cannot be mixed up."""
    with pytest.raises(TypeError, match="positional"):
        call()


# The same as torch's layers.


class Products(nn.Module):
    """Matrix products and attention, which have no layer."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        object.__setattr__(self, "function", function)

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs)


def twin(function: Callable[..., Count], layer: type[nn.Module], size: Any, **settings: Any) -> tuple[Any, ...]:
    """A formula and torch's layer with the same settings; a batch of 2."""
    channels = {"in_channels": size[0], "out_channels": 12} if function in CONVOLUTIONS else {"channels": size[0]}
    count = function(input_size=size[1:], batch=2, **channels, **settings)
    return count, layer(**(channels if function in CONVOLUTIONS else {}), **settings), (2, *size)


CONVOLUTIONS = (convolution, transposed_convolution)

TWINS = {
    "Conv1d": twin(convolution, nn.Conv1d, (4, 33), kernel_size=5, dilation=2, padding=3),
    "Conv2d": twin(convolution, nn.Conv2d, (4, 17, 9), kernel_size=(3, 5), stride=(2, 1), padding=(0, 2), bias=False),
    "Conv2d, grouped": twin(convolution, nn.Conv2d, (6, 8, 9), kernel_size=3, stride=3, groups=3),
    "Conv2d, depthwise": twin(convolution, nn.Conv2d, (6, 8, 9), kernel_size=3, padding=1, groups=6),
    "Conv3d": twin(convolution, nn.Conv3d, (4, 7, 8, 9), kernel_size=3, stride=2, padding=1),
    "ConvTranspose1d": twin(transposed_convolution, nn.ConvTranspose1d, (4, 9), kernel_size=4, stride=2, padding=1),
    "ConvTranspose2d": twin(
        transposed_convolution,
        nn.ConvTranspose2d,
        (4, 7, 5),
        kernel_size=(3, 2),
        stride=2,
        output_padding=1,
        groups=2,
        dilation=2,
    ),
    "ConvTranspose3d": twin(transposed_convolution, nn.ConvTranspose3d, (4, 3, 4, 5), kernel_size=2, bias=False),
    "MaxPool1d": twin(max_pool, nn.MaxPool1d, (3, 17), kernel_size=3, stride=2, padding=1, dilation=2),
    "MaxPool2d": twin(max_pool, nn.MaxPool2d, (3, 18, 11), kernel_size=3, stride=2),
    "MaxPool2d, ceil": twin(max_pool, nn.MaxPool2d, (3, 18, 11), kernel_size=3, stride=2, ceil_mode=True),
    "MaxPool2d, side by side": twin(max_pool, nn.MaxPool2d, (3, 18, 11), kernel_size=(2, 3)),
    "MaxPool3d": twin(max_pool, nn.MaxPool3d, (3, 4, 5, 6), kernel_size=2),
    "AvgPool1d": twin(average_pool, nn.AvgPool1d, (3, 17), kernel_size=3, stride=2, padding=1),
    "AvgPool2d": twin(average_pool, nn.AvgPool2d, (3, 8, 9), kernel_size=2),
    "AvgPool3d": twin(average_pool, nn.AvgPool3d, (3, 4, 6, 8), kernel_size=2, stride=(1, 2, 3)),
    "BatchNorm1d": (batch_norm(channels=5, batch=2), nn.BatchNorm1d(5), (2, 5)),
    "BatchNorm2d": (batch_norm(channels=5, input_size=(4, 3), batch=2), nn.BatchNorm2d(5), (2, 5, 4, 3)),
    "BatchNorm3d": (batch_norm(channels=5, input_size=(4, 3, 2)), nn.BatchNorm3d(5), (1, 5, 4, 3, 2)),
    "Linear": (linear(in_features=7, out_features=3, batch=2 * 4), nn.Linear(7, 3), (2, 4, 7)),
    "Linear, no bias": (linear(in_features=7, out_features=3, bias=False), nn.Linear(7, 3, bias=False), (1, 7)),
    "matmul": (matmul(m=3, k=4, n=5, batch=2), Products(torch.matmul), [(2, 3, 4), (2, 4, 5)]),
    "attention": (
        attention(queries=3, keys=5, features=4, value_features=6, heads=2, batch=2),
        Products(nn.functional.scaled_dot_product_attention),
        [(2, 2, 3, 4), (2, 2, 5, 4), (2, 2, 5, 6)],
    ),
    **{
        kind: (elementwise(kind, elements=2 * 3 * 4), layer, (2, 3, 4))
        for kind, layer in {
            "relu": nn.ReLU(),
            "clamp": nn.ReLU6(),
            "sigmoid": nn.Sigmoid(),
            "tanh": nn.Tanh(),
            "silu": nn.SiLU(),
            "hardswish": nn.Hardswish(),
            "gelu": nn.GELU(),
            "gelu_tanh": nn.GELU("tanh"),
            "softmax": nn.Softmax(-1),
            "log_softmax": nn.LogSoftmax(-1),
            "add": Products(lambda x: x + x),
            "mean": Products(lambda x: x.mean(-1)),
        }.items()
    },
    "LSTM": (recurrent("lstm", inputs=5, hidden=7, steps=4, batch=2), nn.LSTM(5, 7), (4, 2, 5)),
    "GRU": (recurrent("gru", inputs=5, hidden=7, steps=4, batch=2), nn.GRU(5, 7), (4, 2, 5)),
    "RNN": (recurrent("rnn_tanh", inputs=5, hidden=7, steps=4, batch=2), nn.RNN(5, 7), (4, 2, 5)),
    "RNN, relu": (
        recurrent("rnn_relu", inputs=5, hidden=7, steps=4, batch=2),
        nn.RNN(5, 7, nonlinearity="relu"),
        (4, 2, 5),
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_a_formula_counts_what_the_layer_costs(name: str) -> None:
    """MACs, FLOPs and output size are those of the same layer in torch, traced."""
    count, layer, size = TWINS[name]
    report = cost(layer, size)
    assert (count.work.macs, flops(count)) == (report.total.macs, report.total.flops)
    if count.output_size:
        assert count.output_size == report.rows[-1].outputs[0].shape[2:]


@pytest.mark.parametrize("name", TWINS)
def test_a_formula_counts_the_layers_parameters(name: str) -> None:
    """Weights and biases, by the formula and in torch."""
    count, layer, _ = TWINS[name]
    assert count.params == sum(parameter.numel() for parameter in layer.parameters())


@pytest.mark.parametrize("name", TWINS)
def test_a_formula_is_what_it_shows(name: str) -> None:
    """The expression under the textbook's weights gives the FLOPs that the tally does."""
    count = TWINS[name][0]
    values = dict(count.dims)
    assert count.expression(TEXTBOOK).value(values) == flops(count)
    assert count.expression({"macs": 1}).value(values) == count.work.macs


# Tallies.

# kind, operations an element
EACH = [
    ("relu", Work(comparisons=1)),
    ("sigmoid", Work(additions=2, specials=1, divisions=1)),
    ("softmax", Work(comparisons=1, additions=2, specials=1, divisions=1)),
    ("dropout", Work(multiplications=2)),
    ("movement", Work()),
]


@pytest.mark.parametrize(("kind", "each"), EACH, ids=[kind for kind, _ in EACH])
def test_elements_cost_the_same_each(kind: str, each: Work) -> None:
    """Ten elements cost ten times one, by each kind of operation."""
    assert elementwise(kind, elements=1).work == each
    assert elementwise(kind, elements=10).work == sum([each] * 9, each)


def test_biases_are_kept_apart() -> None:
    """A bias is one addition an output, tallied but left out of the textbook's FLOPs; without one there is none."""
    with_bias, without = (
        convolution(input_size=(4, 4), in_channels=3, out_channels=8, kernel_size=3, bias=bias, batch=5)
        for bias in (True, False)
    )
    assert with_bias.work == Work(macs=5 * 2 * 2 * 3 * 8 * 9, bias_additions=5 * 2 * 2 * 8, dot_products=5 * 2 * 2 * 8)
    assert without.work == Work(macs=5 * 2 * 2 * 3 * 8 * 9, dot_products=5 * 2 * 2 * 8)
    assert flops(with_bias) == flops(without) == 2 * 5 * 2 * 2 * 3 * 8 * 9
    assert with_bias.work.weighed({**TEXTBOOK, "bias_additions": 1}) == flops(without) + 5 * 2 * 2 * 8
    assert with_bias.params - without.params == 8


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_work_grows_with_the_batch_and_parameters_do_not(batch: int) -> None:
    """Twice the images, twice the work, the same parameters."""
    one, many = (
        convolution(input_size=(9, 9), in_channels=3, out_channels=8, kernel_size=3, stride=2, batch=size)
        for size in (1, batch)
    )
    assert many.work == sum([one.work] * (batch - 1), one.work)
    assert (many.params, many.output_size) == (one.params, one.output_size)


def test_work_adds_up_by_kind() -> None:
    """Layers together: each kind of operation by itself."""
    assert Work(macs=1, additions=2) + Work(additions=3, specials=4) == Work(macs=1, additions=5, specials=4)
    assert Work(macs=1, comparisons=5).weighed({"macs": 2}) == 2


# Without torch.

FRESH_PROCESS = """
import sys
for name in ("torch", "matplotlib", "pandas", "IPython", "numpy"):
    sys.modules[name] = None
import nbcnncost.formulas
count = nbcnncost.formulas.convolution(input_size=(32, 32), in_channels=3, out_channels=10, kernel_size=5, padding=2)
print(count.params, count.work.macs, count.output_size)
"""


def test_formulas_need_no_torch() -> None:
    """In a process where torch cannot be imported, the formulas work."""
    run = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "760 768000 (32, 32)\n"


def test_every_kind_has_its_words() -> None:
    """Each formula of the table has a title, a reason and a source, and stands under its own name."""
    assert set(formulas.__all__) >= {"convolution", "linear", "FORMULAS", "SYMBOLS", "Work"}
    for kind, formula in formulas.FORMULAS.items():
        assert formula.kind == kind
        assert formula.title
        assert formula.why
        assert formula.source
    with pytest.raises(TypeError):
        formulas.FORMULAS["mine"] = formulas.FORMULAS["relu"]
