"""The second source for the gradients of the kinds in `families/`: each derivative's definition, executed with loops.

As in `gradient_loops`: what is computed goes through a `Tally`, what the forward has computed is at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from brute_force import Tally, places, shape
from gradient_loops import Grid, Row, entries

_A = -0.75


# --- values between the pixels ----------------------------------------------------------------------------


def coordinate(value: float, size: int, padding: str) -> tuple[float, float, bool]:
    """A grid's coordinate in pixels, its mirror's sign, and whether it lies inside."""
    pixel = ((value + 1) * size - 1) / 2
    sign = 1.0
    if padding == "reflection":
        away = abs(pixel + 0.5)
        sign = math.copysign(1.0, pixel + 0.5)
        times, rest = divmod(away, size)
        if times % 2:
            rest, sign = size - rest, -sign
        pixel = rest - 0.5
    inside = padding == "zeros" or 0 < pixel < size - 1
    return (pixel if padding == "zeros" else min(max(pixel, 0.0), size - 1.0)), sign, inside


def to_grid(t: Tally, gradient: float, size: int, padding: str, sign: float, inside: bool) -> float:
    """The gradient of a coordinate in pixels, in the grid's units."""
    gradient = t.multiply(gradient, size / 2)
    if padding == "reflection":
        gradient = t.multiply(gradient, sign)
    if padding != "zeros":
        t.positive(gradient), t.positive(gradient)  # between the two bounds
    return gradient if inside else 0.0


def slope(t: Tally, values: Grid, floors: Sequence[int], shares: Sequence[float], axis: int, channel: int) -> float:
    """The derivative of an interpolated value by one coordinate: differences of neighbours, weighed by the others."""
    total = None
    for corner in places([2] * (len(floors) - 1)):
        upper, lower = [(*corner[:axis], end, *corner[axis:]) for end in (1, 0)]
        ends = [
            values.get((channel, *(f + c for f, c in zip(floors, place, strict=True))), 0.0) for place in (upper, lower)
        ]
        others = [s if c else 1 - s for s, c in zip((*shares[:axis], *shares[axis + 1 :]), corner, strict=True)]
        term = t.multiply(t.subtract(*ends), math.prod(others))
        total = term if total is None else t.add(total, term)
    return total or 0.0


def spread(t: Tally, into: Grid, floors: Sequence[int], shares: Sequence[float], channel: int, g: float) -> None:
    """A gradient, weighed and added to the neighbours of where a value was taken."""
    for corner in places([2] * len(floors)):
        weight = math.prod(s if c else 1 - s for s, c in zip(shares, corner, strict=True))
        place = (channel, *(f + c for f, c in zip(floors, corner, strict=True)))
        into[place] = t.add(into.get(place, 0.0), t.multiply(g, weight))


def grid_sample(x: Any, grid: Any, g: Any, padding: str, inputs: Tally, grids: Tally) -> tuple[list[float], Any]:
    """Linear in two or three dimensions, of one image."""
    channels, *lengths = shape(x)
    values, upstream, axes = entries(x), entries(g), len(lengths)
    for_x: Grid = {}
    for_grid = dict.fromkeys(entries(grid), 0.0)
    for place in places(shape(grid)[:-1]):
        spots = [
            coordinate(entries(grid)[(*place, axes - 1 - axis)], lengths[axis], padding) for axis in range(axes)
        ]  # a grid names x first
        floors = [math.floor(pixel) for pixel, _, _ in spots]
        shares = [pixel - floor for (pixel, _, _), floor in zip(spots, floors, strict=True)]
        for channel in range(channels):
            spread(inputs, for_x, floors, shares, channel, upstream[(channel, *place)])
        for axis, (_, sign, inside) in enumerate(spots):
            if axes == 3:  # products of the two other coordinates' weights
                for _ in places((2, 2)):
                    grids.multiply(1.0, 1.0)
            total = 0.0
            for channel in range(channels):
                steep = slope(grids, values, floors, shares, axis, channel)
                total = grids.add(total, grids.multiply(steep, upstream[(channel, *place)]))
            for_grid[(*place, axes - 1 - axis)] = to_grid(grids, total, lengths[axis], padding, sign, inside)
    return [for_x.get(place, 0.0) for place in values], list(for_grid.values())


def cubic(s: float) -> float:
    """The weight of a neighbour at a distance."""
    return ((_A + 2) * s - (_A + 3)) * s * s + 1 if s <= 1 else ((_A * s - 5 * _A) * s + 8 * _A) * s - 4 * _A


def cubic_slopes(t: Tally, s: float) -> Row:
    """The derivatives of the four neighbours' weights; on the far side the constants have the other sign."""

    def near(distance: float, sign: int) -> float:
        return t.multiply(
            t.subtract(t.multiply(sign * 3 * (_A + 2), distance), sign * 2 * (_A + 3)),
            distance,
        )

    def far(distance: float, sign: int) -> float:
        inner = t.subtract(t.multiply(sign * 3 * _A, distance), sign * 10 * _A)
        return t.add(t.multiply(inner, distance), sign * 8 * _A)

    return [far(s + 1, 1), near(s, 1), near(1 - s, -1), far(2 - s, -1)]


def grid_sample_cubic(x: Any, grid: Any, g: Any, inputs: Tally, grids: Tally) -> tuple[list[float], Any]:
    """Cubic in two dimensions, of one image."""
    channels, *lengths = shape(x)
    values, upstream = entries(x), entries(g)
    for_x: Grid = {}
    for_grid = dict.fromkeys(entries(grid), 0.0)
    for place in places(shape(grid)[:-1]):
        pixels = [coordinate(entries(grid)[(*place, 1 - axis)], lengths[axis], "zeros")[0] for axis in (0, 1)]
        floors = [math.floor(pixel) for pixel in pixels]
        shares = [pixel - floor for pixel, floor in zip(pixels, floors, strict=True)]
        lines = [[cubic(s + 1), cubic(s), cubic(1 - s), cubic(2 - s)] for s in shares]
        around = {(i, j): (floors[0] - 1 + i, floors[1] - 1 + j) for i, j in places((4, 4))}
        for channel, ((i, j), spot) in product(range(channels), around.items()):
            key = (channel, *spot)
            share = inputs.multiply(upstream[(channel, *place)], lines[0][i] * lines[1][j])
            for_x[key] = inputs.add(for_x.get(key, 0.0), share)
        for axis in (0, 1):
            slopes, other = cubic_slopes(grids, shares[axis]), lines[1 - axis]
            weights = {(i, j): grids.multiply(slopes[(i, j)[axis]], other[(i, j)[1 - axis]]) for i, j in around}
            total = 0.0
            for channel in range(channels):
                terms = [grids.multiply(weights[at], values.get((channel, *around[at]), 0.0)) for at in around]
                total = grids.add(total, grids.multiply(summed(grids, terms), upstream[(channel, *place)]))
            for_grid[(*place, 1 - axis)] = grids.multiply(total, lengths[axis] / 2)
    return [for_x.get(place, 0.0) for place in values], list(for_grid.values())


def summed(t: Tally, terms: Sequence[float]) -> float:
    """The sum of terms: one addition less than there are."""
    total = terms[0]
    for term in terms[1:]:
        total = t.add(total, term)
    return total


def deform(
    tensors: Sequence[Any], g: Any, groups: int, offset_groups: int, tallies: dict[str, Tally]
) -> tuple[Any, Any, Any, Any]:
    """A deformable convolution of one image with stride 1; the tensors are input, weight, offset, mask."""
    x, weight, offset, mask = (None if tensor is None else entries(tensor) for tensor in tensors)
    channels, outputs, (rows, columns) = shape(tensors[0])[0], shape(tensors[1])[0], shape(tensors[1])[2:]
    upstream = entries(g)
    for_x: Grid = {}
    for_weight, for_offset = dict.fromkeys(weight, 0.0), dict.fromkeys(offset, 0.0)
    for_mask = dict.fromkeys(mask or (), 0.0)
    for place, (k, tap), channel in product(places(shape(g)[1:]), enumerate(places((rows, columns))), range(channels)):
        group = channel // (channels // offset_groups)
        number = group * rows * columns + k
        spot = [place[axis] + tap[axis] + offset[(2 * number + axis, *place)] for axis in (0, 1)]
        floors = [math.floor(pixel) for pixel in spot]
        shares = [pixel - floor for pixel, floor in zip(spot, floors, strict=True)]
        quiet = Tally()
        around: Grid = {}
        spread(quiet, around, floors, shares, channel, 1.0)
        value = sum(share * x.get(at, 0.0) for at, share in around.items())
        scale = 1.0 if mask is None else mask[(number, *place)]
        own = channel // (channels // groups)
        for_value = 0.0
        for output in range(own * outputs // groups, (own + 1) * outputs // groups):
            key = (output, channel % (channels // groups), *tap)
            for_value = tallies["values"].mac(for_value, weight[key], upstream[(output, *place)])
            for_weight[key] = tallies["weight"].mac(for_weight[key], value * scale, upstream[(output, *place)])
        masked = for_value if mask is None else tallies["input"].multiply(for_value, scale)
        spread(tallies["input"], for_x, floors, shares, channel, masked)
        masked = for_value if mask is None else tallies["offset"].multiply(for_value, scale)
        for axis in (0, 1):
            steep = slope(tallies["offset"], x, floors, shares, axis, channel)
            key = (2 * number + axis, *place)
            for_offset[key] = tallies["offset"].add(for_offset[key], tallies["offset"].multiply(steep, masked))
        if mask is not None:
            key = (number, *place)
            for_mask[key] = tallies["mask"].add(for_mask[key], tallies["mask"].multiply(for_value, value))
    found = [for_x.get(place, 0.0) for place in x]
    return found, list(for_weight.values()), list(for_offset.values()), list(for_mask.values())


# --- layers of two inputs, normalized weights, similarities -----------------------------------------------


def bilinear(
    t: dict[str, Tally], first: list[Row], second: list[Row], weight: Any, g: list[Row]
) -> tuple[Any, Any, Any]:
    """The gradients of both inputs and of the weight."""
    sizes = shape(weight)
    for_first = [[0.0] * sizes[1] for _ in first]
    for_second = [[0.0] * sizes[2] for _ in second]
    for_weight = dict.fromkeys(entries(weight), 0.0)
    for n, o, j in places((len(first), sizes[0], sizes[2])):
        met = sum(first[n][i] * weight[o][i][j] for i in range(sizes[1]))
        for_second[n][j] = t["second"].mac(for_second[n][j], g[n][o], met)
        scaled = t["first"].multiply(g[n][o], second[n][j])
        again = t["weight"].multiply(g[n][o], second[n][j])
        for i in range(sizes[1]):
            for_first[n][i] = t["first"].mac(for_first[n][i], scaled, weight[o][i][j])
            for_weight[(o, i, j)] = t["weight"].mac(for_weight[(o, i, j)], again, first[n][i])
    return for_first, for_second, list(for_weight.values())


def weight_norm(t: dict[str, Tally], v: list[Row], lengths: Row, g: list[Row]) -> tuple[Any, Any]:
    """The gradients of each row's direction and of its length."""
    for_v, for_length = [], []
    for row, length, upstream in zip(v, lengths, g, strict=True):
        norm = math.sqrt(sum(value * value for value in row))
        total = other = 0.0
        for value, up in zip(row, upstream, strict=True):
            total = t["direction"].add(total, t["direction"].multiply(value, up))
            other = t["length"].add(other, t["length"].multiply(value, up))
        for_length.append(t["length"].divide(other, norm))
        tally = t["direction"]
        factor, scale = tally.divide(total, tally.multiply(norm, norm)), length / norm
        for_v.append(
            [
                tally.multiply(scale, tally.subtract(up, tally.multiply(value, factor)))
                for value, up in zip(row, upstream, strict=True)
            ]
        )
    return for_v, for_length


def cosine(t: Tally, x: Row, y: Row, g: float) -> Row:
    """The gradient of the first of two vectors."""
    norms = [math.sqrt(sum(value * value for value in vector)) for vector in (x, y)]
    similar = sum(a * b for a, b in zip(x, y, strict=True)) / norms[0] / norms[1]
    across, along = t.divide(g, norms[0] * norms[1]), t.divide(t.multiply(g, similar), norms[0] * norms[0])
    return [t.subtract(t.multiply(b, across), t.multiply(a, along)) for a, b in zip(x, y, strict=True)]


# --- complex numbers --------------------------------------------------------------------------------------


def times(t: Tally, a: complex, b: complex) -> complex:
    """A complex product."""
    real = t.subtract(t.multiply(a.real, b.real), t.multiply(a.imag, b.imag))
    return complex(real, t.add(t.multiply(a.real, b.imag), t.multiply(a.imag, b.real)))


def over(t: Tally, a: complex, b: complex) -> complex:
    """A complex quotient: times the conjugate, by its square."""
    top = times(t, a, b.conjugate())
    square = t.add(t.multiply(b.real, b.real), t.multiply(b.imag, b.imag))
    return complex(t.divide(top.real, square), t.divide(top.imag, square))


def negated(t: Tally, a: complex) -> complex:
    """Both parts with the other sign."""
    return complex(t.negate(a.real), t.negate(a.imag))


def together(t: Tally, a: complex, b: complex) -> float:
    """The real part of ā·b."""
    return t.add(t.multiply(a.real, b.real), t.multiply(a.imag, b.imag))


def scaled(t: Tally, a: complex, factor: float) -> complex:
    """Both parts times a real number."""
    return complex(t.multiply(a.real, factor), t.multiply(a.imag, factor))


def exponential(z: complex) -> complex:
    """A complex number's exponential."""
    return math.exp(z.real) * complex(math.cos(z.imag), math.sin(z.imag))


#: By name: from an upstream gradient and the arguments to each argument's gradient.
COMPLEX: dict[str, Callable[..., tuple[Any, ...]]] = {
    "multiply": lambda t, g, x, y: (times(t, g, y.conjugate()), times(t, g, x.conjugate())),
    "scale": lambda t, g, x, y: (scaled(t, g, y), together(t, x, g)),
    "shrink": lambda t, g, x, y: (
        complex(t.divide(g.real, y), t.divide(g.imag, y)),
        t.negate(t.divide(together(t, x / y, g), y)),
    ),
    "divide": lambda t, g, x, y: (
        over(t, g, y.conjugate()),
        over(t, negated(t, times(t, g, (x / y).conjugate())), y.conjugate()),
    ),
    "reciprocal": lambda t, g, x: (negated(t, times(t, times(t, (1 / x).conjugate(), (1 / x).conjugate()), g)),),
    "modulus": lambda t, g, x: (scaled(t, x, t.divide(g, abs(x))),),
    "exp": lambda t, g, x: (times(t, g, exponential(x).conjugate()),),
    "polar": lambda t, g, size, angle: (
        together(t, complex(math.cos(angle), math.sin(angle)), g),
        t.subtract(t.multiply(size * math.cos(angle), g.imag), t.multiply(size * math.sin(angle), g.real)),
    ),
}


# --- functions of real elements ---------------------------------------------------------------------------


def logarithms(t: Tally, g: float, x: float, y: float) -> Row:
    """Of log(exp x + exp y), each."""
    whole = math.log(math.exp(x) + math.exp(y))
    return [t.multiply(t.exp(t.subtract(value, whole)), g) for value in (x, y)]


def margin(t: Tally, g: float, x: float, y: float) -> Row:
    """Of log(1 + exp(−x·y)), of the first."""
    e = math.exp(-x * y)
    return [t.multiply(t.divide(t.negate(t.multiply(y, e)), 1 + e), g)]


#: By name: from an upstream gradient and the arguments to each argument's gradient.
REAL: dict[str, Callable[..., Sequence[float]]] = {
    "xlogy": lambda t, g, x, y: (t.multiply(math.log(y), g), t.multiply(t.divide(x, y), g)),
    "addcdiv": lambda t, g, a, x, y: (g, t.divide(g, y), t.negate(t.divide(t.multiply(x / y, g), y))),
    "addcdiv, scaled": lambda t, g, a, x, y: (
        g,
        t.divide(t.multiply(3, g), y),
        t.negate(t.divide(t.multiply(t.multiply(x / y, g), 3), y)),
    ),
    "logaddexp": logarithms,
    "soft margin": margin,
}


def logsumexp(t: Tally, x: Row, g: float) -> Row:
    """exp(x − y)·g."""
    whole = math.log(sum(math.exp(value) for value in x))
    return [t.multiply(t.exp(t.subtract(value, whole)), g) for value in x]


def norm_p(t: Tally, x: Row, g: float) -> Row:
    """(|x|/y)²·g with the element's sign: the norm of order 3."""
    whole = sum(abs(value) ** 3 for value in x) ** (1 / 3)

    def one(value: float) -> float:
        share = t.special(lambda a: a**2, t.divide(abs(value), whole))
        return t.multiply(t.multiply(share, g), 1.0 if t.positive(value) else -1.0)

    return [one(value) for value in x]


def norm_1(t: Tally, x: Row, g: float) -> Row:
    """The gradient with the element's sign."""
    return [t.multiply(g, 1.0 if t.positive(value) else -1.0) for value in x]


def norm_2(t: Tally, x: Row, g: float) -> Row:
    """x·g/y."""
    whole = math.sqrt(sum(value * value for value in x))
    return [t.divide(t.multiply(value, g), whole) for value in x]


ROWS = {"logsumexp": logsumexp, "norm of order 3": norm_p, "norm of order 1": norm_1, "norm": norm_2}
