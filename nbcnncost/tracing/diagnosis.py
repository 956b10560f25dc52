"""Why a run stopped, in one sentence: which layer, what it expects, what it receives, and what to do."""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple

import torch

from nbcnncost.errors import CostError, InputError, ModelError, ShapeError, ValuesNeeded
from nbcnncost.records import TensorSpec, Trace
from nbcnncost.tracing.listeners import NeedsValues
from nbcnncost.tracing.recorder import Blame
from nbcnncost.tracing.run import Run
from nbcnncost.units import plural, shape_text

_AXIS_NAMES = {
    4: ("batch", "channels", "height", "width"),
    5: ("batch", "channels", "depth", "height", "width"),
}
_OWN_FOLDERS = tuple(f"{folder}{os.sep}" for folder in (Path(torch.__file__).parent, Path(__file__).parent.parent))
_WITHOUT_VALUES = re.compile(
    r"meta tensor|meta device|'meta' device|unallocated storage|to Tensor.__format__", re.IGNORECASE
)


#: A gradient without values arrives at a tensor that has some: one that was hidden from the listeners.
_HIDDEN = re.compile(r"invalid gradient at index \d+ - expected device")
_OTHER_DTYPE = re.compile(r"same dtype|expected scalar type|and (bias|weight) type|expected m1 and m2 to have the same")


class Mismatch(NamedTuple):
    """What does not fit, and how the layer (not the input) could be changed."""

    fact: str
    remedy: str = ""


class _Site(NamedTuple):
    """A failed function call: its arguments and the layer that made it."""

    blame: Blame
    module: str
    trace: Trace

    def get(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or name."""
        return self.blame.args[position] if len(self.blame.args) > position else self.blame.kwargs.get(name, default)


def diagnose(run: Run) -> CostError | None:
    """The error to raise in place of the run's own; ``None`` where the forward raised something of its own."""
    if run.error is None:
        return None
    if isinstance(run.error, NeedsValues) or (not run.trace.executed and _WITHOUT_VALUES.search(str(run.error))):
        return ValuesNeeded(
            f"the forward of {run.trace.model_name} depends on the values of a tensor, which are not computed here"
            f"{_user_line(run.error.__traceback__)}; run it for real with --execute (execute=True)"
        )
    if _HIDDEN.search(str(run.error)):
        return ModelError(
            f"a gradient reaches a trainable tensor that {run.trace.model_name} hides in a function of its own; "
            "make it a parameter of the model, or run it for real with --execute (execute=True)"
        )
    if _OTHER_DTYPE.search(str(run.error)):
        return _dtype_error(run)
    mismatch = find_mismatch(run)
    if mismatch is None:
        return None
    remedy = f"; {mismatch.remedy}" if mismatch.remedy else ""
    return ShapeError(f"{where(run)} {mismatch.fact}{remedy}")


def _dtype_error(run: Run) -> CostError | None:
    """An input of another dtype than the model's weights is the input's fault."""
    held = next((param.dtype for param in run.trace.params), None)
    given = [spec.dtype for spec in run.trace.inputs if spec.dtype != held]
    if held is None or not given:
        return None
    return InputError(
        f"{where(run)} holds {held} weights, but the input is {given[0]}; give dtypes='{held}' (--dtype {held})"
    )


def where(run: Run) -> str:
    """The layer that failed, as people say it: ``fc1 (Linear)``; at the root, the model's forward."""
    if run.culprit is None or not run.culprit.path:
        single = run.culprit is not None and run.trace.modules[run.culprit.module].from_library
        return run.trace.model_name if single else f"the forward of {run.trace.model_name}"
    return f"`{run.culprit.path}` ({run.trace.modules[run.culprit.module].type})"


def find_mismatch(run: Run) -> Mismatch | None:
    """What does not fit in the function that failed, if that is why it failed."""
    if run.blame is None or run.blame.error is not run.error:
        return None
    check = _CHECKS.get(run.blame.function.removesuffix("_relu").removesuffix("_dynamic"))
    if check is None:
        return None
    module = "" if run.culprit is None else run.trace.modules[run.culprit.module].type
    try:
        return check(_Site(run.blame, module, run.trace))
    except (AttributeError, TypeError, IndexError, ValueError):
        return None  # called in a way that the framework itself does not take: its own message stands


def _linear(site: _Site) -> Mismatch | None:
    x, weight = site.get(0, "input"), site.get(1, "weight")
    expected, received = weight.shape[-1], x.shape[-1]
    if expected == received:
        return None
    remedy = f"give it in_features={received}" if site.module == "Linear" else ""
    return Mismatch(f"expects {expected} features but receives {received}{_origin(site.trace, x)}", remedy)


def _origin(trace: Trace, x: TensorSpec) -> str:
    """Where a flattened input came from."""
    for op in reversed(trace.ops):
        if op.outputs and op.outputs[0].shape == x.shape and op.inputs and op.inputs[0].numel == x.numel:
            before = op.inputs[0].shape
            if len(before) > len(x.shape):
                return f" (from {shape_text(before)} flattened)"
    return f" (of {shape_text(x.shape)})" if len(x.shape) > 2 else ""


def _convolution(site: _Site) -> Mismatch | None:
    x, weight = site.get(0, "input"), site.get(1, "weight")
    groups = site.get(6, "groups", 1)
    spatial = len(weight.shape) - 2
    if len(x.shape) not in (spatial + 1, spatial + 2):
        return Mismatch(_rank_fact(x, spatial + 2, spatial))
    transposed = "transpose" in site.blame.function
    channels = weight.shape[0] if transposed else weight.shape[1] * groups
    received = x.shape[-spatial - 1]
    if received != channels:
        possible = site.module.startswith("Conv") and received % groups == 0
        remedy = f"give it in_channels={received}" if possible else ""
        fact = f"expects {plural(channels, 'input channel')} but receives {received} (of {shape_text(x.shape)})"
        return Mismatch(fact, remedy)
    padding, dilation = site.get(4, "padding", 0), site.get(5, "dilation", 1)
    if transposed or isinstance(padding, str):
        return None
    return _too_small(x.shape[-spatial:], weight.shape[2:], padding, dilation)


def _rank_fact(x: TensorSpec, rank: int, spatial: int) -> str:
    layout = {
        1: "batch×channels×length",
        2: "batch×channels×height×width",
        3: "batch×channels×depth×height×width",
    }
    return f"expects {rank} dimensions ({layout[spatial]}) but receives {len(x.shape)}: {shape_text(x.shape)}"


def _too_small(size: tuple[int, ...], kernel: tuple[int, ...], padding: Any, dilation: Any) -> Mismatch | None:
    pads, dilations = _each(padding, len(size)), _each(dilation, len(size))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True))
    padded = tuple(s + 2 * p for s, p in zip(size, pads, strict=True))
    if all(r <= p for r, p in zip(reach, padded, strict=True)):
        return None
    with_padding = f" ({shape_text(padded)} with padding)" if padded != tuple(size) else ""
    fact = f"has a window of {shape_text(reach)} but receives only {shape_text(size)}{with_padding}"
    return Mismatch(fact, "the input is too small for it")


def _each(value: Any, number: int) -> tuple[int, ...]:
    values = (value,) * number if isinstance(value, int) else tuple(value)
    return values if len(values) == number else values * number


def _pool(site: _Site) -> Mismatch | None:
    spatial = int(site.blame.function[-2])
    x, kernel = site.get(0, "input"), _each(site.get(1, "kernel_size"), spatial)
    if len(x.shape) not in (spatial + 1, spatial + 2):
        return Mismatch(_rank_fact(x, spatial + 2, spatial))
    dilation = site.get(4, "dilation", 1) if "max" in site.blame.function else 1
    return _too_small(x.shape[-spatial:], kernel, site.get(3, "padding", 0), dilation)


def _batch_norm(site: _Site) -> Mismatch | None:
    x = site.get(0, "input")
    if "more than 1 value per channel" in str(site.blame.error):
        fact = f"in train mode needs more than one value for each channel but receives {shape_text(x.shape)}"
        return Mismatch(fact, "give it a larger batch, or count it in eval mode")
    named = (site.get(place, name) for place, name in ((1, "running_mean"), (3, "weight")))
    own = next((tensor for tensor in named if tensor is not None), None)
    if own is None or len(x.shape) < 2 or own.shape[0] == x.shape[1]:
        return None
    remedy = f"give it num_features={x.shape[1]}" if "Norm" in site.module else ""
    return Mismatch(f"expects {own.shape[0]} channels but receives {x.shape[1]} (of {shape_text(x.shape)})", remedy)


def _layer_norm(site: _Site) -> Mismatch | None:
    x, expected = site.get(0, "input"), tuple(site.get(1, "normalized_shape"))
    received = x.shape[-len(expected) :]
    if received == expected:
        return None
    remedy = f"give it normalized_shape={list(received)}" if site.module == "LayerNorm" else ""
    return Mismatch(
        f"expects {shape_text(expected)} at the end of its input but receives {shape_text(x.shape)}", remedy
    )


def _group_norm(site: _Site) -> Mismatch | None:
    x, groups, weight = site.get(0, "input"), site.get(1, "num_groups"), site.get(2, "weight")
    channels = x.shape[1]
    if weight is not None and weight.shape[0] != channels:
        return Mismatch(
            f"expects {weight.shape[0]} channels but receives {channels}", f"give it num_channels={channels}"
        )
    return Mismatch(f"cannot put {channels} channels into {groups} equal groups") if channels % groups else None


def _concatenate(site: _Site) -> Mismatch | None:
    tensors = site.get(0, "tensors")
    shapes = [tensor.shape for tensor in tensors]
    rank = len(shapes[0])
    axis = site.get(1, "dim", 0) % rank
    for other in shapes[1:]:
        if len(other) != rank:
            return Mismatch(f"joins {shape_text(shapes[0])} and {shape_text(other)}, which differ in their dimensions")
        for place, (here, there) in enumerate(zip(shapes[0], other, strict=True)):
            if place != axis and here != there:
                return Mismatch(
                    f"joins {shape_text(shapes[0])} and {shape_text(other)} along dimension {axis}{_axis(axis, rank)}, "
                    f"but they differ in dimension {place}{_axis(place, rank)}: {here} and {there}"
                )
    return None


def _axis(place: int, rank: int) -> str:
    return f" ({_AXIS_NAMES[rank][place]})" if rank in _AXIS_NAMES else ""


def _elementwise(site: _Site) -> Mismatch | None:
    verb = {"add": "adds", "sub": "subtracts", "mul": "multiplies", "div": "divides"}[site.blame.function]
    first, second = site.blame.args[:2]
    rank = max(len(first.shape), len(second.shape))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (first.shape, second.shape)]
    for place, (here, there) in enumerate(zip(*padded, strict=True)):
        if here != there and 1 not in (here, there):
            return Mismatch(
                f"{verb} {shape_text(first.shape)} and {shape_text(second.shape)}, "
                f"which differ in dimension {place}{_axis(place, rank)}: {here} and {there}"
            )
    return None


def _matmul(site: _Site) -> Mismatch | None:
    first, second = site.blame.args[:2]
    rows = second.shape[-2] if len(second.shape) > 1 else second.shape[0]
    if first.shape[-1] == rows:
        return None
    return Mismatch(
        f"multiplies {shape_text(first.shape)} by {shape_text(second.shape)}: "
        f"{first.shape[-1]} columns meet {rows} rows"
    )


def _view(site: _Site) -> Mismatch | None:
    x, sizes = site.blame.args[0], site.blame.args[1:]
    sizes = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else tuple(sizes)
    known = 1
    for size in sizes:
        known *= size if size != -1 else 1
    if known == x.numel or (-1 in sizes and x.numel % known == 0):
        return None
    target = "×".join("?" if size == -1 else str(size) for size in sizes)
    return Mismatch(
        f"cannot view {shape_text(x.shape)} ({x.numel} elements) as {target} "
        f"({'a multiple of ' if -1 in sizes else ''}{known} elements)"
    )


_CHECKS: Mapping[str, Callable[[_Site], Mismatch | None]] = MappingProxyType(
    {
        "linear": _linear,
        **{f"conv{kind}{rank}d": _convolution for rank in (1, 2, 3) for kind in ("", "_transpose")},
        **{f"{kind}_pool{rank}d": _pool for rank in (1, 2, 3) for kind in ("max", "avg")},
        "batch_norm": _batch_norm,
        "instance_norm": _batch_norm,
        "layer_norm": _layer_norm,
        "group_norm": _group_norm,
        **dict.fromkeys(("cat", "concat", "concatenate"), _concatenate),
        **dict.fromkeys(("add", "sub", "mul", "div"), _elementwise),
        **dict.fromkeys(("matmul", "bmm", "mm"), _matmul),
        **dict.fromkeys(("view", "reshape"), _view),
    }
)  # fmt: skip


def _user_line(traceback: TracebackType | None) -> str:
    """The innermost line outside the framework and this package, quoted."""
    found = None
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not filename.startswith(_OWN_FOLDERS):
            found = traceback
        traceback = traceback.tb_next
    if found is None:
        return ""
    code = found.tb_frame.f_code
    source = linecache.getline(code.co_filename, found.tb_lineno, found.tb_frame.f_globals).strip()
    quoted = f": {source}" if source else ""
    return f" (line {found.tb_lineno}, in {code.co_name}{quoted})"
