"""What goes into a row, the window that slides over it, and what comes out: sizes to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbcnncost.expressions import axes

if TYPE_CHECKING:
    from nbcnncost.layout import Place
    from nbcnncost.records import ModuleRecord, OpRecord, Trace

_KINDS = {
    "convolution": "convolution",
    "transposed_convolution": "transposed",
    "max_pool": "pooling",
    "average_pool": "pooling",
    "linear": "linear",
}


def shapes_of(trace: Trace, place: Place, module: ModuleRecord | None) -> dict[str, Any]:
    """The shapes of a row's inputs and outputs, its kernel, and the family that it belongs to."""
    op = next((trace.ops[index] for index in place.ops if _family(trace.ops[index])), None)
    sole = op is not None and sum(bool(_family(trace.ops[index])) for index in place.ops) == 1
    return {
        "input": [list(spec.shape) for spec in place.inputs],
        "output": [list(spec.shape) for spec in place.outputs],
        "kernel": _kernel(op, module if place.role == "layer" else None) if op is not None and sole else None,
        "kind": "container" if place.children else _family(op) if op is not None and sole else "other",
    }


def _family(op: OpRecord) -> str:
    kind = (op.kind or "").removeprefix("quantized_").removeprefix("complex_")
    return next((family for name, family in _KINDS.items() if kind == name), "")


def _kernel(op: OpRecord, module: ModuleRecord | None) -> dict[str, Any] | None:
    """A window's size, how it moves, and how many of them there are; a linear layer's matrix is one, too."""
    values = dict(op.dims)
    if _family(op) == "linear":
        return {"size": [], "channels": values["N_in"], "count": values["N_out"], "groups": 1}
    sizes = {letter: [values[name] for name in _names(letter, op.spatial) if name in values] for letter in "KSPD"}
    if not sizes["K"]:
        return None
    groups = values.get("g", 1)
    pools = _family(op) == "pooling"
    return {
        "size": sizes["K"],
        "channels": 1 if pools else values["C_in"] // groups,
        "count": 0 if pools else values["C_out"],
        "groups": groups,
        "stride": sizes["S"] or _set("stride", op.spatial, module),
        "padding": sizes["P"] or _set("padding", op.spatial, module),
        "dilation": sizes["D"] or _set("dilation", op.spatial, module),
    }


def _names(letter: str, spatial: int) -> list[str]:
    return [f"{letter}_{axis.lower()}" for axis in axes(spatial)]


def _set(name: str, spatial: int, module: ModuleRecord | None) -> list[int]:
    """A layer's setting along each axis, where the formula does without it; empty where that is not known."""
    value = None if module is None else module.fact(name)
    if isinstance(value, int):
        return [value] * spatial
    return [int(str(size)) for size in value] if isinstance(value, tuple) and len(value) == spatial else []
