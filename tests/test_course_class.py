"""What a class answered: which mistakes, by how many, as a table and as a chart."""

from __future__ import annotations

import re

import pytest

from nbcnncost import CostError
from nbcnncost.course import MISTAKES, Course, class_report, conv2d, sheet

CONV = conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227))
PARAMS = 96 * (3 * 11 * 11 + 1)
MACS = 55 * 55 * 96 * 3 * 11 * 11

#: Of five students: three forgot the bias, one took FLOPs for MACs, one followed a wrong height, one wrote no number.
ANSWERS = {
    "ada": {"conv1.h_out": 55, "conv1.params": PARAMS, "conv1.macs": MACS},
    "bo": {"conv1.h_out": 55, "conv1.params": PARAMS - 96, "conv1.macs": 2 * MACS},
    "cy": {"conv1.h_out": 60, "conv1.params": PARAMS - 96, "conv1.macs": MACS // 55 * 60},
    "di": {"conv1.h_out": "?", "conv1.params": f"{PARAMS - 96:,}", "conv1.macs": 12345},
    "ed": {"conv1.h_out": "55", "conv1.params": "3.49e4"},
}
MADE = {
    ("conv1.params", "forgot_bias"): ("bo", "cy", "di"),
    ("conv1.macs", "flops_not_macs"): ("bo",),
    ("conv1.h_out", "unknown"): ("cy",),
    ("conv1.macs", "carried"): ("cy",),
    ("conv1.h_out", "no_number"): ("di",),
    ("conv1.macs", "unknown"): ("di",),
}


def report():
    """The report of the five."""
    return class_report(sheet({"conv1": CONV}), ANSWERS)


def test_each_mistake_is_counted_once_for_each_student():
    """Sums, and who made what, the most frequent first."""
    found = report()
    assert {(entry.key, entry.id): entry.students for entry in found.made} == MADE
    assert (found.made[0].key, found.made[0].id) == ("conv1.params", "forgot_bias")
    assert (found.right, found.wrong, found.no_number) == (6, 7, 1)
    assert found.title == "5 students, 14 answers: 6 right, 7 wrong, 1 no number"
    assert list(found.by_mistake().items())[:2] == [("forgot_bias", 3), ("unknown", 2)]


def test_the_table_says_the_same_as_text_html_and_markdown():
    """Every question, mistake and number stands in each; a name is escaped."""
    found = report()
    html = found._repr_html_()
    for entry in found.made:
        for text in (repr(found), html, found.to_markdown()):
            assert entry.key in text
            assert f"[{entry.id}]" in text
    assert "42.9 %" in repr(found)  # 3 of 7
    assert html.count("<tr>") == 1 + len(MADE)
    assert not re.search(r"<script| id=", html)
    assert found.to_markdown().splitlines()[3] == "| --- | --- | ---: | ---: |"
    assert ">bo<" not in html  # names of students are in the CSV alone
    assert " bo" not in repr(found)
    assert found.to_csv().splitlines()[:2] == ["key,mistake,student", "conv1.params,forgot_bias,bo"]


def test_answers_come_from_rows_and_files(tmp_path):
    """Rows of student, key, answer, and a CSV file of them with or without a heading, give the same report."""
    rows = [(student, key, answer) for student, given in ANSWERS.items() for key, answer in given.items()]
    lab = sheet({"conv1": CONV})
    assert class_report(lab, rows).made == report().made
    lines = "".join(f'{student},{key},"{answer}"\n' for student, key, answer in rows)
    for name, text in (("with.csv", f"student,key,answer\n{lines}"), ("without.csv", lines)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert class_report(lab, tmp_path / name).made == report().made


def test_each_student_may_have_a_sheet_of_their_own():
    """The same mistake in different variants is one mistake."""
    answers = {}
    for student in ("ada", "bo", "cy"):
        asked = sheet("linear", student=student)["fc1.params"]
        forgot = next(wrong for wrong in asked.wrong if wrong.id == "forgot_bias")
        answers[student] = {"fc1.params": int(forgot.value)}
    assert len({answer["fc1.params"] for answer in answers.values()}) == 3
    found = class_report(lambda student: sheet("linear", student=student), answers)
    assert [(entry.id, entry.students) for entry in found.made] == [("forgot_bias", ("ada", "bo", "cy"))]


def test_the_chart_tells_its_numbers():
    """One bar for each mistake, the same bytes each time, with a text for those who do not see it."""
    chart = report().plot()
    assert "forgot_bias 3" in repr(chart)
    assert chart._repr_png_() == report().plot()._repr_png_()
    labels = [text.get_text() for text in chart.figure.axes[0].get_yticklabels()]
    assert labels[:2] == ["forgot_bias", "unknown"]


def test_a_report_of_nothing_is_empty():
    """Nobody answered, or all were right."""
    assert repr(class_report(sheet({"conv1": CONV}), {})) == "0 students, 0 answers: 0 right, 0 wrong, 0 no number"
    assert class_report(sheet({"conv1": CONV}), {"ada": ANSWERS["ada"]}).made == ()


@pytest.mark.parametrize("answers", [{"ada": 3}, [("ada", "conv1.macs")], ["ada"]])
def test_answers_in_another_form_are_refused(answers):
    """With the forms that there are."""
    with pytest.raises(CostError, match="rows of student, key, answer"):
        class_report(sheet({"conv1": CONV}), answers)


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "the answers of bo have a wrong key: there is no question 'conv1.parms'; did you mean conv1.params?"),
        ("zh", "bo 的答案中有一个键不对：没有 'conv1.parms' 这道题；是不是想写 conv1.params？"),
    ],
)
def test_a_key_of_no_question_is_told_with_its_student(lang, sentence):
    """Of hundreds of answers the teacher sees which line is to be mended."""
    lab = Course().use(lang=lang).sheet({"conv1": CONV})
    rows = [("ada", "conv1.params", 1), ("bo", "conv1.params", 1), ("bo", "conv1.parms", 1)]
    with pytest.raises(CostError) as error:
        class_report(lab, rows)
    assert str(error.value) == sentence


def test_every_mistake_has_a_title_and_a_reason():
    """A title is a phrase, a reason a sentence; ids are stable words."""
    for name, mistake in MISTAKES.items():
        assert mistake.id == name
        assert re.fullmatch(r"[a-z0-9_]+", name)
        assert mistake.title
        assert mistake.why.endswith((".", ").", "1."))
    with pytest.raises(TypeError):
        MISTAKES["another"] = mistake
