"""What of a model and its input the panel offers to change, between which limits, and what has been changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from math import gcd
from typing import Any

from nbcnncost.conventions import CONVENTIONS
from nbcnncost.errors import CostError
from nbcnncost.panel.layers import Layer, divisors
from nbcnncost.panel.state import LayerChange, WhatIf
from nbcnncost.panel.what_if import DTYPES, Laboratory
from nbcnncost.records import Trace
from nbcnncost.units import shape_text
from nbcnncost.views.strings import clean

#: The sliders' limits; a number that is typed in may be any other.
_LEAST_SIZE, _SMALL_IMAGE, _MOST_SMALL, _MOST_SIZE, _MOST_BATCH = 32, 64, 256, 1024, 256
_ALONG_AXES = ("kernel_size", "stride", "padding")
_LABELS = {"kernel_size": "kernel", "out_channels": "output channels", "in_channels": "input channels"}
_FEATURES = {"out_channels": "output features", "in_channels": "input features"}


def controls(laboratory: Laboratory, what_if: WhatIf, path: str | None = None) -> dict[str, Any]:
    """What can be changed now, with the values of this what-if; ``path`` is the selected row's, if one is."""
    shown = WhatIf(convention=what_if.convention) if laboratory.reason else what_if
    return {
        **_sizes(laboratory, shown),
        "dtype": _dtype(laboratory, shown),
        "mode": _mode(laboratory, shown),
        "convention": _convention(laboratory, shown),
        "layer": None if path is None else _layer(laboratory, shown, path),
        "reason": _reason(laboratory),
        "changes": changes(laboratory, what_if),
    }


def changes(laboratory: Laboratory, what_if: WhatIf) -> list[dict[str, str]]:
    """Each change with a sentence: the ``key`` of the what-if or the ``path`` of the layer, and the ``text``."""
    report, axes = laboratory.report, laboratory.axes
    before = {
        **({} if axes is None else axes.values),
        "dtype": laboratory.dtype,
        "mode": report.mode,
        "convention": report.convention.name,
    }
    found = []
    wanted = {name: getattr(what_if, name) for name in ("height", "width", "batch", "dtype", "mode", "convention")}
    if wanted["height"] and _are_alike(before) and _are_alike(wanted) and wanted["height"] != before["height"]:
        found.append({"key": "resolution", "text": f"resolution: {before['height']} → {wanted['height']}"})
        wanted |= {"height": None, "width": None}
    for name, value in wanted.items():
        if value is not None and value != before.get(name):
            label = "length" if name == "width" and axes is not None and axes.is_length else name
            found.append({"key": name, "text": f"{label}: {before.get(name, '?')} → {value}"})
    for path, change in what_if.layers.items():
        layer = laboratory.layers.get(path)
        parts = [] if layer is None else list(_differences(layer, change))
        if parts:
            found.append({"path": path, "text": f"{clean(path or report.model_name)}: {', '.join(parts)}"})
    return found


def _are_alike(sizes: Mapping[str, Any]) -> bool:
    return bool(sizes.get("height") == sizes.get("width"))


def _differences(layer: Layer, change: LayerChange) -> Iterator[str]:
    for name in (entry.name for entry in fields(change)):
        value = getattr(change, name)
        if value is None:
            continue
        try:
            value = layer.read(name, value)
        except CostError:  # said where it is tried
            continue
        if value != layer.value(name):
            yield f"{_label(layer, name)} {_text(name, layer.value(name))} → {_text(name, value)}"


def _text(name: str, value: Any) -> str:
    short = value if name == "kernel_size" else _short(value)
    return shape_text(short) if isinstance(short, (tuple, list)) else str(short)


def _label(layer: Layer, name: str) -> str:
    labels = _FEATURES if layer.kind.name in ("linear", "layer_norm") else _LABELS
    if layer.kind.name not in ("linear", "convolution", "transposed") and name == "in_channels":
        return "channels"
    return labels.get(name, _LABELS.get(name, name))


def _reason(laboratory: Laboratory) -> str:
    """Why nothing can be changed, or why the input keeps its size."""
    axes = laboratory.axes
    if laboratory.reason or axes is None:
        return laboratory.reason
    return f"the input keeps its size: {axes.reason}" if axes.reason else ""


def _sizes(laboratory: Laboratory, what_if: WhatIf) -> dict[str, Any]:
    axes = None if laboratory.reason else laboratory.axes
    found: dict[str, Any] = dict.fromkeys(("height", "width", "batch"))
    if axes is None:
        return found
    for name, original in axes.values.items():
        value = getattr(what_if, name) or original
        if name == "batch":
            found[name] = {"value": value, "min": 1, "max": max(_MOST_BATCH, value)}
        else:
            step = _step(laboratory.report.trace, original, axes.places[name] - axes.rank)
            found[name] = {"value": value, **_limits(original, value, step)}
    if axes.is_length:
        found["width"]["label"] = "length"
    return found


def _limits(original: int, value: int, step: int) -> dict[str, int]:
    """A slider that meets the original size: from a small image to a large one."""
    lowest = original % step or step
    wanted = _LEAST_SIZE if original >= _SMALL_IMAGE else original // 4
    least = lowest + step * max(0, -(-(wanted - lowest) // step))
    most = _MOST_SMALL if original < _SMALL_IMAGE else max(_MOST_SIZE, 2 * original)
    return {"min": min(least, value), "max": max(most, value), "step": step}


def _step(trace: Trace, size: int, place: int) -> int:
    """By how much the input must grow so that the smallest map grows by one: the model's whole stride, 32 of ResNets.

    Maps that are pooled to one element say nothing; what is no power of two is rounded down to one.
    """
    rank = max((len(spec.shape) for spec in trace.inputs), default=0)
    maps = {spec.shape[place] for call in trace.calls for spec in call.outputs if len(spec.shape) == rank}
    smallest = min((entry for entry in maps if 1 < entry <= size), default=size)
    return int(2 ** ((size // smallest).bit_length() - 1))


def _dtype(laboratory: Laboratory, what_if: WhatIf) -> dict[str, Any] | None:
    if laboratory.reason or laboratory.dtype is None:
        return None
    return {"value": what_if.dtype or laboratory.dtype, "choices": list(DTYPES)}


def _mode(laboratory: Laboratory, what_if: WhatIf) -> dict[str, Any]:
    mode = laboratory.report.mode
    return {"value": what_if.mode or mode, "choices": [mode] if laboratory.reason else list(laboratory.modes)}


def _convention(laboratory: Laboratory, what_if: WhatIf) -> dict[str, Any]:
    own = laboratory.report.convention
    titles = {own.name: own.title} if own.name not in CONVENTIONS else {}
    titles |= {name: entry.title for name, entry in CONVENTIONS.items()}
    return {"value": what_if.convention or own.name, "choices": [list(entry) for entry in titles.items()]}


def _layer(laboratory: Laboratory, what_if: WhatIf, path: str) -> dict[str, Any] | None:
    layer = laboratory.layers.get(path)
    if laboratory.reason or layer is None or not layer.offered:
        return None
    change = what_if.layers.get(path, LayerChange())
    return {"path": path, "fields": [_field(layer, change, name) for name in layer.offered]}


def _field(layer: Layer, change: LayerChange, name: str) -> dict[str, Any]:
    """One setting of the selected layer."""
    original = layer.value(name)
    given = getattr(change, name)
    made = {"key": name, "label": _label(layer, name), "value": _short(original if given is None else given)}
    made |= {"original": _short(original), "axes": layer.kind.rank if name in _ALONG_AXES else 1}
    if name == "groups":
        channels = (
            change.in_channels or layer.value("in_channels"),
            change.out_channels or layer.value("out_channels"),
        )
        choices = list(divisors(gcd(*channels)))
        return {**made, "min": 1, "max": choices[-1], "choices": choices}
    largest = max((size for size in _numbers(original, given)), default=1)
    most = {"kernel_size": max(11, 2 * largest + 1), "stride": max(8, largest), "padding": max(7, 2 * largest)}
    if name == "padding" and layer.kind.name.endswith("pool"):
        window = change.kernel_size or layer.value("kernel_size")
        most["padding"] = max(max(_numbers(window)) // 2, largest)
    return {**made, "min": 0 if name == "padding" else 1, "max": most.get(name, 4 * largest)}


def _numbers(*values: Any) -> list[int]:
    entries = (entry for value in values for entry in (value if isinstance(value, tuple) else (value,)))
    return [entry for entry in entries if isinstance(entry, int)]


def _short(value: Any) -> Any:
    """One number where all axes agree."""
    if isinstance(value, tuple):
        return value[0] if len(set(value)) == 1 else list(value)
    return value
