"""What PyTorch's own ``torch.utils.flop_counter.FlopCounterMode`` counts, on meta tensors or an accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from nbcnncost.backward import BACKWARD_FORMULAS
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Trace, Training
from nbcnncost.work import Formula


def _products(formulas: Mapping[str, Formula]) -> Iterator[tuple[str, str]]:
    """The number of multiply-accumulates of each kind that has some."""
    return ((kind, term.base) for kind, formula in formulas.items() for term in formula.terms if "macs" in term.per)


def _forward_of(kind: str) -> str:
    return kind.partition("_backward")[0]


_KINDS = (
    *("convolution", "transposed_convolution", "linear", "matmul", "attention"),
    *("lstm", "lstm_projection", "gru", "rnn_tanh", "rnn_relu"),
    *("complex_linear", "complex_matmul"),
)
#: Of complex numbers it sees three real convolutions, which is what the framework makes of one.
_THREE = ("complex_convolution", "complex_transposed_convolution")
_TEXTS: Mapping[str | None, str] = MappingProxyType(
    {
        **{kind: f"2 * {FORMULAS[kind].terms[0].base}" for kind in _KINDS},
        **{kind: f"6 * {FORMULAS[kind].terms[0].base}" for kind in _THREE},
    }
)
#: A weight's gradient, as if each channel met all others.
_GROUPS_FORGOTTEN: Mapping[str | None, str] = MappingProxyType(
    {
        "convolution_backward_weight": "2 * N * OUT * C_in * C_out * K",
        "transposed_convolution_backward_weight": "2 * N * IN * C_in * C_out * K",
    }
)
_STEP_TEXTS: Mapping[str | None, str] = MappingProxyType(
    {
        **_TEXTS,  # what is computed again, and what a function's own backward does
        **{kind: f"2 * {base}" for kind, base in _products(BACKWARD_FORMULAS) if _forward_of(kind) in _KINDS},
        **{kind: f"6 * {base}" for kind, base in _products(BACKWARD_FORMULAS) if _forward_of(kind) in _THREE},
        **_GROUPS_FORGOTTEN,
    }
)
#: Products that it has no formula for.
_MISSED = frozenset({"mv", "dot", "vdot", "addmv", "addbmm", "_trilinear"})


def _hears(trace: Trace) -> Iterator[Part]:
    for index, op in enumerate(trace.ops):
        if op.op.split(".")[1] in _MISSED:
            yield Part(index, "0", {}, "products")
        elif op.kind in _TEXTS:
            yield Part(index, _TEXTS[op.kind], dict(op.dims), spatial=op.spatial)


def _hears_step(training: Training) -> Iterator[Part]:
    for index, op in enumerate(training.ops):
        text = _STEP_TEXTS.get(op.kind)
        if text is None:
            continue
        if op.op.split(".")[1] in _MISSED:
            yield Part(index, "0", {}, "products")
        else:
            values = dict(op.dims)
            forgets = op.kind in _GROUPS_FORGOTTEN and values["g"] > 1
            yield Part(index, text, values, "groups" if forgets else "", op.spatial)


flop_counter_mode = Peer(
    name="flop_counter_mode",
    title="FlopCounterMode of PyTorch 2.14: 2 for each multiply-accumulate, nothing else",
    unit="FLOPs",
    weights=MappingProxyType({"macs": 2}),
    tool="torch.utils.flop_counter.FlopCounterMode",
    version="2.14.1",
    says="FLOPs",
    doc=(
        "Two for each multiply-accumulate of convolutions, matrix products, attention and recurrent layers; biases, "
        "norms, activations, pooling and arithmetic count nothing. It counts tensor operations, so its number depends "
        "on what a device makes of a layer: this is its number on meta tensors and on accelerators. On a CPU attention "
        "and LSTM layers are single operations that it has no formula for, and it leaves them out without a word. "
        "Of a training step it counts the backward pass as well, and what checkpoints compute again; an optimizer's "
        "work counts nothing. An accelerator's fused attention counts a product more on its way back, since it "
        "computes the scores again. "
        "Its rows for modules name a shared module once, and lose what follows where a module calls itself."
    ),
    hears=_hears,
    hears_step=_hears_step,
    faults=MappingProxyType(
        {
            "products": "products with a vector and bilinear layers count nothing",
            "groups": "the weight gradient of a grouped convolution is not divided by the groups",
        }
    ),
)
