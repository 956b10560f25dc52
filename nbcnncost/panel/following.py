"""Which layers have to follow where the channels before them change, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nbcnncost.errors import CostError
from nbcnncost.panel.layers import Layer
from nbcnncost.panel.state import LayerChange
from nbcnncost.records import Trace


class Followers:
    """The changes of layers, and those which make others fit what they receive, as a run finds them."""

    def __init__(self, layers: Mapping[str, Layer], changes: Mapping[str, LayerChange], trace: Trace) -> None:
        self._layers = layers
        self._places = _channel_places(layers, trace)
        self._seen: set[int] = set()
        self.changes = {path: _on_its_own(layers[path], change) for path, change in changes.items()}
        self.changes = {path: change for path, change in self.changes.items() if change != LayerChange()}

    @property
    def paths(self) -> list[str]:
        """The layers that may have to follow."""
        return list(self._places)

    def adapted(self, path: str, shape: tuple[int, ...]) -> Mapping[str, Any]:
        """The settings with which a layer takes an input of this shape; none where it does, or where none would."""
        layer, place = self._layers[path], self._places[path]
        if layer.record.index in self._seen or -place > len(shape):  # called before: it cannot be two things
            return {}
        self._seen.add(layer.record.index)
        change, received = self.changes.get(path, LayerChange()), shape[place]
        if received == layer.value("in_channels"):
            return {}
        change = _fitting(layer, change, received)
        try:
            settings = layer.settings(change)
        except CostError:  # the run says in which way it does not fit
            return {}
        self.changes[path] = change
        return settings

    def widen_gate(self, trace: Trace) -> bool:
        """Where a run stopped as a gate was to multiply its own input, give the gate as many channels as that has.

        Squeeze and excitation computes one factor for each channel: its last layer is made as wide as its input.
        That it is said to receive what it does receive tells it from a layer that the user has changed, which stays so.
        """
        failure = trace.failure
        if failure is None or failure.function != "mul":
            return False
        whole = next((call for call in trace.calls if call.failed), None)
        inside = [call for call in trace.calls if whole is not None and call.parent == whole.index]
        last = next((call for call in reversed(inside) if self._makes_channels(call.path)), None)
        if whole is None or last is None or not whole.inputs or not last.outputs:
            return False
        shape, gate = whole.inputs[0].shape, last.outputs[0].shape
        if len(shape) != len(gate) or set(gate[2:]) != {1} or gate[1] == shape[1]:
            return False
        layer, change = self._layers[last.path], self.changes.get(last.path, LayerChange())
        if change.out_channels is not None:
            return False
        self._seen.clear()
        received = change.in_channels or layer.value("in_channels")
        self.changes[last.path] = replace(change, out_channels=shape[1], in_channels=received)
        return True

    def _makes_channels(self, path: str) -> bool:
        return path in self._layers and bool(self._layers[path].kind.channels_out)


def _on_its_own(layer: Layer, change: LayerChange) -> LayerChange:
    """A layer's change without what an earlier following has added to it."""
    if change.in_channels is None:
        return change
    if layer.is_depthwise or change.in_channels == layer.value("in_channels"):
        return replace(change, in_channels=None, groups=None, out_channels=None)
    return replace(change, in_channels=None)


def _channel_places(layers: Mapping[str, Layer], trace: Trace) -> dict[str, int]:
    """Where in its input each called layer has its channels, counted from the end.

    A class that the user made may look elsewhere than the framework's own: of the dimensions that are as large as its
    channels, that of the framework is taken if it is among them.
    """
    places: dict[str, int] = {}
    for call in trace.calls:
        layer = layers.get(call.path)
        if layer is None or call.path in places or not call.inputs or not layer.kind.channels_in:
            continue
        shape, channels = call.inputs[0].shape, layer.value("in_channels")
        alike = [place for place in range(-len(shape), 0) if shape[place] == channels]
        usual = _usual_place(layer, len(shape))
        if alike and not _takes_several(layer):
            places[call.path] = usual if usual in alike else alike[0]
    return places


def _usual_place(layer: Layer, rank: int) -> int:
    if layer.kind.name in ("linear", "layer_norm"):
        return -1
    return -layer.kind.rank - 1 if layer.kind.rank else 1 - rank


def _takes_several(layer: Layer) -> bool:
    """Whether a norm is over several dimensions, or an activation has one parameter for all channels."""
    if layer.kind.name == "prelu":
        return bool(layer.value("in_channels") == 1)
    shape = layer.record.fact("normalized_shape", ())
    return isinstance(shape, tuple) and len(shape) > 1


def _fitting(layer: Layer, change: LayerChange, received: int) -> LayerChange:
    """The layer for so many channels: a depthwise one stays depthwise."""
    if layer.is_depthwise:
        each = layer.value("out_channels") // layer.value("in_channels")
        return replace(change, in_channels=received, groups=received, out_channels=received * each)
    return replace(change, in_channels=received)
