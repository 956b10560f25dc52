"""The input that is assumed where none is given, and the many ways in which one can be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from nets import Body
from torch import Tensor, nn

from nbcnncost import CostError, cost
from nbcnncost.errors import InputError
from nbcnncost.records import TensorSpec
from nbcnncost.shapes import check_shape, parse_shape
from nbcnncost.tracing.customary import customary_shapes

Make = Callable[[], nn.Module]


class Pair(nn.Module):
    """Two inputs by name, the second optional."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, image: Tensor, scale: Tensor | None = None) -> Tensor:
        x = self.fc(image)
        return x if scale is None else x * scale


def ended(*body: nn.Module, features: int) -> nn.Module:
    """Layers, flattened into so many features."""
    return nn.Sequential(*body, nn.Flatten(), nn.Linear(features, 10))


def lenet(padding: int) -> nn.Module:
    """LeNet-5: for 32×32 without padding, for 28×28 with."""
    body = [nn.Conv2d(1, 6, 5, padding=padding), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)]
    return ended(*body, features=16 * 5 * 5)


def alexnet() -> nn.Module:
    """The first layer of AlexNet as the paper has it: 55 places need 227 without padding."""
    return ended(nn.Conv2d(3, 96, 11, 4), nn.MaxPool2d(3, 2), features=96 * 27 * 27)


# The input that is assumed.

# model, the shape, what the note says after it
ASSUMED: dict[str, tuple[Make, tuple[int, ...], str]] = {
    "MNIST": (
        lambda: ended(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), features=4 * 13 * 13),
        (1, 1, 28, 28),
        "; 32×32 does not fit: `3` (Linear) expects 676 features but receives 900 (from 1×4×15×15 flattened)",
    ),
    "MNIST, any size": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10)),
        (1, 1, 28, 28),
        "; 32×32 fits too",
    ),
    "LeNet for 32": (
        lambda: lenet(padding=0),
        (1, 1, 32, 32),
        "; 28×28 does not fit: `5` (Linear) expects 400 features but receives 256 (from 1×16×4×4 flattened)",
    ),
    "LeNet for 28": (
        lambda: lenet(padding=2),
        (1, 1, 28, 28),
        "; 32×32 does not fit: `5` (Linear) expects 400 features but receives 576 (from 1×16×6×6 flattened)",
    ),
    "CIFAR": (
        lambda: ended(nn.Conv2d(3, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), features=400),
        (1, 3, 32, 32),
        "; 224×224 does not fit: `5` (Linear) expects 400 features but receives 44944 (from 1×16×53×53 flattened)",
    ),
    "ImageNet": (torchvision.models.resnet18, (1, 3, 224, 224), "; 32×32 fits too"),
    "too deep for 32": (
        torchvision.models.alexnet,
        (1, 3, 224, 224),
        "; 32×32 does not fit: `features.12` (MaxPool2d) has a window of 3×3 but receives only 1×1",
    ),
    "AlexNet, 227 only": (
        alexnet,
        (1, 3, 227, 227),
        "; 224×224 does not fit: `3` (Linear) expects 69984 features but receives 64896 (from 1×96×26×26 flattened)",
    ),
    "299 only": (
        lambda: ended(nn.Conv2d(3, 2, 3, 2), features=2 * 149 * 149),
        (1, 3, 299, 299),
        "; 224×224 does not fit: `2` (Linear) expects 44402 features but receives 24642 (from 1×2×111×111 flattened)",
    ),
    "64 only": (
        lambda: ended(nn.Conv2d(3, 4, 4, 2, 1), features=4 * 32 * 32),
        (1, 3, 64, 64),
        "; 224×224 does not fit: `2` (Linear) expects 4096 features but receives 50176 (from 1×4×112×112 flattened)",
    ),
    "two channels": (lambda: nn.Conv2d(2, 4, 3), (1, 2, 224, 224), "; 32×32 fits too"),
    "MLP": (
        lambda: nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10)),
        (1, 784),
        "; 28×28 does not fit: `0` (Linear) expects 784 features but receives 28 (of 1×1×28×28)",
    ),
    "MLP that flattens": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        (1, 784),
        "; 28×28 fits too",
    ),
    "MLP that needs an image": (
        lambda: Body(lambda net, x: net.fc(x[:, 0].flatten(1)), fc=nn.Linear(784, 10)),
        (1, 1, 28, 28),
        None,
    ),
    "Conv1d": (lambda: nn.Conv1d(2, 4, 3), (1, 2, 128), ""),
    "Conv1d, 1024 only": (
        lambda: ended(nn.Conv1d(2, 4, 1), features=4 * 1024),
        (1, 2, 1024),
        "; 1×2×128 does not fit: `2` (Linear) expects 4096 features but receives 512 (from 1×4×128 flattened)",
    ),
    "Conv3d": (lambda: nn.Conv3d(3, 4, 3), (1, 3, 16, 112, 112), ""),
    "Conv3d, 64 only": (
        lambda: ended(nn.Conv3d(1, 1, 1), features=64**3),
        (1, 1, 64, 64, 64),
        None,
    ),
    "Embedding": (lambda: nn.Sequential(nn.Embedding(100, 8), nn.Linear(8, 3)), (1, 128), ""),
    "LSTM": (lambda: nn.LSTM(8, 4, batch_first=True), (1, 128, 8), ""),
    "no layers": (nn.ReLU, (1, 3, 224, 224), "; 28×28 fits too"),
    "no layers with weights": (
        lambda: nn.BatchNorm2d(3),
        (1, 3, 224, 224),
        "; 28×28 does not fit: BatchNorm2d expects 3 channels but receives 1 (of 1×1×28×28)",
    ),
    "no layers, one axis": (lambda: nn.BatchNorm1d(16), (1, 16), None),
}


@pytest.mark.parametrize("name", ASSUMED)
def test_the_input_that_is_assumed(name: str) -> None:
    """The customary size that fits, and a note with what else was tried or would fit."""
    make, shape, rest = ASSUMED[name]
    report = cost(make())
    assert [spec.shape for spec in report.inputs] == [shape]
    start = f"no input given: assumed {'×'.join(map(str, shape))}"
    (note,) = report.notes
    assert note.startswith(start)
    assert rest is None or note == start + rest


@pytest.mark.parametrize("name", ["MNIST", "AlexNet, 227 only", "MLP", "Embedding", "LSTM", "no layers"])
def test_an_assumed_input_counts_as_if_it_were_given(name: str) -> None:
    """The numbers are those of the same shape given by the user."""
    make, shape, _ = ASSUMED[name]
    assert cost(make()).total == cost(make(), shape).total


@pytest.mark.parametrize("name", ["MNIST", "MLP", "Embedding", "Conv3d", "no layers"])
def test_an_assumed_input_takes_the_batch_size(name: str) -> None:
    """With batch_size the assumed shape has that batch, in the note too."""
    make, (_, *rest), _ = ASSUMED[name]
    report = cost(make(), batch_size=4)
    assert report.inputs[0].shape == (4, *rest)
    assert f"assumed {'×'.join(map(str, (4, *rest)))}" in report.notes[0]


@pytest.mark.parametrize("name", ["MNIST", "LeNet for 32", "MLP", "LSTM"])
def test_an_assumed_input_serves_a_run_for_real(name: str) -> None:
    """With execute=True the same input is assumed and the same note given."""
    make, shape, _ = ASSUMED[name]
    report = cost(make(), execute=True)
    assert report.executed
    assert report.inputs[0].shape == shape
    assert report.notes == cost(make()).notes


# what a model carries, the input that follows
CARRIED: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"pretrained_cfg": {"input_size": (3, 240, 240)}}, (1, 3, 240, 240)),
    ({"default_cfg": {"input_size": [3, 331, 331]}}, (1, 3, 331, 331)),
    ({"pretrained_cfg": {}, "default_cfg": {"input_size": (3, 160, 160)}}, (1, 3, 160, 160)),
    ({"image_size": 384}, (1, 3, 384, 384)),
    ({"pretrained_cfg": {"input_size": (3, 2)}}, (1, 3, 224, 224)),
    ({"pretrained_cfg": "vit_base"}, (1, 3, 224, 224)),
    ({"image_size": True}, (1, 3, 224, 224)),
    ({"image_size": -1}, (1, 3, 224, 224)),
    ({"image_size": (96, 96)}, (1, 3, 224, 224)),
]


@pytest.mark.parametrize(("carried", "shape"), CARRIED, ids=[str(carried) for carried, _ in CARRIED])
def test_a_size_that_the_model_carries_comes_first(carried: dict[str, Any], shape: tuple[int, ...]) -> None:
    """A configuration's input_size or an image_size is assumed; what is no size is passed over."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3))
    for name, value in carried.items():
        setattr(model, name, value)
    report = cost(model)
    assert report.inputs[0].shape == shape
    assert report.notes[0].startswith(f"no input given: assumed {'×'.join(map(str, shape))}; ")


def test_an_assumption_is_shown() -> None:
    """The note stands in the table's header, as text and as HTML."""
    report = cost(ASSUMED["LeNet for 32"][0]())
    for shown in (repr(report), report._repr_html_()):
        assert "assumed 1×1×32×32" in shown
    assert report.to_dict()["notes"] == list(report.notes)


def test_a_given_input_has_no_note() -> None:
    """A whole shape, batch included, needs no word."""
    assert cost(nn.Conv2d(3, 4, 3), (1, 3, 8, 8)).notes == ()


@pytest.mark.parametrize("name", ASSUMED)
def test_customary_shapes_have_a_batch_of_one(name: str) -> None:
    """Every shape that is tried is whole, and none is tried twice."""
    shapes = list(customary_shapes(ASSUMED[name][0]()))
    assert all(shape[0] == 1 for shape in shapes)
    assert len(shapes) == len(set(shapes))
    assert ASSUMED[name][1] in shapes


# Shapes in all their forms.

# the text, the shape
TEXTS = [
    ("1,3,224,224", (1, 3, 224, 224)),
    ("1, 3, 224, 224", (1, 3, 224, 224)),
    ("1x3x224x224", (1, 3, 224, 224)),
    ("1X3X224X224", (1, 3, 224, 224)),
    ("1×3×224×224", (1, 3, 224, 224)),
    ("1*3*224*224", (1, 3, 224, 224)),
    ("1 x 3 x 224 x 224", (1, 3, 224, 224)),
    ("1 3 224 224", (1, 3, 224, 224)),
    ("  3x32x32  ", (3, 32, 32)),
    ("(1, 784)", (1, 784)),
    ("[1, 784]", (1, 784)),
    ("(784,)", (784,)),
    ("784", (784,)),
    ("1,784,", (1, 784)),
    ("1,3x32 32", (1, 3, 32, 32)),
]


@pytest.mark.parametrize(("text", "shape"), TEXTS, ids=[text for text, _ in TEXTS])
def test_a_shape_as_text(text: str, shape: tuple[int, ...]) -> None:
    """Commas, crosses, stars or spaces between the numbers, brackets around them or not."""
    assert parse_shape(text) == shape


@pytest.mark.parametrize(
    "text", ["", "()", "3,,4", "3xx4", "3.5,4", "a,b", "1,3,224,224px", "1;2", "3-4", "1e3", "٣,٣x"]
)
def test_a_text_that_is_no_shape(text: str) -> None:
    """It is shown as it was given, with two that would do."""
    with pytest.raises(InputError) as caught:
        parse_shape(text)
    assert str(caught.value) == f"cannot read the shape {text!r}; write it as 1,3,224,224 or 3x224x224"


# a shape, what it becomes
SHAPES = [
    ((1, 3, 8, 8), (1, 3, 8, 8)),
    ([1, 3, 8, 8], (1, 3, 8, 8)),
    (torch.Size([1, 3, 8, 8]), (1, 3, 8, 8)),
    (torch.zeros(1, 3, 8, 8).shape, (1, 3, 8, 8)),
    ((np.int64(1), np.int32(3), 8, np.uint8(8)), (1, 3, 8, 8)),
    (np.array([1, 3, 8, 8]), (1, 3, 8, 8)),
    (np.zeros((1, 3, 8, 8)).shape, (1, 3, 8, 8)),
    (range(1, 5), (1, 2, 3, 4)),
]


@pytest.mark.parametrize(("shape", "expected"), SHAPES, ids=[type(shape).__name__ + str(shape) for shape, _ in SHAPES])
def test_a_shape_of_any_type(shape: Any, expected: tuple[int, ...]) -> None:
    """Tuples, lists, sizes of torch and numbers of numpy all become a tuple of plain ints."""
    report = cost(nn.ReLU(), shape)
    assert report.inputs == (TensorSpec(expected),)
    assert [type(size) for size in report.inputs[0].shape] == [int] * 4


def test_an_array_in_place_of_a_shape() -> None:
    """An array of several axes is data, and is pointed to input_data."""
    with pytest.raises(InputError) as caught:
        cost(nn.ReLU(), np.zeros((1, 3, 8, 8)))
    assert str(caught.value) == "that is an array, not a shape: give it as input_data, through torch.from_numpy"


@pytest.mark.parametrize("size", [5, np.int64(5), "5", (5,), [5], torch.Size([5])], ids=repr)
def test_one_number_is_a_shape(size: Any) -> None:
    """Five features are one sample for a linear layer."""
    report = cost(nn.Linear(5, 2), size)
    assert report.inputs[0].shape == (1, 5)
    assert report.notes == ("5 read as one sample: batch 1",)


# a shape, what the sentence says
WRONG = [
    ((), "an empty shape has no elements; write it as 1,3,224,224"),
    ((1, 0, 8), "every size is at least 1; not so in (1, 0, 8)"),
    ((1, -3), "every size is at least 1; not so in (1, -3)"),
    ((1, 2.5), "a shape consists of whole numbers, such as (1, 3, 224, 224); not so (1, 2.5)"),
    ((1, "3"), "a shape consists of whole numbers, such as (1, 3, 224, 224); not so (1, '3')"),
    ((1,) * 9, "(1, 1, 1, 1, 1, 1, 1, 1, 1) is no input's shape; write it as 1,3,224,224"),
    ((1, 10**9 + 1), "(1, 1000000001) is no input's shape; write it as 1,3,224,224"),
]


@pytest.mark.parametrize(("shape", "sentence"), WRONG, ids=[str(shape) for shape, _ in WRONG])
def test_a_shape_that_cannot_be(shape: Any, sentence: str) -> None:
    """One sentence on what is wrong with it."""
    with pytest.raises(InputError) as caught:
        check_shape(shape)
    assert str(caught.value) == sentence


# The batch.

# model, shape given, shape of the run, the note
BATCHES = [
    (nn.Conv2d(3, 4, 3), (3, 8, 8), (1, 3, 8, 8), "3×8×8 read as one image: batch 1"),
    (nn.Conv2d(3, 4, 3), "3x8x8", (1, 3, 8, 8), "3×8×8 read as one image: batch 1"),
    (nn.Conv1d(3, 4, 3), (3, 8), (1, 3, 8), "3×8 read as one sample: batch 1"),
    (nn.Conv3d(3, 4, 3), (3, 8, 8, 8), (1, 3, 8, 8, 8), "3×8×8×8 read as one sample: batch 1"),
    (nn.Linear(5, 2), (5,), (1, 5), "5 read as one sample: batch 1"),
    (nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), (1, 28, 28), (1, 1, 28, 28), "1×28×28 read as one image: batch 1"),
    (nn.Embedding(9, 4), (7,), (1, 7), "7 read as one sample: batch 1"),
    (nn.MaxPool2d(2), (3, 8, 8), (1, 3, 8, 8), "3×8×8 read as one image: batch 1"),
    (nn.MaxPool1d(2), (3, 8), (1, 3, 8), "3×8 read as one sample: batch 1"),
    (nn.Linear(5, 2), (4, 5), (4, 5), None),
    (nn.Linear(5, 2), (3, 4, 5), (3, 4, 5), None),
    (nn.Conv1d(3, 4, 3), (3, 3, 8), (3, 3, 8), None),
    (nn.Conv2d(3, 4, 3), (7, 3, 8, 8), (7, 3, 8, 8), None),
    (nn.LSTM(5, 2), (3, 4, 5), (3, 4, 5), None),
]


@pytest.mark.parametrize(
    ("model", "given", "shape", "note"), BATCHES, ids=[f"{type(entry[0]).__name__}-{entry[1]}" for entry in BATCHES]
)
def test_a_batch_is_added_where_it_lacks(model: nn.Module, given: Any, shape: tuple[int, ...], note: str) -> None:
    """One sample's shape gets a batch of one and a note; a shape that has its batch stays as it is."""
    report = cost(model, given)
    assert report.inputs[0].shape == shape
    assert report.notes == (() if note is None else (note,))


@pytest.mark.parametrize(
    ("given", "shape", "notes"),
    [
        ((3, 8, 8), (6, 3, 8, 8), ("3×8×8 read as one image: batch 6",)),
        ((1, 3, 8, 8), (6, 3, 8, 8), ()),
        ((2, 3, 8, 8), (6, 3, 8, 8), ()),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch_size", [6, np.int64(6)], ids=["int", "numpy"])
def test_the_batch_size(batch_size: Any, given: Any, shape: tuple[int, ...], notes: tuple[str, ...]) -> None:
    """batch_size is added to one image's shape, and takes the place of a batch that stands there."""
    report = cost(nn.Conv2d(3, 4, 3), given, batch_size=batch_size)
    assert (report.inputs[0].shape, report.notes) == (shape, notes)
    assert type(report.inputs[0].shape[0]) is int
    assert report.total.macs == 6 * (6 * 6 * 3 * 4 * 3 * 3)


@pytest.mark.parametrize("batch_size", [0, -1, "4", 2.5], ids=repr)
@pytest.mark.parametrize("size", [None, (3, 8, 8), (1, 3, 8, 8), [(1, 3, 8, 8)]], ids=repr)
def test_a_batch_size_that_cannot_be(size: Any, batch_size: Any) -> None:
    """Whatever the shape, and without one, the batch is a whole number from 1."""
    with pytest.raises(InputError) as caught:
        cost(nn.Conv2d(3, 4, 3), size, batch_size=batch_size)
    assert str(caught.value) == f"the batch size is a whole number from 1, not {batch_size!r}"


# Dtypes.

# model, what is given, the dtypes of the inputs
DTYPES: list[tuple[Make, dict[str, Any], list[str]]] = [
    (lambda: nn.Linear(4, 3), {"input_size": (2, 4)}, ["float32"]),
    (lambda: nn.Linear(4, 3).half(), {"input_size": (2, 4)}, ["float16"]),
    (lambda: nn.Linear(4, 3).to(torch.bfloat16), {"input_size": (2, 4)}, ["bfloat16"]),
    (lambda: nn.Linear(4, 3).double(), {}, ["float64"]),
    (lambda: nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3)).half(), {"input_size": (2, 5)}, ["int64"]),
    (lambda: nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3)), {}, ["int64"]),
    (lambda: nn.Embedding(9, 4), {"input_size": (2, 5), "dtypes": torch.int32}, ["int32"]),
    (nn.ReLU, {"input_size": (2, 4)}, ["float32"]),
    (nn.ReLU, {"input_size": (2, 4), "dtypes": torch.float16}, ["float16"]),
    (nn.ReLU, {"input_size": (2, 4), "dtypes": "float16"}, ["float16"]),
    (nn.ReLU, {"input_size": (2, 4), "dtypes": "torch.float16"}, ["float16"]),
    (nn.ReLU, {"input_size": (2, 4), "dtypes": np.float64}, ["float64"]),
    (nn.ReLU, {"input_size": (2, 4), "dtypes": [torch.float64]}, ["float64"]),
    (nn.ReLU, {"input_size": (2, 4), "dtypes": (torch.float64,)}, ["float64"]),
    (Pair, {"input_size": [(2, 4), (2, 3)]}, ["float32", "float32"]),
    (lambda: Pair().half(), {"input_size": [(2, 4), (2, 3)]}, ["float16", "float16"]),
    (Pair, {"input_size": [(2, 4), (2, 3)], "dtypes": "float32"}, ["float32", "float32"]),
    (Pair, {"input_size": [(2, 4), (2, 3)], "dtypes": ["float32", "int64"]}, ["float32", "int64"]),
    (Pair, {"input_size": {"image": (2, 4), "scale": (2, 3)}, "dtypes": ["float32", "int32"]}, ["float32", "int32"]),
    (Pair, {"input_data": (torch.zeros(2, 4), torch.zeros(2, 3, dtype=torch.int16))}, ["float32", "int16"]),
    (nn.ReLU, {"input_data": torch.zeros(2, 4, dtype=torch.float64)}, ["float64"]),
]


@pytest.mark.parametrize("place", range(len(DTYPES)))
def test_dtypes(place: int) -> None:
    """As given, else whole numbers for an embedding, else that of the parameters; data has its own."""
    make, options, dtypes = DTYPES[place]
    assert [spec.dtype for spec in cost(make(), **options).inputs] == dtypes


@pytest.mark.parametrize(
    ("dtypes", "sentence"),
    [
        ("float33", "there is no dtype 'float33'; float32, float16, bfloat16 and int64 are usual"),
        ("nn", "there is no dtype 'nn'; float32, float16, bfloat16 and int64 are usual"),
        (["float32"] * 3, "3 dtypes for 1 inputs: give one, or one for each"),
        ([], "0 dtypes for 1 inputs: give one, or one for each"),
    ],
    ids=str,
)
def test_dtypes_that_cannot_be(dtypes: Any, sentence: str) -> None:
    """One sentence on what is usual, or on how many are needed."""
    with pytest.raises(InputError) as caught:
        cost(nn.ReLU(), (1, 4), dtypes=dtypes)
    assert str(caught.value) == sentence


# Data, several inputs, names.

X, S = torch.zeros(2, 4), torch.zeros(2, 3)
PRODUCT = 2 * 4 * 3
BOTH = [(2, 4), (2, 3)]

# what is given, the shapes of the inputs
GIVEN: dict[str, tuple[dict[str, Any], list[tuple[int, ...]]]] = {
    "a tensor": ({"input_data": X}, [(2, 4)]),
    "a tuple of one": ({"input_data": (X,)}, [(2, 4)]),
    "a tuple": ({"input_data": (X, S)}, BOTH),
    "a list": ({"input_data": [X, S]}, BOTH),
    "a tuple with a dict": ({"input_data": (X, {"scale": S})}, BOTH),
    "a dict": ({"input_data": {"image": X, "scale": S}}, BOTH),
    "a dict, the other way": ({"input_data": {"scale": S, "image": X}}, None),
    "a meta tensor": ({"input_data": X.to("meta")}, [(2, 4)]),
    "a parameter": ({"input_data": nn.Parameter(X)}, [(2, 4)]),
    "a view": ({"input_data": torch.zeros(4, 2).mT}, [(2, 4)]),
    "shapes": ({"input_size": [(2, 4), (2, 3)]}, BOTH),
    "shapes in a tuple": ({"input_size": ((2, 4), (2, 3))}, BOTH),
    "shapes as text": ({"input_size": ["2x4", "2,3"]}, BOTH),
    "named shapes": ({"input_size": {"image": (2, 4), "scale": [2, 3]}}, BOTH),
    "one named shape": ({"input_size": {"image": "2x4"}}, [(2, 4)]),
}


@pytest.mark.parametrize("execute", [False, True], ids=["meta", "real"])
@pytest.mark.parametrize("name", GIVEN)
def test_inputs_reach_the_forward(name: str, execute: bool) -> None:
    """Each form gives the forward its arguments: 2·4·3 MACs, and 2·3 products more with the second input."""
    options, shapes = GIVEN[name]
    if execute and name == "a meta tensor":
        options = {"input_data": X}
    report = cost(Pair(), **options, execute=execute)
    second = "scale" in str(options) or len(report.inputs) == 2
    assert shapes is None or [spec.shape for spec in report.inputs] == shapes
    assert sorted(spec.shape for spec in report.inputs) == sorted(shapes or BOTH)
    assert (report.total.macs, report.total.flops) == (PRODUCT, 2 * PRODUCT + (6 if second else 0))
    assert report.notes == ()


def test_the_batch_of_several_inputs() -> None:
    """batch_size goes to each of several shapes, named or not: 5·4·3 MACs."""
    for size in ([(2, 4), (2, 3)], {"image": (1, 4), "scale": (1, 3)}):
        report = cost(Pair(), size, batch_size=5)
        assert [spec.shape for spec in report.inputs] == [(5, 4), (5, 3)]
        assert report.total.macs == 5 * 4 * 3


def test_several_samples_get_a_batch_each() -> None:
    """Where all the shapes lack the batch, each gets it, and one note says so."""
    model = Body(lambda net, a, b: net.conv(a) + net.conv(b), conv=nn.Conv2d(3, 4, 3))
    report = cost(model, [(3, 8, 8), (3, 8, 8)])
    assert [spec.shape for spec in report.inputs] == [(1, 3, 8, 8)] * 2
    assert report.notes == ("3×8×8, 3×8×8 read as one sample each: batch 1",)


class Denoiser(nn.Module):
    """Images and their time steps, of which the layer that is defined first takes the steps."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(4, 5)
        self.conv = nn.Conv2d(3, 5, 3)

    def forward(self, images: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        return self.conv(images) + self.embed(steps[:, None].expand(-1, 4))[:, :, None, None]


@pytest.mark.parametrize("batch", [1, 4])
def test_shapes_that_begin_alike_share_the_batch(batch: int) -> None:
    """4×3×8×8 and 4 are four images and a number for each, though the first layer takes vectors."""
    report = cost(Denoiser(), [(batch, 3, 8, 8), (batch,)])
    assert [spec.shape for spec in report.inputs] == [(batch, 3, 8, 8), (batch,)]
    assert (report.notes, report.total.macs) == ((), batch * (5 * 3 * 9 * 6 * 6 + 4 * 5))


def test_shapes_are_taken_as_given_where_no_batch_helps() -> None:
    """Where no reading with a batch runs, the shapes are the user's own."""
    model = Body(lambda net, image, flat: net.linear(flat.unflatten(0, (2, 4))) * image, linear=nn.Linear(4, 3))
    assert [spec.shape for spec in cost(model, [(5, 6, 2, 3), (8,)]).inputs] == [(5, 6, 2, 3), (8,)]


@pytest.mark.parametrize("options", [{"batch_size": 3}, {"dtypes": "float16"}], ids=str)
def test_data_has_its_own_batch_and_dtypes(options: dict[str, Any]) -> None:
    """batch_size and dtypes with input_data would contradict it."""
    with pytest.raises(InputError, match=r"^input_data has its own batch and dtypes"):
        cost(Pair(), input_data=X, **options)


def test_a_size_and_data_at_once() -> None:
    """Only one of the two can be meant."""
    with pytest.raises(CostError, match=r"^give either input_size or input_data, not both$"):
        cost(Pair(), (2, 4), input_data=X)


@pytest.mark.parametrize("size", [{}, {"input": (2, 4)}, [(2, 4), (2, 3), (2, 3)]], ids=str)
def test_inputs_that_the_forward_has_no_place_for(size: Any) -> None:
    """No input, an unknown name or one too many: refused before anything runs."""
    with pytest.raises(InputError):
        cost(Pair(), size)


def test_data_is_not_changed_nor_kept() -> None:
    """A model that writes to its input writes to a tensor of its own, for real too."""
    model = Body(lambda net, x: net.fc(x.add_(1)), fc=nn.Linear(4, 3))
    for execute in (False, True):
        data = torch.zeros(2, 4, requires_grad=False)
        report = cost(model, input_data=data, execute=execute)
        assert torch.equal(data, torch.zeros(2, 4))
        assert report.total.macs == PRODUCT
