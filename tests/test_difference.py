"""What changes from one model to another: which layer is which, and differences worked out by hand."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import warnings
from collections import OrderedDict
from functools import cache

import pytest
import torch
import torchvision
from matplotlib.figure import Figure
from nets import Body
from test_views import read
from torch import nn

import nbcnncost.backward
from nbcnncost import CostError, cost
from nbcnncost.api import attempt
from nbcnncost.changes import settings_changes
from nbcnncost.entries import NUMBERS
from nbcnncost.matching import align
from nbcnncost.parts import STEP
from nbcnncost.views import difference as view
from nbcnncost.views import grid, text
from nbcnncost.views.difference_fold import select

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
NAMES = (HOSTILE, "😀", "x" * 500, "\u202eעברית", "$x^2$", "a\n\x1b[31mb", "|*_`")


def lenet(**changes):
    """LeNet-5 as a sequence of named layers; ``name=layer`` replaces one, ``name=None`` leaves it out."""
    layers = {
        "conv1": nn.Conv2d(1, 6, 5, padding=2),
        "relu1": nn.ReLU(),
        "pool1": nn.MaxPool2d(2),
        "conv2": nn.Conv2d(6, 16, 5),
        "relu2": nn.ReLU(),
        "pool2": nn.MaxPool2d(2),
        "flat": nn.Flatten(),
        "fc1": nn.Linear(400, 120),
        "fc2": nn.Linear(120, 84),
        "fc3": nn.Linear(84, 10),
    }
    layers |= changes
    return {name: layer for name, layer in layers.items() if layer is not None}


def named(layers):
    """A sequence whose layers have these names."""
    return nn.Sequential(OrderedDict(layers))


def ordered(layers, *names):
    """The layers in the order of these names, which stand for all up to the next one."""
    return {name: layers[name] for name in (*names, *(name for name in layers if name not in names))}


def report_of(layers, size=(1, 1, 28, 28)):
    """The report of named layers, or of a model."""
    return cost(named(layers) if isinstance(layers, dict) else layers, size)


def told(difference):
    """The entries that are not the same on both sides, each with its kind, words and differences."""
    return {
        entry.path: (entry.kind, entry.changes, entry.params, entry.macs, entry.flops)
        for entry in difference.entries
        if entry.kind != "same"
    }


# Which layer is which, and by how much it differs

SMALL = 28 * 28 * 6 * 3 * 3 - 28 * 28 * 6 * 5 * 5
LENETS = {
    "a layer with another setting": (
        lenet(conv1=nn.Conv2d(1, 6, 3, padding=1)),
        {"conv1": ("changed", ("5×5 → 3×3", "p2 → p1"), 6 * 3 * 3 - 6 * 5 * 5, SMALL, 2 * SMALL)},
    ),
    "a layer of another type": (
        lenet(relu1=nn.Tanh()),
        {"relu1": ("changed", ("ReLU → Tanh",), 0, 0, 5 * 28 * 28 * 6 - 28 * 28 * 6)},
    ),
    "a layer more": (
        ordered(lenet(bn1=nn.BatchNorm2d(6)), "conv1", "bn1"),
        {"bn1": ("added", (), 2 * 6, 0, 4 * 28 * 28 * 6)},
    ),
    "a layer less": (
        lenet(fc2=None, fc3=nn.Linear(120, 10)),
        {
            "fc2": ("removed", (), -(120 + 1) * 84, -120 * 84, -2 * 120 * 84),
            "fc3": (
                "changed",
                ("from 84→10 to 120→10", "input 1×84 → 1×120"),
                (120 - 84) * 10,
                (120 - 84) * 10,
                2 * (120 - 84) * 10,
            ),
        },
    ),
    "another order": (
        ordered(lenet(), "conv1", "pool1"),
        {
            "pool1": ("same", (), 0, 0, 0),
            "relu1": (
                "changed",
                ("input 1×6×28×28 → 1×6×14×14", "output 1×6×28×28 → 1×6×14×14"),
                0,
                0,
                14 * 14 * 6 - 28 * 28 * 6,
            ),
        },
    ),
    "a layer with another name": (
        OrderedDict((("first" if name == "conv1" else name), layer) for name, layer in lenet().items()),
        {"first": ("renamed", (), 0, 0, 0)},
    ),
    "a layer in another container": (
        {"stem": named({"conv": lenet()["conv1"], "act": nn.ReLU()}), **lenet(conv1=None, relu1=None)},
        {"stem.conv": ("renamed", (), 0, 0, 0), "stem.act": ("renamed", (), 0, 0, 0)},
    ),
    "a layer that becomes a container": (
        lenet(fc3=nn.Sequential(nn.Dropout(), nn.Linear(84, 10))),
        {"fc3.0": ("added", (), 0, 0, 0), "fc3.1": ("renamed", (), 0, 0, 0)},
    ),
    "another name and another setting": (
        OrderedDict((("first", nn.Conv2d(1, 6, 3, padding=1)), *list(lenet().items())[1:])),
        {"first": ("changed", ("5×5 → 3×3", "p2 → p1"), 6 * 3 * 3 - 6 * 5 * 5, SMALL, 2 * SMALL)},
    ),
    "frozen parameters": (
        lenet(fc3=nn.Linear(84, 10).requires_grad_(requires_grad=False)),
        {"fc3": ("changed", ("trainable 850 → 0",), 0, 0, 0)},
    ),
    "nothing": (lenet(), {}),
}


@pytest.mark.parametrize("case", LENETS)
def test_what_differs_between_two_lenets(case):
    """Each layer is found again, with the differences that its formula gives."""
    layers, wanted = LENETS[case]
    difference = report_of(lenet()).diff(report_of(layers))
    wanted = {path: entry for path, entry in wanted.items() if entry[0] != "same"}
    assert told(difference) == wanted
    for number, position in (("params", 2), ("macs", 3), ("flops", 4)):
        assert getattr(difference.total, number) == sum(entry[position] for entry in wanted.values())


def test_renamed_layers_know_their_old_name():
    """A layer that moved into a container is one entry with both paths, and can be asked for by either."""
    difference = report_of(lenet()).diff(report_of(LENETS["a layer in another container"][0]))
    assert [(entry.before.path, entry.after.path) for entry in difference.renamed] == [
        ("conv1", "stem.conv"),
        ("relu1", "stem.act"),
    ]
    assert difference["conv1"] == difference["stem.conv"]
    with pytest.raises(CostError, match="no layer 'conv9' on either side"):
        difference["conv9"]


def test_a_sequence_is_matched_by_order_and_type():
    """The numbers of a sequence say nothing: a layer in between moves all others on, and changes none."""
    before = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
    after = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU()
    )
    difference = report_of(before).diff(report_of(after))
    assert [(entry.before and entry.before.path, entry.after and entry.after.path) for entry in difference.entries] == [
        ("0", "0"),
        (None, "1"),
        ("1", "2"),
        ("2", "3"),
        (None, "4"),
        ("3", "5"),
    ]
    assert [entry.kind for entry in difference.entries] == [
        *("same", "added", "renamed"),
        *("renamed", "added", "renamed"),
    ]
    assert all(entry.moved for entry in difference.renamed)


def test_functions_and_unused_parameters_are_entries():
    """Functions of a forward are matched by order and name, a layer that is not called by its path."""

    def forward(net, x):
        return torch.relu(net.conv(torch.relu(x)))

    def other(net, x):
        return net.head(torch.relu(net.conv(x)) + 1)

    layers = {"conv": nn.Conv2d(1, 1, 1), "head": nn.Linear(8, 2), "spare": nn.Linear(3, 3)}
    before = cost(Body(forward, **layers), (1, 1, 8, 8))
    difference = before.diff(cost(Body(other, **layers), (1, 1, 8, 8)))
    assert [(entry.before and entry.before.path, entry.after and entry.after.path) for entry in difference.entries] == [
        ("relu()", None),
        ("conv", "conv"),
        ("relu()#2", "relu()"),
        (None, "add()"),
        ("head", "head"),
        ("spare", "spare"),
    ]
    assert [entry.kind for entry in difference.entries] == [
        *("removed", "same", "renamed"),
        *("added", "changed", "same"),
    ]
    assert [entry.flops for entry in difference.entries] == [-8 * 8, 0, 0, 8 * 8, 2 * 8 * 8 * 2, 0]
    assert difference["head"].changes == ("called now",)


@cache
def published(name, size=224):
    """The report of a torchvision model, made without its weights."""
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    return cost(model, (1, 3, size, size))


def test_resnet34_has_eight_blocks_more_than_resnet18():
    """1, 2, 4 and 1 more basic blocks, each of two 3×3 convolutions with batch normalization; nothing else."""
    difference = published("resnet18").diff(published("resnet34"))
    widths = {64: 1, 128: 2, 256: 4, 512: 1}
    assert {entry.kind for entry in difference.entries} == {"same", "added"}
    assert len(difference.added) == 8 * 7
    assert difference.total.params == sum(
        blocks * 2 * (3 * 3 * width * width + 2 * width) for width, blocks in widths.items()
    )
    assert difference.total.macs == 8 * 2 * 56 * 56 * 64 * 64 * 3 * 3
    assert "+ layer1.2 ▸" in repr(difference)
    assert "added: BasicBlock (7" in repr(difference)


def test_vgg16_with_batch_norm_has_thirteen_layers_more():
    """Each convolution is followed by a normalization of its channels; all others are the same, further on."""
    difference = published("vgg16").diff(published("vgg16_bn"))
    channels = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert [entry.params for entry in difference.added] == [2 * width for width in channels]
    assert len(difference.added) == 13
    assert difference.changed == difference.removed == ()
    assert difference.total.macs == 0
    assert difference.total.params == 2 * sum(channels)


def test_resnet50_before_version_1_5():
    """With the stride in the first convolution of a block three of them see a quarter of the positions."""
    model = torchvision.models.resnet50()
    for layer in (model.layer2, model.layer3, model.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    difference = cost(model, (1, 3, 224, 224)).diff(published("resnet50"))
    moved = (56 * 56 - 28 * 28) * 256 * 128 + (28 * 28 - 14 * 14) * 512 * 256 + (14 * 14 - 7 * 7) * 1024 * 512
    assert difference.total.macs == moved
    assert difference.total.params == 0
    assert difference.added == difference.removed == difference.renamed == ()
    assert difference["layer2.0.conv1"].changes == ("s2 → s1", "output 1×128×28×28 → 1×128×56×56")
    assert difference["layer2.0.conv2"].changes == ("s1 → s2", "input 1×128×28×28 → 1×128×56×56")
    assert difference["layer2.0.conv2"].macs == 0


def test_every_residual_block_is_compared_with_its_like():
    """ResNet-50 and -18 have blocks of other types in the same places: what they share is found, nothing twice."""
    before, after = published("resnet50"), published("resnet18")
    difference = before.diff(after)
    assert difference["layer1.0.conv1"].changes == ("1×1 → 3×3", "p0 → p1")
    assert difference["layer1.0.add()"].kind == "changed"
    assert difference.added == ()
    assert_complete(difference, before, after)


# Training steps


def trained_lenet(**changes):
    """The report of a training step of LeNet-5, with some of its layers replaced."""
    return cost(named(lenet(**changes)), (1, 1, 28, 28), training=True)


@cache
def trained(name):
    """The report of a training step of a torchvision model, made without its weights."""
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    return cost(model, (1, 3, 224, 224), training=True)


def frozen(layer):
    """The layer with parameters that are not trained."""
    return layer.requires_grad_(requires_grad=False)


ADAM = {name: size * (14 - 2) for name, size in {"fc1": 401 * 120, "fc2": 121 * 84, "fc3": 85 * 10}.items()}
STEPS = {
    "a smaller kernel": (
        lambda: trained_lenet(conv1=nn.Conv2d(1, 6, 3, padding=1)),
        {"conv1": {"forward": 2 * SMALL, "backward_weights": 2 * SMALL, "optimizer": 2 * 6 * (3 * 3 - 5 * 5)}},
    ),
    "a frozen first layer": (
        lambda: trained_lenet(conv1=frozen(lenet()["conv1"])),
        {
            "conv1": {"backward_weights": -2 * 28 * 28 * 6 * 5 * 5, "optimizer": -2 * 6 * (5 * 5 + 1)},
            "relu1": {"backward_inputs": -28 * 28 * 6},
            "pool1": {"backward_inputs": -14 * 14 * 6},
            "conv2": {"backward_inputs": -2 * 10 * 10 * 16 * 6 * 5 * 5},
        },
    ),
    "another optimizer": (
        lambda: cost(named(lenet()), (1, 1, 28, 28), training=True, optimizer="adam"),
        {
            "conv1": {"optimizer": 6 * (5 * 5 + 1) * (14 - 2)},
            "conv2": {"optimizer": 16 * (6 * 5 * 5 + 1) * (14 - 2)},
            **{name: {"optimizer": number} for name, number in ADAM.items()},
        },
    ),
    "the gradient of the input": (
        lambda: cost(named(lenet()), (1, 1, 28, 28), training=True, input_grad=True),
        {"conv1": {"backward_inputs": 2 * 28 * 28 * 6 * 5 * 5}},
    ),
}


@pytest.mark.parametrize("case", STEPS)
def test_training_steps_differ_by_their_parts(case):
    """What a layer's step differs by are its parts' differences, and all of them are the total's."""
    make, wanted = STEPS[case]
    difference = trained_lenet().diff(make())
    parts = [name for name in STEP if name != "step"]
    found = {entry.path: {name: entry.difference(name) for name in parts} for entry in difference.changed}
    assert found == {path: dict.fromkeys(parts, 0) | numbers for path, numbers in wanted.items()}
    assert {entry.path: entry.step for entry in difference.changed} == {
        path: sum(numbers.values()) for path, numbers in wanted.items()
    }
    assert difference.total.step == sum(number for numbers in wanted.values() for number in numbers.values())


@pytest.mark.parametrize("depth", [None, 1])
def test_training_steps_add_up_at_every_depth(depth):
    """Every part of a step, in all rows of a table, makes up the total's difference."""
    assert_complete(
        trained("resnet18").diff(trained("resnet34"), depth=depth), trained("resnet18"), trained("resnet34")
    )


def test_the_table_of_training_steps_shows_the_step():
    """Both sides of the step, and what else differs; its parts are there when asked for."""
    difference = trained_lenet().diff(trained_lenet(conv1=frozen(lenet()["conv1"])))
    shown = repr(difference)
    assert re.search(r"^layer +step before +step after +Δ step +change$", shown, re.MULTILINE)
    conv = 2 * 28 * 28 * 6 * 5 * 5
    numbers = rf"{2 * conv + 312:,} +{conv:,} +−{conv + 312:,}"
    assert re.search(rf"^~ conv1 +{numbers} +trainable 156 → 0$", shown, re.MULTILINE)
    assert re.search(r"^~ relu1 .* trained otherwise$", shown, re.MULTILINE)
    assert "train mode, training step (sgd)" in shown
    asked = repr(difference.with_look(columns=["optimizer"], sort="backward_inputs"))
    assert re.search(r"^layer +optimizer before +optimizer after +Δ optimizer +change$", asked, re.MULTILINE)
    assert "the largest difference of FLOPs of inputs' gradients first" in asked
    first = next(line for line in asked.split("\n") if line.startswith("~"))
    assert first.startswith("~ conv2 ")


def test_a_forward_beside_a_training_step_is_compared_with_its_forward():
    """The header says so, and nothing of the step has a difference, a column or a chart."""
    plain = cost(named(lenet()), (1, 1, 28, 28))
    difference = plain.diff(trained_lenet())
    shown = repr(difference)
    assert difference.labels == ("Sequential in a forward", "Sequential in a step with sgd")
    assert "only the forward is compared: Sequential in a forward has no training step" in shown
    assert {entry.kind for entry in difference.entries} == {"same"}
    assert "step before" not in shown
    assert "step" not in difference.to_dict()["total"]["difference"]
    for ask in (
        lambda: difference.total.step,
        lambda: difference.with_look(sort="step"),
        lambda: difference.plot("step"),
    ):
        with pytest.raises(CostError, match="step belongs to a training step"):
            ask()
    assert "only the forward" not in repr(plain.diff(plain)) + repr(trained_lenet().diff(trained_lenet()))


def test_steps_of_two_units_stand_without_a_difference():
    """Steps in FLOPs and in MACs both stand there, and are not subtracted."""
    difference = made()["training units"]
    conv = 28 * 28 * 6 * 5 * 5
    assert difference["conv1"].numbers("step") == (2 * 2 * conv + 2 * 156, 2 * conv)
    assert difference["conv1"].step is None
    assert difference.total.step is None
    assert "FLOPs (textbook), step  MACs (macs), step" in repr(difference)
    assert repr(difference.with_look(view="chart")._chart()).startswith("Bar chart. ")
    with pytest.raises(CostError, match="different units"):
        difference.plot("step")


@pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning")
def test_unknown_gradients_have_no_difference(monkeypatch):
    """Where only a gradient is unknown the forward's difference is known, and the step's is not."""
    known = trained_lenet()
    kinds = {kind: parts for kind, parts in nbcnncost.backward.BACKWARD.items() if kind != "relu"}
    monkeypatch.setattr(nbcnncost.backward, "BACKWARD", kinds)
    difference = known.diff(trained_lenet())
    entry = difference["relu1"]
    assert (entry.flops, entry.difference("forward")) == (0, 0)
    assert (entry.difference("backward_inputs"), entry.step) == (None, None)
    assert difference.total.step is None
    assert difference.total.flops == 0
    shown = repr(difference)
    assert re.search(r"^~ relu1 +9,408 +4,704 \+ \? +−4,704 \+ \? ", shown, re.MULTILINE)
    assert "has operations without a rule, left out of its numbers: relu backward" in shown


# Integer multiply-accumulates


def quantized(layers):
    """The model of these layers, all its linear ones quantized dynamically."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the framework deprecates its quantization, for its users to know
        return torch.ao.quantization.quantize_dynamic(named(layers), {nn.Linear})


def test_quantized_layers_have_integer_macs_more():
    """As many MACs as before, all of them of integers in the linear layers; a column says so where there are any."""
    difference = made()["quantized"]
    sizes = {"fc1": 400 * 120, "fc2": 120 * 84, "fc3": 84 * 10}
    assert {entry.path: entry.integer_macs for entry in difference.changed} == sizes
    assert (difference.total.integer_macs, difference.total.macs) == (sum(sizes.values()), 0)
    assert re.search(r"^layer +Δ integer MACs +FLOPs before ", repr(difference), re.MULTILINE)
    assert "integer MACs 0 → 58.9 k" in repr(difference)
    assert "integer MACs" not in repr(made()["changed"])
    asked = repr(difference.with_look(columns=["integer_macs"], sort="integer_macs"))
    assert re.search(r"^~ fc1 +0 +48,000 +\+48,000 ", asked, re.MULTILINE)


# One model, run otherwise


def test_one_model_at_two_inputs():
    """Work follows the size, parameters do not; the header names the sizes."""
    difference = published("alexnet").diff(published("alexnet", 192))
    assert difference.labels == ("AlexNet at 1×3×224×224", "AlexNet at 1×3×192×192")
    assert difference["features.0"].macs == (47 * 47 - 55 * 55) * 64 * 3 * 11 * 11
    assert difference.total.params == 0
    assert difference["classifier.1"].kind == "same"
    assert "output 1×64×55×55 → 1×64×47×47" in repr(difference)


def test_two_conventions_show_both_numbers_and_no_difference():
    """FLOPs and MACs are different units: both stand there; what does not depend on the rules is compared."""
    before = report_of(lenet())
    difference = before.diff(before.counted_as("macs"))
    assert difference.labels == ("Sequential by textbook", "Sequential by macs")
    assert (difference.total.count, difference.total.macs, difference.total.flops) == (None, 0, 0)
    conv = difference["conv1"]
    assert conv.kind == "changed"
    assert conv.numbers("count") == (2 * 28 * 28 * 6 * 5 * 5, 28 * 28 * 6 * 5 * 5)
    assert conv.count is None
    shown = repr(difference)
    assert "FLOPs (textbook)  MACs (macs)" in shown
    assert "FLOPs and MACs are different units" in shown
    assert re.search(r"^~ conv1 +235,200 +117,600 ", shown, re.MULTILINE)
    with pytest.raises(CostError, match="different units"):
        difference.plot("count")


def test_two_conventions_of_one_unit_are_compared():
    """A rule that counts three operations for a ReLU adds two for each element."""
    before = report_of({"relu": nn.ReLU()}, (1, 3, 8, 8))
    dearer = before.convention.with_rules({"relu": 3}, name="dearer")
    difference = before.diff(before.counted_as(dearer))
    assert difference.total.count == difference.total.flops == (3 - 1) * 3 * 8 * 8
    assert difference.entries[0].changes == ()
    assert "counted otherwise" in repr(difference)
    assert "FLOPs (textbook)" in repr(difference)
    assert "FLOPs (dearer)" in repr(difference)


def test_two_dtypes_are_one_line():
    """Nothing but the dtype differs: one line says so instead of all layers."""
    layers = lenet()
    before = report_of(layers)
    difference = before.diff(cost(named(layers).double(), (1, 1, 28, 28), dtypes="float64"))
    assert difference.labels == ("Sequential in float32", "Sequential in float64")
    assert difference["conv1"].changes == ("input float32 → float64", "output float32 → float64")
    assert all(entry.only_reshaped for entry in difference.entries)
    assert re.search(r"^10 layers, numbers alike .* other shapes or dtypes$", repr(difference), re.MULTILINE)


def test_eval_and_train_mode():
    """Dropout costs something in training only."""
    layers = {"fc": nn.Linear(8, 8), "drop": nn.Dropout(0.5)}
    before, after = (cost(named(layers), (1, 8), mode=mode) for mode in ("eval", "train"))
    difference = before.diff(after)
    assert difference.labels == ("Sequential in eval mode", "Sequential in train mode")
    assert told(difference) == {"drop": ("changed", (), 0, 0, 2 * 8)}


@pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning")
def test_what_is_unknown_has_no_difference():
    """An operation without a rule on one side: its difference is not known, never 0, and the total says so."""

    def forward(net, x):
        return torch.linalg.matrix_exp(net.fc(x))

    before = cost(Body(lambda net, x: net.fc(x), fc=nn.Linear(4, 4)), (4, 4))
    difference = before.diff(cost(Body(forward, fc=nn.Linear(4, 4)), (4, 4)))
    entry = difference["linalg_matrix_exp()"]
    assert (entry.kind, entry.params, entry.macs, entry.flops, entry.count) == ("added", 0, None, None, None)
    assert difference.total.macs is None
    shown = repr(difference)
    assert re.search(r"^\+ linalg_matrix_exp\(\) +\? +\? +\? ", shown, re.MULTILINE)
    assert "has operations without a rule, left out of its numbers: linalg_matrix_exp" in shown


def test_calls_of_a_shared_layer_are_entries_of_their_own():
    """A layer that runs three times instead of two does the work of once more, with the same parameters."""

    def times(number):
        def forward(net, x):
            for _ in range(number):
                x = net.conv(x)
            return x

        return cost(Body(forward, conv=nn.Conv2d(3, 3, 3, padding=1)), (1, 3, 8, 8))

    difference = times(2).diff(times(3))
    assert [entry.kind for entry in difference.entries] == ["same", "same", "added"]
    assert difference["conv"].macs == difference.total.macs == 8 * 8 * 3 * 3 * 3 * 3
    assert difference["conv"].params == 0
    assert re.search(r"^\+ conv \(3 of 3\) ", repr(difference), re.MULTILINE)


def test_a_run_that_stopped_has_no_whole_difference():
    """Where one side's run stopped its layer's numbers are not known, nor is the total's difference."""
    stopped = attempt(named(lenet()), (1, 1, 8, 8)).report
    difference = report_of(lenet()).diff(stopped)
    assert stopped.failure.path == "conv2"
    assert difference["conv2"].macs is None
    assert difference["conv1"].macs == (8 * 8 - 28 * 28) * 6 * 5 * 5
    assert difference.total.macs is None
    assert " stopped at conv2: its numbers are those of the layers up to there" in repr(difference)


def test_a_report_is_compared_with_a_report():
    """Anything else is answered with a sentence."""
    with pytest.raises(CostError, match="compared with another report, not with Sequential"):
        report_of(lenet()).diff(named(lenet()))
    with pytest.raises(CostError, match="depth is at least 1"):
        report_of(lenet()).diff(report_of(lenet()), depth=0)


# Adding up


def assert_complete(difference, before, after):
    """Every row of both sides stands in one entry, and the differences add up to that of the totals."""
    depth = difference.depth
    for side, report in (("before", before), ("after", after)):
        rows = [getattr(entry, side) for entry in difference.entries if getattr(entry, side) is not None]
        leaves = [row for row in report.tree(depth) if row.is_leaf]
        assert sorted(map(repr, rows)) == sorted(map(repr, leaves))
        assert len({(row.path, row.call) for row in rows}) == len(rows)
    names = difference.total.names
    for name in names:
        whole = after.total.number(name) - before.total.number(name)
        assert sum(entry.known(name) for entry in difference.entries) == whole
    for look in ({}, {"top": 1}, {"top": 3, "sort": "params"}, {"everything": True}):
        rows = select(difference.with_look(**look))[1]
        for name in names:
            assert sum(row.entry.known(name) for row in rows) == difference.total.known(name)


@pytest.mark.parametrize("depth", [None, 1, 2, 3])
def test_differences_add_up_at_every_depth(depth):
    """Blocks instead of layers are compared in the same way."""
    before, after = published("resnet18"), published("resnet34")
    assert_complete(before.diff(after, depth=depth), before, after)


def test_blocks_are_compared_with_depth():
    """At depth 1 the four stages differ, and each by its blocks."""
    difference = published("resnet18").diff(published("resnet34"), depth=1)
    assert [entry.path for entry in difference.changed] == ["layer1", "layer2", "layer3", "layer4"]
    assert difference["layer1"].params == 2 * (3 * 3 * 64 * 64 + 2 * 64)
    assert "what is inside" in repr(difference)


def test_a_model_does_not_differ_from_itself():
    """Nothing is listed but that nothing differs."""
    difference = published("resnet18").diff(published("resnet18"))
    assert {entry.kind for entry in difference.entries} == {"same"}
    assert difference.total.flops == 0
    assert difference.labels == ("ResNet (1)", "ResNet (2)")
    assert re.search(r"^69 layers unchanged ", repr(difference), re.MULTILINE)


def best_sum(left, right, likeness):
    """The largest sum of likenesses over all ways to pair the two lists in order, tried one by one."""
    most = 0
    for size in range(1, min(len(left), len(right)) + 1):
        for some, others in itertools.product(
            itertools.combinations(range(len(left)), size), itertools.combinations(range(len(right)), size)
        ):
            values = [likeness(left[i], right[j]) for i, j in zip(some, others, strict=True)]
            most = max(most, sum(values)) if all(values) else most
    return most


@pytest.mark.parametrize(
    ("left", "right"),
    [("", "abc"), ("abcab", "bacab"), ("aabba", "abab"), ("crbcrb", "crcrcr"), ("abcde", "edcba"), ("aaaa", "aa")],
)
def test_alignment_is_the_best_there_is(left, right):
    """No other way of pairing the lists in order has a larger sum of likenesses."""

    def likeness(one, other):
        return {("a", "b"): 1, ("b", "a"): 1}.get((one, other), 3 * (one == other))

    pairs = align(left, right, likeness)
    assert sum(itertools.starmap(likeness, pairs)) == best_sum(left, right, likeness)
    assert all(itertools.starmap(likeness, pairs))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("3×3, s2, p1", "3×3, p1", ["s2 → s1"]),
        ("3×3", "3×3, p(0×3), d2, g32", ["p0 → p(0×3)", "d1 → d2", "g1 → g32"]),
        ("k5", "k3, no bias", ["k5 → k3", "bias → no bias"]),
        ("2×2, s2, ceil", "2×2, s2", ["ceil → no ceil"]),
        ("→1×1", "→7×7", ["1×1 → 7×7"]),
        ("64", "128", ["64 → 128"]),
        ("p=0.5", "p=0.2", ["p=0.5 → p=0.2"]),
        ("", "2", ["none → 2"]),
        ("num_features=3, eps=0.1", "num_features=3, eps=0.2", ["eps=0.1 → eps=0.2"]),
    ],
)
def test_settings_are_compared_piece_by_piece(before, after, words):
    """Only what differs is said, and what is usual by its name."""
    assert settings_changes(before, after) == words


# What is shown


def cases():
    """Differences of all sorts."""
    small = report_of(lenet())
    return {
        "changed": small.diff(report_of(LENETS["a layer with another setting"][0])),
        "moved": small.diff(report_of(LENETS["a layer in another container"][0])),
        "blocks": published("resnet18").diff(published("resnet34")),
        "sequence": published("vgg16").diff(published("vgg16_bn")),
        "sizes": published("alexnet").diff(published("alexnet", 192)),
        "units": small.diff(small.counted_as("macs")),
        "macs": small.counted_as("macs").diff(report_of(lenet(fc2=None, fc3=nn.Linear(120, 10))).counted_as("macs")),
        "unlike": published("resnet50").diff(published("vgg16")),
        "training": trained("resnet18").diff(trained("resnet34")),
        "frozen": trained_lenet().diff(trained_lenet(conv1=frozen(lenet()["conv1"]))),
        "training units": trained_lenet().diff(cost(named(lenet()), (1, 1, 28, 28), training=True, convention="macs")),
        "quantized": small.diff(report_of(quantized(lenet()))),
        "hostile": cost(hostile(3), (3, 32, 32)).diff(cost(hostile(5), (3, 32, 32))),
    }


def hostile(kernel):
    """A sequence whose layers have names nobody should have."""
    return named({name: nn.Conv2d(3, 3, kernel, padding=kernel // 2) for name in NAMES})


CASES = (
    *("changed", "moved", "blocks", "sequence", "sizes"),
    *("units", "macs", "unlike", "hostile"),
    *("training", "frozen", "training units", "quantized"),
)
LOOKS = {
    "default": {},
    "top": {"top": 3},
    "sort": {"sort": "params"},
    "columns": {"columns": ("params", "macs")},
    "everything": {"everything": True},
}
made = cache(cases)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", CASES)
def test_text_and_html_show_the_same(name, look):
    """Every cell that both views have reads the same; in the text words are shortened and few columns left out."""
    content = view.build(made()[name].with_look(**LOOKS[look]))
    lines = [*content.body, content.total]
    shown = [[cell.replace("\xa0", " ") for cell in row] for row in read(grid.html(content)).rows]
    assert shown[1:] == [[cell.text for cell in line.cells] for line in lines]
    rows = grid.text(content).split("\n")
    start = next(index for index, row in enumerate(rows) if row.startswith("layer "))
    rows = [row for row in rows[start + 1 :] if not set(row) <= {"─"}]
    assert len(rows) == len(lines)
    kept = [index for index, column in enumerate(content.columns) if not column.is_left and not column.dispensable]
    for row, line in zip(rows, lines, strict=True):
        assert all(line.cells[index].text in row for index in kept), row


@pytest.mark.parametrize("name", CASES)
def test_text_is_plain_and_narrow(name):
    """No control characters, no trailing spaces, at most 120 columns, the same each time."""
    shown = repr(made()[name])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", shown)
    assert all(line == line.rstrip() for line in shown.split("\n"))
    assert max(map(text.width, shown.split("\n"))) <= text.WIDTH
    assert shown == repr(cases()[name])


def test_names_are_text():
    """A layer's name is never markup, a control sequence, a column of Markdown or mathematics."""
    difference = made()["hostile"]
    markup = difference._repr_html_()
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup
    assert "mathjax_ignore" in markup
    assert "\x1b" not in markup + difference.to_markdown()
    assert "\u202e" not in markup + repr(difference)
    assert "\\|\\*\\_\\`" in difference.to_markdown()


@pytest.mark.parametrize("name", CASES)
def test_html_survives_a_sanitizer(name):
    """A table with caption and scopes, without ids, scripts or anything that has to run."""
    reader = read(made()[name]._repr_html_())
    assert {"table", "caption", "thead", "tbody", "tfoot", "th", "td"} <= reader.tags
    assert not reader.tags & {"script", "svg", "link", "button"}
    assert not {entry for entry in reader.attributes if entry == "id" or entry.startswith(("on", "data-", "aria"))}
    assert set(made()[name]._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_a_container_with_another_name_is_one_line():
    """Fifty layers in a renamed container are said in one line, not in fifty."""
    before, after = (nn.Sequential(OrderedDict({name: nn.Sequential(*[nn.Linear(4, 4)] * 5)})) for name in ("a", "b"))
    shown = repr(report_of(before, (1, 4)).diff(report_of(after, (1, 4))))
    assert shown.count("renamed") == 2
    assert "5 layers renamed, else the same" in shown
    assert re.search(r"^~ a → b +", shown, re.MULTILINE)


def test_largest_differences_first():
    """``top`` and ``sort`` show the largest differences, and one row for all others."""
    shown = select(published("alexnet").diff(published("alexnet", 192)).with_look(top=2))[1]
    assert [row.entry.path for row in shown[:2]] == ["features.3", "features.8"]
    assert [row.name for row in shown[2:]] == ["other (12 rows)", "8 layers unchanged"]


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (
            {"columns": ["nope"]},
            "has no column 'nope'; it has: params, frozen, macs, integer_macs, flops, count",
        ),
        ({"sort": "step"}, "step belongs to a training step: ask for it with --train, or training=True"),
        ({"columns": ["macs", "optimizer"]}, "optimizer belongs to a training step"),
        ({"sort": "type"}, "a difference has no column 'type'"),
        ({"top": 0}, "top is at least 1, not 0"),
        ({"view": "nope"}, "there is no view 'nope'; there are: table, chart, both"),
    ],
)
def test_unknown_looks_are_answered(look, words):
    """What a difference does not have is answered with what it has."""
    with pytest.raises(CostError, match=re.escape(words)):
        made()["changed"].with_look(**look)


# Charts


@pytest.mark.parametrize("column", ["flops", "macs", "params", "count"])
def test_bars_stand_in_pairs(column):
    """Two bars for each of at most 30 layers, with a description; both sides are told apart by a hatch as well."""
    chart = published("resnet50").diff(published("vgg16")).plot(column, top=99)
    assert isinstance(chart.figure, Figure)
    bars = chart.figure.axes[0].containers
    assert len(bars) == 2
    assert len(bars[0]) == len(bars[1]) <= 30
    assert {bar.get_hatch() for bar in bars[0]} == {"////"}
    assert {bar.get_hatch() for bar in bars[1]} <= {"", None}
    assert repr(chart).startswith("Bar chart. ResNet → VGG: ")


def test_bars_of_training_steps_add_up():
    """The bars of the steps differ by the steps' difference; without a column they are the chart."""
    difference = trained_lenet().diff(STEPS["a frozen first layer"][0]())
    before, after = difference.plot("step").figure.axes[0].containers
    assert sum(bar.get_width() for bar in after) - sum(bar.get_width() for bar in before) == difference.total.step
    assert "FLOPs of the training step" in repr(difference.plot("step"))
    assert repr(difference._chart()) == repr(difference.plot("step"))


def test_bars_add_up_to_what_differs():
    """The longer bars less the shorter ones are the whole difference, since what is equal is left out."""
    difference = published("vgg16").diff(published("vgg16_bn"))
    before, after = difference.plot("params", top=5).figure.axes[0].containers
    assert sum(bar.get_width() for bar in after) - sum(bar.get_width() for bar in before) == difference.total.params


def test_a_chart_is_the_same_each_time():
    """Byte for byte, and with alternative text in HTML."""
    first, second = (made()["hostile"].plot()._repr_mimebundle_() for _ in range(2))
    assert first == second
    assert 'alt="Bar chart. Sequential with ' in first["text/html"]
    assert "<img src=x" not in first["text/html"]


def test_views_show_table_chart_or_both():
    """The chart is a figure in the HTML; alone it is a picture, too."""
    shown = made()["changed"].with_look(view="both")._repr_mimebundle_()
    assert "<table>" in shown["text/html"]
    assert "<figure" in shown["text/html"]
    alone = made()["changed"].with_look(view="chart")._repr_mimebundle_()
    assert "<table>" not in alone["text/html"]
    assert set(alone) == {"text/plain", "text/html", "image/png"}


def test_unknown_charts_are_answered():
    """A chart that does not exist is answered with those that do."""
    with pytest.raises(CostError, match="no chart of 'nope'; there are: flops"):
        made()["changed"].plot("nope")


# Exports


def test_exports_hold_everything(tmp_path):
    """Dictionary, JSON, CSV, Markdown and DataFrame have the same entries and numbers, unchanged ones as well."""
    difference = made()["moved"]
    plain = difference.to_dict()
    assert json.loads(difference.to_json(tmp_path / "d.json")) == plain == json.loads((tmp_path / "d.json").read_text())
    assert [entry["kind"] for entry in plain["entries"]].count("renamed") == 2
    assert plain["total"]["difference"] == dict.fromkeys(NUMBERS, 0)
    assert (plain["before"]["convention"], plain["before"]["inputs"][0]["shape"]) == ("textbook", [1, 1, 28, 28])
    lines = list(csv.DictReader(io.StringIO(difference.to_csv())))
    assert [(line["path"], line["path_before"]) for line in lines][:2] == [
        ("stem.conv", "conv1"),
        ("stem.act", "relu1"),
    ]
    assert [int(line["macs_after"]) for line in lines] == [entry.after.macs for entry in difference.entries]
    frame = difference.to_pandas()
    assert list(frame["flops_before"]) == [entry.before.flops for entry in difference.entries]
    assert difference.to_markdown(tmp_path / "d.md") == (tmp_path / "d.md").read_text()


def test_exports_hold_the_training_step(tmp_path):
    """Both sides of each part and its difference, how many operations they lack, and what the step was."""
    difference = trained_lenet().diff(STEPS["another optimizer"][0]())
    plain = difference.to_dict()
    assert [plain[side]["training"]["optimizer"] for side in ("before", "after")] == ["sgd", "adam"]
    conv = plain["entries"][0]
    assert [conv[side]["optimizer"] for side in ("before", "after", "difference")] == [156 * 2, 156 * 14, 156 * 12]
    assert conv["before"]["step_unknown"] == 0
    line = next(csv.DictReader(io.StringIO(difference.to_csv())))
    assert [int(line[name]) for name in ("optimizer_before", "optimizer_after", "optimizer", "step")] == [
        *(156 * 2, 156 * 14),
        *(156 * 12, 156 * 12),
    ]
    assert difference.to_pandas()["step"].sum() == 61_706 * 12
    assert difference.to_latex(tmp_path / "d.tex") == (tmp_path / "d.tex").read_text()


LATEX = r"""% Sequential with 156 parameters → Sequential with 60 parameters
% input 1×1×6×6 float32 · eval mode
% parameters 156 → 60 (−96, 0.385×) · MACs 5,400 → 1,944 (−3,456, 0.360×) · FLOPs 10.8 k → 3,888 (−6,912, 0.360×)
% layers: 1 changed
% convention textbook: FLOPs by the textbook's formulas, 1 MAC = 2 FLOPs
\begin{tabular}{lrrrrrl}
\toprule
layer & $\Delta$ parameters & $\Delta$ MACs & FLOPs before & FLOPs after & $\Delta$ FLOPs & change \\
\midrule
\textasciitilde{} conv1 & $-$96 & $-$3,456 & 10,800 & 3,888 & $-$6,912 & 5$\times$5 $\to$ 3$\times$3; p2 $\to$ p1 \\
\midrule
total & $-$96 & $-$3,456 & 10,800 & 3,888 & $-$6,912 &  \\
\bottomrule
\end{tabular}
"""


def test_latex():
    """A tabular with booktabs' rules: the table that is shown, under its header as comments."""
    before, after = ({"conv1": nn.Conv2d(1, 6, size, padding=size // 2)} for size in (5, 3))
    difference = report_of(before, (1, 1, 6, 6)).diff(report_of(after, (1, 1, 6, 6)))
    assert difference.total.macs == 6 * 6 * 6 * (3 * 3 - 5 * 5)
    assert difference.to_latex() == LATEX


def test_names_are_text_in_latex():
    """No name is a command, a comment or a column."""
    lines = made()["hostile"].to_latex().split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith(r"\begin"))
    columns = len(lines[start + 2].split(" & "))
    rows = [line for line in lines[start:] if line.endswith(r"\\")]
    assert all(len(re.split(r"(?<!\\) & ", row)) == columns for row in rows)
    assert all(line.startswith("%") for line in lines[:start])
    assert any(r"\textless{}img src=x onerror=alert(1)\textgreater{}" in row for row in rows)
    assert any(r"\$x\textasciicircum{}2\$" in row for row in rows)


def test_exports_leave_blank_what_is_not_there():
    """A side that does not exist has no number, and an unknown difference is no 0."""
    (line,) = (
        entry
        for entry in csv.DictReader(io.StringIO(published("vgg16").diff(published("vgg16_bn")).to_csv()))
        if entry["path"] == "features.1" and entry["kind"] == "added"
    )
    assert (line["params_before"], line["params_after"], line["params"]) == ("", "128", "128")
    units = made()["units"].to_dict()["entries"][0]
    assert units["difference"]["count"] is None
