"""What a training step takes of a layer: its forward, and the gradients of its weights and of its input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nbcnncost.backward import backward_of
from nbcnncost.conventions import Convention
from nbcnncost.course.elements import inputs
from nbcnncost.course.layers import Layer
from nbcnncost.course.quantities import counted_text, params
from nbcnncost.records import Gradient


def step_texts(layers: Sequence[Layer], convention: Convention) -> list[dict[str, str]]:
    """The formulas of each layer's part of a step by what they count; none of a layer whose gradients are not known.

    ``STEP`` is all of it, ``FORWARD`` the forward alone. The gradient of a layer's input is needed where there is
    something to learn before it; ``EVERY`` has it anyway.
    """
    learns = [bool(_roles(layer)) for layer in layers]
    return [_step_of(layer, convention, passes=any(learns[:at])) for at, layer in enumerate(layers)]


def _step_of(layer: Layer, convention: Convention, *, passes: bool) -> dict[str, str]:
    """A layer of a run is left out: which of its layers the network's input goes into is not recorded."""
    forward = counted_text(layer.op, convention)
    if forward is None or inputs(layer) is None or layer.own_params is not None or layer.calls > 1:
        return {}
    of_input = _gradients(layer, convention, ["input"])
    of_weights = _gradients(layer, convention, _roles(layer))
    if of_input is None or of_weights is None:
        return {}
    through = of_input if passes else []
    return {
        "STEP": _added([forward, *through, *of_weights]),
        "FORWARD": forward,
        "BACKWARD": _added([*through, *of_weights]),
        "EVERY": _added([forward, *of_input, *of_weights]),
    }


def _roles(layer: Layer) -> list[str]:
    """The layer's own tensors, of which a step needs the gradients."""
    if params(layer) in (None, "0"):
        return []
    return ["weight", "bias"] if layer.values.get("b", 1) else ["weight"]


def _gradients(layer: Layer, convention: Convention, roles: Sequence[str]) -> list[str] | None:
    """The formulas of these gradients; ``None`` where one is not known."""
    found = [Gradient(role, 0, of_parameter=role != "input") for role in roles]
    texts = [counted_text(op, convention) for op in backward_of(layer.op, found, 0)]
    known = [text for text in texts if text is not None]
    return known if len(known) == len(texts) else None


def _added(texts: Sequence[str]) -> str:
    """The sum of formulas; one that comes several times is multiplied."""
    times = Counter(text for text in texts if text != "0")
    return " + ".join(text if number == 1 else f"{number} * ({text})" for text, number in times.items()) or "0"
