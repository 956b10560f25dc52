"""How a piece of a backward pass is written: a formula, and the arguments whose gradients it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Gradient
from nbcnncost.work import Formula, Term

SOURCE = "the derivative's definition"
PRODUCT = "a product of the forward's size"
MAC = {"macs": 1}
BIAS = {"bias_additions": 1}
ADD = {"additions": 1}


@dataclass(frozen=True)
class Part:
    """A piece of the backward pass of one kind: its formula, and whose gradient it is.

    ``roles`` are the arguments it is computed for (none: for any), once for each of them, or ``once`` for all.
    """

    formula: Formula
    roles: tuple[str, ...] = ()
    once: bool = False

    def wanted(self, gradients: Sequence[Gradient]) -> Sequence[Gradient]:
        """The gradients that this piece is computed for."""
        found = [gradient for gradient in gradients if not self.roles or gradient.role in self.roles]
        return found[:1] if self.once else found


def piece(
    kind: str, roles: str, why: str, *terms: tuple[str, dict[str, int]], once: bool = False, of: str = "input"
) -> tuple[str, Part]:
    """A piece for these roles; one for any role is a gradient ``of`` something by its name."""
    names = tuple(roles.split())
    title = FORMULAS[kind].title if kind in FORMULAS else kind.replace("_", " ")
    formula = Formula(
        "_".join((kind, "backward", *(names or (of,)))),
        f"{title}, gradient of the {' and '.join(names) or of}",
        tuple(Term(base, MappingProxyType(per)) for base, per in terms),
        why,
        SOURCE,
    )
    return kind, Part(formula, names, once)


def each(kind: str, why: str, *, roles: str = "", base: str = "n", **per: int) -> tuple[str, Part]:
    """The same at each element: of the output, unless ``base`` says otherwise."""
    return piece(kind, roles, why, *([(base, per)] if per else []))


def layer(kind: str, product: str, outputs: str, *, macs: int = 1, sums: int = 1) -> tuple[tuple[str, Part], ...]:
    """A layer whose gradients are products of the forward's size; a complex product is several real ones."""
    return (
        piece(kind, "input", f"{PRODUCT}: the output's gradient meets the weights", (product, {"macs": macs})),
        piece(kind, "weight", f"{PRODUCT}: the output's gradient meets the input", (product, {"macs": macs})),
        piece(kind, "bias", "the output's gradient, summed", (outputs, {"bias_additions": sums})),
    )


def again(kind: str, why: str) -> tuple[str, Part]:
    """A gradient that takes what the forward takes."""
    return piece(kind, "", why, *((term.base, dict(term.per)) for term in FORMULAS[kind].terms))


def norm(kind: str, base: str, why: str, **per: int) -> tuple[tuple[str, Part], ...]:
    """A normalization: its input's gradient, and those of its scale and shift."""
    return (
        piece(kind, "input", why, (base, per)),
        piece(
            kind,
            "weight",
            "the gradient times the normalized input, summed",
            (base, {"multiplications": 1, "additions": 1}),
        ),
        piece(kind, "bias", "the output's gradient, summed", (base, ADD)),
    )


def recurrent(kind: str, gates: int, hidden: str, why: str, **per: int) -> tuple[tuple[str, Part], ...]:
    """A recurrent layer, back through time."""
    unit = f"{gates} * " if gates > 1 else ""
    product = f"{unit}T * F"
    return (
        piece(kind, "", f"back through the steps: a product for the hidden state between two; {why}",
            (f"{unit}(T - T_0) * F * {hidden}", MAC), ("T * F", per), once=True, of="states"),
        piece(kind, "state", "the first steps' product, where the initial state needs a gradient",
            (f"{unit}T_0 * F * {hidden}", MAC), once=True),
        piece(kind, "input", f"{PRODUCT} with the input's weights", (f"{product} * I", MAC), once=True),
        piece(kind, "weight", f"{PRODUCT} for both matrices", (f"{product} * (I + {hidden})", MAC), once=True),
        piece(kind, "bias", "the gates' gradients, summed over the steps", (product, BIAS), once=True),
    )  # fmt: skip
