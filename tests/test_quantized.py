"""Quantized layers: counted as the floating-point ones they stand for, their multiply-accumulates as integer ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from torch import Tensor, nn
from torch.ao import quantization
from torch.ao.nn import quantized as static
from torch.ao.nn.quantized import dynamic
from torch.ao.quantization import quantize_fx

from nbcnncost import Report, cost
from nbcnncost.errors import ShapeError, ValuesNeeded
from nbcnncost.kinds import FORMULAS
from nbcnncost.panel.payload import table_of
from nbcnncost.quantized import is_packed, unpacked
from nbcnncost.views import html, table, text

pytestmark = pytest.mark.filterwarnings("ignore")  # the framework deprecates its quantization, for its users to know

Case = tuple[nn.Module, Any]
#: Operations a number: divide, round, shift, two comparisons; subtract, multiply; both; its range, and quantized.
QUANTIZE, DEQUANTIZE, FAKE, ON_THE_WAY = 5, 2, 7, 7


def quantize() -> nn.Module:
    """The layer that makes 8-bit numbers."""
    return static.Quantize(0.1, 0, torch.quint8)


def dynamically(model: nn.Module, dtype: torch.dtype = torch.qint8) -> nn.Module:
    """The model with all its linear and recurrent layers quantized dynamically."""
    kinds = {nn.Linear, nn.LSTM, nn.GRU, nn.LSTMCell, nn.GRUCell, nn.RNNCell}
    made: nn.Module = quantization.quantize_dynamic(model, kinds, dtype=dtype)
    return made


def recurrent(layer: nn.Module) -> nn.Module:
    """A model of one recurrent layer, dynamically quantized; by itself the framework would leave it as it is."""
    return dynamically(Body(lambda net, x: net.rnn(x)[0], rnn=layer))


def affine(*sizes: int) -> tuple[nn.Parameter, nn.Parameter]:
    """A norm's weight and bias."""
    return nn.Parameter(torch.ones(sizes)), nn.Parameter(torch.zeros(sizes))


class Kept:
    """Holds that a model is the same when the block ends as when it began, its packed weights too."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __enter__(self) -> None:
        self.before = as_it_is(self.model)

    def __exit__(self, *error: object) -> None:
        assert as_it_is(self.model) == self.before


def as_it_is(model: nn.Module) -> list[Any]:
    """Every attribute of every module by identity, with the values of tensors and of packed weights."""
    return [
        (path, type(module), name, id(value), values_of(value))
        for path, module in model.named_modules()
        for attributes in (vars(module), module._buffers, module._parameters)
        for name, value in attributes.items()
    ]


def values_of(value: Any) -> Any:
    """The numbers in a tensor or in packed weights."""
    if isinstance(value, Tensor):
        plain = value.int_repr() if value.is_quantized else value
        return (plain.tolist(), value.dtype, value.shape)
    return [values_of(part) for part in unpacked(value)] if is_packed(value) else None


# Layers by hand.

# model and input, parameters, integer MACs, FLOPs
LAYERS: dict[str, tuple[Callable[[], Case], int, int, int]] = {
    "convolution": (
        lambda: (nn.Sequential(quantize(), static.Conv2d(4, 6, 3, stride=2, groups=2)), (2, 4, 9, 7)),
        6 * 2 * 3 * 3 + 6,
        2 * 4 * 3 * 6 * 2 * 3 * 3,
        QUANTIZE * 2 * 4 * 9 * 7,
    ),
    "convolution in 1-D, no bias": (
        lambda: (nn.Sequential(quantize(), static.Conv1d(3, 4, 5, padding=2, bias=False)), (1, 3, 8)),
        4 * 3 * 5,
        8 * 4 * 3 * 5,
        QUANTIZE * 3 * 8,
    ),
    "convolution in 3-D, with a ReLU": (
        lambda: (
            nn.Sequential(quantize(), torch.ao.nn.intrinsic.quantized.ConvReLU3d(3, 4, (1, 2, 3))),
            (1, 3, 5, 6, 7),
        ),
        4 * 3 * 1 * 2 * 3 + 4,
        5 * 5 * 5 * 4 * 3 * 1 * 2 * 3,
        QUANTIZE * 3 * 5 * 6 * 7,
    ),
    "transposed convolution": (
        lambda: (nn.Sequential(quantize(), static.ConvTranspose2d(4, 6, 3, stride=2, groups=2)), (1, 4, 8, 5)),
        4 * 3 * 3 * 3 + 6,
        8 * 5 * 4 * 3 * 3 * 3,
        QUANTIZE * 4 * 8 * 5,
    ),
    "linear, and back": (
        lambda: (nn.Sequential(quantize(), static.Linear(7, 3), static.DeQuantize()), (2, 5, 7)),
        7 * 3 + 3,
        2 * 5 * 7 * 3,
        QUANTIZE * 2 * 5 * 7 + DEQUANTIZE * 2 * 5 * 3,
    ),
    "dynamic linear": (
        lambda: (dynamically(nn.Sequential(nn.Linear(7, 3))), (2, 5, 7)),
        7 * 3 + 3,
        2 * 5 * 7 * 3,
        ON_THE_WAY * 2 * 5 * 7 + 2 * 5 * 3,
    ),
    "dynamic convolution": (
        lambda: (dynamic.Conv2d(3, 4, 3, padding=1), (1, 3, 8, 8)),
        4 * 3 * 3 * 3 + 4,
        8 * 8 * 4 * 3 * 3 * 3,
        ON_THE_WAY * 3 * 8 * 8 + 4 * 8 * 8,
    ),
    "linear in half precision": (
        lambda: (dynamically(nn.Sequential(nn.Linear(7, 3)), torch.float16), (2, 5, 7)),
        7 * 3 + 3,
        0,
        2 * 2 * 5 * 7 * 3,
    ),
    "LSTM, two layers both ways": (
        lambda: (recurrent(nn.LSTM(5, 6, num_layers=2, batch_first=True, bidirectional=True)), (2, 3, 5)),
        2 * 4 * 6 * ((5 + 6 + 2) + (12 + 6 + 2)),
        2 * 2 * 3 * 4 * 6 * ((5 + 6) + (12 + 6)),
        2 * 2 * 3 * ((30 + 8) * 6 * 2 + ON_THE_WAY * ((5 + 6) + (12 + 6))),
    ),
    "GRU": (
        lambda: (recurrent(nn.GRU(5, 6, batch_first=True)), (2, 3, 5)),
        3 * 6 * (5 + 6 + 2),
        2 * 3 * 3 * 6 * (5 + 6),
        2 * 3 * ((21 + 6) * 6 + ON_THE_WAY * (5 + 6)),
    ),
    "LSTM cell": (
        lambda: (recurrent(nn.LSTMCell(5, 6)), (2, 5)),
        4 * 6 * (5 + 6 + 2),
        2 * 4 * 6 * (5 + 6),
        2 * ((30 + 8) * 6 + ON_THE_WAY * (5 + 6)),
    ),
    "RNN cell with ReLU": (
        lambda: (recurrent(nn.RNNCell(5, 6, nonlinearity="relu")), (2, 5)),
        6 * (5 + 6 + 2),
        2 * 6 * (5 + 6),
        2 * ((2 + 2) * 6 + ON_THE_WAY * (5 + 6)),
    ),
    "embedding": (lambda: (nn.Sequential(static.Embedding(10, 4)), (2, 5)), 10 * 4, 0, 0),
    "products of whole numbers": (
        lambda: (Body(lambda net, x: (x * 10).to(torch.int8).int() @ torch.zeros(7, 3, dtype=torch.int32)), (5, 7)),
        0,
        5 * 7 * 3,
        5 * 7,
    ),
    "layer of whole numbers": (
        lambda: (Body(lambda net, x: F.linear((x * 10).int(), torch.ones(3, 7).int(), torch.ones(3).int())), (5, 7)),
        0,
        5 * 7 * 3,
        5 * 7,
    ),
    "product in 8 bits": (
        lambda: (Body(lambda net, x: torch._int_mm((x * 10).to(torch.int8), torch.zeros(8, 16).char())), (32, 8)),
        0,
        32 * 8 * 16,
        32 * 8,
    ),
    "product of two": (
        lambda: (
            Body(lambda net, x: net.f.matmul(net.q(x), net.q(x).transpose(1, 2)), q=quantize(), f=static.QFunctional()),
            (2, 3, 8),
        ),
        0,
        2 * 3 * 8 * 3,
        2 * QUANTIZE * 2 * 3 * 8,
    ),
    "no products": (
        lambda: (
            nn.Sequential(
                quantize(),
                static.ReLU6(),
                static.Hardswish(0.1, 0),
                static.ELU(0.1, 0),
                static.LeakyReLU(0.1, 0),
                static.Sigmoid(0.1, 0),
                static.Softmax(1, 0.1, 0),
                static.BatchNorm2d(3),
                static.GroupNorm(3, 3, *affine(3), 0.1, 0),
                static.InstanceNorm2d(3, *affine(3), 0.1, 0),
                static.LayerNorm([8, 8], *affine(8, 8), 0.1, 0),
                nn.MaxPool2d(2),
                nn.AvgPool2d(2),
                nn.Upsample(scale_factor=2),
                nn.Hardtanh(),
                nn.Flatten(),
            ),
            (1, 3, 8, 8),
        ),
        3 * 2 * 3 + 2 * 8 * 8,
        0,
        QUANTIZE * 3 * 8 * 8,
    ),
    "functions": (
        lambda: (Body(_functions, q=quantize(), f=static.QFunctional()), (1, 4, 8, 8)),
        0,
        0,
        QUANTIZE * 4 * 8 * 8 + DEQUANTIZE * 2 * 8 * 8,
    ),
}


def _functions(net: Any, x: Tensor) -> Tensor:
    """Sums, products, parts and views of quantized numbers."""
    first, second = net.q(x).chunk(2, 1)
    joined = net.f.cat([net.f.add(first, second), net.f.mul(first, second)], 1)
    scaled = net.f.mul_scalar(net.f.add_scalar(joined, 2.0), 2.0)
    scaled = scaled[:, :2].unsqueeze(1).permute(0, 2, 3, 1, 4).contiguous()
    return scaled.dequantize()


@pytest.mark.parametrize("name", LAYERS)
def test_quantized_layers(name: str) -> None:
    """Parameters, integer MACs and FLOPs by hand; a run for real records the same; the model stays as it is."""
    (model, size), params, integer_macs, flops = LAYERS[name][0](), *LAYERS[name][1:]
    with Kept(model):
        report = cost(model, size, dtypes="int64" if name == "embedding" else None)
    total = report.total
    assert total.params == params
    assert total.integer_macs == integer_macs
    assert total.flops == flops
    assert total.macs == integer_macs or name == "linear in half precision"
    assert report.uncounted == ()
    real = cost(model, size, execute=True, dtypes="int64" if name == "embedding" else None)
    assert computing(report) == computing(real)
    assert [row.outputs for row in report.rows] == [row.outputs for row in real.rows]


def computing(report: Report) -> list[tuple[Any, ...]]:
    """The operations with their dimensions, where they stand, in order; which data moves may depend on the device."""
    ops = [op for op in report.trace.ops if op.kind not in ("movement", "random", "integer")]
    return [(op.kind, op.dims, op.function, report.trace.calls[op.call].path) for op in ops]


# Whole models.

VISION = ("resnet18", "mobilenet_v2", "shufflenet_v2_x1_0")


@pytest.mark.parametrize("name", [*VISION, *(pytest.param(n, marks=pytest.mark.slow) for n in ("mobilenet_v3_large",))])
def test_quantizing_a_model_keeps_its_macs(name: str) -> None:
    """All multiply-accumulates become integer ones; only the input's and output's conversion stays floating-point.

    Batch norms are fused: each loses its two parameters a channel, and its convolution gains a bias.
    """
    model = getattr(torchvision.models.quantization, name)(weights=None, quantize=True)
    floating = getattr(torchvision.models, name)()
    report, plain = cost(model, (1, 3, 224, 224)), cost(floating, (1, 3, 224, 224))
    assert report.total.macs == report.total.integer_macs == plain.total.macs
    assert report.total.flops == QUANTIZE * 3 * 224 * 224 + DEQUANTIZE * 1000
    channels = sum(layer.num_features for layer in floating.modules() if isinstance(layer, nn.BatchNorm2d))
    assert report.total.params == plain.total.params - 2 * channels + channels
    assert plain.total.integer_macs == 0


def small() -> nn.Module:
    """A net with a batch norm to be fused."""
    body = [nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)]
    return nn.Sequential(*body)


IMAGES = torch.zeros(2, 3, 8, 8)
MACS = 2 * (6 * 6 * 4 * 3 * 3 * 3 + 4 * 2)


@pytest.mark.slow
def test_a_graph_quantized_model() -> None:
    """A model that torch.fx quantized: the same products as before, in integers."""
    mapping = quantization.get_default_qconfig_mapping("x86")
    prepared = quantize_fx.prepare_fx(small().eval(), mapping, (IMAGES,))
    prepared(IMAGES)
    model = quantize_fx.convert_fx(prepared)
    with Kept(model):
        report = cost(model, IMAGES.shape)
    assert (report.total.macs, report.total.integer_macs) == (MACS, MACS)
    assert report.total.params == 4 * 3 * 9 + 4 + 4 * 2 + 2
    assert report["0"].type == "QuantizedConvReLU2d"


@pytest.mark.parametrize("mode", ["same", "eval"])
def test_quantization_aware_training(mode: str) -> None:
    """Fake quantization is floating-point work of its own; the products stay floating-point ones."""
    mapping = quantization.get_default_qat_qconfig_mapping("x86")
    model = quantize_fx.prepare_qat_fx(small().train(), mapping, (IMAGES,))
    model(IMAGES)
    with Kept(model):
        report = cost(model, IMAGES.shape, mode=mode)
    assert (report.total.macs, report.total.integer_macs) == (MACS, 0)
    faked = sum(row.flops or 0 for row in report.rows if "FakeQuant" in row.type)
    weights = 4 * 3 * 9 + 4 * 2
    assert faked == FAKE * (2 * (3 * 64 + 4 * 36 + 4 + 4 + 2) + weights)
    assert report.uncounted == ()
    lines = text.table(report).split("\n")
    assert [line.split("  ")[0] for line in lines if "▸" in line][:2] == ["0 ▸", "5 ▸"]
    assert not any("weight_fake_quant" in line for line in lines)


def test_a_decomposed_reference_model() -> None:
    """A model whose quantization is spelt out: conversions to 8 bits and back, and floating-point products."""
    mapping = quantization.get_default_qconfig_mapping("x86")
    prepared = quantize_fx.prepare_fx(nn.Sequential(nn.Linear(4, 3)).eval(), mapping, (torch.zeros(2, 4),))
    prepared(torch.zeros(2, 4))
    report = cost(quantize_fx._convert_to_reference_decomposed_fx(prepared), (2, 4))
    both_ways = QUANTIZE + DEQUANTIZE
    assert report.total.flops == both_ways * (2 * 4 + 4 * 3 + 2 * 3) + 2 * 2 * 4 * 3
    assert (report.total.integer_macs, report.uncounted) == (0, ())


def test_stubs_cost_nothing() -> None:
    """A model that is only marked for quantization is an ordinary one."""
    model = nn.Sequential(quantization.QuantStub(), small(), quantization.DeQuantStub())
    assert cost(model, IMAGES.shape).total == cost(nn.Sequential(nn.Identity(), small()), IMAGES.shape).total


def test_calibration_needs_values() -> None:
    """Observers look at values, so a model that is being calibrated is to be run for real."""
    prepared = quantize_fx.prepare_fx(small().eval(), quantization.get_default_qconfig_mapping("x86"), (IMAGES,))
    with pytest.raises(ValuesNeeded, match="--execute"):
        cost(prepared, IMAGES.shape)


# What is shown.


def test_integer_macs_stand_apart() -> None:
    """A column, a part of the header and a line of explanation, only where there are any."""
    model = dynamically(nn.Sequential(nn.Linear(400, 120)))
    shown = text.table(cost(model, (1, 400)))
    assert "48,000 (48.0 k) MACs · 48,000 (48.0 k) integer MACs · 2,920 FLOPs" in shown
    assert "they are MACs, and no FLOPs" in shown
    assert "integer" not in text.table(cost(nn.Linear(400, 120), (1, 400)))
    assert repr(cost(model, (1, 400)).with_look(columns=("integer_macs",), sort="integer_macs")).count("48,000") == 4


def mixed() -> Report:
    """A floating-point convolution and two quantized layers: 40 %, 40 % and 20 % of all MACs."""
    layers = (nn.Conv2d(1, 2, 5, bias=False), nn.Flatten(), nn.Linear(2 * 4 * 4, 25), nn.Linear(25, 16))
    report = cost(dynamically(nn.Sequential(*layers)), (1, 1, 8, 8))
    assert [row.macs for row in report.rows] == [2 * 4 * 4 * 1 * 5 * 5, 0, 32 * 25, 25 * 16]
    return report


def test_shares_are_of_all_macs_where_flops_leave_integer_ones_out() -> None:
    """Of FLOPs a quantized layer has next to none; a line above the table says what the shares are of."""
    report = mixed()
    shown, markup = text.table(report), html.table(report)
    of_params, of_macs = ["3.9", "0", "63.9", "32.2", "100"], ["40.0", "0", "40.0", "20.0", "100"]
    both = [share for pair in zip(of_params, of_macs, strict=True) for share in pair]
    assert re.findall(r"([0-9.]+) %", shown) == both
    assert re.findall(r"([0-9.]+)&nbsp;%<", markup) == both
    for page in (shown, markup):
        assert "shares are of all MACs, since FLOPs leave the integer ones out" in page
    assert [line.share for line in table.build(report).body] == [1.0, None, 1.0, 0.5]


def test_the_costliest_quantized_layer_comes_first() -> None:
    """Where rows are sorted without a word of by what, they are by what the shares are of; the panel starts with it."""
    report = mixed()
    assert [line.cells[0].text for line in table.build(report, top=2).body] == ["0", "2", "other (2 layers)"]
    given = table_of(report)
    assert given["metric"] == "macs"
    assert "macs_share" in given["shown"]


def test_what_is_folded_away_is_what_has_the_fewest_macs() -> None:
    """800, 960 and 900 of them: the convolution's are 1,600 FLOPs, but the two quantized layers are shown."""
    layers = (nn.Conv2d(1, 2, 5, bias=False), nn.Flatten(), nn.Linear(2 * 4 * 4, 30), nn.Linear(30, 30))
    report = cost(dynamically(nn.Sequential(*layers)), (1, 1, 8, 8))
    names = [line.cells[0].text for line in table.build(report, limit=3).body]
    assert names == ["2", "3", "other (2 layers)"]


def test_the_costliest_quantized_layer_is_explained() -> None:
    """It has 5,000 MACs, the other one 4,000, but more FLOPs: it has more inputs that are quantized first."""
    report = cost(dynamically(nn.Sequential(nn.Linear(400, 10), nn.GELU(), nn.Linear(10, 500))), (1, 400))
    first, gelu, last = report.rows
    assert (first.macs, gelu.macs, last.macs) == (400 * 10, 0, 10 * 500)
    assert first.flops > last.flops > 0
    assert report.explain().path == "2"


def test_shares_are_of_flops_where_these_have_all_the_work() -> None:
    """By a rule integer MACs are FLOPs, too; and MACs have them anyway."""
    weighed = mixed().convention.with_rules({"integer_macs": 2})
    for convention in (weighed, "macs"):
        report = mixed().counted_as(convention)
        assert "share" in [column.key for column in table.build(report).columns]
        assert "shares are of" not in text.table(report)


def test_conventions_count_integer_macs() -> None:
    """The MACs of the convention of that name are of any kind; a rule may give integer ones a weight of FLOPs."""
    report = cost(nn.Sequential(quantize(), static.Linear(400, 120)), (1, 400))
    assert report.counted_as("macs").total.count == 400 * 120
    weighed = report.convention.with_rules({"integer_macs": 2})
    assert report.counted_as(weighed).total.count == QUANTIZE * 400 + 2 * 400 * 120


def test_the_explanation_of_a_quantized_layer() -> None:
    """The formula of its integer MACs with its numbers, and that of its parameters."""
    report = cost(nn.Sequential(quantize(), static.Conv2d(3, 8, 3, padding=1)), (1, 3, 8, 8))
    shown = repr(report.explain("1"))
    assert "H_out·W_out·C_in·C_out·K_h·K_w = 8·8·3·8·3·3 = 13,824 integer MACs" in shown
    assert "(3·3·3 + 1)·8 = 224" in shown
    assert "0 FLOPs" in shown
    assert [row.settings for row in report.rows] == ["→quint8", "3×3, p1"]


def test_quantized_formulas_count_the_products_of_the_floating_ones() -> None:
    """The same places, the same parameters; only what is multiplied differs."""
    names = ("convolution", "transposed_convolution", "linear")
    pairs = [(f"{how}_{name}", name) for how in ("quantized", "dynamic") for name in names]
    pairs += [(f"dynamic_{name}", name) for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")]
    pairs += [("integer_matmul", "matmul")]
    for quantized, floating in pairs:
        assert FORMULAS[quantized].text({"integer_macs": 1}) == FORMULAS[floating].text({"macs": 1}), quantized
        assert FORMULAS[quantized].params == FORMULAS[floating].params, quantized


# Inputs.


def test_a_quantized_input() -> None:
    """8-bit numbers may be given themselves."""
    images = torch.quantize_per_tensor(torch.zeros(1, 3, 8, 8), 0.1, 0, torch.quint8)
    report = cost(static.Conv2d(3, 4, 3), input_data=images)
    assert report.inputs[0].dtype == "quint8"
    assert report.total.macs == 6 * 6 * 4 * 3 * 9


def test_an_input_is_assumed_for_a_quantized_model() -> None:
    """The first quantized layer says what it takes, as any other does."""
    assert cost(nn.Sequential(quantize(), static.Conv2d(1, 4, 3))).inputs[0].shape == (1, 1, 28, 28)
    assert cost(dynamically(nn.Sequential(nn.Linear(9, 3)))).inputs[0].shape == (1, 9)


@pytest.mark.parametrize("execute", [False, True])
def test_shapes_that_do_not_fit(execute: bool) -> None:
    """The layer is named, with what it expects and receives."""
    convolution = nn.Sequential(quantize(), static.Conv2d(3, 4, 3))
    with pytest.raises(ShapeError, match=r"`1` \(QuantizedConv2d\) expects 3 input channels but receives 4"):
        cost(convolution, (1, 4, 8, 8), execute=execute)
    linear = dynamically(nn.Sequential(nn.Linear(4, 5), nn.Linear(6, 2)))
    with pytest.raises(ShapeError, match=r"`1` \(DynamicQuantizedLinear\) expects 6 features but receives 5"):
        cost(linear, (1, 4), execute=execute)
