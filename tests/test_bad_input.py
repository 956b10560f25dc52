"""What users meet when something does not fit: one sentence that says what to do, and the table so far."""

from __future__ import annotations

import collections
import dataclasses
import inspect
import traceback
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from nets import Body
from torch import Tensor, nn

import nbcnncost
from nbcnncost import CostError
from nbcnncost.api import attempt
from nbcnncost.errors import InputError, ModelError, ShapeError, ValuesNeeded


class LeNet(nn.Module):
    """LeNet-5 for 32×32, as tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))


def stopped(model: Any, *args: Any, **options: Any) -> CostError:
    """The error that a call ends with, which is one sentence."""
    with pytest.raises(CostError) as caught:
        nbcnncost.cost(model, *args, **options)
    error = caught.value
    assert "\n" not in str(error)
    assert 10 < len(str(error)) < 400
    return error


# Shapes that do not fit.

SENTENCES = {
    "linear, another size fits": (
        LeNet(),
        (1, 1, 28, 28),
        (
            "`fc1` (Linear) expects 400 features but receives 256 (from 1×16×4×4 flattened); "
            "give it in_features=256 or change the input to 1×1×32×32"
        ),
    ),
    "linear, batch kept": (
        LeNet(),
        (8, 1, 36, 36),
        (
            "`fc1` (Linear) expects 400 features but receives 576 (from 8×16×6×6 flattened); "
            "give it in_features=576 or change the input to 8×1×32×32"
        ),
    ),
    "linear, no size fits": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2)),
        (1, 3, 32, 32),
        "`3` (Linear) expects 5 features but receives 4 (from 1×4×1×1 flattened); give it in_features=4",
    ),
    "linear inside a container": (
        nn.Sequential(collections.OrderedDict(head=nn.Sequential(nn.Flatten(), nn.Linear(9, 2)))),
        (1, 2, 2, 2),
        (
            "`head.1` (Linear) expects 9 features but receives 8 (from 1×2×2×2 flattened); give it in_features=8"
            " or change the input to 1×9"
        ),
    ),
    "linear on its own": (
        nn.Linear(3, 4),
        (2, 5),
        "Linear expects 3 features but receives 5; give it in_features=5 or change the input to 2×3",
    ),
    "channels": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 6, 3)),
        (1, 3, 8, 8),
        "`1` (Conv2d) expects 5 input channels but receives 4 (of 1×4×6×6); give it in_channels=4",
    ),
    "channels of the input": (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()),
        (1, 3, 28, 28),
        (
            "`0` (Conv2d) expects 1 input channel but receives 3 (of 1×3×28×28); give it in_channels=3"
            " or change the input to 1×1×28×28"
        ),
    ),
    "channels of a transposed convolution": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(5, 6, 3)),
        (1, 3, 8, 8),
        "`1` (ConvTranspose2d) expects 5 input channels but receives 4 (of 1×4×6×6); give it in_channels=4",
    ),
    "channels of a grouped convolution": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(6, 6, 3, groups=3)),
        (1, 3, 8, 8),
        "`1` (Conv2d) expects 6 input channels but receives 4 (of 1×4×6×6)",
    ),
    "rank": (
        nn.Sequential(nn.Flatten(), nn.Conv2d(3, 4, 3)),
        (1, 3, 8, 8),
        "`1` (Conv2d) expects 4 dimensions (batch×channels×height×width) but receives 2: 1×192",
    ),
    "too small for a kernel": (
        nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 4, 5)),
        (1, 3, 8, 8),
        (
            "`1` (Conv2d) has a window of 5×5 but receives only 3×3; the input is too small for it; "
            "change the input to 1×3×224×224"
        ),
    ),
    "too small for a dilated kernel": (
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, dilation=4)),
        (1, 3, 6, 6),
        (
            "`0` (Conv2d) has a window of 9×9 but receives only 6×6 (8×8 with padding); the input is too small for "
            "it; change the input to 1×3×224×224"
        ),
    ),
    "too small for a pooling": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(4)),
        (1, 3, 5, 5),
        (
            "`1` (MaxPool2d) has a window of 4×4 but receives only 3×3; the input is too small for it; "
            "change the input to 1×3×224×224"
        ),
    ),
    "batch norm": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(8)),
        (1, 3, 8, 8),
        "`1` (BatchNorm2d) expects 8 channels but receives 4 (of 1×4×6×6); give it num_features=4",
    ),
    "layer norm": (
        nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(8)),
        (2, 5, 4),
        "`1` (LayerNorm) expects 8 at the end of its input but receives 2×5×6; give it normalized_shape=[6]",
    ),
    "group norm": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 6)),
        (1, 3, 8, 8),
        "`1` (GroupNorm) expects 6 channels but receives 4; give it num_channels=4",
    ),
    "concat": (
        Body(lambda net, x: torch.cat([net.a(x), net.b(x)], 1), a=nn.Conv2d(3, 4, 3), b=nn.Conv2d(3, 4, 5)),
        (1, 3, 8, 8),
        (
            "the forward of Body joins 1×4×6×6 and 1×4×4×4 along dimension 1 (channels), "
            "but they differ in dimension 2 (height): 6 and 4"
        ),
    ),
    "concat of unequal rank": (
        Body(lambda net, x: torch.cat((net.a(x), x.flatten(1)), dim=1), a=nn.Conv2d(3, 4, 3)),
        (1, 3, 8, 8),
        "the forward of Body joins 1×4×6×6 and 1×192, which differ in their dimensions",
    ),
    "add": (
        Body(lambda net, x: net.a(x) + x, a=nn.Conv2d(3, 3, 3)),
        (1, 3, 8, 8),
        "the forward of Body adds 1×3×6×6 and 1×3×8×8, which differ in dimension 2 (height): 6 and 8",
    ),
    "add in place": (
        Body(lambda net, x: net.a(x).add_(x), a=nn.Conv2d(3, 4, 1)),
        (1, 3, 8, 8),
        "the forward of Body adds 1×4×8×8 and 1×3×8×8, which differ in dimension 1 (channels): 4 and 3",
    ),
    "multiply": (
        Body(lambda net, x: x * net.a(x), a=nn.Linear(3, 2)),
        (4, 3),
        "the forward of Body multiplies 4×3 and 4×2, which differ in dimension 1: 3 and 2",
    ),
    "matmul": (
        Body(lambda net, x: net.a(x) @ net.a(x), a=nn.Linear(3, 4)),
        (5, 3),
        "the forward of Body multiplies 5×4 by 5×4: 4 columns meet 5 rows",
    ),
    "view": (
        Body(lambda net, x: net.fc(net.a(x).view(-1, 4 * 5 * 5)), a=nn.Conv2d(3, 4, 3), fc=nn.Linear(100, 2)),
        (1, 3, 8, 8),
        "the forward of Body cannot view 1×4×6×6 (144 elements) as ?×100 (a multiple of 100 elements)",
    ),
    "reshape": (
        Body(lambda net, x: x.reshape(2, 7)),
        (2, 6),
        "the forward of Body cannot view 2×6 (12 elements) as 2×7 (14 elements)",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_shapes_that_do_not_fit(case: str) -> None:
    """The layer by its path, what it expects and receives, and a remedy where there is one."""
    model, shape, sentence = SENTENCES[case]
    error = stopped(model, shape)
    assert isinstance(error, ShapeError)
    rest = str(error).removeprefix(sentence)
    assert str(error).startswith(sentence)
    assert rest == "" or ("change the input" not in sentence and "change the input to" in rest)


@pytest.mark.parametrize("case", SENTENCES)
def test_a_shape_error_keeps_its_cause_and_the_rows(case: str) -> None:
    """The original exception is the cause; the partial report ends at the failing layer, which is marked."""
    model, shape, _ = SENTENCES[case]
    error = stopped(model, shape)
    assert isinstance(error.__cause__, Exception)
    assert not isinstance(error.__cause__, CostError)
    assert error.report.failure.message == str(error)
    rows = error.report.rows
    failed = [row.path for row in error.report.tree() if row.failed]
    assert "`" not in str(error) or str(error).split("`")[1] in failed
    assert all(row.role != "unused" for row in rows)


@pytest.mark.parametrize("case", SENTENCES)
def test_the_other_input_that_is_proposed_fits(case: str) -> None:
    """Where the sentence proposes another input, the model takes it."""
    model, shape, _ = SENTENCES[case]
    _, _, proposed = str(stopped(model, shape)).partition("change the input to ")
    if proposed:
        other = tuple(map(int, proposed.split("×")))
        assert nbcnncost.cost(model, other).inputs[0].shape == other


@pytest.mark.parametrize(
    ("features", "model"),
    [
        (256, lambda n: nn.Sequential(nn.Conv2d(1, 16, 5), nn.MaxPool2d(6), nn.Flatten(), nn.Linear(n, 9))),
        (192, lambda n: nn.Sequential(nn.Flatten(), nn.Linear(n, 3))),
        (6, lambda n: nn.Sequential(nn.Conv2d(1, 6, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n, 3))),
    ],
)
def test_the_in_features_that_are_proposed_fit(features: int, model: Callable[[int], nn.Module]) -> None:
    """With the in_features of the sentence the model takes the input that the user gave."""
    shape = (1, 3, 8, 8) if features == 192 else (1, 1, 28, 28)
    error = str(stopped(model(features + 1), shape))
    assert f"give it in_features={features}" in error
    assert nbcnncost.cost(model(features), shape).total.params > 0


def test_the_rows_of_a_partial_report() -> None:
    """LeNet-5 on 28×28: all layers up to fc1 with their numbers, fc1 marked, nothing after it."""
    report, error = attempt(LeNet(), (1, 1, 28, 28))
    assert isinstance(error, ShapeError)
    assert error.report is report
    assert [(row.path, row.macs, row.failed) for row in report.rows] == [
        ("conv1", 24 * 24 * 1 * 6 * 5 * 5, False),
        ("relu()", 0, False),
        ("max_pool2d()", 0, False),
        ("conv2", 8 * 8 * 6 * 16 * 5 * 5, False),
        ("relu()#2", 0, False),
        ("max_pool2d()#2", 0, False),
        ("flatten()", 0, False),
        ("fc1", None, True),
    ]
    assert report["conv1"].params == 1 * 6 * 25 + 6
    assert report.failure.path == "fc1"
    assert report.failure.type == "Linear"
    assert "fc1" in repr(report)


def test_a_shape_error_in_a_run_for_real() -> None:
    """With execute=True the same mismatch gives the same first half."""
    error = stopped(LeNet(), (1, 1, 28, 28), execute=True)
    assert str(error).startswith(
        "`fc1` (Linear) expects 400 features but receives 256 (from 1×16×4×4 flattened); give it in_features=256"
    )


def test_a_sentence_has_no_traceback_of_ours() -> None:
    """IPython shows the sentence alone."""
    error = stopped(LeNet(), (1, 1, 28, 28))
    assert error._render_traceback_() == [f"ShapeError: {error}"]


# Errors of the model's own.


class Odd(Exception):  # noqa: N818 -- a user's own exception may be called anything
    """An exception of the user's."""


@pytest.mark.parametrize("error", [Odd("17"), ValueError("no"), KeyError("x"), RuntimeError(""), StopIteration()])
@pytest.mark.parametrize("execute", [False, True])
def test_what_a_forward_raises_passes_unchanged(error: Exception, execute: bool) -> None:
    """The same exception object, without a cause of ours, its traceback ending in the user's code."""

    def fail(net: Body, x: Tensor) -> Tensor:
        net.conv(x)
        raise error

    model = Body(fail, conv=nn.Conv2d(3, 4, 3))
    with pytest.raises(type(error)) as caught:
        nbcnncost.cost(model, (1, 3, 8, 8), execute=execute)
    assert execute or caught.value is error
    assert caught.value.__cause__ is None
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (last.name, last.filename) == ("fail", __file__)


def test_what_a_forward_raises_leaves_a_partial_report() -> None:
    """An attempt gives the rows up to the exception, and says where it was raised."""

    def fail(net: Body, x: Tensor) -> Tensor:
        x = F.relu(net.conv(x))
        raise Odd("on purpose")

    report, error = attempt(nn.Sequential(Body(fail, conv=nn.Conv2d(3, 4, 3))), (1, 3, 8, 8))
    assert isinstance(error, Odd)
    assert [(row.path, row.macs, row.flops) for row in report.rows] == [
        ("0.conv", 6 * 6 * 3 * 4 * 9, 2 * 6 * 6 * 3 * 4 * 9),
        ("0.relu()", 0, 6 * 6 * 4),
    ]
    assert report.failure.path == "0"
    assert "on purpose" in report.failure.message


def test_a_mistake_in_a_forward_passes_unchanged() -> None:
    """An AttributeError of the user's own code is the user's to see."""
    with pytest.raises(AttributeError, match="conv9"):
        nbcnncost.cost(Body(lambda net, x: net.conv9(x)), (1, 3, 8, 8))


def test_an_error_that_the_forward_handles_is_none() -> None:
    """A forward that tries one layer and falls back on another runs through."""

    def either(net: Body, x: Tensor) -> Tensor:
        try:
            return net.wrong(x)
        except RuntimeError:
            return net.right(x)

    report = nbcnncost.cost(Body(either, wrong=nn.Linear(3, 2), right=nn.Linear(4, 2)), (1, 4))
    assert report.failure is None
    assert report["right"].macs == 4 * 2
    assert report.total.macs == 4 * 2


def test_a_shape_error_of_an_earlier_attempt_is_not_blamed() -> None:
    """When a forward handles one error and raises another, the sentence is about neither's neighbour."""

    def later(net: Body, x: Tensor) -> Tensor:
        try:
            net.fc(x)
        except RuntimeError:
            raise Odd("afterwards") from None
        return x

    with pytest.raises(Odd, match="afterwards"):
        nbcnncost.cost(Body(later, fc=nn.Linear(3, 2)), (1, 4))


# Inputs that cannot be read.

CONV = nn.Conv2d(3, 4, 3)


@pytest.mark.parametrize(
    "size",
    [
        "3,,4",
        "a",
        "",
        "x",
        "3,-4,4",
        "3.5,4,4",
        0,
        -1,
        3.5,
        (),
        [],
        [[]],
        (1, 3, 0, 8),
        (1, 3, -8, 8),
        (1.5, 3, 8, 8),
        (1, None, 8, 8),
        [(3, 8, 8), "x"],
        (1, 3, 10**10, 10**10),
        object(),
        np.zeros((1, 3, 8, 8)),
        b"3,8,8",
        {},
    ],
    ids=lambda size: type(size).__name__,
)
def test_shapes_that_cannot_be_read(size: Any) -> None:
    """One sentence that shows how a shape is written."""
    assert isinstance(stopped(CONV, size), CostError)


def test_a_tensor_in_place_of_a_shape() -> None:
    """A tensor given as the second argument is pointed to input_data, and is not printed."""
    error = stopped(CONV, torch.zeros(1, 3, 8, 8))
    assert "input_data" in str(error)
    assert "0." not in str(error)


@pytest.mark.parametrize(
    "size",
    [
        (1, 3, 8, 8),
        [1, 3, 8, 8],
        torch.Size([1, 3, 8, 8]),
        "1,3,8,8",
        "1x3x8x8",
        "1×3×8×8",
        "1, 3, 8, 8",
        "(1, 3, 8, 8)",
        [(1, 3, 8, 8)],
        {"input": (1, 3, 8, 8)},
        (np.int64(1), 3, 8, np.int32(8)),
    ],
    ids=str,
)
def test_shapes_that_can_be_read(size: Any) -> None:
    """All the ways in which people write a shape give the same count: 6·6·3·4·3·3."""
    assert nbcnncost.cost(CONV, size).total.macs == 6 * 6 * 3 * 4 * 3 * 3


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"mode": "training"}, "'training'"),
        ({"mode": ""}, "''"),
        ({"mode": ["eval"]}, "mode"),
        ({"convention": "xx"}, "'xx'"),
        ({"convention": 5}, "5"),
        ({"dtypes": "float33"}, "'float33'"),
        ({"dtypes": "Tensor"}, "'Tensor'"),
        ({"dtypes": 5}, "5"),
        ({"dtypes": []}, "dtype"),
        ({"dtypes": ["float32", "int64"]}, "2 dtypes"),
        ({"dtypes": "int64"}, "int64"),
        ({"dtypes": "float16"}, "float16"),
        ({"batch_size": 0}, "batch"),
        ({"batch_size": -4}, "batch"),
        ({"batch_size": "4"}, "batch"),
        ({"batch_size": 2.5}, "batch"),
        ({"input_data": torch.zeros(1, 3, 8, 8)}, "input_data"),
    ],
    ids=range(17),
)
def test_options_that_cannot_be_read(options: dict[str, Any], word: str) -> None:
    """One sentence that names what was given."""
    assert word in str(stopped(CONV, (3, 8, 8), **options))


@pytest.mark.parametrize(
    "data",
    [np.zeros((1, 3, 8, 8)), (1, 3, 8, 8), (), [], {}, "3,8,8", 5, [None]],
    ids=lambda data: type(data).__name__,
)
def test_data_without_a_tensor(data: Any) -> None:
    """Data that holds no tensor is refused in one sentence."""
    assert isinstance(stopped(CONV, input_data=data), InputError)


@pytest.mark.parametrize(
    "options",
    [
        {"input_size": [(1, 3, 8, 8), (1, 3)]},
        {"input_size": {"x": (1, 3, 8, 8)}},
        {"input_data": (torch.zeros(1, 3, 8, 8), torch.zeros(1))},
        {"input_data": {"image": torch.zeros(1, 3, 8, 8)}},
        {"input_data": (torch.zeros(1, 3, 8, 8), {"mask": None})},
    ],
    ids=range(5),
)
def test_inputs_that_the_forward_does_not_take(options: dict[str, Any]) -> None:
    """Too many inputs, or wrong names: one sentence that names what the forward takes."""
    error = stopped(CONV, **options)
    assert "input" in str(error)
    assert "Conv2d" in str(error)


@pytest.mark.parametrize(
    "layer",
    [nn.Linear(3, 4), nn.Conv2d(3, 4, 1), nn.ConvTranspose2d(3, 4, 1), nn.LayerNorm(3)],
    ids=lambda layer: type(layer).__name__,
)
def test_an_input_of_another_dtype(layer: nn.Module) -> None:
    """A float64 input to float32 weights, which torch refuses, is refused with both dtypes named."""
    error = stopped(layer, (1, 3, 3, 3), dtypes="float64")
    assert "float32" in str(error)
    assert "float64" in str(error)


def test_an_input_that_is_missing() -> None:
    """A forward with two inputs, given one: the sentence names the other."""
    model = Body(lambda net, x: x)
    model.forward = inspect_me
    assert "mask" in str(stopped(model, (1, 3)))


def inspect_me(image: Tensor, mask: Tensor) -> Tensor:
    """A forward with two inputs."""
    return image * mask


# Models that are none.


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Conv2d, "Conv2d is a class"),
        (CONV.state_dict(), "a state_dict holds weights but no layers"),
        ([CONV, nn.ReLU()], "nn.Sequential"),
        ((CONV,), "nn.Sequential"),
        (nn.ModuleList([CONV]), "ModuleList"),
        (nn.ModuleDict({"a": CONV}), "ModuleDict"),
        (nn.Module(), "forward"),
        (F.relu, "relu is a function"),
        (CONV.forward, "forward"),
        ("resnet18", "'resnet18'"),
        (torch.zeros(3), "a tensor is no model"),
        (None, "None"),
        (3, "int"),
        ({"model": 3}, "dict"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else None,
)
def test_models_that_are_none(model: Any, words: str) -> None:
    """One sentence that says what it is and what to give instead."""
    error = stopped(model, (1, 3, 8, 8))
    assert isinstance(error, ModelError)
    assert words in str(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", [torch.jit.script, lambda net: torch.jit.trace(net, torch.zeros(1, 3, 8, 8))])
def test_torchscript(how: Callable[[nn.Module], Any]) -> None:
    """A scripted or traced model is refused with a word on what to give."""
    assert "TorchScript" in str(stopped(how(nn.Sequential(nn.Conv2d(3, 4, 3))), (1, 3, 8, 8)))


def test_a_float_functional_is_not_quantized() -> None:
    """A floating-point model that is prepared for quantization, with FloatFunctional adds, is an ordinary model."""
    from torch.ao.nn import quantized

    model = Body(lambda net, x: net.plus.add(net.fc(x), x), fc=nn.Linear(4, 4), plus=quantized.FloatFunctional())
    assert nbcnncost.cost(model, (2, 4)).total.flops == 2 * 2 * 4 * 4 + 2 * 4


@pytest.mark.parametrize(
    "wrap", [nn.DataParallel, lambda net: torch.compile(net, backend="eager")], ids=["DataParallel", "compile"]
)
def test_wrapped_models_are_unwrapped(wrap: Callable[[nn.Module], Any]) -> None:
    """DataParallel and torch.compile are seen through, and a note says so; nothing is compiled."""
    report = nbcnncost.cost(wrap(LeNet()), (1, 1, 32, 32))
    assert report.model_name == "LeNet"
    assert report.total.params == 156 + 2416 + 48120 + 1210
    assert report["fc1"].macs == 400 * 120
    assert len(report.notes) == 1


# Inputs of other forms.


def test_an_embedding_first() -> None:
    """A model that begins with an embedding gets whole numbers."""
    model = nn.Sequential(nn.Embedding(100, 8), nn.Linear(8, 3))
    report = nbcnncost.cost(model, (2, 5))
    assert report.inputs[0].dtype == "int64"
    assert report.total.macs == 2 * 5 * 8 * 3
    assert report.total.params == 100 * 8 + 8 * 3 + 3


def test_an_embedding_first_without_an_input() -> None:
    """Without an input some tokens are assumed, and a note says so."""
    report = nbcnncost.cost(nn.Sequential(nn.Embedding(100, 8), nn.Linear(8, 3)))
    assert report.inputs[0].shape == (1, 128)
    assert "assumed 1×128" in report.notes[0]


def two(net: Body, image: Tensor, scale: Tensor | None = None) -> Tensor:
    """A forward with two inputs, the second optional."""
    x = net.fc(image)
    return x if scale is None else x * scale


@pytest.mark.parametrize(
    ("options", "flops"),
    [
        ({"input_size": [(2, 4), (2, 3)]}, 2 * 2 * 4 * 3 + 6),
        ({"input_size": ["2,4", "2x3"]}, 2 * 2 * 4 * 3 + 6),
        ({"input_size": {"image": (2, 4), "scale": (2, 3)}}, 2 * 2 * 4 * 3 + 6),
        ({"input_size": {"image": (2, 4)}}, 2 * 2 * 4 * 3),
        ({"input_size": [(1, 4), (1, 3)], "batch_size": 5}, 2 * 5 * 4 * 3 + 15),
        ({"input_data": torch.zeros(2, 4)}, 2 * 2 * 4 * 3),
        ({"input_data": (torch.zeros(2, 4), torch.zeros(3))}, 2 * 2 * 4 * 3 + 6),
        ({"input_data": (torch.zeros(2, 4), {"scale": torch.zeros(2, 3)})}, 2 * 2 * 4 * 3 + 6),
        ({"input_data": {"image": torch.zeros(2, 4), "scale": torch.zeros(1)}}, 2 * 2 * 4 * 3 + 6),
        ({"input_data": (torch.zeros(2, 4), None)}, 2 * 2 * 4 * 3),
    ],
    ids=range(10),
)
def test_several_inputs(options: dict[str, Any], flops: int) -> None:
    """Lists of shapes, names with shapes, tensors and keyword tensors all reach the forward."""
    assert nbcnncost.cost(Body(two, fc=nn.Linear(4, 3)), **options).total.flops == flops


def test_a_dict_as_the_only_argument() -> None:
    """A forward that takes one dict gets it where an empty dict of keyword arguments follows."""
    model = Body(lambda net, batch: net.fc(batch["x"]), fc=nn.Linear(4, 3))
    report = nbcnncost.cost(model, input_data=({"x": torch.zeros(2, 4)}, {}))
    assert report.total.macs == 2 * 4 * 3


def test_inputs_nested_in_lists() -> None:
    """A forward that takes a list of tensors gets it inside a tuple of arguments."""
    model = Body(lambda net, xs: sum(net.fc(x) for x in xs), fc=nn.Linear(4, 3))
    report = nbcnncost.cost(model, input_data=([torch.zeros(2, 4), torch.zeros(2, 4)],))
    assert report.total.macs == 2 * (2 * 4 * 3)
    assert report.total.params == 4 * 3 + 3


class Pair(NamedTuple):
    """An output with names."""

    logits: Tensor
    features: Tensor


@dataclasses.dataclass
class Output:
    """An output as libraries make it."""

    logits: Tensor
    features: Tensor | None = None


@pytest.mark.parametrize(
    ("pack", "shapes"),
    [
        (lambda a, b: {"logits": a, "features": b}, [(2, 3), (2, 4)]),
        (Pair, [(2, 3), (2, 4)]),
        (Output, [(2, 3), (2, 4)]),
        (lambda a, b: Output(a), [(2, 3)]),
        (lambda a, b: [a, {"b": (b,)}, None], [(2, 3), (2, 4)]),
        (lambda a, b: collections.OrderedDict(out=a), [(2, 3)]),
        (lambda a, b: None, []),
        (lambda a, b: "text", []),
    ],
    ids=["dict", "namedtuple", "dataclass", "half a dataclass", "nested", "OrderedDict", "None", "text"],
)
def test_outputs_of_any_form(pack: Callable[..., Any], shapes: list[tuple[int, ...]]) -> None:
    """What a forward returns is looked through for tensors, however it is packed."""
    model = nn.Sequential(Body(lambda net, x: pack(net.fc(x), x), fc=nn.Linear(4, 3)))
    report = nbcnncost.cost(model, (2, 4))
    assert [spec.shape for spec in report["0"].outputs] == shapes
    assert report.total.macs == 2 * 4 * 3


def test_an_image_without_a_batch() -> None:
    """Three numbers for a model of images mean one image, and the header says so."""
    report = nbcnncost.cost(LeNet(), "1x32x32")
    assert report.inputs[0].shape == (1, 1, 32, 32)
    assert report.notes == ("1×32×32 read as one image: batch 1",)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.MaxPool1d(2), (1, 2, 8)),
        (nn.AvgPool1d(2), (1, 2, 8)),
        (nn.AdaptiveAvgPool1d(1), (1, 2, 8)),
        (nn.BatchNorm1d(4), (2, 4, 5)),
        (nn.InstanceNorm1d(4), (2, 4, 5)),
        (nn.Upsample(scale_factor=2, mode="linear"), (1, 2, 4)),
        (nn.ZeroPad1d(1), (1, 2, 4)),
        (nn.Fold((4, 4), 2, stride=2), (1, 12, 4)),
        (Body(lambda net, x: torch.bmm(x, x)), (2, 3, 3)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_three_numbers_are_no_image_where_the_model_takes_them(layer: nn.Module, shape: tuple[int, ...]) -> None:
    """A layer that takes three dimensions as they are gets them as they are."""
    assert nbcnncost.cost(layer, shape).inputs[0].shape == shape


# Values that a run without values does not have.


def item(net: Body, x: Tensor) -> Tensor:
    """Multiplies by a number read from a tensor."""
    return net.fc(x) * x.sum().item()


def truth(net: Body, x: Tensor) -> Tensor:
    """Branches on a tensor."""
    if x.sum() >= 0:
        return net.fc(x)
    return x


def whole(net: Body, x: Tensor) -> Tensor:
    """Slices up to a number read from a tensor."""
    return net.fc(x)[int(x.sum()) :]


def nonzero(net: Body, x: Tensor) -> Tensor:
    """Indexes by what is not zero."""
    return net.fc(x)[(x[:, 0] == 0).nonzero()[:, 0]]


def masked(net: Body, x: Tensor) -> Tensor:
    """Indexes by a mask."""
    return net.fc(x[x[:, 0] == 0])


def listed(net: Body, x: Tensor) -> Tensor:
    """Makes a list of a tensor."""
    return net.fc(x) * len(x.tolist())


def as_array(net: Body, x: Tensor) -> Tensor:
    """Makes an array of a tensor."""
    return net.fc(x) * float(x.numpy().shape[0])


def unique(net: Body, x: Tensor) -> Tensor:
    """Takes what differs."""
    return net.fc(x) + x.unique().sum()


def chosen(net: Body, x: Tensor) -> Tensor:
    """Selects by a mask."""
    return net.fc(torch.masked_select(x, x == 0).view(2, 4))


def formatted(net: Body, x: Tensor) -> Tensor:
    """Prints a number."""
    f"{x.mean():.3f}"
    return net.fc(x)


def repeated(net: Body, x: Tensor) -> Tensor:
    """Repeats as often as a tensor says."""
    return net.fc(x.repeat_interleave(torch.zeros_like(x[:, 0]).long() + 1, 0))


VALUES = (item, truth, whole, nonzero, masked, listed, as_array, unique, chosen, formatted, repeated)


@pytest.mark.parametrize("forward", VALUES, ids=lambda forward: forward.__name__)
def test_values_are_needed(forward: Callable[..., Any]) -> None:
    """The sentence quotes the user's line with its number and offers to run for real."""
    error = stopped(Body(forward, fc=nn.Linear(4, 3)), (2, 4))
    assert isinstance(error, ValuesNeeded)
    lines, start = inspect.getsourcelines(forward)
    assert lines[2].strip() in str(error)
    assert f"line {start + 2}, in {forward.__name__}" in str(error)
    assert "--execute" in str(error)
    assert "execute=True" in str(error)
    assert isinstance(error.__cause__, Exception)
    assert error.report.failure.message == str(error)


@pytest.mark.filterwarnings("ignore::nbcnncost.UncountedOpWarning")
@pytest.mark.parametrize("forward", VALUES, ids=lambda forward: forward.__name__)
def test_with_execute_values_are_there(forward: Callable[..., Any]) -> None:
    """With execute=True the same models run, and the layer's count is right: 2·4·3."""
    report = nbcnncost.cost(Body(forward, fc=nn.Linear(4, 3)), (2, 4), execute=True)
    assert report["fc"].macs == 2 * 4 * 3
    assert report["fc"].flops == 2 * (2 * 4 * 3)
    assert report.total.params == 4 * 3 + 3
    assert report.executed


def test_values_of_the_users_own_constants_are_there() -> None:
    """A number that the model keeps in a tensor, or makes from constants, can be read without execute."""

    def steps(net: Body, x: Tensor) -> Tensor:
        for _ in range(int(net.steps)):
            x = net.fc(x)
        for rate in torch.linspace(0, 1, 3).tolist():
            x = x * rate
        return x * torch.arange(3).sum().item()

    model = Body(steps, fc=nn.Linear(3, 3))
    model.register_buffer("steps", torch.tensor(2))
    report = nbcnncost.cost(model, (1, 3))
    assert report["fc"].macs == 2 * 3 * 3
    assert report.total.flops == 2 * 2 * 3 * 3 + 4 * 3


def test_batch_norm_that_counts_its_batches() -> None:
    """Batch norm with momentum=None reads its own counter in training; that is no value of the input's."""
    report = nbcnncost.cost(nn.BatchNorm2d(4, momentum=None), (2, 4, 5, 5), mode="train")
    assert report.total.flops == 4 * 2 * 4 * 5 * 5


def test_data_dependent_models_run_for_real_on_the_users_data() -> None:
    """With execute=True the path follows the values of the data that the user gives."""
    model = Body(truth, fc=nn.Linear(4, 3))
    assert nbcnncost.cost(model, input_data=torch.ones(2, 4), execute=True).total.macs == 2 * 4 * 3
    assert nbcnncost.cost(model, input_data=-torch.ones(2, 4), execute=True).total.macs == 0


def test_nothing_of_ours_warns() -> None:
    """None of these errors comes with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopped(LeNet(), (1, 1, 28, 28))
        stopped(Body(item, fc=nn.Linear(4, 3)), (2, 4))


# No input given.


def test_no_input_and_none_fits() -> None:
    """The sentence says what was tried, why the first does not fit, and how to give one."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(7, 2))
    error = stopped(model)
    assert isinstance(error, InputError)
    assert "1×3×224×224" in str(error)
    assert "`2` (Linear) expects 7 features" in str(error)
    assert "input_size=" in str(error)


def test_no_input_where_the_forward_fails() -> None:
    """Where the forward itself is wrong, whatever the size, its own exception is to be seen."""

    def fail(net: Body, x: Tensor) -> Tensor:
        raise Odd("whatever the input")

    with pytest.raises((Odd, CostError)) as caught:
        nbcnncost.cost(Body(fail, conv=nn.Conv2d(3, 4, 3)))
    assert "whatever the input" in str(caught.value)


def test_no_input_where_values_are_needed() -> None:
    """Where values are needed, the sentence says so, and does not blame the size."""
    assert isinstance(stopped(Body(item, fc=nn.Linear(4, 3))), ValuesNeeded)
    report = nbcnncost.cost(Body(item, fc=nn.Linear(4, 3)), execute=True)
    assert report["fc"].macs == 4 * 3
