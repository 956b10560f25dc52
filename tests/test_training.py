"""A training step: forward, gradients where autograd lets them flow, what is computed again, the optimizer."""

from __future__ import annotations

import csv
import io
import json
import math
import warnings

import pytest
import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

import nbcnncost
import nbcnncost.backward
from nbcnncost import CostError, UncountedOpWarning, cost
from nbcnncost.backward import backward_of
from nbcnncost.conventions import macs, textbook
from nbcnncost.optimizers import OPTIMIZERS
from nbcnncost.records import PHASES, Gradient, OpRecord, TensorSpec

IMAGE = (2, 3, 224, 224)


def on_meta(name):
    """One of torchvision's models, without values."""
    settings = {"init_weights": False} if name == "googlenet" else {}  # True takes half a minute
    with torch.device("meta"):
        return torchvision.models.get_model(name, **settings)


def step(model, size, **options):
    """The total of a training step without an optimizer."""
    return cost(model, size, training=True, **{"optimizer": None, **options}).total


pytestmark = pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")


# Against what is published, and against torch


@pytest.mark.parametrize(("name", "times"), [("alexnet", 2.902), ("vgg16", 2.994), ("resnet50", 2.971)])
def test_training_over_forward(name, times):
    """In MACs a step is three forwards less the first layer's input gradient; exactly three with it."""
    model = on_meta(name)
    total = step(model, IMAGE)
    assert round(total.step.macs / total.macs, 3) == times
    first = next(row for row in cost(model, IMAGE).rows if row.type == "Conv2d")
    assert total.step.macs == 3 * total.macs - first.macs
    assert step(model, IMAGE, input_grad=True).step.macs == 3 * total.macs


def torchs_own(model, size):
    """What torch's counter says of forward and backward, by operation."""
    with FlopCounterMode(display=False) as counter:
        outputs = model(torch.zeros(size, device="meta"))
        sum(output.sum() for output in (outputs if isinstance(outputs, tuple) else [outputs])).backward()
    return {str(operation): flops for operation, flops in counter.get_flop_counts()["Global"].items()}


def transposed_net():
    """An upsampling net with a transposed convolution first and last."""
    with torch.device("meta"):
        return nn.Sequential(
            nn.ConvTranspose2d(3, 8, 4, 2, 1), nn.Conv2d(8, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 2, 3)
        )


@pytest.mark.parametrize(
    "make",
    [
        *(
            pytest.param(lambda name=name: on_meta(name), id=name)
            for name in ("alexnet", "vgg16", "resnet18", "resnet50", "vit_b_16")
        ),
        *(
            pytest.param(lambda name=name: on_meta(name), id=name, marks=pytest.mark.slow)
            for name in ("densenet121", "googlenet", "swin_t")
        ),
        pytest.param(transposed_net, id="transposed"),
    ],
)
def test_products_are_those_torch_counts(make):
    """Convolutions, linear layers and matrix products, forward and backward, are torch's to the digit."""
    model = make().train()
    assert 2 * step(model, IMAGE).step.macs == sum(torchs_own(model, IMAGE).values())


def test_grouped_weights_where_torch_forgets_the_groups():
    """MobileNetV2's step is 3,565,939,200 FLOPs of products; torch 2.14 says 24,559,401,984.

    It counts each weight's gradient as if all channels met: 22.2 G in place of 1.2 G, more than 18 times too many.
    """
    model = on_meta("mobilenet_v2").train()
    convolutions = [(row, groups_of(model, row)) for row in cost(model, IMAGE).rows if row.type == "Conv2d"]
    linear = 2 * 1280 * 1000
    products = sum(row.macs for row, _ in convolutions)
    assert step(model, IMAGE).step.macs == 3 * (products + linear) - convolutions[0][0].macs
    assert 2 * step(model, IMAGE).step.macs == 3_565_939_200
    inputs = 2 * (products - convolutions[0][0].macs)
    forgotten = inputs + sum(2 * row.macs * groups for row, groups in convolutions)
    theirs = torchs_own(model, IMAGE)
    assert theirs["aten.convolution"] == 2 * products
    assert theirs["aten.convolution_backward"] in (forgotten, inputs + 2 * products)  # until torch mends it, and after
    assert (forgotten - inputs) / (2 * products) > 18


def groups_of(model, row):
    """A convolution's groups."""
    return model.get_submodule(row.path).groups


# What flows where


def conv_net():
    """Two convolutions and a classifier."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.ReLU(), nn.Conv2d(4, 5, 3, bias=False), nn.Flatten(), nn.Linear(5 * 4 * 4, 6)
    )


# The forward's products for a batch of 2 at 8 × 8, layer by layer.
ONE, TWO, THREE = 2 * 6 * 6 * 3 * 4 * 9, 2 * 4 * 4 * 4 * 5 * 9, 2 * 80 * 6


def frozen(net, *places):
    """The net with some of its layers frozen."""
    for place in places:
        net[place].requires_grad_(requires_grad=False)
    return net


@pytest.mark.parametrize(
    ("net", "options", "inputs", "weights"),
    [
        pytest.param(conv_net(), {}, TWO + THREE, ONE + TWO + THREE, id="the first layer's input needs none"),
        pytest.param(conv_net(), {"input_grad": True}, ONE + TWO + THREE, ONE + TWO + THREE, id="but it can be asked"),
        pytest.param(frozen(conv_net(), 0, 2), {}, 0, THREE, id="the first half frozen: nothing flows below"),
        pytest.param(frozen(conv_net(), 0), {}, THREE, TWO + THREE, id="the first layer frozen"),
        pytest.param(frozen(conv_net(), 2), {}, TWO + THREE, ONE + THREE, id="a frozen layer hands gradients on"),
        pytest.param(frozen(conv_net(), 4), {}, TWO + THREE, ONE + TWO, id="so does a frozen last one"),
        pytest.param(
            frozen(conv_net(), 0, 2, 4), {"input_grad": True}, ONE + TWO + THREE, 0, id="all frozen, with input_grad"
        ),
    ],
)
def test_where_gradients_flow(net, options, inputs, weights):
    """Products of the input gradients and of the weight gradients, spelt out."""
    total = step(net, (2, 3, 8, 8), **options)
    assert (total.backward_inputs.macs, total.backward_weights.macs) == (inputs, weights)
    assert total.forward.macs == total.macs == ONE + TWO + THREE
    assert total.recomputed.macs == total.optimizer.flops == 0


def two(run, size=4):
    """A model of two linear layers of one size and a function of them and the input."""
    return Body(run, a=nn.Linear(size, size), b=nn.Linear(size, size))


def detached_branch(net, x):
    """One of two branches leads no gradient back."""
    return net.a(x) + net.b(x).detach()


def silent_branch(net, x):
    """One of two branches is computed under no_grad."""
    with torch.no_grad():
        y = net.b(x)
    return net.a(x) + y


@pytest.mark.parametrize(
    ("run", "inputs", "weights"),
    [
        pytest.param(lambda net, x: net.b(net.a(x)), 1, 2, id="a chain"),
        pytest.param(detached_branch, 0, 1, id="detached"),
        pytest.param(silent_branch, 0, 1, id="no_grad"),
        pytest.param(lambda net, x: (net.b(x), net.a(x))[1], 0, 1, id="a result that is not used"),
        pytest.param(lambda net, x: net.a(net.a(x)), 1, 2, id="a shared module, called twice"),
        pytest.param(lambda net, x: {"one": net.a(x), "more": [net.b(x), {"x": x}]}, 0, 2, id="nested outputs"),
        pytest.param(lambda net, x: (net.b(net.a(x)), net.a(x).argmax(1)), 1, 2, id="a whole-numbered output"),
        pytest.param(lambda net, x: (net.b(net.a(x)) ** 2).mean(), 1, 2, id="a loss in the forward"),
        pytest.param(lambda net, x: F.cross_entropy(net.b(net.a(x)), x.argmax(1)), 1, 2, id="a classifier's loss"),
        pytest.param(lambda net, x: (net.a(x), net.a.weight), 0, 1, id="a parameter as an output"),
    ],
)
def test_branches_outputs_and_sharing(run, inputs, weights):
    """How many of the products run, in what a model does beside a chain of layers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncountedOpWarning)
        total = step(two(run), (2, 4))
    product = 2 * 4 * 4
    assert total.backward_inputs.macs == inputs * product
    assert total.backward_weights.macs == weights * product


def test_a_shared_module_adds_its_gradients_and_is_updated_once():
    """Each call has its own products; the two gradients of its weights are added, and there is one update."""
    report = cost(two(lambda net, x: net.a(F.relu(net.a(x)))), (2, 4), training=True)
    first, second = (row for row in report.rows if row.path == "a")
    product, weights = 2 * 2 * 4 * 4, 4 * 4 + 4
    assert first.backward_weights.flops == product + weights  # the sum of both stands with the parameters
    assert second.backward_weights.flops == product
    assert (first.backward_inputs.flops, second.backward_inputs.flops) == (0, product)
    assert (first.optimizer.flops, second.optimizer.flops) == (2 * weights, 0)
    assert report.total.optimizer.flops == 2 * weights


def test_tied_weights():
    """One parameter in two modules: two products, their sum, one update."""
    net = two(lambda net, x: net.b(net.a(x)))
    net.b.weight = net.a.weight
    total = step(net, (2, 4), optimizer="sgd")
    assert total.backward_weights.flops == 2 * (2 * 2 * 4 * 4) + 4 * 4
    assert total.optimizer.flops == 2 * (4 * 4 + 4 + 4)


def test_a_residual_sum():
    """A shortcut's gradient is added to the block's: one addition an element where they meet."""

    def block(net, x):
        y = net.a(x)
        return y + net.b(y)

    report = cost(two(block), (2, 4), training=True)
    assert report["a"].backward_inputs.flops == 2 * 4
    assert report["add()"].backward.flops == 0  # a sum hands its gradient on
    apart = step(two(lambda net, x: net.a(x) + net.b(net.a(x))), (2, 4))
    assert apart.backward_inputs.flops == 2 * 2 * 4 * 4  # nothing meets there but the gradients of a's weights


def test_batch_norm_dropout_and_in_place():
    """A block as people write it, in train mode: each part by its derivative."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.5))
    report = cost(net, (2, 3, 8, 8), training=True)
    elements = 2 * 4 * 6 * 6
    assert [row.backward.flops for row in report.rows] == [2 * ONE, (7 + 2 + 1) * elements, elements, 2 * elements]
    assert report.rows[1].optimizer.flops == 2 * (4 + 4)


def test_weights_without_bias_and_biases_alone():
    """Only what is trained costs: where weights are frozen, a bias's gradient is additions, which count nothing."""
    layer = nn.Linear(4, 3)
    layer.weight.requires_grad_(False)
    report = cost(layer, (2, 4), training=True)
    assert report.total.backward.flops == 0
    assert report.total.optimizer.flops == 2 * 3
    dearer = report.counted_as(textbook.with_rules({"bias_additions": 1}))
    assert dearer.total.backward_weights.flops == 2 * 3


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nn.ReLU(), "ReLU has no parameters; input_grad=True"),
        (frozen(conv_net(), 0, 2, 4), "all parameters of Sequential are frozen; input_grad=True"),
        (two(lambda net, x: net.a(x).detach()), "no output of Body depends on a parameter"),
        (two(lambda net, x: net.a(x).argmax(1)), "no output of Body depends on a parameter"),
        (two(lambda net, x: None), "no output of Body depends on a parameter"),
    ],
)
def test_nothing_to_train(net, message):
    """Where no gradient flows at all, one sentence says why, and the report of the forward is there."""
    with pytest.raises(CostError, match=message) as caught:
        cost(net, (2, 3, 8, 8) if isinstance(net, nn.Sequential) else (2, 4), training=True)
    assert caught.value.report.total.parts is None
    assert "\n" not in str(caught.value)


def hooked(net, x):
    """A hook on what lies between the layers."""
    y = net.a(x)
    y.register_hook(lambda gradient: gradient * 2)
    return net.b(y)


def kept(net, x):
    """An inner gradient is kept."""
    y = net.a(x)
    y.retain_grad()
    return net.b(y)


def one_step(net, x):
    """A gradient is a part of the forward."""
    y = net.a(x)
    (gradient,) = torch.autograd.grad((net.b(y) ** 2).sum(), y, retain_graph=True)
    return net.b(y - gradient)


def two_backwards(net, x):
    """A forward that goes back itself."""
    net.b(net.a(x)).sum().backward()
    return net.b(net.a(x))


@pytest.mark.parametrize(
    ("run", "forward", "backward"),
    [(hooked, 2, 1 + 2), (kept, 2, 1 + 2), (one_step, 4, 1 + 2), (two_backwards, 2 + 1 + 2 + 2, 1 + 2)],
)
def test_a_forward_that_needs_gradients(run, forward, backward):
    """A step runs also where the forward without gradients cannot: the products of both, and nothing is left."""
    net = two(run)
    total = step(net, (2, 4))
    product = 2 * 4 * 4
    assert (total.forward.macs, total.backward.macs) == (forward * product, backward * product)
    assert [param.grad for param in net.parameters()] == [None] * 4
    with pytest.raises(RuntimeError, match="grad"):
        cost(net, (2, 4), mode="train")


# Computed again


class Checkpointed(nn.Module):
    """A stem, then a block and a function of which nothing is kept."""

    def __init__(self, reentrant):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
        self.head = nn.Linear(4, 2)
        self.reentrant = reentrant

    def scale(self, x):
        """Plain functions inside a checkpoint."""
        return torch.sigmoid(x) * x

    def forward(self, x):
        x = self.stem(x)
        if self.reentrant is None:
            x = self.scale(self.block(x))
        else:
            x = checkpoint(self.block, x, use_reentrant=self.reentrant)
            x = checkpoint(self.scale, x, use_reentrant=self.reentrant)
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_computes_again(reentrant):
    """What is computed a second time stands apart, with the layer it belongs to; gradients are as without."""
    plain = cost(Checkpointed(None), (2, 3, 8, 8), training=True)
    report = cost(Checkpointed(reentrant), (2, 3, 8, 8), training=True)
    convolution, elements = 2 * 6 * 6 * 4 * 4 * 9, 2 * 4 * 6 * 6
    assert report["block.0"].recomputed.macs == convolution
    assert report["block.1"].recomputed.flops == elements
    # Without re-entering, the framework stops as soon as it has what it needs: the block's last input.
    assert report["block.2"].recomputed.macs == (convolution if reentrant else 0)
    assert report["sigmoid()"].recomputed.flops == 4 * elements
    assert report["mul()"].recomputed.flops == (elements if reentrant else 0)
    assert (report["stem"].recomputed.flops, report["head"].recomputed.flops) == (0, 0)
    for phase in ("backward_inputs", "backward_weights", "optimizer"):
        assert getattr(report.total, phase) == getattr(plain.total, phase)
    assert report.total.forward == plain.total.forward
    assert plain.total.recomputed.flops == 0
    assert report.total.step.flops == plain.total.step.flops + report.total.recomputed.flops


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_chain_of_checkpoints_of_one_module(reentrant):
    """A module called in two checkpoints is computed again in both, each in its own row."""

    def run(net, x):
        for _ in range(2):
            x = checkpoint(net.block, x, use_reentrant=reentrant)
        return x

    block = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 4))
    net = Body(lambda net, x: run(net, net.stem(x)), stem=nn.Linear(4, 4), block=block)
    report = cost(net, (2, 4), training=True)
    first, second = (row for row in report.rows if row.path == "block.0")
    assert first.recomputed.macs == second.recomputed.macs == 2 * 4 * 4
    assert report.total.backward_weights.macs == 5 * 2 * 4 * 4


# The optimizer


@pytest.mark.parametrize(
    ("name", "each"),
    [
        ("sgd", 1 + 1),  # η·g, subtract
        ("momentum", 2 + 2),  # μ·v + g, η·v, subtract
        ("adam", 3 + 4 + 2 + 5),  # two moments, two corrections, root, + ε, divide, times η, subtract
        ("adamw", 3 + 4 + 2 + 5 + 2),  # and the decay
        (None, 0),
    ],
)
def test_optimizers(name, each):
    """So many operations at each element of each parameter that has a gradient; none for a frozen one."""
    report = cost(frozen(conv_net(), 0), (2, 3, 8, 8), training=True, optimizer=name)
    trained = 5 * 4 * 9 + 6 * 80 + 6
    assert report.total.optimizer.flops == each * trained
    assert report["0"].optimizer.flops == 0
    assert report.counted_as("macs").total.optimizer.count == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"training": True, "optimizer": torch.optim.Adam},
            r"optimizer is a name \(sgd.*\) or None, not the class Adam$",
        ),
        ({"training": True, "optimizer": torch.optim.SGD([torch.ones(1)], lr=1)}, "or None, not an object of SGD$"),
        ({"optimizer": "sdg"}, "did you mean sgd"),
        ({"input_grad": True}, "give training=True"),
    ],
)
def test_options_of_a_step_that_cannot_be(options, message):
    """An optimizer that is none, or what belongs to a step without one, is told in one sentence, not passed over."""
    with pytest.raises(CostError, match=message) as caught:
        cost(nn.Linear(4, 3), (2, 4), **options)
    assert "\n" not in str(caught.value)


def test_a_complex_parameter_is_two_numbers():
    """An optimizer works on the real and on the imaginary part of each."""
    total = step(nn.Linear(4, 3, dtype=torch.complex64), (2, 4), dtypes=torch.complex64, optimizer="sgd")
    assert total.optimizer.flops == 2 * 2 * (4 * 3 + 3)


class Scalar:
    """A number that counts what is done to it."""

    def __init__(self, value, tally):
        self.value, self.tally = value, tally

    def _made(self, value):
        self.tally.append(1)
        return Scalar(value, self.tally)

    def __add__(self, other):
        return self._made(self.value + getattr(other, "value", other))

    def __sub__(self, other):
        return self._made(self.value - getattr(other, "value", other))

    def __mul__(self, other):
        return self._made(self.value * getattr(other, "value", other))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self._made(self.value / getattr(other, "value", other))

    def root(self):
        """The square root."""
        return self._made(math.sqrt(self.value))


def updated(name, w, g, state, rate=0.1):
    """One step of the optimizer's definition for one weight; one number for all weights is at hand."""
    if name == "sgd":
        return w - rate * g
    if name == "momentum":
        state["v"] = 0.9 * state["v"] + g
        return w - rate * state["v"]
    if name == "adamw":
        w = w - (rate * 0.01) * w
    state["t"] += 1
    state["m"] = 0.9 * state["m"] + 0.1 * g
    state["v"] = 0.999 * state["v"] + 0.001 * (g * g)
    mean, square = state["m"] / (1 - 0.9 ** state["t"]), state["v"] / (1 - 0.999 ** state["t"])
    return w - rate * (mean / (square.root() + 1e-8))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_by_their_definition(name):
    """Two steps of the definition give torch's weights, and each does as many operations as the formula says."""
    weight = nn.Parameter(torch.tensor([0.7], dtype=torch.float64))
    made = {
        "sgd": lambda: torch.optim.SGD([weight], lr=0.1),
        "momentum": lambda: torch.optim.SGD([weight], lr=0.1, momentum=0.9),
        "adam": lambda: torch.optim.Adam([weight], lr=0.1),
        "adamw": lambda: torch.optim.AdamW([weight], lr=0.1, weight_decay=0.01),
    }[name]()
    tally = []
    w, state = Scalar(0.7, tally), {"t": 0, "m": Scalar(0.0, tally), "v": Scalar(0.0, tally)}
    for gradient in (0.3, -0.2):
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        made.step()
        w = updated(name, w, Scalar(gradient, tally), state)
        assert w.value == pytest.approx(weight.item(), rel=1e-6)
    assert sum(tally) == 2 * OPTIMIZERS[name].work((("n_p", 1),), 0).weighed(textbook.weights)


# What is not known


def test_a_kind_without_a_derivative_is_unknown(monkeypatch):
    """Unknown gradients are said to be so, warned of and left out; never zero."""
    known = {kind: parts for kind, parts in nbcnncost.backward.BACKWARD.items() if kind != "sigmoid"}
    monkeypatch.setattr(nbcnncost.backward, "BACKWARD", known)
    net = nn.Sequential(nn.Linear(4, 4), nn.Sigmoid())
    with pytest.warns(UncountedOpWarning, match="sigmoid backward"):
        report = cost(net, (2, 4), training=True)
    assert (report["1"].backward_inputs.flops, report["1"].backward_inputs.unknown) == (None, 1)
    assert report["1"].step.unknown == 1
    assert report.total.forward.unknown == 0
    assert [(entry.function, entry.paths) for entry in report.uncounted] == [("sigmoid backward", ("1",))]
    assert "+ ?" in repr(report)
    assert report.counted_as(textbook.with_rules({"sigmoid_backward": 3})).total.backward_inputs.flops == 3 * 8


def test_gradients_of_unknown_operations():
    """What no formula knows forward is not known backward either."""
    spec = TensorSpec((2, 3))
    op = OpRecord("other::strange.default", None, (), 0, "strange", 1, 0, (spec,), (spec,))
    unknown = list(backward_of(op, [Gradient("input", 6), Gradient("input", 6, of_parameter=True)], 7))
    assert [(found.kind, found.phase, found.origin) for found in unknown] == [
        (None, "backward_inputs", 7),
        (None, "backward_weights", 7),
    ]
    assert textbook.count(unknown[0]) is None
    assert textbook.with_rules({"strange": 5}).count(unknown[0]) is None  # a rule for the forward alone
    assert textbook.with_rules({"strange_backward": 5}).count(unknown[0]) == 5 * 6


class Squared(torch.autograd.Function):
    """A user's own function, with the derivative written out."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx, gradient):
        x, weight = ctx.saved_tensors
        return gradient @ weight.t(), x.t() @ gradient


def test_a_users_own_function():
    """What a user's backward does is counted as it is done, where the forward was called."""
    net = Body(lambda net, x: F.relu(Squared.apply(net.fc(x), net.weight)), fc=nn.Linear(3, 4))
    net.weight = nn.Parameter(torch.ones(4, 5))
    report = cost(net, (2, 3), training=True)
    assert report["matmul()"].backward.macs == 2 * (2 * 4 * 5)
    assert report["fc"].backward.macs == 2 * 3 * 4
    assert report.total.optimizer.flops == 2 * (4 * 5 + 3 * 4 + 4)


def test_a_hook_of_the_users():
    """What a hook does to a gradient on its way is counted, too."""

    def hooked_run(net, x):
        y = net.a(x)
        if y.requires_grad:
            y.register_hook(lambda gradient: gradient * 2)
        return net.b(y)

    plain, hooked = (step(two(forward), (2, 4)) for forward in (lambda net, x: net.b(net.a(x)), hooked_run))
    assert hooked.backward.flops - plain.backward.flops == 2 * 4


# Modes, conventions, rows and exports


def test_modes():
    """A training step implies train mode; as the modules stand is allowed, eval is not."""
    net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    assert cost(net, (2, 4), training=True).mode == "train"
    assert cost(net, (2, 4), training=True, mode="train").total == cost(net, (2, 4), training=True).total
    net.eval()
    assert cost(net, (2, 4), training=True, mode="same").total.backward_inputs.flops == 0
    with pytest.raises(CostError, match="a training step runs in train mode"):
        cost(net, (2, 4), training=True, mode="eval")
    assert cost(net, (2, 4)).mode == "eval"
    with pytest.raises(CostError, match=r"no optimizer 'adan'; did you mean adam\? there are: sgd, momentum"):
        cost(net, (2, 4), training=True, optimizer="adan")


def test_a_forwards_report_says_how_to_get_a_step():
    """Asking a forward's row for its training step is answered with a sentence."""
    total = cost(nn.Linear(4, 4), (2, 4)).total
    with pytest.raises(CostError, match=r"training=True"):
        _ = total.step
    assert total.parts is None


NETS = {
    "resnet18": lambda: (on_meta("resnet18"), (2, 3, 64, 64)),
    "mobilenet_v3_small": lambda: (on_meta("mobilenet_v3_small"), (2, 3, 64, 64)),
    "squeezenet1_1": lambda: (on_meta("squeezenet1_1"), (2, 3, 64, 64)),
    "checkpointed": lambda: (Checkpointed(True), (2, 3, 8, 8)),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("convention", ["textbook", "macs"])
def test_parts_add_up(name, convention):
    """At every depth, by type and by phase the rows add up to the total; and the forward is the forward's report."""
    model, size = NETS[name]()
    report = cost(model, size, training=True, optimizer="adam", convention=convention)
    total = report.total
    for part in (*PHASES, "forward", "backward", "step"):
        amount = getattr(total, part)
        for rows in (*(report.tree(depth) for depth in (1, 2, None)), report.rows, report.by_type()):
            leaves = [getattr(row, part) for row in rows if row.is_leaf or row.role == "type"]
            assert sum(leaf.flops for leaf in leaves) == amount.flops
            assert sum(leaf.macs for leaf in leaves) == amount.macs
            assert sum(leaf.count for leaf in leaves) == amount.count
    assert total.step.count == total.count + total.parts.total.count
    assert total.step.unknown == 0
    alone = cost(model, size, mode="train", convention=convention)
    assert [(row.path, row.flops, row.count) for row in report.rows] == [
        (row.path, row.flops, row.count) for row in alone.rows
    ]


def test_counting_again():
    """The macs convention has products alone; a rule for a kind's gradients changes these alone."""
    report = cost(conv_net(), (2, 3, 8, 8), training=True)
    total = report.counted_as(macs).total
    assert (total.step.count, total.optimizer.count) == (3 * (ONE + TWO + THREE) - ONE, 0)
    assert total.step.flops == report.total.step.flops
    changed = report.counted_as(textbook.with_rules({"relu": 10})).total
    assert changed.forward.flops - report.total.forward.flops == 9 * 2 * 4 * 6 * 6
    assert changed.backward == report.total.backward
    changed = report.counted_as(textbook.with_rules({"relu_backward": 10})).total
    assert changed.forward == report.total.forward
    assert changed.backward.flops - report.total.backward.flops == 9 * 2 * 4 * 6 * 6
    changed = report.counted_as(textbook.with_rules({"linear_backward_weight": 0, "sgd_step": "3 * n_p"})).total
    assert report.total.backward.flops - changed.backward.flops == 2 * THREE
    assert 2 * changed.optimizer.flops == 3 * report.total.optimizer.flops


def test_another_tools_number_is_one_of_a_forward():
    """In a convention that follows another tool a report has no step, and says so where it is asked for."""
    report = cost(conv_net(), (2, 3, 8, 8), training=True).counted_as("torchprofile")
    assert report.total.count == ONE + TWO + THREE
    assert report.total.parts is None
    assert "training step" not in repr(report)
    assert len(report.explain("2").lines) == len(cost(conv_net(), (2, 3, 8, 8)).explain("2").lines)
    with pytest.raises(CostError, match="belongs to a training step"):
        report.plot("step")
    assert report.counted_as("textbook").total.step.macs == 3 * (ONE + TWO + THREE) - ONE


def test_the_table_and_its_header():
    """The header says what a step is made of; the columns stand for its parts."""
    report = cost(conv_net(), (2, 3, 8, 8), training=True, optimizer="adam")
    lines = repr(report).splitlines()
    total = report.total
    assert lines[2] == (
        f"training step: {total.step.flops:,} (82.8 k) FLOPs = "
        f"forward 29.3 k + backward 42.7 k + optimizer (adam) 10.8 k; {total.step.flops / total.flops:.2f}× forward"
    )
    head = next(line for line in lines if line.startswith("layer  "))
    assert " ".join(head.split()) == "layer type parameters forward ∂input ∂weight optimizer step share output"
    row = next(line for line in lines if line.startswith("2      "))
    assert row.split().count(f"{2 * TWO:,}") == 3
    assert "∂input" in report._repr_html_()
    assert "gradients of the sum of all outputs, each by its derivative's definition" in lines
    assert "gradient of the input, too" in repr(cost(conv_net(), (2, 3, 8, 8), training=True, input_grad=True))
    again = cost(Checkpointed(False), (2, 3, 8, 8), training=True, optimizer=None)
    assert "recomputed " in repr(again).splitlines()[2]
    head = next(line for line in repr(again).splitlines() if line.startswith("layer  "))
    assert "forward again ∂input ∂weight step share" in " ".join(head.split())


def test_looks_and_charts():
    """A step's columns can be shown, sorted by and drawn; of a forward they cannot, and a sentence says so."""
    report = cost(conv_net(), (2, 3, 8, 8), training=True)
    shown = repr(report.with_look(sort="step", columns=("step", "step_share"), top=2))
    assert "layers by the training step, largest first" in shown
    assert "FLOPs a training step by layer" in repr(report.plot("step"))
    assert report.with_look(view="chart")._repr_html_().count("training step") == 1
    forward = cost(conv_net(), (2, 3, 8, 8))
    for ask in (
        lambda: forward.with_look(sort="step"),
        lambda: forward.with_look(columns=("type", "backward_inputs")),
        lambda: forward.plot("step"),
    ):
        with pytest.raises(CostError, match="belongs to a training step"):
            ask()


def test_explanations():
    """Each gradient and the optimizer's step have their formula with its numbers, and the sum."""
    report = cost(conv_net(), (2, 3, 8, 8), training=True)
    explanation = report.explain("2")
    lines = {(line.label, line.title): str(line) for line in explanation.lines}
    product = "2·N·H_out·W_out·C_in·C_out·K_h·K_w = 2·2·4·4·4·5·3·3"
    for title in ("input", "weight"):
        assert lines["backward FLOPs", f"convolution, gradient of the {title}"] == f"{product} = {2 * TWO:,}"
    assert lines["optimizer FLOPs", "SGD step"] == "2·n_p = 2·180 = 360"
    assert f"the training step: {report['2'].step.flops:,} FLOPs" in repr(explanation)
    assert "training step" in explanation._repr_html_()
    assert "gradient of the weight" in explanation._repr_latex_()


def test_exports():
    """Dict, JSON, CSV, pandas, Markdown and LaTeX carry a step's parts; a forward's are as before."""
    report = cost(conv_net(), (2, 3, 8, 8), training=True, optimizer="momentum")
    told = json.loads(report.to_json())
    assert told["training"] == {"optimizer": "momentum", "input_grad": False}
    assert told["total"]["step_flops"] == report.total.step.flops
    assert told["rows"][2]["backward_weights_macs"] == TWO
    lines = list(csv.DictReader(io.StringIO(report.to_csv())))
    assert sum(int(line["step_count"]) for line in lines) == report.total.step.flops
    frame = report.to_pandas()
    assert frame["optimizer_flops"].sum() == report.total.optimizer.flops
    assert str(frame["backward_inputs_count"].dtype) == "Int64"
    assert f"| {report.total.step.count:,} |" in report.to_markdown().splitlines()[-1]
    assert f"{report.total.step.count:,} " in report.to_latex()
    forward = cost(conv_net(), (2, 3, 8, 8))
    assert not any("step" in key or "backward" in key for key in forward.to_dict()["total"])
    assert "training" not in forward.to_dict()


def test_no_input_given_and_several_inputs():
    """A step runs on the assumed input, on several inputs, and on the user's own."""
    assert cost(conv_net()[:3], training=True).inputs[0].shape == (1, 3, 224, 224)
    both = Body(lambda net, x, y: net.a(x) * y, a=nn.Linear(4, 4))
    total = step(both, [(2, 4), (2, 4)], input_grad=True)
    assert (total.backward_inputs.macs, total.backward_weights.macs) == (2 * 4 * 4, 2 * 4 * 4)
    assert total.backward_inputs.flops == 2 * (2 * 4 * 4) + 2 * (2 * 4)


def test_for_real():
    """A step that runs for real, on a copy, has the numbers of the one that does not."""
    net = conv_net()
    assert step(net, (2, 3, 8, 8), execute=True).parts == step(net, (2, 3, 8, 8)).parts
    depends = Body(lambda net, x: net.a(x) if net.a.bias.sum().item() < 100 else x, a=nn.Linear(4, 4))
    with pytest.raises(CostError, match="execute=True"):
        step(depends, (2, 4))
    assert step(depends, (2, 4), execute=True).backward_weights.macs == 2 * 4 * 4


def test_a_trace_inside_a_step():
    """A forward that asks for another model's training step gets it, and is itself counted without it."""
    found = []

    def run(net, x):
        found.append(nbcnncost.cost(nn.Linear(7, 5), (2, 7), training=True).total.step.macs)
        return net.a(x)

    assert step(two(run), (2, 4)).step.macs == 2 * (2 * 4 * 4)
    assert found[-1] == 2 * (2 * 7 * 5)


class EndsInAttention(nn.Module):
    """A checkpoint that ends in attention."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(12, 36), nn.Linear(12, 3)

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        return F.scaled_dot_product_attention(*self.first(x).chunk(3, -1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(checkpoint(self.attend, x, use_reentrant=False))


def test_a_checkpoint_that_stops_inside_attention():
    """Attention is computed again, though the framework stops there as soon as it has what it needs."""
    total = cost(EndsInAttention(), (2, 2, 5, 12), training=True).total
    assert total.recomputed.macs == 2 * 2 * 5 * 12 * 36 + 2 * 2 * 5 * 5 * (12 + 12)
