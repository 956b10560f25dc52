"""Coursework: what a teacher may write wrongly, names however they were typed, and students who are stuck."""

from __future__ import annotations

import string
import unicodedata

import pytest
from torch import nn

from nbcnncost import CostError
from nbcnncost.course import (
    Course,
    activation,
    attention,
    batch_norm,
    class_report,
    conv2d,
    conv_transpose2d,
    dropout,
    global_avg_pool,
    layer,
    linear,
    max_pool2d,
    question,
    receptive_field,
    recurrent,
    saving,
    sheet,
    student,
)
from nbcnncost.course.drawing import student_id

# AlexNet's first layer: 96 filters of 3·11·11, on 227×227, stride 4; 55×55 come out.
CONV = conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227))
PARAMS = 96 * (3 * 11 * 11 + 1)
DENSE = linear(in_features=9216, out_features=10)
POOL = max_pool2d(2, input_size=(3, 8, 8))


def lab():
    """A fresh sheet, which remembers nothing."""
    return sheet({"conv1": CONV})


def told(one, key, answer, **settings):
    """The sentences that a wrong answer is told."""
    with pytest.raises(AssertionError) as caught:
        one.check(key, answer, **settings)
    return str(caught.value).splitlines()


def conv(**settings):
    """A convolution with some other setting."""
    return conv2d(**{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "input_size": (3, 9, 9), **settings})


REFUSED = [
    (lambda: sheet({"a": 3}), "a: give a layer, .+ not int"),
    (lambda: sheet({"a": nn.Linear(3, 4)}), "not Linear; sheet.…. runs a model"),
    (lambda: sheet({"a": nn.Sequential(nn.Linear(3, 4))}), "not Linear"),
    (lambda: sheet({"a": []}), "a: give a layer"),
    (lambda: sheet({"a": CONV, "b": question(CONV, "macs")}), "b: give a layer, .+ not Question"),
    (lambda: sheet({"a": CONV}, ask=3), "no quantity 3"),
    (lambda: sheet({"a": CONV}, ask=([],)), "no quantity"),
    (lambda: sheet("convolution", ask="receptive_field"), "no question about receptive_field here; there are: h_out"),
    (lambda: sheet([question(CONV, "macs")], ask="params"), "no question about params here; there are: macs"),
    (lambda: question(3, "macs"), "not int"),
    (lambda: question(CONV, ["macs"]), "no quantity"),
    (lambda: receptive_field(3), "stack: give a layer"),
    (lambda: receptive_field([3]), "stack: give a layer"),
    (lambda: saving(3, CONV), "saving: give a layer"),
    (lambda: saving(CONV, CONV, of="bogus"), "no quantity 'bogus'"),
    (lambda: saving(CONV, CONV, of="h_out"), "a saving is of .*macs.*; not of h_out"),
    (lambda: saving(CONV, CONV, of="ratio"), "not of ratio"),
    (lambda: saving(CONV, POOL, of="params"), "second design takes no params"),
    (lambda: layer("convolution", spatial=2, N=3), "convolution has the symbols N, H_out, .*; H_out is missing"),
    (lambda: layer("linear", N="3", N_in=2, N_out=3, b=0), "N takes whole numbers from 0, not '3'"),
    (lambda: layer("convolution", spatial=7), "spatial=7 is no number of axes"),
    (lambda: layer(["linear"]), "no kind"),
    (lambda: class_report(3, {}), "not about int"),
    (lambda: class_report(lambda name: 3, {"ada": {"conv1.macs": 3}}), "not about int"),
    (lambda: class_report(lab(), 3), "rows of student, key, answer"),
    (lambda: class_report(lab(), [3]), "rows of student, key, answer"),
    (lambda: class_report(lab(), "there_is_none.csv"), "there_is_none.csv cannot be read: No such file"),
    (lambda: Course().use(carried_share="x"), "from 0 to 1, not 'x'"),
    (lambda: Course().use(carried_share=None), "from 0 to 1, not None"),
    (lambda: conv(out_channels=-4), "out_channels takes whole numbers from 1, not -4"),
    (lambda: conv(out_channels=(4, 4)), "out_channels takes whole numbers"),
    (lambda: conv(kernel_size=3.5), "kernel_size takes whole numbers from 1, not 3.5"),
    (lambda: conv(padding=(1, -1)), "padding takes whole numbers from 0"),
    (lambda: conv(bias=3), "bias is True or False, not 3"),
    (lambda: conv(batch=2), "batch is told by input_size"),
    (lambda: conv(input_size=5), "input_size is a row"),
    (lambda: conv_transpose2d(in_channels=3, out_channels=4, kernel_size=3, stride=0, input_size=(3, 9, 9)), "stride"),
    (lambda: max_pool2d(2, channels=3, input_size=(3, 8, 8)), "channels is told by input_size"),
    *(
        (lambda bad=bad: linear(in_features=bad, out_features=3), "in_features takes")
        for bad in (0, -3, 3.5, "3", True)
    ),
    (lambda: linear(in_features=3, out_features=3, batch=0), "batch takes whole numbers from 1, not 0"),
    (lambda: recurrent("lstm", input_size=0, hidden_size=3, steps=2), "input_size takes whole numbers from 1, not 0"),
    (lambda: attention(queries=-1, keys=2, features=3), "queries takes whole numbers from 1, not -1"),
    (lambda: activation("relu", input_size=3), "input_size is a row"),
    (lambda: batch_norm(input_size=3), "input_size is a row"),
    (lambda: global_avg_pool(input_size=3), "input_size is a row"),
    (lambda: dropout("x", input_size=(3, 4)), "per cent, not 'x'"),
    *((lambda bad=bad: CONV.called(bad), "whole number of times from 1") for bad in (1.5, 0, "2")),
    (lambda: sheet([question(CONV, "macs"), question(DENSE, "macs")]), "two questions have the key layer.macs"),
    (lambda: sheet({3: CONV, "3": DENSE}), "two questions have the key 3.params"),
]


@pytest.mark.parametrize(("make", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_makes_no_sense_is_refused_with_a_sentence(make, sentence):
    """One sentence that says what to write instead; never an error of Python's own."""
    with pytest.raises(CostError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    """A spreadsheet saved as such, say."""
    path = tmp_path / "answers.csv"
    path.write_bytes(b"PK\x03\x04\xff\xfe")
    with pytest.raises(CostError, match="no CSV file in UTF-8"):
        class_report(lab(), path)


def test_what_makes_sense_is_taken():
    """One quantity's name, none, one layer as a stack, questions by names, a switch as 0 or 1."""
    assert sheet({"conv1": CONV}, ask="macs").keys == ("conv1.macs",)
    assert sheet({"conv1": CONV}, ask=None).keys == lab().keys
    assert receptive_field(CONV).answer == 11
    assert sheet({"a": question(CONV, "macs"), "b": question(DENSE, "params")}).keys == ("a.macs", "b.params")
    assert linear(in_features=3, out_features=4, bias=0).values["b"] == 0


def test_a_topic_is_asked_for_some_of_its_questions():
    """The numbers stay those of the student's variant, and a generated notebook asks for the same ones."""
    some = sheet("convolution", student="ada", ask=("macs", "params"))
    assert some.keys == ("conv1.params", "conv1.macs")
    assert some["conv1.macs"].answer == sheet("convolution", student="ada")["conv1.macs"].answer
    written = sheet("convolution", ask="macs").to_nbgrader()
    assert "student=student(STUDENT), ask=(" in str(written).replace("\\", "")


def test_a_layer_named_total_stays_itself():
    """Then nothing is asked about all layers together."""
    made = sheet({"total": DENSE, "conv1": CONV}, ask="params")
    assert {key: made[key].answer for key in made.keys} == {"total.params": 9217 * 10, "conv1.params": PARAMS}


# Names

COMPOSED = "Ren\N{LATIN SMALL LETTER E WITH ACUTE} D\N{LATIN SMALL LETTER U WITH DIAERESIS}rer"


@pytest.mark.parametrize(
    "typed", [unicodedata.normalize("NFD", COMPOSED), f" {COMPOSED}\n", COMPOSED.replace(" ", "  ")]
)
def test_a_name_is_the_same_however_it_was_typed(typed, monkeypatch):
    """With composed or decomposed accents, with spaces around it or more than one inside."""
    assert typed != COMPOSED
    made, known = (sheet("convolution", student=name) for name in (typed, COMPOSED))
    assert made["conv1.flops"].about == known["conv1.flops"].about
    assert made.student == COMPOSED
    assert student(typed) == COMPOSED.lower()


@pytest.mark.parametrize(
    "typed",
    [
        "Ada Lovelace",
        " ADA\N{NO-BREAK SPACE}LOVELACE ",
        "ａｄａ ｌｏｖｅｌａｃｅ",
        "ada\N{IDEOGRAPHIC SPACE}love\N{SOFT HYPHEN}lace",
    ],
)
def test_a_student_has_one_variant_however_the_id_is_typed(typed):
    """Capitals, wide letters and what cannot be seen make no other student; a sheet on paper has the name as given."""
    made = sheet("convolution", student=typed)
    assert made["conv1.flops"].about == sheet("convolution", student="ada lovelace")["conv1.flops"].about
    assert student(typed) == student_id(typed) == "ada lovelace"
    assert sheet("convolution", student=f" {typed}").student == " ".join(typed.split())


def test_an_id_is_the_same_once_it_is_one():
    """Letters of all alphabets, wide ones and those of formulas: what was folded folds into itself."""
    for code in (*range(0x3100), *range(0xF900, 0x10000), *range(0x1D400, 0x1D800)):
        name = f"a{chr(code)}b"
        assert student_id(student_id(name)) == student_id(name), hex(code)
    for letter in string.ascii_letters + "ÄÖÜÉßЖΣ":
        assert len({student_id(form) for form in (letter, letter.upper(), letter.lower())}) == 1


def test_a_broken_name_crashes_nothing():
    """Half of a character, as a wrongly read file may hold."""
    assert len(sheet("linear", student="a\ud800")) == 5
    assert len(Course().use(salt="\ud800").sheet("linear", student="ada")) == 5


# Students who are stuck


def test_a_hint_goes_no_further_than_the_course_allows():
    """In a scored check the numbers stay hidden; in practice, and where the teacher allows it, they are shown."""
    assert len(told(lab(), "conv1.params", PARAMS - 96, hint=4)) == 3
    assert len(told(Course().use(highest_hint=1).sheet({"conv1": CONV}), "conv1.params", PARAMS - 96, hint=4)) == 1
    assert len(told(Course().use(highest_hint=4).sheet({"conv1": CONV}), "conv1.params", PARAMS - 96, hint=4)) == 4
    assert "34,944" in lab().check("conv1.params", PARAMS - 96, practice=True, hint=4).text


def test_who_repeats_a_wrong_answer_is_told_more():
    """Twice the same, since a cell may run twice; each second time after that one step more, up to the course's."""
    one = lab()
    assert [len(told(one, "conv1.params", PARAMS - 96)) for _ in range(7)] == [1, 1, 2, 2, 3, 3, 3]


HEIGHT = 54 * 55 * 96 * 363  # the MACs with a height of 54


@pytest.mark.parametrize(
    ("key", "answer", "name"),
    [
        ("macs", 2 * HEIGHT, "flops_not_macs"),
        ("flops", HEIGHT, "macs_not_flops"),
        ("flops", f"{HEIGHT:.3e}", "macs_not_flops"),
        ("macs", 54 * 55 * 96 * 3 * 11, "kernel_one_side"),
        ("activation_bytes", 54 * 55 * 96, "elements_for_bytes"),
    ],
)
def test_a_mistake_on_top_of_an_earlier_one_is_named(key, answer, name):
    """It is no share of the points, names both, and shows the formula with the student's own height."""
    one = lab()
    told(one, "conv1.h_out", 54)
    found = one.diagnose(f"conv1.{key}", answer)
    assert (found.id, found.after, found.carried) == (f"carried+{name}", ("conv1.h_out",), ())
    lines = told(one, f"conv1.{key}", answer, points=2, hint=3)
    assert lines[1].startswith("It builds on your answer to conv1.h_out, which is wrong")
    assert f"[carried+{name}]" in lines[2]
    assert "54" in found.feedback(4).splitlines()[-1].partition(";")[0]
    assert one.diagnose(f"conv1.{key}", answer, {"conv1.h_out": 55}).after == ()


@pytest.mark.parametrize(
    ("key", "before", "answer", "name"),
    [
        ("flops", {"macs": 1001}, 1001, "macs_not_flops"),
        ("flops", {"macs": 1001}, 3 * 2 * 1001, "training_for_inference"),
        ("flops", {"macs": 1001}, "6.01e3", "training_for_inference"),
        ("weight_bytes", {"params": 999}, 999, "elements_for_bytes"),
        ("weight_bytes", {"params": 999}, 8 * 4 * 999, "bits_for_bytes"),
    ],
)
def test_a_mistake_on_top_of_a_wrong_amount_is_named(key, before, answer, name):
    """As on top of a wrong size: no share of the points, both named, the student's own amount in the formula."""
    one = lab()
    ((quantity, value),) = before.items()
    told(one, f"conv1.{quantity}", value)
    found = one.diagnose(f"conv1.{key}", answer)
    assert (found.id, found.after, found.carried) == (f"carried+{name}", (f"conv1.{quantity}",), ())
    lines = told(one, f"conv1.{key}", answer, points=2, hint=3)
    assert lines[1].startswith(f"It builds on your answer to conv1.{quantity}, which is wrong")
    assert quantity in lines[3].partition(";")[0]
    assert str(value) in found.feedback(4).splitlines()[-1].partition(";")[0]
    right = one[f"conv1.{quantity}"].answer
    assert one.diagnose(f"conv1.{key}", answer, {f"conv1.{quantity}": right}).id == "unknown"


def test_what_fewer_mistakes_explain_is_told_so():
    """Two mistakes in the answer itself come before one on top of an earlier amount; so does what merely follows."""
    twice = 55 * 55 * 96 * 11 * 11  # MACs for FLOPs, and the input channels forgotten
    found = lab().diagnose("conv1.flops", twice, {"conv1.macs": twice})
    assert (found.id, found.after) == ("macs_not_flops+forgot_input_channels", ())
    assert lab().diagnose("conv1.flops", 2 * 1001, {"conv1.macs": 1001}).id == "carried"


def test_a_class_report_names_both():
    """What was carried and what was done wrong on top of it."""
    made = class_report(lab(), {"ada": {"conv1.h_out": 54, "conv1.macs": 2 * HEIGHT}}).made
    titles = {entry.id: entry.title for entry in made}
    assert titles["carried+flops_not_macs"].startswith("follows from an earlier answer + FLOPs counted")


# Formulas of several layers


def test_layers_without_names_are_called_by_what_they_are():
    """The question's own name is no layer's; of two of a kind each has its number."""
    both = question([CONV, DENSE], "params", name="mnist").shown()
    assert both == "convolution: (K_h·K_w·C_in + 1)·C_out; linear: (N_in + 1)·N_out"
    stack = saving(DENSE, [linear(in_features=9, out_features=4), linear(in_features=4, out_features=3)]).shown()
    assert "linear 1: " in stack
    assert "linear 2: " in stack
    total = sheet({"a": [CONV, DENSE], "b": DENSE})["total.params"].shown()
    assert [part.partition(": ")[0] for part in total.split("; ")] == ["a, convolution", "a, linear", "b"]
