"""What numpy's ``einsum_path`` says a contraction costs, as tools read it off its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import prod

Term = frozenset[str]
Shape = Sequence[int]


def einsum_flops(equation: str, shapes: Sequence[Shape]) -> int:
    """The "optimized FLOP count" that numpy prints: one more than the best path's, to four digits.

    >>> einsum_flops("bij,bjk->bik", [(2, 5, 12), (2, 12, 5)])  # 2·(2·5·12·5) + 1
    1201
    """
    given, arrow, result = equation.replace(" ", "").partition("->")
    inputs = [_without_dots(term, len(shape)) for term, shape in zip(given.split(","), shapes, strict=True)]
    letters = "".join(inputs)
    dots = {letter for letter in letters if letter.isdigit()}
    named = set(result) - {"."} if arrow else {letter for letter in letters if letters.count(letter) == 1}
    output = frozenset(named | dots) if "." in result or not arrow else frozenset(named)
    sizes: dict[str, int] = {}
    for term, shape in zip(inputs, shapes, strict=True):
        for letter, size in zip(term, shape, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1))
    limit = max(prod(sizes[letter] for letter in term) for term in [*inputs, "".join(output)])
    return int(float(f"{_best([frozenset(term) for term in inputs], output, sizes, limit) + 1:.3e}"))


def _without_dots(term: str, rank: int) -> str:
    """A term with digits in place of its dots, counted from the last dimension that they stand for."""
    if "..." not in term:
        return term
    return term.replace("...", "".join(str(place) for place in reversed(range(rank - len(term) + 3))))


def _best(terms: list[Term], output: Term, sizes: Mapping[str, int], limit: int) -> int:
    """The cheapest order of contracting pairs of which no result has more than ``limit`` elements."""
    if len(terms) <= 2 or frozenset().union(*terms) == output:
        return _together(terms, output, sizes)
    paths = [(0, terms)]
    while len(paths[0][1]) > 1:
        longer = list(_one_pair_more(paths, output, sizes, limit))
        if not longer:
            cost, left = min(paths, key=lambda path: path[0])
            return cost + _together(left, output, sizes)
        paths = longer
    return min(cost for cost, _ in paths)


def _one_pair_more(
    paths: Iterable[tuple[int, list[Term]]], output: Term, sizes: Mapping[str, int], limit: int
) -> Iterable[tuple[int, list[Term]]]:
    for cost, terms in paths:
        for pair in combinations(range(len(terms)), 2):
            chosen = [terms[place] for place in pair]
            rest = [term for place, term in enumerate(terms) if place not in pair]
            kept = output.union(*rest)
            made = frozenset().union(*chosen) & kept
            if prod(sizes[letter] for letter in made) <= limit:
                yield cost + _together(chosen, kept, sizes), [*rest, made]


def _together(terms: list[Term], kept: Term, sizes: Mapping[str, int]) -> int:
    """Contracting these terms at once: a product for each but the first, and a sum where an index goes away."""
    indices = frozenset().union(*terms)
    return prod(sizes[letter] for letter in indices) * (max(1, len(terms) - 1) + bool(indices - kept))
