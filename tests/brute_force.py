"""The second source: each layer's definition executed with loops, every elementary operation counted.

Pure Python on nested lists: no torch, no numpy, nothing of nbcnncost. A layer here is its list of weights and
a function that computes its output; what it computes goes through a `Tally`, so a count is what happened, not
a formula. What the textbook convention leaves out is computed without the tally: adding a bias, the constants
of a layer (1/K of an average, the weights of an interpolation), one number of a whole row (log_softmax's log).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

Tensor = Any  # a number, or a list of tensors that all have one shape
Place = tuple[int, ...]
Window = Sequence[int]


# --- the tally --------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Computes, and counts each elementary operation by its class."""

    macs: int = 0
    additions: int = 0
    multiplications: int = 0
    comparisons: int = 0
    divisions: int = 0
    specials: int = 0

    @property
    def flops(self) -> int:
        """1 MAC = 1 multiplication + 1 addition = 2 FLOPs; everything else is one."""
        others = self.additions + self.multiplications + self.comparisons + self.divisions + self.specials
        return 2 * self.macs + others

    def mac(self, total: float, a: float, b: float) -> float:
        """The total with a·b added."""
        self.macs += 1
        return total + a * b

    def add(self, a: float, b: float) -> float:
        """The sum a + b."""
        self.additions += 1
        return a + b

    def subtract(self, a: float, b: float) -> float:
        """The difference a − b, an addition."""
        self.additions += 1
        return a - b

    def negate(self, a: float) -> float:
        """The negative 0 − a, an addition."""
        self.additions += 1
        return -a

    def multiply(self, a: float, b: float) -> float:
        """The product a·b."""
        self.multiplications += 1
        return a * b

    def divide(self, a: float, b: float) -> float:
        """The quotient a/b."""
        self.divisions += 1
        return a / b

    def larger(self, a: float, b: float) -> float:
        """The larger one: a comparison."""
        self.comparisons += 1
        return max(a, b)

    def smaller(self, a: float, b: float) -> float:
        """The smaller one: a comparison."""
        self.comparisons += 1
        return min(a, b)

    def positive(self, a: float) -> bool:
        """Whether a > 0: a comparison."""
        self.comparisons += 1
        return a > 0

    def absolute(self, a: float) -> float:
        """The absolute value: a comparison."""
        self.comparisons += 1
        return abs(a)

    def special(self, function: Callable[..., float], *arguments: float) -> float:
        """An exp, log, erf or power."""
        self.specials += 1
        return function(*arguments)

    def exp(self, a: float) -> float:
        """The exponential of a."""
        return self.special(math.exp, a)


# --- nested lists -----------------------------------------------------------------------------------------


def shape(tensor: Tensor) -> Place:
    """The sizes of a nested list, outermost first."""
    return (len(tensor), *shape(tensor[0])) if isinstance(tensor, list) else ()


def places(sizes: Iterable[int]) -> Iterator[Place]:
    """Every index of a tensor of these sizes, the last one fastest."""
    return product(*map(range, sizes))


def at(tensor: Tensor, place: Iterable[int], outside: float | None = None) -> Any:
    """What stands at a place, or, if a number is given for it, that number beyond the edges."""
    for index in place:
        if outside is not None and not 0 <= index < len(tensor):
            return outside
        tensor = tensor[index]
    return tensor


def filled(sizes: Iterable[int], value: Callable[[Place], float]) -> Tensor:
    """A tensor of these sizes, its values computed place by place."""

    def part(place: Place, left: Place) -> Tensor:
        return [part((*place, i), left[1:]) for i in range(left[0])] if left else value(place)

    return part((), tuple(sizes))


def flat(tensor: Tensor) -> list[float]:
    """All the numbers in a tensor."""
    return [number for part in tensor for number in flat(part)] if isinstance(tensor, list) else [tensor]


def tensor(sizes: Iterable[int], name: str, low: float = -2.0) -> Tensor:
    """Values that look random, and are always the same for one name."""
    values = random.Random(name)
    return filled(sizes, lambda _: values.uniform(low, 2.0))


def spread(tensor: Tensor, place: Place) -> Any:
    """What stands at a place after broadcasting: axes aligned at the end, an axis of size 1 repeated."""
    sizes = shape(tensor)
    aligned = place[len(place) - len(sizes) :]
    return at(tensor, [0 if size == 1 else index for size, index in zip(sizes, aligned, strict=True)])


def by_group(x: Tensor, key: Callable[[Place], Any], function: Callable[[list[float]], list[float]]) -> Tensor:
    """The tensor after a function of all values that belong together, those whose places have one key."""
    groups: dict[Any, list[Place]] = {}
    for place in places(shape(x)):
        groups.setdefault(key(place), []).append(place)
    values: dict[Place, float] = {}
    for members in groups.values():
        values.update(zip(members, function([at(x, place) for place in members]), strict=True))
    return filled(shape(x), values.__getitem__)


@dataclass
class Layer:
    """A layer: what it computes, as ``run(tally, *inputs)``, and its weights and buffers by torch's names."""

    run: Callable[..., Tensor]
    weights: dict[str, Tensor] = field(default_factory=dict)
    buffers: dict[str, Tensor] = field(default_factory=dict)

    @property
    def params(self) -> int:
        """The number of parameters: the weights, one by one."""
        return sum(len(flat(weight)) for weight in self.weights.values())


def weights_of(sizes: Sequence[int], biases: int) -> dict[str, Tensor]:
    """A weight of these sizes, and a bias of so many numbers unless that is 0."""
    weights = {"weight": tensor(sizes, "weight")}
    return {**weights, "bias": tensor([biases], "bias")} if biases else weights


def bias_at(weights: dict[str, Tensor], channel: int) -> float:
    """A channel's bias, 0 if there is none."""
    return weights["bias"][channel] if "bias" in weights else 0.0


# --- convolution ------------------------------------------------------------------------------------------


def windows(
    length: int,
    kernel: int,
    stride: int = 1,
    padding: tuple[int, int] = (0, 0),
    dilation: int = 1,
    *,
    ceil: bool = False,
) -> list[Window]:
    """The positions that each window touches as it steps along a line with padding before and after.

    The line's own positions are 0 … length − 1. With ``ceil`` a window may reach beyond the padding while
    something is left that no window has touched, but it must start on the line or in the padding before it.
    """
    before, after = padding
    window = [dilation * tap - before for tap in range(kernel)]
    stepped: list[Window] = []
    while window[-1] < length + after or (
        ceil and window[0] < length and (not stepped or stepped[-1][-1] < length + after - 1)
    ):
        stepped.append(window)
        window = [position + stride for position in window]
    return stepped


def convolution(
    in_channels: int,
    out_channels: int,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int = 1,
    *,
    bias: bool = True,
) -> Layer:
    """Convolution over as many axes as the kernel has; padded positions are multiplied like any other."""
    group_in, group_out = in_channels // groups, out_channels // groups
    weights = weights_of((out_channels, group_in, *kernel), out_channels if bias else 0)

    def run(tally: Tally, x: Tensor) -> Tensor:
        batch, _, *lengths = shape(x)
        lines = [windows(*settings) for settings in zip(lengths, kernel, stride, padding, dilation, strict=True)]

        def output(place: Place) -> float:
            image, channel, *position = place
            taps = [line[step] for line, step in zip(lines, position, strict=True)]
            total = 0.0
            for c, *offset in places((group_in, *kernel)):
                source = (image, channel // group_out * group_in + c, *map(at, taps, [[k] for k in offset]))
                total = tally.mac(total, at(x, source, 0.0), at(weights["weight"], (channel, c, *offset)))
            return total + bias_at(weights, channel)

        return filled((batch, out_channels, *map(len, lines)), output)

    return Layer(run, weights)


def transposed_convolution(
    in_channels: int,
    out_channels: int,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    output_padding: Sequence[int],
    dilation: Sequence[int],
    groups: int = 1,
    *,
    bias: bool = True,
) -> Layer:
    """Every input position stamps the whole kernel on the output, of which the edges are then cut off."""
    group_in, group_out = in_channels // groups, out_channels // groups
    weights = weights_of((in_channels, group_out, *kernel), out_channels if bias else 0)

    def run(tally: Tally, x: Tensor) -> Tensor:
        batch, _, *lengths = shape(x)
        stamped: dict[Place, float] = {}
        for image, c, *position in places(shape(x)):
            for o, *offset in places((group_out, *kernel)):
                steps = zip(position, stride, offset, dilation, strict=True)
                target = (image, c // group_in * group_out + o, *(p * s + k * d for p, s, k, d in steps))
                weight = at(weights["weight"], (c, o, *offset))
                stamped[target] = tally.mac(stamped.get(target, 0.0), at(x, (image, c, *position)), weight)
        ends = [max(target[axis + 2] for target in stamped) for axis in range(len(lengths))]
        sizes = [
            len(range(cut, end + 1 - cut + more)) for end, cut, more in zip(ends, padding, output_padding, strict=True)
        ]

        def output(place: Place) -> float:
            image, channel, *position = place
            target = (image, channel, *(p + cut for p, cut in zip(position, padding, strict=True)))
            return stamped.get(target, 0.0) + bias_at(weights, channel)

        return filled((batch, out_channels, *sizes), output)

    return Layer(run, weights)


# --- matrix products --------------------------------------------------------------------------------------


def einsum(equation: str) -> Layer:
    """The product of two tensors, in Einstein's notation: one MAC for each value of all the letters."""
    inputs, result = equation.split("->")
    first, second = inputs.split(",")
    summed = sorted({*first, *second} - {*result})

    def run(tally: Tally, a: Tensor, b: Tensor) -> Tensor:
        size = dict([*zip(first, shape(a), strict=True), *zip(second, shape(b), strict=True)])

        def output(place: Place) -> float:
            total = 0.0
            for rest in places(size[letter] for letter in summed):
                index = dict(zip([*result, *summed], (*place, *rest), strict=True))
                total = tally.mac(total, at(a, (index[i] for i in first)), at(b, (index[i] for i in second)))
            return total

        return filled((size[letter] for letter in result), output)

    return Layer(run)


def row_times_matrix(tally: Tally, weight: Tensor, row: list[float]) -> list[float]:
    """A matrix (outputs × inputs) times one vector."""
    products = []
    for weights in weight:
        total = 0.0
        for w, value in zip(weights, row, strict=True):
            total = tally.mac(total, value, w)
        products.append(total)
    return products


def linear(in_features: int, out_features: int, *, bias: bool = True) -> Layer:
    """Fully connected, on the last axis."""
    weights = weights_of((out_features, in_features), out_features if bias else 0)

    def run(tally: Tally, x: Tensor) -> Tensor:
        if isinstance(x[0], list):
            return [run(tally, part) for part in x]
        return [total + bias_at(weights, o) for o, total in enumerate(row_times_matrix(tally, weights["weight"], x))]

    return Layer(run, weights)


def one_head(tally: Tally, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q·kᵀ/√d)·v of one head."""
    scale = 1 / math.sqrt(len(query[0]))
    columns = [list(column) for column in zip(*value, strict=True)]
    output = []
    for row in query:
        scores = [tally.multiply(score, scale) for score in row_times_matrix(tally, key, row)]
        output.append(row_times_matrix(tally, columns, softmax_row(tally, scores)))
    return output


def attention() -> Layer:
    """Scaled dot-product attention on (…, length, features)."""

    def run(tally: Tally, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        if isinstance(query[0][0], list):
            return [run(tally, *parts) for parts in zip(query, key, value, strict=True)]
        return one_head(tally, query, key, value)

    return Layer(run)


def self_attention(features: int, heads: int, *, bias: bool = True) -> Layer:
    """Multi-head self-attention on (batch, length, features): in, attention head by head, out."""
    packed, out = linear(features, 3 * features, bias=bias), linear(features, features, bias=bias)
    weights = {f"in_proj_{name}": weight for name, weight in packed.weights.items()}
    weights |= {f"out_proj.{name}": weight for name, weight in out.weights.items()}
    width = features // heads

    def run(tally: Tally, x: Tensor) -> Tensor:
        images = []
        for rows in packed.run(tally, x):
            parts = []
            for head in range(heads):
                starts = [which * features + head * width for which in range(3)]
                parts.append(one_head(tally, *([row[s : s + width] for row in rows] for s in starts)))
            images.append([[number for part in beside for number in part] for beside in zip(*parts, strict=True)])
        return out.run(tally, images)

    return Layer(run, weights)


# --- pooling ----------------------------------------------------------------------------------------------


def pooled(x: Tensor, lines: Sequence[Sequence[Window]], reduce: Callable[[Place, Iterator[Place]], float]) -> Tensor:
    """The tensor with its last axes reduced window by window."""
    leading = shape(x)[: -len(lines)]

    def output(place: Place) -> float:
        position = place[len(leading) :]
        return reduce(place[: len(leading)], product(*(line[step] for line, step in zip(lines, position, strict=True))))

    return filled((*leading, *map(len, lines)), output)


def largest(tally: Tally, x: Tensor, lines: Sequence[Sequence[Window]]) -> Tensor:
    """Maximum of each window: a comparison for each of its elements."""

    def reduce(leading: Place, window: Iterator[Place]) -> float:
        best = -math.inf
        for tap in window:
            best = tally.larger(best, at(x, (*leading, *tap), -math.inf))
        return best

    return pooled(x, lines, reduce)


def averaged(
    tally: Tally, x: Tensor, lines: Sequence[Sequence[Window]], counts: Callable[[Place], bool] = lambda _: True
) -> Tensor:
    """Average of each window, of K elements that count: a product with 1/K and an addition an element."""

    def reduce(leading: Place, window: Iterator[Place]) -> float:
        taps = list(window)
        factor, total = 1 / sum(map(counts, taps)), 0.0
        for tap in taps:
            total = tally.add(total, tally.multiply(at(x, (*leading, *tap), 0.0), factor))
        return total

    return pooled(x, lines, reduce)


def max_pooling(
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    *,
    ceil: bool = False,
) -> Layer:
    """Max pooling over as many axes as the kernel has."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        settings = zip(shape(x)[-len(kernel) :], kernel, stride, padding, dilation, strict=True)
        return largest(tally, x, [windows(n, k, s, (p, p), d, ceil=ceil) for n, k, s, p, d in settings])

    return Layer(run)


def average_pooling(
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    *,
    ceil: bool = False,
    count_include_pad: bool = True,
) -> Layer:
    """Average pooling; K counts the padding only if it is to be included, and never what is beyond it."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        lengths = shape(x)[-len(kernel) :]
        settings = zip(lengths, kernel, stride, padding, strict=True)
        lines = [windows(n, k, s, (p, p), ceil=ceil) for n, k, s, p in settings]
        edges = padding if count_include_pad else [0] * len(kernel)
        return averaged(
            tally,
            x,
            lines,
            lambda tap: all(-e <= t < n + e for t, n, e in zip(tap, lengths, edges, strict=True)),
        )

    return Layer(run)


def adaptive_pooling(
    out_sizes: Sequence[int | None], reduce: Callable[[Tally, Tensor, Sequence[Sequence[Window]]], Tensor]
) -> Layer:
    """Pooling to given sizes: window i of n is from ⌊i·length/n⌋ to ⌈(i + 1)·length/n⌉."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        lines = []
        for length, given in zip(shape(x)[-len(out_sizes) :], out_sizes, strict=True):
            n = length if given is None else given
            lines.append([range(i * length // n, math.ceil((i + 1) * length / n)) for i in range(n)])
        return reduce(tally, x, lines)

    return Layer(run)


# --- activations: functions of one number -----------------------------------------------------------------
# Whatever branch a value takes, all operations of the definition are done, as the table counts them.


def relu(t: Tally, x: float) -> float:
    """max(x, 0)."""
    return t.larger(x, 0.0)


def leaky_relu(t: Tally, x: float, slope: float = 0.01) -> float:
    """x, or slope·x below 0."""
    below = t.multiply(slope, x)
    return x if t.positive(x) else below


def clamp(t: Tally, x: float, low: float, high: float) -> float:
    """Between low and high."""
    return t.smaller(t.larger(x, low), high)


def sigmoid(t: Tally, x: float) -> float:
    """1/(1 + exp(−x))."""
    return t.divide(1.0, t.add(1.0, t.exp(t.negate(x))))


def tanh(t: Tally, x: float) -> float:
    """(e − 1)/(e + 1), where e = exp(2x)."""
    e = t.exp(t.multiply(2.0, x))
    return t.divide(t.subtract(e, 1.0), t.add(e, 1.0))


def silu(t: Tally, x: float) -> float:
    """x·sigmoid(x)."""
    return t.multiply(x, sigmoid(t, x))


def hardsigmoid(t: Tally, x: float) -> float:
    """clamp(x + 3, 0, 6)/6."""
    return t.divide(clamp(t, t.add(x, 3.0), 0.0, 6.0), 6.0)


def hardswish(t: Tally, x: float) -> float:
    """x·hardsigmoid(x)."""
    return t.multiply(x, hardsigmoid(t, x))


def gelu(t: Tally, x: float) -> float:
    """x·½·(1 + erf(x/√2))."""
    return t.multiply(x, t.multiply(0.5, t.add(1.0, t.special(math.erf, t.divide(x, math.sqrt(2.0))))))


def gelu_tanh(t: Tally, x: float) -> float:
    """½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), where ½·(1 + tanh(u)) is the sigmoid of 2u."""
    cube = t.multiply(t.multiply(x, x), x)
    inner = t.add(x, t.multiply(0.044715, cube))
    return t.multiply(x, sigmoid(t, t.multiply(2.0 * math.sqrt(2.0 / math.pi), inner)))


def elu(t: Tally, x: float, alpha: float = 1.0) -> float:
    """x, or α·(exp(x) − 1) below 0."""
    below = t.multiply(alpha, t.subtract(t.exp(x), 1.0))
    return x if t.positive(x) else below


def selu(t: Tally, x: float) -> float:
    """λ·elu(x, α) with the two constants of its authors."""
    return t.multiply(1.0507009873554804934193349852946, elu(t, x, 1.6732632423543772848170429916717))


def celu(t: Tally, x: float, alpha: float = 1.0) -> float:
    """x, or α·(exp(x/α) − 1) below 0."""
    below = t.multiply(alpha, t.subtract(t.exp(t.divide(x, alpha)), 1.0))
    return x if t.positive(x) else below


def softplus(t: Tally, x: float) -> float:
    """log(1 + exp(x))."""
    return t.special(math.log, t.add(1.0, t.exp(x)))


def mish(t: Tally, x: float) -> float:
    """x·tanh(softplus(x))."""
    return t.multiply(x, tanh(t, softplus(t, x)))


def logsigmoid(t: Tally, x: float) -> float:
    """log(1/(1 + exp(−x)))."""
    return t.special(math.log, sigmoid(t, x))


def softsign(t: Tally, x: float) -> float:
    """x/(1 + |x|)."""
    return t.divide(x, t.add(1.0, t.absolute(x)))


def elementwise(function: Callable[..., float], *settings: float) -> Layer:
    """A function of one number at each element, or of two at each element of two broadcast tensors."""

    def run(tally: Tally, x: Tensor, *others: Tensor) -> Tensor:
        sizes = [shape(x), *map(shape, others)]
        longest = max(map(len, sizes))
        aligned = [(1,) * (longest - len(size)) + size for size in sizes]
        return filled(
            map(max, *aligned) if others else shape(x),
            lambda place: function(tally, *(spread(part, place) for part in (x, *others)), *settings),
        )

    return Layer(run)


def prelu(slopes: int, start: float = 0.25) -> Layer:
    """LeakyReLU with a learned slope for everything, or for each channel."""
    weights = {"weight": [start + slope for slope in range(slopes)]}

    def run(tally: Tally, x: Tensor) -> Tensor:
        return filled(
            shape(x),
            lambda place: leaky_relu(tally, at(x, place), weights["weight"][place[1] if slopes > 1 else 0]),
        )

    return Layer(run, weights)


def softmax_row(t: Tally, row: list[float]) -> list[float]:
    """exp(x − max)/Σ: maximum, subtract, exp, sum, divide."""
    most, total = -math.inf, 0.0
    for x in row:
        most = t.larger(most, x)
    powers = [t.exp(t.subtract(x, most)) for x in row]
    for power in powers:
        total = t.add(total, power)
    return [t.divide(power, total) for power in powers]


def log_softmax_row(t: Tally, row: list[float]) -> list[float]:
    """The row minus its maximum and log Σ: maximum, subtract, exp, sum, subtract."""
    most, total = -math.inf, 0.0
    for x in row:
        most = t.larger(most, x)
    lowered = [t.subtract(x, most) for x in row]
    for x in lowered:
        total = t.add(total, t.exp(x))
    return [t.subtract(x, math.log(total)) for x in lowered]


def softmax(dim: int, row: Callable[[Tally, list[float]], list[float]] = softmax_row) -> Layer:
    """Softmax, or log_softmax, along an axis."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        return by_group(x, lambda place: place[:dim] + place[dim + 1 :], lambda values: row(tally, values))

    return Layer(run)


def dropout(rate: float, *, train: bool) -> Layer:
    """In training a mask and a scale, elsewhere nothing; which elements stay is the second input."""

    def run(tally: Tally, x: Tensor, keep: Tensor | None = None) -> Tensor:
        if not train:
            return x
        mask = keep if keep is not None else filled(shape(x), lambda _: 1.0)
        scale = 1 / (1 - rate)
        return filled(shape(x), lambda place: tally.multiply(tally.multiply(at(x, place), at(mask, place)), scale))

    return Layer(run)


# --- normalization ----------------------------------------------------------------------------------------
# The convention has four steps, and one operation an element for each: mean, variance, normalize, scale and shift.
# A step may be two operations on paper (a square and a sum); the loop counts the steps.


def standardized(tally: Tally, values: list[float], eps: float) -> list[float]:
    """Three of the four steps: (x − mean)/√(variance + eps), mean and variance being those of the values."""
    total, squares = 0.0, 0.0
    for x in values:
        total = tally.add(total, x)
    mean = total / len(values)
    for x in values:
        squares += tally.multiply(x - mean, x - mean)
    deviation = math.sqrt(squares / len(values) + eps)
    return [tally.divide(x - mean, deviation) for x in values]


def scaled(tally: Tally, x: Tensor, weights: dict[str, Tensor], which: Callable[[Place], Place]) -> Tensor:
    """The fourth step: scale and shift, each place by the weight that is its own (1 and 0 if there are none)."""

    def output(place: Place) -> float:
        scale = at(weights["weight"], which(place)) if "weight" in weights else 1.0
        return tally.multiply(at(x, place), scale) + (at(weights["bias"], which(place)) if "bias" in weights else 0.0)

    return filled(shape(x), output)


def batch_norm(channels: int, *, affine: bool = True, train: bool = False, eps: float = 1e-5) -> Layer:
    """Batch normalization, with the batch's own mean and variance in training, else with the stored ones.

    With stored ones it is, operation by operation: subtract, divide, multiply, add; four as well.
    """
    weights = weights_of([channels], channels) if affine else {}
    means, variances = tensor([channels], "running_mean"), tensor([channels], "running_var", 0.5)

    def stored(tally: Tally, place: Place, x: float) -> float:
        channel = place[1]
        normal = tally.divide(tally.subtract(x, means[channel]), math.sqrt(variances[channel] + eps))
        scale = weights["weight"][channel] if affine else 1.0
        return tally.add(tally.multiply(normal, scale), bias_at(weights, channel))

    def run(tally: Tally, x: Tensor) -> Tensor:
        if not train:
            return filled(shape(x), lambda place: stored(tally, place, at(x, place)))
        normal = by_group(x, lambda place: place[1], lambda values: standardized(tally, values, eps))
        return scaled(tally, normal, weights, lambda place: place[1:2])

    return Layer(run, weights, {"running_mean": means, "running_var": variances})


def group_norm(channels: int, groups: int, *, affine: bool = True, eps: float = 1e-5) -> Layer:
    """Group normalization; with as many groups as channels it is instance normalization."""
    weights = weights_of([channels], channels) if affine else {}

    def run(tally: Tally, x: Tensor) -> Tensor:
        normal = by_group(
            x,
            lambda place: (place[0], place[1] // (channels // groups)),
            lambda values: standardized(tally, values, eps),
        )
        return scaled(tally, normal, weights, lambda place: place[1:2])

    return Layer(run, weights)


def layer_norm(sizes: Sequence[int], *, affine: bool = True, bias: bool = True, eps: float = 1e-5) -> Layer:
    """Layer normalization over the last axes, which have these sizes."""
    names = ["weight", "bias"] if bias else ["weight"]
    weights = {name: tensor(sizes, name) for name in names} if affine else {}

    def run(tally: Tally, x: Tensor) -> Tensor:
        normal = by_group(x, lambda place: place[: -len(sizes)], lambda values: standardized(tally, values, eps))
        return scaled(tally, normal, weights, lambda place: place[-len(sizes) :])

    return Layer(run, weights)


def local_response_norm(size: int, alpha: float, beta: float, k: float) -> Layer:
    """x/(k + α/size·Σx²)^β, the sum over so many neighbouring channels, those beyond the edges too."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        def output(place: Place) -> float:
            image, channel, *position = place
            total = 0.0
            for neighbour in range(channel - size // 2, channel - size // 2 + size):
                value = at(x, (image, neighbour, *position), 0.0)
                total = tally.add(total, tally.multiply(value, value))
            base = tally.add(k, tally.multiply(alpha / size, total))
            return tally.divide(at(x, place), tally.special(math.pow, base, beta))

        return filled(shape(x), output)

    return Layer(run)


# --- upsampling -------------------------------------------------------------------------------------------


def cubic(distance: float) -> float:
    """The cubic convolution kernel with a = −0.75."""
    a, d = -0.75, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4)


def sources(mode: str, index: int, length: int, out: int, *, align_corners: bool) -> list[tuple[int, float]]:
    """Along one axis: the input positions that an output position is made of, each with its weight."""
    if mode == "nearest":
        return [(index * length // out, 1.0)]
    if align_corners:
        centre = index * (length - 1) / (out - 1) if out > 1 else 0.0
    else:
        centre = (index + 0.5) * length / out - 0.5
    if mode == "linear":
        centre = max(centre, 0.0)
        first = min(math.floor(centre), length - 1)
        return [(first, 1 - (centre - first)), (min(first + 1, length - 1), centre - first)]
    taps = range(math.floor(centre) - 1, math.floor(centre) + 3)
    return [(min(max(tap, 0), length - 1), cubic(centre - tap)) for tap in taps]


def upsampling(out_sizes: Sequence[int], mode: str, *, align_corners: bool = False) -> Layer:
    """A copy (nearest), or a weighted sum of 2 (linear) or 4 (cubic) neighbours along every axis."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        leading = shape(x)[: -len(out_sizes)]
        lengths = shape(x)[-len(out_sizes) :]

        def output(place: Place) -> float:
            axes = zip(place[len(leading) :], lengths, out_sizes, strict=True)
            near = [sources(mode, i, n, out, align_corners=align_corners) for i, n, out in axes]
            total: float | None = None
            for taps in product(*near):
                value = at(x, (*place[: len(leading)], *(position for position, _ in taps)))
                if mode == "nearest":
                    return value
                part = tally.multiply(value, math.prod(weight for _, weight in taps))
                total = part if total is None else tally.add(total, part)
            return total or 0.0

        return filled((*leading, *out_sizes), output)

    return Layer(run)


# --- recurrent layers -------------------------------------------------------------------------------------
# A cell gets what the input and what the hidden state give by their matrices (biases in, not counted), and the
# state; it returns the next state, of which the first part is the output.

State = list[list[float]]


def rnn_cell(activation: Callable[[Tally, float], float]) -> Callable[..., State]:
    """h′ = activation(W·x + U·h)."""

    def cell(t: Tally, wx: list[float], uh: list[float], state: State) -> State:
        return [[activation(t, t.add(a, b)) for a, b in zip(wx, uh, strict=True)]]

    return cell


def lstm_cell(t: Tally, wx: list[float], uh: list[float], state: State) -> State:
    """c′ = f·c + i·g, h′ = o·tanh(c′)."""
    hidden, memory = state
    size = len(hidden)
    for unit in range(size):
        i, f, g, o = (t.add(wx[unit + k * size], uh[unit + k * size]) for k in range(4))
        kept = t.multiply(sigmoid(t, f), memory[unit])
        memory = [*memory[:unit], t.add(kept, t.multiply(sigmoid(t, i), tanh(t, g))), *memory[unit + 1 :]]
        hidden = [*hidden[:unit], t.multiply(sigmoid(t, o), tanh(t, memory[unit])), *hidden[unit + 1 :]]
    return [hidden, memory]


def gru_cell(t: Tally, wx: list[float], uh: list[float], state: State) -> State:
    """h′ = (1 − z)·n + z·h, where n = tanh(W·x + r·(U·h))."""
    size, following = len(state[0]), []
    for unit, before in enumerate(state[0]):
        r, z = (sigmoid(t, t.add(wx[unit + k * size], uh[unit + k * size])) for k in range(2))
        n = tanh(t, t.add(wx[unit + 2 * size], t.multiply(r, uh[unit + 2 * size])))
        following.append(t.add(t.multiply(t.subtract(1.0, z), n), t.multiply(z, before)))
    return [following]


# each cell with its number of gates and the parts of its state
CELLS: dict[str, tuple[Callable[..., State], int, int]] = {
    "tanh": (rnn_cell(tanh), 1, 1),
    "relu": (rnn_cell(relu), 1, 1),
    "LSTM": (lstm_cell, 4, 2),
    "GRU": (gru_cell, 3, 1),
}


def recurrent_weights(inputs: int, hidden: int, gates: int, suffix: str, *, bias: bool) -> dict[str, Tensor]:
    """The weights of one cell."""
    rows = gates * hidden
    sizes = {f"weight_ih{suffix}": (rows, inputs), f"weight_hh{suffix}": (rows, hidden)}
    if bias:
        sizes |= {f"bias_ih{suffix}": (rows,), f"bias_hh{suffix}": (rows,)}
    return {name: tensor(size, name) for name, size in sizes.items()}


def recurrent_step(
    tally: Tally, kind: str, weights: dict[str, Tensor], suffix: str, x: list[float], state: State
) -> State:
    """One step of one cell: its two matrix products, then its gates."""
    given = []
    for name, vector in (("ih", x), ("hh", state[0])):
        products = row_times_matrix(tally, weights[f"weight_{name}{suffix}"], vector)
        biases = weights.get(f"bias_{name}{suffix}", [0.0] * len(products))
        given.append([a + b for a, b in zip(products, biases, strict=True)])
    return CELLS[kind][0](tally, *given, state)


def cell_layer(kind: str, inputs: int, hidden: int, *, bias: bool = True) -> Layer:
    """One step on (batch, inputs), the state before it being 0."""
    _, gates, parts = CELLS[kind]
    weights = recurrent_weights(inputs, hidden, gates, "", bias=bias)

    def run(tally: Tally, x: Tensor) -> Tensor:
        start = [[0.0] * hidden] * parts
        return [recurrent_step(tally, kind, weights, "", row, start)[0] for row in x]

    return Layer(run, weights)


def recurrent(
    kind: str, inputs: int, hidden: int, layers: int = 1, *, bidirectional: bool = False, bias: bool = True
) -> Layer:
    """Cells over all steps of (steps, batch, inputs), layer upon layer, in one or both directions."""
    _, gates, parts = CELLS[kind]
    directions = ["", "_reverse"] if bidirectional else [""]
    weights: dict[str, Tensor] = {}
    for layer, direction in product(range(layers), directions):
        width = hidden * len(directions) if layer else inputs
        weights |= recurrent_weights(width, hidden, gates, f"_l{layer}{direction}", bias=bias)

    def sequence(tally: Tally, rows: list[list[float]], suffix: str, *, backwards: bool) -> list[list[float]]:
        state, outputs = [[0.0] * hidden] * parts, []
        for row in reversed(rows) if backwards else rows:
            state = recurrent_step(tally, kind, weights, suffix, row, state)
            outputs.append(state[0])
        return outputs[::-1] if backwards else outputs

    def run(tally: Tally, x: Tensor) -> Tensor:
        images = [list(rows) for rows in zip(*x, strict=True)]
        for layer in range(layers):
            for image, rows in enumerate(images):
                both = [
                    sequence(tally, rows, f"_l{layer}{direction}", backwards=bool(direction))
                    for direction in directions
                ]
                images[image] = [[number for part in step for number in part] for step in zip(*both, strict=True)]
        return [list(rows) for rows in zip(*images, strict=True)]

    return Layer(run, weights)


# --- layers one after the other ---------------------------------------------------------------------------


def moved(function: Callable[..., Tensor], **weights: Tensor) -> Layer:
    """A layer that only moves data: nothing is computed."""
    return Layer(lambda _, *inputs: function(*inputs), weights)


def sequential(**layers: Layer) -> Layer:
    """Layers one after the other, their weights named as torch names those of modules in a module."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        for layer in layers.values():
            x = layer.run(tally, x)
        return x

    def named(what: str) -> dict[str, Tensor]:
        return {f"{name}.{key}": value for name, layer in layers.items() for key, value in getattr(layer, what).items()}

    return Layer(run, named("weights"), named("buffers"))
