"""Rare ways of writing a model, on which the tools that hear operations or a graph differ in the most surprising ways.

What each tool says is spelt out. The tools themselves are asked too, where they are installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from probes import PROBES, Probe, call
from torch import nn

import nbcnncost
from nbcnncost.conventions import PEERS

#: Batch 2; 5 places with 12 features; images of 6 by 6 with 8 channels.
PLACES, IMAGE = (2, 5, 12), (2, 8, 6, 6)
CONVENTIONS = {peer.name: peer for peer in PEERS}
#: What the expected numbers stand for, in this order.
TOOLS = ("flop_counter_mode", "fvcore", "torchprofile", "ptflops_aten")
NONE = (0, 0, 0, 0)

Run = Callable[..., Any]
Corner = tuple[Probe, tuple[int | None, ...]]


def on(size: tuple[int, ...], run: Run, **layers: Callable[[], nn.Module]) -> Probe:
    """A forward on an input of this size."""
    return call(run, *size, **layers)


def packed(m: Any, x: torch.Tensor) -> Any:
    """A sequence of 5 steps and one of 3, packed."""
    return m.r(nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3]), batch_first=True))[0].data


def attention(run: Run, **options: Any) -> Probe:
    """Attention of 12 features in 3 heads."""
    return on(PLACES, run, a=lambda: nn.MultiheadAttention(12, 3, batch_first=True, **options))


def grid(m: Any, x: torch.Tensor, mode: str) -> torch.Tensor:
    """An image sampled at 3 by 4 places."""
    return F.grid_sample(x, torch.zeros(2, 3, 4, 2, device=x.device), mode=mode, align_corners=False)


def on_complex(size: tuple[int, ...], make: Callable[..., nn.Module]) -> Probe:
    """A layer of complex numbers."""
    return on(size, lambda m, x: m.c(x.to(torch.complex64)).real, c=partial(make, dtype=torch.complex64))


#: Three real convolutions for one of complex numbers, while a product is one.
_COMPLEX, _COMPLEX_T = 3 * 2 * 4 * 4 * 8 * 4 * 9, 3 * 2 * 6 * 6 * 8 * 4 * 9
COMPLEX: Mapping[str, Corner] = {
    "complex convolution": (
        on_complex(IMAGE, partial(nn.Conv2d, 8, 4, 3)),
        (2 * _COMPLEX, _COMPLEX, None, _COMPLEX + 2 * 2 * 4 * 4 * 4),
    ),
    "complex transposed convolution": (
        on_complex(IMAGE, partial(nn.ConvTranspose2d, 8, 4, 3, 2)),
        (2 * _COMPLEX_T, _COMPLEX_T, None, _COMPLEX_T + 2 * 2 * 4 * 13 * 13),
    ),
    "complex linear": (
        on_complex(PLACES, partial(nn.Linear, 12, 4)),
        (2 * 10 * 12 * 4, 10 * 12 * 4, 10 * 12 * 4, 10 * (12 + 1) * 4),
    ),
    "complex matmul": (
        on(PLACES, lambda m, x: (x.to(torch.complex64) @ x.to(torch.complex64).mT).real),
        (2 * 2 * 5 * 12 * 5, 2 * 5 * 12 * 5, 2 * 5 * 12 * 5, 2 * 5 * 12 * 5),
    ),
    "vdot": (on(PLACES, lambda m, x: torch.vdot(x[0, 0], x[1, 1])), NONE),
}

ELEMENTS: Mapping[str, Corner] = {
    "1 / x": (on(PLACES, lambda m, x: 1 / x), (0, 0, 2 * 5 * 12, 0)),
    "torch.multiply": (on(PLACES, lambda m, x: torch.multiply(x, x)), (0, 0, 2 * 5 * 12, 0)),
    "LeakyReLU in place": (on(PLACES, lambda m, x: F.leaky_relu(x + 0, inplace=True)), NONE),
    "mean of all": (on(IMAGE, lambda m, x: x.mean()), (0, 0, 1, 0)),
    "lp_pool1d": (on(PLACES, lambda m, x: F.lp_pool1d(x, 2, 2)), (0, 0, 3 * 2 * 5 * 6, 0)),
    "lp_pool2d": (on(IMAGE, lambda m, x: F.lp_pool2d(x, 2.0, 2)), (0, 0, 3 * 2 * 8 * 3 * 3, 0)),
    "torch.layer_norm": (on(IMAGE, lambda m, x: torch.layer_norm(x, (6,))), (0, 4 * 2 * 8 * 6 * 6, 0, 0)),
    "torch.batch_norm": (
        on(
            IMAGE,
            lambda m, x: torch.batch_norm(
                x, m.b.weight, m.b.bias, m.b.running_mean, m.b.running_var, False, 0.1, 1e-5, True
            ),
            b=lambda: nn.BatchNorm2d(8),
        ),
        (0, 2 * 2 * 8 * 6 * 6, 2 * 8 * 6 * 6, 0),
    ),
}
RESIZED: Mapping[str, Corner] = {
    "sizes computed anew": (
        on(IMAGE, lambda m, x: F.interpolate(x, scale_factor=2.0, mode="bilinear", recompute_scale_factor=True)),
        (0, 4 * 2 * 8 * 12 * 12, 4 * 2 * 8 * 12 * 12 + 2, 0),
    ),
    "by area": (on(IMAGE, lambda m, x: F.interpolate(x, size=2, mode="area")), (0, 2 * 8 * 6 * 6, 2 * 8 * 2 * 2, 0)),
    "to one by area": (on(IMAGE, lambda m, x: F.interpolate(x, size=1, mode="area")), (0, 2 * 8 * 6 * 6, 2 * 8, 0)),
    "antialiased": (on(IMAGE, lambda m, x: F.interpolate(x, size=2, mode="bilinear", antialias=True)), NONE),
    "nearest, exact": (on(IMAGE, lambda m, x: F.interpolate(x, size=2, mode="nearest-exact")), NONE),
    "grid, nearest": (on(IMAGE, partial(grid, mode="nearest")), (0, 4 * 2 * 8 * 3 * 4, 0, 0)),
    "grid, bicubic": (on(IMAGE, partial(grid, mode="bicubic")), (0, 4 * 2 * 8 * 3 * 4, 16 * 2 * 8 * 3 * 4, 0)),
    "grid in a volume": (
        on(
            IMAGE,
            lambda m, x: F.grid_sample(x[None], torch.zeros(1, 3, 4, 5, 3, device=x.device), align_corners=False),
        ),
        (0, 4 * 2 * 3 * 4 * 5, 4 * 2 * 3 * 4 * 5, 0),
    ),
}
LAYERS: Mapping[str, Corner] = {
    "one image without batch": (
        on(IMAGE, lambda m, x: m.c(x[0]), c=lambda: nn.Conv2d(8, 6, 3)),
        (2 * 8 * 6 * 9 * 16, 8 * 6 * 9 * 16, 8 * 6 * 9 * 16, 8 * 6 * 9 * 16 + 6 * 16),
    ),
    "torch.convolution": (
        on(
            IMAGE,
            lambda m, x: torch.convolution(x, m.c.weight, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1),
            c=lambda: nn.Conv2d(8, 6, 3),
        ),
        (2 * 2 * 8 * 6 * 9 * 16, 2 * 8 * 6 * 9 * 16, 2 * 8 * 6 * 9 * 16, 2 * 8 * 6 * 9 * 16),
    ),
    "transposed by keywords": (
        on(
            IMAGE,
            lambda m, x: F.conv_transpose2d(input=x, weight=m.c.weight, groups=2),
            c=lambda: nn.ConvTranspose2d(8, 6, 3, groups=2),
        ),
        (2 * 2 * 36 * 8 * 3 * 9, 2 * 36 * 8 * 3 * 9, 2 * 64 * 6 * 8 * 9, 2 * 36 * 8 * 3 * 9),
    ),
    "linear by keywords": (
        on(PLACES, lambda m, x: F.linear(input=x, weight=m.f.weight, bias=m.f.bias), f=lambda: nn.Linear(12, 7)),
        (2 * 10 * 12 * 7, 10 * 12 * 7, 10 * 12 * 7, 10 * 12 * 7 + 10 * 7),
    ),
    "linear, one vector": (
        on(PLACES, lambda m, x: m.f(x[0, 0]), f=lambda: nn.Linear(12, 7)),
        (2 * 12 * 7, 12 * 7, 12 * 7, 12 * 7 + 7),
    ),
    "linear, transposed input": (
        on(PLACES, lambda m, x: m.f(x.transpose(1, 2)), f=lambda: nn.Linear(5, 7)),
        (2 * 24 * 5 * 7, 24 * 5 * 7, 24 * 5 * 7, 24 * 5 * 7),
    ),
    "linear, transposed matrix": (
        on(PLACES, lambda m, x: m.f(x[0].t()), f=lambda: nn.Linear(5, 7)),
        (2 * 12 * 5 * 7, 12 * 5 * 7, 12 * 5 * 7, 12 * 5 * 7 + 12 * 7),
    ),
}
PRODUCTS: Mapping[str, Corner] = {
    "torch.linalg.matmul": (
        on(PLACES, lambda m, x: torch.linalg.matmul(x, x.transpose(1, 2))),
        (2 * 2 * 25 * 12, 2 * 25 * 12, 2 * 25 * 12, 2 * 25 * 12),
    ),
    "matmul, turned round": (
        on(PLACES, lambda m, x: torch.Tensor.__rmatmul__(x.transpose(1, 2), x[0])),
        (2 * 2 * 25 * 12, 5 * 12 * 5, 2 * 25 * 12, 2 * 25 * 12),
    ),
    "matmul by keywords": (
        on(PLACES, lambda m, x: torch.matmul(input=x, other=x.transpose(1, 2))),
        (2 * 2 * 25 * 12, 2 * 25 * 12, 2 * 25 * 12, 2 * 25 * 12),
    ),
    "x @ vector": (on(PLACES, lambda m, x: x @ x[0, 0]), (0, None, 2 * 5 * 12, 0)),
    "vector @ x": (on(PLACES, lambda m, x: x[0, :, 0] @ x), (2 * 2 * 5 * 12, 5 * 12, 2 * 5 * 12, 2 * 5 * 12)),
    "vector @ matrix": (on(PLACES, lambda m, x: x[0, :, 0] @ x[0]), (2 * 5 * 12, 5 * 12, 5 * 12, 5 * 12)),
    "vector @ vector": (on(PLACES, lambda m, x: x[0, 0] @ x[0, 0]), (0, None, 12, 0)),
    "torch.mv": (on(PLACES, lambda m, x: torch.mv(x[0], x[0, 0])), NONE),
    "torch.dot": (on(PLACES, lambda m, x: torch.dot(x[0, 0], x[0, 0])), NONE),
    "torch.addmv": (on(PLACES, lambda m, x: torch.addmv(x[0, :, 0], x[0], x[0, 0])), (0, 0, 5 * 12, 0)),
    "torch.inner": (on(PLACES, lambda m, x: torch.inner(x, x)), (2 * 10 * 12 * 10, 0, 0, 10 * 12 * 10)),
    "torch.tensordot": (
        on(PLACES, lambda m, x: torch.tensordot(x, x, dims=([2], [2]))),
        (2 * 10 * 12 * 10, 0, 0, 10 * 12 * 10),
    ),
    "multi_dot": (
        on(PLACES, lambda m, x: torch.linalg.multi_dot([x[0], x[0].t(), x[0]])),
        (2 * 2 * 5 * 12 * 5, 0, 0, 2 * 5 * 12 * 5),
    ),
    "torch.addbmm": (on(PLACES, lambda m, x: torch.addbmm(x[0, :, :5], x, x.transpose(1, 2))), NONE),
}
EINSUMS: Mapping[str, Corner] = {
    "a list, with spaces": (
        on(PLACES, lambda m, x: torch.einsum("abc , abd -> acd", [x, x])),
        (2 * 2 * 12 * 5 * 12, 2 * 5 * 12 * 12, 2 * 5 * 12 * 12, 2 * 12 * 5 * 12),
    ),
    "lists of numbers": (
        on(PLACES, lambda m, x: torch.einsum(x, [0, 1, 2], x, [0, 3, 2], [0, 1, 3])),
        (2 * 2 * 25 * 12, 2 * 25 * 12, 2 * 25 * 12, 2 * 25 * 12),
    ),
    "no arrow": (
        on(PLACES, lambda m, x: torch.einsum("ij,jk", x[0], x[0].t())),
        (2 * 5 * 12 * 5, 5 * 12 * 5, 5 * 12 * 5, 5 * 12 * 5),
    ),
    "transposing alone": (on(PLACES, lambda m, x: torch.einsum("abc->cba", x)), (0, 120 // 2, 120, 0)),
    "summing alone": (on(PLACES, lambda m, x: torch.einsum("abc->a", x)), (0, 2 * 120 // 2, 120, 0)),
    "outer product": (on(PLACES, lambda m, x: torch.einsum("i,j->ij", x[0, 0], x[0, :, 0])), (0, 60 // 2, 60, 0)),
    "three, elementwise": (
        on(PLACES, lambda m, x: torch.einsum("abc,abc,abc->abc", x, x, x)),
        (0, 2 * 120 // 2, 120, 0),
    ),
    "broadcast": (
        on(PLACES, lambda m, x: torch.einsum("bij,bjk->bik", x, x[:1].transpose(1, 2))),
        (2 * 2 * 25 * 12, 2 * 25 * 12, 1 * 25 * 12, 2 * 25 * 12),
    ),
    "four digits": (  # 2·3·37·53·37 + 1 = 435,343 becomes 435,300
        on((3, 37, 53), lambda m, x: torch.einsum("bij,bjk->bik", x, x.transpose(1, 2))),
        (2 * 3 * 37 * 53 * 37, 435300 // 2, 3 * 37 * 53 * 37, 3 * 37 * 53 * 37),
    ),
    "four in the cheapest order": (  # for numpy from the middle; PyTorch goes from the left
        on(PLACES, lambda m, x: torch.einsum("ab,bc,cd,de->ae", x[0], x[0].t(), x[0, :, :3], x[0, :3, :7])),
        (
            2 * (5 * 12 * 5 + 5 * 5 * 3 + 5 * 3 * 7),
            5 * 12 * 3 + 12 * 5 * 3 + 5 * 3 * 7,
            5 * 12 * 5 * 3 * 7,
            5 * 12 * 5 + 5 * 5 * 3 + 5 * 3 * 7,
        ),
    ),
}
_SCORES = 2 * 8 * 6 * 6 * 6
ATTENTION: Mapping[str, Corner] = {
    "with dropout": (
        on(IMAGE, lambda m, x: F.scaled_dot_product_attention(x, x, x, dropout_p=0.1)),
        (2 * 2 * _SCORES, 0, 2 * _SCORES, 2 * _SCORES),
    ),
    "narrower values": (
        on(IMAGE, lambda m, x: F.scaled_dot_product_attention(x, x, x[..., :2])),
        (2 * 2 * 8 * 36 * (6 + 2), 0, 2 * 8 * 36 * (6 + 2), 2 * 8 * 36 * (6 + 2)),
    ),
    "five axes": (
        on(IMAGE, lambda m, x: F.scaled_dot_product_attention(x[None], x[None], x[None])),
        (2 * 2 * _SCORES, 0, 2 * _SCORES, 2 * _SCORES),
    ),
    "a mask": (
        on(IMAGE, lambda m, x: F.scaled_dot_product_attention(x, x, x, x[0, 0])),
        (4 * _SCORES, 0, 2 * _SCORES, 0),
    ),
    "a mask for each head": (
        on(IMAGE, lambda m, x: F.scaled_dot_product_attention(x, x, x, x[0])),
        (2 * 2 * _SCORES, 0, 2 * _SCORES, 2 * _SCORES),
    ),
    "fewer keys' heads": (
        on(IMAGE, lambda m, x: F.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True)),
        (2 * 2 * _SCORES, 0, None, 0),
    ),
}
_PROJECTIONS, _READ = 4 * 10 * 12 * 12, 2 * 3 * 5 * 5 * (4 + 4)
MULTIHEAD: Mapping[str, Corner] = {
    "padding": (
        attention(lambda m, x: m.a(x, x, x, key_padding_mask=x[:, :, 0] > 1, need_weights=False)[0]),
        (2 * (_PROJECTIONS + _READ), _PROJECTIONS, _PROJECTIONS + _READ + 4 + 1, _PROJECTIONS + 10 * 12),
    ),
    "one more place of zeros": (
        attention(lambda m, x: m.a(x, x, x, need_weights=False)[0], add_zero_attn=True),
        (
            2 * (_PROJECTIONS + 2 * 3 * 5 * 6 * 8),
            _PROJECTIONS,
            _PROJECTIONS + 2 * 3 * 5 * 6 * 8 + 4 + 1,
            _PROJECTIONS + 10 * 12,
        ),
    ),
    "without batch": (
        attention(lambda m, x: m.a(x[0], x[0], x[0], need_weights=False)[0]),
        (
            2 * (_PROJECTIONS + _READ) // 2,
            _PROJECTIONS // 2,
            (_PROJECTIONS + _READ) // 2 + 4,
            _PROJECTIONS // 2 + 5 * 36 + 5 * 12,
        ),
    ),
    "keys that are values": (
        attention(lambda m, x: m.a(x, *[x[:, :3]] * 2, need_weights=False)[0]),
        (
            2 * (2 * 10 * 144 + 2 * 6 * 144 + 6 * 5 * 3 * 8),
            2 * 10 * 144 + 2 * 6 * 144,
            2 * 10 * 144 + 2 * 6 * 144 + 6 * 5 * 3 * 8 + 4 + 2,
            2 * 10 * 144 + 2 * 6 * 144 + 10 * 12,
        ),
    ),
    "keys that are not values": (
        attention(lambda m, x: m.a(x, x[:, :3], x[:, :3], need_weights=False)[0]),
        (
            2 * (2 * 10 * 144 + 2 * 6 * 144 + 6 * 5 * 3 * 8),
            2 * 10 * 144 + 2 * 6 * 144,
            2 * 10 * 144 + 2 * 6 * 144 + 6 * 5 * 3 * 8 + 4,
            2 * 10 * 144 + 2 * 6 * 144 + 10 * 12,
        ),
    ),
}
_LSTM, _GRU = 4 * 7 * (12 + 7), 3 * 7 * (12 + 7)
RECURRENT: Mapping[str, Corner] = {
    "packed LSTM": (  # 8 steps; torchprofile takes 7 features for the batch
        on(PLACES, packed, r=lambda: nn.LSTM(12, 7, batch_first=True)),
        (2 * 8 * _LSTM, 0, 8 * 7 * _LSTM, 8 * (_LSTM + 2 * 28)),
    ),
    "packed GRU": (
        on(PLACES, packed, r=lambda: nn.GRU(12, 7, batch_first=True)),
        (2 * 8 * _GRU, 0, 0, 8 * (_GRU + 2 * 21)),
    ),
    "GRU, steps first": (
        on(PLACES, lambda m, x: m.r(x)[0], r=lambda: nn.GRU(12, 7)),
        (2 * 10 * _GRU, 0, 0, 10 * (_GRU + 2 * 21)),
    ),
    "GRU, batch first": (
        on(PLACES, lambda m, x: m.r(x)[0], r=lambda: nn.GRU(12, 7, batch_first=True)),
        (2 * 10 * _GRU, 0, 0, 10 * (_GRU + 21)),
    ),
    "GRU, one sequence": (
        on(PLACES, lambda m, x: m.r(x[:1])[0], r=lambda: nn.GRU(12, 7, batch_first=True)),
        (2 * 5 * _GRU, 0, 0, 5 * (_GRU + 2 * 21)),
    ),
    "LSTM in double precision": (
        on(PLACES, lambda m, x: m.r(x.double())[0], r=lambda: nn.LSTM(12, 7).double()),
        (2 * 10 * _LSTM, 0, 10 * _LSTM, 10 * (_LSTM + 2 * 28)),
    ),
    "two-way LSTM with projections": (
        on(PLACES, lambda m, x: m.r(x)[0], r=lambda: nn.LSTM(12, 7, bidirectional=True, proj_size=3)),
        (2 * 20 * (28 * (12 + 3) + 7 * 3), 0, 20 * 12 * (12 + 3), 20 * (28 * (12 + 3) + 7 * 3 + 2 * 28)),
    ),
}
CORNERS: Mapping[str, Corner] = MappingProxyType(
    {**ELEMENTS, **COMPLEX, **RESIZED, **LAYERS, **PRODUCTS, **EINSUMS, **ATTENTION, **MULTIHEAD, **RECURRENT}
)
EXPECTED = [
    pytest.param(name, tool, number, id=f"{name} by {tool}")
    for name, (_, numbers) in CORNERS.items()
    for tool, number in zip(TOOLS, numbers, strict=True)
]
pytestmark = pytest.mark.filterwarnings("ignore")


@cache
def report_of(name):
    """A corner's report: traced once for all tools."""
    probe = PROBES[name] if name in PROBES else CORNERS[name][0]
    return nbcnncost.cost(probe.model(), input_data=probe.inputs(), mode="same")


@pytest.mark.parametrize(("name", "tool", "number"), [case for case in EXPECTED if case.values[2] is not None])
def test_a_convention_has_the_tools_number(name, tool, number):
    """Where a tool gives a number, ours for it is the same."""
    assert report_of(name).counted_as(tool).total.count == number


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tool", "number"), EXPECTED)
def test_the_tool_says_this_number(name, tool, number):
    """The numbers in the table are the tool's own; where there is none, it fails."""
    package = CONVENTIONS[tool].tool.partition(".")[0].partition(" ")[0]
    pytest.importorskip(package, reason=f"{package} is not installed")
    assert importlib.import_module(f"run_{tool}").figures(CORNERS[name][0]).total == number


@pytest.mark.parametrize("tool", TOOLS)
def test_each_fault_shows_somewhere(tool):
    """A fault that a convention has a sentence for is marked in the probes and corners, and no other is.

    One of a backward pass is marked in the training step of a grouped convolution.
    """
    peer = CONVENTIONS[tool]
    marked = {part.fault for name in (*PROBES, *CORNERS) for part in peer.hears(report_of(name).trace) if part.fault}
    grouped = PROBES["conv2d groups"]
    step = nbcnncost.cost(grouped.model(), input_data=grouped.inputs(), training=True).trace
    marked |= {part.fault for part in peer.step_parts(step) if part.fault}
    assert marked == {key for key in peer.faults if not key.startswith("parameters")}


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_mapped_over_the_batch_counts_too(tool):
    """Under vmap a linear layer is not one operation: the products that it becomes are counted."""
    report = nbcnncost.cost(on(PLACES, lambda m, x: torch.vmap(m.f)(x), f=lambda: nn.Linear(12, 7)).model(), PLACES)
    once = 2 if tool == "flop_counter_mode" else 1
    assert report.counted_as(tool).total.count == once * 2 * 5 * 12 * 7
