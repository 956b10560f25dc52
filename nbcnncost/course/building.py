"""Questions from layers, models and pairs of designs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from nbcnncost.conventions import Convention
from nbcnncost.course import messages, quantities
from nbcnncost.course.layers import Layer
from nbcnncost.course.messages import say
from nbcnncost.course.parts import Part
from nbcnncost.course.quantities import QUANTITIES, SIZES
from nbcnncost.course.questions import Feed, Question
from nbcnncost.course.rewriting import Ratio
from nbcnncost.course.training import step_texts
from nbcnncost.errors import CostError
from nbcnncost.expressions import axes

#: What is asked of all layers of a model together: what adds up, and what a step takes of the whole.
_TOTALS = ("params", "macs", "flops", "weight_bytes", "weight_mb", "training_ratio")
#: What feeds what, besides output sizes: the earlier question's answer goes on into the later one.
_FEEDS = {
    "flops": "macs",
    "weight_bytes": "params",
    "weight_mb": "weight_bytes",
    "activation_mb": "activation_bytes",
    "intensity": "flops",
}


def layer_questions(name: str, layers: Sequence[Layer], convention: Convention, asked: Sequence[str]) -> list[Question]:
    """The questions about a layer, or about the layers of a row together; what makes no sense is left out."""
    found = (question(name, layers, quantity, convention) for quantity in QUANTITIES if quantity in asked)
    return [entry for entry in found if entry is not None and entry.value]


def total_questions(
    named: Mapping[str, Sequence[Layer]], convention: Convention, asked: Sequence[str]
) -> list[Question]:
    """The questions about all layers together; each part has its layer's name."""
    layers = [layer for own in named.values() for layer in own]
    titled = ((name, title) for name, own in named.items() for title in (_titles(own) if len(own) > 1 else [""]))
    names = [f"{name}, {title}" if title else name for name, title in titled]
    sums = [name for name in QUANTITIES if name in asked and name in _TOTALS]
    found = (question("total", layers, quantity, convention, names) for quantity in sums)
    return [entry for entry in found if entry is not None and entry.value]


def question(
    name: str, layers: Sequence[Layer], quantity: str, convention: Convention, names: Sequence[str] = ()
) -> Question | None:
    """One question about a layer, or about several together; ``None`` where there is nothing to ask."""
    if quantity in _OF_STACKS:
        return _OF_STACKS[quantity](name, layers, convention)
    named = zip(names or _titles(layers), layers, strict=True)
    known = [(layer, part(own, layer, quantity, convention)) for own, layer in named]
    there = [(layer, made) for layer, made in known if made is not None]
    is_of_one = quantity in SIZES or quantity.startswith(("elements", "activation", "intensity"))
    if not there or (is_of_one and len(layers) != 1):
        return None  # what comes out of several operations together is not the sum of what each hands on
    about = layers[0].text if len(layers) == 1 else ""
    used = tuple(layer for layer, _ in there)
    return Question(
        f"{name}.{quantity}",
        QUANTITIES[quantity],
        tuple(made for _, made in there),
        convention,
        layers=used,
        feeds=tuple(_feeds(name, quantity, used, convention)),
        about=about,
    )


def _titles(layers: Sequence[Layer]) -> list[str]:
    """What to call layers that have no names: by their kind, those of one kind by numbers."""
    titles = [layer.kind for layer in layers]
    numbers = [titles[: at + 1].count(title) for at, title in enumerate(titles)]
    return [
        f"{title} {number}" if titles.count(title) > 1 else title for title, number in zip(titles, numbers, strict=True)
    ]


def part(name: str, layer: Layer, quantity: str, convention: Convention) -> Part | None:
    """One layer's summand of a question; ``None`` where the layer has no such quantity."""
    right = quantities.right(quantity, layer, convention)
    if right is None:
        return None
    context = quantities.context(layer, convention)
    return Part(name, layer.kind, quantity, right, _values(layer), layer.spatial, context)


def _values(layer: Layer) -> dict[str, int]:
    """The layer's symbols, and what forms of mistakes ask about it."""
    terms = layer.formula.terms
    return {
        **layer.values,
        "sized": int(layer.has_sizes),
        "weighs": int(quantities.params(layer) not in (None, "0")),
        "has_macs": int(any("macs" in term.per for term in terms)),
        "pointwise": int(len(terms) == 1 and terms[0].base == "n" and layer.formula.params is None),
    }


def _feeds(name: str, quantity: str, layers: Sequence[Layer], convention: Convention) -> Iterator[Feed]:
    goes_on = quantity not in SIZES and quantity not in ("params", "weight_bytes", "weight_mb")
    if goes_on and len(layers) == 1 and layers[0].has_sizes:
        yield from (Feed(f"{name}.{axis.lower()}_out", f"{axis}_out") for axis in axes(layers[0].spatial))
    if quantity in _FEEDS:
        yield Feed(f"{name}.{_FEEDS[quantity]}", slope=_slope(quantity, layers[0], convention))


def _slope(quantity: str, layer: Layer, convention: Convention) -> Fraction:
    """How much a quantity grows with each one more of what it builds on."""
    if quantity == "flops":
        return Fraction(quantities.counting_flops(convention).weights.get("macs", 0))
    if quantity == "weight_bytes":
        return Fraction(layer.values["e"])
    right = quantities.right(quantity, layer, convention)  # of bytes or FLOPs, divided
    return Fraction(0) if right is None else 1 / Ratio(right.over).value(layer.values, layer.spatial)


def ratio(name: str, first: Sequence[Layer], second: Sequence[Layer], of: str, convention: Convention) -> Question:
    """How many times as much the first design takes as the second."""
    sides = []
    for layers in (first, second):
        made = (part(own, layer, of, convention) for own, layer in zip(_titles(layers), layers, strict=True))
        sides.append(tuple(entry for entry in made if entry is not None))
    if not all(sides):
        raise CostError(say(messages.NO_QUESTION, name=name, quantity="ratio"))
    if not sum(entry.number() for entry in sides[1]):
        raise CostError(say(messages.NO_DIVISOR, name=name, quantity=of))
    about = " | ".join(" + ".join(layer.text for layer in layers) for layers in (first, second))
    layers = (*first, *second)
    return Question(f"{name}.ratio", QUANTITIES["ratio"], sides[0], convention, sides[1], layers, about=about)


def receptive_field(name: str, layers: Sequence[Layer], convention: Convention) -> Question | None:
    """How far one output position sees along the first axis, through all layers with a window."""
    steps = [_step(layer) for layer in layers if layer.has_sizes]
    if not steps:
        return None
    values = {f"{letter}_{at}": step[letter] for at, step in enumerate(steps, 1) for letter in "KSD"}
    texts = field_texts(len(steps))
    about = " → ".join(layer.text for layer in layers)
    made = Part(name, "receptive_field", "receptive_field", Ratio(texts.pop("RIGHT")), values, 0, texts)
    key = f"{name}.receptive_field"
    return Question(key, QUANTITIES["receptive_field"], (made,), convention, layers=tuple(layers), about=about)


def training_ratio(name: str, layers: Sequence[Layer], convention: Convention) -> Question | None:
    """How many times the forward of a network a training step takes; ``None`` where there is nothing to learn."""
    texts = step_texts(layers, convention)
    if not all(texts) or all(text["BACKWARD"] == "0" for text in texts):
        return None
    sides = [
        tuple(
            Part(own, layer.kind, quantity, Ratio(context[word]), layer.values, layer.spatial, context)
            for own, layer, context in zip(_titles(layers), layers, texts, strict=True)
        )
        for quantity, word in (("training", "STEP"), ("forward", "FORWARD"))
    ]
    if not sum(entry.number() for entry in sides[1]):
        return None
    about = " → ".join(layer.text for layer in layers)
    key = f"{name}.training_ratio"
    kept = tuple(layers)
    return Question(key, QUANTITIES["training_ratio"], sides[0], convention, sides[1], kept, about=about)


#: Questions about a stack of layers, one after the other, that are no sums.
_OF_STACKS: Mapping[str, Callable[[str, Sequence[Layer], Convention], Question | None]] = MappingProxyType(
    {"receptive_field": receptive_field, "training_ratio": training_ratio}
)


def _step(layer: Layer) -> Mapping[str, int]:
    short = axes(layer.spatial)[0].lower()
    return {letter: layer.values.get(f"{letter}_{short}", 1) for letter in "KSD"}


def field_texts(number: int) -> dict[str, str]:
    """The receptive field of so many layers with windows, right and with each mistake.

    >>> field_texts(2)["RIGHT"]
    '1 + D_1 * (K_1 - 1) + D_2 * (K_2 - 1) * S_1'
    """

    def field(reach: str, strides: int = 0) -> str:
        """One more than what each layer adds; ``strides`` counts how many more strides than those below it."""
        added = []
        for at in range(1, number + 1):
            below = [f"S_{below}" for below in range(1, at + strides)] if strides >= 0 else []
            added.append(" * ".join([reach.format(at=at), *below]))
        return " + ".join(["1", *added])

    return {
        "RIGHT": field("D_{at} * (K_{at} - 1)"),
        "STRIDELESS": field("D_{at} * (K_{at} - 1)", -1),
        "OWNSTRIDE": field("D_{at} * (K_{at} - 1)", 1),
        "KERNELS": field("D_{at} * K_{at}"),
        "UNDILATED": field("(K_{at} - 1)"),
        "MULTIPLIED": " * ".join(f"K_{at}" for at in range(1, number + 1)),
    }
