"""The layers of a model that was run, as questions need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbcnncost.course.layers import Layer
from nbcnncost.kinds import FORMULAS
from nbcnncost.layout import lay_out

if TYPE_CHECKING:
    from nbcnncost.layout import Place
    from nbcnncost.records import OpRecord, Trace
    from nbcnncost.report import Report


def layers_of(report: Report) -> dict[str, tuple[Layer, ...]]:
    """Each layer of a report by its path, as the operations that compute something in it.

    Layers that only move data, and those with an operation that no formula knows, are left out.
    """
    found: dict[str, tuple[Layer, ...]] = {}
    for place in lay_out(report.trace).leaves():
        layers = tuple(_layers(report.trace, place))
        if layers and place.path not in found:
            found[place.path] = layers
    return found


def _layers(trace: Trace, place: Place) -> Iterator[Layer]:
    ops = [trace.ops[index] for index in place.ops]
    if any(op.kind is None for op in ops):
        return
    left = sum(trace.params[index].numel for index in place.params)
    for op in ops:
        own = sum(trace.params[index].numel for index in op.params if index in place.params)
        if FORMULAS[op.kind or ""].terms or own:
            yield _layer(op, place.calls, own)
            left -= own


def _layer(op: OpRecord, calls: int, own: int) -> Layer:
    """An operation as a layer; one that is called again counts each call."""
    inputs, outputs = (specs[0].shape if specs else () for specs in (op.inputs, op.outputs))
    dtype = op.outputs[0].dtype if op.outputs else "float32"
    return Layer(op.kind or "", op.dims, op.spatial, inputs, outputs, dtype, calls, own)
