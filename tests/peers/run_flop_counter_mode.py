"""PyTorch's `FlopCounterMode`, run on a probe: on meta tensors, which is what the convention says."""

from __future__ import annotations

import torch
from figures import Figures
from probes import Probe

#: PyTorch's.
VERSION = "2.14.1"

_SHARED = "a module with two names has one row, under the last of them"
EXCEPTIONS: dict[str, str] = {
    "two parents/layers": _SHARED,
    "shared block/layers": _SHARED,
    "layers made in forward/layers": "a layer that the forward makes has a row by its class, as if it were a model",
}


def figures(probe: Probe) -> Figures:
    """Its total, and its number for each module."""
    from torch.utils.flop_counter import FlopCounterMode

    model = probe.model().to("meta")
    inputs = [tensor.to("meta") for tensor in probe.inputs()]
    try:
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(*inputs)
    except Exception as error:  # noqa: BLE001 -- a tool may fail in any way
        return Figures(None, error=repr(error))
    root = type(model).__name__
    sums = {name: sum(numbers.values()) for name, numbers in counter.get_flop_counts().items()}
    layers = {name.removeprefix(root).removeprefix("."): number for name, number in sums.items() if number}
    layers.pop("Global", None)  # the sum of all, by another name
    return Figures(counter.get_total_flops(), layers=layers)
