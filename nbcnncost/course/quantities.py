"""What can be asked of a layer: each quantity with its formula, taken from the tables that reports count with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nbcnncost.conventions import Convention, textbook
from nbcnncost.course import messages
from nbcnncost.course.elements import elements, inputs
from nbcnncost.course.layers import Layer
from nbcnncost.course.rewriting import Ratio
from nbcnncost.expressions import axes, expression, output_size_text, transposed_size_text
from nbcnncost.records import OpRecord


@dataclass(frozen=True)
class Quantity:
    """A number that is asked for: its name in keys, the question's sentence, and its unit."""

    name: str
    prompt: str
    unit: str
    #: Whether a layer is asked for it without being told to.
    usual: bool = True


#: The sizes of the output, by their axis.
SIZES = MappingProxyType({"d_out": "D", "h_out": "H", "w_out": "W", "l_out": "L"})
#: All quantities in the order in which one feeds the next.
QUANTITIES = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Quantity("d_out", messages.ASK_DEPTH, ""),
            Quantity("h_out", messages.ASK_HEIGHT, ""),
            Quantity("w_out", messages.ASK_WIDTH, ""),
            Quantity("l_out", messages.ASK_LENGTH, ""),
            Quantity("receptive_field", messages.ASK_RECEPTIVE_FIELD, "", usual=False),
            Quantity("elements", messages.ASK_ELEMENTS, "", usual=False),
            Quantity("params", messages.ASK_PARAMS, ""),
            Quantity("macs", messages.ASK_MACS, "MACs"),
            Quantity("flops", messages.ASK_FLOPS, "FLOPs"),
            Quantity("activation_bytes", messages.ASK_ACTIVATION_BYTES, "B"),
            Quantity("weight_bytes", messages.ASK_WEIGHT_BYTES, "B"),
            Quantity("activation_mb", messages.ASK_ACTIVATION_MB, "MB", usual=False),
            Quantity("weight_mb", messages.ASK_WEIGHT_MB, "MB", usual=False),
            Quantity("intensity", messages.ASK_INTENSITY, "FLOP/B", usual=False),
            Quantity("training_ratio", messages.ASK_TRAINING_RATIO, "", usual=False),
            Quantity("ratio", messages.ASK_RATIO, "", usual=False),
        )
    }
)
#: Those that a layer is asked for without being told to.
USUAL = tuple(name for name, entry in QUANTITIES.items() if entry.usual)
#: Those that are about parameters.
OF_PARAMS = ("params", "weight_bytes", "weight_mb")
#: Those of a question's parts that count FLOPs.
OF_FLOPS = ("flops", "intensity", "training", "forward")
_MEGA = "1000000"
#: Kinds whose parameters are numbers of several sizes: weights of 8 bits, biases in floating point.
_MIXED = ("quantized_", "dynamic_")
#: Kinds with parameters that no symbol of theirs tells; a model does.
_UNTOLD = frozenset(
    {
        *("prelu", "layer_norm", "rms_norm", "embedding", "embedding_bag", "embedding_bag_weighed"),
        *("embedding_bag_max", "lstm_projection"),
        *("complex_convolution", "complex_transposed_convolution", "complex_linear"),
    }
)


def right(quantity: str, layer: Layer, convention: Convention) -> Ratio | None:
    """The formula of a quantity for a layer; ``None`` where the layer has no such quantity."""
    if quantity in SIZES:
        return _size(SIZES[quantity], layer)
    makers = {"macs": macs, "params": params, "elements": elements}
    if quantity in makers:
        text = makers[quantity](layer)
    elif quantity == "flops":
        text = flops(layer, convention)
    elif quantity == "intensity":
        return intensity(layer, convention)
    elif quantity in ("receptive_field", "training_ratio", "ratio"):
        return None  # of several layers together
    else:
        what, _, unit = quantity.partition("_")
        is_mixed = what == "weight" and layer.kind.startswith(_MIXED)
        inner = None if is_mixed else {"activation": elements, "weight": params}[what](layer)
        text = None if inner is None else f"e * ({inner})"
        return None if text is None else Ratio(text, _MEGA if unit == "mb" else "1")
    return None if text is None else Ratio(text)


def context(layer: Layer, convention: Convention) -> Mapping[str, str]:
    """What a mistake may take for the quantity that was asked; ``BIASES`` are additions, one for each output."""
    added = elements(layer)
    known = {
        "MACS": macs(layer),
        "PARAMS": params(layer),
        "ELEMENTS": added,
        "INPUTS": inputs(layer),
        "BIASES": None if added is None else _each_call(added, layer),
        "BASE": layer.formula.terms[0].base if len(layer.formula.terms) == 1 else None,
        "SUMS": _sums(layer, convention),
    }
    return {word: text for word, text in known.items() if text is not None}


def macs(layer: Layer) -> str | None:
    """The multiply-accumulates, in every call; ``None`` for a kind without."""
    text = layer.formula.text({"macs": 1, "integer_macs": 1})
    return None if text == "0" else _each_call(text, layer)


def flops(layer: Layer, convention: Convention) -> str | None:
    """What the convention counts, in every call; the textbook's FLOPs where it counts MACs."""
    text = counted_text(layer.op, convention)
    return None if text in ("0", None) else _each_call(text, layer)


def counted_text(op: OpRecord, convention: Convention) -> str | None:
    """The formula of the FLOPs of an operation, or their number where a function counts; ``None`` for unknown ones."""
    counting = counting_flops(convention)
    shown = counting.expression(op)
    if shown is not None:
        return shown.text
    number = counting.count(op)
    return None if number is None else str(number)


def counting_flops(convention: Convention) -> Convention:
    """What FLOPs are counted by: the convention, or the textbook's where it counts MACs."""
    return convention if convention.unit == "FLOPs" else textbook


def params(layer: Layer) -> str | None:
    """The parameters, once however often the layer is called; ``None`` where nothing tells them."""
    if layer.own_params is None and layer.kind in _UNTOLD:
        return None
    text = layer.formula.params or "0"
    if layer.own_params is not None and expression(text, layer.spatial).value(layer.values) != layer.own_params:
        return str(layer.own_params)
    return text


def intensity(layer: Layer, convention: Convention) -> Ratio | None:
    """The FLOPs for each byte, if input, parameters and output are moved once; ``None`` for a layer called again."""
    above, sides = flops(layer, convention), (inputs(layer), params(layer), elements(layer))
    known = [side for side in sides if side is not None]
    if above is None or len(known) != len(sides) or layer.calls > 1:
        return None
    return Ratio(above, f"e * ({' + '.join(known)})")


def _sums(layer: Layer, convention: Convention) -> str | None:
    """The FLOPs by a convention that counts n − 1 additions in a sum of n products, where there are such sums."""
    if not any("dot_products" in term.per for term in layer.formula.terms) or "dot_products" in convention.weights:
        return None
    return _each_call(layer.formula.text({**counting_flops(convention).weights, "dot_products": -1}), layer)


def _each_call(text: str, layer: Layer) -> str:
    return f"u * ({text})" if layer.calls > 1 else text


def size_text(axis: str, layer: Layer) -> str:
    """The formula of the output's size along an axis."""
    short = axis.lower()
    if f"O_{short}" in layer.values:
        return transposed_size_text(axis)
    return output_size_text(axis)


def _size(axis: str, layer: Layer) -> Ratio | None:
    if axis not in axes(layer.spatial) or f"S_{axis.lower()}" not in layer.values:
        return None
    text = size_text(axis, layer)
    # A pooling that rounds up, or leaves its last window out, has another formula than the one that is taught.
    is_taught = expression(text).value(layer.values) == layer.values[f"{axis}_out"]
    return Ratio(text) if is_taught else None
