"""A sheet as questions for Moodle's question bank, in Moodle XML."""

from __future__ import annotations

from html import escape
from xml.etree import ElementTree as ET

from nbcnncost.course.generators import wording
from nbcnncost.course.generators.answers import as_text, foreseen, prompt
from nbcnncost.course.generators.recipe import variant_only
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet


def moodle(*sheets: Sheet) -> str:
    """Numerical questions in Moodle XML, with feedback for each known wrong number.

    Several sheets, one of each student or seed, become a category each: a quiz that draws its questions from them
    gives students different layers. A topic's sheet needs a student.

    >>> from nbcnncost.course import linear, sheet
    >>> text = moodle(sheet({"fc": linear(in_features=400, out_features=120)}, ask=("params",)))
    >>> [answer.get("fraction") for answer in ET.fromstring(text).iter("answer")]
    ['100', '0', '0', '0', '0']
    """
    root = ET.Element("quiz")
    for sheet in sheets:
        variant_only(sheet)
        category = ET.SubElement(root, "question", type="category")
        names = [entry for entry in (sheet.name, sheet.student) if entry]
        _text(ET.SubElement(category, "category"), "/".join(["$course$", "top", "nbcnncost", *map(_plain, names)]))
        for question in sheet:
            root.append(_question(sheet, question))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _question(sheet: Sheet, question: Question) -> ET.Element:
    made = ET.Element("question", type="numerical")
    _text(ET.SubElement(made, "name"), question.key)
    _html(ET.SubElement(made, "questiontext", format="html"), [question.about, prompt(question)])
    _html(ET.SubElement(made, "generalfeedback", format="html"), [question.shown()])
    for tag, value in {"defaultgrade": "1", "penalty": "0.1", "hidden": "0", "unitgradingtype": "0"}.items():
        ET.SubElement(made, tag).text = value
    for entry in foreseen(sheet, question):
        _answer(made, entry.text, as_text(entry.tolerance), entry.feedback, is_right=entry.is_right)
    _answer(made, "*", "0", (wording.said(sheet, wording.QUIZ_NO_MISTAKE),), is_right=False)
    return made


def _answer(made: ET.Element, value: str, tolerance: str, feedback: tuple[str, ...], *, is_right: bool) -> None:
    answer = ET.SubElement(made, "answer", fraction="100" if is_right else "0", format="moodle_auto_format")
    ET.SubElement(answer, "text").text = value
    _html(ET.SubElement(answer, "feedback", format="html"), feedback)
    ET.SubElement(answer, "tolerance").text = tolerance


def _text(parent: ET.Element, text: str) -> None:
    ET.SubElement(parent, "text").text = text


def _html(parent: ET.Element, lines: tuple[str, ...] | list[str]) -> None:
    """HTML inside XML: escaped once for each."""
    _text(parent, "".join(f"<p>{escape(line, quote=False)}</p>" for line in lines if line))


def _plain(name: str) -> str:
    """A name in a category's path, in which a single slash would begin another level."""
    return name.replace("/", "//")
