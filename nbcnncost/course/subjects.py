"""What a sheet is about and what it asks for, as people write it: taken where it makes sense, else refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbcnncost.course import messages
from nbcnncost.course.layers import Layer
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import shortened
from nbcnncost.course.quantities import QUANTITIES, SIZES
from nbcnncost.course.questions import Question
from nbcnncost.errors import CostError, InputError

#: What a ratio of two designs may be of: what adds up over their layers.
_AMOUNTS = tuple(
    name for name in QUANTITIES if name not in (*SIZES, "receptive_field", "intensity", "training_ratio", "ratio")
)


def several(name: object, about: Any) -> tuple[Layer, ...]:
    """One layer, or a row of them, as a row."""
    made = (about,) if isinstance(about, Layer) else tuple(about) if isinstance(about, Iterable) else ()
    other = next((entry for entry in made if not isinstance(entry, Layer)), about)
    if not made or other is not about:
        raise InputError(say(messages.NO_LAYERS, name=name, type=type(other).__name__))
    return made


def known(quantity: Any) -> str:
    """The name of a quantity that there is."""
    if not isinstance(quantity, str) or quantity not in QUANTITIES:
        raise InputError(say(messages.NO_QUANTITY, quantity=shortened(quantity), quantities=", ".join(QUANTITIES)))
    return quantity


def amount(quantity: Any) -> str:
    """The name of a quantity that two designs can be compared by."""
    if known(quantity) not in _AMOUNTS:
        raise InputError(say(messages.NO_AMOUNT, quantity=quantity, quantities=", ".join(_AMOUNTS)))
    return str(quantity)


def asked(ask: Any) -> tuple[str, ...]:
    """The quantities that are asked for: one name or several; none stands for the usual ones."""
    if ask is None or isinstance(ask, str):
        return (known(ask),) if ask else ()
    if not isinstance(ask, Iterable):
        return (known(ask),)
    return tuple(map(known, ask))


def only(questions: Sequence[Question], ask: Sequence[str]) -> list[Question]:
    """Those of some questions that ask for these quantities; all where nothing is said."""
    there = [entry.quantity.name for entry in questions]
    for name in ask:
        if name not in there:
            names = ", ".join(dict.fromkeys(there))
            raise CostError(say(messages.NOT_ASKED, quantity=name, quantities=names))
    return [entry for entry in questions if not ask or entry.quantity.name in ask]


def renamed(named: Mapping[Any, Any]) -> list[Question]:
    """The questions of a dict that holds nothing else, each with its name there; else none."""
    if not all(isinstance(entry, Question) for entry in named.values()):
        return []
    return [replace(entry, key=f"{name}.{entry.quantity.name}", feeds=()) for name, entry in named.items()]
