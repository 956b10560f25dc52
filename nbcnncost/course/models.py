"""The layers of a model that was run, as questions need them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from nbcnncost.course.layers import Layer
from nbcnncost.expressions import expression
from nbcnncost.kinds import FORMULAS
from nbcnncost.layout import lay_out

if TYPE_CHECKING:
    from nbcnncost.layout import Place
    from nbcnncost.records import Dims, OpRecord, Trace
    from nbcnncost.report import Report


def layers_of(report: Report) -> dict[str, tuple[Layer, ...]]:
    """Each layer of a report by its path, as the operations that compute something in it.

    Layers that only move data, and those with an operation that no formula knows, are left out.
    """
    places: dict[str, list[Place]] = {}
    for place in lay_out(report.trace).leaves():
        places.setdefault(place.path, []).append(place)
    found = {path: tuple(_layers(report.trace, called)) for path, called in places.items()}
    return {path: layers for path, layers in found.items() if layers}


def _layers(trace: Trace, called: Sequence[Place]) -> Iterator[Layer]:
    """What computes in a layer that ran once, or several times alike; other calls are layers beside the first."""
    first, *others = called
    alike = all(_dims(trace, other) == _dims(trace, first) for other in others)
    for place in [first] if alike else called:
        yield from _layers_of_call(trace, place, len(called) if alike else 1)


def _dims(trace: Trace, place: Place) -> list[tuple[str | None, Dims]]:
    return [(trace.ops[index].kind, trace.ops[index].dims) for index in place.ops]


def _layers_of_call(trace: Trace, place: Place, calls: int) -> Iterator[Layer]:
    ops = [trace.ops[index] for index in place.ops]
    if any(op.kind is None for op in ops):
        return
    for op, own in zip(ops, _own_params(trace, place, ops), strict=True):
        if FORMULAS[op.kind or ""].terms or own:
            yield _layer(op, calls, own)


def _own_params(trace: Trace, place: Place, ops: Sequence[OpRecord]) -> list[int]:
    """The parameters of each operation, each tensor once.

    Those that several have together (the directions of a recurrent layer) are shared out by their formulas where these
    add up to them; else the first has them.
    """
    found = [0] * len(ops)
    counted: set[int] = set()
    for params, together in _users(place, ops).items():
        whole = sum(trace.params[index].numel for index in params - counted)
        counted |= params
        shares = [_by_formula(ops[at]) for at in together]
        shared_out = shares if sum(shares) == whole else [whole, *[0] * (len(together) - 1)]
        for at, own in zip(together, shared_out, strict=True):
            found[at] += own
    return found


def _users(place: Place, ops: Sequence[OpRecord]) -> Mapping[frozenset[int], list[int]]:
    """The operations by the place's parameters that they use; packed weights are used by whatever may have some."""
    users: dict[frozenset[int], list[int]] = {}
    for at, op in enumerate(ops):
        users.setdefault(frozenset(op.params) & set(place.params), []).append(at)
    if packed := frozenset(place.params).difference(*users):
        able = [at for at in users.get(frozenset(), ()) if FORMULAS[ops[at].kind or ""].params]
        users[packed] = able or [0]
    return users


def _by_formula(op: OpRecord) -> int:
    text = FORMULAS[op.kind or ""].params
    return 0 if text is None else expression(text, op.spatial).value(dict(op.dims))


def _layer(op: OpRecord, calls: int, own: int) -> Layer:
    """An operation as a layer; one that is called again counts each call."""
    inputs, outputs = (specs[0].shape if specs else () for specs in (op.inputs, op.outputs))
    dtype = op.outputs[0].dtype if op.outputs else "float32"
    return Layer(op.kind or "", op.dims, op.spatial, inputs, outputs, dtype, calls, own)
