"""How tools read an einsum: its indices with their sizes, and what contracting it costs by numpy's estimate."""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import Any, NamedTuple

from nbcnncost.records import FunctionCall, TensorSpec

Indices = frozenset[str]


class Einsum(NamedTuple):
    """An einsum: its equation without spaces, and the shapes of its operands."""

    equation: str
    shapes: tuple[tuple[int, ...], ...]

    @property
    def renamed(self) -> str:
        """The equation with its letters in alphabetical order of appearance: "bij,bik" becomes "abc,abd"."""
        letters = dict.fromkeys(letter for letter in self.equation if letter.isalpha())
        return self.equation.translate({ord(letter): 97 + place for place, letter in enumerate(letters)})

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """The indices of each operand; those that "..." stands for are numbered from the right."""
        terms = self.equation.partition("->")[0].split(",")
        return tuple(_indices(term, len(shape)) for term, shape in zip(terms, self.shapes, strict=True))

    @property
    def output(self) -> Indices:
        """The indices of the result: the equation's, else those that occur once."""
        terms = self.terms
        hidden = {index for term in terms for index in term if not index.isalpha()}
        _, arrow, result = self.equation.partition("->")
        if arrow:
            return frozenset({*result.replace("...", ""), *(hidden if "..." in result else ())})
        every = [index for term in terms for index in term]
        return frozenset({*(index for index in every if every.count(index) == 1), *hidden})

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each index; of broadcast ones the larger."""
        sizes: dict[str, int] = {}
        for term, shape in zip(self.terms, self.shapes, strict=True):
            for index, size in zip(term, shape, strict=True):
                sizes[index] = max(size, sizes.get(index, 1))
        return sizes


def einsum_of(call: FunctionCall) -> Einsum:
    """The einsum that a call asks for; operands with lists of numbers get letters for the numbers."""
    first, *rest = call.args
    if isinstance(first, str):
        operands: Any = rest[0] if rest and isinstance(rest[0], tuple) else rest
        return Einsum(first.replace(" ", ""), tuple(spec.shape for spec in operands))
    shapes = tuple(value.shape for value in call.args if isinstance(value, TensorSpec))
    terms = ["".join(chr(97 + number) for number in value) for value in call.args if isinstance(value, tuple)]
    result = [f"->{terms[-1]}"] if len(terms) > len(shapes) else []
    return Einsum(",".join(terms[: len(shapes)]) + "".join(result), shapes)


def numpy_cost(einsum: Einsum) -> int:
    """The operations of the cheapest order of contractions, by the rules of ``numpy.einsum_path``."""
    terms, output, sizes = [frozenset(term) for term in einsum.terms], einsum.output, einsum.sizes
    if len(terms) < 3 or frozenset().union(*terms) == output:
        return _step(terms, output, sizes)
    limit = max(prod(sizes[index] for index in term) for term in (*einsum.terms, tuple(output)))
    return _cheapest(terms, output, sizes, limit)


def printed_cost(einsum: Einsum) -> int:
    """The "optimized FLOP count" as numpy prints it, which is what tools read: one more, to four digits.

    >>> printed_cost(Einsum("bij,bjk->bik", ((2, 5, 12), (2, 12, 5))))  # 2·(2·5·12·5) + 1
    1201
    """
    return int(float(f"{numpy_cost(einsum) + 1:.3e}"))


def _cheapest(terms: list[Indices], output: Indices, sizes: dict[str, int], limit: int) -> int:
    """Two at a time, all orders tried; where nothing small enough is left, all that remains at once."""
    states = [(0, terms)]
    while len(states[0][1]) > 1:
        found = []
        for cost, left in states:
            for one, other in combinations(left, 2):
                rest = list(left)
                rest.remove(one)
                rest.remove(other)
                result = (one | other) & output.union(*rest)
                if prod(sizes[index] for index in result) <= limit:
                    found.append((cost + _step([one, other], output.union(*rest), sizes), [*rest, result]))
        if not found:
            cost, left = min(states, key=lambda state: state[0])
            return cost + _step(left, output, sizes)
        states = found
    return min(cost for cost, _ in states)


def _step(terms: list[Indices], kept: Indices, sizes: dict[str, int]) -> int:
    every = frozenset().union(*terms)
    return prod(sizes[index] for index in every) * (max(1, len(terms) - 1) + bool(every - kept))


def _indices(term: str, rank: int) -> tuple[str, ...]:
    before, dots, after = term.partition("...")
    hidden = rank - len(before) - len(after) if dots else 0
    return (*before, *(str(number) for number in range(hidden, 0, -1)), *after)
