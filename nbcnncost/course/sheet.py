"""A sheet of questions with a memory of what was answered: what a notebook's cells check against."""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from nbcnncost.course import messages
from nbcnncost.course.diagnosis import STEPS, Diagnosis, Earlier, diagnose
from nbcnncost.course.exports import Exports
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import Answer, NotANumber, read, shortened
from nbcnncost.course.questions import Question
from nbcnncost.course.settings import Settings
from nbcnncost.course.verdict import Verdict
from nbcnncost.errors import CostError
from nbcnncost.languages import errors_in, speaker, translate

#: nbgrader sets it to "autograde" or "validate" while it runs a notebook.
GRADER = "NBGRADER_EXECUTION"
#: No key is longer than this.
_LONG = 200
#: Where otter's class ``Notebook`` is, which says ``_grading_mode`` while otter runs a notebook.
_OTTER = "otter.check.notebook"


class Sheet(Exports):
    """Questions by their keys, checked one by one.

    A sheet remembers the answers, for two ends: what follows from a student's own earlier error is told so, and
    feedback climbs with each new wrong answer to the same question. The same answer again says the same, so that a
    cell may run twice; given a third time, it is told one step more, and so on with every second one.
    """

    def __init__(self, questions: Iterable[Question], settings: Settings, *, name: str = "", student: str = "") -> None:
        self.name = name
        self.student = student
        self.settings = settings
        #: When it was made, so that the newest of a notebook's sheets can be found; it is shown nowhere.
        self.made_at = time.perf_counter_ns()
        said = (question.said_in(settings.lang) for question in _each_once(questions))
        self._questions = {question.key: question for question in said}
        #: How often each wrong number was given to a question.
        self._wrong: dict[str, dict[Fraction, int]] = {}
        self._last: dict[str, Answer] = {}

    def __repr__(self) -> str:
        title = messages.SHEET_OF_STUDENT if self.student else messages.SHEET
        values = {"name": self.name or messages.UNNAMED, "student": self.student}
        first = say(title, convention=self.settings.convention.name, **values)
        return "\n".join([translate(first, self.settings.lang), *self.keys])

    @property
    def questions(self) -> tuple[Question, ...]:
        """All questions, in the order in which one feeds the next."""
        return tuple(self._questions.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all questions: ``"conv1.flops"``."""
        return tuple(self._questions)

    def __contains__(self, key: object) -> bool:
        return key in self._questions

    def __iter__(self) -> Iterator[Question]:
        return iter(self._questions.values())

    def __len__(self) -> int:
        return len(self._questions)

    def __getitem__(self, key: object) -> Question:
        """The question of this key."""
        if isinstance(key, str) and key in self._questions:
            return self._questions[key]
        near = difflib.get_close_matches(str(key)[:_LONG], self._questions, n=1)
        with errors_in(self.settings.lang, CostError):
            if near:
                raise CostError(say(messages.NO_KEY_NEAR, key=shortened(key), near=near[0]))
            raise CostError(say(messages.NO_KEY, key=shortened(key), keys=", ".join(self._questions)))

    def diagnose(self, key: str, answer: Any, earlier: Mapping[str, Any] | None = None) -> Diagnosis:
        """What an answer is, without scoring or remembering it; ``earlier`` are answers to other questions.

        Raises :class:`~nbcnncost.course.NotANumber`, a ``CostError``, for what is no number.
        """
        question = self[key]
        with errors_in(self.settings.lang, CostError):
            known = {**self._last, **{name: read(name, given) for name, given in (earlier or {}).items()}}
            before = {name: Earlier(self[name], given) for name, given in known.items() if name in self}
            return diagnose(question, answer, before)

    def check(
        self, key: str, answer: Any, points: float | None = None, *, practice: bool = False, hint: int | None = None
    ) -> Any:
        """Check an answer: a right one prints one line, a wrong one raises ``AssertionError`` with feedback.

        Numbers of any kind are taken, also as text: ``34944``, ``"34,944"``, ``"1.05e8"``, ``"105 M"``; what has a
        point, an exponent or a suffix, or is a float, may be rounded to three or more digits. What is no number is
        rejected with a sentence. ``hint`` is the step of feedback: 1 direction, 2 the mistake, 3 the formula, 4 the
        numbers, but no further than the settings' ``highest_hint`` unless in practice. Without it feedback climbs with
        each new wrong answer, and says all it may under nbgrader's autograder.

        With ``points`` a right answer gives that many as a plain float, for a grader that reads a cell's last
        value; one that follows from the student's own earlier error gives the settings' share of them.
        With ``practice`` nothing raises: the verdict is given back, to be shown; a grader refuses that.
        """
        self._refuse(points, hint, practice=practice)
        self._count(key, answer)
        verdict = self.verdict(key, answer, points, hint, most=STEPS if practice else self.settings.highest_hint)
        if practice:
            return verdict
        if verdict.diagnosis is None or not (verdict.diagnosis.is_right or verdict.points):
            raise _wrong(verdict.text) from None
        sys.stdout.write(f"{verdict.text}\n")
        return None if points is None else verdict.points

    def remember(self, answers: Mapping[str, Any]) -> None:
        """Take answers as given before, without scoring them; what is no number is left out."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for key, given in answers.items():
                with contextlib.suppress(NotANumber):
                    self._last[self[key].key] = read(key, given)

    def verdict(
        self, key: str, answer: Any, points: float | None = None, hint: int | None = None, most: int = STEPS
    ) -> Verdict:
        """What a check says of an answer, which is remembered; feedback climbs to the step ``most``."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._verdict(key, answer, points, hint, most)

    def succeed(self, earlier: Sheet) -> None:
        """Go on where an earlier sheet was left, as far as its questions have the same answers here."""
        same = {key for key in self.keys if key in earlier and earlier[key].value == self[key].value}
        self._wrong.update({key: dict(tried) for key, tried in earlier._wrong.items() if key in same})
        self._last.update({key: last for key, last in earlier._last.items() if key in same})

    def _verdict(self, key: str, answer: Any, points: float | None, hint: int | None, most: int) -> Verdict:
        question = self[key]
        try:
            diagnosis = self.diagnose(key, answer)
        except NotANumber as error:
            return Verdict((str(error),), None, 0.0)
        self._last[key] = diagnosis.answer
        attempt = self._attempt(question, diagnosis)
        is_last = os.environ.get(GRADER) == "autograde"  # nobody tries again
        step = min(hint or (most if is_last else attempt), most)
        sentences = tuple(map(speaker(self.settings.lang), diagnosis.sentences(step)))
        return Verdict(sentences, diagnosis, self._score(diagnosis, points))

    def _attempt(self, question: Question, diagnosis: Diagnosis) -> int:
        """Which different wrong answer to the question this is, from 1; two repetitions are one more."""
        if diagnosis.verdict != "wrong":
            return 1
        value = diagnosis.answer.value
        tried = self._wrong.setdefault(question.key, {})
        times = tried.setdefault(value, 1)
        return list(tried).index(value) + 1 + (times - 1) // 2

    def _count(self, key: Any, answer: Any) -> None:
        """Count a wrong answer that was given before."""
        tried = self._wrong.get(key, {}) if isinstance(key, str) else {}
        with warnings.catch_warnings(), contextlib.suppress(NotANumber):
            warnings.simplefilter("ignore")
            value = read(key, answer).value if tried else None
            if value in tried:
                tried[value] += 1

    def _score(self, diagnosis: Diagnosis, points: float | None) -> float:
        if points is None:
            return 0.0
        share = 1.0 if diagnosis.is_right else self.settings.carried_share if diagnosis.carried else 0.0
        return float(points) * share

    def _refuse(self, points: Any, hint: Any, *, practice: bool) -> None:
        number = isinstance(points, (int, float)) and not isinstance(points, bool)
        with errors_in(self.settings.lang, CostError):
            if practice and _is_graded():
                raise CostError(messages.UNDER_A_GRADER)
            if points is not None and not (number and 0 <= points <= sys.float_info.max):
                raise CostError(say(messages.NO_POINTS, points=repr(points)))
            if hint is not None and (isinstance(hint, bool) or hint not in range(1, STEPS + 1)):
                raise CostError(say(messages.NO_STEP, hint=repr(hint)))


def _each_once(questions: Iterable[Question]) -> list[Question]:
    """Questions with a key for each."""
    found = list(questions)
    keys = [question.key for question in found]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise CostError(say(messages.SAME_KEY, key=twice))
    return found


def _is_graded() -> bool:
    """Whether nbgrader or otter runs this."""
    otter = getattr(sys.modules.get(_OTTER), "Notebook", None)
    return bool(os.environ.get(GRADER) or getattr(otter, "_grading_mode", False))


def _wrong(text: str) -> AssertionError:
    """The error of a wrong answer; IPython shows its sentences alone, since a traceback through here helps nobody."""
    error = AssertionError(text)
    error.__dict__["_render_traceback_"] = lambda: [f"AssertionError: {text}"]
    return error
