"""FLOPs for each byte that is moved: by hand, from models, after earlier errors, and where nobody can ask."""

from __future__ import annotations

from fractions import Fraction

import pytest
from torch import nn

from nbcnncost import CostError
from nbcnncost.course import (
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

CONV = conv2d(in_channels=3, out_channels=8, kernel_size=5, stride=2, input_size=(2, 3, 33, 45))
IN, OUT, WEIGHTS = 2 * 3 * 33 * 45, 2 * 8 * 15 * 21, 8 * (3 * 5 * 5 + 1)
FLOPS = 2 * 2 * 15 * 21 * 8 * 3 * 5 * 5
NORM = 24 * 7 * 9

BY_HAND = [
    (CONV, Fraction(FLOPS, 4 * (IN + WEIGHTS + OUT))),
    (linear(in_features=400, out_features=120, batch=8), Fraction(2 * 8 * 400 * 120, 4 * (3200 + 48120 + 960))),
    (max_pool2d(3, stride=2, input_size=(24, 9, 11)), Fraction(24 * 4 * 5 * 9, 4 * 24 * (9 * 11 + 4 * 5))),
    (batch_norm(input_size=(24, 7, 9)), Fraction(4 * NORM, 4 * (NORM + 2 * 24 + NORM))),
    (activation("relu", input_size=(24, 7, 9)), Fraction(1, 4 * 2)),
    (activation("sigmoid", input_size=(24, 7, 9)), Fraction(4, 4 * 2)),
]


@pytest.mark.parametrize(("layer", "value"), BY_HAND, ids=[layer.kind for layer, _ in BY_HAND])
def test_by_hand(layer, value):
    """Every number that goes in, is a parameter or comes out is moved once, at four bytes; each mistake is told."""
    asked = question(layer, "intensity")
    assert asked.value == value
    assert diagnose(asked, f"{float(value):.4g}").is_right
    for wrong in asked.wrong:
        found = diagnose(asked, wrong.value)
        assert not found.is_right
        assert wrong.id in found.id.split("|")


def test_of_a_model():
    """A layer that was run is asked for the same as one of plain numbers; in half precision it is twice as much."""
    net = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.ReLU())
    made = sheet(net, (2, 3, 33, 45), ask="intensity")
    assert {key: made[key].value for key in made.keys} == {"0.intensity": BY_HAND[0][1], "1.intensity": Fraction(1, 8)}
    assert sheet(net.half(), (2, 3, 33, 45), ask="intensity")["0.intensity"].value == 2 * BY_HAND[0][1]


def test_what_follows_from_earlier_errors():
    """Wrong FLOPs go on by themselves, a wrong height in FLOPs and bytes; one more mistake on top is named."""
    lab = sheet({"conv1": CONV}, ask=("h_out", "flops", "intensity"))
    moved = 4 * (IN + WEIGHTS + OUT)
    assert lab.diagnose("conv1.intensity", Fraction(999, moved), {"conv1.flops": 999}).carried == ("conv1.flops",)
    found = lab.diagnose("conv1.intensity", Fraction(999, 8 * moved), {"conv1.flops": 999})
    assert found.id == "carried+bits_for_bytes"
    high = Fraction(FLOPS * 16 // 15, 4 * (IN + WEIGHTS + OUT * 16 // 15))
    assert lab.diagnose("conv1.intensity", high, {"conv1.h_out": 16}).carried == ("conv1.h_out",)


def test_what_is_shown():
    """The question says what is moved; the formula is a quotient, and mistakes stand in it."""
    asked = question(CONV, "intensity", name="conv1")
    assert asked.prompt == (
        "conv1: how many FLOPs, by the convention textbook, for each byte that is moved, if that is the input, the "
        "parameters and the output, each once (4 bytes a number)?"
    )
    assert asked.answer_text == "12.98 FLOP/B"
    assert asked.shown() == (
        "(2·N·H_out·W_out·C_in·C_out·K_h·K_w)/(e·(N·C_in·H_in·W_in + (K_h·K_w·C_in + 1)·C_out + N·C_out·H_out·W_out))"
    )
    assert asked.latex.startswith(r"\frac{2 \cdot N")
    (upside_down,) = (wrong for wrong in asked.wrong if wrong.id == "bytes_per_flop")
    assert upside_down.value == 1 / asked.value
    assert asked.shown(upside_down).endswith("/(2·N·H_out·W_out·C_in·C_out·K_h·K_w)")


@pytest.mark.parametrize(
    "make",
    [
        lambda: question(attention(queries=5, keys=7, features=8), "intensity"),  # several tensors go in
        lambda: question(activation("add", input_size=(3, 4)), "intensity"),
        lambda: question(CONV.called(2), "intensity"),  # whether the weights are moved again is anybody's choice
        lambda: question([CONV, CONV], "intensity"),  # between two layers nothing need be moved
        lambda: saving(CONV, CONV, of="intensity"),
    ],
)
def test_what_is_not_asked(make):
    """Where it is not plain what is moved there is no question."""
    with pytest.raises(CostError):
        make()


def test_the_topic():
    """It is usable like any other: drawn, tried on itself, in notebooks and quizzes."""
    lab = sheet("intensity", student="ada")
    assert selftest(lab).ok
    assert lab.keys == ("conv1.macs", "conv1.flops", "conv1.intensity", "fc1.macs", "fc1.flops", "fc1.intensity")
    assert "conv1.intensity" in sheet("intensity").to_otter()
    assert "FLOP/B" in lab.to_markdown(key=True)
    assert "intensity" in lab.to_quiz()
