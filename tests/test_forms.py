"""Inputs and outputs of any form: named tuples, dataclasses, mappings, objects, packed sequences, keywords."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import pytest
import torch
from nets import Body
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from nbcnncost import cost
from nbcnncost.errors import InputError
from nbcnncost.records import TensorSpec

IMAGES, SCALE = torch.zeros(2, 3, 8, 8), torch.ones(2, 1, 1, 1)
MACS = 2 * 6 * 6 * 4 * 3 * 9


class Pair(NamedTuple):
    """A named tuple."""

    image: Tensor
    scale: Tensor


@dataclass
class Sample:
    """A dataclass, with a part that is no tensor."""

    image: Tensor
    scale: Tensor
    name: str = "first"


@dataclass(frozen=True)
class Frozen:
    """A dataclass that refuses changes."""

    image: Tensor
    scale: Tensor


@dataclass
class Slots:
    """A dataclass without a dict."""

    __slots__ = ("image", "scale")
    image: Tensor
    scale: Tensor


class Plain:
    """An object with attributes."""

    def __init__(self, image: Tensor, scale: Tensor) -> None:
        self.image, self.scale, self.kept = image, scale, ["as it is"]


@dataclass
class Output(OrderedDict):  # type: ignore[type-arg]
    """A mapping whose entries are attributes too, as in transformers."""

    image: Any = None
    scale: Any = None
    hidden: Any = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) is not None:
                self[field.name] = getattr(self, field.name)


class Batch(nn.Module):
    """Takes one argument with attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, batch: Any) -> Any:
        return self.conv(batch.image * batch.scale)


class Two(Batch):
    """Takes two arguments."""

    def forward(self, image: Tensor, scale: Tensor) -> Any:
        return self.conv(image * scale)


class Entries(Batch):
    """Takes one dict, and says so."""

    def forward(self, batch: dict[str, Tensor]) -> Any:
        return self.conv(batch["image"] * batch["scale"])


class Images(Batch):
    """Takes a list of images, as detectors do, and perhaps targets."""

    def forward(self, images: list[Tensor], targets: Any = None) -> Any:
        return [self.conv(image[None]) for image in images]


class Options(Batch):
    """Takes keywords alone, tensors or not."""

    def forward(self, *, image: Tensor, scale: Tensor | None = None, double: bool = False, sizes: Any = (1,)) -> Any:
        x = self.conv(image)
        return {"out": x * 2 if double else x, "rest": [None, 3, (scale, len(sizes))]}


PARTS = {"image": IMAGES, "scale": SCALE}
BOTH = [(2, 3, 8, 8), (2, 1, 1, 1)]

# model, input_data, the shapes of the inputs
GIVEN: dict[str, tuple[type[nn.Module], Any, list[tuple[int, ...]]]] = {
    "a named tuple": (Batch, Pair(IMAGES, SCALE), BOTH),
    "a named tuple in a tuple": (Batch, (Pair(IMAGES, SCALE),), BOTH),
    "a named tuple for two arguments": (Two, Pair(IMAGES, SCALE), BOTH),
    "a dataclass": (Batch, Sample(IMAGES, SCALE), BOTH),
    "a dataclass in a tuple": (Batch, (Sample(IMAGES, SCALE),), BOTH),
    "a frozen dataclass": (Batch, Frozen(IMAGES, SCALE), BOTH),
    "a dataclass with slots": (Batch, Slots(IMAGES, SCALE), BOTH),
    "an object": (Batch, Plain(IMAGES, SCALE), BOTH),
    "a mapping with attributes": (Batch, Output(**PARTS), BOTH),
    "a mapping for two arguments": (Two, Output(**PARTS), BOTH),
    "a dict for one argument": (Entries, PARTS, BOTH),
    "a list of images": (Images, [IMAGES[0], IMAGES[1]], [(3, 8, 8), (3, 8, 8)]),
    "a list of images in a tuple": (Images, ([IMAGES[0], IMAGES[1]],), [(3, 8, 8), (3, 8, 8)]),
    "keywords": (Options, {"image": IMAGES, "scale": None, "double": False, "sizes": [3, 4]}, [(2, 3, 8, 8)]),
}


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize("name", GIVEN)
def test_inputs_of_any_form(name: str, execute: bool) -> None:
    """The forward gets them as they are; their shapes are read wherever they stand, and they stay untouched."""
    model, data, shapes = GIVEN[name]
    values = (IMAGES.clone(), SCALE.clone())
    report = cost(model(), input_data=data, execute=execute)
    assert [spec.shape for spec in report.inputs] == shapes
    assert report.total.macs == MACS
    assert torch.equal(values[0], IMAGES)
    assert torch.equal(values[1], SCALE)
    whole = data[0] if isinstance(data, tuple) and not isinstance(data, Pair) else data
    if hasattr(whole, "image") and not isinstance(whole, dict):
        assert whole.image is IMAGES


def test_sizes_for_one_dict() -> None:
    """input_size as a dict makes keyword arguments, or one dict where the forward takes one."""
    sizes = {"image": (2, 3, 8, 8), "scale": (2, 1, 1, 1)}
    for model in (Two(), Entries()):
        assert cost(model, sizes).total.macs == MACS


def test_what_fits_no_reading() -> None:
    """The forward's arguments, and why the likeliest reading does not match."""
    with pytest.raises(InputError, match=r"the forward of Two takes .*missing a required argument: 'scale'"):
        cost(Two(), input_data=[IMAGES])
    with pytest.raises(InputError, match=r"holds no tensor: Plain"):
        cost(Batch(), input_data=Plain(None, None))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"a nested tensor holds several shapes in one"):
        cost(nn.Linear(3, 2), input_data=torch.nested.nested_tensor([torch.zeros(2, 3), torch.zeros(4, 3)]))


def inside(make: Callable[[Tensor], Any], take: Callable[[Any], Tensor]) -> nn.Module:
    """A model whose part gives an output of some form."""
    part = Body(lambda net, x: make(net.conv(x)), conv=nn.Conv2d(3, 4, 3))
    return Body(lambda net, x: take(net.part(x)) + 1, part=part)


# what a module gives, how its caller takes it, the shapes in the row
GIVES: dict[str, tuple[Callable[[Tensor], Any], Callable[[Any], Tensor], int]] = {
    "a named tuple": (lambda x: Pair(x, x), lambda out: out.image, 2),
    "a dataclass": (lambda x: Sample(x, x), lambda out: out.image, 2),
    "a dataclass with slots": (lambda x: Slots(x, x), lambda out: out.image, 2),
    "an object": (lambda x: Plain(x, x), lambda out: out.image, 2),
    "a mapping with attributes": (lambda x: Output(image=x, hidden=(x, [x])), lambda out: out.image, 3),
    "nested": (lambda x: [None, {"a": (x, 3)}, [[x]]], lambda out: out[1]["a"][0], 2),
    "a distribution": (lambda x: torch.distributions.Normal(x, 1.0), lambda out: out.rsample(), 2),
    "nothing": (lambda x: None, lambda out: torch.zeros(1), 0),
}


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize("name", GIVES)
def test_outputs_of_any_form(name: str, execute: bool) -> None:
    """A row's outputs are the tensors in what its module gives, each once."""
    make, take, number = GIVES[name]
    report = cost(inside(make, take), (2, 3, 8, 8), execute=execute)
    assert report["part"].outputs == (TensorSpec((2, 4, 6, 6)),) * number
    assert report["part"].macs == MACS


def test_an_output_that_holds_itself() -> None:
    """An object that refers to itself is followed once."""

    def make(x: Tensor) -> Any:
        out = Plain(x, x)
        out.kept = [out]
        return out

    report = cost(inside(make, lambda out: out.image), (2, 3, 8, 8))
    assert report["part"].outputs == (TensorSpec((2, 4, 6, 6)),) * 2


def test_an_input_that_holds_itself() -> None:
    """Its copy holds the copy."""
    data = Plain(IMAGES, SCALE)
    data.kept = [data]
    model = Body(lambda net, batch: net.conv(batch.kept[0].image * batch.scale), conv=nn.Conv2d(3, 4, 3))
    assert cost(model, input_data=data).total.macs == MACS
    assert data.kept == [data]


def test_a_module_called_with_keywords() -> None:
    """Its row shows what it was given, not what its first operation worked on."""

    def forward(net: Any, x: Tensor) -> Tensor:
        x = net.conv(input=x)
        attended, _ = net.attention(query=x.flatten(2).mT, key=x.flatten(2).mT[:, :5], value=x.flatten(2).mT[:, :5])
        return net.options(image=attended[:, :3, :, None], double=True)["out"]

    layers = {"conv": nn.Conv2d(3, 8, 3), "attention": nn.MultiheadAttention(8, 2, batch_first=True)}
    part = Options()
    part.conv = nn.Conv2d(3, 4, 1)
    report = cost(Body(forward, **layers, options=part), (2, 3, 8, 8))
    assert [spec.shape for spec in report["conv"].inputs] == [(2, 3, 8, 8)]
    assert [spec.shape for spec in report["attention"].inputs] == [(2, 36, 8), (2, 5, 8), (2, 5, 8)]
    assert [spec.shape for spec in report["options"].inputs] == [(2, 3, 8, 1)]


# Sequences.


def lengths_inside(net: Any, x: Tensor, lengths: Tensor) -> Tensor:
    """Packs by lengths that are an input."""
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(net.rnn(packed)[0], batch_first=True)[0]


@pytest.mark.parametrize("execute", [False, True])
def test_packed_sequences(execute: bool) -> None:
    """5 + 3 + 2 steps of 4·6·(4 + 6) products each, packed before or inside; the lengths keep their values."""
    packed = pack_padded_sequence(torch.zeros(3, 5, 4), torch.tensor([5, 3, 2]), batch_first=True)
    for data in (packed, (packed,)):
        report = cost(nn.LSTM(4, 6, batch_first=True), input_data=data, execute=execute)
        assert report.total.macs == (5 + 3 + 2) * 4 * 6 * (4 + 6)
        assert [spec.shape for spec in report.inputs] == [(10, 4)]
        assert report.rows[-1].outputs[0].shape == (10, 6)
    assert isinstance(packed, PackedSequence)
    model = Body(lengths_inside, rnn=nn.LSTM(4, 6, batch_first=True))
    report = cost(model, input_data=(torch.zeros(3, 5, 4), torch.tensor([2, 5, 3])), execute=execute)
    assert report.total.macs == (5 + 3 + 2) * 4 * 6 * (4 + 6)


def test_whole_numbers_keep_their_values() -> None:
    """A mask, lengths and positions may decide what a forward does, without a run for real; they are not written to."""

    def forward(net: Any, x: Tensor, mask: Tensor, number: Tensor) -> Tensor:
        kept = x[mask]
        for _ in range(int(number)):
            kept = net.fc(kept)
        mask &= False
        return kept

    mask, number = torch.tensor([True, False, True]), torch.tensor(2)
    report = cost(Body(forward, fc=nn.Linear(4, 4)), input_data=(torch.zeros(3, 4), mask, number))
    assert report.total.macs == 2 * 2 * 4 * 4
    assert mask.tolist() == [True, False, True]
