"""What a teacher makes of a sheet: notebooks for graders, quizzes, paper; each holds what it should, and no more."""

from __future__ import annotations

import json
import re
import warnings
from fractions import Fraction
from xml.etree import ElementTree as ET

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from torch import nn

from nbcnncost import CostError
from nbcnncost.conventions import textbook
from nbcnncost.course import (
    TOPICS,
    Course,
    activation,
    attention,
    avg_pool3d,
    batch_norm,
    class_report,
    collected,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose2d,
    dropout,
    for_grading,
    global_avg_pool,
    handed_in,
    layer,
    linear,
    max_pool2d,
    moodle,
    question,
    recurrent,
    saving,
    sheet,
    student,
)
from nbcnncost.course.generators import nbgrader, otter, otter_tests
from nbcnncost.course.generators.layer_code import layer_code
from nbcnncost.course.generators.recipe import recipe

# AlexNet's first layer: 96 filters of 3·11·11, on 227×227, stride 4; 55 positions a side.
ALEXNET = conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227))


def lab(**settings):
    """AlexNet's first layer, as a sheet."""
    return Course().use(**settings).sheet({"conv1": ALEXNET})


def numbers(one):
    """A sheet's keys with their right answers."""
    return {entry.key: entry.value for entry in one}


LAYERS = [
    ALEXNET,
    conv1d(in_channels=4, out_channels=8, kernel_size=3, stride=2, padding=1, input_size=(4, 30)),
    conv2d(in_channels=4, out_channels=8, kernel_size=(3, 5), groups=2, bias=False, input_size=(16, 4, 30, 40)),
    conv2d(in_channels=4, out_channels=8, kernel_size=3, dilation=2, input_size=(4, 30, 40)).called(3),
    conv3d(in_channels=2, out_channels=3, kernel_size=2, stride=(1, 2, 2), input_size=(2, 5, 6, 7)),
    conv_transpose2d(in_channels=4, out_channels=8, kernel_size=3, stride=2, output_padding=1, input_size=(4, 7, 9)),
    max_pool2d(3, stride=2, padding=1, input_size=(4, 30, 41)),
    max_pool2d(2, input_size=(4, 30, 40)),
    max_pool2d(3, stride=2, ceil_mode=True, input_size=(4, 30, 40)),
    max_pool2d(3, stride=1, input_size=(4, 30, 40)),
    avg_pool3d(2, input_size=(2, 4, 6, 8)),
    global_avg_pool(input_size=(64, 7, 7)),
    linear(in_features=400, out_features=120, bias=False, batch=8),
    batch_norm(input_size=(64, 14, 15)),
    activation("sigmoid", input_size=(64, 14, 15)),
    dropout(30, input_size=(64, 14, 15)),
    recurrent("lstm", input_size=30, hidden_size=40, steps=7, batch=2),
    attention(queries=5, keys=6, features=7, heads=2, batch=3),
]


@pytest.mark.parametrize("made", LAYERS, ids=lambda made: made.kind)
def test_a_layer_becomes_the_code_that_makes_it(made):
    """The call, evaluated, is the layer again."""
    name, call = layer_code(made)
    functions: dict[str, object] = {}
    exec(f"from nbcnncost.course import {name}\nagain = {call}", functions)
    assert functions["again"] == made


def remade(one, **variables):
    """The sheet that the code of a sheet makes."""
    exec(recipe(one).code(), variables)
    return variables["lab"]


SHEETS = {
    "layers": sheet({"conv1": ALEXNET, "fc": linear(in_features=400, out_features=120)}),
    "asked": sheet({"conv1": ALEXNET}, ask=("elements", "weight_mb")),
    "saving": sheet(
        [saving(ALEXNET, [ALEXNET, linear(in_features=4, out_features=5)], name="net"), question(ALEXNET, "flops")]
    ),
    "of one student": sheet("separable", student="ada"),
    "counted otherwise": Course()
    .use(textbook.with_rules({"bias_additions": 1, "relu": "2 * n"}, name="ours"))
    .sheet([ALEXNET]),
    "named convention": Course().use("macs", salt="2026", carried_share=0.0).sheet({"conv1": ALEXNET}),
    "awkward names": sheet({'a "b" \\ é': ALEXNET, "0": max_pool2d(2, input_size=(4, 30, 40))}),
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_becomes_the_code_that_makes_it(name):
    """Its questions have the same keys and answers, and it has the same settings."""
    one = SHEETS[name]
    assert numbers(remade(one)) == numbers(one)
    assert remade(one).settings == one.settings


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_without_a_student_is_drawn_by_the_notebook(topic):
    """The code of a topic's sheet makes each student's own."""
    one = Course().use(salt="2026").sheet(topic)
    for name in ("ada", "bo"):
        own = Course().use(salt="2026").sheet(topic, student=name)
        assert numbers(remade(one, STUDENT=name)) == numbers(own)


def test_a_sheet_about_a_model_needs_the_code_of_its_model():
    """A layer that no function makes is said so; with ``setup`` it works."""
    one = sheet({"m": layer("matmul", B=2, m=3, k=4, p=5, b=0)})
    with pytest.raises(CostError, match="setup='lab = sheet"):
        one.to_nbgrader()
    assert "lab = mine()" in one.to_nbgrader(setup="from net import mine\nlab = mine()")
    with pytest.raises(CostError, match="a sheet named lab"):
        one.to_nbgrader(setup="from net import mine")


def test_a_convention_with_a_function_needs_code_of_its_own():
    """No text says what a function of the teacher's counts."""
    ours = textbook.with_rules({"relu": lambda op: 0}, name="ours")
    with pytest.raises(CostError, match="setup='lab = sheet"):
        lab(convention=ours).to_nbgrader()


def test_a_sheet_about_a_model_of_usual_layers_needs_nothing():
    """Convolutions, pools and linear layers of a model that ran are written as layers."""
    model = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(288, 10))
    one = sheet(model, (3, 28, 28))
    assert numbers(remade(one)) == numbers(one)
    assert "conv2d(in_channels=3, out_channels=8, kernel_size=5, stride=2, input_size=(3, 28, 28))" in otter(one)


def cells(text):
    """The cells of a notebook's file, by their ids."""
    return {cell["id"]: cell for cell in json.loads(text)["cells"]}


def source(cell):
    """A cell's text."""
    return "".join(cell["source"])


ASSIGNMENTS = {
    "layers": lab(),
    "everybody's own": sheet("convolution"),
    "ratios": sheet("separable", student="ada"),
    "awkward names": SHEETS["awkward names"],
}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_notebook_for_nbgrader_is_valid(name):
    """By nbformat's schema, and by nbgrader's for the metadata of cells."""
    made = nbformat.reads(nbgrader(ASSIGNMENTS[name], points=2, explain=3), as_version=4)
    nbformat.validate(made)
    MetadataValidator().validate_nb(made)
    for cell in made.cells:
        assert cell.get("outputs", []) == []


def test_the_points_of_an_assignment_are_where_a_teacher_puts_them():
    """Each question's by its key, one where none is given; explanations are graded by hand."""
    found = cells(lab().to_nbgrader(points={"conv1.macs": 4, "conv1.flops": 0.5}, explain=3))
    points = {name: cell["metadata"]["nbgrader"].get("points") for name, cell in found.items()}
    assert {name: worth for name, worth in points.items() if worth is not None} == {
        "conv1-h_out-test": 1,
        "conv1-w_out-test": 1,
        "conv1-params-test": 1,
        "conv1-macs-test": 4,
        "conv1-flops-test": 0.5,
        "conv1-activation_bytes-test": 1,
        "conv1-weight_bytes-test": 1,
        "conv1-explanation": 3,
    }
    assert "7 questions, 12.5 points" in source(found["intro"])
    assert source(found["conv1-flops-test"]).endswith('lab.check("conv1.flops", conv1_flops, points=0.5)')
    with pytest.raises(CostError, match=r"no question 'conv2\.macs'"):
        lab().to_nbgrader(points={"conv2.macs": 4})


@pytest.mark.parametrize(("points", "written"), [(7 / 3, "2.3333333333333335"), (1000, "1000"), (0.5, "0.5")])
def test_the_points_that_a_cell_gives_are_those_that_it_is_worth(points, written):
    """To the last digit: else a right answer would get less, or more, than nbgrader has written down for it."""
    test = cells(lab().to_nbgrader(points=points))["conv1-params-test"]
    assert source(test).endswith(f'lab.check("conv1.params", conv1_params, points={written})')
    assert test["metadata"]["nbgrader"]["points"] == float(written)


def test_what_is_locked_and_what_is_hidden():
    """Students change answers and explanations only; solutions and hidden tests stand between nbgrader's marks."""
    found = cells(lab().to_nbgrader(explain=3))
    meta = {name: cell["metadata"]["nbgrader"] for name, cell in found.items()}
    unlocked = {name for name, entry in meta.items() if not entry["locked"]}
    assert unlocked == {name for name in found if name.endswith(("-answer", "-explanation"))}
    assert all(entry["solution"] for name, entry in meta.items() if name in unlocked)
    assert source(found["conv1-params-answer"]).splitlines() == [
        "conv1_params = None",
        "### BEGIN SOLUTION",
        'conv1_params = lab["conv1.params"].answer  # (K_h·K_w·C_in + 1)·C_out',
        "### END SOLUTION",
    ]
    hidden = source(found["conv1-params-test"]).split("### END HIDDEN TESTS\n")
    assert hidden[0].startswith("### BEGIN HIDDEN TESTS\n")
    assert hidden[1] == 'lab.check("conv1.params", conv1_params, points=1)'


def test_two_answers_in_one_variable_are_refused():
    """Names that differ only in what no variable's name may hold would overwrite each other."""
    with pytest.raises(CostError, match="the variable a_b_h_out"):
        sheet({"a.b": ALEXNET, "a_b": ALEXNET}).to_nbgrader()


def test_the_master_notebook_for_otter_is_valid():
    """By nbformat's schema; magics are nowhere, since otter's tests are plain Python."""
    for one in ASSIGNMENTS.values():
        made = nbformat.reads(otter(one, points=2, explain=3), as_version=4)
        nbformat.validate(made)
        assert not any(line.startswith("%") for cell in made.cells for line in cell.source.splitlines())
    for text in otter_tests(lab()).values():
        compile(text, "test", "exec")


STUDENTS = [
    ({}, "ada", "ada"),
    ({}, " ada ", "ada"),
    ({}, 4711, "4711"),
    ({"JUPYTERHUB_USER": "ada"}, "", "ada"),
    ({"JUPYTERHUB_USER": "ada"}, ..., "ada"),
    ({"JUPYTERHUB_USER": "teacher"}, "ada", "ada"),
    ({"JUPYTERHUB_USER": "teacher", "NBGRADER_EXECUTION": "autograde"}, "", "bo"),
    ({"NBGRADER_EXECUTION": "autograde"}, "Bo", "bo"),
    ({"JUPYTERHUB_USER": "Ada"}, "", "ada"),
    ({"NBGRADER_EXECUTION": "validate"}, "ada", "ada"),
]


@pytest.mark.parametrize(("variables", "typed", "found"), STUDENTS)
def test_whose_variant_it_is(monkeypatch, tmp_path, variables, typed, found):
    """What was typed, else who is logged in; under the autograder whose submission it is."""
    here = tmp_path / "autograded" / "bo" / "lab"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    for name in ("JUPYTERHUB_USER", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert student(typed) == found


def test_a_variant_is_handed_in_by_its_own_student(monkeypatch, tmp_path):
    """Another one's id scores nothing under the autograder; without any id there is no variant."""
    here = tmp_path / "autograded" / "bo" / "lab"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    with pytest.raises(CostError, match="whose variant"):
        student("")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="answered for 'ada', but handed in by 'bo'"):
        student("ada")


def test_what_was_answered_before_is_taken_from_the_notebook(capsys):
    """A sheet made for the grader knows the earlier answers, so that what follows from one gets its share."""
    answers = {"conv1_h_out": 60, "conv1_w_out": "?", "conv1_macs": 60 * 55 * 96 * 3 * 11 * 11}
    one = for_grading(lab(), answers)
    assert one.check("conv1.macs", answers["conv1_macs"], points=2) == 1.0
    with pytest.raises(AssertionError):
        lab().check("conv1.macs", answers["conv1_macs"], points=2)


def test_an_answer_that_warns_is_as_quiet_as_others(recwarn):
    """A grader gives nothing for a cell that writes to stderr, and warnings are written there."""

    class Loud:
        dtype, shape = "float64", ()

        def item(self):
            warnings.warn("a warning of the student's own", stacklevel=1)
            return 55.0

    one = for_grading(lab(), {"conv1_h_out": Loud()})
    assert one.check("conv1.h_out", Loud(), points=2) == 2.0
    handed_in(one, {"conv1_h_out": Loud()})
    assert list(recwarn) == []


def test_under_the_autograder_feedback_says_all_it_may_at_once(monkeypatch):
    """Nobody tries again there, so that it would never climb."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="forgot_bias") as caught:
        lab().check("conv1.params", 96 * 3 * 11 * 11)
    assert len(str(caught.value).splitlines()) == 3


def test_answers_are_collected_from_notebooks(tmp_path, capsys):
    """What the last cell wrote is found again, as numbers that a class report reads the same."""
    given = {
        "ada": {"conv1_params": "34,944", "conv1_macs": 1.05e8, "conv1_h_out": Fraction(55)},
        "bo": {"conv1_params": 96 * 3 * 11 * 11, "conv1_macs": None, "conv1_h_out": True},
    }
    for name, answers in given.items():
        handed_in(lab(), answers)
        cell = {"outputs": [{"output_type": "stream", "text": capsys.readouterr().out.splitlines(keepends=True)}]}
        folder = tmp_path / "autograded" / name / "lab"
        folder.mkdir(parents=True)
        (folder / "lab.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown"}, cell]}), encoding="utf-8")
    found = collected(tmp_path.glob("autograded/*/lab/lab.ipynb"))
    assert list(found) == ["ada", "bo"]
    assert [found["ada"][key] for key in ("conv1.h_out", "conv1.params", "conv1.macs")] == ["55", "34,944", "1.05e+8"]
    report = class_report(lab(), found)
    assert report.by_mistake()["forgot_bias"] == 1
    assert (report.right, report.wrong) == (3, 1)


def test_each_answer_of_a_question_for_moodle_has_its_feedback():
    """Numbers stand in an order in which the first that fits, within its tolerance, is the one that is meant."""
    one = sheet("separable", student="ada")
    root = ET.fromstring(one.to_moodle())
    found = {entry.find("name/text").text: entry for entry in root if entry.get("type") == "numerical"}
    assert list(found) == list(one.keys)
    for key, entry in found.items():
        answers = entry.findall("answer")
        assert [answer.get("fraction") for answer in answers].count("100") == 1
        assert (answers[-1].find("text").text, answers[-1].get("fraction")) == ("*", "0")
        assert all(answer.find("feedback/text").text for answer in answers)
        for wrong in one[key].wrong:
            matched = matching(answers, float(wrong.value))
            assert matched.get("fraction") == "0"
            assert all(mistake.id in matched.find("feedback/text").text for mistake in wrong.mistakes)
        assert matching(answers, float(one[key].value)).get("fraction") == "100"


def matching(answers, value):
    """The first answer that a number is, as Moodle's numerical questions look for it."""
    for answer in answers:
        text = answer.find("text").text
        if text == "*" or abs(float(text) - value) <= float(answer.find("tolerance").text) + 1e-12 * abs(value):
            return answer
    return None


def test_moodle_takes_names_as_they_are():
    """What XML or HTML would act on is escaped, once for each; a slash begins no category."""
    one = sheet({'<b> & "c"': linear(in_features=4, out_features=5)}, ask=("params",), name="a/b")
    root = ET.fromstring(moodle(one, one))
    assert [entry.find("category/text").text for entry in root.findall("question[category]")] == [
        "$course$/top/nbcnncost/a//b"
    ] * 2
    made = root.find("question[name]")
    assert made.find("name/text").text == '<b> & "c".params'
    assert '&lt;b&gt; &amp; "c": how many parameters' in made.find("questiontext/text").text


def test_a_quiz_tells_each_wrong_number_its_mistake():
    """Whole numbers are values, others are ranges of three digits; what is not known has a sentence of its own."""
    one = sheet("separable", student="ada")
    for entry, made in zip(one, json.loads(one.to_quiz()), strict=True):
        assert made["type"] == "numeric"
        *answers, default = made["answers"]
        assert [answer["correct"] for answer in answers].count(True) == 1
        assert default["type"] == "default"
        for value in (entry.value, *(wrong.value for wrong in entry.wrong)):
            assert any(fits(answer, value) for answer in answers)
        assert next(answer for answer in answers if fits(answer, entry.value))["correct"]


def fits(answer, value):
    """Whether JupyterQuiz takes a number for this answer."""
    if answer["type"] == "value":
        return answer["value"] == value
    return answer["range"][0] <= float(value) < answer["range"][1]


@pytest.mark.parametrize("export", ["to_quiz", "to_moodle", "to_markdown", "to_latex"])
def test_a_sheet_that_has_no_numbers_yet_cannot_be_written_out(export):
    """A topic without a student stands for all of them; one has to be named."""
    with pytest.raises(CostError, match="student='ada'"):
        getattr(sheet("convolution"), export)()


@pytest.mark.parametrize("export", ["to_markdown", "to_latex"])
def test_a_sheet_on_paper_and_its_key(tmp_path, export):
    """The sheet asks, and shows nothing of an answer; the key has all of them, with their mistakes."""
    one = sheet("convolution", student="ada")
    asked = getattr(one, export)(tmp_path / "asked")
    key = getattr(one, export)(tmp_path / "key", key=True)
    assert (tmp_path / "asked").read_text(encoding="utf-8") == asked
    assert (tmp_path / "key").read_text(encoding="utf-8") == key
    for entry in one:
        assert not re.search(rf"(?<![\d,]){re.escape(entry.answer_text.split()[0])}(?![\d,])", asked)
        assert entry.answer_text in key
    assert "the bias forgotten" in key
    assert "the bias forgotten" not in asked


@pytest.mark.parametrize("topic", TOPICS)
def test_latex_needs_no_letters_that_pdflatex_does_not_know(topic):
    """Each sign of a formula or a mistake's name has a command of LaTeX's own."""
    for is_key in (False, True):
        assert sheet(topic, student="ada").to_latex(key=is_key).isascii()


@pytest.mark.parametrize(
    ("title", "is_plain"), [("Übung für René", True), ("练习", False), ("Упражнение", False), ("🙂", False)]
)
def test_latex_with_other_letters_is_for_xelatex(title, is_plain):
    """PdfLaTeX stops at a name that is not in Latin letters."""
    text = sheet({"conv1": ALEXNET}).to_latex(title=title)
    assert title in text
    assert (r"\documentclass{article}" in text, r"\documentclass{ctexart}" in text) == (is_plain, not is_plain)


def test_latex_breaks_long_products():
    """A formula of three layers does not run off the page."""
    assert r"H\_out$\cdot$\allowbreak{}W\_out" in sheet("bottleneck", student="ada").to_latex(key=True)


COUNTED = [
    ("textbook", "textbook. 1 MAC = 2 FLOPs; additions of a bias are left out."),
    ("macs", "textbook. 1 MAC = 2 FLOPs; additions of a bias are left out."),  # what FLOPs are where MACs are counted
    (textbook.with_rules({"bias_additions": 1}, name="ours"), "ours. 1 MAC = 2 FLOPs; additions of a bias count."),
    (
        textbook.with_rules({"dot_products": -1}, name="less"),
        "less. 1 MAC = 2 FLOPs; additions of a bias are left out. A sum of n products has n − 1 additions.",
    ),
    (textbook.with_rules({"macs": 1}, name="one"), "one. 1 MAC = 1 FLOPs; additions of a bias are left out."),
    (textbook.with_rules({"convolution": "n"}, name="other"), "other."),
]


@pytest.mark.parametrize(
    ("convention", "told"), COUNTED, ids=[told.partition(".")[0] + str(at) for at, (_, told) in enumerate(COUNTED)]
)
def test_it_is_said_how_flops_are_counted(convention, told):
    """On paper and in notebooks, by the convention that the question names; who reads has no package at hand."""
    one = Course().use(convention).sheet({"conv1": ALEXNET})
    line = f"FLOPs are counted by the convention {told}"
    assert f"by the convention {told.partition('.')[0]}?" in one["conv1.flops"].prompt
    assert line in one.to_markdown().splitlines()
    assert line.replace("−", "$-$") in one.to_latex().splitlines()
    for made in (one.to_nbgrader(), one.to_otter()):
        assert line in "".join(json.loads(made)["cells"][0]["source"] + json.loads(made)["cells"][1]["source"])


def test_where_no_flops_are_asked_nothing_is_said_of_them():
    """A sheet about parameters needs no convention."""
    one = sheet({"conv1": ALEXNET}, ask="params")
    assert all("FLOPs" not in text for text in (one.to_markdown(), one.to_latex(), one.to_nbgrader()))


ABOUT_FLOPS = {
    "saving": [saving(ALEXNET, ALEXNET, of="flops")],
    "intensity": [question(ALEXNET, "intensity")],
    "training": [question([ALEXNET], "training_ratio")],
}


@pytest.mark.parametrize("asked", ABOUT_FLOPS.values(), ids=ABOUT_FLOPS)
def test_a_ratio_of_flops_is_one_about_flops(asked):
    """It is said there, too, how they are counted."""
    assert "1 MAC = 2 FLOPs" in sheet(asked).to_markdown()


def test_latex_is_balanced_and_escaped():
    """Every environment that begins ends; of what LaTeX acts on nothing is left bare."""
    for is_key in (False, True):
        text = sheet({"a_b & 50 %": ALEXNET}).to_latex(key=is_key)
        assert text.isascii()
        assert r"a\_b \& 50 \%" in text
        begun, ended = (re.findall(rf"\\{word}{{(\w+)}}", text) for word in ("begin", "end"))
        assert sorted(begun) == sorted(ended)
        bare = re.sub(r"\$[^$]*\$", "", text.replace(r"\_", ""))
        assert "_" not in bare
        assert bare.count("{") == bare.count("}")
