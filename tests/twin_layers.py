"""The table of kinds: how to draw a torch layer with its twin in `brute_force`, and inputs for both."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import brute_force as brute
import torch
import torch.nn.functional as F
from brute_force import Layer, Tally, Tensor
from hypothesis import strategies as st
from torch import nn

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass
class Twin:
    """A torch layer, the same layer as loops, and the values of their inputs (integers for an embedding)."""

    layer: nn.Module
    loops: Layer
    inputs: list[Tensor]
    train: bool = False
    integers: bool = False


class Function(nn.Module):
    """A function of tensors as a module."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs)


class First(nn.Module):
    """A module of which only the first output is wanted."""

    def __init__(self, module: nn.Module, calls: Callable[..., Any]) -> None:
        super().__init__()
        self.module, self.calls = module, calls

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output = self.calls(self.module, x)
        return output[0] if isinstance(output, tuple) else output


class Residual(nn.Module):
    """A block of a residual network with its shortcut, and a classifier behind it."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(x + self.norm(self.conv(x)))
        return self.fc(x.mean((2, 3)))


def inputs(*sizes: Sequence[int]) -> list[Tensor]:
    """Values for inputs of these sizes."""
    return [brute.tensor(size, f"input {number}") for number, size in enumerate(sizes)]


def whole(draw: Draw, low: int, high: int) -> int:
    """A number from low to high, both included."""
    return draw(st.integers(low, high))


def each(draw: Draw, low: int, high: int, count: int) -> tuple[int, ...]:
    """So many such numbers."""
    return tuple(whole(draw, low, high) for _ in range(count))


def yes(draw: Draw) -> bool:
    """Either."""
    return draw(st.booleans())


def any_size(draw: Draw, axes: tuple[int, int] = (0, 3), channels: int | None = None) -> tuple[int, ...]:
    """The shape of a batch with channels and some axes more."""
    channels = channels or whole(draw, 1, 4)
    return (whole(draw, 1, 2), channels, *each(draw, 1, 4, whole(draw, *axes)))


def long_enough(draw: Draw, kernel: Sequence[int], padding: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Lengths on which the window fits at least once, with remainders of all kinds."""
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    return [low + whole(draw, 0, 5 if len(kernel) < 3 else 2) for low in least]


# --- the kinds --------------------------------------------------------------------------------------------

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVG_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE_MAX = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
ADAPTIVE_AVG = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
INSTANCE_NORMS = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)


def channels(draw: Draw) -> tuple[int, int, int]:
    """In and out channels, and groups that divide both: 1, some, or as many as channels (depthwise)."""
    groups = whole(draw, 1, 3)
    return groups * whole(draw, 1, 2), groups * whole(draw, 1, 2), groups


def convolution(axes: int, draw: Draw, *, same: bool = False) -> Twin:
    """Any stride, padding, dilation, groups, with and without bias; or the padding that keeps the size."""
    c_in, c_out, groups = channels(draw)
    kernel, dilation = each(draw, 1, 3 if axes < 3 else 2, axes), each(draw, 1, 2, axes)
    stride = (1,) * axes if same else each(draw, 1, 3, axes)
    padding = (0,) * axes if same else each(draw, 0, 2, axes)
    around = [(p, p) for p in padding]
    if same:
        extra = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        around = [(more // 2, more - more // 2) for more in extra]
    sizes, bias = long_enough(draw, kernel, padding, dilation), yes(draw)
    layer = CONVOLUTIONS[axes - 1](c_in, c_out, kernel, stride, "same" if same else padding, dilation, groups, bias)
    loops = brute.convolution(c_in, c_out, kernel, stride, around, dilation, groups, bias=bias)
    return Twin(layer, loops, inputs([whole(draw, 1, 2), c_in, *sizes]))


def reflected(position: int, length: int) -> int:
    """Beyond an edge the line runs backwards, the edge itself not repeated."""
    return abs(length - 1 - abs(length - 1 - position))


PADDING_MODES: dict[str, Callable[[int, int], int]] = {
    "circular": lambda position, length: position % length,
    "replicate": lambda position, length: min(max(position, 0), length - 1),
    "reflect": reflected,
}


def convolution_with(mode: str, draw: Draw) -> Twin:
    """Padding with values of the input: they are copied, then multiplied like any other."""
    c_in, c_out, groups = channels(draw)
    size = (whole(draw, 1, 2), c_in, *each(draw, 3, 5, 2))
    edge, kernel = whole(draw, 1, 2), each(draw, 1, 3, 2)
    layer = nn.Conv2d(c_in, c_out, kernel, padding=edge, groups=groups, padding_mode=mode)
    plain = brute.convolution(c_in, c_out, kernel, (1, 1), [(0, 0)] * 2, (1, 1), groups)

    def source(place: tuple[int, ...]) -> tuple[int, ...]:
        position = zip(place[2:], size[2:], strict=True)
        return (*place[:2], *(PADDING_MODES[mode](p - edge, n) for p, n in position))

    def run(tally: Tally, x: Tensor) -> Tensor:
        sizes = (*size[:2], *(n + 2 * edge for n in size[2:]))
        return plain.run(tally, brute.filled(sizes, lambda place: brute.at(x, source(place))))

    return Twin(layer, Layer(run, plain.weights), inputs(size))


def without_batch(twin: Callable[[Draw], Twin], draw: Draw) -> Twin:
    """The same layer on one image, channels first."""
    batched = twin(draw)
    loops = Layer(lambda tally, x: batched.loops.run(tally, [x])[0], batched.loops.weights)
    return Twin(batched.layer, loops, [batched.inputs[0][0]])


def transposed_convolution(axes: int, draw: Draw) -> Twin:
    """Any stride, padding, output padding, dilation, groups, with and without bias."""
    c_in, c_out, groups = channels(draw)
    kernel, stride = each(draw, 1, 3 if axes < 3 else 2, axes), each(draw, 1, 3, axes)
    dilation, bias = each(draw, 1, 2, axes), yes(draw)
    extra = tuple(whole(draw, 0, max(s, d) - 1) for s, d in zip(stride, dilation, strict=True))
    sizes = each(draw, 1, 3, axes)
    full = [(n - 1) * s + d * (k - 1) + e for n, s, d, k, e in zip(sizes, stride, dilation, kernel, extra, strict=True)]
    padding = tuple(whole(draw, 0, min(2, reach // 2)) for reach in full)
    layer = TRANSPOSED[axes - 1](c_in, c_out, kernel, stride, padding, extra, groups, bias, dilation)
    loops = brute.transposed_convolution(c_in, c_out, kernel, stride, padding, extra, dilation, groups, bias=bias)
    return Twin(layer, loops, inputs([whole(draw, 1, 2), c_in, *sizes]))


def linear(draw: Draw) -> Twin:
    """With no, one and two leading dimensions beside the batch."""
    n_in, n_out, bias = whole(draw, 1, 5), whole(draw, 1, 5), yes(draw)
    sizes = [*each(draw, 1, 3, whole(draw, 1, 3)), n_in]
    return Twin(nn.Linear(n_in, n_out, bias), brute.linear(n_in, n_out, bias=bias), inputs(sizes))


def linear_on_permuted(draw: Draw) -> Twin:
    """Channels last: the linear's input is a view whose numbers do not lie in a row."""
    n_in, n_out, bias = whole(draw, 1, 5), whole(draw, 1, 5), yes(draw)
    layer = First(nn.Linear(n_in, n_out, bias), lambda module, x: module(x.movedim(1, -1)))
    last = brute.moved(lambda x: brute.filled(to_last(brute.shape(x)), lambda p: brute.at(x, from_last(p))))
    module = brute.linear(n_in, n_out, bias=bias)
    loops = Layer(brute.sequential(last=last, module=module).run, brute.sequential(module=module).weights)
    return Twin(layer, loops, inputs([whole(draw, 1, 2), n_in, *each(draw, 1, 3, whole(draw, 1, 2))]))


def to_last(sizes: Sequence[int]) -> tuple[int, ...]:
    """The second axis behind all others."""
    return (sizes[0], *sizes[2:], sizes[1])


def from_last(place: Sequence[int]) -> tuple[int, ...]:
    """The last axis back in the second place."""
    return (place[0], place[-1], *place[1:-1])


PRODUCTS: dict[str, tuple[str, Callable[..., torch.Tensor]]] = {
    "mm": ("ij,jk->ik", torch.mm),
    "bmm": ("bij,bjk->bik", torch.bmm),
    "matmul": ("abij,abjk->abik", torch.matmul),
    "matmul with a shared matrix": ("abij,jk->abik", torch.matmul),
    "matmul with a vector": ("bij,j->bi", torch.matmul),
    "matmul with broadcast batches": ("bij,ajk->abik", lambda a, b: a @ b[:, None]),
    "mv": ("ij,j->i", torch.mv),
    "dot": ("i,i->", torch.dot),
    "linear on a given weight": ("abi,oi->abo", F.linear),
    "einsum over heads": ("bhqd,bhkd->bhqk", partial(torch.einsum, "bhqd,bhkd->bhqk")),
    "einsum as a 1×1 convolution": ("bchw,oc->bohw", partial(torch.einsum, "bchw,oc->bohw")),
    "einsum over two letters": ("bcd,cde->be", partial(torch.einsum, "bcd,cde->be")),
}


def matrix_product(name: str, draw: Draw) -> Twin:
    """Two tensors whose letters in the equation have any sizes."""
    equation, function = PRODUCTS[name]
    first, second = equation.split("->")[0].split(",")
    # From 2: over a single element there is nothing to sum, and PyTorch multiplies element by element.
    size = {letter: whole(draw, 2, 4) for letter in sorted({*first, *second})}
    values = inputs([size[letter] for letter in first], [size[letter] for letter in second])
    return Twin(Function(function), brute.einsum(equation), values)


def attention(draw: Draw) -> Twin:
    """Scaled dot-product attention, the lengths of queries and keys and the widths differing."""
    leading = each(draw, 1, 2, 2)
    queries, keys, width, width_out = each(draw, 1, 4, 4)
    sizes = [(*leading, queries, width), (*leading, keys, width), (*leading, keys, width_out)]
    return Twin(Function(F.scaled_dot_product_attention), brute.attention(), inputs(*sizes))


def self_attention(draw: Draw) -> Twin:
    """`nn.MultiheadAttention` without the averaged attention weights."""
    heads, bias = whole(draw, 1, 3), yes(draw)
    features = heads * whole(draw, 1, 3)
    module = nn.MultiheadAttention(features, heads, bias=bias, batch_first=True)
    layer = First(module, lambda attend, x: attend(x, x, x, need_weights=False))
    sizes = (*each(draw, 1, 3, 2), features)
    loops = brute.sequential(module=brute.self_attention(features, heads, bias=bias))
    return Twin(layer, loops, inputs(sizes))


def pooling_settings(draw: Draw, axes: int) -> tuple[Any, ...]:
    """A kernel, a stride (the kernel's own, or any), and padding of at most half the kernel."""
    kernel = each(draw, 1, 3, axes)
    stride = kernel if yes(draw) else each(draw, 1, 4, axes)
    return kernel, stride, tuple(whole(draw, 0, k // 2) for k in kernel)


def max_pooling(axes: int, draw: Draw) -> Twin:
    """Any stride, padding and dilation; the last window complete or not."""
    kernel, stride, padding = pooling_settings(draw, axes)
    dilation, ceil = each(draw, 1, 2, axes), yes(draw)
    layer = MAX_POOLS[axes - 1](kernel, stride, padding, dilation, ceil_mode=ceil)
    loops = brute.max_pooling(kernel, stride, padding, dilation, ceil=ceil)
    return Twin(layer, loops, inputs([*each(draw, 1, 2, 2), *long_enough(draw, kernel, padding, dilation)]))


def average_pooling(axes: int, draw: Draw) -> Twin:
    """Any stride and padding, the padding averaged in or not; the last window complete or not."""
    kernel, stride, padding = pooling_settings(draw, axes)
    ceil, pad = yes(draw), yes(draw)
    layer = AVG_POOLS[axes - 1](kernel, stride, padding, ceil_mode=ceil, count_include_pad=pad)
    loops = brute.average_pooling(kernel, stride, padding, ceil=ceil, count_include_pad=pad)
    # torch's 3-D average pooling wants a window that fits without the padding
    sizes = long_enough(draw, kernel, padding if axes < 3 else (0,) * axes, (1,) * axes)
    return Twin(layer, loops, inputs([*each(draw, 1, 2, 2), *sizes]))


def adaptive_pooling(layers: Sequence[type[nn.Module]], reduce: Any, axes: int, draw: Draw) -> Twin:
    """More or fewer outputs than inputs, and sizes left as they are (None)."""
    sizes = each(draw, 1, 7 if axes < 3 else 4, axes)
    whole_map = axes == 1 or yes(draw)
    wanted = tuple(whole(draw, 1, 5 if axes < 3 else 3) for _ in sizes)
    if not whole_map:
        wanted = tuple(None if yes(draw) else size for size in wanted)
    layer = layers[axes - 1](wanted)
    return Twin(layer, brute.adaptive_pooling(wanted, reduce), inputs([*each(draw, 1, 2, 2), *sizes]))


GLOBAL_MEANS: dict[str, tuple[int, Callable[[torch.Tensor], torch.Tensor]]] = {
    "mean": (2, lambda x: x.mean((2, 3))),
    "mean keeping axes": (2, lambda x: torch.mean(x, dim=(-2, -1), keepdim=True)),
    "mean over one axis": (1, lambda x: x.mean(-1)),
    "mean over three axes": (3, lambda x: x.mean((2, 3, 4))),
    "adaptive_avg_pool2d to 1": (2, lambda x: F.adaptive_avg_pool2d(x, 1)),
}


def global_mean(name: str, draw: Draw) -> Twin:
    """The whole map is the window."""
    axes, function = GLOBAL_MEANS[name]
    pooled = brute.adaptive_pooling((1,) * axes, brute.averaged)
    keeps = "keep" in name or "adaptive" in name

    def run(tally: Tally, x: Tensor) -> Tensor:
        means = pooled.run(tally, x)
        return means if keeps else brute.filled(brute.shape(x)[:2], lambda p: brute.flat(brute.at(means, p))[0])

    return Twin(Function(function), Layer(run), inputs(any_size(draw, (axes, axes))))


ACTIVATIONS: dict[str, tuple[Callable[..., nn.Module], Callable[..., float], tuple[float, ...]]] = {
    "ReLU": (nn.ReLU, brute.relu, ()),
    "ReLU in place": (lambda: nn.ReLU(inplace=True), brute.relu, ()),
    "F.relu": (lambda: Function(F.relu), brute.relu, ()),
    "LeakyReLU": (nn.LeakyReLU, brute.leaky_relu, (0.2,)),
    "ReLU6": (nn.ReLU6, lambda t, x: brute.clamp(t, x, 0.0, 6.0), ()),
    "Hardtanh": (nn.Hardtanh, brute.clamp, (-0.5, 1.0)),
    "clamp": (lambda low, high: Function(lambda x: x.clamp(low, high)), brute.clamp, (-1.0, 0.5)),
    "Sigmoid": (nn.Sigmoid, brute.sigmoid, ()),
    "torch.sigmoid": (lambda: Function(torch.sigmoid), brute.sigmoid, ()),
    "Tanh": (nn.Tanh, brute.tanh, ()),
    "SiLU": (nn.SiLU, brute.silu, ()),
    "SiLU in place": (lambda: nn.SiLU(inplace=True), brute.silu, ()),
    "Hardsigmoid": (nn.Hardsigmoid, brute.hardsigmoid, ()),
    "Hardswish": (nn.Hardswish, brute.hardswish, ()),
    "GELU": (nn.GELU, brute.gelu, ()),
    "GELU by tanh": (lambda: nn.GELU("tanh"), brute.gelu_tanh, ()),
    "ELU": (nn.ELU, brute.elu, (0.7,)),
    "SELU": (nn.SELU, brute.selu, ()),
    "CELU": (nn.CELU, brute.celu, (1.3,)),
    "Softplus": (nn.Softplus, brute.softplus, ()),
    "Mish": (nn.Mish, brute.mish, ()),
    "LogSigmoid": (nn.LogSigmoid, brute.logsigmoid, ()),
    "Softsign": (nn.Softsign, brute.softsign, ()),
}


def activation(name: str, draw: Draw) -> Twin:
    """On tensors of any shape."""
    layer, function, settings = ACTIVATIONS[name]
    return Twin(layer(*settings), brute.elementwise(function, *settings), inputs(any_size(draw)))


def prelu(draw: Draw) -> Twin:
    """One slope for all channels, or one for each."""
    size = any_size(draw)
    slopes = size[1] if yes(draw) else 1
    return Twin(nn.PReLU(slopes), brute.prelu(slopes), inputs(size))


SOFTMAXES: dict[str, tuple[Callable[[int], nn.Module], Any]] = {
    "Softmax": (nn.Softmax, brute.softmax_row),
    "LogSoftmax": (nn.LogSoftmax, brute.log_softmax_row),
    "F.softmax": (lambda dim: Function(lambda x: F.softmax(x, dim)), brute.softmax_row),
    "softmax method": (lambda dim: Function(lambda x: x.softmax(dim)), brute.softmax_row),
}


def softmax(name: str, draw: Draw) -> Twin:
    """Along any axis, counted from the front or from the back."""
    size = any_size(draw)
    dim = whole(draw, 0, len(size) - 1)
    layer, row = SOFTMAXES[name]
    return Twin(layer(dim - len(size) if yes(draw) else dim), brute.softmax(dim, row), inputs(size))


ARITHMETIC: dict[str, tuple[Callable[..., torch.Tensor], Callable[..., float]]] = {
    "add": (operator.add, Tally.add),
    "sub": (operator.sub, Tally.subtract),
    "mul": (operator.mul, Tally.multiply),
    "div": (operator.truediv, Tally.divide),
    "add in place": (operator.iadd, Tally.add),
    "mul in place": (operator.imul, Tally.multiply),
    "torch.add": (torch.add, Tally.add),
}


def arithmetic(name: str, draw: Draw) -> Twin:
    """Two tensors of one shape, one broadcast along some axes of the other, or a tensor and a number."""
    function, twin = ARITHMETIC[name]
    size = any_size(draw, (1, 3))
    if yes(draw):
        return Twin(Function(lambda x: function(x, 3.0)), brute.elementwise(lambda t, x: twin(t, x, 3.0)), inputs(size))
    second = tuple(1 if axis and yes(draw) else n for axis, n in enumerate(size))
    return Twin(Function(function), brute.elementwise(twin), inputs(size, second))


def batch_norm(axes: int, draw: Draw) -> Twin:
    """In evaluation and in training, with and without weights."""
    train, affine = yes(draw), yes(draw)
    size = [2, whole(draw, 1, 4), *each(draw, 1, 4, whole(draw, 0, 1) if axes == 1 else axes)]
    layer = BATCH_NORMS[axes - 1](size[1], affine=affine)
    return Twin(layer, brute.batch_norm(size[1], affine=affine, train=train), inputs(size), train=train)


def group_norm(draw: Draw) -> Twin:
    """Groups of one or more channels."""
    groups, affine = whole(draw, 1, 3), yes(draw)
    size = (2, *any_size(draw, (1, 3), groups * whole(draw, 1, 2))[1:])  # torch wants two values at least
    loops = brute.group_norm(size[1], groups, affine=affine)
    return Twin(nn.GroupNorm(groups, size[1], affine=affine), loops, inputs(size))


def instance_norm(axes: int, draw: Draw) -> Twin:
    """With and without weights."""
    affine = yes(draw)
    size = [*each(draw, 1, 3, 2), *each(draw, 2, 4, axes)]
    layer = INSTANCE_NORMS[axes - 1](size[1], affine=affine)
    return Twin(layer, brute.group_norm(size[1], size[1], affine=affine), inputs(size))


def layer_norm(draw: Draw) -> Twin:
    """Over one or more of the last axes; with weight and bias, with weight alone, with neither."""
    size = any_size(draw, (1, 3))
    normed = size[-whole(draw, 1, len(size) - 1) :]
    affine, bias = yes(draw), yes(draw)
    layer = nn.LayerNorm(normed, elementwise_affine=affine, bias=bias)
    return Twin(layer, brute.layer_norm(normed, affine=affine, bias=bias), inputs(size))


def local_response_norm(draw: Draw) -> Twin:
    """Windows of odd and even sizes, also wider than there are channels."""
    size, settings = whole(draw, 1, 5), (0.3, 0.75, 1.5)
    layer = nn.LocalResponseNorm(size, *settings)
    return Twin(layer, brute.local_response_norm(size, *settings), inputs(any_size(draw, (1, 3))))


# torch's name of the mode, that of the oracle, the numbers of axes it exists for
UPSAMPLINGS = {
    "nearest": ("nearest", (1, 3)),
    "linear": ("linear", (1, 1)),
    "bilinear": ("linear", (2, 2)),
    "trilinear": ("linear", (3, 3)),
    "bicubic": ("cubic", (2, 2)),
}


def upsampling(mode: str, draw: Draw) -> Twin:
    """By a factor or to a size (smaller ones too), corners aligned or not."""
    twin, axes = UPSAMPLINGS[mode]
    size = any_size(draw, axes)
    align = {"align_corners": yes(draw)} if mode != "nearest" else {}
    if yes(draw):
        factor = whole(draw, 1, 2)
        wanted, how = [factor * n for n in size[2:]], {"scale_factor": factor}
    else:
        wanted = [whole(draw, 1, 5) for _ in size[2:]]
        how = {"size": tuple(wanted)}
    return Twin(nn.Upsample(**how, mode=mode, **align), brute.upsampling(wanted, twin, **align), inputs(size))


RECURRENT: dict[str, tuple[Callable[..., nn.Module], Callable[..., nn.Module]]] = {
    "tanh": (nn.RNN, nn.RNNCell),
    "relu": (partial(nn.RNN, nonlinearity="relu"), partial(nn.RNNCell, nonlinearity="relu")),
    "LSTM": (nn.LSTM, nn.LSTMCell),
    "GRU": (nn.GRU, nn.GRUCell),
}


def recurrent(kind: str, draw: Draw) -> Twin:
    """Several steps, layers and directions."""
    size = each(draw, 1, 3, 3)
    hidden, layers, both, bias = whole(draw, 1, 3), whole(draw, 1, 2), yes(draw), yes(draw)
    batch_first = yes(draw)
    module = RECURRENT[kind][0](size[2], hidden, layers, bidirectional=both, bias=bias, batch_first=batch_first)
    loops = brute.sequential(module=brute.recurrent(kind, size[2], hidden, layers, bidirectional=both, bias=bias))
    if batch_first:
        steps_first = loops.run
        loops.run = lambda tally, x: swapped(steps_first(tally, swapped(x)))
    return Twin(First(module, lambda module, x: module(x)), loops, inputs(size))


def swapped(x: Tensor) -> Tensor:
    """The first two axes exchanged."""
    return [list(parts) for parts in zip(*x, strict=True)]


def cell(kind: str, draw: Draw) -> Twin:
    """One step."""
    size, hidden, bias = each(draw, 1, 3, 2), whole(draw, 1, 3), yes(draw)
    module = RECURRENT[kind][1](size[1], hidden, bias=bias)
    loops = brute.cell_layer(kind, size[1], hidden, bias=bias)
    return Twin(First(module, lambda module, x: module(x)), brute.sequential(module=loops), inputs(size))


def dropout(draw: Draw) -> Twin:
    """In evaluation and in training."""
    train = yes(draw)
    return Twin(nn.Dropout(0.4), brute.dropout(0.4, train=train), inputs(any_size(draw)), train=train)


def pad_last(x: Tensor) -> Tensor:
    """A zero before the last axis."""
    return [pad_last(part) for part in x] if isinstance(x[0], list) else [0.0, *x]


# A function that only moves data, and the same on nested lists.
MOVES: dict[str, tuple[Callable[..., torch.Tensor], Callable[[Tensor], Tensor]]] = {
    "flatten": (lambda x: x.flatten(1), lambda x: [brute.flat(image) for image in x]),
    "view": (lambda x: x.view(x.shape[0], -1, 1), lambda x: [[[v] for v in brute.flat(i)] for i in x]),
    "permute": (lambda x: x.transpose(0, 1), swapped),
    "concat": (lambda x: torch.cat([x, x], 1), lambda x: [image + image for image in x]),
    "chunk": (lambda x: x.chunk(2, 0)[0], lambda x: x[: (len(x) + 1) // 2]),
    "index": (lambda x: x[:, 0], lambda x: [image[0] for image in x]),
    "pad": (lambda x: F.pad(x, (1, 0)), pad_last),
}


def move(name: str, draw: Draw) -> Twin:
    """Of tensors of any shape."""
    function, twin = MOVES[name]
    return Twin(Function(function), brute.moved(twin), inputs(any_size(draw, (1, 3))))


def embedding(draw: Draw) -> Twin:
    """Rows of a table, looked up."""
    rows, width = each(draw, 1, 5, 2)
    table = brute.tensor((rows, width), "weight")
    numbers = brute.filled(each(draw, 1, 3, 2), lambda place: sum(place) % rows)
    look_up = brute.moved(lambda x: [[table[row] for row in line] for line in x], weight=table)
    return Twin(nn.Embedding(rows, width), look_up, [numbers], integers=True)


def plain_network(draw: Draw) -> Twin:
    """Convolution, batch norm, ReLU, max pooling, dropout, fully connected: the sum over its layers."""
    c_in, c_out, classes, height, width = each(draw, 2, 5, 5)
    train = yes(draw)
    layers = {
        "0": (
            nn.Conv2d(c_in, c_out, 3, padding=1),
            brute.convolution(c_in, c_out, (3, 3), (1, 1), [(1, 1)] * 2, (1, 1)),
        ),
        "1": (nn.BatchNorm2d(c_out), brute.batch_norm(c_out, train=train)),
        "2": (nn.ReLU(inplace=True), brute.elementwise(brute.relu)),
        "3": (nn.MaxPool2d(2), brute.max_pooling((2, 2), (2, 2), (0, 0), (1, 1))),
        "4": (nn.Flatten(), brute.moved(lambda x: [brute.flat(image) for image in x])),
        "5": (
            nn.Linear(c_out * (height // 2) * (width // 2), classes),
            brute.linear(c_out * (height // 2) * (width // 2), classes),
        ),
    }
    modules = nn.Sequential(*(layer for layer, _ in layers.values()))
    loops = brute.sequential(**{name: twin for name, (_, twin) in layers.items()})
    return Twin(modules, loops, inputs((2, c_in, height, width)), train=train)


def residual_network(draw: Draw) -> Twin:
    """A shortcut's sum, ReLU, the mean over space: operations in a forward of one's own."""
    width, classes, train = whole(draw, 1, 4), whole(draw, 1, 4), yes(draw)
    before = {
        "conv": brute.convolution(width, width, (3, 3), (1, 1), [(1, 1)] * 2, (1, 1), bias=False),
        "norm": brute.batch_norm(width, train=train),
    }
    block, fc = brute.sequential(**before), brute.linear(width, classes)
    named = brute.sequential(**before, fc=fc)

    def run(tally: Tally, x: Tensor) -> Tensor:
        x = brute.elementwise(Tally.add).run(tally, x, block.run(tally, x))
        x = brute.elementwise(brute.relu).run(tally, x)
        means = brute.adaptive_pooling((1, 1), brute.averaged).run(tally, x)
        return fc.run(tally, [brute.flat(image) for image in means])

    sizes = (2, width, *each(draw, 1, 4, 2))
    loops = Layer(run, named.weights, named.buffers)
    return Twin(Residual(width, classes), loops, inputs(sizes), train=train)


def encoder_layer(draw: Draw) -> Twin:
    """A transformer's layer: attention and two linear layers, a sum and a layer norm after each of the two."""
    heads, inner = whole(draw, 1, 2), whole(draw, 1, 4)
    size = (*each(draw, 1, 3, 2), heads * whole(draw, 1, 2))
    width = size[-1]
    parts = {
        "self_attn": brute.self_attention(width, heads),
        "linear1": brute.linear(width, inner),
        "linear2": brute.linear(inner, width),
        "norm1": brute.layer_norm([width]),
        "norm2": brute.layer_norm([width]),
    }
    plus = brute.elementwise(Tally.add)

    def run(tally: Tally, x: Tensor) -> Tensor:
        x = parts["norm1"].run(tally, plus.run(tally, x, parts["self_attn"].run(tally, x)))
        between = brute.elementwise(brute.relu).run(tally, parts["linear1"].run(tally, x))
        return parts["norm2"].run(tally, plus.run(tally, x, parts["linear2"].run(tally, between)))

    layer = nn.TransformerEncoderLayer(width, heads, inner, batch_first=True)
    return Twin(layer, Layer(run, brute.sequential(**parts).weights), inputs(size))


def shared_layer(draw: Draw) -> Twin:
    """Called several times: work for each call, parameters once."""
    width, calls, bias = whole(draw, 1, 4), whole(draw, 2, 3), yes(draw)
    module, once = nn.Linear(width, width, bias), brute.linear(width, width, bias=bias)
    loops = brute.sequential(**{str(call): once for call in range(calls)})
    weights = brute.sequential(**{"0": once}).weights
    return Twin(nn.Sequential(*[module] * calls), Layer(loops.run, weights), inputs((2, width)))


def kinds() -> dict[str, Callable[[Draw], Twin]]:
    """Every kind by name, with the function that draws one."""
    table: dict[str, Callable[[Draw], Twin]] = {}
    for axes in (1, 2, 3):
        table |= {
            f"Conv{axes}d": partial(convolution, axes),
            f"Conv{axes}d padding=same": partial(convolution, axes, same=True),
            f"ConvTranspose{axes}d": partial(transposed_convolution, axes),
            f"MaxPool{axes}d": partial(max_pooling, axes),
            f"AvgPool{axes}d": partial(average_pooling, axes),
            f"AdaptiveMaxPool{axes}d": partial(adaptive_pooling, ADAPTIVE_MAX, brute.largest, axes),
            f"AdaptiveAvgPool{axes}d": partial(adaptive_pooling, ADAPTIVE_AVG, brute.averaged, axes),
            f"BatchNorm{axes}d": partial(batch_norm, axes),
            f"InstanceNorm{axes}d": partial(instance_norm, axes),
        }
    families: list[tuple[str, Any, Callable[..., Twin]]] = [
        ("", PRODUCTS, matrix_product),
        ("global ", GLOBAL_MEANS, global_mean),
        ("", ACTIVATIONS, activation),
        ("", SOFTMAXES, softmax),
        ("", ARITHMETIC, arithmetic),
        ("Upsample ", UPSAMPLINGS, upsampling),
        ("recurrent ", RECURRENT, recurrent),
        ("cell ", RECURRENT, cell),
        ("", MOVES, move),
        ("Conv2d padding_mode=", PADDING_MODES, convolution_with),
    ]
    for prefix, names, function in families:
        table |= {f"{prefix}{name}": partial(function, name) for name in names}
    for name in ("Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"):
        table[f"{name} without a batch"] = partial(without_batch, table[name])
    return table | {
        "Linear": linear,
        "Linear on a permuted input": linear_on_permuted,
        "attention": attention,
        "MultiheadAttention": self_attention,
        "PReLU": prelu,
        "GroupNorm": group_norm,
        "LayerNorm": layer_norm,
        "LocalResponseNorm": local_response_norm,
        "Dropout": dropout,
        "Embedding": embedding,
        "TransformerEncoderLayer": encoder_layer,
        "a shared layer": shared_layer,
        "a plain network": plain_network,
        "a residual network": residual_network,
    }


KINDS = kinds()


def twins(kind: str) -> st.SearchStrategy[Twin]:
    """Layers of this kind."""

    @st.composite
    def twin(draw: Draw) -> Twin:
        return KINDS[kind](draw)

    return twin()
