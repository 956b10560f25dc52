"""How many samples an input holds: what the first layer that knows its batch dimension says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from nbcnncost.records import TensorSpec
from nbcnncost.tracing.packed import kind_of_layer


class Batch(NamedTuple):
    """The size of a layer's batch, and in which dimension of its input it stands."""

    size: int
    dimension: int


def batch_of(module: nn.Module, inputs: Sequence[TensorSpec]) -> Batch | None:
    """The batch of a layer whose kind says where it stands; ``None`` for all others, and for a single sample."""
    if not inputs:
        return None
    shape = inputs[0].shape
    rank, dimension = _layout(module)
    return Batch(shape[dimension], dimension) if len(shape) == rank else None


def batch_of_inputs(inputs: Sequence[TensorSpec], batch: Batch | None) -> int | None:
    """The batch of a model's inputs, by that of its first layer that knows; ``None`` where they contradict.

    Where no layer knows, it is the first dimension, as is usual; a layer may also see several frames for each sample.
    """
    shape = next((spec.shape for spec in inputs if len(spec.shape) > 1), None)
    if shape is None or batch is None:
        return None if shape is None else shape[0]
    if len(shape) > batch.dimension and shape[batch.dimension] == batch.size:
        return batch.size
    return shape[0] if batch.dimension == 0 and batch.size % shape[0] == 0 else None


def _layout(module: nn.Module) -> tuple[int, int]:
    """How many dimensions a layer's batched input has, and which of them is the batch; none where that is open."""
    kind = kind_of_layer(module)
    if isinstance(module, nn.modules.conv._ConvNd) or kind == "convolution":
        return len(module.kernel_size) + 2, 0  # type: ignore[arg-type]
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) or kind == "recurrent":
        return 3, 0 if module.batch_first else 1
    if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
        return 3, 0 if module.self_attn.batch_first else 1
    return -1, 0
