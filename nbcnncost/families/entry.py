"""How an entry of the table of formulas is written."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.work import Formula, Term

TEXTBOOK = "textbook (Ye Tingyun)"
EXTENDED = "by the textbook's reasoning"
MAC = {"macs": 1}
#: One sum of products, however long it is.
SUM = {"dot_products": 1}


def formula(
    kind: str,
    title: str,
    *terms: tuple[str, dict[str, int]],
    why: str,
    source: str = EXTENDED,
    params: str | None = None,
) -> Formula:
    """A kind with its terms: so many elementary operations at each of so many places."""
    return Formula(kind, title, tuple(Term(base, MappingProxyType(per)) for base, per in terms), why, source, params)


def each(kind: str, title: str, why: str, *, base: str = "n", source: str = EXTENDED, **per: int) -> Formula:
    """A kind that costs the same at each element: of the output, unless ``base`` says otherwise."""
    return formula(kind, title, *([(base, per)] if per else []), why=why, source=source)
