"""The graph that jit tracing makes of a run, as far as a trace shows it: what fvcore and torchprofile go through.

It is made one level above the tensor operations: ``torch.matmul`` is one node, whatever it runs. Only functions that
the framework writes in Python (``F.interpolate``, ``F.multi_head_attention_forward``) are there as what they call.

Two things are in that graph and in no trace: arithmetic on shape numbers (``x.shape[0] * x.shape[1]`` is a node "mul"),
except where the framework's own code does it; and that nodes whose result nobody uses are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from nbcnncost.conventions.peer import Part
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import FunctionCall, OpRecord, TensorSpec, Trace

#: Kinds of operations that prepare or follow the one that computes.
_STILL = frozenset({"movement", "random", "integer", "embedding"})
#: The formulas of multiply-accumulates, by the kinds of operations that have them.
_MACS: Mapping[str | None, str] = MappingProxyType(
    {
        kind: formula.terms[0].base
        for kind, formula in FORMULAS.items()
        if formula.terms and "macs" in formula.terms[0].per
    }
)
_CONVOLUTIONS = frozenset({"convolution", "transposed_convolution"})
_OF_COMPLEX = frozenset(f"complex_{kind}" for kind in _CONVOLUTIONS)
#: The graph has one name where the framework has several.
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "linalg_matmul": "matmul",
        "__rmatmul__": "matmul",
        "multiply": "mul",
        "multiply_": "mul_",
        "__rdiv__": "mul",  # 1 / x is a reciprocal and a product
    }
)
#: The position of the argument that makes a norm affine.
_WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "functional.batch_norm": 3,
        "functional.instance_norm": 3,
        "torch.batch_norm": 1,
        "torch.instance_norm": 1,
    }
)


class Node(NamedTuple):
    """One operation of the graph, with the operation of the trace that computes it."""

    name: str
    call: FunctionCall
    place: int
    op: OpRecord
    last: OpRecord

    @property
    def result(self) -> TensorSpec:
        """What comes out."""
        return self.last.outputs[0]

    def shape(self, position: int, name: str) -> tuple[int, ...] | None:
        """The shape of an argument; ``None`` where it is no tensor."""
        value = self.call.argument(position, name)
        return value.shape if isinstance(value, TensorSpec) else None

    @property
    def affine(self) -> bool:
        """Whether a norm has a weight."""
        return self.shape(_WEIGHTS.get(self.call.name, 2), "weight") is not None

    def by_macs(self) -> Part:
        """A part that is its operation's multiply-accumulates."""
        return self.by_dims(_MACS.get(self.op.kind, "0"))

    def by_dims(self, text: str, fault: str = "") -> Part:
        """A part counted by the dimensions of its operation."""
        return Part(self.place, text, dict(self.op.dims), fault, spatial=self.op.spatial)

    def by_size(self, text: str, fault: str = "", **values: int) -> Part:
        """A part counted by ``n`` elements of the result, ``n_in`` of the first argument, and further symbols."""
        first = self.call.argument(0, "input")
        given = first.numel if isinstance(first, TensorSpec) else 0
        return Part(self.place, text, {"n": self.result.numel, "n_in": given, **values}, fault)


def graph(trace: Trace) -> Iterator[Node]:
    """The nodes in the order in which they ran."""
    ops = trace.ops
    for call in trace.functions:
        within = range(call.start, call.stop)
        moving = (place for place in within if ops[place].kind not in _STILL)
        index = next((place for place in within if ops[place].kind in _MACS), next(moving, call.start))
        yield Node(_name(call, ops[index]), call, index, ops[index], ops[call.stop - 1])


def factors(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of the two operands of a matrix product, in the order in which they are multiplied."""
    first, second = node.shape(0, "input") or (1,), node.shape(1, "other") or (1,)
    return (second, first) if node.call.name == "Tensor.__rmatmul__" else (first, second)


def _name(call: FunctionCall, op: OpRecord) -> str:
    name = _bare(call.name)
    if op.kind in _CONVOLUTIONS:
        return "_convolution_mode" if isinstance(call.argument(4, "padding"), str) else "_convolution"
    if op.kind in _OF_COMPLEX:
        return "_convolution_of_complex"
    return _upsampling(call, op) if name == "interpolate" else name


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    bare = name.rpartition(".")[2]
    return _ALIASES.get(bare, bare)


def _upsampling(call: FunctionCall, op: OpRecord) -> str:
    if call.argument(3, "mode", "nearest") == "area":
        return f"adaptive_avg_pool{len(call.argument(0, 'input').shape) - 2}d"
    return op.op.split(".")[1]


def shape_products(trace: Trace, node: Node) -> int:
    """How many products of shape numbers the framework's own code writes into the graph at a call."""
    given: Any = node.call.argument
    if node.name == "multi_head_attention_forward":
        return _attention_products(trace, node.call)
    if _bare(node.call.name) == "interpolate" and given(5, "recompute_scale_factor"):
        return len(given(0, "input").shape) - 2  # each side's size anew
    return 0


def _attention_products(trace: Trace, call: FunctionCall) -> int:
    """Batch times heads for queries, keys, values, masks and added zeros; batch times length for the result."""
    projections = sum(op.op == "linear.composite" for op in trace.ops[call.start : call.stop]) - 1
    shared = projections == 2  # keys and values are projected together: twice the width, of weights and of biases
    counted = (
        *(True, True),
        *(call.argument(place, name) is None for place, name in ((21, "static_k"), (22, "static_v"))),
        bool(call.argument(9, "add_zero_attn")),
        call.argument(14, "key_padding_mask") is not None,
        shared,
        shared and call.argument(6, "in_proj_bias") is not None,
    )
    return sum(counted)
