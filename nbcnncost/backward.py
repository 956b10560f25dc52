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
from dataclasses import dataclass, replace
from types import MappingProxyType

from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Gradient, OpRecord
from nbcnncost.work import Formula, Term

_SOURCE = "the derivative's definition"
_PRODUCT = "a product of the forward's size"
_MAC = {"macs": 1}
_BIAS = {"bias_additions": 1}
_ADD = {"additions": 1}
#: Roles of arguments that are a layer's own: their gradients are those of weights, wherever they come from.
_OWN = frozenset({"weight", "bias"})


@dataclass(frozen=True)
class Part:
    """A piece of the backward pass of one kind: its formula, and whose gradient it is.

    ``roles`` are the arguments it is computed for (none: for any), once for each of them, or ``once`` for all.
    """

    formula: Formula
    roles: tuple[str, ...] = ()
    once: bool = False

    def wanted(self, gradients: Sequence[Gradient]) -> Sequence[Gradient]:
        """The gradients that this piece is computed for."""
        found = [gradient for gradient in gradients if not self.roles or gradient.role in self.roles]
        return found[:1] if self.once else found


Terms = tuple[tuple[str, dict[str, int]], ...]


def _of(
    kind: str, roles: str, why: str, *terms: tuple[str, dict[str, int]], once: bool = False, of: str = "input"
) -> tuple[str, Part]:
    """A piece for these roles; one for any role is a gradient ``of`` something by its name."""
    names = tuple(roles.split())
    title = FORMULAS[kind].title if kind in FORMULAS else kind.replace("_", " ")
    formula = Formula(
        "_".join((kind, "backward", *(names or (of,)))),
        f"{title}, gradient of the {' and '.join(names) or of}",
        tuple(Term(base, MappingProxyType(per)) for base, per in terms),
        why,
        _SOURCE,
    )
    return kind, Part(formula, names, once)


def _each(kind: str, why: str, *, roles: str = "", base: str = "n", **per: int) -> tuple[str, Part]:
    """The same at each element: of the output, unless ``base`` says otherwise."""
    return _of(kind, roles, why, *([(base, per)] if per else []))


def _layer(kind: str, product: str, outputs: str) -> tuple[tuple[str, Part], ...]:
    """A layer whose gradients are products of the forward's size."""
    return (
        _of(kind, "input", f"{_PRODUCT}: the output's gradient meets the weights", (product, _MAC)),
        _of(kind, "weight", f"{_PRODUCT}: the output's gradient meets the input", (product, _MAC)),
        _of(kind, "bias", "the output's gradient, summed", (outputs, _BIAS)),
    )


def _norm(kind: str, base: str, why: str, **per: int) -> tuple[tuple[str, Part], ...]:
    """A normalization: its input's gradient, and those of its scale and shift."""
    return (
        _of(kind, "input", why, (base, per)),
        _of(
            kind,
            "weight",
            "the gradient times the normalized input, summed",
            (base, {"multiplications": 1, "additions": 1}),
        ),
        _of(kind, "bias", "the output's gradient, summed", (base, _ADD)),
    )


def _recurrent(kind: str, gates: int, hidden: str, why: str, **per: int) -> tuple[tuple[str, Part], ...]:
    """A recurrent layer, back through time."""
    product = f"{gates} * T * F" if gates > 1 else "T * F"
    return (
        _of(kind, "", f"back through the steps: a product for the hidden state; {why}", (f"{product} * {hidden}", _MAC),
            ("T * F", per), once=True, of="states"),
        _of(kind, "input", f"{_PRODUCT} with the input's weights", (f"{product} * I", _MAC), once=True),
        _of(kind, "weight", f"{_PRODUCT} for both matrices", (f"{product} * (I + {hidden})", _MAC), once=True),
        _of(kind, "bias", "the gates' gradients, summed over the steps", (product, _BIAS), once=True),
    )  # fmt: skip


_POSITIONS = "N * OUT * C"
_PIXELS = "N * X * C"
_SCORES = "B * T_q * T_k"
_CHANNEL = "two sums, of the gradient and of its product with the normalized input; their means subtracted; scaled"
_WEIGHED = {"multiplications": 1, "additions": 1}

_LAYERS = (
    *_layer("convolution", "N * OUT * (C_in / g) * C_out * K", "N * OUT * C_out"),
    *_layer("transposed_convolution", "N * IN * C_in * (C_out / g) * K", "N * OUT * C_out"),
    *_layer("linear", "N * N_in * N_out", "N * N_out"),
    *_layer("matmul", "B * m * k * p", "B * m * p"),
    _of("attention", "query", _PRODUCT, (f"{_SCORES} * E", _MAC)),
    _of("attention", "key", _PRODUCT, (f"{_SCORES} * E", _MAC)),
    _of("attention", "value", _PRODUCT, (f"{_SCORES} * E_v", _MAC)),
    _of(
        "attention",
        "query key mask",
        "the scores' gradient: a product with the values, the softmax's derivative (4), the scale (1)",
        (f"{_SCORES} * E_v", _MAC),
        (_SCORES, {"multiplications": 3, "additions": 2}),
        once=True,
    ),
    _of("max_pool", "", "each output's gradient is added where its maximum was", (_POSITIONS, _ADD)),
    _of("adaptive_max_pool", "", "each output's gradient is added where its maximum was", ("n", _ADD)),
    _of("average_pool", "", "each element of each window gets its share, added", ("N * OUT * C * K", _WEIGHED)),
    _of("adaptive_average_pool", "", "as average pooling, by each true window", ("N * C * WINDOWS", _WEIGHED)),
    *_norm("batch_norm", _PIXELS, _CHANNEL, multiplications=3, additions=4),
    _of("batch_norm", "scaled", "with fixed statistics the gradient is scaled", (_PIXELS, {"multiplications": 1})),
    *_norm("instance_norm", _PIXELS, _CHANNEL, multiplications=3, additions=4),
    *_norm("group_norm", _PIXELS, f"times the weight; {_CHANNEL}", multiplications=4, additions=4),
    *_norm("layer_norm", "n", f"times the weight; {_CHANNEL}", multiplications=4, additions=4),
    *_norm(
        "rms_norm",
        "n",
        "times the weight; the sum of its product with the normalized input; the mean subtracted; scaled",
        multiplications=4,
        additions=2,
    ),
    _of(
        "local_response_norm",
        "",
        "gradient·output/base summed over the window, times input and constant (2); gradient·power; subtract",
        ("n * S", _ADD),
        ("n", {"multiplications": 4, "divisions": 1, "additions": 1}),
    ),
    *_recurrent(
        "lstm",
        4,
        "P",
        "derivatives of 3 sigmoids (9) and 2 tanh (6), 6 products, 2 sums",
        multiplications=6 + 4 + 6,
        additions=3 + 2 + 2,
    ),
    *_recurrent(
        "gru",
        3,
        "F",
        "derivatives of 2 sigmoids (6) and a tanh (3), 5 products, a difference, 2 sums",
        multiplications=4 + 2 + 5,
        additions=2 + 1 + 1 + 2,
    ),
    *_recurrent("rnn_tanh", 1, "F", "tanh's derivative (3), a sum", multiplications=2, additions=2),
    *_recurrent("rnn_relu", 1, "F", "ReLU's derivative, a sum", comparisons=1, additions=1),
    _of("lstm_projection", "", _PRODUCT, ("T * F * P", _MAC), once=True, of="states"),
    _of("lstm_projection", "weight", _PRODUCT, ("T * F * P", _MAC), once=True),
)

_ACTIVATIONS = (
    _each("relu", "passed on where the input is above 0", comparisons=1),
    _each("leaky_relu", "a comparison and a product", comparisons=1, multiplications=1),
    _each("prelu", "a comparison and a product", roles="input", comparisons=1, multiplications=1),
    _each("prelu", "a comparison, a product, a sum", roles="weight", comparisons=1, multiplications=1, additions=1),
    _each("clamp", "passed on between the bounds: two comparisons", comparisons=2),
    _each("sigmoid", "y·(1 − y)·gradient", additions=1, multiplications=2),
    _each("tanh", "(1 − y²)·gradient", additions=1, multiplications=2),
    _each("silu", "s·(1 + x·(1 − s))·gradient, with the sigmoid s", additions=2, multiplications=3),
    _each("hardsigmoid", "two comparisons and a product", comparisons=2, multiplications=1),
    _each("hardswish", "two comparisons; (x/3 + 1/2)·gradient", comparisons=2, divisions=1, additions=1,
          multiplications=1),
    _each("gelu", "(Φ + x·φ)·gradient; φ is exp(−x²/2)/√(2π): square, times, exp, times", multiplications=5, specials=1,
          additions=1),
    _each(
        "gelu_tanh",
        "½·(1 + t) + ½·x·(1 − t²)·u′ with u′ = √(2/π)·(1 + 3a·x²), times the gradient",
        multiplications=9,
        additions=4,
    ),
    _each("elu", "compare, (y + α)·gradient", comparisons=1, additions=1, multiplications=1),
    _each("selu", "compare, (y + λα)·gradient", comparisons=1, additions=1, multiplications=1),
    _each("celu", "compare, (y/α + 1)·gradient", comparisons=1, divisions=1, additions=1, multiplications=1),
    _each("softplus", "(1 − exp(−y))·gradient", additions=2, specials=1, multiplications=1),
    _each(
        "mish",
        "(t + x·(1 − t²)·s)·gradient, with the tanh t at hand and a sigmoid s (4)",
        additions=4,
        multiplications=4,
        specials=1,
        divisions=1,
    ),
    _each("log_sigmoid", "(1 − exp(y))·gradient", additions=1, specials=1, multiplications=1),
    _each("softmax", "y·(gradient − Σ y·gradient)", multiplications=2, additions=2),
    _each("log_softmax", "gradient − exp(y)·Σ gradient", multiplications=1, additions=2, specials=1),
    _each("glu", "s·gradient, and a·s·(1 − s)·gradient", multiplications=4, additions=1),
)  # fmt: skip

_ELEMENTS = (
    _each("add", "passed on"),
    _each("multiply", "the gradient times the other factor", multiplications=1),
    _each("divide", "the gradient divided", roles="input", divisions=1),
    _each("divide", "−y·gradient, divided", roles="divisor", additions=1, multiplications=1, divisions=1),
    _each("multiply_add", "a product", multiplications=1),
    _each("compare", "passed on where it was selected", comparisons=1),
    _each("special", "the derivative and a product", specials=1, multiplications=1),
    _each("pointwise", "other pointwise: a product with the derivative", multiplications=1),
    _each("sum", "copied to each element"),
    _each("mean", "each element gets its share", base="n_in", multiplications=1),
    _each("variance", "2·(x − mean)/n·gradient", base="n_in", additions=1, multiplications=2),
    _each("extreme", "each output's gradient is added where its extreme was", additions=1),
    _each("upsample_nearest", "each output's gradient is added", additions=1),
    _each("upsample_linear", "each output's gradient, weighed and added, 2 times", multiplications=2, additions=2),
    _each("upsample_bilinear", "each output's gradient, weighed and added, 4 times", multiplications=4, additions=4),
    _each("upsample_trilinear", "each output's gradient, weighed and added, 8 times", multiplications=8, additions=8),
    _each("upsample_bicubic", "each output's gradient, weighed and added, 16 times", multiplications=16, additions=16),
    _each("dropout", "mask and scale", multiplications=2),
    _each("embedding", "each looked-up row's gradient is added to its row", roles="weight", additions=1),
    _each("movement", "gradients move back, nothing is computed"),
    _each("random", "nothing depends on the input"),
    _each("integer", "whole numbers have no gradient"),
)

#: Kinds of less common operations; a loss is averaged by a factor in its gradient.
_FURTHER = (
    _each("mse_loss", "2·(x − y)·gradient", base="n_in", additions=1, multiplications=2),
    _each("smooth_l1_loss", "(x − y)/β between −1 and 1, times the gradient", base="n_in", additions=1, divisions=1,
          comparisons=2, multiplications=1),
    _each("huber_loss", "x − y between −δ and δ, times the gradient", base="n_in", additions=1, comparisons=2,
          multiplications=1),
    _each("binary_cross_entropy", "(x − y)/(x·(1 − x))·gradient", base="n_in", additions=2, multiplications=2,
          divisions=1),
    _each("binary_cross_entropy_with_logits", "a sigmoid (4), less y, times the gradient", base="n_in", additions=3,
          specials=1, divisions=1, multiplications=1),
    _each("nll_loss", "the gradient, weighed, at the right class", base="N", multiplications=1),
    _each("product", "gradient times product, divided by the element", base="n_in", multiplications=1, divisions=1),
    _each("norm", "gradient times element, divided by the norm", base="n_in", multiplications=1, divisions=1),
    _each("norm_1", "the gradient with the element's sign", base="n_in", comparisons=1, multiplications=1),
    _each("lerp", "a product", multiplications=1),
    _each("scaled_multiply_add", "two products", multiplications=2),
    _each("hypot", "x/y·gradient", divisions=1, multiplications=1),
    _each("logit", "gradient divided by x·(1 − x)", additions=1, multiplications=1, divisions=1),
    _each("hardshrink", "passed on outside the bounds", comparisons=2),
    _each("softshrink", "passed on outside the bounds", comparisons=2),
    _each("fold", "each value is copied back to its blocks"),
    _each("embedding_bag", "each value's gradient is added to its row", base="n_in", additions=1),
)  # fmt: skip

#: What single operations do otherwise than the rest of their kind.
_SINGLE = (
    *(_each(name, "2·x·gradient", multiplications=2) for name in ("square", "pow2")),
    _each("reciprocal", "−y²·gradient", multiplications=2, additions=1),
    *(
        _each(name, "the gradient times the element, divided", base="n_in", multiplications=1, divisions=1)
        for name in ("norm", "linalg_vector_norm", "prod")
    ),
    _each("logsumexp", "exp(x − y)·gradient", base="n_in", additions=1, specials=1, multiplications=1),
    _each("cumsum", "the gradients, summed from the end", additions=1),
    *(
        _each(name, "each copy's gradient is added", additions=1)
        for name in ("repeat", "tile", "repeat_interleave", "index", "index_select", "gather", "unfold", "im2col")
    ),
)


def _table(entries: Sequence[tuple[str, Part]]) -> MappingProxyType[str, tuple[Part, ...]]:
    kinds = dict.fromkeys(kind for kind, _ in entries)
    return MappingProxyType({kind: tuple(part for name, part in entries if name == kind) for kind in kinds})


#: The pieces of each kind's backward pass, by the forward's kind.
BACKWARD = _table((*_LAYERS, *_ACTIVATIONS, *_ELEMENTS, *_FURTHER))
_BY_OPERATION = _table(_SINGLE)
_BROADCASTING = frozenset({"add", "multiply", "divide", "compare", "multiply_add", "special", "pointwise"})
_BROADCAST = Formula(
    "broadcast_backward",
    "sum over what was broadcast",
    (Term("n", MappingProxyType(_ADD)),),
    "an argument that was broadcast gets the sum of its gradients",
    _SOURCE,
)
_MEETING = Formula(
    "meeting_backward",
    "gradients that meet",
    (Term("n", MappingProxyType(_ADD)),),
    "what is used more than once gets the sum of its gradients",
    _SOURCE,
)

#: Every backward formula by its kind.
BACKWARD_FORMULAS = MappingProxyType(
    {
        formula.kind: formula
        for formula in (
            *(part.formula for parts in (*BACKWARD.values(), *_BY_OPERATION.values()) for part in parts),
            _BROADCAST,
            _MEETING,
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
    if any(gradient.role == "state" for gradient in gradients):  # a tool may leave the first step out without it
        op = replace(op, dims=(*op.dims, ("state_needed", 1)))
    for part in parts:
        through = part.once and not part.roles
        for gradient in part.wanted(gradients):
            yield _record(op, part.formula, "backward_inputs" if through else _phase(gradient), origin)
    for gradient in gradients:
        if _is_broadcast(op, gradient):
            yield _record(op, _BROADCAST, _phase(gradient), origin)


def meeting(op: OpRecord, gradient: Gradient, origin: int) -> OpRecord:
    """The sum of two gradients of one tensor, which the operation made."""
    made = replace(op, dims=(("n", gradient.elements),))
    return _record(made, _MEETING, _phase(gradient), origin)


def _parts(op: OpRecord) -> tuple[Part, ...] | None:
    if op.kind is None:
        return None
    name = _base_name(op)
    if name == "pow" and op.kind == "multiply":
        name = "pow2"
    known = _BY_OPERATION.get(name) or BACKWARD.get(op.kind)
    if known is None and op.kind in FORMULAS and not FORMULAS[op.kind].terms:
        return BACKWARD["movement"]
    return known


def _base_name(op: OpRecord) -> str:
    """``aten.add_.Tensor`` is an ``add``."""
    parts = op.op.split(".")
    return parts[1].rstrip("_") if parts[0] == "aten" and len(parts) > 1 else ""


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
