"""A layer as the code that makes it, in the words of torch, with nothing in it that a question asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nbcnncost.course import layers
from nbcnncost.course.layers import Layer
from nbcnncost.errors import CostError
from nbcnncost.expressions import axes

_WINDOWED = MappingProxyType(
    {
        "convolution": "conv{}d",
        "transposed_convolution": "conv_transpose{}d",
        "max_pool": "max_pool{}d",
        "average_pool": "avg_pool{}d",
    }
)
#: A window's words with their letters, and what they are when they are not given.
_WORDS = MappingProxyType(
    {"kernel_size": ("K", 0), "stride": ("S", 1), "padding": ("P", 0), "dilation": ("D", 1), "output_padding": ("O", 0)}
)


def layer_code(layer: Layer) -> tuple[str, str] | None:
    """The name of the function that makes a layer, and the call of it; ``None`` where none makes this layer.

    >>> layer_code(layers.conv2d(in_channels=3, out_channels=8, kernel_size=3, stride=2, input_size=(3, 32, 32)))
    ('conv2d', 'conv2d(in_channels=3, out_channels=8, kernel_size=3, stride=2, input_size=(3, 32, 32))')
    """
    if not layer.input_shape:  # it was given by its symbols alone
        return None
    try:
        for name, positional, settings in _candidates(layer):
            made: Layer = getattr(layers, name)(*positional, **settings).called(layer.calls)
            if _is_same(made, layer):
                return name, _call(name, positional, settings) + (f".called({layer.calls})" if layer.calls > 1 else "")
    except (CostError, KeyError):  # a kind with other symbols than its maker's
        return None
    return None


def _is_same(made: Layer, layer: Layer) -> bool:
    """Whether nothing that a question may ask is another: a run's record of a layer lacks some settings."""
    here = dict(layer.dims)
    shared = {name: value for name, value in made.dims if name in here}
    shapes = (made.kind, made.output_shape, made.dtype) == (layer.kind, layer.output_shape, layer.dtype)
    return shapes and all(here[name] == value for name, value in shared.items())


def _call(name: str, positional: tuple[Any, ...], settings: Mapping[str, Any]) -> str:
    given = [*map(_literal, positional), *(f"{word}={_literal(value)}" for word, value in settings.items())]
    return f"{name}({', '.join(given)})"


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _candidates(layer: Layer) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Functions of :mod:`nbcnncost.course.layers` with settings that may make the layer."""
    if layer.kind in _WINDOWED:
        name = _WINDOWED[layer.kind].format(layer.spatial)
        if "convolution" in layer.kind:
            return [(name, (), {**_channels(layer), **_window(layer), **_size(layer)})]
        settings = {**_window(layer, stride=0), **_size(layer)}
        kernel = (settings.pop("kernel_size"),)
        return [(name, kernel, settings), (name, kernel, {**settings, "ceil_mode": True})]
    name, positional, settings = _OTHERS.get(layer.kind, _elementwise)(layer)
    return [(name, positional, settings)]


def _size(layer: Layer) -> dict[str, Any]:
    batch, *image = layer.input_shape
    return {"input_size": tuple(image) if batch == 1 else layer.input_shape}


def _channels(layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {"in_channels": layer.values["C_in"], "out_channels": layer.values["C_out"]}
    if layer.values.get("g", 1) > 1:
        found["groups"] = layer.values["g"]
    if not layer.values.get("b", 1):
        found["bias"] = False
    return found


def _window(layer: Layer, *, stride: int = 1) -> dict[str, Any]:
    """A window's words; ``stride`` is 0 for pools, whose stride is the window where it is not given."""
    found: dict[str, Any] = {}
    for word, (letter, usual) in _WORDS.items():
        letters = [f"{letter}_{axis.lower()}" for axis in axes(layer.spatial)]
        values = [layer.values.get(name, usual) for name in letters]
        if any(value != (stride if word == "stride" else usual) for value in values):
            found[word] = values[0] if len(set(values)) == 1 else tuple(values)
    if found.get("stride") == found.get("kernel_size") and not stride:
        del found["stride"]
    return found


Parts = tuple[str, tuple[Any, ...], dict[str, Any]]


def _linear(layer: Layer) -> Parts:
    found: dict[str, Any] = {"in_features": layer.values["N_in"], "out_features": layer.values["N_out"]}
    if not layer.values["b"]:
        found["bias"] = False
    if layer.values["N"] > 1:
        found["batch"] = layer.values["N"]
    return "linear", (), found


def _normalization(layer: Layer) -> Parts:
    return "batch_norm", (), _size(layer)


def _dropout(layer: Layer) -> Parts:
    return "dropout", (100 - layer.values["q"],), _size(layer)


def _recurrent(layer: Layer) -> Parts:
    batch, steps, inputs = layer.input_shape
    found: dict[str, Any] = {"input_size": inputs, "hidden_size": layer.values["F"], "steps": steps}
    if not layer.values["b"]:
        found["bias"] = False
    if batch > 1:
        found["batch"] = batch
    return "recurrent", (layer.kind,), found


def _attention(layer: Layer) -> Parts:
    batch, heads, queries, features = layer.input_shape
    found = {"queries": queries, "keys": layer.values["T_k"], "features": features, "heads": heads}
    return "attention", (), {**found, "batch": batch} if batch > 1 else found


def _elementwise(layer: Layer) -> Parts:
    return "activation", (layer.kind,), _size(layer)


_OTHERS: Mapping[str, Callable[[Layer], Parts]] = MappingProxyType(
    {
        "linear": _linear,
        "batch_norm": _normalization,
        "dropout": _dropout,
        "attention": _attention,
        **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
    }
)
