"""Every name of ``torch.nn`` and ``torch.nn.functional``: counted, zero by rule, or unknown for a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Example = tuple[Callable[[], Any], tuple[torch.Tensor, ...]]


def x(*size: int) -> torch.Tensor:
    """An input of this size, its values between 0 and 1."""
    return torch.linspace(0.1, 0.9, max(1, torch.Size(size).numel())).reshape(size)


def whole(*size: int, below: int = 2) -> torch.Tensor:
    """Whole numbers."""
    return torch.arange(torch.Size(size).numel()).reshape(size) % below


LINE, MAP, CUBE = x(2, 4, 8), x(2, 4, 8, 8), x(2, 4, 8, 8, 8)
ROWS, PAIR = x(3, 4), (x(3, 4), x(3, 4))
SIGNS = 2.0 * whole(3) - 1
BY_RANK = {"1d": LINE, "2d": MAP, "3d": CUBE}


def ranked(name: str, **settings: Any) -> dict[str, Example]:
    """A layer for one, two and three dimensions."""
    return {
        f"{name}{rank}": (lambda rank=rank: getattr(nn, f"{name}{rank}")(**settings), (given,))
        for rank, given in BY_RANK.items()
    }


def on(given: torch.Tensor, *names: str) -> dict[str, Example]:
    """Layers without settings."""
    return {name: (getattr(nn, name), (given,)) for name in names}


def losses(*names: str) -> dict[str, Example]:
    """Losses that compare two tensors of one shape."""
    return {name: (getattr(nn, name), PAIR) for name in names}


ENCODER: dict[str, Any] = {"d_model": 4, "nhead": 2, "dim_feedforward": 8, "batch_first": True}

COUNTED: dict[str, Example] = {
    **ranked("Conv", in_channels=4, out_channels=2, kernel_size=3),
    **ranked("ConvTranspose", in_channels=4, out_channels=2, kernel_size=3),
    **ranked("MaxPool", kernel_size=2),
    **ranked("AvgPool", kernel_size=2),
    **ranked("LPPool", norm_type=2, kernel_size=2),
    **ranked("AdaptiveAvgPool", output_size=2),
    **ranked("AdaptiveMaxPool", output_size=2),
    **ranked("BatchNorm", num_features=4),
    **ranked("InstanceNorm", num_features=4),
    "FractionalMaxPool2d": (lambda: nn.FractionalMaxPool2d(2, output_size=3), (MAP,)),
    "FractionalMaxPool3d": (lambda: nn.FractionalMaxPool3d(2, output_size=3), (CUBE,)),
    "SyncBatchNorm": (lambda: nn.SyncBatchNorm(4), (MAP,)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (MAP,)),
    "LayerNorm": (lambda: nn.LayerNorm(4), (ROWS,)),
    "RMSNorm": (lambda: nn.RMSNorm(4), (ROWS,)),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(3), (MAP,)),
    "CrossMapLRN2d": (lambda: nn.CrossMapLRN2d(3), (MAP,)),
    "AdaptiveLogSoftmaxWithLoss": (lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4]), (ROWS, whole(3))),
    "Linear": (lambda: nn.Linear(4, 2), (ROWS,)),
    "Bilinear": (lambda: nn.Bilinear(4, 4, 2), PAIR),
    "RNN": (lambda: nn.RNN(8, 3), (LINE,)),
    "LSTM": (lambda: nn.LSTM(8, 3, num_layers=2, bidirectional=True, proj_size=2), (LINE,)),
    "GRU": (lambda: nn.GRU(8, 3, num_layers=2, bidirectional=True), (LINE,)),
    "RNNCell": (lambda: nn.RNNCell(4, 3), (ROWS,)),
    "LSTMCell": (lambda: nn.LSTMCell(4, 3), (ROWS,)),
    "GRUCell": (lambda: nn.GRUCell(4, 3), (ROWS,)),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(8, 2), (LINE, LINE, LINE)),
    "Transformer": (
        lambda: nn.Transformer(8, 2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=8),
        (LINE, LINE),
    ),
    "TransformerEncoderLayer": (lambda: nn.TransformerEncoderLayer(**ENCODER), (x(2, 3, 4),)),
    "TransformerEncoder": (
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(**ENCODER), 2),
        (x(2, 3, 4),),
    ),
    "TransformerDecoderLayer": (lambda: nn.TransformerDecoderLayer(**ENCODER), (x(2, 3, 4), x(2, 3, 4))),
    "TransformerDecoder": (
        lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(**ENCODER), 2),
        (x(2, 3, 4), x(2, 3, 4)),
    ),
    **on(ROWS, "CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid"),
    **on(ROWS, "Mish", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink"),
    **on(ROWS, "Softsign", "Tanh", "Tanhshrink", "GLU"),
    **on(MAP, "Softmax2d"),
    "Softmax": (lambda: nn.Softmax(1), (ROWS,)),
    "Softmin": (lambda: nn.Softmin(1), (ROWS,)),
    "LogSoftmax": (lambda: nn.LogSoftmax(1), (ROWS,)),
    "Threshold": (lambda: nn.Threshold(0.5, 0.0), (ROWS,)),
    "Upsample": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (MAP,)),
    "UpsamplingBilinear2d": (lambda: nn.UpsamplingBilinear2d(scale_factor=2), (MAP,)),
    "Fold": (lambda: nn.Fold((4, 4), 2), (x(1, 8, 9),)),
    "EmbeddingBag": (lambda: nn.EmbeddingBag(5, 3), (whole(2, 4),)),
    "CosineSimilarity": (nn.CosineSimilarity, PAIR),
    "PairwiseDistance": (nn.PairwiseDistance, PAIR),
    **losses("BCELoss", "BCEWithLogitsLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "MultiLabelSoftMarginLoss"),
    **losses("SmoothL1Loss", "SoftMarginLoss", "PoissonNLLLoss", "HingeEmbeddingLoss"),
    "CosineEmbeddingLoss": (nn.CosineEmbeddingLoss, (*PAIR, SIGNS)),
    "CrossEntropyLoss": (nn.CrossEntropyLoss, (ROWS, whole(3))),
    "MarginRankingLoss": (nn.MarginRankingLoss, (x(3), x(3), SIGNS)),
    "MultiMarginLoss": (nn.MultiMarginLoss, (ROWS, whole(3))),
    "NLLLoss": (nn.NLLLoss, (ROWS, whole(3))),
    "NLLLoss2d": (nn.NLLLoss2d, (MAP, whole(2, 8, 8))),
    "TripletMarginLoss": (nn.TripletMarginLoss, (*PAIR, ROWS)),
    "TripletMarginWithDistanceLoss": (nn.TripletMarginWithDistanceLoss, (*PAIR, ROWS)),
    "LinearCrossEntropyLoss": (lambda: nn.LinearCrossEntropyLoss(4, 3), (ROWS, whole(3))),
}
ZERO: dict[str, Example] = {
    **on(ROWS, "Identity", "Dropout", "Dropout1d", "AlphaDropout", "FeatureAlphaDropout", "Flatten"),
    **on(MAP, "Dropout2d"),
    **on(CUBE, "Dropout3d"),
    "ChannelShuffle": (lambda: nn.ChannelShuffle(2), (MAP,)),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), (MAP,)),
    "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), (MAP,)),
    "Embedding": (lambda: nn.Embedding(5, 3), (whole(2, 4),)),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 2)), (ROWS,)),
    "Unfold": (lambda: nn.Unfold(2), (MAP,)),
    "UpsamplingNearest2d": (lambda: nn.UpsamplingNearest2d(scale_factor=2), (MAP,)),
    **{
        name: example
        for pad in ("Circular", "Reflection", "Replication", "Zero")
        for name, example in ranked(f"{pad}Pad", padding=1).items()
    },
    **ranked("ConstantPad", padding=1, value=0.5),
    **{
        f"MaxUnpool{rank}": (lambda rank=rank: getattr(nn, f"MaxUnpool{rank}")(2), pooled)
        for rank, pooled in {
            "1d": F.max_pool1d(LINE, 2, return_indices=True),
            "2d": F.max_pool2d(MAP, 2, return_indices=True),
            "3d": F.max_pool3d(CUBE, 2, return_indices=True),
        }.items()
    },
}
#: With the reason that the user is told.
UNKNOWN: dict[str, tuple[Example, str]] = {
    "CTCLoss": (
        (nn.CTCLoss, (x(5, 2, 4).log_softmax(2), whole(2, 2, below=1) + 1, torch.tensor([5, 5]), torch.tensor([2, 2]))),
        "depends on the values of the targets",
    ),
    "MultiLabelMarginLoss": ((nn.MultiLabelMarginLoss, (ROWS, whole(3, 4))), "depends on the values of the targets"),
}
#: Their forward looks at values: they are counted where they run for real.
BY_VALUES: dict[str, Example] = {
    "GaussianNLLLoss": (nn.GaussianNLLLoss, (*PAIR, ROWS)),
}
#: No layers: containers, bases, settings; and layers that don't know their size yet.
NO_LAYERS = frozenset(
    {"Container", "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "RNNBase", "RNNCellBase"}
    | {"Sequential", "LinearCrossEntropyOptions"}
)


# --- torch.nn.functional ----------------------------------------------------------------------------------

SQUARE = x(1, 2, 4, 4)
FUNCTIONS_COUNTED: dict[str, Example] = {
    "adaptive_max_pool1d_with_indices": (lambda: lambda a: F.adaptive_max_pool1d_with_indices(a, 2), (LINE,)),
    "adaptive_max_pool2d_with_indices": (lambda: lambda a: F.adaptive_max_pool2d_with_indices(a, 2), (MAP,)),
    "adaptive_max_pool3d_with_indices": (lambda: lambda a: F.adaptive_max_pool3d_with_indices(a, 2), (CUBE,)),
    "affine_grid": (lambda: lambda a: F.affine_grid(a, [1, 1, 4, 4]), (x(1, 2, 3),)),
    "conv_tbc": (lambda: F.conv_tbc, (x(8, 2, 4), x(3, 4, 5), x(5))),
    "fractional_max_pool2d_with_indices": (
        lambda: lambda a: F.fractional_max_pool2d_with_indices(a, 2, output_size=3),
        (MAP,),
    ),
    "fractional_max_pool3d_with_indices": (
        lambda: lambda a: F.fractional_max_pool3d_with_indices(a, 2, output_size=3),
        (CUBE,),
    ),
    "grid_sample": (lambda: lambda a, g: F.grid_sample(a, g, align_corners=False), (SQUARE, x(1, 3, 3, 2))),
    "grouped_mm": (
        lambda: lambda a, b, ends: F.grouped_mm(a, b, offs=ends),
        (x(8, 16).bfloat16(), x(2, 16, 8).bfloat16(), torch.tensor([4, 8], dtype=torch.int32)),
    ),
    "gumbel_softmax": (lambda: F.gumbel_softmax, (ROWS,)),
    "interpolate": (lambda: lambda a: F.interpolate(a, scale_factor=2, mode="bicubic"), (MAP,)),
    "linear_cross_entropy": (lambda: F.linear_cross_entropy, (ROWS, x(5, 4), whole(3))),
    "max_pool1d_with_indices": (lambda: lambda a: F.max_pool1d_with_indices(a, 2), (LINE,)),
    "max_pool2d_with_indices": (lambda: lambda a: F.max_pool2d_with_indices(a, 2), (MAP,)),
    "max_pool3d_with_indices": (lambda: lambda a: F.max_pool3d_with_indices(a, 2), (CUBE,)),
    "normalize": (lambda: F.normalize, (ROWS,)),
    "pdist": (lambda: F.pdist, (ROWS,)),
    "scaled_dot_product_attention": (lambda: F.scaled_dot_product_attention, (LINE, LINE, LINE)),
    "upsample": (lambda: lambda a: F.upsample(a, scale_factor=2, mode="bilinear"), (MAP,)),
    "upsample_bilinear": (lambda: lambda a: F.upsample_bilinear(a, scale_factor=2), (MAP,)),
}
FUNCTIONS_ZERO: dict[str, Example] = {
    "native_channel_shuffle": (lambda: lambda a: F.native_channel_shuffle(a, 2), (MAP,)),
    "one_hot": (lambda: lambda a: F.one_hot(a, 3), (whole(4),)),
    "pad": (lambda: lambda a: F.pad(a, (1, 1)), (ROWS,)),
    "upsample_nearest": (lambda: lambda a: F.upsample_nearest(a, scale_factor=2), (MAP,)),
}
#: Functions behind a layer of the tables above, which calls them.
BEHIND_LAYERS = {
    "multi_head_attention_forward": "MultiheadAttention",
    "logsigmoid": "LogSigmoid",
    "margin_ranking_loss": "MarginRankingLoss",
    "batch_norm": "BatchNorm2d",
    "instance_norm": "InstanceNorm2d",
    "cross_entropy": "CrossEntropyLoss",
}
#: Nothing to be counted: helpers of the module; products of 8-bit numbers, which no CPU has.
FUNCTIONS_LEFT_OUT = frozenset(
    {"assert_int_or_pair", "boolean_dispatch", "handle_torch_function", "has_torch_function"}
    | {"has_torch_function_unary", "has_torch_function_variadic", "scaled_mm", "scaled_grouped_mm"}
)
