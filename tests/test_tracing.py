"""What a trace holds: every call, operation and parameter once, however a model is built; numbers by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.checkpoint import checkpoint

import nbcnncost
from nbcnncost import Report

#: Kinds whose operations compute nothing: which of them run may differ between meta and real tensors.
STILL = {"movement", "random", "integer"}


def numbers(report: Report) -> tuple[int, int, int]:
    """The totals."""
    return report.total.params, report.total.macs, report.total.flops


def kinds(report: Report) -> list[tuple[Any, ...]]:
    """The operations that compute, with their dimensions, in order."""
    return [(op.kind, sorted(op.dims), trace_path(report, op.call)) for op in report.trace.ops if op.kind not in STILL]


def trace_path(report: Report, call: int) -> str:
    """The path of a call."""
    return report.trace.calls[call].path if call >= 0 else "outside"


def adds_up(report: Report) -> None:
    """The shown leaves add up to the total at every depth, and so does each container."""
    total = report.total
    for depth in (1, 2, 3, 4, 7, None):
        leaves = [row for row in report.tree(depth) if row.is_leaf]
        assert sum(row.params for row in leaves) == total.params
        assert sum(row.trainable for row in leaves) == total.trainable
        assert sum(row.macs or 0 for row in leaves) == (total.macs or 0)
        assert sum(row.flops or 0 for row in leaves) == (total.flops or 0)
    assert sum(row.flops or 0 for row in report.by_type()) == (total.flops or 0)


def both(model: nn.Module, size: Any = None, **options: Any) -> Report:
    """The report of a run on meta, after holding that a run for real counts the same."""
    report = nbcnncost.cost(model, size, **options)
    real = nbcnncost.cost(model, size, execute=True, **options)
    assert numbers(report) == numbers(real)
    assert kinds(report) == kinds(real)
    assert report.uncounted == real.uncounted == ()
    assert report.total.params == sum(parameter.numel() for parameter in model.parameters())
    adds_up(report)
    adds_up(real)
    return report


# One layer, one count: parameters, MACs, FLOPs.

X = torch.zeros
LAYERS: dict[str, tuple[nn.Module, Any, tuple[int, int, int]]] = {
    "Linear": (nn.Linear(4, 3), X(2, 4), (4 * 3 + 3, 2 * 4 * 3, 2 * 2 * 4 * 3)),
    "Linear, no bias": (nn.Linear(4, 3, bias=False), X(2, 4), (12, 2 * 4 * 3, 2 * 2 * 4 * 3)),
    "Linear, one vector": (nn.Linear(4, 3), X(4), (15, 4 * 3, 2 * 4 * 3)),
    "Linear, three axes": (nn.Linear(4, 3), X(2, 5, 4), (15, 10 * 4 * 3, 2 * 10 * 4 * 3)),
    "Linear, not contiguous": (nn.Linear(4, 3), X(2, 4, 5).mT, (15, 10 * 4 * 3, 2 * 10 * 4 * 3)),
    "Linear, channels last": (
        nn.Linear(4, 3),
        X(2, 4, 5, 6).permute(0, 2, 3, 1),
        (15, 60 * 4 * 3, 2 * 60 * 4 * 3),
    ),
    "Conv1d": (nn.Conv1d(3, 4, 3), X(2, 3, 9), (4 * 3 * 3 + 4, 2 * 7 * 36, 2 * 2 * 7 * 36)),
    "Conv2d": (nn.Conv2d(3, 4, (3, 5)), X(2, 3, 9, 9), (184, 2 * 7 * 5 * 180, 2 * 2 * 7 * 5 * 180)),
    "Conv3d": (nn.Conv3d(3, 4, 3), X(1, 3, 5, 6, 7), (328, 3 * 4 * 5 * 324, 2 * 3 * 4 * 5 * 324)),
    "Conv1d, unbatched": (nn.Conv1d(3, 4, 3), X(3, 9), (40, 7 * 36, 2 * 7 * 36)),
    "Conv2d, unbatched": (nn.Conv2d(3, 4, 3), X(3, 9, 9), (112, 49 * 108, 2 * 49 * 108)),
    "Conv2d, strided": (nn.Conv2d(3, 4, 3, stride=2, padding=1), X(1, 3, 9, 9), (112, 25 * 108, 50 * 108)),
    "Conv2d, grouped": (nn.Conv2d(6, 4, 3, groups=2), X(1, 6, 5, 5), (4 * 3 * 9 + 4, 9 * 108, 18 * 108)),
    "Conv2d, depthwise": (nn.Conv2d(6, 12, 3, groups=6), X(1, 6, 5, 5), (120, 9 * 108, 18 * 108)),
    "Conv2d, dilated": (nn.Conv2d(3, 4, 3, dilation=2), X(1, 3, 9, 9), (112, 25 * 108, 50 * 108)),
    "Conv2d, same": (nn.Conv2d(3, 4, 3, padding="same", dilation=2), X(1, 3, 9, 9), (112, 8748, 17496)),
    "Conv2d, same, even": (nn.Conv2d(3, 4, 4, padding="same"), X(1, 3, 9, 9), (196, 81 * 192, 162 * 192)),
    "Conv2d, valid": (nn.Conv2d(3, 4, 3, padding="valid"), X(1, 3, 9, 9), (112, 49 * 108, 98 * 108)),
    "Conv2d, reflecting": (
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"),
        X(1, 3, 9, 9),
        (112, 81 * 108, 162 * 108),
    ),
    "Conv2d, circular": (
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"),
        X(1, 3, 9, 9),
        (112, 81 * 108, 162 * 108),
    ),
    "Conv2d, channels last": (
        nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last),
        X(1, 3, 9, 9).to(memory_format=torch.channels_last),
        (112, 49 * 108, 98 * 108),
    ),
    "ConvTranspose1d": (nn.ConvTranspose1d(4, 6, 3), X(2, 4, 5), (78, 2 * 5 * 72, 2 * 2 * 5 * 72)),
    "ConvTranspose2d": (
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        X(2, 4, 5, 5),
        (4 * 3 * 9 + 6, 2 * 25 * 108, 2 * 2 * 25 * 108),
    ),
    "ConvTranspose3d": (nn.ConvTranspose3d(2, 3, 2), X(1, 2, 4, 4, 4), (51, 64 * 48, 2 * 64 * 48)),
    "MaxPool1d": (nn.MaxPool1d(2), X(1, 3, 9), (0, 0, 4 * 3 * 2)),
    "MaxPool2d": (nn.MaxPool2d(3, 2, ceil_mode=True), X(1, 3, 8, 8), (0, 0, 4 * 4 * 3 * 9)),
    "MaxPool3d": (nn.MaxPool3d(2), X(2, 3, 4, 4, 4), (0, 0, 2 * 8 * 3 * 8)),
    "AvgPool1d": (nn.AvgPool1d(2), X(1, 3, 9), (0, 0, 2 * 4 * 3 * 2)),
    "AvgPool2d": (nn.AvgPool2d(2), X(1, 3, 8, 8), (0, 0, 2 * 16 * 3 * 4)),
    "AvgPool2d, unbatched": (nn.AvgPool2d(2), X(3, 8, 8), (0, 0, 2 * 16 * 3 * 4)),
    "AvgPool3d": (nn.AvgPool3d(2), X(1, 3, 4, 4, 4), (0, 0, 2 * 8 * 3 * 8)),
    "AdaptiveAvgPool1d": (nn.AdaptiveAvgPool1d(3), X(1, 2, 6), (0, 0, 2 * 2 * 6)),
    # 7 into 3: windows 0–3, 2–5, 4–7 of 3, 3, 3: 9 along each axis
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d(3), X(1, 2, 7, 7), (0, 0, 2 * 2 * 9 * 9)),
    "AdaptiveAvgPool2d to 1": (nn.AdaptiveAvgPool2d(1), X(1, 2, 7, 7), (0, 0, 2 * 2 * 49)),
    "AdaptiveAvgPool2d, unbatched": (nn.AdaptiveAvgPool2d(1), X(2, 7, 7), (0, 0, 2 * 2 * 49)),
    "AdaptiveMaxPool2d": (nn.AdaptiveMaxPool2d(3), X(1, 2, 7, 7), (0, 0, 2 * 9 * 9)),
    "BatchNorm1d": (nn.BatchNorm1d(4), X(2, 4), (8, 0, 4 * 8)),
    "BatchNorm2d": (nn.BatchNorm2d(4), X(2, 4, 3, 3), (8, 0, 4 * 72)),
    "BatchNorm3d": (nn.BatchNorm3d(4, affine=False), X(2, 4, 3, 3, 3), (0, 0, 4 * 216)),
    "InstanceNorm2d": (nn.InstanceNorm2d(4, affine=True), X(2, 4, 3, 3), (8, 0, 4 * 72)),
    "GroupNorm": (nn.GroupNorm(2, 4), X(2, 4, 3, 3), (8, 0, 4 * 72)),
    "LayerNorm": (nn.LayerNorm([4, 5]), X(2, 4, 5), (40, 0, 4 * 40)),
    "RMSNorm": (nn.RMSNorm(5), X(2, 5), (5, 0, 4 * 10)),
    "ReLU": (nn.ReLU(), X(2, 5), (0, 0, 10)),
    "ReLU6, in place": (nn.ReLU6(inplace=True), X(2, 5), (0, 0, 2 * 10)),
    "PReLU": (nn.PReLU(5), X(2, 5), (5, 0, 2 * 10)),
    "Sigmoid": (nn.Sigmoid(), X(2, 5), (0, 0, 4 * 10)),
    "Tanh": (nn.Tanh(), X(2, 5), (0, 0, 5 * 10)),
    "SiLU": (nn.SiLU(), X(2, 5), (0, 0, 5 * 10)),
    "Hardswish": (nn.Hardswish(), X(2, 5), (0, 0, 5 * 10)),
    "Hardsigmoid": (nn.Hardsigmoid(), X(2, 5), (0, 0, 4 * 10)),
    "GELU": (nn.GELU(), X(2, 5), (0, 0, 5 * 10)),
    "GELU, tanh": (nn.GELU("tanh"), X(2, 5), (0, 0, 10 * 10)),
    "Softmax": (nn.Softmax(-1), X(2, 5), (0, 0, 5 * 10)),
    "GLU": (nn.GLU(), X(2, 6), (0, 0, 5 * 6)),
    "Upsample": (nn.Upsample(scale_factor=2, mode="bilinear"), X(1, 3, 4, 4), (0, 0, 7 * 3 * 64)),
    "Upsample, nearest": (nn.Upsample(scale_factor=2), X(1, 3, 4, 4), (0, 0, 0)),
    "Upsample, bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), X(1, 3, 4, 4), (0, 0, 31 * 3 * 64)),
    "PixelShuffle": (nn.PixelShuffle(2), X(1, 4, 3, 3), (0, 0, 0)),
    "Dropout": (nn.Dropout(), X(2, 5), (0, 0, 0)),
    "Embedding": (nn.Embedding(10, 3), X(2, 4, dtype=torch.long), (30, 0, 0)),
    "Identity": (nn.Identity(), X(2, 5), (0, 0, 0)),
    "Sequential, empty": (nn.Sequential(), X(2, 5), (0, 0, 0)),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_one_layer(name: str) -> None:
    """A layer alone: its parameters, MACs and FLOPs, on meta and for real, by its formula written out."""
    layer, x, expected = LAYERS[name]
    assert numbers(both(layer, input_data=x)) == expected


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ("Sequential, empty", "Identity")])
def test_one_layer_inside_a_model(name: str) -> None:
    """The same layer inside a model, called twice: one set of parameters, the work twice, each row ×2."""
    layer, x, (params, macs, flops) = LAYERS[name]
    model = Body(lambda net, x: (net.layer(x.clone()), net.layer(x.clone())), layer=layer)
    report = both(model, input_data=x)
    assert numbers(report) == (params, 2 * macs, 2 * flops)
    rows = [row for row in report.rows if row.path == "layer"]
    assert [(row.params, row.macs, row.flops, row.call, row.calls) for row in rows] == [
        (params, macs, flops, 1, 2),
        (0, macs, flops, 2, 2),
    ]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_models_of_other_dtypes(dtype: torch.dtype) -> None:
    """A half, bfloat16 or double model gets an input of its dtype and counts the same: 36·108 + 144·2 MACs."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).to(dtype)
    report = both(model, (1, 3, 8, 8))
    assert report.inputs[0].dtype == str(dtype).removeprefix("torch.")
    assert numbers(report) == (112 + 8 + 290, 36 * 108 + 144 * 2, 2 * 36 * 108 + 4 * 144 + 144 + 2 * 144 * 2)


# Recurrent layers.


def lstm(inputs: int, hidden: int, steps: int) -> tuple[int, int]:
    """MACs and FLOPs of one LSTM layer: 4 gate sums, 3 sigmoids (4), 2 tanh (5), 3 products, 1 sum."""
    macs = 4 * steps * hidden * (inputs + hidden)
    return macs, 2 * macs + steps * hidden * (4 + 3 * 4 + 2 * 5 + 3 + 1)


def gru(inputs: int, hidden: int, steps: int) -> tuple[int, int]:
    """MACs and FLOPs of one GRU layer: 3 gate sums, 2 sigmoids (4), 1 tanh (5), 3 products, 2 sums."""
    macs = 3 * steps * hidden * (inputs + hidden)
    return macs, 2 * macs + steps * hidden * (3 + 2 * 4 + 5 + 3 + 2)


def rnn(inputs: int, hidden: int, steps: int) -> tuple[int, int]:
    """MACs and FLOPs of one plain layer with tanh: 1 sum, 1 tanh (5)."""
    macs = steps * hidden * (inputs + hidden)
    return macs, 2 * macs + steps * hidden * (1 + 5)


def summed(*layers: tuple[int, int]) -> tuple[int, int]:
    """Several layers."""
    return sum(macs for macs, _ in layers), sum(flops for _, flops in layers)


RECURRENT: dict[str, tuple[nn.Module, Any, tuple[int, int]]] = {
    "LSTM": (nn.LSTM(4, 5, batch_first=True), (2, 3, 4), lstm(4, 5, 6)),
    "LSTM, no bias": (nn.LSTM(4, 5, bias=False), (3, 2, 4), lstm(4, 5, 6)),
    "LSTM, two layers": (nn.LSTM(4, 5, 2), (3, 2, 4), summed(lstm(4, 5, 6), lstm(5, 5, 6))),
    "LSTM, both ways": (
        nn.LSTM(4, 5, 2, bidirectional=True),
        (3, 2, 4),
        summed(lstm(4, 5, 6), lstm(4, 5, 6), lstm(10, 5, 6), lstm(10, 5, 6)),
    ),
    "GRU": (nn.GRU(4, 5), (3, 2, 4), gru(4, 5, 6)),
    "GRU, both ways": (nn.GRU(4, 5, bidirectional=True), (3, 2, 4), summed(gru(4, 5, 6), gru(4, 5, 6))),
    "RNN": (nn.RNN(4, 5), (3, 2, 4), rnn(4, 5, 6)),
    "RNN, relu": (nn.RNN(4, 5, nonlinearity="relu"), (3, 2, 4), (270, 2 * 270 + 6 * 5 * 2)),
    "LSTMCell": (nn.LSTMCell(4, 5), (2, 4), lstm(4, 5, 2)),
    "GRUCell": (nn.GRUCell(4, 5), (2, 4), gru(4, 5, 2)),
    "RNNCell": (nn.RNNCell(4, 5), (2, 4), rnn(4, 5, 2)),
}


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(name: str, mode: str) -> None:
    """Matrix products of each layer and direction, and the gates by the activations' own counts."""
    layer, size, expected = RECURRENT[name]
    report = both(nn.Sequential(layer), size, mode=mode)
    assert (report.total.macs, report.total.flops) == expected


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported:UserWarning")
def test_an_lstm_with_projection() -> None:
    """With proj_size=2 the recurrent product is 5→2-wide and a projection 5·2 follows at each of 6 steps."""
    report = both(nn.LSTM(4, 5, proj_size=2), (3, 2, 4))
    assert report.total.macs == 4 * 6 * 5 * (4 + 2) + 6 * 5 * 2
    assert report.total.params == 4 * 5 * (4 + 2) + 2 * 4 * 5 + 2 * 5


def test_dropout_between_recurrent_layers() -> None:
    """In training an LSTM's dropout=0.1 acts between its two layers: 2 on each of 6·5 elements."""
    plain = nbcnncost.cost(nn.LSTM(4, 5, 2), (3, 2, 4), mode="train").total.flops
    dropped = nbcnncost.cost(nn.LSTM(4, 5, 2, dropout=0.1), (3, 2, 4), mode="train").total.flops
    assert dropped == plain + 2 * 6 * 5


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("lengths", [[3, 2], [2, 3]])
def test_a_packed_sequence(lengths: list[int], mode: str) -> None:
    """Packed sequences of 3 and 2 steps cost 5 steps, padding nothing."""

    def forward(net: Body, x: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=lengths == [3, 2])
        output, _ = net.lstm(packed)
        return net.fc(pad_packed_sequence(output, batch_first=True)[0])

    model = Body(forward, lstm=nn.LSTM(4, 5, batch_first=True), fc=nn.Linear(5, 2))
    report = both(model, (2, 3, 4), mode=mode)
    assert (report["lstm"].macs, report["lstm"].flops) == lstm(4, 5, 5)
    assert report["fc"].macs == 6 * 5 * 2


# Attention.


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("need_weights", [True, False])
def test_multihead_attention(need_weights: bool, mode: str) -> None:
    """2 sequences of 3 tokens, 8 features, 2 heads: four projections and the two products of attention."""
    model = Body(
        lambda net, x: net.attention(x, x, x, need_weights=need_weights)[0],
        attention=nn.MultiheadAttention(8, 2, batch_first=True),
    )
    report = both(model, (2, 3, 8), mode=mode)
    projections = 4 * (2 * 3) * 8 * 8
    products = 2 * 2 * (3 * 3) * (4 + 4)
    assert report.total.params == 4 * 8 * 8 + 4 * 8
    assert report.total.macs == projections + products
    scores = 2 * 2 * 3 * 3
    softmax = 5 * scores
    # the scale: on the scores inside scaled_dot_product_attention, else on the queries (2·3·8)
    scaling, averaging = (2 * 3 * 8, 2 * scores) if need_weights else (scores, 0)
    assert report.total.flops == 2 * (projections + products) + softmax + scaling + averaging


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_a_transformer_encoder_layer_shows_its_layers(mode: str) -> None:
    """In eval, torch's fast path does not hide the sub-modules; both modes have the same products."""
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    report = both(model, (2, 3, 8), mode=mode)
    paths = [row.path for row in report.rows]
    assert [path for path in paths if path in ("linear1", "linear2", "norm1", "norm2")] == [
        "norm1",
        "linear1",
        "linear2",
        "norm2",
    ]
    assert report["linear1"].macs == report["linear2"].macs == 6 * 8 * 16
    assert report.total.macs == 4 * 6 * 64 + 2 * 2 * 9 * 8 + 2 * 6 * 8 * 16
    dropped = 2 * (2 * 2 * 9 + 6 * 8 + 6 * 16 + 6 * 8)  # on scores, attention, hidden and output
    expected = 2 * report.total.macs + 2 * 2 * 9 * (1 + 5) + 6 * 16 + 2 * 6 * 8 + 2 * 4 * 6 * 8
    assert report.total.flops == expected + (dropped if mode == "train" else 0)


@pytest.mark.parametrize("masked", [False, True])
def test_a_transformer_encoder(masked: bool) -> None:
    """Two layers, each with its rows, with and without a padding mask, which no fast path may swallow."""
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    model = Body(
        lambda net, x: net.encoder(x, src_key_padding_mask=torch.zeros(2, 3, dtype=torch.bool) if masked else None),
        encoder=encoder,
    )
    report = nbcnncost.cost(model, (2, 3, 8))
    adds_up(report)
    assert report["encoder.layers.1.linear2"].macs == 6 * 16 * 8
    assert report.total.macs == 2 * (4 * 6 * 64 + 2 * 2 * 9 * 8 + 2 * 6 * 8 * 16)
    assert report.total.params == sum(parameter.numel() for parameter in model.parameters())


# Modules and parameters, each in its place.


def test_a_shared_module_counts_its_parameters_once() -> None:
    """One layer under two names: two rows under their own names, ×2, parameters at the first."""
    layer = nn.Linear(4, 4)
    report = both(nn.Sequential(layer, nn.ReLU(), layer), (1, 4))
    rows = [(row.path, row.params, row.macs, row.calls) for row in report.rows]
    assert rows == [("0", 20, 16, 2), ("1", 0, 0, 1), ("2", 0, 16, 2)]
    assert report.total.params == 20


def test_a_shared_container() -> None:
    """A block called three times: its rows three times, each call numbered, parameters once."""
    model = Body(lambda net, x: net.block(net.block(net.block(x))), block=nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    report = both(model, (1, 4))
    assert [(row.path, row.call, row.calls, row.params) for row in report.rows] == [
        ("block.0", 1, 3, 20),
        ("block.1", 1, 3, 0),
        ("block.0", 2, 3, 0),
        ("block.1", 2, 3, 0),
        ("block.0", 3, 3, 0),
        ("block.1", 3, 3, 0),
    ]
    assert (report["block"].params, report["block"].macs) == (20, 3 * 16)
    assert report["block.0"].macs == 3 * 16


def test_tied_weights_count_once() -> None:
    """A decoder that shares the encoder's weight: 4·10 once, work twice, and the bias of its own."""
    model = nn.Sequential(nn.Linear(4, 10, bias=False), nn.ReLU(), nn.Linear(10, 4))
    tied = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10))
    tied[1].weight = tied[0].weight
    assert both(model, (1, 4)).total.params == 40 + 44
    report = both(tied, (1, 3))
    assert report.total.params == 40 + 10
    assert [(row.path, row.params, row.macs) for row in report.rows] == [("0", 40, 0), ("1", 10, 3 * 4 * 10)]


def test_modules_made_in_a_forward() -> None:
    """nn.ReLU()(x) in a forward is a row of its own, and leaves no module behind."""

    def forward(net: Body, x: Tensor) -> Tensor:
        return nn.Softmax(dim=1)(nn.ReLU()(net.fc(x)))

    report = both(Body(forward, fc=nn.Linear(4, 3)), (2, 4))
    assert [(row.path, row.type, row.flops) for row in report.rows] == [
        ("fc", "Linear", 2 * 2 * 4 * 3),
        ("(ReLU)", "ReLU", 6),
        ("(Softmax)", "Softmax", 5 * 6),
    ]


def test_parameters_of_the_root() -> None:
    """nn.Parameter used in the root's own forward belongs to the function that uses it."""

    def forward(net: Body, x: Tensor) -> Tensor:
        tokens = torch.cat([net.token.expand(len(x), -1, -1), net.fc(x)], 1)
        return tokens + net.position

    model = Body(
        forward,
        fc=nn.Linear(4, 6),
        token=nn.Parameter(torch.zeros(1, 1, 6)),
        position=nn.Parameter(torch.zeros(1, 4, 6), requires_grad=False),
    )
    report = both(model, (2, 3, 4))
    assert [(row.params, row.trainable, row.role) for row in report.rows] == [
        (6, 6, "function"),
        (30, 30, "layer"),
        (0, 0, "function"),
        (24, 0, "function"),
    ]
    assert report.total.params == 6 + 30 + 24
    assert report.total.trainable == 6 + 30


def test_a_weight_used_as_a_function() -> None:
    """F.linear with a module's weight gives the parameters to the function's row."""
    model = Body(lambda net, x: F.linear(x, net.fc.weight), fc=nn.Linear(4, 3))
    report = both(model, (2, 4))
    assert [(row.path, row.params, row.macs, row.role) for row in report.rows] == [
        ("linear()", 12, 2 * 4 * 3, "function"),
        ("fc", 3, 0, "unused"),
    ]


def test_modules_that_are_never_called() -> None:
    """Parameters of a branch that the forward leaves out stand in rows of their own, marked unused."""
    model = Body(lambda net, x: net.main(x), main=nn.Linear(4, 3), extra=nn.Sequential(nn.Linear(3, 2), nn.ReLU()))
    report = both(model, (1, 4))
    assert [(row.path, row.role, row.params, row.macs, row.calls) for row in report.rows] == [
        ("main", "layer", 15, 12, 1),
        ("extra.0", "unused", 8, 0, 0),
    ]


def test_how_a_tensor_lies_in_memory() -> None:
    """A transposed input is not contiguous, its copy is; that is no difference between two specs."""
    trace = nbcnncost.trace(Body(lambda m, x: x.mT.contiguous()), (2, 3, 4))
    transposed, copied = trace.ops[-1].inputs[0], trace.ops[-1].outputs[0]
    assert (transposed.contiguous, copied.contiguous) == (False, True)
    assert transposed == copied
    assert trace.functions[-1].args[0].contiguous is False


def test_frozen_parameters_are_apart() -> None:
    """requires_grad=False shows in the trainable count of the row and of the total."""
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    report = both(model, (1, 4))
    assert [(row.params, row.trainable, row.frozen) for row in report.rows] == [(15, 0, 15), (8, 8, 0)]
    assert (report.total.params, report.total.trainable) == (23, 8)


class Swish(nn.Module):
    """A custom leaf module."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class Double(torch.autograd.Function):
    """A function with a backward of its own."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient * 2


def test_custom_leaf_modules() -> None:
    """A custom activation is one row with the sum of its functions; an autograd function is looked into."""
    model = Body(lambda net, x: Double.apply(net.act(net.fc(x))), fc=nn.Linear(4, 3), act=Swish())
    report = both(model, (2, 4))
    assert report["act"].flops == 6 + 4 * 6
    assert report.total.flops == 2 * 2 * 4 * 3 + 5 * 6 + 6


def test_functions_of_a_container_have_rows() -> None:
    """A residual block: convolutions, the relu between them, the add and the relu after it, in call order."""
    model = Body(
        lambda net, x: F.relu(net.b(F.relu(net.a(x))) + x),
        a=nn.Conv2d(4, 4, 3, padding=1),
        b=nn.Conv2d(4, 4, 3, padding=1),
    )
    report = both(nn.Sequential(model), (1, 4, 5, 5))
    assert [(row.path, row.flops) for row in report.rows] == [
        ("0.a", 2 * 25 * 4 * 4 * 9),
        ("0.relu()", 100),
        ("0.b", 2 * 25 * 4 * 4 * 9),
        ("0.add()", 100),
        ("0.relu()#2", 100),
    ]


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_counts_once(reentrant: bool) -> None:
    """A checkpointed block runs once in a forward."""
    model = Body(
        lambda net, x: checkpoint(net.fc, x, use_reentrant=reentrant, preserve_rng_state=False),
        fc=nn.Linear(4, 3),
    )
    report = nbcnncost.cost(model, (2, 4))
    assert numbers(report) == (15, 24, 48)


@pytest.mark.parametrize(
    "context",
    [
        torch.inference_mode,
        torch.no_grad,
        torch.enable_grad,
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    ],
    ids=["inference_mode", "no_grad", "enable_grad", "autocast"],
)
def test_contexts_inside_a_forward(context: Callable[[], Any]) -> None:
    """Grad modes and autocast inside a forward change no count: 49·108 MACs, then 4·2."""

    def forward(net: Body, x: Tensor) -> Tensor:
        with context():
            x = F.adaptive_avg_pool2d(F.relu(net.norm(net.conv(x))), 1)
            return net.fc(x.flatten(1))

    model = Body(forward, conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4), fc=nn.Linear(4, 2))
    report = both(model, (1, 3, 9, 9))
    assert numbers(report) == (
        112 + 8 + 10,
        49 * 108 + 8,
        2 * (49 * 108 + 8) + 4 * 196 + 196 + 2 * 196,
    )


@pytest.mark.parametrize(
    ("layer", "flops"),
    [
        (nn.Dropout(), 2 * 2 * 4 * 5 * 5),
        (nn.Dropout(inplace=True), 2 * 2 * 4 * 5 * 5),
        (nn.Dropout2d(), 2 * 2 * 4 * 5 * 5),
        (nn.AlphaDropout(), 2 * 2 * 4 * 5 * 5),
        (nn.Dropout(0.0), 0),
    ],
    ids=["Dropout", "in place", "Dropout2d", "AlphaDropout", "p=0"],
)
def test_dropout_costs_in_training_only(layer: nn.Module, flops: int) -> None:
    """Mask and scale, 2 an element, in train mode; nothing in eval; "same" follows the module's flag."""
    assert both(layer, (2, 4, 5, 5), mode="train").total.flops == flops
    assert both(layer, (2, 4, 5, 5), mode="eval").total.flops == 0
    assert both(layer.train(), (2, 4, 5, 5), mode="same").total.flops == flops
    assert both(layer.eval(), (2, 4, 5, 5), mode="same").total.flops == 0


def test_the_mode_reaches_modules_only() -> None:
    """Batch norm costs the same in both modes, and eval needs no batch of two."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    assert both(model, (1, 3, 3, 3), mode="eval").total.flops == 2 * 108 + 4 * 4
    assert both(model, (2, 3, 3, 3), mode="train").total.flops == 2 * (2 * 108 + 4 * 4)


def test_a_parametrized_layer_keeps_its_place() -> None:
    """Weight norm's own work is inside its layer; the layer's product is what it is without."""
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 3)), nn.ReLU())
    convention = nbcnncost.conventions.textbook.with_rules({"aten._weight_norm_interface": 0})
    report = nbcnncost.cost(model, (2, 4), convention=convention)
    assert report.total.macs == 2 * 4 * 3
    assert report["0"].macs == 2 * 4 * 3
    assert report["0"].params == 4 * 3 + 3 + 3


def test_powers_with_tensors_as_exponents() -> None:
    """The frequencies of position encodings, 10000 ** (i / d), are counted as one power an element."""
    model = Body(lambda net, x: x * torch.pow(10000.0, -torch.arange(4.0) / 4))
    assert nbcnncost.cost(model, (2, 4)).total.flops >= 2 * 4
    model = Body(lambda net, x: 2.0**x + x**x + x**2)
    assert both(model, (2, 4)).total.flops == 5 * 8


def test_matrix_products() -> None:
    """matmul, bmm, einsum, @ and their sums: 2·m·k·p each; broadcast over leading axes."""
    cases: list[tuple[Callable[[Tensor], Tensor], int]] = [
        (lambda x: x @ x.mT, 2 * 3 * 4 * 3),
        (lambda x: torch.bmm(x, x.mT), 2 * 3 * 4 * 3),
        (lambda x: torch.einsum("bik,bjk->bij", x, x), 2 * 3 * 4 * 3),
        (lambda x: torch.matmul(x, torch.zeros(4, 5)), 2 * 3 * 4 * 5),
        (lambda x: x[0] @ x[0, 0], 3 * 4),
        (lambda x: x[0, 0] @ x[0, 0], 4),
        (lambda x: torch.baddbmm(torch.zeros(1), x, x.mT), 2 * 3 * 4 * 3),
    ]
    for run, macs in cases:
        report = both(Body(lambda net, x, run=run: run(x)), input_data=X(2, 3, 4))
        assert (report.total.macs, report.total.flops) == (macs, 2 * macs)


# Small networks of the kinds that people write.


def conv_net() -> nn.Module:
    """The MNIST example of the PyTorch tutorials."""

    def forward(net: Body, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(net.conv2(F.relu(net.conv1(x)))), 2)
        x = torch.flatten(net.dropout1(x), 1)
        return F.log_softmax(net.fc2(net.dropout2(F.relu(net.fc1(x)))), dim=1)

    return Body(
        forward,
        conv1=nn.Conv2d(1, 32, 3, 1),
        conv2=nn.Conv2d(32, 64, 3, 1),
        dropout1=nn.Dropout(0.25),
        dropout2=nn.Dropout(0.5),
        fc1=nn.Linear(9216, 128),
        fc2=nn.Linear(128, 10),
    )


def test_the_mnist_example() -> None:
    """PyTorch's MNIST example, 1×1×28×28, layer by layer by hand."""
    report = both(conv_net(), (1, 1, 28, 28))
    products = [26 * 26 * 32 * 9, 24 * 24 * 32 * 64 * 9, 9216 * 128, 128 * 10]
    assert report.total.params == 320 + 18496 + 1179776 + 1290
    assert report.total.macs == sum(products)
    relus = 26 * 26 * 32 + 24 * 24 * 64 + 128
    pool, softmax = 12 * 12 * 64 * 4, 5 * 10
    assert report.total.flops == 2 * sum(products) + relus + pool + softmax
    training = both(conv_net(), (2, 1, 28, 28), mode="train").total.flops
    assert training == 2 * (report.total.flops + 2 * 12 * 12 * 64 + 2 * 128)


def test_a_generator() -> None:
    """DCGAN's generator from a 1×1 map: each input position meets the whole kernel."""
    model = nn.Sequential(
        nn.ConvTranspose2d(100, 64, 4, 1, 0, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(True),
        nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    report = both(model, (1, 100, 1, 1))
    macs = 1 * 100 * 64 * 16 + 16 * 64 * 3 * 16
    assert numbers(report) == (
        100 * 64 * 16 + 128 + 64 * 3 * 16,
        macs,
        2 * macs + (4 + 1) * 16 * 64 + 5 * 8 * 8 * 3,
    )


def test_a_unet() -> None:
    """A U-Net of one step: the skip connection's concat and the upsampling move data only."""

    def forward(net: Body, x: Tensor) -> Tensor:
        skip = F.relu(net.down(x))
        x = F.relu(net.bottom(F.max_pool2d(skip, 2)))
        return net.out(torch.cat([net.up(x), skip], 1))

    model = Body(
        forward,
        down=nn.Conv2d(3, 4, 3, padding=1),
        bottom=nn.Conv2d(4, 8, 3, padding=1),
        up=nn.ConvTranspose2d(8, 4, 2, 2),
        out=nn.Conv2d(8, 2, 1),
    )
    report = both(model, (1, 3, 8, 8))
    macs = 64 * 3 * 4 * 9 + 16 * 4 * 8 * 9 + 16 * 8 * 4 * 4 + 64 * 8 * 2
    assert report.total.macs == macs
    assert report.total.flops == 2 * macs + 64 * 4 + 16 * 4 * 4 + 16 * 8
    assert (report["cat()"].macs, report["cat()"].flops) == (0, 0)


def test_a_character_rnn_by_hand() -> None:
    """The tutorial's RNN of two linear layers on a concat: 2·(57+128) wide, 18 classes."""

    def forward(net: Body, line: Tensor) -> Tensor:
        hidden = torch.zeros(1, 128)
        for letter in line:
            hidden = net.i2h(torch.cat((letter, hidden), 1))
        return net.softmax(net.h2o(hidden))

    model = Body(forward, i2h=nn.Linear(57 + 128, 128), h2o=nn.Linear(128, 18), softmax=nn.LogSoftmax(dim=1))
    report = both(model, input_data=X(5, 1, 57))
    assert report["i2h"].calls == 5
    assert report.total.macs == 5 * 185 * 128 + 128 * 18
    assert report.total.flops == 2 * report.total.macs + 5 * 18
    assert report.total.params == 185 * 128 + 128 + 128 * 18 + 18


# Published models: on meta and for real the same operations.

TORCHVISION = [
    ("squeezenet1_0", 64),
    ("resnet18", 64),
    pytest.param("mobilenet_v3_small", 64, marks=pytest.mark.slow),
    pytest.param("shufflenet_v2_x0_5", 64, marks=pytest.mark.slow),
    pytest.param("efficientnet_b0", 64, marks=pytest.mark.slow),
    pytest.param("googlenet", 64, marks=pytest.mark.slow),
    pytest.param("densenet121", 64, marks=pytest.mark.slow),
    pytest.param("swin_t", 64, marks=pytest.mark.slow),
    pytest.param("vit_b_32", 224, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize(("name", "side"), TORCHVISION)
def test_published_models_on_meta_and_for_real(name: str, side: int, mode: str) -> None:
    """Every operation that computes is the same, in order, with its dimensions and path; rows add up."""
    options = {"init_weights": False} if name == "googlenet" else {}
    model = torchvision.models.get_model(name, weights=None, **options)
    both(model, (2, 3, side, side), mode=mode)


def test_a_function_mapped_over_a_batch() -> None:
    """torch.vmap over 3 samples costs three times the one: 3·4·5 MACs."""
    report = both(Body(lambda net, x: torch.vmap(net.fc)(x), fc=nn.Linear(4, 5)), (3, 4))
    assert report.total.macs == 3 * 4 * 5
