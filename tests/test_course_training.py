"""What a training step takes beside the forward: published figures, torch's own run, and where nobody can ask."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
import torchvision
from torch import nn

from nbcnncost import CostError, cost
from nbcnncost.conventions import textbook
from nbcnncost.course import (
    Course,
    activation,
    attention,
    batch_norm,
    conv2d,
    diagnose,
    linear,
    max_pool2d,
    question,
    saving,
    selftest,
    sheet,
)
from nbcnncost.course.models import layers_of

FIRST = conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(2, 3, 12, 14))
NET = [
    FIRST,
    batch_norm(input_size=(2, 8, 10, 12)),
    activation("relu", input_size=(2 * 8, 10, 12)),
    max_pool2d(2, input_size=(2, 8, 10, 12)),
    conv2d(in_channels=8, out_channels=5, kernel_size=3, input_size=(2, 8, 5, 6)),
    linear(in_features=5 * 3 * 4, out_features=7, batch=2),
]


def module():
    """The same in torch."""
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 5, 3)),
        *(nn.Flatten(), nn.Linear(5 * 3 * 4, 7)),
    )


#: The forward by hand, then what each gradient takes.
CONV1, CONV2, FC = 2 * 2 * 10 * 12 * 8 * 3 * 9, 2 * 2 * 3 * 4 * 5 * 8 * 9, 2 * 2 * 60 * 7
PIXELS, POOLED = 2 * 8 * 10 * 12, 2 * 8 * 5 * 6
FORWARD = CONV1 + 4 * PIXELS + PIXELS + 4 * POOLED + CONV2 + FC
#: Batch normalization's input takes 7 operations, its scale 2 and its shift 1; ReLU a comparison; each maximum a sum.
STEP = FORWARD + CONV1 + (7 + 2 + 1) * PIXELS + PIXELS + POOLED + 2 * CONV2 + 2 * FC


def test_a_step_by_hand():
    """The first layer has the gradient of its weights alone, every other one that of its input, too."""
    asked = question(NET, "training_ratio", name="net")
    assert asked.value == Fraction(STEP, FORWARD)
    assert diagnose(asked, f"{STEP / FORWARD:.4g}").is_right
    for wrong in asked.wrong:
        assert wrong.id in diagnose(asked, wrong.value).id.split("|")


@pytest.mark.parametrize("rules", [{}, {"bias_additions": 1}, {"comparisons": 0}, {"batch_norm": 2}], ids=str)
def test_a_step_is_what_torch_runs(rules):
    """Forward and backward of the same net, recorded; with biases added, their gradients are sums."""
    ours = textbook.with_rules(rules)
    total = cost(module(), (2, 3, 12, 14), convention=ours, training=True).total
    step = total.flops + total.backward_inputs.flops + total.backward_weights.flops
    assert Course().use(ours).question(NET, "training_ratio").value == Fraction(step, total.flops)


def test_gradients_pass_only_through_what_learns_before():
    """Behind a pooling of the images the first convolution is the first that learns: no gradient passes it."""
    first = conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(3, 12, 14))
    pooled = [max_pool2d(2, input_size=(3, 24, 28)), first, linear(in_features=960, out_features=7)]
    module = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(960, 7))
    total = cost(module, (1, 3, 24, 28), training=True).total
    gradients = total.backward_inputs.flops + total.backward_weights.flops
    assert question(pooled, "training_ratio").value == Fraction(total.flops + gradients, total.flops)
    assert gradients == CONV1 // 2 + 2 * 2 * 960 * 7


@pytest.mark.parametrize(
    ("model", "published"), [(torchvision.models.alexnet, "2.902"), (torchvision.models.resnet50, "2.971")]
)
def test_published_ratios(model, published):
    """Of the products alone; they would be exactly 3 if the images needed a gradient."""
    with torch.device("meta"):
        report = cost(model(), (1, 3, 224, 224))
    found = (entry for layers in layers_of(report).values() for entry in layers)
    products = [replace(entry, own_params=None) for entry in found if entry.kind in ("convolution", "linear")]
    asked = question(products, "training_ratio", name="net")
    assert diagnose(asked, published).is_right
    assert {wrong.id: wrong.value for wrong in asked.wrong} == {
        "first_gradient_counted": 3,
        "one_gradient_each": 2,
        "forward_not_in_step": asked.value - 1,
        "ratio_inverted": 1 / asked.value,
    }


def test_a_sheet_of_layers_asks_for_all_together():
    """In their order; the notebook that is made of it asks the same."""
    lab = sheet({"first": NET[0], "second": NET[4]}, ask=("flops", "training_ratio"))
    assert lab["total.training_ratio"].value == Fraction(2 * CONV1 + 3 * CONV2, CONV1 + CONV2)
    assert "total.training_ratio" in lab.to_otter()


def test_what_is_shown():
    """The question says what belongs to a step, the formula what each layer takes of it."""
    asked = question([FIRST, NET[4]], "training_ratio", name="net")
    assert asked.prompt == (
        "net: how many times the forward's FLOPs, by the convention textbook, does a training step take? It has the "
        "forward and the gradients: none of the network's input, and no optimizer."
    )
    work = "2·N·H_out·W_out·C_in·C_out·K_h·K_w"
    assert (
        asked.shown()
        == f"(convolution 1: 2·{work}; convolution 2: 3·{work})/(convolution 1: {work}; convolution 2: {work})"
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: question([FIRST, attention(queries=5, keys=7, features=8)], "training_ratio"),  # several inputs
        lambda: question([FIRST.called(2)], "training_ratio"),  # its gradients are added up
        lambda: question(
            next(iter(layers_of(cost(nn.Conv2d(3, 8, 3), (1, 3, 9, 9))).values())), "training_ratio"
        ),  # a run does not say which layers the input goes into
        lambda: question([NET[2], NET[3]], "training_ratio"),  # nothing is learned
        lambda: saving(NET, NET, of="training_ratio"),
    ],
)
def test_what_is_not_asked(make):
    """Where it is not plain which gradients there are, there is no question."""
    with pytest.raises(CostError):
        make()


def test_the_topic():
    """It is usable like any other: drawn, tried on itself, in notebooks and on paper."""
    lab = sheet("training", student="ada")
    assert lab.keys == ("conv1.flops", "net.training_ratio")
    assert selftest(lab).ok
    assert "net.training_ratio" in sheet("training").to_nbgrader()
    text = sheet([question(NET[:2], "training_ratio", name="net")]).to_nbgrader()
    assert r"\"training_ratio\", name=\"net\"" in text
    assert "a gradient counted for the network's input" in lab.to_latex(key=True)
