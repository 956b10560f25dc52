"""What all generated notebooks share: points, names of variables, and the texts of questions and explanations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nbcnncost.course.generators import wording
from nbcnncost.course.generators.counting import counting
from nbcnncost.course.generators.recipe import Recipe, quoted, recipe
from nbcnncost.course.generators.wording import said
from nbcnncost.course.grading import variable
from nbcnncost.course.messages import say
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet
from nbcnncost.errors import CostError
from nbcnncost.units import exact

#: The points of each question: the same for all, or by their keys (a key that is not there has 1).
Points = float | Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """An assignment about a sheet, whatever grades it; ``explain`` are the points for a text about each layer."""

    sheet: Sheet
    title: str
    points: Mapping[str, float]
    explain: float
    recipe: Recipe

    @property
    def intro(self) -> str:
        """What stands above all questions."""
        total = sum(self.points.values()) + self.explain * len(self.groups)
        questions = say(wording.ONE_QUESTION if len(self.sheet) == 1 else wording.QUESTIONS, questions=len(self.sheet))
        told = self.said(wording.INTRO, questions=questions, points=points_text(total))
        variants = self.said(wording.INTRO_VARIANTS) if self.recipe.is_drawn else ""
        return "\n\n".join(filter(None, [f"# {self.title}", told, counting(self.sheet), variants]))

    @property
    def groups(self) -> Mapping[str, tuple[Question, ...]]:
        """The questions by the layers that they are about."""
        names = dict.fromkeys(question.name for question in self.sheet)
        return {name: tuple(entry for entry in self.sheet if entry.name == name) for name in names}

    def heading(self, name: str) -> str:
        """What stands above a layer's questions; a variant's numbers are shown by a cell of code."""
        about = self.groups[name][0].about
        return f"## {name}" if self.recipe.is_drawn or not about else f"## {name}\n\n{about}"

    def prompt(self, question: Question) -> str:
        """A question's text, with its points."""
        points = self.said(points_text(self.points[question.key]))
        return self.said(wording.QUESTION, key=question.key, points=points, prompt=question.prompt)

    def explanation(self, name: str) -> str:
        """What a student is asked to write about a layer."""
        return self.said(wording.EXPLAIN, name=name, points=points_text(self.explain))

    def said(self, template: str, **values: object) -> str:
        """A sentence in the sheet's language."""
        return said(self.sheet, template, **values)

    def model_answer(self, name: str) -> str:
        """The formulas of a layer's questions, for whoever grades the explanation."""
        return "\n".join(f"- {question.key} = {question.shown()}" for question in self.groups[name])

    def graded_lab(self, answers: str) -> str:
        """Code that makes the sheet again with what ``answers``, a notebook's variables, hold."""
        return f"{self.recipe.code('for_grading')}\nlab = for_grading(lab, {answers})"


def plan(sheet: Sheet, points: Points, explain: float, title: str, setup: str) -> Plan:
    """A plan, after whatever cannot be graded was refused."""
    given = dict(points) if isinstance(points, Mapping) else dict.fromkeys(sheet.keys, points)
    for key in given:
        if key not in sheet:
            raise CostError(say(wording.NO_POINTS_FOR, key=repr(key), keys=", ".join(sheet.keys)))
    owners: dict[str, str] = {}
    for key in sheet.keys:
        other = owners.setdefault(variable(key), key)
        if other != key:
            raise CostError(say(wording.SAME_NAMES, first=other, second=key, name=variable(key)))
    return Plan(
        sheet,
        title or said(sheet, wording.TITLE),
        {key: given.get(key, 1) for key in sheet.keys},
        explain,
        recipe(sheet, setup),
    )


def solution(question: Question) -> str:
    """The right answer as a line of code: it is computed where it runs."""
    return f"{variable(question.key)} = lab[{quoted(question.key)}].answer  # {question.shown()}"


def points_text(points: float) -> str:
    """Points in words."""
    return say(wording.POINT if points == 1 else wording.POINTS, points=number(points))


def number(points: float) -> str:
    """Points as they are read: ``2``, ``0.5``."""
    return exact(int(points)) if points == int(points) else f"{points:g}"


def exactly(points: float) -> str:
    """Points as code has them, in which parts of them add up to no more.

    >>> exactly(1000.0), exactly(7 / 3)
    ('1000', '2.3333333333333335')
    """
    return str(int(points)) if points == int(points) else repr(float(points))
