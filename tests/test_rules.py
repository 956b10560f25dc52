"""Conventions of courses and papers: what their switches change, in numbers counted by hand."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from nets import Body
from torch import nn

from nbcnncost import CostError, cost
from nbcnncost.conventions import CONVENTIONS, paper, textbook


def net() -> nn.Module:
    """A convolution without bias, its batch norm, ReLU, and a classifier: 8×8 → 6×6."""
    layers = {"conv": nn.Conv2d(3, 4, 3, bias=False), "norm": nn.BatchNorm2d(4), "fc": nn.Linear(4 * 36, 5)}
    return Body(lambda m, x: m.fc(torch.relu(m.norm(m.conv(x))).flatten(1)), **layers)


SIZE = (2, 3, 8, 8)
CONV, FC = 2 * 36 * 4 * 3 * 9, 2 * 144 * 5
ELEMENTS = 2 * 36 * 4
PLAIN = 2 * CONV + 4 * ELEMENTS + ELEMENTS + 2 * FC

# rules, what the whole net then counts as
SWITCHES = [
    ({}, PLAIN),
    ({"batch_norm": 2}, PLAIN - 2 * ELEMENTS),
    ({"batch_norm": 4}, PLAIN),
    ({"batch_norm": "folded"}, PLAIN - 4 * ELEMENTS),
    # the convolution had no bias: folding gives it one
    ({"batch_norm": "folded", "bias_additions": 1}, PLAIN - 4 * ELEMENTS + ELEMENTS + 2 * 5),
    ({"bias_additions": 1}, PLAIN + 2 * 5),
    ({"comparisons": 0}, PLAIN - ELEMENTS),
    ({"dot_products": -1}, PLAIN - ELEMENTS - 2 * 5),
    ({"dot_products": -1, "bias_additions": 1}, PLAIN - ELEMENTS),
    ({"convolution": "2 * N * OUT * C_in * C_out * K - N * OUT * C_out"}, PLAIN - ELEMENTS),
    ({"macs": 1}, PLAIN - CONV - FC),
]


@pytest.mark.parametrize(("rules", "flops"), SWITCHES, ids=str)
def test_a_switch_changes_what_it_says(rules, flops):
    """Each switch of a course changes the total by the number that a student would write."""
    report = cost(net(), SIZE, convention=textbook.with_rules(rules))
    assert report.total.flops == flops
    assert sum(line.result for row in report.rows for line in counts_of(report, row.path)) == flops


def counts_of(report, path):
    """The lines that explain what a row counts as."""
    return [line for line in report.explain(path).lines if line.label == report.unit]


def test_specials_can_be_dearer():
    """A course that takes an exponential for ten operations says so in one word."""
    report = cost(nn.Sequential(nn.Sigmoid()), (1, 7))
    assert report.counted_as(textbook.with_rules({"specials": 10})).total.flops == 7 * (2 + 1 + 10)


@pytest.mark.parametrize(
    ("build", "mode", "folded"),
    [
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), "eval", True),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), "train", False),
        (lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4)), "eval", True),
        (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), "eval", False),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)), "eval", False),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)), "eval", False),
    ],
    ids=["after conv", "in training", "after transposed", "before conv", "after ReLU", "own statistics"],
)
def test_only_what_can_be_folded_is_folded(build, mode, folded):
    """A batch norm vanishes behind a convolution in eval mode, and nowhere else."""
    report = cost(build(), (1, 3, 8, 8), mode=mode)
    row = next(row for row in report.rows if row.type == "BatchNorm2d")
    after = report.counted_as(textbook.with_rules({"batch_norm": "folded"}))[row.path]
    assert row.flops == 4 * row.outputs[0].numel
    assert after.flops == (0 if folded else row.flops)


def test_a_paper_counts_convolutions_and_linear_layers():
    """Attention's products between activations, norms and activations are left out."""
    attention = nn.MultiheadAttention(12, 3, batch_first=True)
    report = cost(Body(lambda m, x: m.a(x, x, x)[0], a=attention), (2, 5, 12), convention="paper")
    projections = 2 * 5 * 12 * 12 * 4
    assert report.total.count == projections
    assert report.total.macs == projections + 2 * 3 * 5 * 5 * (4 + 4)
    assert report.unit == paper.unit == "MACs"


MISTAKES = [
    ({"batchnorm": 2}, "there is no kind 'batchnorm' to make a rule for; did you mean 'batch_norm'?"),
    ({"bias_addition": 1}, "did you mean 'bias_additions'?"),
    ({"batch_norm": "fold it"}, "cannot read the formula"),
    ({"dot_products": "folded"}, "only batch_norm can be 'folded' into the layer before it, not dot_products"),
    ({"convolution": "folded"}, "only batch_norm can be 'folded' into the layer before it, not convolution"),
    ({"dot_products": "n"}, "its rule is a whole number"),
    ({"batch_norm": True}, "give a number, a formula's text or a function, not True"),
    ({5: 1}, "by its name; not 5"),
]


@pytest.mark.parametrize(("rules", "message"), MISTAKES, ids=str)
def test_a_mistyped_rule_is_told(rules, message):
    """A rule that would silently do nothing is refused."""
    with pytest.raises(CostError) as caught:
        textbook.with_rules(rules)
    assert message in str(caught.value)


UNFIT = [
    ({"batch_norm": "2 * Q"}, "rule for batch_norm: Q is none of its symbols; there are: N, "),
    ({"batch_norm": "n / (N - 2)"}, "rule for batch_norm: n / (N - 2) divides by zero where "),
    ({"relu": "n / 0"}, "rule for relu: n / 0 divides by zero where "),
    ({"relu": lambda op: 2.5}, "rule for relu: the function gave 2.5, which is no whole number"),
    ({"relu": lambda op: "7"}, "rule for relu: the function gave '7', which is no whole number"),
]


@pytest.mark.parametrize(("rules", "message"), UNFIT)
def test_a_rule_that_does_not_fit_its_operation_is_told(rules, message):
    """When it is counted: symbols have their values only then."""
    with pytest.raises(CostError) as caught:
        cost(net(), SIZE, convention=textbook.with_rules(rules)).total  # noqa: B018 -- a report counts when it is asked
    assert message in str(caught.value)


def test_a_tools_number_takes_no_rules():
    """What follows a tool to the digit would no longer do so."""
    with pytest.raises(CostError, match="rules go with textbook, macs or paper"):
        CONVENTIONS["flop_counter_mode"].with_rules({"batch_norm": 2})


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions_can_be_copied_and_pickled(name):
    """A report in any convention survives a copy and a file."""
    convention = CONVENTIONS[name]
    assert copy.deepcopy(convention) == convention == pickle.loads(pickle.dumps(convention))
