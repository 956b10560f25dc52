"""Numbers as text of which some may not be known, and two beside each other: each side, the difference, the ratio."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nbcnncost.units import exact, percent, si

if TYPE_CHECKING:
    from nbcnncost.entries import Entry
    from nbcnncost.rows import Row

#: A number longer than this (12 digits in groups of three, and a sign) stands in three digits and a prefix.
LONGEST = 16
_EXACT_BELOW = 10_000


def partly(number: int | None, unknown: int, text: Callable[[int], str] = exact) -> str:
    """A number of which some may not be known: ``123``, ``123 + ?`` or ``?``."""
    if number is None or (unknown and not number):
        return "?"
    return f"{text(number)} + ?" if unknown else text(number)


def side(row: Row | None, key: str, *, short: bool = False) -> str:
    """A number of one side: ``1,234``, ``1,234 + ?`` or ``?``; empty where the layer does not exist."""
    return "" if row is None else partly(row.number(key), row.lacks(key), _short if short else exact)


def signed(number: int, *, short: bool = False) -> str:
    """A difference with its sign, zero without one.

    >>> signed(1234), signed(-1234), signed(0), signed(-12_345_678, short=True)
    ('+1,234', '−1,234', '0', '−12.3 M')
    """
    size = abs(number)
    text = _short(size) if short else exact(size)
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{text}"


def _short(size: int) -> str:
    return exact(size) if size < _EXACT_BELOW else si(size)


def change(entry: Entry, key: str, *, short: bool = False) -> str:
    """How much more or less: ``+1,234``; ``+1,234 + ?`` and ``?`` where not all is known."""
    known = signed(entry.known(key), short=short)
    if entry.is_known(key):
        return known
    return f"{known} + ?" if entry.known(key) and None not in entry.numbers(key) else "?"


def ratio(part: int, whole: int) -> str:
    """How many times one number is another.

    >>> ratio(2, 1), ratio(1, 3), ratio(1, 1000), ratio(5, 0)
    ('2.00×', '0.333×', '0.001×', '')
    """
    return multiple(part / whole) if whole else ""


def multiple(times: float) -> str:
    """A factor with about three digits.

    >>> multiple(1234.5), multiple(12.345), multiple(0.1234), multiple(0.0001)
    ('1,234×', '12.3×', '0.123×', '<0.001×')
    """
    if times >= 1:
        return f"{times:,.0f}×" if times >= 100 else f"{times:.1f}×" if times >= 10 else f"{times:.2f}×"
    return f"{times:.3f}×" if not times or times >= 0.0005 else "<0.001×"


def times(part: int, whole: int) -> str:
    """The ratio, or in percent by how much two numbers differ that are nearly the same.

    >>> times(199, 100), times(1003, 1000), times(997, 1000)
    ('1.99×', '+0.3 %', '−0.3 %')
    """
    if abs(part - whole) >= 0.1 * whole:
        return ratio(part, whole)
    return f"{'−' if part < whole else '+'}{percent(abs(part - whole), whole)}"
