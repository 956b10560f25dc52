"""The table of kinds beyond a CNN's everyday layers: a torch function, its loops in `family_loops`, and inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import brute_force as brute
import family_loops as loops
import torch
import torch.nn.functional as F
import torchvision
from brute_force import Tally, Tensor, at, filled, flat, shape
from torch import nn
from twin_layers import Draw, Function, each, whole, yes


@dataclass
class Case:
    """A torch function (or module), the same as loops on nested lists, and their inputs."""

    run: Callable[..., torch.Tensor]
    loops: Callable[..., Tensor]
    inputs: tuple[torch.Tensor, ...]

    @property
    def model(self) -> nn.Module:
        """The function as a module."""
        return self.run.double() if isinstance(self.run, nn.Module) else Function(self.run)


def values(*size: int, low: float = -2.0, high: float = 2.0, name: str = "") -> torch.Tensor:
    """Values that look random, and are always the same for one size and name."""
    generator = torch.Generator().manual_seed(sum(map(ord, name)) + sum(size))
    return torch.rand(size, generator=generator, dtype=torch.double) * (high - low) + low


def complex_values(*size: int, name: str = "") -> torch.Tensor:
    """Complex ones."""
    return torch.complex(values(*size, name=f"{name} real"), values(*size, name=f"{name} imaginary"))


def one_of(draw: Draw, *choices: Any) -> Any:
    """One of these."""
    return choices[whole(draw, 0, len(choices) - 1)]


# --- sampling ---------------------------------------------------------------------------------------------


def grid_sample(mode: str, axes: int, draw: Draw) -> Case:
    """All paddings, corners aligned or not, places outside too."""
    padding, align = one_of(draw, "zeros", "border", "reflection"), yes(draw)
    padding = "border" if mode == "bicubic" and padding == "reflection" else padding
    x = values(*each(draw, 1, 2, 2), *each(draw, 2, 4, axes))
    grid = values(x.shape[0], *each(draw, 1, 3, axes), axes, low=-1.6, high=1.6, name="grid")
    run = partial(F.grid_sample, mode=mode, padding_mode=padding, align_corners=align)
    twin = {"bilinear": "linear"}.get(mode, mode)
    return Case(run, lambda t, x, grid: loops.grid_sample(t, x, grid, twin, padding, align=align), (x, grid))


def antialiased(mode: str, support: float, kernel: Callable[[float], float], draw: Draw) -> Case:
    """Larger and smaller; a map that is one pixel wide comes out of torch 2.14 as its first row, repeated."""
    x = values(*each(draw, 1, 2, 2), *each(draw, 2, 7, 2))
    size = each(draw, 2, 7, 2)
    run = partial(F.interpolate, size=size, mode=mode, antialias=True)
    return Case(run, lambda t, x: loops.antialiased(t, x, size, support, kernel), (x,))


def deformed(draw: Draw) -> Case:
    """With and without a mask; groups of channels and of offsets."""
    groups, offset_groups = each(draw, 1, 2, 2)
    c_in, c_out = groups * offset_groups, groups * whole(draw, 1, 2)
    kernel, settings = each(draw, 1, 2, 2), (whole(draw, 1, 2), whole(draw, 0, 1), whole(draw, 1, 2))
    size = [k + whole(draw, 1, 3) for k in kernel]
    stride, padding, dilation = settings
    out = [brute.windows(n, k, stride, (padding, padding), dilation) for n, k in zip(size, kernel, strict=True)]
    x, weight = values(1, c_in, *size), values(c_out, c_in // groups, *kernel, name="weight")
    taps = offset_groups * math.prod(kernel)
    offset = values(1, 2 * taps, *map(len, out), low=-1.5, high=1.5, name="offset")
    masks = (values(1, taps, *map(len, out), low=0, name="mask"),) if yes(draw) else ()

    def run(x: torch.Tensor, weight: torch.Tensor, offset: torch.Tensor, *mask: torch.Tensor) -> torch.Tensor:
        return torchvision.ops.deform_conv2d(x, offset, weight, None, *settings, *(mask or (None,)))

    def twin(t: Tally, x: Tensor, weight: Tensor, offset: Tensor, *mask: Tensor) -> Tensor:
        return loops.deformed(t, x, weight, offset, mask[0] if mask else None, settings, groups, offset_groups)

    return Case(run, twin, (x, weight, offset, *masks))


def roi_align(draw: Draw) -> Case:
    """Boxes inside the image, shifted by half a pixel or not."""
    x = values(2, whole(draw, 1, 2), 9, 8)
    corners = values(whole(draw, 1, 3), 2, low=1.0, high=2.0, name="corners")
    sides = values(len(corners), 2, low=1.2, high=4.0, name="sides")
    boxes = torch.cat([torch.arange(len(corners))[:, None] % 2, corners, corners + sides], 1).double()
    bins, samples, aligned = each(draw, 1, 2, 2), whole(draw, 1, 2), yes(draw)
    scale = one_of(draw, 1.0, 0.75)
    run = partial(torchvision.ops.roi_align, output_size=bins, spatial_scale=scale, sampling_ratio=samples)
    return Case(
        partial(run, aligned=aligned),
        lambda t, x, boxes: loops.roi_align(t, x, boxes, scale, bins, samples, aligned=aligned),
        (x, boxes),
    )


def folded(draw: Draw) -> Case:
    """Blocks that overlap, stand apart, reach over the edge."""
    kernel, out = each(draw, 1, 2, 2), each(draw, 3, 5, 2)
    stride, padding, dilation = whole(draw, 1, 2), whole(draw, 0, 1), whole(draw, 1, 2)
    steps = [len(brute.windows(n, k, stride, (padding, padding), dilation)) for n, k in zip(out, kernel, strict=True)]
    x = values(whole(draw, 1, 2), math.prod(kernel) * whole(draw, 1, 2), math.prod(steps))
    return Case(
        partial(F.fold, output_size=out, kernel_size=kernel, dilation=dilation, padding=padding, stride=stride),
        lambda t, x: loops.folded(t, x, out, kernel, stride, padding, dilation),
        (x,),
    )


def unfolded(draw: Draw) -> Case:
    """The other way round nothing is computed."""
    kernel = each(draw, 1, 2, 2)
    x = values(1, 2, 4, 3)

    def twin(t: Tally, x: Tensor) -> Tensor:
        blocks = [range(4 - kernel[0] + 1), range(3 - kernel[1] + 1)]
        rows = [(c, i, j) for c in range(2) for i in range(kernel[0]) for j in range(kernel[1])]
        return [[[x[0][c][a + i][b + j] for a in blocks[0] for b in blocks[1]] for c, i, j in rows]]

    return Case(partial(F.unfold, kernel_size=kernel), twin, (x,))


def unpooled(draw: Draw) -> Case:
    """Values go back to where they were the largest; nothing is computed."""
    pooled, indices = F.max_pool2d(values(1, whole(draw, 1, 2), 4, 6), 2, return_indices=True)

    def twin(t: Tally, x: Tensor, places: Tensor) -> Tensor:
        maps = []
        for values, where in zip(x[0], places[0], strict=True):
            back = dict(zip(flat(where), flat(values), strict=True))
            maps.append([[back.get(row * 6 + column, 0.0) for column in range(6)] for row in range(4)])
        return [maps]

    return Case(partial(F.max_unpool2d, kernel_size=2), twin, (pooled, indices))


# --- complex numbers --------------------------------------------------------------------------------------


def pointwise(function: Callable[..., torch.Tensor], twin: Callable[..., Any], numbers: Sequence[str], d: Draw) -> Case:
    """Element by element; each input real or complex."""
    size = each(d, 1, 3, 2)
    inputs = tuple(
        complex_values(*size, name=str(place))
        if kind == "complex"
        else values(*size, low=0.1, high=0.9, name=str(place))
        for place, kind in enumerate(numbers)
    )
    return Case(
        function, lambda t, *x: filled(shape(x[0]), lambda place: twin(t, *(at(part, place) for part in x))), inputs
    )


def scaled(t: Tally, a: Any, b: Any) -> complex:
    """A complex number times a real one."""
    number, factor = (a, b) if isinstance(a, complex) else (b, a)
    return complex(t.multiply(number.real, factor), t.multiply(number.imag, factor))


def modulus(t: Tally, a: complex) -> float:
    """The root of the two squares' sum."""
    return t.special(math.sqrt, t.add(t.multiply(a.real, a.real), t.multiply(a.imag, a.imag)))


def on_circle(t: Tally, modulus: float, angle: float) -> complex:
    """A modulus and an angle as a complex number."""
    return complex(t.multiply(modulus, t.special(math.cos, angle)), t.multiply(modulus, t.special(math.sin, angle)))


def inverted(t: Tally, a: complex) -> complex:
    """The conjugate over the square of the modulus."""
    square = t.add(t.multiply(a.real, a.real), t.multiply(a.imag, a.imag))
    return complex(t.divide(a.real, square), t.divide(t.negate(a.imag), square))


POINTWISE: dict[str, tuple[Callable[..., torch.Tensor], Callable[..., Any], Sequence[str]]] = {
    "complex add": (torch.add, loops.plus, ("complex", "complex")),
    "complex subtract": (torch.sub, lambda t, a, b: loops.plus(t, a, b, -1), ("complex", "complex")),
    "complex multiply": (torch.mul, loops.times, ("complex", "complex")),
    "complex times real": (torch.mul, scaled, ("complex", "real")),
    "complex times a number": (lambda x: x * 2.5, lambda t, a: scaled(t, a, 2.5), ("complex",)),
    "complex divide": (torch.div, loops.over, ("complex", "complex")),
    "complex over real": (
        torch.div,
        lambda t, a, b: complex(t.divide(a.real, b), t.divide(a.imag, b)),
        ("complex", "real"),
    ),
    "complex reciprocal": (torch.reciprocal, inverted, ("complex",)),
    "modulus": (torch.abs, modulus, ("complex",)),
    "complex exp": (torch.exp, lambda t, a: on_circle(t, t.exp(a.real), a.imag), ("complex",)),
    "polar": (torch.polar, on_circle, ("real", "real")),
    "view as real": (lambda x: torch.view_as_real(x)[..., 0], lambda t, a: a.real, ("complex",)),
    "addcmul": (torch.addcmul, lambda t, a, b, c: t.add(a, t.multiply(b, c)), ("real",) * 3),
    "addcmul scaled": (
        lambda a, b, c: torch.addcmul(a, b, c, value=0.3),
        lambda t, a, b, c: t.add(a, t.multiply(t.multiply(0.3, b), c)),
        ("real",) * 3,
    ),
    "addcdiv": (torch.addcdiv, lambda t, a, b, c: t.add(a, t.divide(b, c)), ("real",) * 3),
    "addcdiv scaled": (
        lambda a, b, c: torch.addcdiv(a, b, c, value=0.3),
        lambda t, a, b, c: t.add(a, t.multiply(0.3, t.divide(b, c))),
        ("real",) * 3,
    ),
    "add scaled": (
        lambda a, b: torch.add(a, b, alpha=0.3),
        lambda t, a, b: t.add(a, t.multiply(0.3, b)),
        ("real",) * 2,
    ),
    "lerp": (torch.lerp, lambda t, a, b, w: t.add(a, t.multiply(w, t.subtract(b, a))), ("real",) * 3),
    "hypot": (torch.hypot, lambda t, a, b: modulus(t, complex(a, b)), ("real",) * 2),
    "logit": (
        torch.logit,
        lambda t, a: t.special(math.log, t.divide(a, t.subtract(1.0, a))),
        ("real",),
    ),
    "xlogy": (torch.xlogy, lambda t, a, b: t.multiply(a, t.special(math.log, b)), ("real",) * 2),
    "logaddexp": (torch.logaddexp, loops.log_add_exp, ("real",) * 2),
}


def hardshrink(t: Tally, x: float) -> float:
    """Nothing between −½ and ½."""
    return x if t.positive(x - 0.5) | t.positive(-0.5 - x) else 0.0


def softshrink(t: Tally, x: float) -> float:
    """Nothing between −½ and ½, and so much less beyond."""
    above, below = t.subtract(x, 0.5), t.add(x, 0.5)
    over, under = t.positive(above), t.positive(-below)
    return above if over else below if under else 0.0


def complex_product(name: str, draw: Draw) -> Case:
    """Matrix products, linear layers and convolutions of complex numbers."""
    m, k, p = each(draw, 1, 3, 3)
    x, y = complex_values(m, k, name="x"), complex_values(k, p, name="y")
    if name == "linear":
        return Case(lambda x, y: F.linear(x, y.mT), loops.complex_product, (x, y))
    if name == "convolution":  # of kernel 1, it is a matrix product at each place

        def run(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return F.conv1d(x.mT[None], y.mT[:, :, None])[0].mT

        return Case(run, loops.complex_product, (x, y))
    if name == "transposed convolution":
        return Case(lambda x, y: F.conv_transpose1d(x.mT[None], y[:, :, None])[0].mT, loops.complex_product, (x, y))
    return Case(torch.mm, loops.complex_product, (x, y))


def complex_total(name: str, draw: Draw) -> Case:
    """Sums and means of complex numbers along the last axis."""
    size = each(draw, 1, 4, 2)

    def total(t: Tally, row: Sequence[complex]) -> complex:
        result = 0j
        for value in row:
            result = loops.plus(t, result, scaled(t, value, 1 / len(row)) if name == "mean" else value)
        return result

    run = {"sum": lambda x: x.sum(1), "mean": lambda x: x.mean(1)}[name]
    return Case(run, lambda t, x: [total(t, row) for row in x], (complex_values(*size),))


def transform(name: str, draw: Draw) -> Case:
    """Of powers of two and of other lengths; scaled or not."""
    axes = {"fft": (1,), "ifft": (1,), "fft ortho": (1,), "fft2": (0, 1), "fftn": (0, 1, 2)}[name]
    size = (
        tuple(one_of(draw, 1, 2, 3, 4, 5, 6, 7, 8) for _ in range(max(2, len(axes)))) if name != "fftn" else (2, 3, 4)
    )
    points = math.prod(size[axis] for axis in axes)
    function = {"ifft": torch.fft.ifft, "fft2": torch.fft.fft2, "fftn": torch.fft.fftn}.get(name, torch.fft.fft)
    run = partial(function, norm="ortho") if "ortho" in name else function
    scale = {"ifft": 1 / points, "fft ortho": 1 / math.sqrt(points)}.get(name)
    sign = 1 if name == "ifft" else -1
    return Case(run, lambda t, x: loops.fourier_along(t, x, axes, sign, scale), (complex_values(*size),))


def real_transform(name: str, draw: Draw) -> Case:
    """Half of the complex transform's work."""
    size = (whole(draw, 1, 2), one_of(draw, 2, 4, 6, 8, 10))
    x = values(*size)
    axes = (0, 1) if "2" in name else (1,)
    kept = size[1] // 2 + 1
    inverse = name.startswith("i")

    def twin(t: Tally, x: Tensor) -> Tensor:
        whole_work = Tally()
        scale = 1 / math.prod(size[axis] for axis in axes) if inverse else None
        full = loops.fourier_along(whole_work, x, axes, 1 if inverse else -1, scale)
        loops.halved(t, whole_work)
        return filled(size, lambda p: at(full, p).real) if inverse else [row[:kept] for row in full]

    if not inverse:
        return Case(torch.fft.rfft2 if "2" in name else torch.fft.rfft, twin, (x,))
    spectrum = (torch.fft.fft2 if "2" in name else torch.fft.fft)(x)
    function = torch.fft.irfft2 if "2" in name else torch.fft.irfft
    run = partial(function, s=size) if "2" in name else partial(function, n=size[1])
    return Case(lambda full: run(full[:, :kept]), twin, (spectrum,))


# --- sums, norms, distances -------------------------------------------------------------------------------


def over_rows(function: Callable[..., torch.Tensor], twin: Callable[..., float], draw: Draw) -> Case:
    """Along the last axis."""
    x = values(*each(draw, 1, 4, 2))
    return Case(function, lambda t, x: [twin(t, row) for row in x], (x,))


def product(t: Tally, row: Sequence[float]) -> float:
    """One after the other, from 1."""
    total = 1.0
    for value in row:
        total = t.multiply(total, value)
    return total


def distances(order: float, draw: Draw) -> Case:
    """Each row of one matrix and each of another."""
    rows, others, width = each(draw, 1, 4, 3)
    inputs = (values(rows, width, name="a"), values(others, width, name="b"))
    twin = partial(loops.distance, order=order)
    return Case(partial(torch.cdist, p=order), lambda t, a, b: [[twin(t, x, y) for y in b] for x in a], inputs)


def own_distances(draw: Draw) -> Case:
    """Each row and each further down."""
    x = values(whole(draw, 2, 4), whole(draw, 1, 3))

    def twin(t: Tally, x: Tensor) -> Tensor:
        return [loops.distance(t, a, b, 2) for place, a in enumerate(x) for b in x[place + 1 :]]

    return Case(F.pdist, twin, (x,))


def many_distances(draw: Draw) -> Case:
    """More than 25 rows, which torch computes by a matrix product: the definition is the same."""
    width = whole(draw, 1, 2)
    inputs = (values(26, width, name="a"), values(2, width, name="b"))
    return Case(torch.cdist, lambda t, a, b: [[loops.distance(t, x, y, 2) for y in b] for x in a], inputs)


def cosine(draw: Draw) -> Case:
    """Rows of two matrices, by pairs."""
    size = each(draw, 1, 4, 2)
    inputs = (values(*size, name="a"), values(*size, name="b"))
    return Case(
        nn.CosineSimilarity(), lambda t, a, b: [loops.cosine(t, x, y) for x, y in zip(a, b, strict=True)], inputs
    )


def bags(mode: str, weighted: bool, draw: Draw) -> Case:
    """Rows of a table, some of them twice."""
    table = values(*each(draw, 1, 4, 2))
    size = each(draw, 1, 3, 2)
    rows = torch.arange(math.prod(size)).reshape(size) % len(table)
    weights = (values(*size, name="weights"),) if weighted else ()

    def run(rows: torch.Tensor, table: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        return F.embedding_bag(rows, table, mode=mode, per_sample_weights=weights[0] if weights else None)

    def twin(t: Tally, rows: Tensor, table: Tensor, *weights: Tensor) -> Tensor:
        return [
            loops.bag(t, table, bag, mode, weights[0][place] if weights else None) for place, bag in enumerate(rows)
        ]

    return Case(run, twin, (rows, table, *weights))


def normed_layer(draw: Draw) -> Case:
    """A linear layer whose weight is a direction and a length."""
    inputs, outputs = each(draw, 1, 4, 2)
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(inputs, outputs, bias=False)).double()
    g, v = layer.parametrizations.weight.original0, layer.parametrizations.weight.original1
    with torch.no_grad():
        g.copy_(values(outputs, 1, name="g"))
        v.copy_(values(outputs, inputs, name="v"))

    def twin(t: Tally, x: Tensor) -> Tensor:
        weight = loops.normed_weight(t, v.tolist(), [row[0] for row in g.tolist()])
        return [brute.row_times_matrix(t, weight, row) for row in x]

    return Case(layer, twin, (values(whole(draw, 1, 2), inputs),))


def scattered(draw: Draw) -> Case:
    """Rows added to other rows."""
    x, source = values(3, whole(draw, 1, 3), name="x"), values(whole(draw, 1, 4), 1, name="source")
    source = source.expand(-1, x.shape[1]).contiguous()
    index = torch.arange(len(source)) % 3

    def twin(t: Tally, x: Tensor, index: Tensor, source: Tensor) -> Tensor:
        rows = [list(row) for row in x]
        for place, row in zip(index, source, strict=True):
            rows[place] = [t.add(a, b) for a, b in zip(rows[place], row, strict=True)]
        return rows

    return Case(lambda x, index, source: x.index_add(0, index, source), twin, (x, index, source))


# --- layers and linear algebra ----------------------------------------------------------------------------


def bilinear(draw: Draw) -> Case:
    """With and without bias."""
    rows, first, second, outputs = each(draw, 1, 3, 4)
    layer = nn.Bilinear(first, second, outputs, bias=yes(draw)).double()
    with torch.no_grad():
        layer.weight.copy_(values(outputs, first, second, name="weight"))

    def twin(t: Tally, a: Tensor, b: Tensor) -> Tensor:
        biases = [0.0] * outputs if layer.bias is None else layer.bias.tolist()
        rows = []
        for x, y in zip(a, b, strict=True):
            row = []
            for matrix, bias in zip(layer.weight.tolist(), biases, strict=True):
                between = brute.row_times_matrix(t, [list(column) for column in zip(*matrix, strict=True)], x)
                row.append(brute.row_times_matrix(t, [y], between)[0] + bias)
            rows.append(row)
        return rows

    return Case(layer, twin, (values(rows, first, name="a"), values(rows, second, name="b")))


def affine_grid(draw: Draw) -> Case:
    """The corners' own places, turned and shifted by a matrix for each image."""
    batch, size = whole(draw, 1, 2), each(draw, 1, 3, 2)
    matrices = values(batch, 2, 3)

    def twin(t: Tally, matrices: Tensor) -> Tensor:
        lines = [[(2 * place + 1) / n - 1 for place in range(n)] for n in size]
        return [[[brute.row_times_matrix(t, m, [b, a, 1.0]) for b in lines[1]] for a in lines[0]] for m in matrices]

    return Case(partial(F.affine_grid, size=[batch, 1, *size], align_corners=False), twin, (matrices,))


def scaled_product(draw: Draw) -> Case:
    """A product, scaled and added to what is not counted (a bias)."""
    batch, m, k, p = each(draw, 1, 3, 4)
    inputs = (values(batch, m, p), values(batch, m, k, name="a"), values(batch, k, p, name="b"))

    def twin(t: Tally, c: Tensor, a: Tensor, b: Tensor) -> Tensor:
        products = brute.einsum("bij,bjk->bik").run(t, a, b)
        return filled(shape(c), lambda place: t.multiply(at(products, place), 0.5) + at(c, place))

    return Case(lambda c, a, b: torch.baddbmm(c, a, b, alpha=0.5), twin, inputs)


def square(name: str, draw: Draw) -> Case:
    """On batches of square matrices with a strong diagonal."""
    batch, size, sides = whole(draw, 1, 2), whole(draw, 1, 4), whole(draw, 1, 3)
    matrices = values(batch, size, size) + torch.diag_embed(values(batch, size, low=2.0, high=4.0, name="diagonal"))
    right = values(batch, size, sides, name="right")
    factors = torch.linalg.lu_factor(matrices)
    positive = matrices @ matrices.mT + torch.eye(size, dtype=torch.double)
    one: dict[str, tuple[Callable[..., torch.Tensor], Callable[..., Any], tuple[torch.Tensor, ...]]] = {
        "LU": (lambda a: torch.linalg.lu_factor(a).LU, lambda t, a: loops.lu(t, a)[0], (matrices,)),
        "determinant": (torch.linalg.det, loops.determinant, (matrices,)),
        "solve": (torch.linalg.solve, loops.solved, (matrices, right)),
        "inverse": (
            torch.linalg.inv,
            lambda t, a: loops.solved(t, a, torch.eye(size, dtype=torch.double).tolist()),
            (matrices,),
        ),
        "Cholesky": (torch.linalg.cholesky, loops.cholesky, (positive,)),
        "solve by factors": (
            torch.linalg.lu_solve,
            loops.solved_by_factors,
            (factors.LU, factors.pivots, right),
        ),
        "triangular solve": (
            lambda a, b: torch.linalg.solve_triangular(a, b, upper=True),
            lambda t, a, b: list(
                map(
                    list, zip(*(loops.substitute(t, a, list(c), upper=True) for c in zip(*b, strict=True)), strict=True)
                )
            ),
            (matrices.triu(), right),
        ),
    }
    run, twin, inputs = one[name]
    return Case(run, lambda t, *parts: [twin(t, *each) for each in zip(*parts, strict=True)], inputs)


SQUARES = ("LU", "determinant", "solve", "solve by factors", "inverse", "Cholesky", "triangular solve")


def cross(draw: Draw) -> Case:
    """Of rows of three."""
    rows = whole(draw, 1, 3)

    def twin(t: Tally, a: Tensor, b: Tensor) -> Tensor:
        pairs = [(1, 2), (2, 0), (0, 1)]
        return [
            [t.subtract(t.multiply(x[i], y[j]), t.multiply(x[j], y[i])) for i, j in pairs]
            for x, y in zip(a, b, strict=True)
        ]

    return Case(torch.linalg.cross, twin, (values(rows, 3, name="a"), values(rows, 3, name="b")))


def renormed(draw: Draw) -> Case:
    """Rows no longer than 1."""
    x = values(*each(draw, 1, 3, 2))
    return Case(lambda x: torch.renorm(x, 2, 0, 1.0), lambda t, x: loops.renormed(t, x, 1.0), (x,))


# --- losses -----------------------------------------------------------------------------------------------


def squared(t: Tally, d: float) -> float:
    """A difference times itself."""
    return t.multiply(d, d)


LOSSES: dict[str, tuple[Callable[..., torch.Tensor], Callable[..., float], bool]] = {
    "mse": (F.mse_loss, lambda t, x, y: squared(t, t.subtract(x, y)), False),
    "smooth L1": (partial(F.smooth_l1_loss, beta=0.7), partial(loops.smooth_l1, beta=0.7), False),
    "Huber": (partial(F.huber_loss, delta=0.7), partial(loops.huber, delta=0.7), False),
    "L1": (F.l1_loss, lambda t, x, y: t.absolute(t.subtract(x, y)), False),
    "binary cross-entropy": (F.binary_cross_entropy, loops.cross_entropy_of_two, True),
    "binary cross-entropy of logits": (F.binary_cross_entropy_with_logits, loops.cross_entropy_of_logit, True),
    "soft margin": (
        F.soft_margin_loss,
        lambda t, x, y: t.special(math.log, t.add(1.0, t.exp(t.negate(t.multiply(x, y))))),
        False,
    ),
}


def loss(name: str, draw: Draw) -> Case:
    """With each reduction, and where there are weights, with and without."""
    function, twin, takes_weights = LOSSES[name]
    reduction = one_of(draw, "none", "sum", "mean")
    size = whole(draw, 1, 6)
    inputs = [values(size, low=0.1, high=0.9, name="x"), values(size, low=0.1, high=0.9, name="y")]
    if takes_weights and yes(draw):
        inputs.append(values(size, low=0.1, name="weights"))

    def run(x: torch.Tensor, y: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        return function(x, y, reduction=reduction, **({"weight": weights[0]} if weights else {}))

    def loop(t: Tally, x: Tensor, y: Tensor, *weights: Tensor) -> Tensor:
        each = [twin(t, a, b) for a, b in zip(x, y, strict=True)]
        return loops.reduced(t, each, reduction, weights[0] if weights else None)

    return Case(run, loop, tuple(inputs))


def likelihood(draw: Draw) -> Case:
    """Classes with weights and without; the weighed mean is divided by the weights' sum."""
    rows, classes = whole(draw, 1, 4), whole(draw, 1, 3)
    reduction, weighted = one_of(draw, "none", "sum", "mean"), yes(draw)
    x, target = values(rows, classes), torch.arange(rows) % classes
    inputs = (x, target, values(classes, low=0.1, name="weights")) if weighted else (x, target)

    def loop(t: Tally, x: Tensor, target: Tensor, *weights: Tensor) -> Tensor:
        each = [t.negate(row[place]) for row, place in zip(x, target, strict=True)]
        if not weights:
            return loops.reduced(t, each, reduction)
        own = [weights[0][place] for place in target]
        if reduction != "mean":
            return loops.reduced(t, each, reduction, own)
        total, weight = loops.reduced(t, each, "sum", own), 0.0
        for value in own:
            weight = t.add(weight, value)
        return total / weight

    return Case(lambda x, y, *w: F.nll_loss(x, y, *w, reduction=reduction), loop, inputs)


def margin(draw: Draw) -> Case:
    """Powers 1 and 2."""
    rows, classes, power = whole(draw, 1, 3), whole(draw, 2, 4), whole(draw, 1, 2)
    reduction = one_of(draw, "none", "sum", "mean")

    def loop(t: Tally, x: Tensor, target: Tensor) -> Tensor:
        each = [loops.margins(t, row, place, power) for row, place in zip(x, target, strict=True)]
        return loops.reduced(t, each, reduction)

    run = partial(F.multi_margin_loss, p=power, reduction=reduction)
    return Case(run, loop, (values(rows, classes), torch.arange(rows) % classes))


def cases() -> dict[str, Callable[[Draw], Case]]:
    """Every kind by name, with the function that draws one."""
    table: dict[str, Callable[[Draw], Case]] = {
        "grid_sample nearest": partial(grid_sample, "nearest", 2),
        "grid_sample nearest 3-D": partial(grid_sample, "nearest", 3),
        "grid_sample bilinear": partial(grid_sample, "bilinear", 2),
        "grid_sample trilinear": partial(grid_sample, "bilinear", 3),
        "grid_sample bicubic": partial(grid_sample, "bicubic", 2),
        "antialiased bilinear": partial(antialiased, "bilinear", 1.0, loops.triangle),
        "antialiased bicubic": partial(antialiased, "bicubic", 2.0, loops.smooth),
        "deform_conv2d": deformed,
        "roi_align": roi_align,
        "fold": folded,
        "unfold": unfolded,
        "max_unpool2d": unpooled,
        "pdist": own_distances,
        "cdist of many": many_distances,
        "CosineSimilarity": cosine,
        "weight_norm": normed_layer,
        "index_add": scattered,
        "renorm": renormed,
        "Bilinear": bilinear,
        "affine_grid": affine_grid,
        "baddbmm scaled": scaled_product,
        "cross": cross,
        "nll_loss": likelihood,
        "multi_margin_loss": margin,
        "prod": partial(over_rows, lambda x: x.prod(1), product),
        "logsumexp": partial(over_rows, lambda x: x.logsumexp(1), loops.log_sum_exp),
        "hardshrink": partial(over_rows, F.hardshrink, lambda t, row: [hardshrink(t, x) for x in row]),
        "softshrink": partial(over_rows, F.softshrink, lambda t, row: [softshrink(t, x) for x in row]),
    }
    for order in (0, 1, 2, 3.5, math.inf):
        run = partial(torch.linalg.vector_norm, ord=order, dim=1)
        table[f"norm {order}"] = partial(over_rows, run, partial(loops.norm, order=order))
        table[f"cdist {order}"] = partial(distances, order)
    for mode, weighted in (("sum", False), ("sum", True), ("mean", False), ("max", False)):
        table[f"embedding_bag {mode}{' weighed' if weighted else ''}"] = partial(bags, mode, weighted)
    families: list[tuple[str, Any, Callable[..., Case]]] = [
        ("complex ", ("mm", "linear", "convolution", "transposed convolution"), complex_product),
        ("complex ", ("sum", "mean"), complex_total),
        ("", ("fft", "ifft", "fft ortho", "fft2", "fftn"), transform),
        ("", ("rfft", "irfft", "rfft2", "irfft2"), real_transform),
        ("", SQUARES, square),
        ("loss ", LOSSES, loss),
    ]
    for prefix, names, function in families:
        table |= {f"{prefix}{name}": partial(function, name) for name in names}
    return table | {name: partial(pointwise, *given) for name, given in POINTWISE.items()}


CASES = cases()
