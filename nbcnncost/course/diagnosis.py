"""Why an answer is wrong: which mistakes, one or two, give this number, or what earlier answer it follows from.

The order is: one mistake, exactly and then rounded, and beside it the student's own earlier answer carried forward;
one mistake on top of earlier output sizes that were wrong; two mistakes together; one mistake on top of an earlier
amount that was wrong; for a rounded answer the mistake whose number is nearest; a factor that is one of the symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from nbcnncost.course import messages
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import LEAST_DIGITS, Answer, number_text, read, rounded
from nbcnncost.course.questions import Question, Wrong

#: How far a rounded answer may be from a mistake's number to be taken for it: half a unit in three digits of 100.
_NEAR = Fraction(1, 200)
#: A question with the student's own earlier answers in it, and the keys of those.
OnEarlier = tuple[Question, tuple[str, ...]]
#: What is said of an answer that is not wrong altogether.
_VERDICTS = MappingProxyType(
    {
        "right": messages.RIGHT,
        "rounded": messages.RIGHT_ROUNDED,
        "coarse": messages.TOO_COARSE,
        "cut_off": messages.CUT_OFF,
    }
)
#: Steps of feedback: the direction; the mistake; the formula; the numbers.
STEPS = 4


@dataclass(frozen=True)
class Diagnosis:
    """What an answer is: right or not, and if not, why.

    ``verdict`` is ``"right"``, ``"rounded"`` (right, to the digits that were written), ``"coarse"`` (too few digits to
    tell), ``"cut_off"`` (right, but its last digits left out and not rounded) or ``"wrong"``. ``found`` are the
    mistakes that give this number, several where they give the same one; ``carried`` are the earlier questions whose
    wrong answers it follows from; ``conventions`` those by which it would be right; ``factor`` is the symbol that it
    is off by. Where a mistake was made on top of wrong answers to earlier questions, those are ``after``, and ``on``
    is the question with the student's own numbers.
    """

    question: Question
    answer: Answer
    verdict: str
    found: tuple[Wrong, ...] = ()
    carried: tuple[str, ...] = ()
    conventions: tuple[str, ...] = ()
    factor: str = ""
    after: tuple[str, ...] = ()
    on: Question | None = None

    @property
    def is_right(self) -> bool:
        """Whether the answer is scored as right."""
        return self.verdict in ("right", "rounded")

    @property
    def id(self) -> str:
        """A stable name of what is wrong: ``"forgot_bias"``, ``"a+b"`` for two together, ``"a|b"`` for one of two."""
        if self.verdict != "wrong":
            return self.verdict
        if self.found:
            before = "carried+" if self.after else ""
            return "|".join(f"{before}{wrong.id}" for wrong in self.found)
        if self.carried or self.conventions:
            return "carried" if self.carried else "convention"
        return f"factor_{self.factor}" if self.factor else "unknown"

    def feedback(self, step: int = STEPS) -> str:
        """What to tell the student, up to this step: 1 direction, 2 the mistake, 3 the formula, 4 the numbers."""
        return "\n".join(self.sentences(step))

    def sentences(self, step: int = STEPS) -> list[str]:
        """The sentences of :meth:`feedback`."""
        question = self.question
        if self.verdict in _VERDICTS:
            return [say(_VERDICTS[self.verdict], key=question.key, value=question.answer_text, given=self.answer.text)]
        told = [self._direction()]
        if self.conventions:
            names = ", ".join(self.conventions)
            told.append(say(messages.OTHER_CONVENTION, names=names, convention=question.convention.name))
        if self.carried:
            told.append(say(messages.AFTER_EARLIER, earlier=", ".join(self.carried)))
        if self.after:
            told.append(say(messages.BUILDS_ON, earlier=", ".join(self.after)))
        if step >= 2:
            told += self._named()
        if step >= STEPS or (step >= 3 and question.has_formula):
            told.append(self._formula(numbers=False))
        if step >= STEPS:
            told.append(self._formula(numbers=True))
        return told

    def _direction(self) -> str:
        key, given, right = self.question.key, self.answer.text, self.question.value
        if self.answer.value < 0:
            return say(messages.IS_NEGATIVE, key=key, given=given)
        if right == 0:
            return say(messages.SHOULD_BE_ZERO, key=key, given=given)
        if right.denominator == 1 and self.answer.value.denominator != 1 and self.answer.bits is None:
            return say(messages.SHOULD_BE_WHOLE, key=key, given=given)
        if self.answer.digits is None and _looks_rounded(self.answer.value, right):
            return say(messages.ALL_DIGITS, key=key, given=given)
        too = messages.TOO_LARGE if self.answer.value > right else messages.TOO_SMALL
        return say(too, key=key, given=given)

    def _named(self) -> list[str]:
        if len(self.found) > 1:
            titles = " / ".join(" + ".join(mistake.title for mistake in wrong.mistakes) for wrong in self.found)
            return [say(messages.EITHER, titles=titles, id=self.id)]
        if self.found and len(self.found[0].mistakes) == 2:
            first, second = self.found[0].mistakes
            return [say(messages.TWO_MISTAKES, first=first.title, second=second.title, id=self.id)]
        if self.found:
            mistake = self.found[0].mistakes[0]
            return [say(messages.ONE_MISTAKE, title=mistake.title, why=mistake.why, id=self.id)]
        if self.carried or self.conventions:
            return []
        if self.factor:
            return [say(messages.EXACT_FACTOR, symbol=self.factor, id=self.id)]
        return [say(messages.UNKNOWN, id=self.id)]

    def _formula(self, *, numbers: bool) -> str:
        right = self.question.shown(numbers=numbers)
        made_in = self.on or self.question
        wrong = made_in.shown(self.found[0], numbers=numbers) if self.found and self.found[0].above else ""
        if not numbers:
            return (
                say(messages.FORMULA, wrong=wrong, right=right) if wrong else say(messages.RIGHT_FORMULA, right=right)
            )
        value = self.question.answer_text
        if not wrong:
            return say(messages.RIGHT_NUMBERS, right=right, value=value)
        given = number_text(self.found[0].value)
        return say(messages.NUMBERS, wrong=wrong, given=given, right=right, value=value)


def diagnose(question: Question, answer: Any, earlier: Mapping[str, Earlier] | None = None) -> Diagnosis:
    """What an answer to a question is; ``earlier`` are the student's answers to the questions before it.

    Raises :class:`~nbcnncost.course.numerals.NotANumber` for what is no number.
    """
    given = read(question.key, answer)
    if given.is_exactly(question.value):
        return Diagnosis(question, given, "right")
    # A whole number that is exactly a mistake's is that, though the right one, a fraction, be near it.
    if given.digits is not None or all(wrong.value != given.value for wrong in question.wrong):
        if given.rounds(question.value):
            return Diagnosis(question, given, "rounded")
        if given.is_coarsely(question.value):
            return Diagnosis(question, given, "coarse")
    carried = _carried(question, given, earlier or {})
    if not carried and _is_cut_off(question, given):
        return Diagnosis(question, given, "cut_off")
    conventions = tuple(name for name, value in question.by_other_conventions.items() if _fits(given, value))
    found = _single(question, given)
    wrong = Diagnosis(question, given, "wrong", found, carried, conventions)
    return wrong if found or carried else _less_likely(wrong, earlier or {})


def _is_cut_off(question: Question, given: Answer) -> bool:
    """Whether the answer is the right number cut off, and not exactly what a mistake or another convention gives."""
    others = (*(wrong.value for wrong in question.wrong), *question.by_other_conventions.values())
    return given.cuts(question.value) and not any(map(given.is_exactly, others))


def _less_likely(wrong: Diagnosis, earlier: Mapping[str, Earlier]) -> Diagnosis:
    """The same with what is looked for where neither one mistake nor an earlier answer gives the number."""
    question, given = wrong.question, wrong.answer
    if on_top := _on_top(given, _on_sizes(question, earlier)):
        return replace(wrong, **on_top)
    if found := _twice(question, given):
        return replace(wrong, found=found)
    if on_top := _on_top(given, _on_amounts(question, earlier)):
        return replace(wrong, **on_top)
    if found := _nearest(question, given):
        return replace(wrong, found=found)
    return replace(wrong, factor=_factor(question, given))


@dataclass(frozen=True)
class Earlier:
    """An earlier question with what the student answered."""

    question: Question
    answer: Answer

    @property
    def is_wrong(self) -> bool:
        """Whether something wrong can go on from there."""
        return not (self.answer.is_exactly(self.question.value) or self.answer.rounds(self.question.value))


def _fits(given: Answer, value: Fraction) -> bool:
    return given.is_exactly(value) or given.rounds(value)


def _single(question: Question, given: Answer) -> tuple[Wrong, ...]:
    """The single mistakes that give this number; of those that fit equally well, all."""
    return _first([(question.wrong, given.is_exactly), (question.wrong, given.rounds)])


def _twice(question: Question, given: Answer) -> tuple[Wrong, ...]:
    """The same of two mistakes together."""
    return _first([(question.wrong_twice, given.is_exactly), (question.wrong_twice, given.rounds)])


def _first(steps: list[tuple[Iterable[Wrong], Callable[[Fraction], bool]]]) -> tuple[Wrong, ...]:
    for wrongs, fits in steps:
        found = tuple(wrong for wrong in wrongs if fits(wrong.value))
        if found:
            return found
    return ()


def _nearest(question: Question, given: Answer) -> tuple[Wrong, ...]:
    """For an answer that may be rounded anyhow: the single mistakes whose number it is nearly."""
    if given.digits is None or not given.value:
        return ()
    near = [wrong for wrong in question.wrong if wrong.value and abs(given.value / wrong.value - 1) <= _NEAR]
    least = min((abs(given.value - wrong.value) for wrong in near), default=Fraction(0))
    return tuple(wrong for wrong in near if abs(given.value - wrong.value) == least)


def _carried(question: Question, given: Answer, earlier: Mapping[str, Earlier]) -> tuple[str, ...]:
    """The earlier questions whose wrong answers this answer follows from; nothing follows from a stub's 0."""
    if given.value <= 0:
        return ()
    feeds = [feed for feed in question.feeds if feed.key in earlier and earlier[feed.key].is_wrong]
    amounts = [feed for feed in feeds if not feed.symbol]
    for some in (*((feed,) for feed in amounts), tuple(amounts)):
        off = (feed.slope * (earlier[feed.key].answer.value - earlier[feed.key].question.value) for feed in some)
        follows = sum(off, question.value)
        if follows != question.value and _fits(given, follows):
            return tuple(feed.key for feed in some)
    others = ((keys, other.value) for other, keys in _on_sizes(question, earlier))
    return next((keys for keys, value in others if value != question.value and _fits(given, value)), ())


def _on_top(given: Answer, others: Iterable[OnEarlier]) -> dict[str, Any]:
    """What is said of one mistake that was made on top of the student's own earlier answers; nothing of a stub's 0."""
    for on, after in others:
        found = _single(on, given) if given.value > 0 else ()
        if found:
            return {"found": found, "after": after, "on": on}
    return {}


def _on_sizes(question: Question, earlier: Mapping[str, Earlier]) -> Iterator[OnEarlier]:
    """The question with the output sizes that the student found, where those are wrong."""
    wrong = [feed for feed in question.feeds if feed.symbol and feed.key in earlier and earlier[feed.key].is_wrong]
    sizes = {feed.symbol: earlier[feed.key].answer.value for feed in wrong}
    if sizes and all(value.denominator == 1 for value in sizes.values()):
        yield question.with_sizes(sizes), tuple(feed.key for feed in wrong)


def _on_amounts(question: Question, earlier: Mapping[str, Earlier]) -> Iterator[OnEarlier]:
    """The question with an amount that the student found in the place of its formula, where that is wrong."""
    for feed in question.feeds:
        if not feed.symbol and feed.key in earlier and earlier[feed.key].is_wrong:
            before = earlier[feed.key]
            on = question.with_amount(before.question, before.answer.value)
            if on is not None:
                yield on, (feed.key,)


def _factor(question: Question, given: Answer) -> str:
    """The symbol of the formula that the answer is off by, if it is off by exactly one.

    Of an answer 1 that would be the right number itself; other symbols of the layer have such a value by chance.
    """
    if given.value <= 0 or given.value == 1 or question.value <= 0 or len(question.parts) != 1:
        return ""
    factor = max(given.value / question.value, question.value / given.value)
    part = question.parts[0]
    above, _ = part.right.shown(part.spatial)
    return next((name for name in above.code.co_names if part.values[name] > 1 and part.values[name] == factor), "")


def _looks_rounded(value: Fraction, right: Fraction) -> bool:
    digits = len(str(value.numerator).strip("-").rstrip("0"))
    return digits >= LEAST_DIGITS and rounded(right, digits) == value
