"""What ptflops counts with its aten backend: five tensor operations as they run on a CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import FunctionCall, OpRecord, TensorSpec, Trace

_MACS = {kind: FORMULAS[kind].terms[0].base for kind in ("convolution", "transposed_convolution", "linear", "matmul")}
#: A convolution of complex numbers is three real ones on a CPU, two of them with a bias.
_OF_COMPLEX = ("complex_convolution", "complex_transposed_convolution")
_BIASED = {
    **{kind: f"{base} + {FORMULAS[kind].terms[1].base}" for kind, base in _MACS.items()},
    **{kind: "3 * {} + 2 * {}".format(*(term.base for term in FORMULAS[kind].terms[:2])) for kind in _OF_COMPLEX},
    "complex_matmul": " + ".join(term.base for term in FORMULAS["complex_matmul"].terms[:2]),
}
_COUNTED = frozenset({"convolution", "_convolution", "mm", "bmm", "addmm"})
_MISSED = frozenset({"baddbmm", "mv", "dot", "addmv", "addbmm", "_trilinear"})
#: How many gates the layers have that are not one operation on a CPU.
_GATES: Mapping[str, int] = MappingProxyType({"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1})


def _operation(index: int, op: OpRecord) -> Part | None:
    """Convolutions and products of matrices count with their biases."""
    name = op.op.split(".")[1]
    if op.kind in _OF_COMPLEX or (name in _COUNTED and op.kind in _BIASED):
        return Part(index, _BIASED[op.kind], dict(op.dims), spatial=op.spatial)
    return Part(index, "0", {}, "products") if name in _MISSED else None


def _linear(trace: Trace, call: FunctionCall) -> Iterator[Part]:
    """Its bias is added apart, and not counted, where the input has more than two axes and must be copied first."""
    given = call.argument(0, "input")
    apart = len(given.shape) > 2 and not given.contiguous and dict(trace.ops[call.start].dims)["b"]
    text, fault = (_MACS["linear"], "bias") if apart else (_BIASED["linear"], "")
    yield Part(call.start, text, dict(trace.ops[call.start].dims), fault)


def _attention(trace: Trace, call: FunctionCall) -> Iterator[Part]:
    """One operation on a CPU, unless it has to do what that cannot do."""
    mask, dims = call.argument(3, "attn_mask"), dict(trace.ops[call.start].dims)
    in_parts = (
        call.argument(4, "dropout_p", 0.0) > 0
        or dims["E"] != dims["E_v"]
        or len(call.argument(0, "query").shape) not in (3, 4)
        or (mask is not None and len(mask.shape) not in (2, 4))
    )
    text, fault = (FORMULAS["attention"].terms[0].base, "") if in_parts else ("0", "attention")
    yield Part(call.start, text, dims, fault)


def _recurrent(trace: Trace, call: FunctionCall) -> Iterator[Part]:
    """A single-precision LSTM is one operation on a CPU; other layers are linear layers of which one may be copied."""
    given, packed = call.args[0], isinstance(call.args[3], tuple)
    ops = [(index, trace.ops[index]) for index in range(call.start, call.stop)]
    projected = any(op.kind == "lstm_projection" for _, op in ops)
    whole = ops[0][1].kind == "lstm" and given.dtype == "float32" and not packed and not projected
    copied = not packed and _is_copied(given, batch_first=bool(call.args[-1]))
    first = 2 if not packed and call.args[7] else 1
    layers = 0
    for index, op in ops:
        if whole:
            yield Part(index, "0", {}, "recurrent")
        elif op.kind in _GATES:
            layers += 1
            text, fault = _layer(op.kind or "", both=not (copied and layers <= first))
            yield Part(index, text, dict(op.dims), fault)
        elif op.kind == "lstm_projection":
            yield Part(index, FORMULAS[op.kind].terms[0].base, dict(op.dims))


def _layer(kind: str, *, both: bool) -> tuple[str, str]:
    gates, macs = _GATES[kind], FORMULAS[kind].terms[0].base
    return f"{macs} + b * {2 * gates if both else gates} * T * F", "" if both else "bias"


def _is_copied(given: TensorSpec, *, batch_first: bool) -> bool:
    """Whether the steps of a sequence lie in memory in another order than they are gone through."""
    moved = batch_first and min(given.shape[:2]) > 1
    return moved or not given.contiguous


def _cell(trace: Trace, call: FunctionCall) -> Iterator[Part]:
    kind = call.name.removeprefix("torch.").removesuffix("_cell")
    yield Part(call.start, _layer(kind, both=True)[0], dict(trace.ops[call.start].dims))


_WHOLE: Mapping[str, Callable[[Trace, FunctionCall], Iterator[Part]]] = MappingProxyType(
    {
        "functional.linear": _linear,
        "functional.scaled_dot_product_attention": _attention,
        **{f"torch.{kind}": _recurrent for kind in _GATES},
        **{f"torch.{kind}_cell": _cell for kind in _GATES},
    }
)


def _hears(trace: Trace) -> Iterator[Part]:
    for index, op in enumerate(trace.ops):
        part = _operation(index, op)
        if part is not None:
            yield part
    for call in trace.functions:
        whole = _WHOLE.get(call.name)
        if whole is not None and trace.ops[call.start].op.endswith(".composite"):
            yield from whole(trace, call)


def _trainable(trace: Trace) -> int:
    return sum(param.numel for param in trace.params if param.trainable)


ptflops_aten = Peer(
    name="ptflops_aten",
    title="ptflops 0.7 with its aten backend: multiply-accumulates and biases, as they run on a CPU",
    unit="MACs",
    weights=MappingProxyType({"macs": 1, "bias_additions": 1}),
    tool="ptflops (aten)",
    version="0.7.5",
    says="MACs",
    doc=(
        "One for each multiply-accumulate and one for each bias that a convolution or a product of matrices adds, for "
        "the whole batch; norms, activations, pooling and arithmetic count nothing. It hears the operations that run "
        "on a CPU, so a number depends on how the framework takes a layer apart there: attention with a mask that "
        "is trained (a relative position bias) it does take apart, which a trace does not show, and here that counts "
        "nothing. The model is put into eval mode, and stays there."
    ),
    hears=_hears,
    owns=_trainable,
    faults=MappingProxyType(
        {
            "attention": "F.scaled_dot_product_attention is one operation on a CPU, and counts nothing",
            "recurrent": "an LSTM is one operation on a CPU, and counts nothing",
            "products": "baddbmm, bilinear layers and products with vectors count nothing",
            "bias": "a linear layer's bias counts nothing where the input's elements are in another order in memory",
            "parameters": "parameters that are not trained are left out",
        }
    ),
)
