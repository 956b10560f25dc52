"""A formula's text as MathML: what a browser typesets and a screen reader speaks, without a script."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import escape
from typing import TYPE_CHECKING

from nbcnncost.units import exact
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.explain import Line

_PIECES = re.compile(r"(?P<number>\d+(?:,\d{3})*)|(?P<name>[^\W\d]\w*)|(?P<space>\s+)|(?P<mark>.)", re.DOTALL)
_FENCES = frozenset("()⌊⌋")


def formula(text: str, symbols: Collection[str]) -> str:
    """A formula's text as the inside of a ``<math>``; names that are none of its symbols stay words.

    >>> formula("2·H_out/g", ["H_out", "g"])
    '<mn>2</mn><mo>·</mo><msub><mi>H</mi><mi>out</mi></msub><mo>/</mo><mi>g</mi>'
    """
    return "".join(_piece(found, symbols) for found in _PIECES.finditer(clean(text)))


def symbol(name: str) -> str:
    """One symbol: ``K_h`` has an index, ``ΣK_h`` is the sum of such."""
    head, _, tail = name.partition("_")
    sign = "<mo>Σ</mo>" if head.startswith("Σ") and len(head) > 1 else ""
    base = f"<mi>{escape(head.removeprefix('Σ') if sign else head)}</mi>"
    return sign + (f"<msub>{base}<mi>{escape(tail)}</mi></msub>" if tail else base)


def math(inside: str) -> str:
    """A whole expression that stands in a line of text."""
    return f"<math>{inside}</math>"


def line(explained: Line) -> str:
    """An explained number: symbols, numbers and result below each other, at their equals signs."""
    names = {name for name, _, _ in explained.where}
    result = "?" if explained.result is None else exact(explained.result)
    steps = [step for step in dict.fromkeys([explained.symbols, explained.numbers]) if step and step != result]
    shown = [*(formula(step, names) for step in steps), quantity(result, explained.unit)]
    left = symbol(explained.label) if explained.title == "output size" else ""
    return equation(left, shown)


def quantity(number: str, unit: str) -> str:
    """A number's text with its unit."""
    return formula(number, ()) + (f"<mtext>\N{NO-BREAK SPACE}{words(unit)}</mtext>" if unit else "")


def words(text: str) -> str:
    """A user's words as they may stand in MathML."""
    return escape(clean(text))


def equation(left: str, steps: Collection[str]) -> str:
    """Steps that are equal, one in each row; ``left`` is what they are, where that has a symbol."""
    rows = []
    for number, step in enumerate(steps):
        sign = "<mo>=</mo>" if number or left else ""
        rows.append(f"<mtr><mtd>{'' if number else left}</mtd><mtd>{sign}</mtd><mtd>{step}</mtd></mtr>")
    return f'<math display="block"><mtable>{"".join(rows)}</mtable></math>'


def _piece(found: re.Match[str], symbols: Collection[str]) -> str:
    text = found[0]
    if found.lastgroup == "number":
        return f"<mn>{text}</mn>"
    if found.lastgroup == "name":
        return symbol(text) if text in symbols else f"<mtext>{escape(text)}</mtext>"
    if found.lastgroup == "space":
        return ""
    if text in _FENCES:
        return f'<mo stretchy="false">{text}</mo>'
    return f"<mo>{escape(text)}</mo>"
