"""As the tables of CNN papers count: the multiply-accumulates of convolutions and linear layers, nothing else."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.conventions.base import Convention

#: Kinds that have multiply-accumulates and stand in no CNN's table.
_LEFT_OUT = ("matmul", "attention", "lstm", "lstm_projection", "gru", "rnn_tanh", "rnn_relu")

paper = Convention(
    name="paper",
    title="multiply-accumulates of convolutions and linear layers, as papers print them",
    unit="MACs",
    weights=MappingProxyType({"macs": 1, "integer_macs": 1}),
    rules=MappingProxyType(dict.fromkeys(_LEFT_OUT, 0)),
    doc=(
        "One for each multiply-accumulate of a convolution or linear layer. Matrix products between activations "
        "(attention) and recurrent layers are left out: papers on transformers count them, many tools do not. "
        "Most papers call this number FLOPs, or mult-adds."
    ),
)
