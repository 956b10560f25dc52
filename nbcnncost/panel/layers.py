"""Which settings of a layer can be changed, by the facts of a trace, and what is wrong with a change."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from math import gcd
from types import MappingProxyType
from typing import Any

from nbcnncost.errors import InputError
from nbcnncost.panel.state import LayerChange
from nbcnncost.records import ModuleRecord, Trace
from nbcnncost.units import exact

_AXES = MappingProxyType(
    {1: "one for the length", 2: "height and width", 3: "depth, height and width"},
)


#: The largest number that a setting or a size of the input can be.
MOST = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of layer: what a person may change, and its own words for the channels that come in and go out."""

    name: str
    rank: int = 0
    offered: tuple[str, ...] = ()
    channels_in: str = ""
    channels_out: str = ""


def _kinds() -> Iterator[tuple[str, Kind]]:
    """The framework's classes by their full names."""
    window, channels = ("kernel_size", "stride", "padding"), ("in_channels", "out_channels")
    for rank in (1, 2, 3):
        weighted = (*window, "groups", "out_channels")
        yield f"conv.Conv{rank}d", Kind("convolution", rank, weighted, *channels)
        yield f"conv.ConvTranspose{rank}d", Kind("transposed", rank, weighted, *channels)
        yield f"pooling.MaxPool{rank}d", Kind("max_pool", rank, window)
        yield f"pooling.AvgPool{rank}d", Kind("avg_pool", rank, window)
    yield "linear.Linear", Kind("linear", 0, ("out_channels",), "in_features", "out_features")
    yield "batchnorm._NormBase", Kind("norm", channels_in="num_features")
    yield "normalization.GroupNorm", Kind("group_norm", channels_in="num_channels")
    yield "normalization.LayerNorm", Kind("layer_norm", channels_in="normalized_shape")
    yield "activation.PReLU", Kind("prelu", channels_in="num_parameters")


KINDS: Mapping[str, Kind] = MappingProxyType({f"torch.nn.modules.{name}": kind for name, kind in _kinds()})


@dataclass(frozen=True)
class Layer:
    """A layer that can be changed: its record, its kind, and why its weights keep their sizes if they do."""

    path: str
    record: ModuleRecord
    kind: Kind
    fixed: str = ""

    @property
    def name(self) -> str:
        """The layer as people say it: ``conv1 (Conv2d)``."""
        return f"`{self.path}` ({self.record.type})" if self.path else self.record.type

    @property
    def offered(self) -> tuple[str, ...]:
        """What a person may change."""
        free = ("stride", "padding") if self.fixed else self.kind.offered
        return tuple(name for name in self.kind.offered if name in free)

    def value(self, name: str) -> Any:
        """A setting as the layer was made: of a window one number for each axis."""
        own = self._own(name)
        value = self.record.fact(own)
        if value is None and own == "stride":  # of a pool: as its window
            value = self.record.fact("kernel_size")
        if own == "normalized_shape":
            return value[-1] if isinstance(value, tuple) else value
        return self._each(value) if name in ("kernel_size", "stride", "padding") else value

    def dilation(self) -> tuple[int, ...]:
        """The distance of a window's elements along each axis."""
        return tuple(self._each(self.record.fact("dilation", 1)))

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel has its own filters."""
        return self.kind.name == "convolution" and 1 < self.value("in_channels") == self.value("groups")

    def settings(self, change: LayerChange) -> dict[str, Any]:
        """What changes, in the layer's own words and as it keeps them; raises for what it cannot be."""
        given = {entry.name: getattr(change, entry.name) for entry in fields(change)}
        wanted = {name: self.read(name, value) for name, value in given.items() if value is not None}
        changed = {name: value for name, value in wanted.items() if value != self.value(name)}
        if self.fixed and set(changed) - {"stride", "padding"}:
            raise InputError(f"{self.name} keeps its kernel, groups and channels: {self.fixed}")
        after = {name: wanted.get(name, self.value(name)) for name in (*self.kind.offered, "in_channels")}
        fault = _fault(self, after)
        if fault:
            raise InputError(f"{self.name} {fault}")
        return {self._own(name): self._kept(name, value) for name, value in changed.items()}

    def _own(self, name: str) -> str:
        words = {"in_channels": self.kind.channels_in, "out_channels": self.kind.channels_out}
        return words.get(name) or name

    def _kept(self, name: str, value: Any) -> Any:
        return (value,) if self._own(name) == "normalized_shape" else value

    def _each(self, value: Any) -> Any:
        if isinstance(value, (str, tuple)) or value is None:
            return value
        return (value,) * self.kind.rank

    def read(self, name: str, value: Any) -> Any:
        """A setting as it was given, checked by itself."""
        possible = (*self.kind.offered, *(("in_channels",) if self.kind.channels_in else ()))
        if name not in possible:
            raise InputError(f"{self.name} has no {name} to change; it has: {', '.join(possible) or 'none'}")
        if name == "padding" and isinstance(value, str):
            if self.kind.name != "convolution" or value not in ("same", "valid"):
                raise InputError(f"{self.name} cannot have padding={value!r}; give a number from 0")
            return value
        window = name in ("kernel_size", "stride", "padding")
        numbers = tuple(value) if window and isinstance(value, (tuple, list)) else (value,)
        least = 0 if name == "padding" else 1
        most = MOST if name in self.kind.offered else sys.maxsize  # a flattened map may be large
        if not all(type(number) is int and least <= number <= most for number in numbers):
            raise InputError(
                f"{self.name} cannot have {name}={value!r}; give a whole number from {least} to {exact(most)}"
            )
        if window and len(numbers) not in (1, self.kind.rank):
            raise InputError(
                f"{self.name} takes {self.kind.rank} numbers as {name} ({_AXES[self.kind.rank]}), not {len(numbers)}"
            )
        return (numbers * self.kind.rank if len(numbers) == 1 else numbers) if window else value


def layers_of(trace: Trace) -> dict[str, Layer]:
    """The layers of a model whose settings are known, by all their paths."""
    found = {}
    children = {0, *(index for record in trace.modules for _, index in record.children)}
    for record in trace.modules:
        if record.index not in children:  # made in a forward, anew each time
            continue
        kind = next((KINDS[name] for name in record.classes if name in KINDS), None)
        if kind is not None:
            fixed = _why_fixed(record, trace)
            found.update({path: Layer(path, record, kind, fixed) for path in record.paths})
    return found


def _why_fixed(record: ModuleRecord, trace: Trace) -> str:
    """Why a layer's weights must keep their sizes; empty where they need not."""
    own = dict(record.params)
    if any(name.rpartition(".")[2].startswith("Parametrized") for name in record.classes[:1]):
        return "its weight is computed from others by a parametrization"
    others = [name for name in own if name not in ("weight", "bias")]
    if others:
        return f"it has parameters besides weight and bias ({', '.join(others)})"
    mine = {f"{path}.{name}".lstrip(".") for path in record.paths for name in own}
    for index in own.values():
        names = {trace.params[index].name, *trace.params[index].aliases}
        if names - mine:
            return f"it shares its weight with {', '.join(sorted(name.rpartition('.')[0] for name in names - mine))}"
    return ""


def _fault(layer: Layer, after: Mapping[str, Any]) -> str:
    """What is wrong with a layer's settings together; empty where they fit."""
    if layer.kind.name in ("convolution", "transposed"):
        return _channels_fault(after) or _window_fault(layer, after)
    if layer.kind.name == "group_norm":
        groups = layer.record.fact("num_groups")
        fits = isinstance(groups, int) and after["in_channels"] % groups == 0
        return "" if fits else f"cannot put {after['in_channels']} channels into {groups} equal groups"
    return _pool_fault(layer, after) if layer.kind.name.endswith("pool") else ""


def _channels_fault(after: Mapping[str, Any]) -> str:
    groups, channels = after["groups"], (after["in_channels"], after["out_channels"])
    for number, side in zip(channels, ("input", "output"), strict=True):
        if number % groups:
            several = ", ".join(map(str, divisors(gcd(*channels))))
            return f"cannot put {number} {side} channels into {groups} equal groups; it can have: {several}"
    return ""


def divisors(number: int) -> tuple[int, ...]:
    """All numbers that divide this one."""
    small = [entry for entry in range(1, int(number**0.5) + 1) if number % entry == 0]
    return tuple(sorted({*small, *(number // entry for entry in small)}))


def _window_fault(layer: Layer, after: Mapping[str, Any]) -> str:
    if after["padding"] == "same" and any(size != 1 for size in after["stride"]):
        return "cannot have padding='same' with a stride above 1; give the padding as a number"
    extra = layer.record.fact("output_padding", ())
    if layer.kind.name == "transposed" and isinstance(extra, tuple):
        limits = map(max, zip(after["stride"], layer.dilation(), strict=True))
        if any(isinstance(size, int) and size >= limit for size, limit in zip(extra, limits, strict=True)):
            return f"has an output_padding of {extra}, which must be smaller than its stride"
    return ""


def _pool_fault(layer: Layer, after: Mapping[str, Any]) -> str:
    dilation = layer.dilation() if layer.kind.name == "max_pool" else (1,) * layer.kind.rank
    for kernel, padding, apart in zip(after["kernel_size"], after["padding"], dilation, strict=True):
        most = ((kernel - 1) * apart + 1) // 2
        if padding > most:
            return f"can be padded by at most half its window, {most}, not {padding}"
    return ""
