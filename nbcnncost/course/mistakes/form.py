"""What a mistake is: an id, and what becomes of the right formula of each quantity that it can be made in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from nbcnncost.course.layers import plain_kind
from nbcnncost.course.parts import Part
from nbcnncost.course.rewriting import Ratio, Rewrite

# The quantities, and the kinds of layers, that a mistake may be made in.
COUNTS = ("macs", "flops")
WEIGHTS = ("params", "weight_bytes", "weight_mb")
OUTPUTS = ("elements", "activation_bytes", "activation_mb")
BYTES = ("activation_bytes", "weight_bytes", "activation_mb", "weight_mb")
ALL = (*COUNTS, *WEIGHTS)
CONVOLUTIONS = ("convolution",)
TRANSPOSED = ("transposed_convolution",)
FILTERS = (*CONVOLUTIONS, *TRANSPOSED)
POOLS = ("max_pool", "average_pool", "adaptive_max_pool", "adaptive_average_pool")
NORMS = ("batch_norm", "instance_norm", "group_norm")
WINDOWS = (*CONVOLUTIONS, *POOLS)
RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")

#: What a mistake hinges on: a symbol, with ``s`` for any axis or layer, and the value that leaves nothing to mistake.
_HINGES = MappingProxyType(
    {
        **dict.fromkeys(("groups_ignored", "groups_squared"), ("g", 1)),
        **dict.fromkeys(("dilation_counted", "dilation_ignored", "field_dilations_ignored"), ("D_s", 1)),
        **dict.fromkeys(("stride_ignored", "stride_twice", "field_strides_ignored", "field_own_stride"), ("S_s", 1)),
        **dict.fromkeys(("ceil_for_floor", "round_for_floor", "not_rounded"), ("S_s", 1)),
        **dict.fromkeys(("kernel_one_side", "window_forgotten"), ("K_s", 1)),
        **dict.fromkeys(("padding_ignored", "padding_once"), ("P_s", 0)),
        **dict.fromkeys(("batch_counted", "batch_forgotten"), ("N", 1)),
        **dict.fromkeys(("shared_per_call", "calls_forgotten"), ("u", 1)),
    }
)


def _stands_for(name: str, symbol: str) -> bool:
    """Whether a symbol is the one of that name, whole: ``D_h`` and ``D_2`` are a ``D_s``, ``D_in`` is not."""
    return re.fullmatch(name.replace("_s", r"_([dhwl]|\d+)"), symbol) is not None


@dataclass(frozen=True)
class Form:
    """What a mistake makes of the formula of some quantities; of some kinds of layers only, where ``kinds`` says so.

    ``needs`` are symbols that must not be 0 (a bias that is forgotten must be there), ``absent`` one that must be.
    """

    quantities: tuple[str, ...]
    rewrite: Rewrite
    kinds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    absent: str = ""

    def of(self, part: Part, right: Ratio) -> Ratio | None:
        """The wrong formula; ``None`` where the mistake cannot be made."""
        if part.quantity not in self.quantities or (self.kinds and plain_kind(part.kind) not in self.kinds):
            return None
        if not all(part.values.get(symbol) for symbol in self.needs) or part.values.get(self.absent):
            return None
        made = self.rewrite(right, part.context, part.spatial)
        return made if made is not None and part.knows(made) else None


@dataclass(frozen=True)
class Mistake:
    """A mistake: its id, what was done, and why it is wrong."""

    id: str
    title: str
    why: str
    forms: tuple[Form, ...] = ()

    def is_open(self, part: Part) -> bool:
        """Whether the layer has what the mistake is about: groups, a stride, a padding that could be forgotten."""
        hinge = _HINGES.get(self.id)
        if hinge is None:
            return True
        name, usual = hinge
        return any(value > usual for symbol, value in part.values.items() if _stands_for(name, symbol))

    def of(self, part: Part, right: Ratio | None = None) -> Ratio | None:
        """The formula with this mistake in it: of the part's right formula, or of one with another mistake."""
        right = part.right if right is None else right
        return next((found for entry in self.forms if (found := entry.of(part, right)) is not None), None)

    def keeps(self, part: Part) -> bool:
        """Whether the right formula stays in there, so that another mistake can be made beside this one."""
        return any(entry.rewrite.keeps for entry in self.forms if entry.of(part, part.right) is not None)

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that it can be made in."""
        return tuple(dict.fromkeys(name for entry in self.forms for name in entry.quantities))


def form(
    quantities: tuple[str, ...],
    whole: str = "RIGHT",
    parts: Mapping[str, str] = MappingProxyType({}),
    *,
    kinds: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    absent: str = "",
    over: str = "",
) -> Form:
    """What a mistake makes of these quantities: the whole formula as another, parts of it, or what divides it."""
    return Form(quantities, Rewrite(whole, MappingProxyType(dict(parts)), over), kinds, needs, absent)
