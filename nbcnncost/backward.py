"""What the gradients cost: for each kind of operation, the work of its derivative's definition.

A backward pass computes one gradient for each argument that needs one. For a convolution, a fully connected layer
or a matrix product each of them is a product of the forward's size; for all others the operations of the derivative
are counted as the forward's are, one each, with what the forward computed (a sigmoid, a softmax, a mean) at hand.
Each gradient is counted by its own definition: a sum that two of them share stands in both.

The gradient of a sum passes on unchanged. Where an argument was broadcast or copied, or a result is used more than
once, the gradients that meet there are added; moved data moves back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from nbcnncost.family_gradients import GRADIENTS
from nbcnncost.kinds import FORMULAS
from nbcnncost.pieces import ADD, MAC, PRODUCT, SOURCE, Part, each, layer, norm, piece, recurrent
from nbcnncost.records import Gradient, OpRecord
from nbcnncost.work import Formula, Term

#: Roles of arguments that are a layer's own: their gradients are those of weights, wherever they come from.
_OWN = frozenset({"weight", "bias"})

_POSITIONS = "N * OUT * C"
_PIXELS = "N * X * C"
_SCORES = "B * T_q * T_k"
_CHANNEL = "two sums, of the gradient and of its product with the normalized input; their means subtracted; scaled"
_WEIGHED = {"multiplications": 1, "additions": 1}

_LAYERS = (
    *layer("convolution", "N * OUT * (C_in / g) * C_out * K", "N * OUT * C_out"),
    *layer("transposed_convolution", "N * IN * C_in * (C_out / g) * K", "N * OUT * C_out"),
    *layer("linear", "N * N_in * N_out", "N * N_out"),
    *layer("matmul", "B * m * k * p", "B * m * p"),
    piece("attention", "query", PRODUCT, (f"{_SCORES} * E", MAC)),
    piece("attention", "key", PRODUCT, (f"{_SCORES} * E", MAC)),
    piece("attention", "value", PRODUCT, (f"{_SCORES} * E_v", MAC)),
    piece(
        "attention",
        "query key mask",
        "the scores' gradient: a product with the values, the softmax's derivative (4), the scale (1)",
        (f"{_SCORES} * E_v", MAC),
        (_SCORES, {"multiplications": 3, "additions": 2}),
        once=True,
    ),
    piece("max_pool", "", "each output's gradient is added where its maximum was", (_POSITIONS, ADD)),
    piece("adaptive_max_pool", "", "each output's gradient is added where its maximum was", ("n", ADD)),
    piece("average_pool", "", "each element of each window gets its share, added", ("N * OUT * C * K", _WEIGHED)),
    piece("adaptive_average_pool", "", "as average pooling, by each true window", ("N * C * WINDOWS", _WEIGHED)),
    *norm("batch_norm", _PIXELS, _CHANNEL, multiplications=3, additions=4),
    piece("batch_norm", "scaled", "with fixed statistics the gradient is scaled", (_PIXELS, {"multiplications": 1})),
    *norm("instance_norm", _PIXELS, _CHANNEL, multiplications=3, additions=4),
    *norm("group_norm", _PIXELS, f"times the weight; {_CHANNEL}", multiplications=4, additions=4),
    *norm("layer_norm", "n", f"times the weight; {_CHANNEL}", multiplications=4, additions=4),
    *norm(
        "rms_norm",
        "n",
        "times the weight; the sum of its product with the normalized input; the mean subtracted; scaled",
        multiplications=4,
        additions=2,
    ),
    piece(
        "local_response_norm",
        "",
        "gradient·output/base summed over the window, times input and constant (2); gradient·power; subtract",
        ("n * S", ADD),
        ("n", {"multiplications": 4, "divisions": 1, "additions": 1}),
    ),
    *recurrent(
        "lstm",
        4,
        "P",
        "derivatives of 3 sigmoids (9) and 2 tanh (6), 6 products, 2 sums",
        multiplications=6 + 4 + 6,
        additions=3 + 2 + 2,
    ),
    *recurrent(
        "gru",
        3,
        "F",
        "derivatives of 2 sigmoids (6) and a tanh (3), 5 products, a difference, 2 sums",
        multiplications=4 + 2 + 5,
        additions=2 + 1 + 1 + 2,
    ),
    *recurrent("rnn_tanh", 1, "F", "tanh's derivative (3), a sum", multiplications=2, additions=2),
    *recurrent("rnn_relu", 1, "F", "ReLU's derivative, a sum", comparisons=1, additions=1),
    piece("lstm_projection", "", PRODUCT, ("T * F * P", MAC), once=True, of="states"),
    piece("lstm_projection", "weight", PRODUCT, ("T * F * P", MAC), once=True),
)

_ACTIVATIONS = (
    each("relu", "passed on where the input is above 0", comparisons=1),
    each("leaky_relu", "a comparison and a product", comparisons=1, multiplications=1),
    each("prelu", "a comparison and a product", roles="input", comparisons=1, multiplications=1),
    each("prelu", "a comparison, a product, a sum", roles="weight", comparisons=1, multiplications=1, additions=1),
    each("clamp", "passed on between the bounds: two comparisons", comparisons=2),
    each("sigmoid", "y·(1 − y)·gradient", additions=1, multiplications=2),
    each("tanh", "(1 − y²)·gradient", additions=1, multiplications=2),
    each("silu", "s·(1 + x·(1 − s))·gradient, with the sigmoid s", additions=2, multiplications=3),
    each("hardsigmoid", "two comparisons and a product", comparisons=2, multiplications=1),
    each("hardswish", "two comparisons; (x/3 + 1/2)·gradient", comparisons=2, divisions=1, additions=1,
          multiplications=1),
    each("gelu", "(Φ + x·φ)·gradient; φ is exp(−x²/2)/√(2π): square, times, exp, times", multiplications=5, specials=1,
          additions=1),
    each(
        "gelu_tanh",
        "½·(1 + t) + ½·x·(1 − t²)·u′ with u′ = √(2/π)·(1 + 3a·x²), times the gradient",
        multiplications=9,
        additions=4,
    ),
    each("elu", "compare, (y + α)·gradient", comparisons=1, additions=1, multiplications=1),
    each("selu", "compare, (y + λα)·gradient", comparisons=1, additions=1, multiplications=1),
    each("celu", "compare, (y/α + 1)·gradient", comparisons=1, divisions=1, additions=1, multiplications=1),
    each("softplus", "(1 − exp(−y))·gradient", additions=2, specials=1, multiplications=1),
    each(
        "mish",
        "(t + x·(1 − t²)·s)·gradient, with the tanh t at hand and a sigmoid s (4)",
        additions=4,
        multiplications=4,
        specials=1,
        divisions=1,
    ),
    each("log_sigmoid", "(1 − exp(y))·gradient", additions=1, specials=1, multiplications=1),
    each("softmax", "y·(gradient − Σ y·gradient)", multiplications=2, additions=2),
    each("log_softmax", "gradient − exp(y)·Σ gradient", multiplications=1, additions=2, specials=1),
    each("glu", "s·gradient, and a·s·(1 − s)·gradient", multiplications=4, additions=1),
)  # fmt: skip

_ELEMENTS = (
    each("add", "passed on"),
    each("multiply", "the gradient times the other factor", multiplications=1),
    each("divide", "the gradient divided", roles="input", divisions=1),
    each("divide", "−y·gradient, divided", roles="divisor", additions=1, multiplications=1, divisions=1),
    each("multiply_add", "a product", multiplications=1),
    each("compare", "passed on where it was selected", comparisons=1),
    each("special", "the derivative and a product", specials=1, multiplications=1),
    each("pointwise", "other pointwise: a product with the derivative", multiplications=1),
    each("sum", "copied to each element"),
    each("mean", "each element gets its share", base="n_in", multiplications=1),
    each("variance", "2·(x − mean)/n·gradient", base="n_in", additions=1, multiplications=2),
    each("extreme", "each output's gradient is added where its extreme was", additions=1),
    each("upsample_nearest", "each output's gradient is added", additions=1),
    each("upsample_linear", "each output's gradient, weighed and added, 2 times", multiplications=2, additions=2),
    each("upsample_bilinear", "each output's gradient, weighed and added, 4 times", multiplications=4, additions=4),
    each("upsample_trilinear", "each output's gradient, weighed and added, 8 times", multiplications=8, additions=8),
    each("upsample_bicubic", "each output's gradient, weighed and added, 16 times", multiplications=16, additions=16),
    each("dropout", "mask and scale", multiplications=2),
    each("embedding", "each looked-up row's gradient is added to its row", roles="weight", additions=1),
    each("movement", "gradients move back, nothing is computed"),
    each("random", "nothing depends on the input"),
    each("integer", "whole numbers have no gradient"),
)

#: Kinds of less common operations; a loss is averaged by a factor in its gradient.
_FURTHER = (
    each("mse_loss", "2·(x − y)·gradient", base="n_in", additions=1, multiplications=2),
    each("smooth_l1_loss", "(x − y)/β between −1 and 1, times the gradient", base="n_in", additions=1, divisions=1,
          comparisons=2, multiplications=1),
    each("huber_loss", "x − y between −δ and δ, times the gradient", base="n_in", additions=1, comparisons=2,
          multiplications=1),
    each("binary_cross_entropy", "(x − y)/(x·(1 − x))·gradient", base="n_in", additions=2, multiplications=2,
          divisions=1),
    each("binary_cross_entropy_with_logits", "a sigmoid (4), less y, times the gradient", base="n_in", additions=3,
          specials=1, divisions=1, multiplications=1),
    each("nll_loss", "the gradient, weighed, at the right class", base="N", multiplications=1),
    each("product", "gradient times product, divided by the element", base="n_in", multiplications=1, divisions=1),
    each("norm", "gradient times element, divided by the norm", base="n_in", multiplications=1, divisions=1),
    each("norm_1", "the gradient with the element's sign", base="n_in", comparisons=1, multiplications=1),
    each("lerp", "a product", multiplications=1),
    each("scaled_multiply_add", "two products", multiplications=2),
    each("hypot", "x/y·gradient", divisions=1, multiplications=1),
    each("logit", "gradient divided by x·(1 − x)", additions=1, multiplications=1, divisions=1),
    each("hardshrink", "passed on outside the bounds", comparisons=2),
    each("softshrink", "passed on outside the bounds", comparisons=2),
    each("fold", "each value is copied back to its blocks"),
    each("embedding_bag", "each value's gradient is added to its row", base="n_in", additions=1),
)  # fmt: skip

#: Operations that take an element more than once.
_COPIES = ("repeat", "tile", "repeat_interleave", "index", "index_select", "gather", "unfold", "im2col")
#: What single operations do otherwise than the rest of their kind; on complex numbers by a name of their own.
_SINGLE = (
    *(each(name, "2·x·gradient", multiplications=2) for name in ("square", "pow2")),
    each("reciprocal", "−y²·gradient", multiplications=2, additions=1),
    each("cumsum", "the gradients, summed from the end", additions=1),
    each("complex_cumsum", "both parts of the gradients, summed from the end", additions=2),
    *(each(name, "each copy's gradient is added", additions=1) for name in _COPIES),
    *(each(f"complex_{name}", "both parts of each copy's gradient are added", additions=2) for name in _COPIES),
)


def _table(entries: Sequence[tuple[str, Part]]) -> MappingProxyType[str, tuple[Part, ...]]:
    kinds = dict.fromkeys(kind for kind, _ in entries)
    return MappingProxyType({kind: tuple(part for name, part in entries if name == kind) for kind in kinds})


#: The pieces of each kind's backward pass, by the forward's kind.
BACKWARD = _table((*_LAYERS, *_ACTIVATIONS, *_ELEMENTS, *_FURTHER, *GRADIENTS))
_BY_OPERATION = _table(_SINGLE)
_BROADCASTING = frozenset(
    {
        *("add", "multiply", "divide", "compare", "multiply_add", "special", "pointwise", "lerp", "hypot", "times_log"),
        *("complex_add", "complex_multiply", "complex_scale", "complex_divide", "complex_shrink"),
        *("scaled_multiply_add", "divide_add", "scaled_divide_add", "log_add_exp"),
    }
)


def _sum(kind: str, title: str, why: str) -> tuple[Formula, Formula]:
    """A sum of gradients, of real numbers and of complex ones."""
    real = Formula(kind, title, (Term("n", MappingProxyType(ADD)),), why, SOURCE)
    both = Term("n", MappingProxyType({"additions": 2}))
    return real, replace(real, kind=f"complex_{kind}", title=f"{title}, complex", terms=(both,))


_BROADCAST = _sum(
    "broadcast_backward",
    "sum over what was broadcast",
    "an argument that was broadcast gets the sum of its gradients",
)
_MEETING = _sum(
    "meeting_backward",
    "gradients that meet",
    "what is used more than once gets the sum of its gradients",
)

#: Every backward formula by its kind.
BACKWARD_FORMULAS = MappingProxyType(
    {
        formula.kind: formula
        for formula in (
            *(part.formula for parts in (*BACKWARD.values(), *_BY_OPERATION.values()) for part in parts),
            *_BROADCAST,
            *_MEETING,
        )
    }
)


def backward_of(op: OpRecord, gradients: Sequence[Gradient], origin: int) -> Iterator[OpRecord]:
    """What computing these gradients of a recorded operation takes; ``origin`` is the operation's place in the trace.

    An operation whose kind has no derivative here gives records of no kind: unknown, not zero.
    """
    if not gradients:
        return
    parts = _parts(op)
    if parts is None:
        yield from (_record(op, None, _phase(gradient), origin) for gradient in gradients)
        return
    for part in parts:
        through = part.once and not part.roles
        for gradient in part.wanted(gradients):
            yield _record(op, part.formula, "backward_inputs" if through else _phase(gradient), origin)
    for gradient in gradients:
        if _is_broadcast(op, gradient):
            yield _record(op, _BROADCAST[_is_complex(op)], _phase(gradient), origin)


def meeting(op: OpRecord, gradient: Gradient, origin: int) -> OpRecord:
    """The sum of two gradients of one tensor, which the operation made."""
    made = replace(op, dims=(("n", gradient.elements),))
    return _record(made, _MEETING[_is_complex(op)], _phase(gradient), origin)


def _parts(op: OpRecord) -> tuple[Part, ...] | None:
    if op.kind is None:
        return None
    name = _base_name(op)
    if name == "pow" and op.kind == "multiply":
        name = "pow2"
    if _is_complex(op):
        name = f"complex_{name}"
    known = _BY_OPERATION.get(name) or BACKWARD.get(op.kind)
    if known is None and op.kind in FORMULAS and not FORMULAS[op.kind].terms:
        return BACKWARD["movement"]
    return known


def _base_name(op: OpRecord) -> str:
    """``aten.add_.Tensor`` is an ``add``."""
    parts = op.op.split(".")
    return parts[1].rstrip("_") if parts[0] == "aten" and len(parts) > 1 else ""


def _is_complex(op: OpRecord) -> bool:
    return bool(op.outputs) and op.outputs[0].dtype.startswith("complex")


def _is_broadcast(op: OpRecord, gradient: Gradient) -> bool:
    spread = op.kind in _BROADCASTING or _base_name(op) == "expand"
    return spread and gradient.elements < op.outputs[0].numel


def _phase(gradient: Gradient) -> str:
    own = gradient.of_parameter or gradient.role in _OWN
    return "backward_weights" if own else "backward_inputs"


def _record(op: OpRecord, formula: Formula | None, phase: str, origin: int) -> OpRecord:
    known = {"n": op.outputs[0].numel if op.outputs else 0, "n_in": op.inputs[0].numel if op.inputs else 0}
    return replace(
        op,
        op=f"backward of {op.op}",
        kind=None if formula is None else formula.kind,
        dims=tuple((known | dict(op.dims)).items()),
        phase=phase,
        origin=origin,
        reason=op.reason or "no formula is known for its gradient" if formula is None else "",
    )
