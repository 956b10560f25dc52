"""Coursework: what a check accepts, what it says, what it scores, and what is drawn for whom."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nbcnncost import CostError, cost, course
from nbcnncost.conventions import macs, textbook
from nbcnncost.course import (
    TOPICS,
    Course,
    Draw,
    activation,
    batch_norm,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose2d,
    diagnose,
    dropout,
    layer,
    linear,
    max_pool2d,
    question,
    saving,
    selftest,
    sheet,
)
from nbcnncost.expressions import expression
from nbcnncost.kinds import FORMULAS

# AlexNet's first layer: 96 filters of 3·11·11, on 227×227, stride 4.
ALEXNET = conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227))
PARAMS = 96 * (3 * 11 * 11 + 1)
MACS = 55 * 55 * 96 * 3 * 11 * 11


def lab():
    """A fresh sheet, which remembers nothing."""
    return sheet({"conv1": ALEXNET})


ACCEPTED = [
    PARAMS,
    float(PARAMS),
    "34944",
    "34,944",
    "34 944",
    "34_944",
    " 34944 ",
    "34\N{NARROW NO-BREAK SPACE}944",
    "34\t944",
    "34’944",
    "３４，９４４",
    "34,944.0",
    "3.4944e4",
    "34.944k",
    "3.49e4",
    "34.9 k",
    "0.0349M",
    "3.49·10⁴",
    "3.49*10**4",
    "3.49x10^4",
    3.49e4,
    Fraction(34944, 1),
    Decimal(34944),
    np.int64(34944),
    np.int32(34944),
    np.float64(34944),
    np.float32(34944),
    np.float16(34944),
    np.array(34944),
    torch.tensor(34944),
    torch.tensor(34944.0),
    torch.tensor(34944.0, dtype=torch.bfloat16),
    torch.tensor(34944.0, requires_grad=True),
]


@pytest.mark.parametrize("answer", ACCEPTED, ids=lambda answer: type(answer).__name__)
def test_a_right_number_is_right_however_it_is_written(answer):
    """Ints, floats, scalars of numpy and torch, fractions and text, exact or rounded to three digits."""
    assert lab().diagnose("conv1.params", answer).is_right


ROUNDED = [
    (641 / 10 * 1e6, "64099999.99999999"),
    (64.112 * 1e6, "64111999.99999999"),
    (np.float32(64.1e6), "64100000.0"),
]


@pytest.mark.parametrize(("answer", "written"), ROUNDED, ids=repr)
def test_a_rounded_number_is_right_however_floats_are_computed(answer, written):
    """8012·8001 + 8001 = 64,112,013; what a float's last digits are is nobody's mistake."""
    assert repr(float(answer)) == written
    found = diagnose(question(linear(in_features=8012, out_features=8001), "params"), answer)
    assert found.verdict == "rounded"


QUOTIENT = Fraction(2 * 55 * 55 * 96 * 363, 4 * (3 * 227**2 + 34944 + 55 * 55 * 96))


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.float16, torch.tensor])
def test_a_rounded_quotient_is_right_in_any_float(kind):
    """95.6 is 95.59999847412109 in 32 bits: that has no more digits than were typed."""
    asked = question(ALEXNET, "intensity")
    assert asked.value == QUOTIENT
    for digits in (1, 2):
        assert diagnose(asked, kind(round(float(QUOTIENT), digits))).is_right
        assert not diagnose(asked, kind(round(float(QUOTIENT) * 1.01, digits))).is_right


def test_a_half_is_rounded_up_in_any_float():
    """5.46875 is 5.4688, also where that is 5.468800067901611."""
    asked = saving(linear(in_features=175, out_features=32), linear(in_features=32, out_features=32))
    assert asked.value == Fraction(175, 32) == Fraction("5.46875")
    for answer in (5.4688, np.float32(5.4688), torch.tensor(5.4688), np.float32(5.47)):
        assert diagnose(asked, answer).verdict == "rounded"
    for answer in (5.4687 - 0.0001, np.float32(5.4689), np.float32(5.468752)):
        assert not diagnose(asked, answer).is_right


REJECTED = [
    None,
    True,
    False,
    NotImplemented,
    ...,
    "",
    "YOUR ANSWER",
    "34944 parameters",
    "34,94",
    "3,4944",
    "0x8880",
    "1e",
    "∞",
    "nan",
    "0.035B",
    "-",
    "9" * 5000,
    float("nan"),
    float("inf"),
    -float("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("1e999999"),
    10**5000,
    [34944],
    (34944,),
    {"params": 34944},
    {34944},
    b"34944",
    34944j,
    np.array([34944]),
    np.array([1, 2]),
    np.bool_(True),
    np.float64("nan"),
    np.complex64(34944),
    torch.tensor([34944]),
    torch.tensor(True),
    torch.empty((), device="meta"),
    nn.Linear(1, 1),
    int,
    lambda: 34944,
]


@pytest.mark.parametrize("answer", REJECTED, ids=lambda answer: type(answer).__name__)
def test_what_is_no_number_is_rejected_with_a_sentence(answer):
    """It is told what to give instead, and is never scored, not even with partial points."""
    with pytest.raises(AssertionError, match=r"^conv1\.params: .+[.]$") as caught:
        lab().check("conv1.params", answer, points=2)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("34 944 params", "leave out what stands behind it"),
        ("105.4 MMACs", "leave out what stands behind it"),
        ("34944 B", "leave out what stands behind it"),
        ("1,05e8", "does not separate thousands"),
        ("34,94", "does not separate thousands"),
        ("96*(3*11*11 + 1)", "without the quotes"),
        ("96×364", "without the quotes"),
        ("2**3", "without the quotes"),
        ("hello", "is no number"),
        ("layer 3", "is no number"),
        ("3.4944.0", "is no number"),
        ("A" * 5000, "is no number"),
        ("9+" * 5000 + "9!", "is no number"),
    ],
)
def test_text_that_is_nearly_a_number_is_told_what_to_change(answer, sentence):
    """A unit, a decimal comma, a calculation: it is not scored, and the next attempt will do."""
    with pytest.raises(AssertionError, match=sentence) as caught:
        lab().check("conv1.params", answer)
    assert len(str(caught.value)) < 200


def test_an_answer_in_bytes_is_never_taken_for_billions():
    """The sheet itself writes "1,161,600 B": copied, that is no number, and not a billion times too much."""
    for answer in ("1161600 B", "1,161,600 B", "1.16MB"):
        with pytest.raises(course.NotANumber, match="leave out what stands behind it"):
            lab().diagnose("conv1.activation_bytes", answer)


@pytest.mark.parametrize("answer", [PARAMS - 1, "3.48e4", 3.5e4, "34.9", "34.944", -PARAMS, 0, 10**40, "1/2"], ids=repr)
def test_a_wrong_number_is_wrong(answer):
    """Nearly right is wrong, unless it is rounded to three digits or more."""
    assert not lab().diagnose("conv1.params", answer).is_right


@pytest.mark.parametrize("answer", ["3e4", "35k", "3.5e4"])
def test_a_number_of_too_few_digits_is_asked_for_more(answer):
    """One or two digits that fit are neither right nor a mistake."""
    with pytest.raises(AssertionError, match="at least three digits"):
        lab().check("conv1.params", answer)


def test_a_right_answer_prints_one_line_and_nothing_else(capsys):
    """It is the same each time; without points nothing is given back."""
    for _ in range(2):
        assert lab().check("conv1.macs", MACS) is None
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == ("conv1.macs: right, 105,415,200 MACs.\n", "")


class Noisy(int):
    """A number that warns whenever it is looked at, as a deprecated type may."""

    @property
    def numerator(self):
        warnings.warn("deprecated", DeprecationWarning, stacklevel=2)
        return int(self)


def test_nothing_reaches_stderr(capfd):
    """A warning inside a check would cost a student all points, so there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        lab().check("conv1.params", Noisy(PARAMS))
        with pytest.raises(AssertionError):
            lab().check("conv1.params", Noisy(3))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("points", "given"), [(2, 2.0), (0.5, 0.5), (0, 0.0), (np.float64(3), 3.0)])
def test_points_are_plain_floats(points, given):
    """A grader reads the cell's last value, and takes nothing but Python's own float for partial credit."""
    scored = lab().check("conv1.params", PARAMS, points=points)
    assert type(scored) is float
    assert scored == given


@pytest.mark.parametrize("points", [True, -1, float("inf"), float("nan"), "2", 10**400])
def test_points_that_are_none_are_refused(points):
    """More than the points would crash a grader."""
    with pytest.raises(CostError, match="points is a number"):
        lab().check("conv1.params", PARAMS, points=points)


def test_a_wrong_answer_gets_no_points():
    """It raises exactly an AssertionError, which a grader scores with 0."""
    with pytest.raises(AssertionError) as caught:
        lab().check("conv1.params", 1, points=2)
    assert type(caught.value) is AssertionError


def test_what_follows_from_an_earlier_error_gets_a_share(capsys):
    """The height was wrong, the MACs follow from it: told so, and scored with the course's share."""
    one = lab()
    with pytest.raises(AssertionError):
        one.check("conv1.h_out", 60)
    assert one.check("conv1.macs", 60 * 55 * 96 * 3 * 11 * 11, points=2) == 1.0
    assert "follows from your answer to conv1.h_out" in capsys.readouterr().out
    assert one.diagnose("conv1.flops", 2 * 60 * 55 * 96 * 3 * 11 * 11).carried == ("conv1.macs",)


def test_an_earlier_number_goes_on_into_the_next():
    """Parameters answered wrong in no known way go on into their bytes; mended, they do not any more."""
    one = lab()
    assert one.diagnose("conv1.weight_bytes", 4 * 999, {"conv1.params": 999}).id == "carried"
    assert one.diagnose("conv1.weight_bytes", 4 * 999).id == "unknown"
    assert one.diagnose("conv1.weight_bytes", 4 * 999, {"conv1.params": PARAMS}).id == "unknown"
    scores = 6 * 50 * 70  # attention's FLOPs are twice its MACs and 6 for each score
    attended = sheet({"attn": course.attention(queries=50, keys=70, features=8)})
    assert attended.diagnose("attn.flops", 2 * 1001 + scores, {"attn.macs": 1001}).carried == ("attn.macs",)


@pytest.mark.parametrize("stub", [0, -1])
def test_nothing_follows_from_a_stub(stub):
    """Whoever leaves the stub 0 in every cell, or answers below it, has made no error that goes on."""
    one = lab()
    with pytest.raises(AssertionError):
        one.check("conv1.h_out", stub)
    for key, rest in (("macs", 55 * 96 * 363), ("flops", 2 * 55 * 96 * 363), ("activation_bytes", 55 * 96 * 4)):
        with pytest.raises(AssertionError) as caught:
            one.check(f"conv1.{key}", stub * rest, points=2)
        assert "carried" not in str(caught.value)


def test_with_a_share_of_nothing_an_earlier_error_raises():
    """A teacher may give nothing for what follows."""
    strict = Course().use(carried_share=0.0).sheet({"conv1": ALEXNET})
    with pytest.raises(AssertionError):
        strict.check("conv1.h_out", 60)
    with pytest.raises(AssertionError, match="follows from your answer"):
        strict.check("conv1.macs", 60 * 55 * 96 * 3 * 11 * 11, points=2)


STEPS = """\
conv1.params: 34,848 is wrong; it is too small.
Probably: the bias forgotten [forgot_bias]. Each output channel (or output feature) has one bias.
You may have computed K_h·K_w·C_in·C_out; it is (K_h·K_w·C_in + 1)·C_out.
That is 11·11·3·96 = 34,848; it should be (11·11·3 + 1)·96 = 34,944.\
"""


@pytest.mark.parametrize("hint", [1, 2, 3, 4])
def test_feedback_comes_in_steps(hint):
    """Direction; the mistake by its name; the formula in symbols; the numbers."""
    with pytest.raises(AssertionError) as caught:
        Course().use(highest_hint=4).sheet({"conv1": ALEXNET}).check("conv1.params", PARAMS - 96, hint=hint)
    assert str(caught.value).splitlines() == STEPS.splitlines()[:hint]


def test_feedback_climbs_with_each_new_wrong_answer():
    """The same answer once again says the same; a check that is scored never climbs up to the answer."""
    one = lab()
    lengths = []
    for answer in (1, 2, 2, 3, 1, PARAMS - 96, PARAMS - 96):
        with pytest.raises(AssertionError) as caught:
            one.check("conv1.params", answer)
        lengths.append(len(str(caught.value).splitlines()))
        assert "34,944" not in str(caught.value)
    assert lengths == [1, 2, 2, 3, 1, 3, 3]


def test_practice_shows_and_does_not_raise(monkeypatch):
    """Right or wrong, the verdict is given back, as text and as HTML."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    wrong = lab().check("conv1.params", PARAMS - 96, practice=True, hint=2)
    assert repr(wrong).startswith("✗ conv1.params: 34,848 is wrong")
    assert "forgot_bias" in wrong._repr_html_()
    assert lab().check("conv1.params", PARAMS, practice=True).is_right
    text = lab().check("conv1.params", "<b>", practice=True)
    assert "&lt;b&gt;" in text._repr_html_()
    assert "<b>" not in text._repr_html_()
    assert not text.is_right


@pytest.mark.parametrize("phase", ["autograde", "validate"])
def test_practice_refuses_to_run_under_a_grader(monkeypatch, phase):
    """A cell that cannot fail would give full marks."""
    monkeypatch.setenv("NBGRADER_EXECUTION", phase)
    with pytest.raises(CostError, match="practice=True"):
        lab().check("conv1.params", PARAMS, practice=True)
    lab().check("conv1.params", PARAMS)


UNDER_OTTER = """
from otter import Notebook
from nbcnncost import CostError
from nbcnncost.course import linear, sheet
lab = sheet({"fc": linear(in_features=400, out_features=120)})
print(lab.check("fc.params", 48000, practice=True).is_right)
Notebook.init_grading_mode("tests")
lab.check("fc.params", 48120)
try:
    lab.check("fc.params", 48000, practice=True)
except CostError as error:
    print(error)
"""


@pytest.mark.slow
def test_practice_refuses_to_run_under_otter():
    """As otter starts a notebook, its class says that it grades; a student who only uses its checks practises."""
    pytest.importorskip("otter", reason="otter-grader is not installed")
    env = {**os.environ, "PYTHONPATH": str(Path(course.__file__).parents[2])}
    env.pop("NBGRADER_EXECUTION", None)
    run = subprocess.run([sys.executable, "-c", UNDER_OTTER], capture_output=True, text=True, env=env, check=True)
    first, second, third = run.stdout.splitlines()
    assert (first, second) == ("False", "fc.params: right, 48,120.")
    assert third.startswith("practice=True scores nothing")


@pytest.mark.parametrize("hint", [0, -1, 5, "2", True, 1.5])
def test_a_hint_that_is_no_step_is_refused(hint):
    """The cell's author mends it; it neither climbs nor crashes."""
    with pytest.raises(CostError, match="hint is a step"):
        lab().check("conv1.params", 1, hint=hint)


# A layer that hides nothing: 6 → 9 channels in 3 groups, 5×7, strides 3 and 4, padding 1, dilation 2, 2 images.
GROUPED = conv2d(
    in_channels=6,
    out_channels=9,
    kernel_size=(5, 7),
    stride=(3, 4),
    padding=1,
    dilation=2,
    groups=3,
    input_size=(2, 6, 40, 50),
)
POSITIONS = 12 * 10
#: Two mistakes at once, each product written out.
PAIRS = [
    ("params", 9 * 2 * 5, {"forgot_bias", "kernel_one_side"}),
    ("params", 9 * 6 * 5 * 7, {"forgot_bias", "groups_ignored"}),
    ("macs", 2 * 40 * 50 * 6 * 9 * 5 * 7, {"groups_ignored", "input_size_for_output"}),
    ("macs", 3 * 2 * POSITIONS * 2 * 9 * 5, {"training_for_inference", "kernel_one_side"}),
    ("flops", POSITIONS * 2 * 9 * 5 * 7 * 6, {"batch_forgotten", "training_for_inference"}),
    ("flops", 2 * 40 * 50 * 2 * 9 * 5 * 7, {"macs_not_flops", "input_size_for_output"}),
    ("weight_bytes", 9 * 2 * 5 * 7, {"elements_for_bytes", "forgot_bias"}),
    ("activation_bytes", 2 * 9 * 40 * 50, {"elements_for_bytes", "input_size_for_output"}),
]


@pytest.mark.parametrize(("quantity", "answer", "ids"), PAIRS)
def test_two_mistakes_together_are_named(quantity, answer, ids):
    """Both, with the formula that has both in it."""
    found = diagnose(question(GROUPED, quantity), answer)
    assert ids in [set(wrong.id.split("+")) for wrong in found.found]
    assert all(wrong.value == answer for wrong in found.found)


def test_mistakes_with_one_number_are_all_named():
    """On a 1×1 image of a 3→3 convolution, channels forgotten on one side or the other is the same number."""
    same = question(conv2d(in_channels=3, out_channels=3, kernel_size=3, input_size=(3, 9, 9), bias=False), "macs")
    found = diagnose(same, 7 * 7 * 3 * 3 * 3)
    assert found.id == "forgot_input_channels|forgot_output_channels|kernel_one_side"
    assert "Several mistakes give this number" in found.feedback(2)
    assert all(wrong.mistakes[0].title in found.feedback(2) for wrong in found.found)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("2.11e8", "flops_not_macs"),
        (2.1e8, "flops_not_macs"),
        ("2.1e8", "flops_not_macs"),
        (2.12e8, "unknown"),
        (1.37e5, "unknown"),
    ],
)
def test_a_rounded_wrong_answer_is_matched_by_its_ratio(answer, name):
    """Half a per cent off a mistake's number, a rounded answer is taken for it; 210,830,400 was meant."""
    found = diagnose(question(ALEXNET, "macs"), answer)
    assert found.id == name


def test_a_whole_number_that_is_nearly_right_is_asked_for_all_digits():
    """An int is exact; whoever rounds says so by writing an exponent."""
    with pytest.raises(AssertionError, match="give all digits"):
        lab().check("conv1.macs", 105_000_000)


def test_an_unknown_number_that_is_off_by_one_symbol_is_told_so():
    """Twenty times too much is nothing known; eleven times is K_h."""
    found = diagnose(question(ALEXNET, "macs"), MACS * 96)
    assert found.id == "factor_C_out"
    assert "factor of exactly C_out [factor_C_out]" in found.feedback(2)


def test_the_symbols_and_numbers_of_a_mistake_are_those_of_its_value():
    """Each shown line, evaluated, is the wrong number; so is the right one's."""
    for quantity in ("params", "macs", "flops", "weight_bytes", "activation_bytes", "h_out"):
        asked = question(GROUPED, quantity)
        for wrong in (None, *asked.wrong):
            shown = asked.shown(wrong, numbers=True)
            if "/" in shown.replace("/3)", "") and "⌊" not in shown:
                continue
            plain = shown.replace("·", "*").replace("−", "-")
            plain = plain.replace("⌊", "int(").replace("⌋", ")")
            assert eval(plain) == (asked.value if wrong is None else wrong.value)


def test_the_shown_quotient_has_the_mistake_on_both_sides():
    """A mistake that is made in both designs stands in both sums, and the line gives its number."""
    wide = conv2d(in_channels=24, out_channels=48, kernel_size=5, input_size=(24, 20, 20))
    steps = [
        conv2d(in_channels=24, out_channels=24, kernel_size=5, groups=24, input_size=(24, 20, 20)),
        conv2d(in_channels=24, out_channels=48, kernel_size=1, input_size=(24, 16, 16)),
    ]
    asked = course.saving(wide, steps, of="params")
    shown = [(asked.shown(wrong, numbers=True), wrong.value) for wrong in asked.wrong if wrong.above]
    assert len(shown) > 5
    for line, value in [(asked.shown(numbers=True), asked.value), *shown]:
        assert eval(line.replace("·", "*").replace("−", "-")) == pytest.approx(float(value), rel=1e-12)


# Conventions


def test_a_teacher_sets_the_convention_once():
    """What is made afterwards in the same notebook follows it; nobody else's does."""
    space = {}
    exec("from nbcnncost.course import *\nfrom nbcnncost.conventions import textbook, macs", space)
    exec("use(textbook.with_rules({'bias_additions': 1}, name='ours'), salt='2026')", space)
    exec("layer1 = conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(3, 5, 5))", space)
    exec("found = question(layer1, 'flops').answer, sheet({'c': layer1})['c.flops'].answer", space)
    product = 2 * 3 * 3 * 8 * 3 * 3 * 3
    assert space["found"] == (product + 3 * 3 * 8, product + 3 * 3 * 8)
    assert question(space["layer1"], "flops").answer == product
    exec("use(salt='2027'); drawn = sheet('linear', student='ada')", space)
    assert space["drawn"].settings.convention.name == "ours"


@pytest.mark.parametrize(
    ("convention", "answer", "told"),
    [
        (textbook, MACS, "macs"),
        (textbook, 2 * MACS - 55 * 55 * 96, "textbook (2n − 1)"),
        (textbook, 2 * MACS + 55 * 55 * 96, "textbook (biases added)"),
        (textbook.with_rules({"dot_products": -1}, name="exact"), 2 * MACS, "textbook"),
    ],
)
def test_an_answer_right_by_another_convention_is_told_so(convention, answer, told):
    """It is wrong all the same, since the course counts otherwise."""
    found = diagnose(Course().use(convention).question(ALEXNET, "flops"), answer)
    assert not found.is_right
    assert found.conventions[0] == told
    assert f"By the convention {told}" in found.feedback(1)


def test_a_course_that_counts_macs_still_asks_for_the_textbooks_flops():
    """MACs and FLOPs stay two questions."""
    counted = Course().use(macs)
    assert counted.question(ALEXNET, "flops").answer == 2 * MACS
    assert counted.question(ALEXNET, "macs").answer == MACS


def test_a_tools_convention_is_refused_for_a_course():
    """It hears modules, which a single layer has none of."""
    with pytest.raises(CostError, match="counts whole models"):
        Course().use("fvcore")
    with pytest.raises(CostError, match="no such setting"):
        Course().use(colour="blue")
    with pytest.raises(CostError, match="from 0 to 1"):
        Course().use(carried_share=2)
    with pytest.raises(CostError, match="from 1 to 4"):
        Course().use(highest_hint=0)


# Where questions come from

NETS = [
    (nn.Sequential(nn.Conv2d(3, 8, 5, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU()), (3, 33, 45)),
    (nn.Sequential(nn.ConvTranspose2d(8, 4, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)), (8, 9, 9)),
    (nn.Sequential(nn.Conv1d(2, 4, 3), nn.MaxPool1d(2, ceil_mode=True), nn.LayerNorm(5), nn.GELU()), (2, 11)),
    (nn.Sequential(nn.Conv3d(1, 2, 3), nn.InstanceNorm3d(2, affine=True), nn.Sigmoid()), (1, 6, 6, 6)),
    (nn.Sequential(*[nn.Linear(6, 6)] * 3), (6,)),
    (nn.LSTM(5, 7), (4, 2, 5)),
]


@pytest.mark.parametrize(("net", "size"), NETS, ids=range(len(NETS)))
def test_a_models_questions_have_its_reports_answers(net, size):
    """Every row and the total, in parameters, MACs and FLOPs."""
    report = cost(net, (2, *size) if not isinstance(net, nn.LSTM) else size)
    for made in (sheet(report), sheet(net, (2, *size) if not isinstance(net, nn.LSTM) else size)):
        assert len(made)
        for entry in made.questions:
            quantity = entry.quantity.name
            if quantity not in ("params", "macs", "flops"):
                continue
            is_whole = entry.name == "total" or len(report.rows) == 1
            row = report.total if is_whole else report[entry.name]
            assert entry.answer == getattr(row, quantity), entry.key


def test_what_comes_out_is_asked_of_layers_of_one_operation():
    """Attention consists of several: their outputs added up are no output of its."""
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    assert [key.partition(".")[2] for key in sheet(attention, [(1, 5, 8)] * 3).keys] == [
        "params",
        "macs",
        "flops",
        "weight_bytes",
    ]


@pytest.mark.parametrize(
    ("plain", "module"),
    [
        (conv1d(in_channels=2, out_channels=4, kernel_size=3, stride=2, input_size=(2, 11)), nn.Conv1d(2, 4, 3, 2)),
        (
            conv2d(in_channels=4, out_channels=6, kernel_size=(3, 5), padding=(1, 0), groups=2, input_size=(4, 9, 11)),
            nn.Conv2d(4, 6, (3, 5), padding=(1, 0), groups=2),
        ),
        (conv3d(in_channels=1, out_channels=2, kernel_size=3, input_size=(1, 6, 7, 8)), nn.Conv3d(1, 2, 3)),
        (
            conv_transpose2d(
                in_channels=8,
                out_channels=4,
                kernel_size=3,
                stride=2,
                padding=1,
                output_padding=1,
                input_size=(8, 7, 5),
            ),
            nn.ConvTranspose2d(8, 4, 3, 2, padding=1, output_padding=1),
        ),
        (max_pool2d(3, stride=2, padding=1, input_size=(4, 11, 12)), nn.MaxPool2d(3, 2, 1)),
        (linear(in_features=12, out_features=5), nn.Linear(12, 5)),
        (batch_norm(input_size=(4, 9, 9)), nn.BatchNorm2d(4)),
        (activation("sigmoid", input_size=(4, 9, 9)), nn.Sigmoid()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_plain_layer_is_counted_as_the_module(plain, module):
    """The same sizes, parameters, MACs and FLOPs as torch's layer in a report."""
    row = cost(module, plain.input_shape).total
    module.train(False)
    assert plain.output_shape == tuple(module(torch.zeros(plain.input_shape)).shape)
    made = sheet({"layer": plain})
    for name in ("params", "macs", "flops"):
        if f"layer.{name}" in made:
            assert made[f"layer.{name}"].answer == getattr(row, name)
        else:
            assert getattr(row, name) == 0
    names = {1: ["l_out"], 2: ["h_out", "w_out"], 3: ["d_out", "h_out", "w_out"]}
    if plain.spatial and not isinstance(module, nn.BatchNorm2d):
        sizes = dict(zip(names[plain.spatial], plain.output_shape[2:], strict=True))
        assert {name: made[f"layer.{name}"].answer for name in sizes} == sizes


SYMBOL = {"g": 2, "b": 1, "M": 64, "s": 6, "C": 12, "C_in": 12, "C_out": 20, "m": 9}
ASKABLE = [kind for kind, formula in FORMULAS.items() if formula.terms]


@pytest.mark.parametrize("kind", ASKABLE)
def test_every_kind_with_a_formula_can_be_asked(kind):
    """Its right answer is accepted, and each of its mistakes is rejected and named."""
    texts = [term.base for term in FORMULAS[kind].terms] + [FORMULAS[kind].params or "0"]
    names = {name for text in texts for name in expression(text, 2).code.co_names}
    values = {name: SYMBOL.get(name, 5 + 2 * at) for at, name in enumerate(sorted(names))}
    made = sheet({"layer": layer(kind, spatial=2, **values)}, ask=("params", "macs", "flops"))
    weighs = textbook.count(layer(kind, spatial=2, **values).op)
    assert ("layer.flops" in made) == bool(weighs)
    for entry in made.questions:
        assert diagnose(entry, entry.answer).is_right
        for wrong in entry.wrong:
            found = diagnose(entry, wrong.value)
            assert not found.is_right
            assert wrong.id in found.id.split("|")


def test_mistakes_about_what_has_no_parameters():
    """Asked for by name, a pooling, an activation and a dropout have questions whose answer is 0, or all values."""
    pool = question(max_pool2d(3, stride=2, input_size=(4, 11, 11)), "params")
    assert (pool.answer, diagnose(pool, 4 * 3 * 3).id) == (0, "pool_has_params")
    relu = question(activation("relu", input_size=(4, 11, 11)), "params")
    assert (relu.answer, diagnose(relu, 4).id) == (0, "relu_has_params")
    drop = question(dropout(25, input_size=(4, 10, 10)), "elements")
    assert (drop.answer, diagnose(drop, 300).id) == (400, "dropout_shrinks")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: conv2d(in_channels=4, out_channels=8, kernel_size=3, input_size=(3, 9, 9)), "they are the same"),
        (lambda: conv2d(in_channels=3, out_channels=8, kernel_size=11, input_size=(3, 9, 9)), "does not fit"),
        (lambda: conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(9, 9)), "input_size has 3 numbers"),
        (lambda: conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(3, 9, "9")), "whole numbers"),
        (
            lambda: conv2d(in_channels=3, out_channels=8, colour=3, input_size=(3, 9, 9)),
            "cannot be built",
        ),
        (lambda: layer("konvolution"), "no kind"),
        (
            lambda: conv2d(in_channels=3, out_channels=8, kernel_size=3, padding="same", input_size=(3, 9, 9)),
            "padding is a number here",
        ),
        (lambda: activation("convolution", input_size=(3, 9, 9)), "cannot be built"),
        (lambda: dropout(100, input_size=(3, 9, 9)), "per cent"),
        (lambda: sheet("konvolution"), "no topic"),
        (lambda: sheet(42), "not int"),
        (lambda: sheet({"conv1": ALEXNET}, ask=("flop",)), "no quantity 'flop'"),
        (lambda: question(ALEXNET, "flop"), "no quantity 'flop'"),
        (lambda: question(linear(in_features=3, out_features=4), "h_out"), "has no h_out"),
        (lambda: lab()["conv1.flop"], "did you mean conv1.flops"),
        (lambda: lab().check(["conv1.macs"], 3), "there is no question"),
        (lambda: lab().check("x" * 10_000, 3), "there is no question 'x+…; there are"),
        (lambda: lab().check("zzz", 3), "there is no question 'zzz'; there are: conv1.h_out"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_sentence(make, sentence):
    """Errors in a sheet are the teacher's, so they are no AssertionErrors."""
    with pytest.raises(CostError, match=sentence):
        make()


def test_check_finds_the_sheet_of_the_notebook_that_calls_it(capsys):
    """Of several sheets the newest that has the key; without any it says so."""
    space = {}
    exec("from nbcnncost.course import check, linear, sheet", space)
    with pytest.raises(CostError, match="no sheet here"):
        exec("check('fc.params', 3)", space)
    exec("old = sheet({'fc': linear(in_features=3, out_features=4)})", space)
    exec("new = sheet({'fc': linear(in_features=30, out_features=4)})", space)
    exec("points = check('fc.params', 30*4 + 4, points=1)", space)
    assert space["points"] == 1.0
    assert capsys.readouterr().out == "fc.params: right, 124.\n"
    exec("old = sheet({'fc': linear(in_features=50, out_features=4)})", space)  # its cell was run again
    exec("def inside():\n    return check('fc.params', 50*4 + 4, points=1)", space)
    assert eval("inside()", space) == 1.0


# Variants


def test_draws_are_sha256_of_the_names():
    """Computed with sha256sum of "2026␟ada␟convolution␟0" and so on: the numbers, and what is left of them by 6."""
    digests = (
        "37446ccee57a6f39c3246a6d7fc004ad5d93e141b657576848f189424057c5d1",
        "a5bcf6f6ad65a09b80931809f74e9365867ac25c6c5db5b297d7859af8806900",
        "3199f5373f40331cf281f665856d9ea58110963ba653494ee4c082c03de1b36a",
    )
    draw = Draw("2026", "ada", "convolution")
    assert [draw.whole(0, 2**256 - 1) for _ in digests] == [int(digest, 16) for digest in digests]


#: (topic, student, key, answer): whoever drew these once must find them again in every later version.
PINNED = [
    ("convolution", "ada", "conv1.params", 23 * (7 * 11 * 11 + 1)),
    ("linear", "ada", "fc1.params", 343 * (252 + 1)),
    ("receptive_field", "学生", "stack.receptive_field", 1 + 2 + 4 + 4 + 2 * 4),
]


def test_a_drawn_layer_is_what_the_digests_say():
    """The first layer of "linear" for ada, by hashlib alone: two different sizes from 60 to 899, and a batch."""
    first, second, third = (
        int(sha256(f"\x1fada\x1flinear\x1f0\x1f{number}".encode()).hexdigest(), 16) for number in range(3)
    )
    sizes = list(range(60, 900))
    ins = sizes.pop(first % 840)
    outs = sizes.pop(second % 839)
    given = {symbol: value for symbol, _, value in sheet("linear", student="ada")["fc1.macs"].given}
    assert (given["N_in"], given["N_out"], given["N"]) == (ins, outs, (8, 16, 32)[third % 3])


def test_a_student_gets_the_same_variant_everywhere():
    """Also in another process with another hash seed; another student or salt gets another one."""
    code = "from nbcnncost.course import sheet\n" + "".join(
        f"print(sheet({topic!r}, student={student!r})[{key!r}].answer)\n" for topic, student, key, _ in PINNED
    )
    answers = [str(answer) for *_, answer in PINNED]
    for seed in ("0", "1"):
        root = Path(course.__file__).parents[2]
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
        assert run.stdout.split() == answers
    names = {sheet("convolution", student=f"student {at}")["conv1.flops"].about for at in range(20)}
    assert len(names) == 20
    salted = Course().use(salt="2027").sheet("convolution", student="ada")
    assert salted["conv1.flops"].about != sheet("convolution", student="ada")["conv1.flops"].about


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_passes_its_self_test(topic):
    """Right answers are accepted, stubs rejected, every mistake told."""
    found = selftest(sheet(topic, student="ada"))
    assert found.ok, found
    assert found.mistakes > 0


def test_a_sheet_names_its_questions():
    """Whose it is, what it counts by, and the keys."""
    assert repr(sheet("attention", student="ada")).splitlines() == [
        "attention of ada, by the convention textbook:",
        "attn1.macs",
        "attn1.flops",
        "attn1.activation_bytes",
    ]
    assert repr(lab()).startswith("questions, by the convention textbook:\nconv1.h_out")
    assert [entry.key for entry in lab()] == list(lab().keys)
    assert len(lab()) == 7


def test_a_self_test_finds_what_is_wrong_with_a_sheet():
    """A question whose answer is 0 accepts the stub 0; an ordinary layer hides mistakes."""
    found = selftest(sheet([question(max_pool2d(2, input_size=(4, 8, 8)), "params")]))
    assert not found.ok
    assert "accepts the stub 0" in repr(found)
    easy = conv2d(in_channels=8, out_channels=8, kernel_size=3, padding=1, input_size=(8, 8, 8))
    notes = selftest(sheet({"easy": easy})).notes
    assert any("input_size_for_output gives the right number" in note for note in notes)
    assert any("forgot_input_channels, forgot_output_channels" in note for note in notes)


NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}), colors="NoColor")
shell.run_cell("from nbcnncost.course import check, linear, sheet")
shell.run_cell("lab = sheet({'fc': linear(in_features=400, out_features=120)})")
for cell in ("check('fc.params', 48120, points=2)", "check('fc.params', 48000, hint=2)"):
    with capture_output() as shown:
        done = shell.run_cell(cell)
    print(type(done.error_in_exec).__name__, done.result, shown.stdout.strip().splitlines(), [shown.stderr])
"""


def test_a_notebooks_cell_fails_with_the_sentences_alone(tmp_path):
    """The error is an AssertionError, without a traceback through this package; the points are the cell's value."""
    env = {**os.environ, "IPYTHONDIR": str(tmp_path), "PYTHONPATH": str(Path(course.__file__).parents[2])}
    run = subprocess.run([sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, env=env, check=True)
    right, wrong = run.stdout.splitlines()
    assert re.fullmatch(r"NoneType 2\.0 \['fc\.params: right, 48,120\.', 'Out\[\d\]: 2\.0'\] \[''\]", right)
    sentence = "fc.params: 48,000 is wrong; it is too small."
    assert wrong.startswith(f"AssertionError None ['AssertionError: {sentence}', 'Probably: the bias forgotten")
    assert "Traceback" not in wrong


FRESH = """
import sys
from nbcnncost.course import *
for topic in TOPICS:
    found = selftest(sheet(topic, student="ada"))
    assert found.ok
lab = sheet({"fc": linear(in_features=400, out_features=120)})
lab.check("fc.params", 48120)
class_report(lab, {"ada": {"fc.params": 48000}})._repr_html_()
print(sorted({"torch", "matplotlib", "pandas", "numpy", "IPython"} & set(sys.modules)))
"""


def test_questions_from_numbers_need_no_torch():
    """Nothing heavy is loaded, neither for the topics nor for a check."""
    root = Path(course.__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, cwd=root, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert run.stderr == ""
