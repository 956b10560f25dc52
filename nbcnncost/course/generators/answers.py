"""The right answer and every known wrong one as a list of numbers with feedback, as quizzes want them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from nbcnncost.course.diagnosis import diagnose
from nbcnncost.course.generators import wording
from nbcnncost.course.numerals import LEAST_DIGITS, half_unit
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet
from nbcnncost.languages import speaker, translate


@dataclass(frozen=True)
class Foreseen:
    """A number that may be answered: right or not, how far from it is still it, and what to tell."""

    value: Fraction
    tolerance: Fraction
    is_right: bool
    feedback: tuple[str, ...]

    @property
    def text(self) -> str:
        """The number, as computers write it."""
        return as_text(self.value)


def foreseen(sheet: Sheet, question: Question) -> list[Foreseen]:
    """The right answer and each mistake's number once; a reader takes the first that fits.

    Whole numbers are to be given exactly, others to three digits or more. A whole number that is a mistake's comes
    before a right one that it would be a rounded form of; other rounded forms of both are taken for the right one.
    """
    right = _foreseen(sheet, question, question.value)
    values = dict.fromkeys(wrong.value for wrong in question.wrong)
    wrongs = [_foreseen(sheet, question, value) for value in values]
    exact = [entry for entry in wrongs if not entry.tolerance and not entry.is_right]
    others = [entry for entry in wrongs if entry.tolerance and not entry.is_right]
    return [*exact, right, *others] if right.tolerance else [right, *exact, *others]


def _foreseen(sheet: Sheet, question: Question, value: Fraction) -> Foreseen:
    is_whole = value.denominator == 1
    found = diagnose(question, int(value) if is_whole else value)
    tolerance = Fraction(0) if is_whole else half_unit(value, LEAST_DIGITS)
    told = map(speaker(sheet.settings.lang), found.sentences(sheet.settings.highest_hint))
    sentences = tuple(_without_key(list(told), question.key))
    return Foreseen(value, tolerance, found.is_right, sentences)


def _without_key(sentences: list[str], key: str) -> Iterator[str]:
    """The sentences without the key in front, which a quiz shows anyway."""
    for sentence in sentences:
        told = sentence.removeprefix(key).lstrip(":：").lstrip() if sentence.startswith(key) else sentence
        yield told[:1].upper() + told[1:]


def as_text(value: Fraction) -> str:
    """A number as computers write it, without a loss for whole ones."""
    return str(value.numerator) if value.denominator == 1 else repr(float(value))


def prompt(question: Question) -> str:
    """The question's sentence, and how exactly it is to be answered."""
    how = wording.ALL_DIGITS if question.value.denominator == 1 else wording.THREE_DIGITS
    told = translate(how, question.lang)
    return f"{question.prompt}{told}" if told.startswith("（") else f"{question.prompt} {told}"
