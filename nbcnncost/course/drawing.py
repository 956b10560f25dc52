"""Numbers drawn for a student: by sha256 of who and what for, so that they are the same everywhere and for ever."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import count
from typing import TypeVar

from nbcnncost.course import messages
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import Answer
from nbcnncost.course.quantities import SIZES
from nbcnncost.course.questions import Question
from nbcnncost.errors import CostError

Some = TypeVar("Some")
#: More draws than this mean that the topic's limits leave no room.
MOST_TRIES = 2000
#: Stands for the right number among mistakes that cannot be told apart.
RIGHT = "right"
#: Rounding to the nearest is rounding up or rounding down, so in a single size it never has a number of its own.
_ROUNDINGS = frozenset({"ceil_for_floor", "round_for_floor"})
_ROUNDED_DOWN = frozenset({RIGHT, "round_for_floor"})


class Draw:
    """A stream of numbers that a text stands for.

    >>> draw = Draw("2026", "ada", "convolution")
    >>> [draw.whole(1, 6) for _ in range(5)]
    [2, 1, 3, 3, 1]
    """

    def __init__(self, *names: object) -> None:
        self._numbers = _stream("\x1f".join(map(str, names)))

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both among them."""
        return low + next(self._numbers) % (high - low + 1)

    def choice(self, values: Sequence[Some]) -> Some:
        """One of the values."""
        return values[next(self._numbers) % len(values)]

    def several(self, number: int, values: Sequence[Some]) -> list[Some]:
        """So many different ones of the values."""
        left = list(values)
        return [left.pop(next(self._numbers) % len(left)) for _ in range(number)]


def plain_name(name: object) -> str:
    """A name as it is shown: however its accents were typed, and without spaces at its ends.

    >>> plain_name(" Rene\N{COMBINING ACUTE ACCENT} ") == "Ren\N{LATIN SMALL LETTER E WITH ACUTE}"
    True
    """
    whole = str(name).encode("utf-8", "replace").decode()  # half a character cannot be written anywhere
    return " ".join(unicodedata.normalize("NFC", whole).split())


def student_id(name: object) -> str:
    """Who a name stands for, as variants are drawn for it: without capitals, wide letters and what cannot be seen.

    >>> student_id(" Ada\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE} "), student_id("ａｄａ")
    ('ada', 'ada')
    """
    folded = unicodedata.normalize("NFKC", plain_name(name)).casefold()
    seen = (letter for letter in folded if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", "".join(seen)).split())


def _stream(text: str) -> Iterator[int]:
    for number in count():
        yield int.from_bytes(sha256(f"{text}\x1f{number}".encode("utf-8", "surrogatepass")).digest(), "big")


def variant(
    topic: str,
    names: Sequence[object],
    make: Callable[[Draw], Sequence[Question]],
    alike: Sequence[frozenset[str]] = (),
) -> tuple[Question, ...]:
    """The first questions drawn for these names in which every mistake gives its own number."""
    for attempt in range(MOST_TRIES):
        questions = tuple(make(Draw(*names, topic, attempt)))
        if all(tells_apart(question, alike) for question in questions):
            return questions
    raise CostError(say(messages.NO_VARIANT, topic=topic, tries=MOST_TRIES))


def tells_apart(question: Question, alike: Sequence[frozenset[str]] = ()) -> bool:
    """Whether each mistake that can be made in a question gives a number of its own, and not the right one, rounded.

    ``alike`` are sets of mistakes that cannot be told apart here; with :data:`RIGHT` among them they may also give
    the right number.
    """
    if question.quantity.name in SIZES:
        alike = (*alike, _ROUNDINGS, _ROUNDED_DOWN)
    if not question.below and not all(any({RIGHT, name} <= ids for ids in alike) for name in question.hidden):
        return False
    makers: dict[object, set[str]] = {}
    for wrong in question.wrong:
        if wrong.value.denominator == 1 and Answer(wrong.value, "").rounds(question.value):
            return False
        makers.setdefault(wrong.value, set()).add(wrong.id)
    return all(len(ids) == 1 or any(ids <= group for group in alike) for ids in makers.values())
