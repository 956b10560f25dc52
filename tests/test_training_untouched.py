"""A training step, counted, leaves the user's model and session as they were: gradients, graphs, modes, everything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import test_untouched as untouched
import torch
import torch.nn.functional as F
from apart import said_apart
from test_untouched import MIDDLES, Kept, Net, append, delete, made
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

import nbcnncost
from nbcnncost import CostError

pytestmark = pytest.mark.filterwarnings("ignore::nbcnncost.UncountedOpWarning", "ignore::FutureWarning")


@pytest.mark.parametrize(("mode", "execute"), [("train", False), ("train", True)])
@pytest.mark.parametrize("middle", MIDDLES)
def test_a_forward_with_side_effects_leaves_none(middle: Any, mode: str, execute: bool) -> None:
    """Attributes, buffers, weights, flags, seeds and gradients are those from before the step."""
    net = made(middle)
    if middle in (untouched.initialise, untouched.load):  # what torch itself says of writing to weights that were used
        with Kept(net), pytest.raises(RuntimeError, match="modified by an inplace operation"):
            nbcnncost.cost(net, (2, 3, 8, 8), mode=mode, training=True, execute=execute)
        return
    with Kept(net):
        report = nbcnncost.cost(net, (2, 3, 8, 8), mode=mode, training=True, execute=execute)
    product = 2 * 6 * 6 * 3 * 4 * 3 * 3
    frozen = middle is untouched.freeze  # this forward freezes everything after the convolution has run
    assert report["conv"].forward.macs == product
    assert report["conv"].backward_weights.macs == product
    assert report["fc"].backward_weights.macs == (0 if frozen else 2 * 144 * 10)


def test_gradients_stay() -> None:
    """A gradient that was there is the same object with the same values; where there was none there is none."""
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    net[0].weight.grad = torch.full((3, 4), 0.5)
    kept = net[0].weight.grad
    nbcnncost.cost(net, (2, 4), training=True, input_grad=True)
    assert net[0].weight.grad is kept
    assert kept.tolist() == [[0.5] * 4] * 3
    assert [net[0].bias.grad, net[1].weight.grad, net[1].bias.grad] == [None, None, None]


def test_inputs_stay() -> None:
    """The user's own inputs get no gradient, and stay leaves that need one if they did."""
    x = torch.ones(2, 4, requires_grad=True)
    nbcnncost.cost(nn.Linear(4, 3), input_data=x, training=True, input_grad=True, execute=True)
    nbcnncost.cost(nn.Linear(4, 3), input_data=x, training=True, input_grad=True)
    assert x.grad is None
    assert x.requires_grad
    assert x.is_leaf


def test_a_buffer_written_in_the_graph_stays() -> None:
    """A running average that a forward writes with history does not become part of a graph."""

    class Average(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.register_buffer("average", torch.full((4,), 0.25))
            self.plain = torch.full((4,), 0.75)

        def forward(self, x: Tensor) -> Tensor:
            y = self.fc(x)
            self.average.mul_(0.9).add_(y.mean(0), alpha=0.1)
            self.plain.add_(y.mean(0))
            return y

    net = Average()
    with Kept(net):
        report = nbcnncost.cost(net, (2, 4), training=True)
    assert report["fc"].backward_weights.macs == 2 * 4 * 4
    assert (net.average.grad_fn, net.plain.grad_fn) == (None, None)
    assert net.average.tolist() == [0.25] * 4


def test_parameters_kept_elsewhere_are_trained_too() -> None:
    """Trainable tensors in a list, a dict or a plain attribute have gradients, and are left alone."""

    class Loose(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = [nn.Parameter(torch.ones(4, 4))]
            self.named = {"scale": torch.ones(4, requires_grad=True)}
            self.shift = torch.ones(4, requires_grad=True)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.weights[0]) * self.named["scale"] + self.shift

    net = Loose()
    with Kept(net):
        report = nbcnncost.cost(net, (2, 4), training=True)
    assert report["linear()"].backward_weights.macs == 2 * 4 * 4
    assert net.shift.grad is None


HIDDEN = torch.ones(4, requires_grad=True)


class Product(torch.autograd.Function):
    """A product, as a user writes it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        ctx.save_for_backward(x, y)
        return x * y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ctx.saved_tensors
        return gradient * y, gradient * x


def test_a_trainable_tensor_of_the_session() -> None:
    """One that no module holds has its gradient, a product and a sum over the batch, and never sees it."""

    class Hidden(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * HIDDEN

    with Kept(Hidden()):
        report = nbcnncost.cost(Hidden(), (2, 4), training=True)
    assert report.total.backward.flops == 2 * 4 + 2 * 4
    assert HIDDEN.grad is None


def test_a_trainable_tensor_out_of_reach_is_told_of() -> None:
    """Where it goes straight into a user's function, a sentence says what to do."""

    class Hidden(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return Product.apply(x, HIDDEN)

    with Kept(Hidden()), pytest.raises(CostError, match="make it a parameter of the model"):
        nbcnncost.cost(Hidden(), (2, 4), training=True)
    assert HIDDEN.grad is None


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(lambda: parametrizations.weight_norm(nn.Linear(4, 4)), id="weight norm"),
        pytest.param(lambda: parametrizations.spectral_norm(nn.Linear(4, 4)), id="spectral norm"),
        pytest.param(lambda: nn.utils.weight_norm(nn.Linear(4, 4)), id="weight norm by hook"),
        pytest.param(lambda: nn.utils.spectral_norm(nn.Linear(4, 4)), id="spectral norm by hook"),
        pytest.param(lambda: nn.LSTM(4, 4), id="flat weights"),
    ],
)
def test_a_computed_weight_leaves_nothing(layer: Callable[[], nn.Module], execute: bool) -> None:
    """Weights that are computed at each call, or kept in a list beside the parameters, stay as they were."""
    net = nn.Sequential(layer())
    with Kept(net):
        report = nbcnncost.cost(net, (2, 4), training=True, execute=execute)
    assert report.total.backward_weights.macs >= 2 * 4 * 4


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize("error", [ValueError, RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_in_the_forward_leaves_nothing(error: type[BaseException], execute: bool) -> None:
    """An exception or Ctrl-C in the forward, half-way through all side effects, is no harm."""

    def fail(net: Net, x: Tensor) -> Tensor:
        for effect in MIDDLES:
            x = effect(net, x) if effect is not delete else x
        raise error("on purpose")

    net = made(fail)
    with Kept(net), pytest.raises(error, match="on purpose"):
        nbcnncost.cost(net, (2, 3, 8, 8), training=True, execute=execute)


class Stops(torch.autograd.Function):
    """Fails on the way back."""

    error: type[BaseException] = ValueError

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        raise Stops.error("on the way back")


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize("error", [ValueError, RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("place", ["function", "tensor hook", "checkpoint"])
def test_an_error_in_the_backward_leaves_nothing(
    place: str, error: type[BaseException], execute: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same in the backward pass: in a user's function, in a hook, in what a checkpoint computes again."""
    monkeypatch.setattr(Stops, "error", error)
    calls: list[int] = []

    def stop(gradient: Tensor) -> None:
        raise error("on the way back")

    def again(x: Tensor) -> Tensor:
        calls.append(1)
        if (not execute and len(calls) % 3 == 0) or (
            execute and len(calls) == 3
        ):  # the forward alone, the step's, again
            raise error("on the way back")
        return torch.sigmoid(x)

    def middle(net: Net, x: Tensor) -> Tensor:
        x = append(net, x)
        if place == "checkpoint":
            return checkpoint(again, x, use_reentrant=False)
        if place == "tensor hook" and x.requires_grad:
            x.register_hook(stop)
        return Stops.apply(x) if place == "function" else x

    net = made(middle)
    with Kept(net), pytest.raises(error, match="on the way back"):
        nbcnncost.cost(net, (2, 3, 8, 8), training=True, execute=execute)


def test_inside_the_users_own_context() -> None:
    """Under no_grad or inference_mode a training step is the same, and the context stays."""
    net = made()
    expected = nbcnncost.cost(net, (2, 3, 8, 8), training=True).total
    for context in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        with context(), Kept(net):
            assert nbcnncost.cost(net, (2, 3, 8, 8), training=True).total == expected


def test_while_anomalies_are_looked_for() -> None:
    """That a session looks for NaN in gradients neither stops a step, which has no values, nor is it forgotten."""
    net = made()
    expected = nbcnncost.cost(net, (2, 3, 8, 8), training=True).total
    with torch.autograd.set_detect_anomaly(mode=True), Kept(net):
        assert nbcnncost.cost(net, (2, 3, 8, 8), training=True).total == expected
        assert torch.is_anomaly_enabled()


def test_a_backward_that_waits_still_works() -> None:
    """A loss computed before can be differentiated after: nothing it saved counts as modified."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    loss = net(torch.rand(2, 3, 8, 8)).sum()
    nbcnncost.cost(net, (2, 3, 8, 8), training=True)
    loss.backward()
    assert net[0].weight.grad.shape == (4, 3, 3, 3)


def test_twice_gives_equal_traces() -> None:
    """Nothing of one step shows in the next."""
    net = made(append)
    first = nbcnncost.trace(net, (2, 3, 8, 8), training=True)
    nbcnncost.cost(made(), (4, 3, 8, 8), training=True)
    assert nbcnncost.trace(net, (2, 3, 8, 8), training=True) == first


def test_the_forward_is_the_one_counted_alone() -> None:
    """A training step's forward has the operations of a forward in train mode."""
    net = made(append)
    alone = nbcnncost.trace(net, (2, 3, 8, 8), mode="train")
    step = nbcnncost.trace(net, (2, 3, 8, 8), training=True)
    assert step.ops == alone.ops
    assert step.calls == alone.calls
    assert step.params == alone.params


def stepped(net: nn.Module, at: int | None) -> list[tuple[str, int]]:
    """The lines that a training step passes, up to the one where it is interrupted, or to its end."""
    stepper = untouched.Stepper(at)
    try:
        sys.settrace(stepper)
        nbcnncost.cost(net, (2, 4), training=True, optimizer="adam")
    except KeyboardInterrupt:
        return stepper.lines
    finally:
        sys.settrace(None)
    return [*stepper.lines, ("end", 0)]


def interrupt_at_every_line() -> str:
    """Ctrl-C at the first and the last pass of every line; says after which line something is left."""
    untouched.stepped = stepped
    return untouched.interrupt_at_every_line()


def interrupt_at_random_moments() -> str:
    """Ctrl-C while a step is traced again and again."""
    return untouched.at_random_moments(lambda net: nbcnncost.cost(net, (2, 3, 8, 8), training=True), latest=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("how", [interrupt_at_random_moments, interrupt_at_every_line])
def test_a_real_sigint_leaves_nothing(how: Callable[[], str]) -> None:
    """SIGINT at random moments, and at every line of Python that a training step passes, is no harm."""
    assert said_apart(how, timeout=280) == "nothing left"
