"""The second source for gradients: each derivative's definition executed with loops, every operation counted.

As in `brute_force`, what is computed goes through a `Tally`; what the forward has computed (a sigmoid, a mean) and
one number for a whole row or channel are at hand. The tests also hold the values against torch's autograd.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from brute_force import Tally, places, shape, windows

Grid = dict[tuple[int, ...], float]


def entries(tensor: Any) -> Grid:
    """A nested list as a dict from place to value."""

    def value(place: tuple[int, ...]) -> Any:
        part = tensor
        for index in place:
            part = part[index]
        return part

    return {place: value(place) for place in places(shape(tensor))}


# --- convolutions -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """How a convolution is set up, the same along each axis."""

    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1


def convolution(x: Any, weight: Any, gradient: Any, window: Window, inputs: Tally, weights: Tally) -> tuple[Grid, Grid]:
    """The gradients of a convolution's input and weight; padded positions take part like any other."""
    (_, c_in, *lengths), (c_out, _, *kernel) = shape(x), shape(weight)
    steps = [
        windows(length, size, window.stride, (window.padding, window.padding), window.dilation)
        for length, size in zip(lengths, kernel, strict=True)
    ]
    x, weight = entries(x), entries(weight)
    for_x, for_weight = dict.fromkeys(x, 0.0), dict.fromkeys(weight, 0.0)
    group_in, group_out = c_in // window.groups, c_out // window.groups
    for (image, channel, *position), upstream in entries(gradient).items():
        taps = [line[step] for line, step in zip(steps, position, strict=True)]
        for c, *offset in places((group_in, *kernel)):
            source = (image, channel // group_out * group_in + c, *(t[k] for t, k in zip(taps, offset, strict=True)))
            tap = (channel, c, *offset)
            for_x[source] = inputs.mac(for_x.get(source, 0.0), upstream, weight[tap])
            for_weight[tap] = weights.mac(for_weight[tap], upstream, x.get(source, 0.0))
    return {place: for_x[place] for place in x}, for_weight


def transposed(x: Any, weight: Any, gradient: Any, window: Window, inputs: Tally, weights: Tally) -> tuple[Grid, Grid]:
    """The gradients of a transposed convolution's: each input position meets the whole kernel again."""
    (_, c_in, *_), (_, group_out, *kernel) = shape(x), shape(weight)
    x, weight, upstream = entries(x), entries(weight), entries(gradient)
    for_x, for_weight = dict.fromkeys(x, 0.0), dict.fromkeys(weight, 0.0)
    group_in = c_in // window.groups
    for image, channel, *position in x:
        for o, *offset in places((group_out, *kernel)):
            moved = (
                p * window.stride + k * window.dilation - window.padding for p, k in zip(position, offset, strict=True)
            )
            arriving = upstream.get((image, channel // group_in * group_out + o, *moved), 0.0)
            source, tap = (image, channel, *position), (channel, o, *offset)
            for_x[source] = inputs.mac(for_x[source], arriving, weight[tap])
            for_weight[tap] = weights.mac(for_weight[tap], arriving, x[source])
    return for_x, for_weight


# --- functions of one element -----------------------------------------------------------------------------

_ALPHA, _LAMBDA = 1.6732632423543772, 1.0507009873554805


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def relu(t: Tally, x: float, g: float) -> float:
    """Passed on above 0."""
    return g if t.positive(x) else 0.0


def leaky_relu(t: Tally, x: float, g: float) -> float:
    """Times 1 or the slope."""
    return t.multiply(g, 1.0 if t.positive(x) else 0.01)


def relu6(t: Tally, x: float, g: float) -> float:
    """Passed on between 0 and 6."""
    above, below = t.positive(x), t.positive(6 - x)
    return g if above and below else 0.0


def sigmoid(t: Tally, x: float, g: float) -> float:
    """y·(1 − y)·g."""
    y = _sigmoid(x)
    return t.multiply(t.multiply(y, t.subtract(1, y)), g)


def tanh(t: Tally, x: float, g: float) -> float:
    """(1 − y²)·g."""
    y = math.tanh(x)
    return t.multiply(t.subtract(1, t.multiply(y, y)), g)


def silu(t: Tally, x: float, g: float) -> float:
    """s·(1 + x·(1 − s))·g."""
    s = _sigmoid(x)
    return t.multiply(t.multiply(s, t.add(1, t.multiply(x, t.subtract(1, s)))), g)


def hardsigmoid(t: Tally, x: float, g: float) -> float:
    """g/6 between −3 and 3."""
    above, below, inside = t.positive(x + 3), t.positive(3 - x), t.multiply(g, 1 / 6)
    return inside if above and below else 0.0


def hardswish(t: Tally, x: float, g: float) -> float:
    """(x/3 + 1/2)·g between −3 and 3."""
    above, below = t.positive(x + 3), t.positive(3 - x)
    inside = t.multiply(t.add(t.divide(x, 3), 0.5), g)
    return (inside if below else g) if above else 0.0


def gelu(t: Tally, x: float, g: float) -> float:
    """(Φ + x·φ)·g."""
    big = (1 + math.erf(x / math.sqrt(2))) / 2
    small = t.multiply(t.exp(t.multiply(t.multiply(x, x), -0.5)), 1 / math.sqrt(2 * math.pi))
    return t.multiply(t.add(big, t.multiply(x, small)), g)


def gelu_tanh(t: Tally, x: float, g: float) -> float:
    """½·(1 + t) + ½·x·(1 − t²)·u′."""
    a, c = 0.044715, math.sqrt(2 / math.pi)
    y = math.tanh(c * (x + a * x**3))
    inner = t.multiply(c, t.add(1, t.multiply(3 * a, t.multiply(x, x))))
    right = t.multiply(t.multiply(t.multiply(0.5, x), t.subtract(1, t.multiply(y, y))), inner)
    return t.multiply(t.add(t.multiply(0.5, t.add(1, y)), right), g)


def elu(t: Tally, x: float, g: float) -> float:
    """(y + α)·g below 0, with α = 1."""
    slope = t.add(math.exp(x) - 1, 1)
    return t.multiply(1.0 if t.positive(x) else slope, g)


def selu(t: Tally, x: float, g: float) -> float:
    """λ·g, or (y + λα)·g below 0."""
    slope = t.add(_LAMBDA * _ALPHA * (math.exp(x) - 1), _LAMBDA * _ALPHA)
    return t.multiply(_LAMBDA if t.positive(x) else slope, g)


def celu(t: Tally, x: float, g: float) -> float:
    """(y/α + 1)·g below 0, with α = 2."""
    slope = t.add(t.divide(2 * (math.exp(x / 2) - 1), 2), 1)
    return t.multiply(1.0 if t.positive(x) else slope, g)


def softplus(t: Tally, x: float, g: float) -> float:
    """(1 − exp(−y))·g."""
    y = math.log1p(math.exp(x))
    return t.multiply(t.subtract(1, t.exp(t.negate(y))), g)


def mish(t: Tally, x: float, g: float) -> float:
    """(t + x·(1 − t²)·s)·g."""
    y = math.tanh(math.log1p(math.exp(x)))
    s = t.divide(1, t.add(1, t.exp(t.negate(x))))
    right = t.multiply(t.multiply(x, t.subtract(1, t.multiply(y, y))), s)
    return t.multiply(t.add(y, right), g)


def logsigmoid(t: Tally, x: float, g: float) -> float:
    """(1 − exp(y))·g."""
    return t.multiply(t.subtract(1, t.exp(math.log(_sigmoid(x)))), g)


def square(t: Tally, x: float, g: float) -> float:
    """2·x·g."""
    return t.multiply(t.multiply(2, x), g)


def reciprocal(t: Tally, x: float, g: float) -> float:
    """−y²·g."""
    return t.negate(t.multiply(t.multiply(1 / x, 1 / x), g))


def times(t: Tally, x: float, g: float) -> float:
    """The gradient times the other factor, 3."""
    return t.multiply(g, 3)


def divided(t: Tally, x: float, g: float) -> float:
    """The gradient divided by 3."""
    return t.divide(g, 3)


def divisor(t: Tally, x: float, g: float) -> float:
    """Of 3/x: −y·g/x."""
    return t.negate(t.divide(t.multiply(3 / x, g), x))


def passed_on(t: Tally, x: float, g: float) -> float:
    """Of x + 3."""
    return g


# --- functions of a row -----------------------------------------------------------------------------------

Row = list[float]


def softmax(t: Tally, x: Row, g: Row) -> Row:
    """y·(g − Σ y·g)."""
    exps = [math.exp(value) for value in x]
    y = [value / sum(exps) for value in exps]
    total = 0.0
    for value, upstream in zip(y, g, strict=True):
        total = t.add(total, t.multiply(value, upstream))
    return [t.multiply(value, t.subtract(upstream, total)) for value, upstream in zip(y, g, strict=True)]


def log_softmax(t: Tally, x: Row, g: Row) -> Row:
    """The gradient less exp(y)·Σ g."""
    log = math.log(sum(math.exp(value) for value in x))
    total = 0.0
    for upstream in g:
        total = t.add(total, upstream)
    return [t.subtract(up, t.multiply(t.exp(value - log), total)) for value, up in zip(x, g, strict=True)]


def normalized(t: Tally, x: Row, g: Row, weights: Sequence[float] | None, scale: float = 1.0) -> Row:
    """A normalization over a row; ``weights`` are its elements' own, ``scale`` is one for all."""
    mean = sum(x) / len(x)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in x) / len(x) + 1e-5)
    hats = [(value - mean) / deviation for value in x]
    if weights is not None:
        g = [t.multiply(upstream, weight) for upstream, weight in zip(g, weights, strict=True)]
    first = second = 0.0
    for upstream, hat in zip(g, hats, strict=True):
        first, second = t.add(first, upstream), t.add(second, t.multiply(upstream, hat))
    first, second = first / len(x), second / len(x)
    return [
        t.multiply(scale / deviation, t.subtract(t.subtract(upstream, first), t.multiply(hat, second)))
        for upstream, hat in zip(g, hats, strict=True)
    ]


def rms_normalized(t: Tally, x: Row, g: Row, weights: Sequence[float]) -> Row:
    """The same without the mean."""
    root = math.sqrt(sum(value * value for value in x) / len(x) + 1e-5)
    hats = [value / root for value in x]
    g = [t.multiply(upstream, weight) for upstream, weight in zip(g, weights, strict=True)]
    total = 0.0
    for upstream, hat in zip(g, hats, strict=True):
        total = t.add(total, t.multiply(upstream, hat))
    total /= len(x)
    return [t.multiply(1 / root, t.subtract(up, t.multiply(hat, total))) for up, hat in zip(g, hats, strict=True)]


# --- attention and recurrent layers -----------------------------------------------------------------------


def product_of(t: Tally, a: list[Row], b: list[Row]) -> list[Row]:
    """A matrix product."""
    result = []
    for row in a:
        sums = [0.0] * len(b[0])
        for value, other in zip(row, b, strict=True):
            sums = [t.mac(total, value, entry) for total, entry in zip(sums, other, strict=True)]
        result.append(sums)
    return result


def turned(a: list[Row]) -> list[Row]:
    """A matrix, transposed."""
    return [list(column) for column in zip(*a, strict=True)]


def attention(t: Tally, query: list[Row], key: list[Row], value: list[Row], g: list[Row]) -> tuple[Any, Any, Any]:
    """The gradients of one head's query, key and value."""
    scale = 1 / math.sqrt(len(query[0]))
    quiet = Tally()
    scores = [[scale * s for s in row] for row in product_of(quiet, query, turned(key))]
    weights = [[math.exp(s) / sum(map(math.exp, row)) for s in row] for row in scores]
    for_value = product_of(t, turned(weights), g)
    for_weights = product_of(t, g, turned(value))
    for_scores = [
        [t.multiply(scale, entry) for entry in softmax(t, row, up)] for row, up in zip(scores, for_weights, strict=True)
    ]
    return product_of(t, for_scores, key), product_of(t, turned(for_scores), query), for_value


def _slope(t: Tally, y: float, g: float) -> float:
    return t.multiply(t.multiply(y, t.subtract(1, y)), g)


def _tanh_slope(t: Tally, y: float, g: float) -> float:
    return t.multiply(t.subtract(1, t.multiply(y, y)), g)


def lstm_unit(
    t: Tally, gates: Sequence[float], before: float, g: float, later: tuple[float, float]
) -> tuple[Row, float]:
    """One step back for one unit: the gates' gradients, and that of the cell before.

    ``gates`` are i, f, g, o after their functions; ``later`` are what the next step hands back to h and c.
    """
    i, f, new, o = gates
    cell = f * before + i * new
    h = t.add(g, later[0])
    c = t.add(later[1], _tanh_slope(t, math.tanh(cell), t.multiply(h, o)))
    gradients = [
        _slope(t, i, t.multiply(c, new)),
        _slope(t, f, t.multiply(c, before)),
        _tanh_slope(t, new, t.multiply(c, i)),
        _slope(t, o, t.multiply(h, math.tanh(cell))),
    ]
    return gradients, t.multiply(c, f)


def lstm(t: Tally, x: list[Row], w_ih: list[Row], w_hh: list[Row], g: list[Row]) -> tuple[list[Row], Any, Any]:
    """The gradients of an LSTM layer's input and both matrices, without biases, back through time."""
    units, quiet = len(w_hh[0]), Tally()
    h, c, steps = [0.0] * units, [0.0] * units, []
    for row in x:
        sums = [
            a + b
            for a, b in zip(
                product_of(quiet, [row], turned(w_ih))[0], product_of(quiet, [h], turned(w_hh))[0], strict=True
            )
        ]
        functions = (_sigmoid, _sigmoid, math.tanh, _sigmoid)
        gates = [[function(sums[k * units + unit]) for k, function in enumerate(functions)] for unit in range(units)]
        steps.append((row, h, c, gates))
        c = [f * old + i * new for (i, f, new, _), old in zip(gates, c, strict=True)]
        h = [o * math.tanh(cell) for (*_, o), cell in zip(gates, c, strict=True)]
    for_x, all_gates, later_h, later_c = [], [], [0.0] * units, [0.0] * units
    for (_, _, before, gates), upstream in reversed(list(zip(steps, g, strict=True))):
        done = [lstm_unit(t, gates[u], before[u], upstream[u], (later_h[u], later_c[u])) for u in range(units)]
        row = [done[u][0][k] for k, u in product(range(4), range(units))]
        later_c = [cell for _, cell in done]
        if len(all_gates) < len(x) - 1:  # before the first step nothing needs a gradient
            later_h = product_of(t, [row], w_hh)[0]
        for_x.insert(0, product_of(t, [row], w_ih)[0])
        all_gates.insert(0, row)
    for_ih = product_of(t, turned(all_gates), x)
    for_hh = product_of(t, turned(all_gates), [h for _, h, _, _ in steps])
    return for_x, for_ih, for_hh


ELEMENTS: dict[str, Callable[[Tally, float, float], float]] = {
    function.__name__: function
    for function in (
        *(relu, leaky_relu, relu6, sigmoid, tanh, silu, hardsigmoid, hardswish, gelu, gelu_tanh, elu, selu, celu),
        *(softplus, mish, logsigmoid, square, reciprocal, times, divided, divisor, passed_on),
    )
}
