"""The default: the textbook's FLOPs, in which a multiply-accumulate is two."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.conventions.base import Convention

textbook = Convention(
    name="textbook",
    title="FLOPs by the textbook's formulas, 1 MAC = 2 FLOPs",
    unit="FLOPs",
    weights=MappingProxyType(
        {"macs": 2, "additions": 1, "multiplications": 1, "comparisons": 1, "divisions": 1, "specials": 1}
    ),
    doc=(
        "The formulas of Ye Tingyun, “How to estimate a CNN's computation and parameters accurately”: a convolution "
        "is 2·H_out·W_out·C_in·C_out·K_h·K_w, a fully connected layer 2·N_in·N_out; pooling, ReLU and batch "
        "normalization count too. Additions of a bias are left out, as there. Everything else follows the same "
        "reasoning: the operations of each layer's definition, one each."
    ),
)
