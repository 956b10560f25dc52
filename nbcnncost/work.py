"""What a formula counts: a tally of elementary operations, kept apart by kind until a convention weighs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache

from nbcnncost.expressions import Expression, expression
from nbcnncost.records import Dims


@dataclass(frozen=True)
class Work:
    """Elementary operations of one layer, by kind.

    A multiply-accumulate stands in ``macs`` alone, not in ``multiplications`` and ``additions`` again; one of whole
    numbers, as quantized layers have, in ``integer_macs``.
    ``specials`` are exponentials, logarithms, roots, powers and error functions; ``bias_additions`` are apart
    because the textbook's formulas leave them out. ``dot_products`` are no operations, but the number of sums that the
    multiply-accumulates form: with the weight −1 each counts n products and n − 1 additions.

    >>> Work(macs=3) + Work(macs=1, comparisons=2)
    Work(macs=4, comparisons=2)
    """

    macs: int = 0
    additions: int = 0
    multiplications: int = 0
    comparisons: int = 0
    divisions: int = 0
    specials: int = 0
    bias_additions: int = 0
    dot_products: int = 0
    integer_macs: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(*(getattr(self, name) + getattr(other, name) for name in CATEGORIES))

    def __repr__(self) -> str:
        named = (f"{name}={getattr(self, name)}" for name in CATEGORIES if getattr(self, name))
        return f"Work({', '.join(named)})"

    @property
    def all_macs(self) -> int:
        """Multiply-accumulates of any kind of number."""
        return self.macs + self.integer_macs

    def weighed(self, weights: Mapping[str, int]) -> int:
        """The sum of the tally, each kind times its weight (a missing weight is 0)."""
        return sum(weight * getattr(self, name) for name, weight in weights.items() if weight)


CATEGORIES: tuple[str, ...] = tuple(entry.name for entry in fields(Work))


@dataclass(frozen=True)
class Term:
    """``per`` elementary operations at each of ``base`` places: softmax is 5 of them per element ``n``."""

    base: str
    per: Mapping[str, int]

    def coefficient(self, weights: Mapping[str, int]) -> int:
        """How many operations one place counts as, under these weights."""
        return sum(weights.get(category, 0) * number for category, number in self.per.items())


@dataclass(frozen=True)
class Formula:
    """How one kind of operation is counted: the one definition of its number, symbols and numbers line.

    ``terms`` add up; none means zero by rule. ``params`` is the parameters' formula, where the kind has any.
    ``why`` is the reason in words, ``source`` where the formula comes from.
    """

    kind: str
    title: str
    terms: tuple[Term, ...]
    why: str
    source: str
    params: str | None = None

    def text(self, weights: Mapping[str, int]) -> str:
        """The formula's text under these weights, ready for :func:`nbcnncost.expressions.expression`."""
        text = ""
        for term in self.terms:
            coefficient = term.coefficient(weights)
            if coefficient:
                sign = " - " if coefficient < 0 else " + " if text else ""
                text += sign + (term.base if abs(coefficient) == 1 else f"{abs(coefficient)} * ({term.base})")
        return f"0{text}" if text.startswith(" - ") or not text else text

    def work(self, dims: Dims, spatial: int) -> Work:
        """The tally for these dimensions."""
        return _work(self.terms_key, dims, spatial)

    @cached_property
    def terms_key(self) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
        """The terms in a form that can be looked up."""
        return tuple((term.base, tuple(term.per.items())) for term in self.terms)


@lru_cache(maxsize=65536)
def _work(terms: tuple[tuple[str, tuple[tuple[str, int], ...]], ...], dims: Dims, spatial: int) -> Work:
    values = dict(dims)
    tally = dict.fromkeys(CATEGORIES, 0)
    for base, per in terms:
        places = expression(base, spatial).value(values)
        for category, number in per:
            tally[category] += number * places
    return Work(**tally)


@dataclass(frozen=True)
class Count:
    """A formula with its numbers: what one layer costs.

    ``work`` is the tally, ``output_size`` the spatial size of the output where the layer has one.
    """

    formula: Formula
    dims: Dims
    spatial: int = 0
    output_size: tuple[int, ...] = field(default=())

    @property
    def work(self) -> Work:
        """The tally of elementary operations."""
        return self.formula.work(self.dims, self.spatial)

    @property
    def params(self) -> int:
        """The number of parameters; 0 for a kind that has none."""
        return 0 if self.formula.params is None else self.params_expression.value(dict(self.dims))

    @property
    def params_expression(self) -> Expression:
        """The parameters' formula."""
        return expression(self.formula.params or "0", self.spatial)

    def expression(self, weights: Mapping[str, int]) -> Expression:
        """The formula under these weights: it can be evaluated and shown."""
        return expression(self.formula.text(weights), self.spatial)
