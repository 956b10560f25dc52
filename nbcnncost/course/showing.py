"""Formulas of questions as text: in symbols, and with their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from nbcnncost.course.parts import Part
from nbcnncost.course.rewriting import Ratio

#: More summands than this nobody reads.
_MOST = 3


def summed(parts: Sequence[Part], ratios: Sequence[Ratio], *, numbers: bool) -> str:
    """The formulas of all parts; of many the first ones."""
    texts = [one(part, ratio, numbers=numbers) for part, ratio in zip(parts, ratios, strict=True)]
    if len(texts) == 1:
        return texts[0]
    shown = [f"{part.name}: {text}" for part, text in zip(parts, texts, strict=True)] if not numbers else texts
    joint = " + " if numbers else "; "
    return joint.join([*shown[:_MOST], *(["…"] if len(shown) > _MOST else [])])


def one(part: Part, ratio: Ratio, *, numbers: bool) -> str:
    """One formula; what divides it stands behind a stroke."""
    above, below = ratio.shown(part.spatial)
    sides = [side.numbers(part.values) if numbers else side.symbols(part.values) for side in (above, below) if side]
    return sides[0] if len(sides) == 1 else divided(*sides)


def divided(above: str, below: str) -> str:
    """A quotient; sums and products stand in brackets."""
    return f"{_bracketed(above)}/{_bracketed(below)}"


def latex(part: Part) -> str:
    """The right formula of a part as LaTeX, without dollar signs."""
    above, below = part.right.shown(part.spatial)
    if below is None:
        return above.latex(part.values)
    return rf"\frac{{{above.latex(part.values)}}}{{{below.latex(part.values)}}}"


def _bracketed(text: str) -> str:
    return f"({text})" if any(mark in text for mark in " ·;") else text
