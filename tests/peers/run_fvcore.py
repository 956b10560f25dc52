"""fvcore's `FlopCountAnalysis`, run on a probe: for real, since jit tracing cannot run convolutions on meta tensors."""

from __future__ import annotations

import logging

from figures import Figures
from probes import Probe

VERSION = "0.1.5.post20221221"

_SHARED = "a module with two names has one row, under the first of them"
EXCEPTIONS: dict[str, str] = {
    "torch.matmul with a vector": "it asks the vector for a second axis, and fails",
    "two parents/layers": _SHARED,
    "shared block/layers": _SHARED,
    "layers made in forward/layers": "a layer that the forward makes has no row",
}


def figures(probe: Probe) -> Figures:
    """Its total, its number of parameters and its number for each module."""
    from fvcore.nn import FlopCountAnalysis, parameter_count

    logging.getLogger("fvcore.nn.jit_analysis").setLevel(logging.ERROR)
    model = probe.model()
    analysis = FlopCountAnalysis(model, probe.inputs())
    try:
        total = int(analysis.total())
    except Exception as error:  # noqa: BLE001 -- a tool may fail in any way
        return Figures(None, error=repr(error))
    layers = {path: int(number) for path, number in analysis.by_module().items() if number}
    return Figures(total, parameter_count(model)[""], layers)
