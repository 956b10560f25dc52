"""The conventions by name: what one operation counts as."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from nbcnncost.conventions.base import Convention, Reckoned, Rule, symbol_values
from nbcnncost.conventions.calflops import calflops
from nbcnncost.conventions.deepspeed import deepspeed
from nbcnncost.conventions.flop_counter_mode import flop_counter_mode
from nbcnncost.conventions.fvcore import fvcore
from nbcnncost.conventions.macs import macs
from nbcnncost.conventions.paper import paper
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.conventions.ptflops import ptflops
from nbcnncost.conventions.ptflops_aten import ptflops_aten
from nbcnncost.conventions.textbook import textbook
from nbcnncost.conventions.thop import thop
from nbcnncost.conventions.torchinfo import torchinfo
from nbcnncost.conventions.torchprofile import torchprofile
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
PEERS: tuple[Peer, ...] = (
    torchinfo,
    fvcore,
    ptflops,
    ptflops_aten,
    thop,
    torchprofile,
    calflops,
    deepspeed,
    flop_counter_mode,
)
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
