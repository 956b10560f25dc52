"""What PyTorch's own ``torch.utils.flop_counter.FlopCounterMode`` counts, on meta tensors or an accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Trace

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
#: Products that it has no formula for.
_MISSED = frozenset({"mv", "dot", "vdot", "addmv", "addbmm", "_trilinear"})


def _hears(trace: Trace) -> Iterator[Part]:
    for index, op in enumerate(trace.ops):
        if op.op.split(".")[1] in _MISSED:
            yield Part(index, "0", {}, "products")
        elif op.kind in _TEXTS:
            yield Part(index, _TEXTS[op.kind], dict(op.dims), spatial=op.spatial)


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
        "Its rows for modules name a shared module once, and lose what follows where a module calls itself."
    ),
    hears=_hears,
    faults=MappingProxyType({"products": "products with a vector and bilinear layers count nothing"}),
)
