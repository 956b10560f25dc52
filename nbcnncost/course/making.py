"""Sheets, and what a notebook says once: ``use``, ``sheet``, ``check``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbcnncost.conventions import Convention, Peer
from nbcnncost.conventions import convention as named_convention
from nbcnncost.course import building, messages, subjects
from nbcnncost.course.drawing import plain_name, student_id, variant
from nbcnncost.course.layers import Layer
from nbcnncost.course.messages import say
from nbcnncost.course.models import layers_of
from nbcnncost.course.quantities import USUAL
from nbcnncost.course.questions import Question
from nbcnncost.course.settings import Settings
from nbcnncost.course.sheet import Sheet
from nbcnncost.course.subjects import several
from nbcnncost.course.topics import topic
from nbcnncost.errors import CostError, InputError
from nbcnncost.languages import errors_in, translate
from nbcnncost.report import Report
from nbcnncost.shown import chosen_lang

#: Where a notebook (or module) keeps its course: a name of its own namespace, so that no other one sees it.
_PLACE = "__nbcnncost_course__"


@dataclass(frozen=True)
class Course:
    """A course's settings, and the sheets and questions that follow them.

    >>> from nbcnncost.conventions import textbook
    >>> from nbcnncost.course import conv2d
    >>> course = Course().use(textbook.with_rules({"bias_additions": 1}, name="ours"))
    >>> course.question(conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(3, 5, 5)), "flops").answer
    3960
    """

    settings: Settings = field(default_factory=Settings)

    def use(self, convention: str | Convention | None = None, **settings: Any) -> Course:
        """A new course with another convention, salt, ``highest_hint``, ``carried_share`` or ``lang``."""
        with errors_in(self.settings.lang, CostError):
            return self._with(convention, settings)

    def _with(self, convention: str | Convention | None, settings: dict[str, Any]) -> Course:
        if convention is not None:
            settings["convention"] = _single(named_convention(convention))
        settings["lang"] = chosen_lang(settings.get("lang"), self.settings.lang)
        try:
            return Course(replace(self.settings, **settings))
        except TypeError as error:
            raise CostError(say(messages.NO_SETTING, error=error)) from None

    def sheet(
        self, about: Any, input_size: Any = None, *, student: str = "", ask: str | Sequence[str] = (), name: str = ""
    ) -> Sheet:
        """A sheet of questions; see :func:`sheet`."""
        with errors_in(self.settings.lang, CostError):
            student, ask = plain_name(student), subjects.asked(ask)
            if isinstance(about, str):
                made = topic(about)
                names = (self.settings.salt, student_id(student))
                questions = variant(about, names, lambda draw: made.make(draw, self.settings.convention), made.alike)
                return Sheet(subjects.only(questions, ask), self.settings, name=name or about, student=student)
            return Sheet(self._questions(about, input_size, ask), self.settings, name=name, student=student)

    def question(self, about: Layer | Sequence[Layer], quantity: str, *, name: str = "layer") -> Question:
        """One question about a layer, or about several together."""
        with errors_in(self.settings.lang, CostError):
            layers = several(name, about)
            found = building.question(name, layers, subjects.known(quantity), self.settings.convention)
        if found is None:
            raise self._error(CostError, say(messages.NO_QUESTION, name=name, quantity=quantity))
        return found.said_in(self.settings.lang)

    def receptive_field(self, stack: Layer | Sequence[Layer], *, name: str = "stack") -> Question:
        """How far one output position of a stack of layers sees, along the first axis."""
        found = building.receptive_field(name, several(name, stack), self.settings.convention)
        if found is None:
            raise self._error(CostError, say(messages.NO_QUESTION, name=name, quantity="receptive_field"))
        return found.said_in(self.settings.lang)

    def _error(self, kind: type[CostError], sentence: str) -> CostError:
        error = kind(translate(sentence, self.settings.lang))
        error.lang = self.settings.lang
        return error

    def saving(
        self,
        first: Layer | Sequence[Layer],
        second: Layer | Sequence[Layer],
        *,
        of: str = "macs",
        name: str = "saving",
    ) -> Question:
        """How many times as much the first design takes as the second, of MACs, parameters or any quantity."""
        with errors_in(self.settings.lang, CostError):
            designs = several(name, first), several(name, second)
            found = building.ratio(name, *designs, subjects.amount(of), self.settings.convention)
        return found.said_in(self.settings.lang)

    def _questions(self, about: Any, input_size: Any, ask: Sequence[str]) -> list[Question]:
        if isinstance(about, Question):
            about = [about]
        if isinstance(about, Iterable) and not isinstance(about, Mapping) and not hasattr(about, "named_modules"):
            made = list(about)
            if made and all(isinstance(entry, Question) for entry in made):
                return subjects.only(made, ask)
            if made and all(isinstance(entry, Layer) for entry in made):
                about = {f"layer{at}": entry for at, entry in enumerate(made, 1)}
        if isinstance(about, Layer):
            about = {"layer": about}
        if not isinstance(about, Mapping):
            about = self._run(about, input_size)
        if about and (questions := subjects.renamed(about)):
            return subjects.only(questions, ask)
        asked = tuple(ask) or USUAL
        convention = self.settings.convention
        named = {name: several(name, layers) for name, layers in about.items()}
        found: list[Question] = []
        for name, layers in named.items():
            found += building.layer_questions(name, layers, convention, asked)
        if len(named) > 1 and "total" not in named:
            found += building.total_questions(named, convention, asked)
        return found

    def _run(self, about: Any, input_size: Any) -> dict[str, tuple[Layer, ...]]:
        """The layers of a model that is run here, or of a report."""
        if isinstance(about, Report):
            return layers_of(about)
        if not hasattr(about, "named_modules"):
            raise InputError(say(messages.NO_SUBJECT, type=type(about).__name__))
        from nbcnncost.api import cost

        layers = layers_of(cost(about, input_size, convention=self.settings.convention))
        return {name or "layer": entry for name, entry in layers.items()}


def _single(convention: Convention) -> Convention:
    """A convention that counts one layer by itself; a tool's needs the whole model, whose modules it hears."""
    if isinstance(convention, Peer):
        raise CostError(say(messages.NO_PEER, name=convention.name))
    return convention


def use(convention: str | Convention | None = None, **settings: Any) -> Course:
    """Set a course's convention (and salt, hints, shares) once, for the notebook or module that calls this.

    What :func:`sheet` and the other functions make there afterwards follows it; a sheet keeps its settings wherever
    it goes. The course is kept in the caller's own namespace and also given back: :class:`Course` has the same
    functions as methods, for those who would rather name it.
    """
    space = _caller()
    course = _course_of(space).use(convention, **settings)
    space[_PLACE] = course
    return course


def sheet(
    about: Any, input_size: Any = None, *, student: str = "", ask: str | Sequence[str] = (), name: str = ""
) -> Sheet:
    """A sheet of questions about a topic, layers, a model or a report.

    ``about`` is a topic's name (:data:`TOPICS`), whose layers are then drawn for the ``student``: the same ones on
    any machine; a dict of layers by their names, ``{"conv1": conv2d(…)}``; a list of questions; a model with its
    ``input_size``, or a report. ``ask`` names the quantities (:data:`QUANTITIES`) where others than the usual ones
    are to be asked, or fewer than a topic has.

    >>> from nbcnncost.course import conv2d, sheet
    >>> lab = sheet({"conv1": conv2d(in_channels=3, out_channels=8, kernel_size=3, input_size=(3, 32, 32))})
    >>> lab.check("conv1.params", 8*(3*3*3 + 1))
    conv1.params: right, 224.
    >>> lab.check("conv1.flops", 30*30*8*3*3*3, hint=2)
    Traceback (most recent call last):
    AssertionError: conv1.flops: 194,400 is wrong; it is too small.
    By the convention macs it would be right; here it is textbook.
    Probably: multiply-accumulates counted, not FLOPs [macs_not_flops]. One multiply-accumulate is a multiplication
    and an addition: 2 FLOPs.
    """
    return _course_of(_caller()).sheet(about, input_size, student=student, ask=ask, name=name)


def question(about: Layer | Sequence[Layer], quantity: str, *, name: str = "layer") -> Question:
    """One question about a layer, or about several together, by the course in use here.

    >>> from nbcnncost.course import linear
    >>> question(linear(in_features=400, out_features=120), "params").answer
    48120
    """
    return _course_of(_caller()).question(about, quantity, name=name)


def receptive_field(stack: Layer | Sequence[Layer], *, name: str = "stack") -> Question:
    """How far one output position of a stack of layers sees, along the first axis."""
    return _course_of(_caller()).receptive_field(stack, name=name)


def saving(
    first: Layer | Sequence[Layer], second: Layer | Sequence[Layer], *, of: str = "macs", name: str = "saving"
) -> Question:
    """How many times as much the first design takes as the second, of MACs, parameters or any quantity.

    >>> from nbcnncost.course import global_avg_pool, linear
    >>> flat = linear(in_features=512*7*7, out_features=1000, bias=False)
    >>> saving(flat, linear(in_features=512, out_features=1000, bias=False), of="params").answer
    49
    """
    return _course_of(_caller()).saving(first, second, of=of, name=name)


def check(
    key: str, answer: Any, points: float | None = None, *, practice: bool = False, hint: int | None = None
) -> Any:
    """:meth:`Sheet.check` of the sheet in the calling notebook that has this key; the newest where several have.

    A student can make a sheet, too, so a graded cell names its own: ``lab.check(…)``.
    """
    sheets = [value for value in _caller().values() if isinstance(value, Sheet)]
    if not sheets:
        raise CostError(say(messages.NO_SHEET, key=repr(key)))
    newest = sorted(sheets, key=lambda entry: entry.made_at, reverse=True)
    chosen = next((entry for entry in newest if key in entry), newest[0])
    return chosen.check(key, answer, points, practice=practice, hint=hint)


def _course_of(space: Mapping[str, Any]) -> Course:
    found = space.get(_PLACE)
    return found if isinstance(found, Course) else Course()


def _caller() -> dict[str, Any]:
    """The namespace of whoever called a function of this module: a notebook's cells share theirs."""
    return sys._getframe(2).f_globals
