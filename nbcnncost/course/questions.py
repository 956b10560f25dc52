"""A question: what is asked, the right answer by our own formulas, and every mistake with the number it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import NamedTuple

from nbcnncost.catalogue import CATALOGUE
from nbcnncost.conventions import CONVENTIONS, Convention, textbook
from nbcnncost.course import showing
from nbcnncost.course.layers import Layer
from nbcnncost.course.messages import say
from nbcnncost.course.mistakes import MISTAKES, RATIO_MISTAKES, Mistake
from nbcnncost.course.numerals import number_text
from nbcnncost.course.parts import Part
from nbcnncost.course.quantities import OF_PARAMS, QUANTITIES, Quantity, counting_flops
from nbcnncost.course.rewriting import Ratio, replaced
from nbcnncost.languages import LANGUAGES, translate

#: Conventions that an answer may be right by; their FLOPs or MACs are of single operations, whatever stands around.
_OTHERS = ("textbook", "macs")
#: The kinds of layers in what a question is about.
_KIND = re.compile(r"(?:^|(?<=[|+→] ))[^·|+→]+(?= · )")
#: Single choices that courses make differently, as rules.
_CHOICES = MappingProxyType({"2n − 1": {"dot_products": -1}, "biases added": {"bias_additions": 1}})


@dataclass(frozen=True)
class Wrong:
    """A wrong number with the mistakes that make it: one, or two together.

    ``above`` and ``below`` are the formulas with the mistakes in them, one for each part of the question; none where
    the mistake is in what was divided by what.
    """

    mistakes: tuple[Mistake, ...]
    value: Fraction
    above: tuple[Ratio, ...] = ()
    below: tuple[Ratio, ...] = ()

    @property
    def id(self) -> str:
        """The ids of the mistakes: ``"forgot_bias"``, ``"forgot_bias+kernel_one_side"``."""
        return "+".join(mistake.id for mistake in self.mistakes)


class Feed(NamedTuple):
    """An earlier question that a later one builds on.

    ``symbol`` is what its answer stands for in the later formula (``"H_out"``); without one the later answer grows by
    ``slope`` with each one more in the earlier.
    """

    key: str
    symbol: str = ""
    slope: Fraction = Fraction(1)


@dataclass(frozen=True)
class Question:
    """One number that is asked for.

    ``parts`` add up to the answer; where there are parts ``below``, their sum divides it. ``layers`` are those that
    the question is about, in the order of ``parts``. ``feeds`` are the earlier questions that this one builds on.
    ``lang`` is the language of its words.
    """

    key: str
    quantity: Quantity
    parts: tuple[Part, ...]
    convention: Convention = textbook
    below: tuple[Part, ...] = ()
    layers: tuple[Layer, ...] = ()
    feeds: tuple[Feed, ...] = ()
    about: str = ""
    lang: str = LANGUAGES[0]

    def said_in(self, lang: str) -> Question:
        """The same question in another language than the one in which all are made."""
        if lang == self.lang:
            return self
        about = _KIND.sub(lambda kind: translate(kind[0], lang), self.about)
        parts, below = (tuple(_called(part, lang) for part in side) for side in (self.parts, self.below))
        return replace(self, lang=lang, about=about, parts=parts, below=below)

    def __repr__(self) -> str:
        return f"{self.prompt}\n{self.about}" if self.about else self.prompt

    @property
    def name(self) -> str:
        """The layer's name: the key without the quantity."""
        return self.key.rpartition(".")[0] or self.key

    @property
    def prompt(self) -> str:
        """The question's sentence."""
        number_bytes = self.parts[0].values.get("e", 4)
        by = counting_flops(self.convention).name
        asked = say(self.quantity.prompt, name=self.name, convention=by, bytes=number_bytes, unit=self.unit)
        return translate(asked, self.lang)

    @property
    def unit(self) -> str:
        """What the answer is a number of: ``"FLOPs"``; empty for sizes and parameters."""
        if self.quantity.name == "ratio":
            return QUANTITIES[self.parts[0].quantity].unit or "parameters"
        return self.quantity.unit

    @cached_property
    def value(self) -> Fraction:
        """The right answer, exactly."""
        return self._value(self.parts, self.below)

    @property
    def answer(self) -> int | Fraction:
        """The right answer as a whole number where it is one."""
        return int(self.value) if self.value.denominator == 1 else self.value

    @property
    def answer_text(self) -> str:
        """The right answer as it is shown, with its unit."""
        unit = "" if self.quantity.name == "ratio" else self.unit
        return f"{number_text(self.value)} {unit}".strip()

    @property
    def given(self) -> tuple[tuple[str, str, int], ...]:
        """What a student is told: each symbol with its meaning and value."""
        told = self.layers[0].given if len(self.layers) == 1 else ()
        return tuple((symbol, translate(meaning, self.lang), value) for symbol, meaning, value in told)

    @cached_property
    def wrong(self) -> tuple[Wrong, ...]:
        """Every single mistake that gives another number than the right one; a number may have several."""
        made = (self._with((mistake,)) for mistake in self._thinkable)
        singles = tuple(found for found in made if found is not None)
        return singles + tuple(self._ratio_mistakes())

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The ids of mistakes that can be made here and still give the right number."""
        seen = {mistake.id for wrong in self.wrong for mistake in wrong.mistakes}
        made = (mistake for mistake in self._thinkable if mistake.id not in seen)
        return tuple(mistake.id for mistake in made if any(_can_be_made(mistake, part) for part in self.parts))

    @cached_property
    def wrong_twice(self) -> tuple[Wrong, ...]:
        """Every two mistakes together that give a number which neither they alone nor the right formula gives."""
        singles = [entry.mistakes[0] for entry in self.wrong if entry.mistakes[0].forms]
        known = {self.value, *(entry.value for entry in self.wrong)}
        pairs = (self._with(pair) for pair in combinations(singles, 2))
        return tuple(pair for pair in pairs if pair is not None and pair.value not in known)

    def with_sizes(self, sizes: Mapping[str, Fraction]) -> Question:
        """The same question with other values of symbols: those that a student had found before."""
        parts, below = (tuple(_changed(part, sizes) for part in side) for side in (self.parts, self.below))
        return replace(self, parts=parts, below=below, feeds=())

    def with_amount(self, earlier: Question, value: Fraction) -> Question | None:
        """The same question with a student's answer to an earlier one in the place of its formula.

        ``None`` where the formula does not stand in this one's as a whole, or the answer is no whole number.
        """
        sides = (self.parts, earlier.parts)
        if any(len(side) != 1 for side in sides) or self.below or value.denominator != 1:
            return None
        part = _with_amount(self.parts[0], earlier.parts[0], int(value))
        return None if part is None else replace(self, parts=(part,), feeds=())

    @cached_property
    def by_other_conventions(self) -> Mapping[str, Fraction]:
        """What other conventions count instead, by their names; only where it is another number."""
        if self.quantity.name != "flops" or not self.layers:
            return {}
        choices = {f"{self.convention.name} ({name})": self._chosen(rules) for name, rules in _CHOICES.items()}
        others = {name: CONVENTIONS[name] for name in _OTHERS if name != self.convention.name} | choices
        counted = {name: self._counted(other) for name, other in others.items()}
        return {name: value for name, value in counted.items() if value not in (None, self.value)}

    def shown(self, wrong: Wrong | None = None, *, numbers: bool = False) -> str:
        """The formula, right or wrong, in symbols or with its numbers."""
        is_made = wrong is not None and bool(wrong.above)
        above = wrong.above if wrong and is_made else tuple(part.right for part in self.parts)
        below = wrong.below if wrong and is_made else tuple(part.right for part in self.below)
        text = showing.summed(self.parts, above, numbers=numbers)
        return showing.divided(text, showing.summed(self.below, below, numbers=numbers)) if below else text

    @property
    def has_formula(self) -> bool:
        """Whether the formula in symbols is one, and not the number itself: a layer's own count of parameters."""
        texts = (part.context.get("PARAMS", "0") for part in self.parts if part.quantity in OF_PARAMS)
        return all(text == "0" or not text.isdigit() for text in texts)

    @property
    def latex(self) -> str:
        """The right formula in symbols as LaTeX, of a question about one layer; else empty."""
        return showing.latex(self.parts[0]) if len(self.parts) == 1 and not self.below else ""

    @cached_property
    def _thinkable(self) -> tuple[Mistake, ...]:
        """The mistakes that can be made in what is asked of any kind of layer."""
        asked = {part.quantity for part in (*self.parts, *self.below)}
        return tuple(mistake for mistake in MISTAKES.values() if not asked.isdisjoint(mistake.quantities))

    def _chosen(self, rules: Mapping[str, int]) -> Convention:
        return counting_flops(self.convention).with_rules(dict(rules))

    def _counted(self, other: Convention) -> Fraction | None:
        counts = [other.count(layer.op) for layer in self.layers]
        known = [count * layer.calls for count, layer in zip(counts, self.layers, strict=True) if count is not None]
        return Fraction(sum(known)) if len(known) == len(counts) else None

    def _value(self, parts: Sequence[Part], below: Sequence[Part]) -> Fraction:
        return _quotient(parts, [part.right for part in parts], below, [part.right for part in below])

    def _with(self, mistakes: tuple[Mistake, ...]) -> Wrong | None:
        """The number with these mistakes made wherever they can be; ``None`` where that changes nothing."""
        above = [_made(part, mistakes) for part in self.parts]
        below = [_made(part, mistakes) for part in self.below]
        made = [*above, *below]
        if any(all(entry[at] is None for entry in made) for at in range(len(mistakes))):
            return None
        sides = [
            tuple(entry[-1] or part.right for entry, part in zip(side, parts, strict=True))
            for side, parts in ((above, self.parts), (below, self.below))
        ]
        try:
            value = _quotient(self.parts, sides[0], self.below, sides[1])
        except ZeroDivisionError:  # nothing is left of what divides
            return None
        return None if value == self.value else Wrong(mistakes, value, sides[0], sides[1])

    def _ratio_mistakes(self) -> Iterator[Wrong]:
        if not self.below or self.value in (0, 1):
            return
        inverted, share, first_alone = RATIO_MISTAKES
        yield Wrong((inverted,), 1 / self.value)
        if self.quantity.name != "ratio":  # of two designs, not of a step and its forward
            return
        yield Wrong((share,), 1 - 1 / self.value)
        if len(self.below) > 1:
            yield Wrong((first_alone,), self._value(self.parts, self.below[:1]))


def _quotient(
    parts: Sequence[Part], ratios: Sequence[Ratio], below: Sequence[Part], ratios_below: Sequence[Ratio]
) -> Fraction:
    """The sum of the parts by these formulas, divided by that of the parts below where there are any."""
    sums = [
        sum((part.number(ratio) for part, ratio in zip(side, formulas, strict=True)), Fraction(0))
        for side, formulas in ((parts, ratios), (below, ratios_below))
    ]
    return sums[0] / sums[1] if below else sums[0]


def _made(part: Part, mistakes: tuple[Mistake, ...]) -> list[Ratio | None]:
    """The formula after each mistake, made one after the other; ``None`` for one that finds no place.

    What puts a whole formula in the right one's place comes first, so that the other is made in that.
    """
    order = sorted(range(len(mistakes)), key=lambda at: mistakes[at].keeps(part)) if len(mistakes) > 1 else [0]
    formulas: list[Ratio | None] = [None] * len(mistakes)
    current = part.right
    for step, at in enumerate(order):
        if step and not mistakes[at].keeps(part):
            continue
        found = mistakes[at].of(part, current)
        if found is not None:
            formulas[at] = current = found
    return [*formulas, current if current is not part.right else None]


def _can_be_made(mistake: Mistake, part: Part) -> bool:
    return mistake.of(part) not in (None, part.right) and mistake.is_open(part)


def _called(part: Part, lang: str) -> Part:
    """The part with its name in a language, where that is a kind of layers: ``convolution 2``."""
    kind, space, number = part.name.partition(" ")
    is_kind = kind == part.kind and kind in CATALOGUE
    return replace(part, name=f"{translate(CATALOGUE[kind].title, lang)}{space}{number}") if is_kind else part


def _changed(part: Part, sizes: Mapping[str, Fraction]) -> Part:
    values = {**part.values, **{name: int(value) for name, value in sizes.items() if name in part.values}}
    return Part(part.name, part.kind, part.quantity, part.right, values, part.spatial, part.context)


def _with_amount(part: Part, earlier: Part, value: int) -> Part | None:
    """A summand with the earlier quantity's name where its formula stood, and where a mistake may put it."""
    name = earlier.quantity
    texts = {"": part.right.text, **part.context}
    put = {word: replaced(text, {earlier.right.text: name}) for word, text in texts.items()}
    if put[""] == part.right.text or earlier.right.over != "1":
        return None
    right = Ratio(put.pop(""), part.right.over)
    return replace(part, right=right, values={**part.values, name: value}, context=put)
