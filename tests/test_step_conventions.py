"""A training step in the conventions of tools: PyTorch's own counter gives the backward pass, the others give none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence

import pytest
import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from probes import PROBES
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from nbcnncost import CostError, cost
from nbcnncost.conventions import PEERS, textbook
from nbcnncost.records import PHASES
from nbcnncost.units import exact

pytestmark = [
    pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad"),
    pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning", "ignore:Using padding='same'"),
    pytest.mark.filterwarnings("ignore:RNN module weights", "ignore:enable_nested_tensor"),
]

IMAGE = (2, 3, 224, 224)
FAULT = "the weight gradient of a grouped convolution is not divided by the groups"


def torchs_own(model: nn.Module, inputs: Sequence[Tensor], *, input_grad: bool = False) -> int:
    """What torch's counter says of forward and backward, on meta tensors."""
    model = model.to("meta")
    inputs = [tensor.to("meta") for tensor in inputs]
    if input_grad:
        inputs = [tensor.requires_grad_() if tensor.is_floating_point() else tensor for tensor in inputs]
    with FlopCounterMode(display=False) as counter:
        outputs = [output for output in tree_leaves(model(*inputs)) if isinstance(output, Tensor)]
        roots = [output for output in outputs if output.requires_grad]
        torch.autograd.backward(roots, [torch.ones_like(root) for root in roots])
    return counter.get_total_flops()


def step(model: nn.Module, size: tuple[int, ...], **options: bool):
    """The report of a training step in the tool's convention."""
    return cost(model, size, training=True, **options).counted_as("flop_counter_mode")


def on_meta(name: str) -> Callable[[], nn.Module]:
    """How to make one of torchvision's models, without values."""

    def make() -> nn.Module:
        with torch.device("meta"):
            return torchvision.models.get_model(name)

    return make


def half_frozen() -> nn.Module:
    """A network of which the first half is not trained."""
    net = nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=4), nn.Conv2d(8, 4, 3))
    net[:2].requires_grad_(requires_grad=False)
    return net


def own(run: Callable[..., Tensor], *, weights: dict[str, tuple[int, ...]] | None = None, **layers: nn.Module):
    """A forward as a function of the model and its input, with parameters of its own."""
    net = Body(run, **layers)
    for name, size in (weights or {}).items():
        setattr(net, name, nn.Parameter(torch.zeros(size)))
    return net


def cells(net: nn.Module, x: Tensor) -> Tensor:
    """A recurrent cell, called at each step: only the first state is a constant."""
    state = None
    for place in range(x.shape[1]):
        state = net.cell(x[:, place], state)
    return state[0]


def again(*, reentrant: bool) -> nn.Module:
    """A block of which nothing is kept: it is computed again."""
    block = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(), nn.Conv2d(4, 6, 3, groups=2))
    return own(
        lambda net, x: checkpoint(net.block, net.stem(x), use_reentrant=reentrant), stem=nn.Conv2d(4, 4, 3), block=block
    )


#: Its state is itself a parameter: frozen, it takes a gradient of what flows with it.
STATE = "GRU, a trained state"
NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "transposed, groups": (
        lambda: nn.Sequential(nn.ConvTranspose2d(6, 9, 4, 2, 1, groups=3), nn.ConvTranspose2d(9, 6, 3, groups=3)),
        (2, 6, 5, 7),
    ),
    "transposed, 3-D": (lambda: nn.ConvTranspose3d(6, 9, 3, 2, groups=3), (2, 6, 3, 4, 5)),
    "3-D, groups": (lambda: nn.Conv3d(6, 9, 3, 2, groups=3), (2, 6, 5, 4, 5)),
    "no batch": (lambda: nn.Conv2d(6, 9, 3, groups=3), (6, 5, 4)),
    "linear, three dimensions": (lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 4, bias=False)), (2, 5, 6)),
    "linear, one dimension": (lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 4)), (6,)),
    "attention": (lambda: nn.TransformerEncoderLayer(12, 3, 20), (5, 2, 12)),
    "half frozen": (half_frozen, (2, 4, 9, 9)),
    "one layer twice": (
        lambda: own(lambda net, x: net.a(net.a(x)), a=nn.Conv2d(4, 4, 3, padding=1, groups=4)),
        (2, 4, 6, 6),
    ),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(6, 9, 3, groups=3)), (2, 6, 5, 4)),
    "LSTM, its last output": (
        lambda: own(
            lambda net, x: net.r(x)[0][:, -1], r=nn.LSTM(12, 7, 2, batch_first=True, bidirectional=True, dropout=0.5)
        ),
        (2, 5, 12),
    ),
    STATE: (
        lambda: own(
            lambda net, x: net.r(x, net.state)[0], weights={"state": (1, 2, 7)}, r=nn.GRU(12, 7, batch_first=True)
        ),
        (2, 5, 12),
    ),
    "LSTM cells": (lambda: own(cells, cell=nn.LSTMCell(12, 7)), (2, 5, 12)),
    "a vector": (lambda: own(lambda net, x: x @ net.v, weights={"v": (12,)}), (5, 12)),
    "a bilinear layer": (lambda: own(lambda net, x: net.b(x, x), b=nn.Bilinear(12, 12, 4)), (5, 12)),
    "a trained mask": (
        lambda: own(lambda net, x: F.scaled_dot_product_attention(x, x, x, net.mask), weights={"mask": (5, 5)}),
        (2, 3, 5, 4),
    ),
}
MODELS = {name: (on_meta(name), IMAGE) for name in ("alexnet", "resnet18", "mobilenet_v2", "densenet121", "vit_b_16")}


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "resnet18",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("mobilenet_v2", "densenet121", "vit_b_16")),
        *NETS,
    ],
)
def test_the_step_is_torchs_to_the_digit(name):
    """Forward and backward together, of small nets with a gradient of the input as well; and what makes it differ."""
    make, size = {**MODELS, **NETS}[name]
    for input_grad in (False, True) if name in NETS else (False,):
        report = step(make(), size, input_grad=input_grad)
        theirs = torchs_own(make().train(), [torch.zeros(size, device="meta")], input_grad=input_grad)
        assert report.total.step.count == theirs
        ours = report.counted_as("textbook").total.step.count
        entry = report.conventions()["flop_counter_mode"]
        assert (entry.total, entry.beside) == (theirs, ours)
        assert sum(cause.amount for cause in entry.causes) == theirs - ours


@pytest.mark.parametrize("name", ["alexnet", "resnet18", *(name for name in NETS if name != STATE)])
def test_each_phase_is_torchs(name):
    """With all parameters frozen torch counts the inputs' gradients alone; the rest are those of the weights."""
    make, size = {**MODELS, **NETS}[name]
    inputs = [torch.zeros(size, device="meta")]
    total = step(make(), size, input_grad=True).total
    alone = torchs_own(make().train().requires_grad_(requires_grad=False), inputs, input_grad=True)
    assert total.forward.count + total.backward_inputs.count == alone
    assert total.backward_weights.count == torchs_own(make().train(), inputs, input_grad=True) - alone


#: What torch does not run on meta tensors.
NOT_ON_META = {"layers made in forward": "the layers are made on the CPU"}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBES)
def test_probes(name):
    """Each small model that tools count differently, as far as there is something to train."""
    probe = PROBES[name]
    try:
        report = cost(probe.model(), input_data=probe.inputs(), training=True, mode="same")
    except CostError as error:
        assert "nothing to train" in str(error)  # noqa: PT017 -- said by those without parameters
        return
    entry = report.conventions("flop_counter_mode")["flop_counter_mode"]
    assert sum(cause.amount for cause in entry.causes) == entry.total - report.total.step.count
    if name not in NOT_ON_META:
        assert entry.total == torchs_own(probe.model(), probe.inputs())


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_is_computed_again(reentrant):
    """A checkpoint's second forward counts as its first one did."""
    report = step(again(reentrant=reentrant), (2, 4, 9, 9))
    assert report.total.step.count == torchs_own(again(reentrant=reentrant), [torch.zeros(2, 4, 9, 9)])
    assert report["block.0"].recomputed.count == 2 * (2 * 5 * 5 * 4 * 2 * 9)
    assert report.total.optimizer.count == 0


class EndsInSteps(nn.Module):
    """A checkpoint whose last layer goes through steps."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.first, self.steps, self.last = nn.Linear(12, 12), layer(12, 7, batch_first=True), nn.Linear(7, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(checkpoint(lambda y: self.steps(self.first(y))[0], x, use_reentrant=False))


@pytest.mark.parametrize(("layer", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_a_checkpoint_that_stops_inside_its_last_layer(layer, gates):
    """What it computes again is not lost where the framework stops as soon as it has enough."""
    report = step(EndsInSteps(layer), (2, 5, 12))
    assert report["steps"].recomputed.macs == 2 * 5 * gates * 7 * (12 + 7)
    assert report.total.step.count == torchs_own(EndsInSteps(layer), [torch.zeros(2, 5, 12)])


def test_the_groups_that_it_forgets_by_hand():
    """The weight gradient of four groups is four times too large, and only that."""
    report = step(nn.Sequential(nn.Conv2d(8, 8, 3, groups=4)), (2, 8, 6, 5), input_grad=True)
    product = 2 * (2 * 4 * 3 * 8 * 2 * 9)
    row = report["0"]
    assert (row.count, row.backward_inputs.count, row.backward_weights.count) == (product, product, 4 * product)
    entry = report.conventions()["flop_counter_mode"]
    found = {cause.label: cause for cause in entry.causes}[FAULT]
    assert (found.amount, found.operations, found.fault, found.factor) == (3 * product, 1, True, 4.0)
    lines = {line.title: (str(line), line.why) for line in report.explain("0").lines}
    shown, why = lines["convolution, gradient of the weight"]
    assert shown == f"2·N·H_out·W_out·C_in·C_out·K_h·K_w = 2·2·4·3·8·8·3·3 = {4 * product:,}"
    assert why == FAULT
    assert f"the training step: {6 * product:,} FLOPs" in repr(report.explain("0"))
    assert "(×4 here) !" in re.sub(r"\s+", " ", repr(report.conventions()))


def test_one_group_is_no_fault():
    """Where channels all meet, its number is right, and nothing is blamed."""
    entry = step(nn.Conv2d(8, 8, 3), (2, 8, 6, 5)).conventions()["flop_counter_mode"]
    assert not any(cause.fault for cause in entry.causes)


@pytest.mark.parametrize("name", [peer.name for peer in PEERS if peer.name != "flop_counter_mode"])
def test_other_tools_count_no_backward(name):
    """Asked for a step, each row says so; the forward's number is there."""
    report = cost(half_frozen(), (2, 4, 9, 9), training=True).counted_as(name)
    alone = cost(half_frozen(), (2, 4, 9, 9), mode="train").counted_as(name)
    assert report.total.count == alone.total.count
    for row in (report.total, *report.rows, *report.tree(1), *report.by_type()):
        for part in (*PHASES, "backward", "step"):
            with pytest.raises(CostError, match=f"^{name} counts no backward pass"):
                getattr(row, part)
    with pytest.raises(CostError, match="this report is of a forward alone"):
        _ = alone.total.step


def test_rows_add_up():
    """In the tool's convention, too, the rows of a step add up at every depth."""
    report = step(nn.TransformerEncoder(nn.TransformerEncoderLayer(12, 3, 20), 2), (5, 2, 12))
    for rows in (*(report.tree(depth) for depth in (1, 2, None)), report.rows):
        assert sum(row.step.count for row in rows if row.is_leaf) == report.total.step.count
    assert report.uncounted == ()
    assert "gradients of the sum of all outputs" in repr(report).splitlines()  # by its own rules, not by derivatives


@pytest.fixture(scope="module")
def table():
    """All conventions of one training step."""
    return cost(half_frozen(), (2, 4, 9, 9), training=True, optimizer="adam").conventions()


def test_whole_steps_or_forwards_are_compared(table):
    """Each convention with our number of the same thing, and the causes add up to the difference from that."""
    report = cost(half_frozen(), (2, 4, 9, 9), training=True, optimizer="adam")
    assert table.is_step
    for entry in table:
        counted = report.counted_as(entry.name).total
        tool = entry.name in {peer.name for peer in PEERS} - {"flop_counter_mode"}
        assert entry.forward_alone == tool
        assert entry.total == (counted.count if tool else counted.step.count)
        assert entry.beside == (report.total.count if tool else report.total.step.count)
        assert sum(cause.amount for cause in entry.causes) == entry.total - entry.beside
        assert table.ratio(entry.name) == entry.total / entry.beside
    labels = {cause.label for cause in table["macs"].causes}
    assert {"ReLU: not counted", "Adam step: not counted"} <= labels


def test_the_header_says_what_is_compared(table):
    """In text, HTML and Markdown: which numbers are of a forward, and ours of that; where none is, nothing."""
    forward = cost(half_frozen(), (2, 4, 9, 9), mode="train").total.flops
    note = (
        "(forward): the tool counts no backward pass, so its forward is compared with ours alone, "
        f"{exact(forward)} FLOPs"
    )
    lines = repr(table).splitlines()
    assert lines[0].endswith("FLOPs a training step by textbook")
    assert lines[1] == note
    assert max(map(len, lines)) <= 120
    for shown in (repr(table), table._repr_html_(), table.to_markdown()):
        assert note in shown
        assert shown.count("(forward)") == 1 + len(PEERS) - 1
    steps = cost(half_frozen(), (2, 4, 9, 9), training=True).conventions("macs", "flop_counter_mode")
    assert "(forward)" not in repr(steps)
    assert "a training step" in repr(steps)
    plain = cost(half_frozen(), (2, 4, 9, 9)).conventions()
    assert "step" not in repr(plain)
    assert "(forward)" not in repr(plain)


def test_exports_say_what_is_compared(table):
    """Dict and CSV have it in a field of its own; those of a forward have none."""
    told = {entry["name"]: entry["covers"] for entry in table.to_dict()["conventions"]}
    assert (told["textbook"], told["flop_counter_mode"], told["thop"]) == ("step", "step", "forward")
    lines = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert {line["convention"]: line["covers"] for line in lines} == told
    plain = cost(half_frozen(), (2, 4, 9, 9)).conventions("thop")
    assert "covers" not in plain.to_csv() + str(plain.to_dict())


def test_the_waterfall_is_of_what_is_compared(table):
    """It starts at our number of the step, or of the forward, and says which."""
    assert "a training step: from textbook to flop_counter_mode" in repr(table.plot("flop_counter_mode"))
    assert "the forward of a training step: from textbook to thop" in repr(table.plot("thop"))


def test_rules_of_ones_own_in_a_step():
    """A course's convention is compared with the textbook on the whole step, gradients by its own rules."""
    mine = textbook.with_rules({"relu_backward": 3}, name="mine")
    entry = cost(nn.Sequential(nn.Linear(4, 6), nn.ReLU()), (2, 4), training=True).conventions(mine)["mine"]
    assert [(cause.amount, cause.label) for cause in entry.causes] == [
        (2 * 2 * 6, "ReLU, gradient of the input: 3·n instead of n"),
    ]
