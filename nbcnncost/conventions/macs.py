"""Multiply-accumulates of convolutions, linear layers and matrix products: the number papers call "FLOPs"."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.conventions.base import Convention

macs = Convention(
    name="macs",
    title="multiply-accumulates of convolutions, linear layers and matrix products",
    unit="MACs",
    weights=MappingProxyType({"macs": 1, "integer_macs": 1}),
    doc=(
        "One for each multiply-accumulate; biases, normalization, activations and pooling count nothing. "
        "Those of whole numbers, in quantized layers, count as well. "
        "This is what torchvision publishes as GFLOPS and what most papers print as FLOPs."
    ),
)
