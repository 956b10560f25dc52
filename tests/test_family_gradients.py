"""The gradients of the kinds in `families/`: what the derivative's definition takes, whose values are autograd's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import family_gradient_loops as loops
import pytest
import torch
import torch.nn.functional as F
import torchvision
from brute_force import Tally
from nets import Body
from test_gradients import assert_equal, function, gradients, trained, values
from torch import Tensor, nn
from torchvision.ops import deform_conv2d, roi_align

from nbcnncost import cost


def leaf(sizes: tuple[int, ...], name: str) -> Tensor:
    """Numbers that need a gradient."""
    return values(sizes, name).requires_grad_()


def split(run: Callable[..., Tensor], x: Tensor, other: Tensor) -> tuple[int, int]:
    """The FLOPs of the first argument's gradient, and of the second's, which is a parameter here."""
    net = Body(lambda net, x: run(x, net.other), other=nn.Parameter(other.detach()))
    row = trained(net, x)
    assert row.backward.unknown == 0
    return row.backward_inputs.flops, row.backward_weights.flops


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("axes", [2, 3])
def test_grid_sampling(axes, padding):
    """Bilinear and trilinear, with every border: the image's gradient and the grid's."""
    x, grid = leaf((1, 3, 4, 5, 3)[: axes + 2], "x"), leaf((1, *((2, 3, 2)[:axes]), axes), "grid")

    def run(x, grid):
        return F.grid_sample(x, grid, padding_mode=padding, align_corners=False)

    output = run(x, grid)
    upstream = values(tuple(output.shape), "upstream")
    inputs, grids = Tally(), Tally()
    computed = loops.grid_sample(x[0].tolist(), grid[0].tolist(), upstream[0].tolist(), padding, inputs, grids)
    for found, expected in zip(computed, gradients(output, x, grid), strict=True):
        assert_equal(found, expected)
    assert split(run, x, grid) == (inputs.flops, grids.flops)


def test_cubic_grid_sampling():
    """Four by four neighbours."""
    x, grid = leaf((1, 3, 4, 5), "x"), leaf((1, 2, 3, 2), "grid")

    def run(x, grid):
        return F.grid_sample(x, grid, mode="bicubic", align_corners=False)

    output = run(x, grid)
    upstream = values(tuple(output.shape), "upstream")
    inputs, grids = Tally(), Tally()
    computed = loops.grid_sample_cubic(x[0].tolist(), grid[0].tolist(), upstream[0].tolist(), inputs, grids)
    for found, expected in zip(computed, gradients(output, x, grid), strict=True):
        assert_equal(found, expected)
    assert split(run, x, grid) == (inputs.flops, grids.flops)


def test_the_nearest_pixel_has_no_gradient_by_its_place():
    """Each output's gradient is added to its pixel; the grid's is zero."""

    def run(x, grid):
        return F.grid_sample(x, grid, mode="nearest", align_corners=False)

    x, grid = leaf((2, 3, 4, 5), "x"), leaf((2, 6, 7, 2), "grid")
    assert split(run, x, grid) == (2 * 3 * 6 * 7, 0)
    assert gradients(run(x, grid), grid)[0].abs().sum() == 0


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("groups", "offset_groups"), [(1, 1), (2, 1), (1, 2)])
def test_deformable_convolution(groups, offset_groups, masked):
    """Input, weight, offsets and mask: the sampled values' gradients are one product, whoever needs them."""
    x, weight = leaf((1, 4, 5, 4), "x"), leaf((6, 4 // groups, 2, 3), "weight")
    offset = leaf((1, 2 * offset_groups * 6, 4, 2), "offset")
    mask = leaf((1, offset_groups * 6, 4, 2), "mask") if masked else None
    tensors = [x, weight, offset, *([mask] if masked else [])]
    output = deform_conv2d(x, offset, weight, mask=mask)
    upstream = values(tuple(output.shape), "upstream")
    tallies = {name: Tally() for name in ("values", "input", "weight", "offset", "mask")}
    lists = [x[0].tolist(), weight.tolist(), offset[0].tolist(), mask[0].tolist() if masked else None]
    computed = loops.deform(lists, upstream[0].tolist(), groups, offset_groups, tallies)
    for found, expected in zip(computed, gradients(output, *tensors), strict=False):
        assert_equal(found, expected)
    net = Body(
        lambda net, x, offset, mask=None: deform_conv2d(x, offset, net.weight, mask=mask),
        weight=nn.Parameter(weight.detach()),
    )
    row = trained(net, x, offset, *([mask] if masked else []))
    assert row.backward.unknown == 0
    assert row.backward_weights.flops == tallies["weight"].flops
    assert row.backward_inputs.flops == sum(tallies[name].flops for name in ("values", "input", "offset", "mask"))
    product = 4 * 2 * (4 // groups) * 6 * 6
    assert (row.backward_inputs.macs, row.backward_weights.macs) == (product, product)
    frozen = trained(net.requires_grad_(requires_grad=False), x, offset, *([mask] if masked else []))
    assert frozen.backward_weights.flops == 0


def test_roi_align():
    """Each output's share, weighed and added to 4 pixels for each of 2 × 2 sampled points; boxes get no gradient."""
    row = trained(
        function(lambda x, boxes: roi_align(x, boxes, 3, sampling_ratio=2)),
        leaf((1, 5, 8, 8), "x"),
        leaf((7, 5), "boxes"),
    )
    outputs = 7 * 5 * 3 * 3
    assert row.backward.flops == outputs + outputs * 2 * 2 * 8
    assert row.backward.unknown == 0


def test_antialiased_resizing():
    """As many products and sums as torch's windows have elements: those that one output's gradient reaches."""
    x = leaf((1, 1, 8, 8), "x")
    output = F.interpolate(x, size=(3, 4), mode="bilinear", antialias=True)
    windows = sum(
        int(torch.autograd.grad(entry, x, retain_graph=True)[0].count_nonzero()) for entry in output.flatten()
    )
    row = trained(function(lambda x: F.interpolate(x, size=(3, 4), mode="bilinear", antialias=True)), x)
    assert row.backward.flops == 2 * windows


def test_bilinear_layer():
    """Both inputs' gradients and the weight's; the product with the first input is at hand."""
    first, second, weight = leaf((2, 3), "first"), leaf((2, 4), "second"), leaf((5, 3, 4), "weight")
    output = F.bilinear(first, second, weight)
    upstream = values((2, 5), "upstream").tolist()
    tallies = {name: Tally() for name in ("first", "second", "weight")}
    computed = loops.bilinear(tallies, first.tolist(), second.tolist(), weight.tolist(), upstream)
    for found, expected in zip(computed, gradients(output, first, second, weight), strict=True):
        assert_equal(found, expected)
    row = trained(nn.Bilinear(3, 4, 5), first, second)
    assert row.backward_inputs.flops == tallies["first"].flops + tallies["second"].flops
    assert row.backward_weights.flops == tallies["weight"].flops


def test_weight_normalization():
    """The direction's gradient and the length's, before the layer's own."""
    v, length = leaf((3, 4), "v"), leaf((3, 1), "length")
    output = torch._weight_norm(v, length, 0)
    tallies = {name: Tally() for name in ("direction", "length")}
    upstream = values((3, 4), "upstream").tolist()
    computed = loops.weight_norm(tallies, v.tolist(), length.flatten().tolist(), upstream)
    for found, expected in zip(computed, gradients(output, v, length), strict=True):
        assert_equal(found, expected)
    row = trained(nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), leaf((2, 4), "x"))
    assert row.backward.unknown == 0
    layer = 2 * 2 * 4 * 3
    assert row.backward_weights.flops == layer + tallies["direction"].flops + tallies["length"].flops


def test_cosine_similarity():
    """Both arguments."""
    x, y = leaf((3, 4), "x"), leaf((3, 4), "y")
    output = F.cosine_similarity(x, y)
    upstream = values((3,), "upstream").tolist()
    tally = Tally()
    rows = list(zip(x.tolist(), y.tolist(), upstream, strict=True))
    for_x = [loops.cosine(tally, a, b, g) for a, b, g in rows]
    for_y = [loops.cosine(tally, b, a, g) for a, b, g in rows]
    for found, expected in zip((for_x, for_y), gradients(output, x, y), strict=True):
        assert_equal(found, expected)
    assert trained(function(F.cosine_similarity), x, y).backward.flops == tally.flops


RUNS: dict[str, tuple[Callable[..., Tensor], str]] = {
    "multiply": (torch.mul, "cc"),
    "scale": (torch.mul, "cr"),
    "shrink": (torch.div, "cr"),
    "divide": (torch.div, "cc"),
    "reciprocal": (torch.reciprocal, "c"),
    "modulus": (torch.abs, "c"),
    "exp": (torch.exp, "c"),
    "polar": (torch.polar, "rr"),
    "xlogy": (torch.xlogy, "rr"),
    "addcdiv": (torch.addcdiv, "rrr"),
    "addcdiv, scaled": (lambda *tensors: torch.addcdiv(*tensors, value=3), "rrr"),
    "logaddexp": (torch.logaddexp, "rr"),
    "soft margin": (lambda x, y: F.soft_margin_loss(x, y.detach(), reduction="none"), "rf"),
}


def element(number: int, kind: str) -> Tensor:
    """Real positive or complex numbers of a shape."""
    real = values((2, 3), f"real {number}").abs() + 0.5
    return torch.complex(real, values((2, 3), f"imaginary {number}")) if kind == "c" else real


@pytest.mark.parametrize("name", RUNS)
def test_functions_of_each_element(name):
    """Complex and real arithmetic: each argument's gradient."""
    run, kinds = RUNS[name]
    arguments = [element(number, kind).requires_grad_() for number, kind in enumerate(kinds)]
    wanted = [argument for argument, kind in zip(arguments, kinds, strict=True) if kind != "f"]
    output = run(*arguments)
    upstream = element(9, "c" if output.is_complex() else "r")
    tally = Tally()
    one: Any = {**loops.COMPLEX, **loops.REAL}[name]
    rows = zip(upstream.flatten().tolist(), *(argument.flatten().tolist() for argument in arguments), strict=True)
    found = list(zip(*(one(tally, *row) for row in rows), strict=True))
    for computed, expected in zip(found, torch.autograd.grad(output, wanted, upstream), strict=True):
        torch.testing.assert_close(torch.tensor(computed, dtype=expected.dtype).reshape(2, 3), expected)
    row = cost(function(run), input_data=tuple(arguments), training=True, optimizer=None, input_grad=True).total
    assert row.backward.unknown == 0
    assert row.backward.flops == tally.flops


@pytest.mark.parametrize(
    ("run", "flops"),
    [
        (lambda x: x * x.conj(), 2 * 3 * (6 + 6 + 2)),  # two complex products, and the sum where they meet
        (lambda x: x + x[:1], 2 * 3 * 2 + 2 * 3 * 2),  # what was broadcast, and what meets in x
        (lambda x: x.cumsum(1), 2 * 3 * 2),
        (lambda x: x.repeat(4, 1), 4 * 2 * 3 * 2),
        (lambda x: x.mean(1), 2 * 3 * 2),
        (lambda x: x.sum(1), 0),
    ],
)
def test_sums_of_complex_gradients(run, flops):
    """Where complex gradients meet, both parts are added."""
    x = element(0, "c").requires_grad_()
    row = cost(function(run), input_data=x, training=True, optimizer=None, input_grad=True).total
    assert (row.backward.flops, row.backward.unknown) == (flops, 0)


REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "logsumexp": lambda x: x.logsumexp(1),
    "norm": lambda x: torch.linalg.vector_norm(x, dim=1),
    "norm of order 1": lambda x: torch.linalg.vector_norm(x, 1, dim=1),
    "norm of order 3": lambda x: torch.linalg.vector_norm(x, 3, dim=1),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    """Norms of every order have gradients of their own."""
    x = leaf((3, 4), "x")
    output = REDUCTIONS[name](x)
    tally = Tally()
    upstream = values((3,), "upstream").tolist()
    assert_equal(
        [loops.ROWS[name](tally, row, g) for row, g in zip(x.tolist(), upstream, strict=True)], *gradients(output, x)
    )
    assert trained(function(REDUCTIONS[name]), x).backward.flops == tally.flops


@pytest.mark.parametrize(
    ("run", "sizes"),
    [
        (torch.fft.fft, (2, 8)),
        (torch.fft.rfft, (2, 8)),
        (lambda x: F.conv1d(x, x[:1, :, :3]), (1, 2, 5)),
    ],
)
def test_transforms_and_complex_layers(run, sizes):
    """A transform's gradient is its adjoint, of the same size; a layer's products are as many, for each argument."""
    is_fft = run is not torch.fft.rfft
    x = values(sizes, "x") if not is_fft else torch.complex(values(sizes, "x"), values(sizes, "y"))
    total = cost(function(run), input_data=x, training=True, optimizer=None, input_grad=True).total
    assert total.backward.unknown == 0
    if total.macs:
        assert total.backward.macs == 2 * total.macs
    else:
        assert total.backward.flops == total.flops


def test_solving_and_inverting():
    """The transposed system by the factors at hand, and for the matrix a product with the solution."""
    matrix, right = leaf((3, 3), "matrix"), leaf((3, 2), "right")
    row = trained(function(torch.linalg.solve), matrix, right)
    substitutions, product = 2 * (2 * 3 * 2) + 2 * 3, 2 * (3 * 3 * 2) + 3 * 3
    assert row.backward.flops == substitutions + product


@pytest.mark.slow
@pytest.mark.parametrize("name", ["raft_small", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large"])
def test_training_whole_networks_is_known(name):
    """Optical flow samples a grid forty-eight times; nothing of its step or of segmentation is unknown."""
    settings = {} if name == "raft_small" else {"weights_backbone": None}
    with torch.device("meta"):
        model = torchvision.models.get_model(name, weights=None, **settings)
    size = [(1, 3, 128, 128)] * 2 if name == "raft_small" else (2, 3, 64, 64)
    report = cost(model, size, training=True)
    assert report.uncounted == ()
    assert report.total.step.macs > 2.9 * report.total.macs
