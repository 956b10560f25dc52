"""Sums, norms and orders over an axis, beyond the plain sum, mean and maximum."""

from __future__ import annotations

from nbcnncost.families.entry import each, formula
from nbcnncost.work import Formula


def _norm(kind: str, title: str, why: str, root: int, **per: int) -> Formula:
    terms: list[tuple[str, dict[str, int]]] = [("n_in", per)]
    return formula(kind, title, *terms, *([("n", {"specials": root})] if root else []), why=why)


FORMULAS = (
    each("product", "product over an axis", "one for each element of the input", base="n_in", multiplications=1),
    _norm("norm", "norm over an axis", "square and sum each element, a root each", 1, multiplications=1, additions=1),
    _norm("norm_1", "sum of absolute values", "absolute and sum each element", 0, comparisons=1, additions=1),
    _norm("norm_0", "number of non-zeros", "compare and sum each element", 0, comparisons=1, additions=1),
    _norm("norm_max", "largest absolute value", "absolute and compare each element", 0, comparisons=2),
    _norm(
        "norm_p",
        "norm of any order",
        "absolute, power and sum each element, a root each",
        1,
        comparisons=1,
        specials=1,
        additions=1,
    ),
    formula(
        "logsumexp",
        "log of summed exponentials",
        ("n_in", {"comparisons": 1, "additions": 2, "specials": 1}),
        ("n", {"additions": 1, "specials": 1}),
        why="maximum, subtract, exp, sum; then the log and the maximum again",
    ),
    each(
        "log_add_exp",
        "log of added exponentials",
        "max + log(1 + exp(−|a − b|)), an operation each",
        comparisons=2,
        additions=4,
        specials=2,
    ),
    formula(
        "sort",
        "sorting along an axis",
        ("n_in * s", {"comparisons": 1}),
        why="merging sorted halves: a comparison for each element and stage",
    ),
    formula(
        "search",
        "finding places in an order",
        ("n * s", {"comparisons": 1}),
        why="a comparison for each time that the places left are halved",
    ),
    each(
        "embedding_bag",
        "embedding bag, sum",
        "each value looked up is added",
        base="n_in",
        additions=1,
    ),
    each(
        "embedding_bag_weighed",
        "embedding bag, mean or weighed sum",
        "each value looked up is weighed and added",
        base="n_in",
        additions=1,
        multiplications=1,
    ),
    each("embedding_bag_max", "embedding bag, maximum", "each value looked up is compared", base="n_in", comparisons=1),
    formula(
        "weight_norm",
        "weight normalization",
        ("n", {"multiplications": 2, "additions": 1}),
        ("n_g", {"specials": 1, "divisions": 1}),
        why="square, sum and scale each element; a root and g/‖v‖ for each norm",
        params="n + n_g",
    ),
    formula(
        "renorm",
        "renormalization of weights",
        ("n", {"multiplications": 2, "additions": 1}),
        ("n_g", {"specials": 1, "comparisons": 1, "divisions": 1}),
        why="square, sum and scale each element; a root, a comparison and a quotient for each norm",
    ),
)
