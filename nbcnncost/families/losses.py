"""Losses, where a forward computes them: the terms of each definition, then the reduction.

Each value is summed ``n_sum`` times (0 where the loss is not reduced) and weighed ``n_w`` times, by a weight of its own
or by the mean's 1/n.
"""

from __future__ import annotations

from nbcnncost.families.entry import formula
from nbcnncost.work import Formula


def _loss(kind: str, title: str, why: str, base: str = "n_in", **per: int) -> Formula:
    return formula(
        kind,
        title,
        (base, per),
        (f"n_sum * {base}", {"additions": 1}),
        (f"n_w * {base}", {"multiplications": 1}),
        why=f"{why}; then summed, and weighed for the mean",
    )


FORMULAS = (
    _loss("mse_loss", "squared error", "difference, square", additions=1, multiplications=1),
    _loss(
        "smooth_l1_loss",
        "smooth L1 loss",
        "difference, absolute, compare, square, halve, divide by β, subtract β/2",
        additions=2,
        comparisons=2,
        multiplications=2,
        divisions=1,
    ),
    _loss(
        "huber_loss",
        "Huber loss",
        "difference, absolute, compare, square, halve, subtract δ/2, times δ",
        additions=2,
        comparisons=2,
        multiplications=3,
    ),
    _loss(
        "binary_cross_entropy",
        "binary cross-entropy",
        "two logs, two differences from 1, two products, sum, negate",
        specials=2,
        additions=4,
        multiplications=2,
    ),
    _loss(
        "binary_cross_entropy_with_logits",
        "binary cross-entropy of logits",
        "max(x, 0) − x·y + log(1 + exp(−|x|)), an operation each",
        comparisons=2,
        additions=4,
        multiplications=1,
        specials=2,
    ),
    _loss("nll_loss", "negative log-likelihood", "picked and negated", base="N", additions=1),
    _loss(
        "soft_margin_loss",
        "soft margin loss",
        "product, negate, exp, add, log",
        multiplications=1,
        additions=2,
        specials=2,
    ),
    formula(
        "multi_margin_loss",
        "multi-class margin loss",
        ("N * (C - 1)", {"additions": 3, "comparisons": 1, "multiplications": 1}),
        ("squared * N * (C - 1)", {"multiplications": 1}),
        ("n_sum * N", {"additions": 1}),
        ("n_w * N", {"multiplications": 1}),
        why="every other class: margin − x_y + x_i, maximum with 0, squared if p is 2; summed, weighed by 1/C",
    ),
)
