"""An assignment's source notebook for nbgrader: answers, checks that give points, explanations to grade by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbcnncost.course.generators import notebook, wording
from nbcnncost.course.generators.notebook import Cell, cell_id
from nbcnncost.course.generators.plan import Plan, Points, exactly, plan, solution
from nbcnncost.course.generators.recipe import quoted
from nbcnncost.course.grading import variable
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet

_SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
_HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"


def nbgrader(sheet: Sheet, points: Points = 1, *, explain: float = 0, title: str = "", setup: str = "") -> str:
    """The source notebook of an nbgrader assignment about a sheet, as the text of an ``.ipynb`` file.

    Each question has a cell for the answer (the teacher's is in a solution region, computed by the sheet) and a
    locked cell that checks it and gives its points; a hidden test makes the sheet again before that, so that a
    changed one does not matter. ``points`` are each question's, or a dict of them by key. With ``explain`` points a
    text about each layer is asked for, to be graded by hand. The last cell writes down the answers for
    :func:`~nbcnncost.course.collected`.

    A topic's sheet without a student (``sheet("convolution")``) becomes one assignment for all, in which each
    student's id draws that student's layers. A sheet about a model needs ``setup``, the code that makes it as
    ``lab``. Raises :class:`~nbcnncost.errors.CostError` where a sheet cannot be written as code.

    >>> import json
    >>> from nbcnncost.course import linear, sheet
    >>> made = json.loads(nbgrader(sheet({"fc": linear(in_features=400, out_features=120)}), points=2))
    >>> print("".join(made["cells"][4]["source"]))
    fc_params = None
    ### BEGIN SOLUTION
    fc_params = lab["fc.params"].answer  # (N_in + 1)·N_out
    ### END SOLUTION
    """
    return notebook.text_of(_cells(plan(sheet, points, explain, title, setup)))


def _cells(found: Plan) -> Iterator[Cell]:
    yield notebook.markdown("intro", found.intro, **_locked("intro"))
    if found.recipe.is_drawn:
        yield notebook.code("student", found.said(wording.STUDENT_CELL))
    yield notebook.code("sheet", found.recipe.code(), **_locked("sheet"))
    for name, questions in found.groups.items():
        own = cell_id(name, "layer")
        yield notebook.markdown(own, found.heading(name), **_locked(own))
        if found.recipe.is_drawn:
            shown = cell_id(name, "given")
            yield notebook.code(shown, f"print(lab[{quoted(questions[0].key)}].about)", **_locked(shown))
        for question in questions:
            yield from _question_cells(found, question)
        if found.explain:
            yield from _explanation(found, name)
    text = f"{found.said(wording.HANDED_IN)}\nfrom nbcnncost.course import handed_in\n\nhanded_in(lab, globals())"
    yield notebook.code("handed-in", text, **_locked("handed-in"))


def _question_cells(found: Plan, question: Question) -> Iterator[Cell]:
    asked, answer, test = (cell_id(question.key, what) for what in ("question", "answer", "test"))
    name, points = variable(question.key), found.points[question.key]
    yield notebook.markdown(asked, found.prompt(question), **_locked(asked))
    empty = f"{name} = None\n{_SOLUTION.format(solution(question))}"
    yield notebook.code(answer, empty, **_metadata(answer, solution=True))
    hidden = _HIDDEN.format(f"{found.said(wording.GRADED)}\n{found.graded_lab('globals()')}")
    checked = f"lab.check({quoted(question.key)}, {name}, points={exactly(points)})"
    yield notebook.code(test, f"{hidden}\n{checked}", **_metadata(test, grade=True, locked=True, points=points))


def _explanation(found: Plan, name: str) -> Iterator[Cell]:
    asked, answer = cell_id(name, "why"), cell_id(name, "explanation")
    yield notebook.markdown(asked, found.explanation(name), **_locked(asked))
    text = _SOLUTION.format(found.model_answer(name))
    yield notebook.markdown(answer, text, **_metadata(answer, grade=True, solution=True, points=found.explain))


def _locked(name: str) -> dict[str, Any]:
    return _metadata(name, locked=True)


def _metadata(
    name: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    """What nbgrader knows of a cell, in its schema 3."""
    flags = {"grade": grade, "solution": solution, "locked": locked, "task": False}
    worth = {} if points is None else {"points": points}
    return {"nbgrader": {"schema_version": 3, "grade_id": name, **flags, **worth}}
