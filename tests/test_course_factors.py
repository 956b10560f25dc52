"""A 2 too many or too few, a bias taken for a multiplication, a size that was not rounded: what they make of MACs."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from nbcnncost.course import attention, conv2d, conv3d, diagnose, linear, question, selftest, sheet

#: ResNet's first layer, without a bias.
STEM = conv2d(in_channels=3, out_channels=64, kernel_size=7, stride=2, padding=3, bias=False, input_size=(3, 224, 224))
#: AlexNet's as torchvision has it, on 224×224: (224 + 2·2 − 11)/4 + 1 = 55.25.
ALEXNET = conv2d(in_channels=3, out_channels=64, kernel_size=11, stride=4, padding=2, input_size=(3, 224, 224))
FC = linear(in_features=400, out_features=120, batch=7)
HEADS = attention(queries=20, keys=30, features=8, heads=2)
UNROUNDED = Fraction(221, 4) ** 2

#: A layer, what is asked, what was answered, and what it is told to be.
MADE = [
    (STEM, "flops", 4 * 112 * 112 * 64 * 3 * 7 * 7, "flops_doubled"),
    (STEM, "flops", "472M", "flops_doubled"),
    (FC, "flops", 4 * 7 * 400 * 120, "flops_doubled"),
    (HEADS, "flops", 2 * 2 * 20 * 30 * (2 * 8 + 2 * 8 + 1 + 5), "flops_doubled"),
    (STEM, "intensity", Fraction(4 * 112**2 * 64 * 147, 4 * (3 * 224**2 + 64 * 147 + 64 * 112**2)), "flops_doubled"),
    (STEM, "macs", 112 * 112 * 32 * 3 * 7 * 7, "macs_halved"),
    (STEM, "flops", 112 * 112 * 32 * 3 * 7 * 7, "stride_twice"),  # a quarter: 56·56 positions
    (FC, "macs", "1.68e5", "macs_halved"),
    (ALEXNET, "macs", 55 * 55 * 64 * (363 + 1), "bias_as_mac"),
    (ALEXNET, "flops", 2 * 55 * 55 * 64 * (363 + 1), "bias_as_mac"),
    (ALEXNET.called(3), "macs", 3 * 55 * 55 * 64 * (363 + 1), "bias_as_mac"),
    (FC, "macs", 7 * 120 * (400 + 1), "bias_as_mac"),
    (ALEXNET, "macs", UNROUNDED * 64 * 363, "not_rounded"),
    (ALEXNET, "macs", 55.25 * 55.25 * 64 * 3 * 11 * 11, "not_rounded"),
    (ALEXNET, "flops", 2 * UNROUNDED * 64 * 363, "not_rounded"),
    (ALEXNET, "activation_mb", 4 * UNROUNDED * 64 / 10**6, "not_rounded"),
    (ALEXNET, "macs", 2 * 55 * 55 * 64 * (363 + 1), "bias_as_mac+flops_not_macs"),
]


@pytest.mark.parametrize(("layer", "quantity", "answer", "name"), MADE)
def test_a_factor_or_summand_too_many_is_named(layer, quantity, answer, name):
    """The products are written out as a student has them."""
    assert diagnose(question(layer, quantity), answer).id == name


@pytest.mark.parametrize(
    ("layer", "quantity", "name"),
    [
        (STEM, "macs", "bias_as_mac"),  # there is no bias
        (STEM, "params", "flops_doubled"),
        (HEADS, "macs", "macs_halved"),  # one of its two products is half
        (FC, "macs", "not_rounded"),
    ],
)
def test_what_cannot_be_mistaken_is_not_looked_for(layer, quantity, name):
    """No bias, no factor, no window."""
    assert name not in {wrong.id for wrong in question(layer, quantity).wrong}


def test_the_formula_with_the_unrounded_size_is_shown():
    """Positions along each side as a quotient, since nothing is rounded down."""
    found = diagnose(question(ALEXNET, "macs"), UNROUNDED * 64 * 363).sentences()
    assert found[-1].startswith("That is ((224 + 2·2 − 1·(11 − 1) − 1 + 4)·")
    assert "/(4·4) = 70,91" in found[-1]


#: What gives the right size where the stride leaves no remainder.
EXACT = {"ceil_for_floor", "round_for_floor", "not_rounded"}
#: A layer and the mistakes that go unseen in it, as notes of its self-test say: one call, one image, one group.
UNSEEN = [
    (linear(in_features=400, out_features=120), set()),
    (linear(in_features=400, out_features=120, batch=1, bias=False), set()),
    (conv3d(in_channels=2, out_channels=5, kernel_size=3, input_size=(2, 9, 11, 13)), set()),
    (conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227)), EXACT),
]


@pytest.mark.parametrize(("layer", "unseen"), UNSEEN)
def test_notes_name_only_what_could_be_mistaken(layer, unseen):
    """Of one row nobody forgets the batch, however many features go in; along a depth nothing is dilated by it."""
    notes = selftest(sheet({"one": layer})).notes
    found = {match[1] for note in notes if (match := re.search(r"the mistake (\w+) gives the right number", note))}
    assert found == unseen
