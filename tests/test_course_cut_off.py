"""An answer whose last digits were cut off and not rounded: told so, before mistakes that lie near it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from nbcnncost.course import Course, class_report, conv2d, diagnose, linear, question, saving, sheet

#: AlexNet's first layer as torchvision has it: 55·55·64·363 = 70,276,800 MACs, and twice as many FLOPs, 140,553,600.
ALEXNET = conv2d(in_channels=3, out_channels=64, kernel_size=11, stride=4, padding=2, input_size=(3, 224, 224))

#: What is written, and what it is told to be.
FLOPS = [
    ("140M", "cut_off"),
    ("1.40e8", "cut_off"),
    ("140.5M", "cut_off"),
    ("0.1405 G", "cut_off"),
    ("140.553M", "cut_off"),
    (1.405e8, "cut_off"),
    (Decimal("1.405e8"), "cut_off"),
    ("141M", "rounded"),
    ("140.6M", "rounded"),
    ("1.4055e8", "rounded"),  # the next digit is a 3
    ("140.5536M", "right"),
    ("1.4e8", "coarse"),
    (1.4e8, "two_n_minus_one"),  # a float keeps no zeros: it may be rounded to two digits
    (np.float32(140.5e6), "two_n_minus_one"),  # its digits are binary
    (140_000_000, "unknown"),  # a whole number is exact
    ("139M", "unknown"),
    ("-140M", "unknown"),
]


@pytest.mark.parametrize(("answer", "name"), FLOPS)
def test_a_number_cut_off_is_told_so(answer, name):
    """As long as it shows its digits, three or more; by 2n − 1 it would be 140,360,000, which is near."""
    found = diagnose(question(ALEXNET, "flops"), answer)
    assert found.id == name
    assert found.is_right == (name in ("right", "rounded"))


def test_it_is_said_what_to_do():
    """One sentence at any step; nothing of the formula or the number is given away."""
    found = diagnose(question(ALEXNET, "flops", name="conv1"), "140M")
    assert found.sentences(1) == found.sentences(4)
    assert found.feedback() == (
        "conv1.flops: 140M is cut off, not rounded; round its last digit to the nearest [cut_off]."
    )
    with pytest.raises(AssertionError, match="is cut off, not rounded"):
        sheet({"conv1": ALEXNET}).check("conv1.flops", "140M", points=2)


def test_of_a_quotient_a_whole_number_is_cut_off_too():
    """225,792 MACs are 1040.5 times 217."""
    asked = saving(
        conv2d(in_channels=16, out_channels=32, kernel_size=3, input_size=(16, 9, 9)),
        linear(in_features=7, out_features=31),
    )
    assert [diagnose(asked, answer).id for answer in (1041, 1040, "1040.5", "1.04e3")] == [
        "rounded",
        "cut_off",
        "rounded",
        "rounded",
    ]


def test_what_is_exactly_another_number_is_that():
    """7000 is 7007 cut off, and 7 filters without their biases; what follows from an earlier error follows from it."""
    params = question(linear(in_features=1000, out_features=7), "params")
    assert diagnose(params, "7.00e3").id == "forgot_bias"
    one = sheet({"conv1": ALEXNET})
    assert one.diagnose("conv1.flops", "140.5M", {"conv1.macs": "70.25M"}).id == "carried"
    assert one.diagnose("conv1.flops", "140.5M", {"conv1.macs": "70.3M"}).id == "cut_off"


@pytest.mark.parametrize(("lang", "said"), [("en", "cut off, not rounded"), ("zh", "直接截断，没有四舍五入")])
def test_a_class_report_counts_it_by_its_own_name(lang, said):
    """Beside the mistakes, in the course's language."""
    lab = Course().use(lang=lang).sheet({"conv1": ALEXNET})
    found = class_report(lab, {"ada": {"conv1.flops": "140M"}, "bo": {"conv1.flops": "140.5M"}})
    assert [(entry.id, entry.students) for entry in found.made] == [("cut_off", ("ada", "bo"))]
    assert f"{said} [cut_off]" in repr(found)
    told = lab.verdict("conv1.flops", "140M").text
    assert ("四舍五入" in told) == (lang == "zh")
