"""Element-wise functions that take more than one operation."""

from __future__ import annotations

from nbcnncost.families.entry import each

FORMULAS = (
    each(
        "scaled_multiply_add",
        "multiply, scale and add (addcmul)",
        "three an element",
        multiplications=2,
        additions=1,
    ),
    each("divide_add", "divide and add (addcdiv)", "two an element", divisions=1, additions=1),
    each(
        "scaled_divide_add",
        "divide, scale and add (addcdiv)",
        "three an element",
        divisions=1,
        multiplications=1,
        additions=1,
    ),
    each("lerp", "linear interpolation (lerp)", "difference, product, sum", additions=2, multiplications=1),
    each("hypot", "length of two sides", "two squares, a sum, the root", multiplications=2, additions=1, specials=1),
    each("logit", "logit", "subtract from 1, divide, log", additions=1, divisions=1, specials=1),
    each("times_log", "product with a logarithm", "log, product", specials=1, multiplications=1),
    each("hardshrink", "hardshrink", "two comparisons", comparisons=2),
    each("softshrink", "softshrink", "two comparisons, two differences", comparisons=2, additions=2),
)
