"""calflops and DeepSpeed on what the probes leave out: numbers as products, and the tools themselves beside them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import run_calflops
import run_deepspeed
import torch
import torch.nn.functional as F
from probes import IMAGE, PROBES, Probe, call, layer
from torch import nn

import nbcnncost
from nbcnncost.conventions.einsum import Einsum, printed_cost
from nbcnncost.report import Report

RUNNERS = {"calflops": run_calflops, "deepspeed": run_deepspeed}
STEPS = (5, 12)


class MyLSTM(nn.LSTM):
    """A subclass, as users write them."""


def shared() -> nn.Module:
    """A block that stands in a container twice, and once more in another one; all are called."""
    block = nn.Sequential(nn.Linear(8, 8, bias=False), nn.ReLU())
    return nn.Sequential(nn.Sequential(block, block), nn.Sequential(nn.Linear(8, 8, bias=False), block))


def frozen(train_first: bool) -> nn.Module:
    """Attention whose parameters are frozen, behind a layer that is trained or not."""
    net = nn.TransformerEncoderLayer(12, 2, 20, batch_first=True)
    first = nn.Linear(12, 12, bias=False).requires_grad_(train_first)
    return nn.Sequential(first, net.requires_grad_(False), nn.Linear(12, 1, bias=False))


def stored() -> nn.Module:
    """A module that keeps one activation as an attribute, and calls another one by its name."""
    net = call(lambda m, x: m.act(F.gelu(x))).model()
    net.act = F.relu
    return net


def made_in_forward() -> nn.Module:
    """Two places that share a block whose forward makes a layer: that one counts with the block."""
    block = call(lambda m, x: nn.ReLU()(x), w=nn.Identity).model()
    return nn.Sequential(nn.Sequential(block), nn.Sequential(block))


#: What it is, the probe, calflops' number, DeepSpeed's; spelt out by the rules of each.
CASES: dict[str, tuple[Probe, int, int]] = {
    "sum() adds with +": (call(lambda m, x: sum([x, x, x]), *IMAGE), 0, 0),
    "reduce(torch.add) adds by name": (
        call(lambda m, x: functools.reduce(torch.add, [x, x, x]), *IMAGE),
        2 * 2 * 8 * 10 * 12,
        2 * 2 * 8 * 10 * 12,
    ),
    "a power pooling is a pooling, ReLU and a product": (
        layer(lambda: nn.LPPool2d(2, 2), *IMAGE),
        2 * 8 * 10 * 12 + 2 * 2 * 8 * 5 * 6,
        2 * 8 * 10 * 12 + 2 * 2 * 8 * 5 * 6,
    ),
    "a power pooling of infinite power": (
        layer(lambda: nn.LPPool1d(float("inf"), 2), 2, 8, 14),
        2 * 8 * 14,
        2 * 8 * 14,
    ),
    "local response norm of a sequence": (
        layer(lambda: nn.LocalResponseNorm(3), 2, 8, 14),
        3 * 2 * 8 * 14 + 2 * (8 + 2) * 14,
        3 * 2 * 8 * 14 + 2 * (8 + 2) * 14,
    ),
    "area: size, then pooling": (
        call(lambda m, x: F.interpolate(x, (5, 6), mode="area"), *IMAGE),
        5 * 6 + 2 * 8 * 10 * 12,
        5 * 6 + 2 * 8 * 10 * 12,
    ),
    "a factor that is not whole": (
        call(lambda m, x: F.interpolate(x, scale_factor=1.3), *IMAGE),
        2 * 8 * 10 * 12,
        int(2 * 8 * 10 * 12 * 1.3**2),
    ),
    "a factor for each direction": (
        call(lambda m, x: F.interpolate(x, scale_factor=(1.5, 2)), *IMAGE),
        2 * 8 * 10 * 12,
        2 * 8 * 15 * 24,
    ),
    "maxima with their places": (
        call(lambda m, x: F.adaptive_max_pool2d(F.max_pool2d(x, 2, return_indices=True)[0], 2, True)[0], *IMAGE),
        2 * 8 * 10 * 12 + 2 * 8 * 5 * 6,
        2 * 8 * 10 * 12 + 2 * 8 * 5 * 6,
    ),
    "shapes from the left, or from the right": (
        call(lambda m, x: torch.mul(x, x[0, 0, 0]), *IMAGE),
        12 * 8 * 10 * 12,
        2 * 8 * 10 * 12,
    ),
    "a matrix and a vector": (
        call(lambda m, x: torch.matmul(x, x[0, 0, 0]), *IMAGE),
        2 * (2 * 8 * 10 * 12) * 12,
        2 * (2 * 8 * 10 * 12) * 12,
    ),
    "addmm with a row": (
        call(lambda m, x: torch.addmm(x[0, :5], x, x.t()), *STEPS),
        2 * 5 * 12 * 5 + 5,
        2 * 5 * 12 * 5 + 5,
    ),
    "einsum of three, to four digits": (
        call(lambda m, x: torch.einsum("ij,kj,kl->il", x, x, x), *STEPS),
        2 * 5 * 12 * 5 + 2 * 5 * 5 * 12 + 1,
        2 * 5 * 12 * 5 + 2 * 5 * 5 * 12 + 1,
    ),
    "batch norm without running statistics": (
        Probe(lambda: nn.Sequential(nn.BatchNorm2d(8, track_running_stats=False)), (IMAGE,), train=True),
        5 * 2 * 8 * 10 * 12,
        5 * 2 * 8 * 10 * 12,
    ),
    "batch norm with them, called in training": (
        Probe(lambda: nn.Sequential(nn.BatchNorm2d(8, affine=False)), (IMAGE,), train=True),
        2 * 8 * 10 * 12,
        2 * 8 * 10 * 12,
    ),
    "padding to the same size, with a dilated kernel": (
        call(
            lambda m, x: F.conv2d(x, m.c.weight, padding="same", dilation=(1, 2)),
            *IMAGE,
            c=lambda: nn.Conv2d(8, 6, (2, 3)),
        ),
        2 * 2 * 9 * 12 * 8 * 6 * 2 * 3,
        2 * 2 * 9 * 12 * 8 * 6 * 2 * 3,
    ),
    "an LSTM without a batch takes features for steps": (
        call(lambda m, x: m.r(x)[0], *STEPS, r=lambda: nn.LSTM(12, 7, bias=False)),
        5 * 12 * (2 * 28 * 12 + 2 * 28 * 7 - 2 * 28 + 10 * 7),
        5 * 12 * (2 * 28 * 12 + 2 * 28 * 7 - 2 * 28 + 10 * 7),
    ),
    "an RNN of ReLU": (
        call(lambda m, x: m.r(x)[0], 2, *STEPS, r=lambda: nn.RNN(12, 7, nonlinearity="relu")),
        10 * (2 * 7 * 12 + 2 * 7 * 7 - 2 * 7 + 7 + 2 * 7),
        10 * (2 * 7 * 12 + 2 * 7 * 7 - 2 * 7 + 7 + 2 * 7),
    ),
    "a stored function": (Probe(stored, (IMAGE,)), 2 * 8 * 10 * 12, 2 * 8 * 10 * 12),
    "a subclass of LSTM": (call(lambda m, x: m.r(x)[0], 2, *STEPS, r=lambda: MyLSTM(12, 7)), 0, 0),
    "a block that several share": (
        # called three times; calflops meets it in two parents, each once
        Probe(shared, ((2, 8),)),
        2 * 3 * (2 * 2 * 8 * 8 + 2 * 8) + 2 * 2 * 8 * 8,
        3 * (2 * 2 * 8 * 8 + 2 * 8) + 2 * 2 * 8 * 8,
    ),
    "a layer made in a forward that is shared": (
        Probe(made_in_forward, ((2, 8),)),
        2 * 2 * (2 * 8),
        2 * (2 * 8),
    ),
    "frozen attention in one piece": (
        # heard: the first layer, two norms of 5, two linear layers, the head; not the activation, which is stored
        Probe(lambda: frozen(train_first=False), ((2, *STEPS),)),
        10 * (2 * 12 * 12 + 2 * 5 * 12 + 2 * 2 * 12 * 20 + 2 * 12),
        10 * (2 * 12 * 12 + 2 * 5 * 12 + 2 * 2 * 12 * 20 + 2 * 12),
    ),
    "frozen attention behind what is trained": (
        # as before, and the projections; DeepSpeed hears both products of attention too
        Probe(lambda: frozen(train_first=True), ((2, *STEPS),)),
        10 * (2 * 12 * 12 + 2 * 5 * 12 + 2 * 2 * 12 * 20 + 2 * 12) + 10 * 2 * 12 * (36 + 12),
        10 * (2 * 12 * 12 + 2 * 5 * 12 + 2 * 2 * 12 * 20 + 2 * 12) + 10 * 2 * 12 * (36 + 12) + 2 * 4 * 5 * 5 * 12,
    ),
}


def report_of(probe: Probe) -> Report:
    """A probe's report, in its own mode."""
    return nbcnncost.cost(probe.model(), input_data=probe.inputs(), mode="same")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_unusual_calls_count_as_the_tools_rules_say(name):
    """Each number is the product that the tool's rule makes of the shapes."""
    probe, of_calflops, of_deepspeed = CASES[name]
    report = report_of(probe)
    assert [report.counted_as(tool).total.count for tool in RUNNERS] == [of_calflops, of_deepspeed]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("place", [1, 2], ids=RUNNERS)
def test_the_tool_itself_says_so(place, name):
    """The products in the table are what the tool says when it is run."""
    runner = [*RUNNERS.values()][place - 1]
    if runner.missing():
        pytest.skip(runner.missing())
    figures = runner.figures(CASES[name][0])
    assert (figures.total, figures.error) == (CASES[name][place], "")


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bij,bjk->bik", [(2, 5, 12), (2, 12, 5)]),
        ("bij,bik", [(2, 5, 12), (2, 5, 7)]),
        ("...ij,...kj->...ik", [(3, 4, 5, 12), (4, 7, 12)]),
        ("i...,j->j...", [(5, 3, 4), (7,)]),
        ("ij,ij->ij", [(5, 12), (5, 12)]),
        ("ii->i", [(6, 6)]),
        ("ij,jk,kl->il", [(50, 3), (3, 40), (40, 70)]),
        ("abc,cd,de,ea->b", [(3, 4, 5), (5, 6), (6, 7), (7, 3)]),
        ("a,b,c,d->abcd", [(3,), (4,), (5,), (6,)]),
        ("a,b,c->", [(3,), (4,), (5,)]),
        ("bhid,bhjd->bhij", [(8, 12, 197, 64), (8, 12, 197, 64)]),
    ],
)
def test_einsum_costs_what_numpy_prints(equation, shapes):
    """The count is the one in numpy's own report, rounded as printed there."""
    report = np.einsum_path(equation, *map(np.zeros, shapes), optimize="optimal")[1]
    printed = next(line for line in report.splitlines() if "Optimized FLOP" in line)
    assert printed_cost(Einsum(equation.replace(" ", ""), tuple(map(tuple, shapes)))) == int(
        float(printed.partition(":")[2])
    )


def operators_of(run: Callable[..., Any]) -> list[bool]:
    """Whether each function that a forward called was an operator."""
    trace = nbcnncost.trace(call(run, *IMAGE).model(), IMAGE)
    return [function.operator for function in trace.functions]


def test_operators_are_told_from_methods():
    """``sum`` adds as ``+`` does; a method that is called by its name is none."""
    assert operators_of(lambda m, x: x + x) == [True]
    assert operators_of(lambda m, x: sum([x, x])) == [True, True]
    assert operators_of(lambda m, x: x.add(x).mul_(x)) == [False, False]
    assert operators_of(lambda m, x: functools.reduce(torch.add, [x, x])) == [False]


@pytest.mark.parametrize("tool", RUNNERS)
@pytest.mark.parametrize("name", ["torch.matmul", "torch.einsum other", "torch.addmm", "x @ y"])
def test_a_number_stands_where_its_function_computes(tool, name):
    """A product's number is the product's, not that of a view of its operands; so it is compared with ours for it."""
    report = report_of(PROBES[name]).counted_as(tool)
    kinds = [report.trace.ops[part.op].kind for part in report.convention.hears(report.trace)]
    assert kinds == ["matmul"]
