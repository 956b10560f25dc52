"""torchprofile's `profile_macs`, run on a probe: for real, since jit tracing cannot run convolutions on meta tensors.

It gives numbers for the nodes of its graph, whose scopes are empty: none for modules.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType

from figures import Figures
from probes import Probe

VERSION = "0.1.0"

#: How many products of shape numbers a model's own code writes into the graph: one each; no trace has them.
SHAPE_PRODUCTS: Mapping[str, int] = MappingProxyType(
    {
        "shape product": 1,
        "vit_b_16": 1,
        "vit_b_32": 1,
        "vit_l_16": 1,
        "vit_l_32": 1,
        "vit_h_14": 1,
        "maxvit_t": 22,
        "swin_t": 24,
        "swin_s": 48,
        "swin_b": 48,
        "swin_v2_t": 36,
        "swin_v2_s": 72,
        "swin_v2_b": 72,
        "mvit_v1_b": 38,
        "mvit_v2_s": 163,
        "swin3d_t": 92,
        "swin3d_s": 176,
        "swin3d_b": 176,
    }
)
#: How many elements of results that nobody uses it leaves out.
UNUSED: Mapping[str, int] = MappingProxyType({"attention with weights": 2 * 5 * 5})
EXCEPTIONS: dict[str, str] = {
    **{
        name: f"counts {number} products of shape numbers, which no trace has"
        for name, number in SHAPE_PRODUCTS.items()
    },
    **{name: f"leaves out {number} elements of a mean that nobody uses" for name, number in UNUSED.items()},
}


def figures(probe: Probe) -> Figures:
    """Its total."""
    from torchprofile import profile_macs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Figures(profile_macs(probe.model(), probe.inputs()))
        except Exception as error:  # noqa: BLE001 -- a tool may fail in any way
            return Figures(None, error=repr(error))
