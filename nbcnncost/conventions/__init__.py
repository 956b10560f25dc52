"""The conventions by name: what one operation counts as."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from nbcnncost.conventions.base import Convention, Reckoned, Rule, symbol_values
from nbcnncost.conventions.flop_counter_mode import flop_counter_mode
from nbcnncost.conventions.macs import macs
from nbcnncost.conventions.paper import paper
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.conventions.textbook import textbook
from nbcnncost.errors import CostError

__all__ = [
    "CONVENTIONS",
    "PEERS",
    "Convention",
    "Part",
    "Peer",
    "Reckoned",
    "Rule",
    "convention",
    "macs",
    "symbol_values",
    "textbook",
]

#: The tools whose numbers can be reproduced.
PEERS: tuple[Peer, ...] = (flop_counter_mode,)
#: Every convention by its name; the first is the default.
CONVENTIONS: Mapping[str, Convention] = MappingProxyType(
    {entry.name: entry for entry in (textbook, macs, paper, *PEERS)}
)


def convention(name: str | Convention) -> Convention:
    """The convention of that name; a :class:`Convention` is given back as it is.

    >>> convention("macs").unit
    'MACs'
    """
    if isinstance(name, Convention):
        return name
    if name in CONVENTIONS:
        return CONVENTIONS[name]
    near = difflib.get_close_matches(str(name), CONVENTIONS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    raise CostError(f"there is no convention {name!r}{hint} there are: {', '.join(CONVENTIONS)}")
