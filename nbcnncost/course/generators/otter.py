"""An assignment for otter-grader: a notebook for ``otter assign``, and its test files by themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import indent

from nbcnncost.course.generators import notebook, wording
from nbcnncost.course.generators.notebook import Cell, cell_id
from nbcnncost.course.generators.plan import Plan, Points, exactly, plan, solution
from nbcnncost.course.generators.recipe import quoted
from nbcnncost.course.grading import variable
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet

_CONFIG = """\
# ASSIGNMENT CONFIG
name: {name}
init_cell: true
check_all_cell: false
export_cell: false
tests:
    ok_format: false
    files: false"""
#: What stands above a case that students do not see; what is left of the points is the other case's.
_HIDDEN = """\
\""" # BEGIN TEST CONFIG
points: {points}
hidden: true
\""" # END TEST CONFIG
"""
#: A check in otter starts anew each time, so that its feedback cannot climb: it names the mistake at once.
_HINT = 2


def otter(sheet: Sheet, points: Points = 1, *, explain: float = 0, title: str = "", setup: str = "") -> str:
    """The master notebook of an otter assignment about a sheet, as the text of an ``.ipynb`` file.

    ``otter assign lab.ipynb dist`` makes the students' notebook and the autograder of it. Tests are exception-style
    functions of plain Python that make the sheet themselves. A question that builds on earlier ones has two: a hidden
    one gives the course's share of the points to what is right but for an earlier error, the other one the rest. The
    arguments are those of :func:`nbgrader`.

    >>> from nbcnncost.course import linear, sheet
    >>> "# BEGIN TESTS" in otter(sheet({"fc": linear(in_features=400, out_features=120)}))
    True
    """
    return notebook.text_of(_cells(plan(sheet, points, explain, title, setup)))


def otter_tests(sheet: Sheet, points: Points = 1, *, setup: str = "") -> dict[str, str]:
    """The test files of a sheet by their names, for a notebook of the teacher's own.

    A question's answer is looked for in the variable that its key names: ``conv1.params`` in ``conv1_params``.

    >>> from nbcnncost.course import linear, sheet
    >>> lab = sheet({"fc": linear(in_features=400, out_features=120)}, ask=("params",))
    >>> print(otter_tests(lab, points=2)["fc_params.py"])
    from otter.test_files import test_case
    <BLANKLINE>
    OK_FORMAT = False
    <BLANKLINE>
    name = "fc_params"
    points = 2
    <BLANKLINE>
    <BLANKLINE>
    @test_case(points=2, hidden=False)
    def test_fc_params(env):
        from nbcnncost.course import Course, for_grading, linear
    <BLANKLINE>
        course = Course()
        lab = course.sheet(
            {
                "fc": linear(in_features=400, out_features=120),
            },
            ask=("params",),
        )
        lab = for_grading(lab, env)
        lab.check("fc.params", env.get("fc_params"), hint=2)
    <BLANKLINE>
    """
    found = plan(sheet, points, 0, "", setup)
    return {f"{variable(question.key)}.py": _file(found, question) for question in sheet}


def _file(found: Plan, question: Question) -> str:
    name, points = variable(question.key), exactly(found.points[question.key])
    head = f'from otter.test_files import test_case\n\nOK_FORMAT = False\n\nname = "{name}"\npoints = {points}\n\n\n'
    share = _share(found, question)
    if not share:
        return f"{head}@test_case(points={points}, hidden=False)\n{_test(found, question)}\n"
    right = f"@test_case(hidden=False)\n{_test(found, question)}\n"
    return f"{head}{right}\n\n@test_case(points={share!r}, hidden=True)\n{_carried_test(found, question)}\n"


def _share(found: Plan, question: Question) -> float:
    """The points of an answer that is right but for an earlier error; 0 where none goes on into the question."""
    goes_on = any(feed.key in found.sheet for feed in question.feeds)
    return float(found.points[question.key] * found.sheet.settings.carried_share) if goes_on else 0.0


def _test(found: Plan, question: Question) -> str:
    """A case that passes with the right answer."""
    return _case(found, question, variable(question.key), "")


def _carried_test(found: Plan, question: Question) -> str:
    """A case that passes with what gets a share of any points, too."""
    return _case(found, question, f"{variable(question.key)}_carried", "points=1, ")


def _case(found: Plan, question: Question, name: str, scored: str) -> str:
    drawn = ['STUDENT = env.get("STUDENT")'] if found.recipe.is_drawn else []
    answer = f'env.get("{variable(question.key)}")'
    hint = min(_HINT, found.sheet.settings.highest_hint)
    checked = f"lab.check({quoted(question.key)}, {answer}, {scored}hint={hint})"
    body = "\n".join([*drawn, found.graded_lab("env"), checked])
    return f"def test_{name}(env):\n{indent(body, '    ')}"


def _cells(found: Plan) -> Iterator[Cell]:
    config = _CONFIG.format(name=json.dumps(found.title, ensure_ascii=False))
    yield notebook.raw("config", config)
    yield notebook.markdown("intro", found.intro)
    if found.recipe.is_drawn:
        yield from _student_cells(found)
    yield notebook.code("sheet", found.recipe.code())
    for name, questions in found.groups.items():
        yield notebook.markdown(cell_id(name, "layer"), found.heading(name))
        if found.recipe.is_drawn:
            yield notebook.code(cell_id(name, "given"), f"print(lab[{quoted(questions[0].key)}].about)")
        for question in questions:
            yield from _question_cells(found, question)
        if found.explain:
            yield from _explanation(found, name)
    text = f"{found.said(wording.HANDED_IN)}\nfrom nbcnncost.course import handed_in\n\nhanded_in(lab, globals())"
    yield notebook.code("handed-in", text)


def _student_cells(found: Plan) -> Iterator[Cell]:
    """A question without points, so that the solutions are somebody's and the students' cell is empty."""
    yield notebook.raw("student-begin", "# BEGIN QUESTION\nname: student\npoints: 0")
    yield notebook.markdown("student-question", found.said(wording.STUDENT_QUESTION))
    yield notebook.raw("student-begin-solution", "# BEGIN SOLUTION")
    yield notebook.code("student", 'STUDENT = "teacher" # SOLUTION')
    yield notebook.raw("student-end-solution", "# END SOLUTION")
    yield notebook.raw("student-end", "# END QUESTION")


def _question_cells(found: Plan, question: Question) -> Iterator[Cell]:
    key, name = question.key, variable(question.key)
    points = exactly(found.points[key])
    yield notebook.raw(cell_id(key, "begin"), f"# BEGIN QUESTION\nname: {name}\npoints: {points}")
    yield notebook.markdown(cell_id(key, "question"), found.prompt(question))
    yield notebook.raw(cell_id(key, "begin-solution"), "# BEGIN SOLUTION")
    yield notebook.code(cell_id(key, "answer"), f"{solution(question)} # SOLUTION")
    yield notebook.raw(cell_id(key, "end-solution"), "# END SOLUTION")
    yield notebook.raw(cell_id(key, "begin-tests"), "# BEGIN TESTS")
    yield notebook.code(cell_id(key, "test"), _test(found, question))
    if share := _share(found, question):
        hidden = f"{_HIDDEN.format(points=share)}{_carried_test(found, question)}"
        yield notebook.code(cell_id(key, "carried-test"), hidden)
    yield notebook.raw(cell_id(key, "end-tests"), "# END TESTS")
    yield notebook.raw(cell_id(key, "end"), "# END QUESTION")


def _explanation(found: Plan, name: str) -> Iterator[Cell]:
    own = cell_id(name, "why")
    config = f"# BEGIN QUESTION\nname: {variable(f'{name}.why')}\nmanual: true\npoints: {exactly(found.explain)}"
    yield notebook.raw(f"{own}-begin", config)
    yield notebook.markdown(own, found.explanation(name))
    yield notebook.raw(f"{own}-begin-solution", "# BEGIN SOLUTION")
    yield notebook.markdown(f"{own}-solution", found.model_answer(name))
    yield notebook.raw(f"{own}-end-solution", "# END SOLUTION")
    yield notebook.raw(f"{own}-end", "# END QUESTION")
