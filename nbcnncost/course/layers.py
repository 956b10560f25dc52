"""A layer as plain numbers, without torch: what kind it is, and what the symbols of its formulas stand for.

The functions have the names and settings of torch's layers; ``input_size`` is one image's, ``(3, 224, 224)``, or has
the batch in front. Sizes come from :mod:`nbcnncost.formulas`, so they are those that a report shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import Any

from nbcnncost import formulas
from nbcnncost.course import messages
from nbcnncost.course.messages import say
from nbcnncost.errors import InputError
from nbcnncost.expressions import axes, named
from nbcnncost.formulas import Sizes
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import ITEM_SIZES, Dims, OpRecord, TensorSpec
from nbcnncost.symbols import SYMBOLS
from nbcnncost.units import shape_text
from nbcnncost.work import Count, Formula

#: What the symbols stand for that no formula of :mod:`nbcnncost.kinds` has.
OWN_SYMBOLS = MappingProxyType(
    {
        "e": "bytes of one number",
        "u": "calls of the layer, with the same weights each time",
        "q": "per cent that a dropout keeps",
        "O_h": "output padding below",
        "O_w": "output padding on the right",
        "O_d": "output padding behind",
        "O_l": "output padding",
    }
)
#: Symbols that the input's shape says already, and settings that need no words.
_IN_SHAPE = frozenset({"n", "n_in", "N", "C", "D_in", "H_in", "W_in", "L_in", "D", "H", "W", "L"})
_USUAL = frozenset({"g = 1", "D = 1", "O = 0"})
_PREFIXES = ("quantized_", "dynamic_", "complex_", "deform_", "integer_", "scaled_")
#: Settings that are on or off.
_SWITCHES = frozenset({"bias", "ceil_mode"})
#: Settings that may have a number for each axis.
_FOR_AXES = frozenset({"input_size", "kernel_size", "stride", "padding", "output_padding", "dilation"})


@dataclass(frozen=True)
class Layer:
    """One layer: its kind in :data:`nbcnncost.kinds.FORMULAS`, its symbols, and the shapes that go in and come out.

    ``calls`` says how often it runs with the same weights. ``own_params`` is the number of its parameters where its
    kind's formula does not tell it, as in a model.
    """

    kind: str
    dims: Dims
    spatial: int = 0
    input_shape: tuple[int, ...] = ()
    output_shape: tuple[int, ...] = ()
    dtype: str = "float32"
    calls: int = 1
    own_params: int | None = None

    @property
    def formula(self) -> Formula:
        """The kind's formula."""
        return FORMULAS[self.kind]

    @cached_property
    def values(self) -> dict[str, int]:
        """Every symbol that a question about the layer may use, with its value."""
        sides = {"n": self.output_shape, "n_in": self.input_shape}
        shapes = {name: prod(shape) for name, shape in sides.items() if shape}
        return {"e": ITEM_SIZES.get(self.dtype, 1), "u": self.calls, **shapes, **dict(self.dims)}

    @property
    def op(self) -> OpRecord:
        """The layer as a run would record it, so that a convention can count it."""
        inputs, outputs = (TensorSpec(shape, self.dtype) for shape in (self.input_shape, self.output_shape))
        return OpRecord("", self.kind, self.dims, self.spatial, self.kind, 0, 0, (inputs,), (outputs,))

    @property
    def given(self) -> tuple[tuple[str, str, int], ...]:
        """What a student is told: each symbol, its meaning and its value, but no output size."""
        hidden = {"n", *(f"{axis}_out" for axis in axes(self.spatial))} if self.has_sizes else set()
        dims = {**dict(self.dims), **({"u": self.calls} if self.calls > 1 else {})}
        told = ((name, meaning(name), value) for name, value in dims.items() if name not in hidden)
        return tuple(entry for entry in told if entry[1])

    @property
    def has_sizes(self) -> bool:
        """Whether the output's size follows from a window, so that it can be asked."""
        return any(f"S_{axis.lower()}" in self.values for axis in axes(self.spatial))

    @property
    def text(self) -> str:
        """The layer in symbols and numbers, as a question names it; what is as usual is left out."""
        size = shape_text(self.input_shape) if self.input_shape else ""
        known = {name: str(value) for name, _, value in self.given if not (size and name in _IN_SHAPE)}
        shown = [f"{name} = {value}" for name, value in together(known, self.spatial).items()]
        settings = ", ".join(entry for entry in shown if entry not in _USUAL)
        return " · ".join(part for part in (self.formula.title, size, settings) if part)

    def called(self, times: int) -> Layer:
        """The same layer, run ``times`` times with the same weights."""
        if not _is_size(times):
            raise InputError(say(messages.NO_TIMES, times=repr(times)))
        return replace(self, calls=times)


def plain_kind(kind: str) -> str:
    """A kind by the layer that it is like: quantized, dynamic and complex ones are counted as that is.

    >>> plain_kind("quantized_convolution"), plain_kind("integer")
    ('convolution', 'integer')
    """
    for prefix in _PREFIXES:
        kind = kind.removeprefix(prefix)
    return kind


def together(known: dict[str, str], spatial: int) -> dict[str, str]:
    """The settings of all axes as one: ``K = 3×3``, and ``S = 2`` where they agree."""
    left = dict(known)
    for letter in "KSPDO":
        names = [f"{letter}_{axis.lower()}" for axis in axes(spatial)]
        if names and left.keys() >= set(names):
            values = [left.pop(name) for name in names]
            left[letter] = values[0] if len(set(values)) == 1 and letter != "K" else "×".join(values)
    return left


def meaning(symbol: str) -> str:
    """What a symbol stands for, in words."""
    return OWN_SYMBOLS.get(symbol) or SYMBOLS.get(symbol) or ""


def conv1d(*, input_size: Sequence[int], **settings: Sizes) -> Layer:
    """A convolution along one dimension, in the words of ``torch.nn.Conv1d``.

    >>> conv1d(in_channels=2, out_channels=4, kernel_size=3, input_size=(2, 10)).output_shape
    (1, 4, 8)
    """
    return _convolution(1, input_size, settings)


def conv2d(*, input_size: Sequence[int], **settings: Sizes) -> Layer:
    """A convolution over an image, in the words of ``torch.nn.Conv2d``.

    >>> conv2d(in_channels=3, out_channels=64, kernel_size=7, stride=2, input_size=(3, 224, 224)).output_shape
    (1, 64, 109, 109)
    """
    return _convolution(2, input_size, settings)


def conv3d(*, input_size: Sequence[int], **settings: Sizes) -> Layer:
    """A convolution over a volume, in the words of ``torch.nn.Conv3d``."""
    return _convolution(3, input_size, settings)


def conv_transpose1d(*, input_size: Sequence[int], **settings: Sizes) -> Layer:
    """A transposed convolution along one dimension, in the words of ``torch.nn.ConvTranspose1d``."""
    return _transposed(1, input_size, settings)


def conv_transpose2d(*, input_size: Sequence[int], **settings: Sizes) -> Layer:
    """A transposed convolution over an image, in the words of ``torch.nn.ConvTranspose2d``.

    >>> conv_transpose2d(in_channels=8, out_channels=4, kernel_size=2, stride=2, input_size=(8, 7, 7)).output_shape
    (1, 4, 14, 14)
    """
    return _transposed(2, input_size, settings)


def conv_transpose3d(*, input_size: Sequence[int], **settings: Sizes) -> Layer:
    """A transposed convolution over a volume, in the words of ``torch.nn.ConvTranspose3d``."""
    return _transposed(3, input_size, settings)


def max_pool1d(kernel_size: int, *, input_size: Sequence[int], **settings: Sizes | None) -> Layer:
    """Max pooling along one dimension, in the words of ``torch.nn.MaxPool1d``."""
    return _pool("max_pool", 1, kernel_size, input_size, settings)


def max_pool2d(kernel_size: Sizes, *, input_size: Sequence[int], **settings: Sizes | None) -> Layer:
    """Max pooling over an image, in the words of ``torch.nn.MaxPool2d``.

    >>> max_pool2d(3, stride=2, padding=1, input_size=(64, 112, 112)).output_shape
    (1, 64, 56, 56)
    """
    return _pool("max_pool", 2, kernel_size, input_size, settings)


def max_pool3d(kernel_size: Sizes, *, input_size: Sequence[int], **settings: Sizes | None) -> Layer:
    """Max pooling over a volume, in the words of ``torch.nn.MaxPool3d``."""
    return _pool("max_pool", 3, kernel_size, input_size, settings)


def avg_pool1d(kernel_size: int, *, input_size: Sequence[int], **settings: Sizes | None) -> Layer:
    """Average pooling along one dimension, in the words of ``torch.nn.AvgPool1d``."""
    return _pool("average_pool", 1, kernel_size, input_size, settings)


def avg_pool2d(kernel_size: Sizes, *, input_size: Sequence[int], **settings: Sizes | None) -> Layer:
    """Average pooling over an image, in the words of ``torch.nn.AvgPool2d``."""
    return _pool("average_pool", 2, kernel_size, input_size, settings)


def avg_pool3d(kernel_size: Sizes, *, input_size: Sequence[int], **settings: Sizes | None) -> Layer:
    """Average pooling over a volume, in the words of ``torch.nn.AvgPool3d``."""
    return _pool("average_pool", 3, kernel_size, input_size, settings)


def global_avg_pool(*, input_size: Sequence[int]) -> Layer:
    """The mean over all of each channel's map.

    >>> global_avg_pool(input_size=(512, 7, 7)).output_shape
    (1, 512, 1, 1)
    """
    *_, size = _image(input_size, len(_numbers(input_size)) - 1)
    return _pool("average_pool", len(size), size, input_size, {"stride": 1})


def linear(*, in_features: int, out_features: int, bias: bool = True, batch: int = 1) -> Layer:
    """A fully connected layer, in the words of ``torch.nn.Linear``.

    >>> linear(in_features=400, out_features=120).output_shape
    (1, 120)
    """
    count = _made(formulas.linear, {}, in_features=in_features, out_features=out_features, bias=bias, batch=batch)
    return Layer("linear", count.dims, 0, (batch, in_features), (batch, out_features))


def batch_norm(*, input_size: Sequence[int]) -> Layer:
    """Batch normalization of a map of any number of spatial dimensions.

    >>> batch_norm(input_size=(64, 112, 112)).values["C"]
    64
    """
    batch, channels, size = _image(input_size, len(_numbers(input_size)) - 1)
    count = _made(formulas.batch_norm, {}, channels=channels, input_size=size, batch=batch)
    shape = (batch, channels, *size)
    return Layer("batch_norm", count.dims, len(size), shape, shape)


def activation(kind: str, *, input_size: Sequence[int]) -> Layer:
    """What costs the same at each element: ``"relu"``, ``"sigmoid"``, ``"softmax"``, ``"add"`` (a residual sum), ….

    ``input_size`` is one sample's.

    >>> activation("relu", input_size=(64, 112, 112)).values["n"] == 64*112*112
    True
    """
    shape = (1, *_numbers(input_size))
    count = _made(formulas.elementwise, {}, kind=kind, elements=prod(shape))
    return Layer(kind, (("C", shape[1]), *count.dims), 0, shape, shape)


def dropout(percent: int, *, input_size: Sequence[int]) -> Layer:
    """Dropout in training, which zeroes ``percent`` of a hundred values."""
    if not (_is_size(percent) and percent < 100):
        raise InputError(say(messages.NO_DROPOUT, percent=repr(percent)))
    layer = activation("dropout", input_size=input_size)
    return replace(layer, dims=(*layer.dims, ("q", 100 - percent)))


def recurrent(kind: str, *, input_size: int, hidden_size: int, steps: int, bias: bool = True, batch: int = 1) -> Layer:
    """One layer and one direction of ``"lstm"``, ``"gru"``, ``"rnn_tanh"`` or ``"rnn_relu"``."""
    sizes = {"input_size": input_size, "hidden_size": hidden_size}
    for name, value in sizes.items():
        check_setting(name, value)
    settings = {"inputs": input_size, "hidden": hidden_size, "steps": steps}
    count = _made(formulas.recurrent, {}, kind=kind, bias=bias, batch=batch, **settings)
    return Layer(kind, count.dims, 0, (batch, steps, input_size), (batch, steps, hidden_size))


def attention(*, queries: int, keys: int, features: int, heads: int = 1, batch: int = 1) -> Layer:
    """Scaled dot-product attention; ``features`` are those of one head."""
    count = _made(formulas.attention, {}, queries=queries, keys=keys, features=features, heads=heads, batch=batch)
    shape = (batch, heads, queries, features)
    return Layer("attention", count.dims, 0, shape, shape)


def _convolution(spatial: int, input_size: Sequence[int], settings: dict[str, Sizes]) -> Layer:
    batch, channels, size = _image(input_size, spatial)
    _check_channels(channels, settings)
    count = _made(formulas.convolution, settings, input_size=size, batch=batch)
    shape = (batch, dict(count.dims)["C_out"], *count.output_size)
    dims = (*count.dims, *_window(size, settings))
    return Layer("convolution", dims, spatial, (batch, channels, *size), shape)


def _transposed(spatial: int, input_size: Sequence[int], settings: dict[str, Sizes]) -> Layer:
    batch, channels, size = _image(input_size, spatial)
    _check_channels(channels, settings)
    count = _made(formulas.transposed_convolution, settings, input_size=size, batch=batch)
    shape = (batch, dict(count.dims)["C_out"], *count.output_size)
    extra = _for_axes("O", settings.get("output_padding", 0), spatial)
    dims = {**dict(count.dims), **dict(_window(size, settings)), **extra}
    return Layer("transposed_convolution", tuple(dims.items()), spatial, (batch, channels, *size), shape)


def _pool(
    kind: str, spatial: int, kernel_size: Sizes, input_size: Sequence[int], settings: dict[str, Sizes | None]
) -> Layer:
    batch, channels, size = _image(input_size, spatial)
    pool = formulas.max_pool if kind == "max_pool" else formulas.average_pool
    count = _made(pool, settings, input_size=size, channels=channels, kernel_size=kernel_size, batch=batch)
    stride = settings.get("stride")
    known = {name: value for name, value in settings.items() if value is not None}
    known["stride"] = kernel_size if stride is None else stride
    dims = (*count.dims, *_window(size, known))
    return Layer(kind, dims, spatial, (batch, channels, *size), (batch, channels, *count.output_size))


def _window(size: tuple[int, ...], settings: dict[str, Sizes]) -> tuple[tuple[str, int], ...]:
    """The symbols that an output size follows from."""
    spatial = len(size)
    words = {"S": ("stride", 1), "P": ("padding", 0), "D": ("dilation", 1)}
    values = named("IN", size)
    for letter, (word, usual) in words.items():
        values |= _for_axes(letter, settings.get(word, usual), spatial)
    return tuple(values.items())


def _for_axes(letter: str, value: Sizes, spatial: int) -> dict[str, int]:
    numbers = (value,) * spatial if isinstance(value, int) else tuple(value)
    return {f"{letter}_{axis.lower()}": number for axis, number in zip(axes(spatial), numbers, strict=True)}


def _numbers(size: Sequence[int]) -> tuple[int, ...]:
    given: Any = size
    values = tuple(given) if isinstance(given, Iterable) else ()
    if not values or not all(_is_size(value) for value in values):
        raise InputError(say(messages.NO_SIZE, size=repr(size)))
    return values


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _image(input_size: Sequence[int], spatial: int) -> tuple[int, int, tuple[int, ...]]:
    """Batch, channels and spatial sizes of an input with or without the batch in front."""
    values = _numbers(input_size)
    if len(values) == spatial + 1:
        values = (1, *values)
    if len(values) != spatial + 2:
        raise InputError(say(messages.NO_IMAGE, number=spatial + 1, size=repr(input_size)))
    return values[0], values[1], values[2:]


def _check_channels(channels: int, settings: Mapping[str, object]) -> None:
    words = [word for word, value in settings.items() if isinstance(value, str)]
    if words:
        raise InputError(say(messages.NO_WORD, setting=words[0], word=repr(settings[words[0]])))
    if settings.get("in_channels") != channels:
        raise InputError(say(messages.OTHER_CHANNELS, channels=channels, in_channels=settings.get("in_channels")))


def _made(maker: Callable[..., Count], settings: Mapping[str, Any], **known: Any) -> Count:
    """The count that a function of :mod:`nbcnncost.formulas` gives; what does not fit is the user's to mend.

    ``settings`` are the user's words, ``known`` what follows from the input's size or has a name of its own.
    """
    for name in settings.keys() & known.keys():
        raise InputError(say(messages.SET_TWICE, setting=name))
    for name, value in {**settings, **known}.items():
        if name != "kind" and not (name == "stride" and value is None):
            check_setting(name, value, least=int("padding" not in name))
    try:
        return maker(**settings, **known)
    except (TypeError, ValueError) as error:
        raise InputError(say(messages.NO_LAYER, error=error)) from None


def check_setting(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number, or row of them for the axes, from ``least``; a switch is on or off."""
    if name in _SWITCHES:
        if value not in (0, 1):
            raise InputError(say(messages.NO_TRUTH, setting=name, value=repr(value)))
        return
    numbers = value if name in _FOR_AXES and isinstance(value, (tuple, list)) else (value,)
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= least for number in numbers):
        raise InputError(say(messages.NO_WHOLE, setting=name, least=least, value=repr(value)))
