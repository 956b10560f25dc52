"""A sheet as questions of JupyterQuiz, which a notebook shows without a kernel."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from nbcnncost.course.generators import wording
from nbcnncost.course.generators.answers import Foreseen, foreseen, prompt
from nbcnncost.course.generators.recipe import variant_only
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet


def quiz(sheet: Sheet) -> str:
    """Numeric questions for ``jupyterquiz.display_quiz`` as JSON, with feedback for each known wrong number.

    The answers stand in it, for whoever looks: it is for practice. A topic's sheet needs a student.

    >>> import json
    >>> from nbcnncost.course import linear, sheet
    >>> made = json.loads(quiz(sheet({"fc": linear(in_features=400, out_features=120)}, ask=("params",))))
    >>> [(answer.get("value"), answer.get("correct")) for answer in made[0]["answers"]]
    [(48120, True), (192480, False), (48000, False), (48400, False), (None, None)]
    """
    variant_only(sheet)
    questions = [_question(sheet, question) for question in sheet]
    return json.dumps(questions, indent=1, ensure_ascii=False) + "\n"


def _question(sheet: Sheet, question: Question) -> dict[str, Any]:
    lines = [question.key, question.about, prompt(question)]
    answers = [_answer(entry) for entry in foreseen(sheet, question)]
    default = {"type": "default", "feedback": escape(wording.said(sheet, wording.QUIZ_NO_MISTAKE), quote=False)}
    return {"question": _html(lines), "type": "numeric", "answers": [*answers, default]}


def _answer(entry: Foreseen) -> dict[str, Any]:
    told = {"correct": entry.is_right, "feedback": _html(entry.feedback)}
    if entry.tolerance:
        near = [float(entry.value - entry.tolerance), float(entry.value + entry.tolerance)]
        return {"type": "range", "range": near, **told}
    return {"type": "value", "value": entry.value.numerator, **told}


def _html(lines: tuple[str, ...] | list[str]) -> str:
    return "<br>".join(escape(line, quote=False) for line in lines if line)
