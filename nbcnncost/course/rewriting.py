"""A mistake as another formula: what a student put in the place of a part of the right one.

Formulas are written as in :mod:`nbcnncost.expressions`. What is put in may stand for every axis at once:
``[A_in + 2 * P_s]`` is the product over the axes, with ``A`` for the axis (``H``) and ``s`` for its small letter;
``<K_s>`` is the first axis alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from nbcnncost.expressions import Expression, axes, expression

_EACH = re.compile(r"\[([^\[\]]*)\]")
_FIRST = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True)
class Ratio:
    """A formula's text, and what it is divided by: ``over`` is ``"1"`` for a whole number."""

    text: str
    over: str = "1"

    def value(self, values: Mapping[str, int], spatial: int) -> Fraction:
        """The number, exactly."""
        above = expression(self.text, spatial).value(values)
        return Fraction(above) if self.over == "1" else Fraction(above, expression(self.over, spatial).value(values))

    def shown(self, spatial: int) -> tuple[Expression, Expression | None]:
        """Both texts, ready to be shown."""
        return expression(self.text, spatial), None if self.over == "1" else expression(self.over, spatial)


@dataclass(frozen=True)
class Rewrite:
    """What becomes of the right formula: ``whole`` with the right one in its place, then parts replaced by others.

    In ``whole``, and in ``over``, which replaces what divides it, the words ``RIGHT`` and ``OVER`` stand for the right
    formula and for what divides that, other capital words for what the question knows beside it (``PARAMS``).
    """

    whole: str = "RIGHT"
    parts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    over: str = ""

    @property
    def keeps(self) -> bool:
        """Whether the right formula is still in there, so that another mistake can be made in it, too."""
        return "RIGHT" in self.whole

    def __call__(self, right: Ratio, context: Mapping[str, str], spatial: int) -> Ratio | None:
        """The formula with the mistake in it; ``None`` where there is no place for it."""
        known = {**context, "RIGHT": right.text, "OVER": right.over}
        named = re.findall(r"\b[A-Z]{3,}\b", f"{self.whole} {self.over}")
        if any(word not in known for word in named if word not in _WORDS):
            return None
        text, over = (replaced(expanded(side, spatial), known) for side in (self.whole, self.over or "OVER"))
        if self.parts:
            parts = tuple((name, expanded(put, spatial)) for name, put in self.parts.items())
            changed = _replaced(text, parts), over if over == "1" else _replaced(over, parts)
            if changed == (text, over):
                return None
            text, over = changed
        return Ratio(text, over)


#: Words of the formulas' language, which are no names of a context.
_WORDS = frozenset({"OUT", "WINDOWS"})


def for_axis(text: str, axis: str) -> str:
    """A text that holds for every axis, for this one.

    >>> for_axis("A_in + 2 * P_s", "H")
    'H_in + 2 * P_h'
    """
    return re.sub(r"\bA(?=_)", axis, re.sub(r"(?<=_)s\b", axis.lower(), text))


@lru_cache(maxsize=4096)
def expanded(text: str, spatial: int) -> str:
    """Without brackets: what stands for every axis is written out.

    >>> expanded("[A_in + 2 * P_s]", 2), expanded("<K_s>", 2), expanded("[A_in]", 0)
    ('(H_in + 2 * P_h) * (W_in + 2 * P_w)', 'K_h', '1')
    """
    letters = axes(spatial)

    def each(match: re.Match[str]) -> str:
        return " * ".join(f"({for_axis(match[1], axis)})" for axis in letters) or "1"

    def first(match: re.Match[str]) -> str:
        return for_axis(match[1], letters[0]) if letters else "1"

    return _FIRST.sub(first, _EACH.sub(each, text))


def replaced(text: str, parts: Mapping[str, str]) -> str:
    """The text with every part, a formula of its own, replaced by another; as it was where none is in there.

    >>> replaced("2 * (N * OUT) + b", {"N * OUT": "macs"})
    '2 * macs + b'
    """
    return _replaced(text, tuple(parts.items()))


@lru_cache(maxsize=16384)
def _replaced(text: str, parts: tuple[tuple[str, str], ...]) -> str:
    """The text with every part replaced; it comes back as it was where none is in there."""
    tree = ast.parse(text, mode="eval")
    replacer = _Replacer({_form(part): put for part, put in parts})
    new = replacer.visit(tree)
    return ast.unparse(new) if replacer.found else text


def _form(text: str) -> str:
    return ast.dump(ast.parse(text, mode="eval").body)


class _Replacer(ast.NodeTransformer):
    def __init__(self, puts: Mapping[str, str]) -> None:
        self.puts = puts
        self.found = False

    def generic_visit(self, node: ast.AST) -> ast.AST:
        put = self.puts.get(ast.dump(node)) if isinstance(node, ast.expr) else None
        if put is None:
            return super().generic_visit(node)
        self.found = True
        return ast.parse(put, mode="eval").body
