"""Random networks: whatever is built, rows add up, counts are those of loops, and nothing of the model changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import brute_force as brute
import torch
from brute_force import Tally, Tensor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from nbcnncost import cost

MODEST = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Block:
    """A piece of a network of torch's beside the same piece as loops; what comes out of it, and its parameters."""

    layer: nn.Module
    run: Callable[[Tally, Tensor], Tensor]
    channels: int
    size: tuple[int, int]
    params: int


class Residual(nn.Module):
    """x + body(x); the body keeps the shape."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x)


class Branches(nn.Module):
    """The branches' outputs beside each other."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class Twice(nn.Module):
    """One layer, called two times."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(self.layer(x))


def block(layer: nn.Module, loops: brute.Layer, channels: int, size: tuple[int, int]) -> Block:
    """One layer as a piece."""
    return Block(layer, loops.run, channels, size, loops.params)


def keeping(draw: Draw, channels: int, size: tuple[int, int]) -> Block:
    """A layer whose output has its input's shape."""
    kind = draw(st.sampled_from(["convolution", "batch norm", "ReLU", "sigmoid"]))
    if kind == "convolution":
        return convolution(draw, channels, size, channels, kernel=draw(st.sampled_from([1, 3])))
    if kind == "batch norm":
        return block(nn.BatchNorm2d(channels), brute.batch_norm(channels), channels, size)
    layer, function = (nn.ReLU(), brute.relu) if kind == "ReLU" else (nn.Sigmoid(), brute.sigmoid)
    return block(layer, brute.elementwise(function), channels, size)


def convolution(draw: Draw, channels: int, size: tuple[int, int], out: int, kernel: int, stride: int = 1) -> Block:
    """A convolution that keeps the size, or halves it; with or without groups and bias."""
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if channels % g == 0 and out % g == 0]))
    bias, pad = draw(st.booleans()), kernel // 2
    after = tuple((length + 2 * pad - kernel) // stride + 1 for length in size)
    layer = nn.Conv2d(channels, out, kernel, stride, pad, groups=groups, bias=bias)
    loops = brute.convolution(channels, out, (kernel,) * 2, (stride,) * 2, [(pad, pad)] * 2, (1, 1), groups, bias=bias)
    return block(layer, loops, out, after)


def transposed(draw: Draw, channels: int, size: tuple[int, int], out: int) -> Block:
    """A transposed convolution that doubles the size."""
    groups = draw(st.sampled_from([g for g in (1, 2) if channels % g == 0 and out % g == 0]))
    layer = nn.ConvTranspose2d(channels, out, 2, 2, groups=groups)
    loops = brute.transposed_convolution(channels, out, (2, 2), (2, 2), (0, 0), (0, 0), (1, 1), groups)
    return block(layer, loops, out, (2 * size[0], 2 * size[1]))


def changing(draw: Draw, channels: int, size: tuple[int, int]) -> Block:
    """A layer that changes channels or size."""
    kind = draw(st.sampled_from(["convolution", "strided", "transposed", "pooling"]))
    out = draw(st.integers(1, 4))
    if kind == "transposed" and max(size) <= 6:
        return transposed(draw, channels, size, out)
    if kind == "pooling" and min(size) >= 2:
        loops = brute.max_pooling((2, 2), (2, 2), (0, 0), (1, 1))
        return block(nn.MaxPool2d(2), loops, channels, (size[0] // 2, size[1] // 2))
    return convolution(draw, channels, size, out, kernel=3, stride=2 if kind == "strided" else 1)


def in_a_row(blocks: list[Block]) -> Block:
    """Pieces one after the other."""

    def run(tally: Tally, x: Tensor) -> Tensor:
        for each in blocks:
            x = each.run(tally, x)
        return x

    params = sum(each.params for each in blocks)
    return Block(nn.Sequential(*(each.layer for each in blocks)), run, blocks[-1].channels, blocks[-1].size, params)


def residual(draw: Draw, channels: int, size: tuple[int, int]) -> Block:
    """A residual block."""
    body = in_a_row([keeping(draw, channels, size) for _ in range(draw(st.integers(1, 3)))])

    def run(tally: Tally, x: Tensor) -> Tensor:
        added = body.run(tally, x)
        return brute.filled(brute.shape(x), lambda place: tally.add(brute.at(x, place), brute.at(added, place)))

    return Block(Residual(body.layer), run, channels, size, body.params)


def branching(draw: Draw, channels: int, size: tuple[int, int]) -> Block:
    """Two branches, joined along the channels."""
    parts = [convolution(draw, channels, size, draw(st.integers(1, 3)), kernel) for kernel in (1, 3)]

    def run(tally: Tally, x: Tensor) -> Tensor:
        outputs = [part.run(tally, x) for part in parts]
        return [[channel for output in outputs for channel in output[image]] for image in range(len(x))]

    params = sum(part.params for part in parts)
    return Block(Branches(*(part.layer for part in parts)), run, sum(part.channels for part in parts), size, params)


def shared(draw: Draw, channels: int, size: tuple[int, int]) -> Block:
    """One layer, called twice: its parameters count once, its work twice."""
    once = keeping(draw, channels, size)
    return Block(Twice(once.layer), lambda t, x: once.run(t, once.run(t, x)), channels, size, once.params)


@st.composite
def networks(draw: Draw) -> tuple[Block, tuple[int, ...]]:
    """A network of up to five pieces, and the shape of its input."""
    channels, size = draw(st.integers(1, 4)), (draw(st.integers(3, 7)), draw(st.integers(3, 7)))
    shape = (draw(st.integers(1, 2)), channels, *size)
    blocks: list[Block] = []
    for _ in range(draw(st.integers(1, 5))):
        make = draw(st.sampled_from([keeping, changing, residual, branching, shared]))
        blocks.append(make(draw, channels, size))
        channels, size = blocks[-1].channels, blocks[-1].size
        if min(size) < 2:
            break
    return in_a_row(blocks), shape


@MODEST
@given(networks())
def test_a_networks_count_is_what_the_loops_do(drawn):
    """MACs, FLOPs, parameters and output shape are those of the executed definition."""
    network, shape = drawn
    total = cost(network.layer, shape).total
    tally = Tally()
    output = network.run(tally, brute.tensor(shape, "input"))
    assert (total.macs, total.flops, total.params) == (tally.macs, tally.flops, network.params)
    assert cost(network.layer, shape).trace.calls[0].outputs[0].shape == brute.shape(output)


@MODEST
@given(networks())
def test_rows_add_up_at_every_depth(drawn):
    """Whatever is folded, the rows that are shown hold everything once."""
    network, shape = drawn
    report = cost(network.layer, shape)
    for rows in (report.rows, *(report.tree(depth) for depth in (None, 1, 2, 3))):
        leaves = [row for row in rows if row.is_leaf]
        for column in ("params", "trainable", "macs", "flops", "count"):
            assert sum(getattr(row, column) for row in leaves) == getattr(report.total, column)


@MODEST
@given(networks())
def test_a_run_for_real_gives_the_same_records(drawn):
    """With values or without, the same operations are seen with the same dimensions in the same places."""
    network, shape = drawn
    meta, real = (cost(network.layer, shape, execute=execute).trace for execute in (False, True))
    assert [(op.kind, op.dims, op.function, op.call) for op in meta.ops] == [
        (op.kind, op.dims, op.function, op.call) for op in real.ops
    ]
    assert meta.calls == real.calls


@MODEST
@given(networks(), st.integers(2, 5))
def test_work_grows_with_the_batch_and_parameters_do_not(drawn, factor):
    """A batch that is larger by a factor makes every layer's work larger by it."""
    network, shape = drawn
    one, many = cost(network.layer, shape), cost(network.layer, (factor * shape[0], *shape[1:]))
    assert [factor * row.flops for row in one.rows] == [row.flops for row in many.rows]
    assert [row.params for row in one.rows] == [row.params for row in many.rows]


@MODEST
@given(networks())
def test_counting_leaves_everything_as_it_was(drawn):
    """In train mode too: values, running statistics, gradients, modes, hooks, attributes, random numbers."""
    network, shape = drawn
    model = network.layer.train()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    before, random = snapshot(model), torch.get_rng_state()
    cost(model, shape, mode="train")
    assert torch.equal(torch.get_rng_state(), random)
    after = snapshot(model)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) if torch.is_tensor(before[key]) else before[key] == after[key]
               for key in before)  # fmt: skip


def snapshot(model: nn.Module) -> dict[str, Any]:
    """What can change in a model, by name."""
    state: dict[str, Any] = {f"value {name}": tensor.clone() for name, tensor in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        state[f"gradient {name}"] = parameter.grad.clone()
        state[f"identity {name}"] = (id(parameter), id(parameter.grad), parameter._version, parameter.requires_grad)
    for name, module in model.named_modules():
        state[f"module {name}"] = (module.training, sorted(vars(module)), list(module._forward_hooks))
    return state
