"""A sheet tried on answers of which it is known what they are: right ones, stubs, and each mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nbcnncost.course import messages
from nbcnncost.course.diagnosis import diagnose
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import NotANumber
from nbcnncost.course.questions import Question, Wrong
from nbcnncost.course.sheet import Sheet
from nbcnncost.languages import LANGUAGES, speaker

#: What stands in a student's cell before there is an answer.
STUBS: tuple[Any, ...] = (None, NotImplemented, ..., "", "YOUR CODE HERE", "your answer", 0, float("nan"))


@dataclass(frozen=True)
class SelfTest:
    """What was tried, what did not go as it should, and where mistakes cannot be told apart.

    ``problems`` are to be mended; ``notes`` say which mistakes a layer hides: another layer would show them.
    """

    questions: int
    stubs: int
    mistakes: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    lang: str = LANGUAGES[0]

    @property
    def ok(self) -> bool:
        """Whether all went as it should."""
        return not self.problems

    def __repr__(self) -> str:
        numbers = {"questions": self.questions, "stubs": self.stubs, "mistakes": self.mistakes}
        first = messages.SELFTEST_OK if self.ok else messages.SELFTEST_PROBLEMS
        lines = [say(first, number=len(self.problems), **numbers), *self.problems, *self.notes]
        return "\n".join(map(speaker(self.lang), lines))


def selftest(sheet: Sheet) -> SelfTest:
    """Try every question on its right answer, on stubs, and on each mistake that has a number of its own.

    Nothing of it is remembered by the sheet.

    >>> from nbcnncost.course import sheet
    >>> selftest(sheet("linear", student="ada"))
    5 questions accept their right answers, reject 8 stubs and tell 25 mistakes.
    """
    problems: list[str] = []
    notes: list[str] = []
    mistakes = 0
    for question in sheet.questions:
        problems += [*_right(question), *_stubs(question)]
        notes += [*_hidden(question), *_alike(question)]
        for wrong in question.wrong:
            mistakes += 1
            problems += _told(question, wrong)
    return SelfTest(len(sheet), len(STUBS), mistakes, tuple(problems), tuple(notes), sheet.settings.lang)


def _right(question: Question) -> Iterator[str]:
    if not diagnose(question, question.answer).is_right:
        yield say(messages.SELFTEST_RIGHT, key=question.key)


def _stubs(question: Question) -> Iterator[str]:
    for stub in STUBS:
        try:
            accepted = diagnose(question, stub).is_right
        except NotANumber:
            continue
        if accepted:
            yield say(messages.SELFTEST_STUB, key=question.key, stub=repr(stub))


def _hidden(question: Question) -> Iterator[str]:
    if not question.below:  # in a ratio whatever is made on both sides cancels out
        yield from (say(messages.SELFTEST_HIDDEN, key=question.key, id=name) for name in question.hidden)


def _told(question: Question, wrong: Wrong) -> Iterator[str]:
    value = int(wrong.value) if wrong.value.denominator == 1 else wrong.value
    found = diagnose(question, value)
    if found.is_right:
        yield say(messages.SELFTEST_ACCEPTED, key=question.key, id=wrong.id)
    elif wrong.id not in found.id.split("|"):
        yield say(messages.SELFTEST_UNTOLD, key=question.key, id=wrong.id, found=found.id)


def _alike(question: Question) -> Iterator[str]:
    """Mistakes that give one number, each set of them once."""
    makers: dict[Fraction, list[str]] = {}
    for wrong in question.wrong:
        makers.setdefault(wrong.value, []).append(wrong.id)
    for ids in makers.values():
        if len(ids) > 1:
            yield say(messages.SELFTEST_SAME, key=question.key, ids=", ".join(ids))
