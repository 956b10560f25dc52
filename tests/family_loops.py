"""Definitions beyond a CNN's everyday layers, executed with loops on nested lists, every operation counted.

As in `brute_force`: constants of a layer (an average's 1/n, a map's size) are computed without the tally.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from brute_force import Place, Tally, Tensor, at, clamp, filled, flat, places, shape, softplus

# --- sampling ---------------------------------------------------------------------------------------------


def whole_part(t: Tally, x: float) -> int:
    """The largest whole number that is not above x: an operation."""
    t.comparisons += 1
    return math.floor(x)


def pixel(t: Tally, g: float, size: int, padding: str, *, align: bool) -> float:
    """A grid's coordinate from −1 to 1 in pixels: a product and a sum; then what the padding asks for."""
    x = t.add(t.multiply(g, (size - 1 if align else size) / 2), (size - 1) / 2)
    if padding == "reflection":
        first, span = (0.0, size - 1) if align else (-0.5, size)
        distance = t.absolute(t.subtract(x, first))
        t.divisions += 1
        rest = math.fmod(distance, 2 * span)
        x = t.add(t.smaller(rest, t.subtract(2 * span, rest)), first)
    return x if padding == "zeros" else clamp(t, x, 0.0, size - 1.0)


def linear_taps(t: Tally, x: float) -> list[tuple[int, float]]:
    """Two neighbours along an axis, weighed by the fraction and its complement."""
    first = whole_part(t, x)
    fraction = t.subtract(x, first)
    return [(first, t.subtract(1.0, fraction)), (first + 1, fraction)]


def cubic_taps(t: Tally, x: float) -> list[tuple[int, float]]:
    """Four neighbours along an axis, weighed by the cubic convolution kernel with a = −0.75."""
    a = -0.75
    first = whole_part(t, x)
    d = t.subtract(x, first)

    def near(y: float) -> float:
        return t.add(t.multiply(t.multiply(t.subtract(t.multiply(a + 2, y), a + 3), y), y), 1.0)

    def far(y: float) -> float:
        inner = t.add(t.multiply(t.subtract(t.multiply(a, y), 5 * a), y), 8 * a)
        return t.subtract(t.multiply(inner, y), 4 * a)

    other = t.subtract(1.0, d)
    weights = [far(t.add(d, 1.0)), near(d), near(other), far(t.add(other, 1.0))]
    return [(first - 1 + place, weight) for place, weight in enumerate(weights)]


def together(t: Tally, axes: Sequence[list[tuple[int, float]]]) -> list[tuple[Place, float]]:
    """All neighbours, each with the product of its weights along the axes; products of two axes are shared."""
    taps: list[tuple[Place, float]] = [((place,), weight) for place, weight in axes[0]]
    for axis in axes[1:]:
        taps = [((*p, q), t.multiply(v, w)) for p, v in taps for q, w in axis]
    return taps


def weighed(t: Tally, values: Sequence[float], weights: Sequence[float]) -> float:
    """A product each, and a sum less."""
    parts = [t.multiply(value, weight) for value, weight in zip(values, weights, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = t.add(total, part)
    return total


def inside(place: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether a place is on the map."""
    return all(0 <= index < size for index, size in zip(place, sizes, strict=True))


def grid_sample(t: Tally, x: Tensor, grid: Tensor, mode: str, padding: str, *, align: bool) -> Tensor:
    """Values at the places that a grid names; the grid's last axis has x first."""
    sizes = shape(x)[2:]
    channels = shape(x)[1]

    def clipped(place: Place) -> Place:
        return tuple(min(max(index, 0), size - 1) for index, size in zip(place, sizes, strict=True))

    def values(image: int, place: Place) -> list[float]:
        coordinates = list(reversed(at(grid, (image, *place))))
        kept = "zeros" if mode == "bicubic" else padding
        pixels = [pixel(t, g, size, kept, align=align) for g, size in zip(coordinates, sizes, strict=True)]
        if mode == "nearest":
            t.comparisons += len(pixels)
            nearest = tuple(round(p) for p in pixels)
            return [at(x, (image, c, *nearest)) if inside(nearest, sizes) else 0.0 for c in range(channels)]
        taps = together(t, [(cubic_taps if mode == "bicubic" else linear_taps)(t, p) for p in pixels])
        where = [clipped(p) if padding == "border" else p for p, _ in taps]
        weights = [weight for _, weight in taps]
        return [
            weighed(t, [at(x, (image, c, *p)) if inside(p, sizes) else 0.0 for p in where], weights)
            for c in range(channels)
        ]

    out = shape(grid)[1:-1]
    found = {(image, *place): values(image, place) for image in range(len(x)) for place in places(out)}
    return filled((len(x), channels, *out), lambda p: found[(p[0], *p[2:])][p[1]])


def antialiased(t: Tally, x: Tensor, out: Sequence[int], support: float, kernel: Callable[[float], float]) -> Tensor:
    """Resizing: each output weighs all pixels under a kernel that is as wide as the step between outputs."""

    def axis(size: int, wanted: int) -> list[list[tuple[int, float]]]:
        step = size / wanted
        wide = max(step, 1.0)
        lines = []
        for index in range(wanted):
            centre, reach = step * (index + 0.5), support * wide
            taps = range(max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size))
            weights = [kernel((tap - centre + 0.5) / wide) for tap in taps]
            lines.append([(tap, weight / sum(weights)) for tap, weight in zip(taps, weights, strict=True)])
        return lines

    lines = [axis(size, wanted) for size, wanted in zip(shape(x)[2:], out, strict=True)]

    def output(place: Place) -> float:
        taps = list(product(lines[0][place[2]], lines[1][place[3]]))
        return weighed(t, [at(x, (*place[:2], a[0], b[0])) for a, b in taps], [a[1] * b[1] for a, b in taps])

    return filled((*shape(x)[:2], *out), output)


def triangle(x: float) -> float:
    """The kernel of linear interpolation."""
    return max(0.0, 1.0 - abs(x))


def smooth(x: float) -> float:
    """The kernel of cubic interpolation, a = −0.5."""
    a, d = -0.5, abs(x)
    if d < 1:
        return ((a + 2) * d - (a + 3)) * d * d + 1
    return (((d - 5) * d + 8) * d - 4) * a if d < 2 else 0.0


def deformed(
    t: Tally,
    x: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    settings: tuple[int, int, int],
    groups: int,
    offset_groups: int,
) -> Tensor:
    """A convolution of values that are sampled off the pixels; stride, padding and dilation hold for both axes."""
    stride, padding, dilation = settings
    channels, *sizes = shape(x)[1:]
    kernel = shape(weight)[2:]
    out = shape(offset)[2:]
    group_in, group_out = channels // groups, len(weight) // groups
    per_offset = channels // offset_groups

    def sampled(image: int, place: Place) -> dict[tuple[int, Place], float]:
        """Each channel's value under each place of the kernel."""
        values = {}
        for group, tap in product(range(offset_groups), places(kernel)):
            number = group * math.prod(kernel) + tap[0] * kernel[1] + tap[1]
            taps = []
            for axis in range(2):
                moved = at(offset, (image, 2 * number + axis, *place))
                fixed = place[axis] * stride - padding + tap[axis] * dilation
                taps.append(linear_taps(t, t.add(fixed, moved)))
            near = together(t, taps)
            for c in range(group * per_offset, (group + 1) * per_offset):
                here = [at(x, (image, c, *p)) if inside(p, sizes) else 0.0 for p, _ in near]
                value = weighed(t, here, [w for _, w in near])
                values[c, tap] = value if mask is None else t.multiply(value, at(mask, (image, number, *place)))
        return values

    found = {(image, *place): sampled(image, place) for image in range(len(x)) for place in places(out)}

    def output(place: Place) -> float:
        image, channel, *position = place
        total = 0.0
        for c, *tap in places((group_in, *kernel)):
            value = found[(image, *position)][channel // group_out * group_in + c, tuple(tap)]
            total = t.mac(total, value, at(weight, (channel, c, *tap)))
        return total

    return filled((len(x), len(weight), *out), output)


def roi_align(t: Tally, x: Tensor, boxes: Tensor, scale: float, bins: Place, samples: int, *, aligned: bool) -> Tensor:
    """The average of so many by so many sampled values in each bin of each box (all inside the image)."""
    channels = shape(x)[1]

    def of_box(box: list[float]) -> dict[Place, float]:
        image, corners = int(box[0]), [t.multiply(corner, scale) for corner in box[1:]]
        corners = [t.subtract(corner, 0.5) for corner in corners] if aligned else corners
        starts = (corners[1], corners[0])
        sides = [t.subtract(corners[3], corners[1]), t.subtract(corners[2], corners[0])]
        sides = sides if aligned else [t.larger(side, 1.0) for side in sides]
        steps = [t.divide(side, number) for side, number in zip(sides, bins, strict=True)]
        values = dict.fromkeys(product(range(channels), *map(range, bins)), 0.0)
        for cell, point in product(places(bins), places((samples, samples))):
            axes = []
            for start, step, index, part in zip(starts, steps, cell, point, strict=True):
                axes.append(linear_taps(t, t.add(start, t.multiply(index + (part + 0.5) / samples, step))))
            taps = together(t, axes)
            for c in range(channels):
                value = weighed(t, [at(x, (image, c, *p)) for p, _ in taps], [w for _, w in taps])
                values[(c, *cell)] = t.add(values[(c, *cell)], t.multiply(value, 1 / samples**2))
        return values

    found = [of_box(box) for box in boxes]
    return filled((len(boxes), channels, *bins), lambda p: found[p[0]][p[1:]])


def suppressed(t: Tally, boxes: Tensor, scores: list[float], threshold: float) -> list[int]:
    """The boxes that stay: every pair is compared (the scores' order comes for free here)."""
    areas = [t.multiply(t.subtract(c, a), t.subtract(d, b)) for a, b, c, d in boxes]
    order = sorted(range(len(boxes)), key=lambda box: -scores[box])
    gone = set()
    for place, first in enumerate(order):
        for second in order[place + 1 :]:
            p, q = boxes[first], boxes[second]
            width = t.subtract(t.smaller(p[2], q[2]), t.larger(p[0], q[0]))
            height = t.subtract(t.smaller(p[3], q[3]), t.larger(p[1], q[1]))
            common = t.multiply(t.larger(width, 0.0), t.larger(height, 0.0))
            union = t.subtract(t.add(areas[first], areas[second]), common)
            t.comparisons += 1
            if t.divide(common, union) > threshold and first not in gone:
                gone.add(second)
    return [box for box in order if box not in gone]


def folded(t: Tally, x: Tensor, out: Place, kernel: Place, stride: int, padding: int, dilation: int) -> Tensor:
    """Blocks back on the map, where they lie on top of each other added."""
    batch, rows, _ = shape(x)
    channels = rows // math.prod(kernel)
    steps = [range(-padding, size + padding - dilation * (k - 1), stride) for size, k in zip(out, kernel, strict=True)]
    total: dict[Place, float] = {}
    for image, c, tap in product(range(batch), range(channels), places(kernel)):
        row = (c * kernel[0] + tap[0]) * kernel[1] + tap[1]
        for block, start in enumerate(product(*steps)):
            place = (image, c, *(s + dilation * k for s, k in zip(start, tap, strict=True)))
            total[place] = t.add(total.get(place, 0.0), x[image][row][block])
    return filled((batch, channels, *out), lambda place: total.get(place, 0.0))


# --- Fourier transforms -----------------------------------------------------------------------------------


def times(t: Tally, a: complex, b: complex) -> complex:
    """A complex product: 4 products, a difference and a sum."""
    real = t.subtract(t.multiply(a.real, b.real), t.multiply(a.imag, b.imag))
    return complex(real, t.add(t.multiply(a.real, b.imag), t.multiply(a.imag, b.real)))


def plus(t: Tally, a: complex, b: complex, sign: int = 1) -> complex:
    """A complex sum or difference: two."""
    return complex(t.add(a.real, sign * b.real), t.add(a.imag, sign * b.imag))


def over(t: Tally, a: complex, b: complex) -> complex:
    """A complex quotient: times the conjugate, divided by the square of the modulus."""
    square = t.add(t.multiply(b.real, b.real), t.multiply(b.imag, b.imag))
    top = times(t, a, b.conjugate())
    return complex(t.divide(top.real, square), t.divide(top.imag, square))


def fourier(t: Tally, x: list[complex], sign: int = -1) -> list[complex]:
    """The fast Fourier transform: split by the smallest prime factor, transform the parts, put them together."""
    size = len(x)
    if size == 1:
        return [complex(x[0])]
    factor = next(q for q in range(2, size + 1) if size % q == 0)
    parts = [fourier(t, x[start::factor], sign) for start in range(factor)]
    root = [cmath.exp(sign * 2j * cmath.pi * k / size) for k in range(size)]
    if factor == 2:  # two outputs share a product
        turned = [times(t, part, root[k]) for k, part in enumerate(parts[1])]
        sums = [plus(t, a, b) for a, b in zip(parts[0], turned, strict=True)]
        return sums + [plus(t, a, b, -1) for a, b in zip(parts[0], turned, strict=True)]
    output = []
    for k in range(size):
        total = parts[0][k % (size // factor)]
        for j, part in enumerate(parts[1:], 1):
            total = plus(t, total, times(t, part[k % len(part)], root[j * k % size]))
        output.append(total)
    return output


def fourier_along(t: Tally, x: Tensor, axes: Sequence[int], sign: int = -1, scale: float | None = None) -> Tensor:
    """The transform along several axes, one after the other; then each value may be scaled."""
    for axis in axes:
        sizes = shape(x)
        lines = {
            rest: fourier(t, [at(x, (*rest[:axis], i, *rest[axis:])) for i in range(sizes[axis])], sign)
            for rest in places(sizes[:axis] + sizes[axis + 1 :])
        }
        x = filled(sizes, lambda p, lines=lines, axis=axis: lines[p[:axis] + p[axis + 1 :]][p[axis]])
    if scale is None:
        return x
    return filled(shape(x), lambda p: complex(t.multiply(at(x, p).real, scale), t.multiply(at(x, p).imag, scale)))


def halved(tally: Tally, whole: Tally) -> None:
    """Half of what a complex transform took: real numbers have a transform that is its own mirror image."""
    for name, count in vars(whole).items():
        assert count % 2 == 0
        setattr(tally, name, getattr(tally, name) + count // 2)


def complex_product(t: Tally, a: Tensor, b: Tensor) -> Tensor:
    """A matrix product of complex numbers: each complex multiply-accumulate is 4 real ones."""

    def output(place: Place) -> complex:
        real = imaginary = 0.0
        for k in range(len(b)):
            x, y = a[place[0]][k], b[k][place[1]]
            real = t.mac(t.mac(real, x.real, y.real), -x.imag, y.imag)
            imaginary = t.mac(t.mac(imaginary, x.real, y.imag), x.imag, y.real)
        return complex(real, imaginary)

    return filled((len(a), len(b[0])), output)


# --- sums, norms, distances -------------------------------------------------------------------------------


def norm(t: Tally, row: Sequence[float], order: float) -> float:
    """The root of the sum of powers, and what is left of it for 0, 1, 2 and infinity."""
    total = 0.0
    for value in row:
        if order == 2:
            total = t.add(total, t.multiply(value, value))
        elif order == 1:
            total = t.add(total, t.absolute(value))
        elif order == 0:
            t.comparisons += 1
            total = t.add(total, float(value != 0))
        elif order == math.inf:
            total = t.larger(total, t.absolute(value))
        else:
            total = t.add(total, t.special(math.pow, t.absolute(value), order))
    if order in (0, 1, math.inf):
        return total
    return t.special(math.pow, total, 1 / order)


def log_sum_exp(t: Tally, row: Sequence[float]) -> float:
    """Maximum, subtract, exp, sum; then the log and the maximum again."""
    most, total = -math.inf, 0.0
    for value in row:
        most = t.larger(most, value)
    for value in row:
        total = t.add(total, t.exp(t.subtract(value, most)))
    return t.add(t.special(math.log, total), most)


def log_add_exp(t: Tally, a: float, b: float) -> float:
    """The larger one + log(1 + exp(−|a − b|))."""
    least = t.negate(t.absolute(t.subtract(a, b)))
    return t.add(t.larger(a, b), t.special(math.log, t.add(1.0, t.exp(least))))


def distance(t: Tally, a: Sequence[float], b: Sequence[float], order: float) -> float:
    """The norm of the difference."""
    return norm(t, [t.subtract(x, y) for x, y in zip(a, b, strict=True)], order)


def cosine(t: Tally, a: Sequence[float], b: Sequence[float], eps: float = 1e-8) -> float:
    """a·b/(max(‖a‖, ε)·max(‖b‖, ε))."""
    dot = 0.0
    for x, y in zip(a, b, strict=True):
        dot = t.add(dot, t.multiply(x, y))
    lengths = [t.larger(norm(t, row, 2), eps) for row in (a, b)]
    return t.divide(dot, t.multiply(*lengths))


def bag(t: Tally, table: Tensor, rows: list[int], mode: str, weights: list[float] | None = None) -> list[float]:
    """Rows of a table, looked up and brought together."""
    result = [-math.inf if mode == "max" else 0.0] * len(table[0])
    for place, row in enumerate(rows):
        for c, value in enumerate(table[row]):
            if mode == "max":
                result[c] = t.larger(result[c], value)
                continue
            factor = 1 / len(rows) if mode == "mean" else None if weights is None else weights[place]
            result[c] = t.add(result[c], value if factor is None else t.multiply(value, factor))
    return result


def normed_weight(t: Tally, v: Tensor, g: list[float]) -> Tensor:
    """g·v/‖v‖, row by row."""
    factors = [t.divide(length, norm(t, flat(row), 2)) for row, length in zip(v, g, strict=True)]
    return filled(shape(v), lambda place: t.multiply(at(v, place), factors[place[0]]))


def renormed(t: Tally, x: Tensor, most: float) -> Tensor:
    """Rows that are longer than most are shortened to it; the rest is multiplied by 1."""
    factors = []
    for row in x:
        length = norm(t, row, 2)
        t.comparisons += 1
        factor = t.divide(most, length + 1e-7)
        factors.append(factor if length > most else 1.0)
    return [[t.multiply(value, factor) for value in row] for row, factor in zip(x, factors, strict=True)]


# --- losses -----------------------------------------------------------------------------------------------


def smooth_l1(t: Tally, x: float, y: float, beta: float) -> float:
    """½d²/β, or d − β/2 from β on."""
    d = t.absolute(t.subtract(x, y))
    below = t.divide(t.multiply(0.5, t.multiply(d, d)), beta)
    above = t.subtract(d, 0.5 * beta)
    t.comparisons += 1
    return below if d < beta else above


def huber(t: Tally, x: float, y: float, delta: float) -> float:
    """½d², or δ·(d − δ/2) from δ on."""
    d = t.absolute(t.subtract(x, y))
    below = t.multiply(0.5, t.multiply(d, d))
    above = t.multiply(delta, t.subtract(d, 0.5 * delta))
    t.comparisons += 1
    return below if d <= delta else above


def cross_entropy_of_two(t: Tally, x: float, y: float) -> float:
    """−(y·log x + (1 − y)·log(1 − x))."""
    first = t.multiply(y, t.special(math.log, x))
    second = t.multiply(t.subtract(1.0, y), t.special(math.log, t.subtract(1.0, x)))
    return t.negate(t.add(first, second))


def cross_entropy_of_logit(t: Tally, x: float, y: float) -> float:
    """The larger of x and 0, − x·y + log(1 + exp(−|x|))."""
    first = t.subtract(t.larger(x, 0.0), t.multiply(x, y))
    return t.add(first, softplus(t, t.negate(t.absolute(x))))


def reduced(t: Tally, values: list[float], reduction: str, weights: list[float] | None = None) -> Any:
    """As they are, summed, or summed with the mean's 1/n; before that each may be weighed."""
    if weights is not None:
        values = [t.multiply(value, weight) for value, weight in zip(values, weights, strict=True)]
    if reduction == "none":
        return values
    total = 0.0
    for value in values:
        total = t.add(total, t.multiply(value, 1 / len(values)) if reduction == "mean" else value)
    return total


def margins(t: Tally, row: list[float], target: int, power: int) -> float:
    """Σ max(0, 1 − x_y + x_i)^p/C over all other classes."""
    total = 0.0
    for place, value in enumerate(row):
        if place != target:
            over_it = t.larger(t.add(t.subtract(1.0, row[target]), value), 0.0)
            over_it = t.multiply(over_it, over_it) if power == 2 else over_it
            total = t.add(total, t.multiply(over_it, 1 / len(row)))
    return total


# --- linear algebra ---------------------------------------------------------------------------------------


def lu(t: Tally, matrix: Tensor) -> tuple[Tensor, list[int]]:
    """Gaussian elimination with pivots: L below the diagonal, U on and above it, and the order of the rows."""
    a = [list(row) for row in matrix]
    order = list(range(len(a)))
    for k in range(len(a)):
        pivot = k
        for row in range(k + 1, len(a)):
            t.comparisons += 1
            pivot = row if abs(a[row][k]) > abs(a[pivot][k]) else pivot
        a[k], a[pivot] = a[pivot], a[k]
        order[k], order[pivot] = order[pivot], order[k]
        for row in range(k + 1, len(a)):
            a[row][k] = t.divide(a[row][k], a[k][k])
            for column in range(k + 1, len(a)):
                a[row][column] = t.mac(a[row][column], -a[row][k], a[k][column])
    return a, order


def determinant(t: Tally, matrix: Tensor) -> float:
    """The product of U's diagonal; each exchange of rows turns the sign."""
    a, order = lu(t, matrix)
    result = a[0][0]
    for k in range(1, len(a)):
        result = t.multiply(result, a[k][k])
    turns = sum(order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order)))
    return result if turns % 2 == 0 else -result


def substitute(t: Tally, a: Tensor, side: list[float], *, upper: bool, unit: bool = False) -> list[float]:
    """The solution of a triangular system."""
    rows = range(len(a) - 1, -1, -1) if upper else range(len(a))
    found = [0.0] * len(a)
    for row in rows:
        rest = side[row]
        for column in range(row + 1, len(a)) if upper else range(row):
            rest = t.mac(rest, -a[row][column], found[column])
        found[row] = rest if unit else t.divide(rest, a[row][row])
    return found


def solved(t: Tally, matrix: Tensor, sides: Tensor) -> Tensor:
    """LU, then two substitutions for each right-hand side."""
    a, order = lu(t, matrix)
    columns = []
    for column in zip(*sides, strict=True):
        between = substitute(t, a, [column[row] for row in order], upper=False, unit=True)
        columns.append(substitute(t, a, between, upper=True))
    return [list(row) for row in zip(*columns, strict=True)]


def solved_by_factors(t: Tally, a: Tensor, pivots: list[int], sides: Tensor) -> Tensor:
    """Two substitutions for each right-hand side; the pivots (from 1) say which rows change places, in turn."""
    sides = list(sides)
    for row, pivot in enumerate(pivots):
        sides[row], sides[pivot - 1] = sides[pivot - 1], sides[row]
    columns = []
    for column in zip(*sides, strict=True):
        between = substitute(t, a, list(column), upper=False, unit=True)
        columns.append(substitute(t, a, between, upper=True))
    return [list(row) for row in zip(*columns, strict=True)]


def cholesky(t: Tally, a: Tensor) -> Tensor:
    """L with L·Lᵀ = A, column by column."""
    lower = [[0.0] * len(a) for _ in a]
    for k in range(len(a)):
        for row in range(k, len(a)):
            rest = a[row][k]
            for column in range(k):
                rest = t.mac(rest, -lower[row][column], lower[k][column])
            lower[row][k] = t.special(math.sqrt, rest) if row == k else t.divide(rest, lower[k][k])
    return lower
