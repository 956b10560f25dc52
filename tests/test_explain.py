"""The shown line and the number come from one definition: what is shown is evaluated again here."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn
from worked_out import evaluate

from nbcnncost import CostError, conventions, cost, formulas
from nbcnncost.expressions import FormulaError, expression
from nbcnncost.records import OpRecord, TensorSpec
from nbcnncost.work import CATEGORIES

LAYERS = [
    (nn.Conv2d(64, 64, 3, padding=1), (2, 64, 56, 56)),
    (nn.Conv2d(32, 64, 3, stride=2, groups=32, bias=False), (1, 32, 57, 41)),
    (nn.Conv1d(4, 6, 5, dilation=2), (1, 4, 33)),
    (nn.Conv3d(2, 4, (1, 2, 3), stride=(1, 2, 1)), (1, 2, 5, 6, 7)),
    (nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1, groups=2), (3, 8, 7, 9)),
    (nn.Linear(400, 120), (5, 400)),
    (nn.Linear(7, 3, bias=False), (2, 4, 7)),
    (nn.MaxPool2d(3, 2, 1), (2, 5, 17, 13)),
    (nn.MaxPool2d(3, 2, ceil_mode=True), (2, 5, 18, 14)),
    (nn.AvgPool2d(2), (1, 5, 16, 12)),
    (nn.AdaptiveAvgPool2d(1), (1, 5, 7, 7)),
    (nn.AdaptiveAvgPool2d(3), (1, 5, 7, 8)),
    (nn.AdaptiveMaxPool2d(3), (1, 5, 7, 8)),
    (nn.BatchNorm2d(6), (2, 6, 5, 4)),
    (nn.GroupNorm(2, 6), (2, 6, 5, 4)),
    (nn.LayerNorm(6), (2, 5, 6)),
    (nn.LocalResponseNorm(5), (1, 8, 4, 4)),
    (nn.Upsample(scale_factor=2, mode="bilinear"), (1, 3, 4, 4)),
    (nn.Softmax(-1), (2, 10)),
    (nn.LSTM(5, 7, num_layers=2, bidirectional=True), (4, 2, 5)),
    (nn.LSTM(5, 7, proj_size=3), (4, 2, 5)),
    (nn.GRU(5, 7), (4, 2, 5)),
    (nn.RNN(5, 7, nonlinearity="relu"), (4, 2, 5)),
    *[
        (activation(), (2, 3, 4, 5))
        for activation in (
            nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ReLU6, nn.Sigmoid, nn.Tanh, nn.SiLU, nn.Hardsigmoid, nn.Hardswish,
            nn.GELU, nn.ELU, nn.SELU, nn.CELU, nn.Softplus, nn.Mish, nn.LogSigmoid,
        )
    ],
]  # fmt: skip


@pytest.mark.parametrize(("layer", "size"), LAYERS, ids=[repr(layer) for layer, _ in LAYERS])
@pytest.mark.parametrize("convention", conventions.CONVENTIONS)
def test_the_shown_line_gives_the_number(layer, size, convention):
    """Every line's numbers work out to its result, and the counts' lines add up to the row."""
    report = cost(layer, size, convention=convention)
    explanation = report.explain(report.rows[0].path)
    for line in explanation.lines:
        if line.label != "parameters" or "·" in line.symbols:
            assert evaluate(line.numbers) == line.result
    counted = [line for line in explanation.lines if line.label == report.unit]
    assert sum(line.result for line in counted) == report.total.count
    params = [line for line in explanation.lines if line.label == "parameters"]
    assert sum(evaluate(line.numbers) for line in params) == report.total.params
    assert sum(line.result for line in params) == report.total.params


def symbols_of(formula: formulas.Formula) -> set[str]:
    """All symbols of a formula in two dimensions, with and without what may be silent."""
    every = dict.fromkeys(formulas.SYMBOLS, 2)
    texts = [formula.text(dict.fromkeys(CATEGORIES, 1)), formula.params or "0"]
    shown = " ".join(expression(text, 2).symbols(every) for text in texts)
    return set(re.findall(r"Σ?[A-Za-z]\w*", shown))


@pytest.mark.parametrize("kind", formulas.FORMULAS)
def test_every_kind_evaluates_as_it_shows(kind):
    """For every kind, on made-up sizes: value, numbers line and tally agree, and each symbol has a meaning."""
    formula = formulas.FORMULAS[kind]
    sizes = {name: 2 * place + 4 for place, name in enumerate(formulas.SYMBOLS)} | {"b": 1, "g": 2}
    for spatial in (1, 2, 3):
        weights = conventions.textbook.weights
        shown = expression(formula.text(weights), spatial)
        assert evaluate(shown.numbers(sizes)) == shown.value(sizes)
        assert formula.work(tuple(sizes.items()), spatial).weighed(weights) == shown.value(sizes)
    assert symbols_of(formula) <= set(formulas.SYMBOLS)


def test_the_line_of_the_textbook():
    """A 3×3 convolution of 64 channels on 56×56 reads as the textbook writes it."""
    report = cost(nn.Conv2d(64, 64, 3, padding=1, bias=False), (1, 64, 56, 56))
    lines = [str(line) for line in report.explain().lines]
    assert lines == [
        "⌊(H_in + 2·P_h − D_h·(K_h − 1) − 1)/S_h⌋ + 1 = ⌊(56 + 2·1 − 1·(3 − 1) − 1)/1⌋ + 1 = 56",
        "⌊(W_in + 2·P_w − D_w·(K_w − 1) − 1)/S_w⌋ + 1 = ⌊(56 + 2·1 − 1·(3 − 1) − 1)/1⌋ + 1 = 56",
        "K_h·K_w·C_in·C_out = 3·3·64·64 = 36,864",
        "2·H_out·W_out·C_in·C_out·K_h·K_w = 2·56·56·64·64·3·3 = 231,211,008",
    ]


def test_groups_batch_and_bias_are_shown_where_they_matter():
    """C_in/g, N and + 1 appear with groups, a batch and a bias."""
    report = cost(nn.Conv2d(4, 6, 3, groups=2), (5, 4, 8, 8))
    params, flops = report.explain().lines[-2:]
    assert str(params) == "(K_h·K_w·(C_in/g) + 1)·C_out = (3·3·(4/2) + 1)·6 = 114"
    assert str(flops) == "2·N·H_out·W_out·(C_in/g)·C_out·K_h·K_w = 2·5·6·6·(4/2)·6·3·3 = 38,880"


def test_explain_without_a_path_takes_the_costliest_layer():
    """The layer with the largest count is the one that people ask about."""
    assert cost(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 400)), (1, 2)).explain().path == "1"


def test_a_container_or_a_wrong_path_is_told():
    """A container's layers, or close matches, are named."""
    report = cost(nn.Sequential(nn.Sequential(nn.Linear(2, 3))), (1, 2))
    with pytest.raises(CostError, match=r"^0 is a container; ask for one of its layers: 0\.0$"):
        report.explain("0")
    with pytest.raises(CostError, match=r"^Sequential has no layer '0\.1' in this report; close to it: 0\.0"):
        report.explain("0.1")


def op(kind: str | None, function: str = "f", **dims: int) -> OpRecord:
    """An operation with one output of 10 elements."""
    return OpRecord("aten.f.default", kind, tuple(dims.items()), 0, function, 1, 0, (), (TensorSpec((2, 5)),))


# rules, operation, what it then counts as
RULES = [
    ({"linear": "2 * N_in * N_out - N_out"}, op("linear", N=1, N_in=4, N_out=3, b=1), 2 * 4 * 3 - 3),
    ({"bias_additions": 1}, op("linear", N=2, N_in=4, N_out=3, b=1), 2 * (2 * 4 * 3) + 2 * 3),
    ({"bias_additions": 1}, op("linear", N=2, N_in=4, N_out=3, b=0), 2 * (2 * 4 * 3)),
    ({"batch_norm": 2}, op("batch_norm", N=1, C=10), 20),
    ({"specials": 4}, op("sigmoid", n=10), 10 * (2 + 4 + 1)),
    ({"comparisons": 0}, op("relu", n=10), 0),
    ({"relu": 0}, op("relu", n=10), 0),
    ({"my_function": 3}, op(None, "my_function"), 30),
    ({"aten.f": "n"}, op(None), 10),
    ({"aten.f.default": lambda record: record.outputs[0].shape[0]}, op(None), 2),
    ({}, op(None), None),
]


@pytest.mark.parametrize(("rules", "record", "count"), RULES)
def test_a_convention_takes_rules(rules, record, count):
    """A number per element, a formula, a function or a weight changes what an operation counts as."""
    convention = conventions.textbook.with_rules(rules)
    assert convention.count(record) == count
    assert conventions.textbook.count(op("relu", n=10)) == 10  # the original is as it was


BAD_RULES = [
    ({"linear": "2 ** N"}, "a formula has only"),
    ({"linear": "2 +"}, "cannot read the formula"),
    ({"linear": "__import__('os')"}, "a formula has only"),
    ({"specials": "n"}, "is a whole number"),
    ({"linear": 1.5}, "give a number, a formula's text or a function"),
]


@pytest.mark.parametrize(("rules", "message"), BAD_RULES)
def test_a_bad_rule_is_told(rules, message):
    """A rule that cannot be read is refused when it is given, in one sentence."""
    with pytest.raises(CostError, match=re.escape(message)):
        conventions.textbook.with_rules(rules)


def test_an_expression_names_what_it_cannot_read():
    """Only arithmetic is read; nothing is called."""
    with pytest.raises(FormulaError, match="only"):
        expression("n if n else 1")


def test_unknown_convention():
    """A name that is no convention gets the close one and the list."""
    with pytest.raises(CostError, match="did you mean macs"):
        cost(nn.Linear(1, 1), (1, 1), convention="mac")


def test_macs_stay_plain_in_every_convention():
    """`macs` does not depend on the convention, and flops are the textbook's where a convention counts MACs."""
    report = cost(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), (1, 3, 8, 8))
    other = report.counted_as("macs")
    assert (other.total.macs, other.total.flops, other.total.count) == (3888, 2 * 3888 + 144, 3888)
    cheap = report.counted_as(conventions.textbook.with_rules({"convolution": 1}))
    assert (cheap.total.macs, cheap.total.flops) == (3888, 144 + 144)
    assert torch.is_grad_enabled()
