"""What PyTorch's own ``torch.utils.flop_counter.FlopCounterMode`` counts, on meta tensors or an accelerator."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Trace

_PRODUCTS = frozenset({"convolution", "transposed_convolution", "linear", "matmul", "attention"})


def _hears(trace: Trace) -> Iterator[Part]:
    for index, op in enumerate(trace.ops):
        if op.kind in _PRODUCTS:
            yield Part(index, f"2 * {FORMULAS[op.kind].terms[0].base}", dict(op.dims), spatial=op.spatial)


flop_counter_mode = Peer(
    name="flop_counter_mode",
    title="FlopCounterMode of PyTorch 2.14: 2 for each multiply-accumulate, nothing else",
    unit="FLOPs",
    weights=MappingProxyType({"macs": 2}),
    tool="torch.utils.flop_counter.FlopCounterMode",
    version="2.14.1",
    says="FLOPs",
    hears=_hears,
)
