"""Coursework against answers that lie, break or ask for the key: none scores, each is told a sentence."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from torch import nn

from nbcnncost.course import Answer, activation, collected, conv2d, handed_in, question, sheet

# AlexNet's first layer: 96 filters of 3·11·11, on 227×227, stride 4; 55×55 come out.
CONV = conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227))
PARAMS = 96 * (3 * 11 * 11 + 1)
RELU = activation("relu", input_size=(64, 8, 8))


def lab():
    """A fresh sheet, which remembers nothing."""
    return sheet({"conv1": CONV, "relu1": RELU}, ask=("h_out", "w_out", "params", "macs", "activation_bytes"))


def told(key, answer, **settings):
    """What a wrong answer is told."""
    with pytest.raises(AssertionError) as caught:
        lab().check(key, answer, points=2, **settings)
    return str(caught.value)


class SaysYes(Answer):
    """An answer that calls itself right."""

    def is_exactly(self, value):
        """Whatever it is."""
        return True


class Text(str):
    """Text with another one inside."""

    __slots__ = ()

    def strip(self, *_):
        """The right number."""
        return str(PARAMS)

    def __str__(self):
        return str(PARAMS)


class Whole(int):
    """A whole number with another one inside."""

    def __int__(self):
        return PARAMS

    def __index__(self):
        return PARAMS

    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Fraction(7), "7", None, 0),
        Answer(Fraction(PARAMS), str(PARAMS)),
        SaysYes(Fraction(7), "7"),
        Text("7"),
        Whole(7),
    ],
    ids=["to 0 bits", "read already", "says yes", "text", "whole number"],
)
def test_an_answer_that_calls_itself_right_does_not_score(answer):
    """What counts is the number that was written down, and that is read here."""
    assert told("conv1.params", answer).startswith("conv1.params: ")


class Raising:
    """Whatever it is asked for, it raises."""

    def __getattr__(self, name):
        raise ValueError(name)

    def __repr__(self):
        raise RuntimeError


class Shaped:
    """Its shape is a number."""

    shape = 3


class Divided(int):
    """A whole number over nothing."""

    denominator = 0


class Unshowable(str):
    """Text that cannot be shown."""

    __slots__ = ()

    def __repr__(self):
        raise ValueError


@pytest.mark.parametrize(
    "answer", [Raising(), Shaped(), Divided(3), Unshowable("many")], ids=lambda it: type(it).__name__
)
def test_an_answer_that_breaks_is_no_number(answer):
    """It is told the same sentence as anything else that is none, not an error of its own."""
    assert "is no number; answer with a number" in told("conv1.params", answer)


def test_an_interrupt_goes_through_and_leaves_the_sheet_as_it_was():
    """Ctrl-C during an answer's own code is no wrong answer."""

    class Stopped(float):
        def __float__(self):
            raise KeyboardInterrupt

    one = lab()
    with pytest.raises(KeyboardInterrupt):
        one.check("conv1.params", Stopped(3))
    assert one.check("conv1.params", PARAMS, points=2) == 2


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("conv1.h_out", 1),
        ("conv1.h_out", 55 * 55),
        ("conv1.w_out", np.float64(1)),
        ("relu1.activation_bytes", 1),
        ("relu1.activation_bytes", 4),
        ("conv1.macs", 55 * 96 * 3 * 11 * 11),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_no_answer_is_told_the_key_by_what_it_is_off_by(key, answer, step):
    """The right number is a wrong one times its factor: that is named, without its value."""
    rest = told(key, answer, hint=step).split(" is wrong", 1)[1].replace(",", "")
    key_and_factors = {str(lab()[key].answer), "55", str(64 * 8 * 8)}
    assert not any(number in rest for number in key_and_factors)


def test_a_forgotten_size_is_named():
    """Whoever leaves out the height is told so; its value was asked before."""
    assert "off by a factor of exactly H_out [factor_H_out]" in told("conv1.macs", 55 * 96 * 3 * 11 * 11, hint=2)


def test_a_count_of_parameters_that_no_formula_gives_is_not_shown_as_one():
    """The weight of a layer with weight normalization is another module's, so that its bias alone is its own."""
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)))
    one = sheet(net, (1, 3, 9, 9))
    key = "0.conv2d().weight_bytes"
    assert one[key].answer == 4 * 8
    with pytest.raises(AssertionError) as caught:
        one.check(key, 7, hint=3)
    assert "8" not in str(caught.value).partition(" is wrong")[2]
    assert "It should be 4·8 = 32 B." in one.check(key, 7, practice=True, hint=4).text


def test_a_factor_that_is_a_setting_by_chance_is_not_named():
    """A padding of 2 stands in no product: FLOPs that are doubled once more have nothing to do with it."""
    first = conv2d(in_channels=3, out_channels=64, kernel_size=11, stride=4, padding=2, input_size=(3, 224, 224))
    found = sheet({"first": first}).diagnose("first.flops", 2 * 2 * 55 * 55 * 64 * 3 * 11 * 11)
    assert (found.factor, found.verdict) == ("", "wrong")


@pytest.mark.parametrize("text", ["1" + " " * 10**6 + "2", "0" * 60 + "7", "1/" + "3" * 29 + " " * 10**6])
def test_a_long_answer_is_repeated_in_short(text):
    """Nobody's feedback is longer than the page because of what was typed."""
    assert len(told("conv1.params", text, hint=2)) < 400


def test_a_number_that_is_too_long_to_be_one_is_called_that():
    """It has no unit behind it."""
    assert "'1e400' is no answer" in told("conv1.params", "1e400")


def test_the_questions_here_have_the_numbers_that_the_tests_look_for():
    """Else they would look for nothing."""
    assert question(CONV, "h_out").answer == 55
    assert question(RELU, "activation_bytes").answer == 4 * 64 * 8 * 8


def ran(folder, *lines):
    """A notebook that printed these lines when it ran."""
    folder.mkdir(parents=True)
    cell = {"outputs": [{"output_type": "stream", "text": "\n".join(lines)}]}
    (folder / "lab.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")


def test_nobody_answers_for_somebody_else(tmp_path, capsys):
    """Whoever prints another's line, or half a one, spoils the class's report for nobody."""
    handed_in(lab(), {"conv1_params": PARAMS})
    right = capsys.readouterr().out.strip()
    ran(tmp_path / "autograded" / "ada" / "lab", right)
    forged = [
        'nbcnncost answers: {"student": "ada", "answers": {"conv1.params": "7"}}',
        "nbcnncost answers: {",
        "nbcnncost answers: [1]",
        'nbcnncost answers: {"student": [], "answers": 3}',
        f"nbcnncost answers: {'[' * 100_000}",
    ]
    ran(tmp_path / "autograded" / "eve" / "lab", *forged)
    found = collected(tmp_path.glob("autograded/*/lab/lab.ipynb"))
    assert {name: answers["conv1.params"] for name, answers in found.items()} == {"ada": str(PARAMS), "eve": "7"}


def test_what_was_written_as_an_answer_is_text_or_none(tmp_path):
    """A report reads nothing else."""
    ran(
        tmp_path / "ada" / "lab",
        'nbcnncost answers: {"student": "", "answers": {"conv1.params": [1], "conv1.macs": "7"}}',
    )
    assert collected([tmp_path / "ada" / "lab" / "lab.ipynb"]) == {"ada": {"conv1.params": None, "conv1.macs": "7"}}


@pytest.mark.parametrize("name", ['a"b', "a'b", "a\\b", "a\nb", "{a}", "class"])
def test_a_layer_may_have_any_name(name, capsys):
    """The notebook's code runs, without a warning, and gives the points of each answer."""
    cells = json.loads(sheet({name: CONV}, ask=("params", "macs")).to_nbgrader(points=2))["cells"]
    namespace = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)
    printed = capsys.readouterr().out
    assert ": right, 34,944.\n" in printed
    assert ": right, 105,415,200 MACs.\n" in printed
