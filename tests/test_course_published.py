"""Worked answers of courses and papers, each from the questions' own engine."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
import torchvision
from torch import nn

from nbcnncost import cost
from nbcnncost.course import (
    batch_norm,
    conv2d,
    diagnose,
    linear,
    max_pool2d,
    question,
    receptive_field,
    saving,
    sheet,
)


def conv(ins, outs, kernel, side, *, stride=1, padding=0, groups=1, bias=True, dilation=1):
    """A convolution over a square image."""
    return conv2d(
        in_channels=ins,
        out_channels=outs,
        kernel_size=kernel,
        stride=stride,
        padding=padding,
        groups=groups,
        bias=bias,
        dilation=dilation,
        input_size=(ins, side, side),
    )


ALEXNET = conv(3, 96, 11, 227, stride=4)
TEN = conv(3, 10, 5, 32, padding=2)
#: (layer, quantity, published number)
LAYERS = [
    (ALEXNET, "h_out", 55),
    (ALEXNET, "params", 34_944),
    (ALEXNET, "macs", 105_415_200),
    (TEN, "params", 760),
    (TEN, "macs", 768_000),
    (TEN, "flops", 1_536_000),
    (conv(3, 64, 3, 224, padding=1), "macs", 86_704_128),
    (conv(64, 64, 3, 224, padding=1), "macs", 1_849_688_064),
    (linear(in_features=512 * 7 * 7, out_features=4096), "params", 102_764_544),
    (conv(128, 128, 5, 256, padding=2), "flops", 53_687_091_200),
    (conv(192, 32, 5, 28, padding=2), "macs", 120_422_400),
    (conv(64, 128, 3, 32, stride=2, padding=1), "macs", 18_874_368),
    (conv(64, 128, 3, 32, padding=1), "macs", 75_497_472),
]


@pytest.mark.parametrize(("layer", "quantity", "published"), LAYERS)
def test_layers_of_courses(layer, quantity, published):
    """AlexNet's and VGG's layers, and the exercises of lectures."""
    assert question(layer, quantity).answer == published


#: A wrong number that lectures warn of, and the mistake that makes it.
WARNINGS = [
    (ALEXNET, "params", 105_705_600, "image_in_params"),  # each position its own filter
    (conv(3, 96, 11, 224, stride=4), "h_out", Fraction(217, 4), "not_rounded"),  # "54.25" positions
    (ALEXNET, "flops", 105_415_200, "macs_not_flops"),
]


@pytest.mark.parametrize(("layer", "quantity", "wrong", "name"), WARNINGS)
def test_wrong_numbers_of_courses_are_told_by_their_mistake(layer, quantity, wrong, name):
    """Locally connected filters; a size of 54.25 where 54 fit; MACs called FLOPs."""
    assert diagnose(question(layer, quantity), wrong).id == name


def blocks(stride_at):
    """ResNet-50 with its blocks' stride in the 1×1 (0) or in the 3×3 convolution (1)."""
    net = torchvision.models.resnet50()
    for block in net.modules():
        if isinstance(block, torchvision.models.resnet.Bottleneck) and block.stride != 1 and stride_at == 0:
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    return net


def field(stages, stride_at):
    """ResNet-50's windows on the longest way through it."""
    net = [conv(3, 1, 7, 4096, stride=2, padding=3), conv(1, 1, 3, 2048, stride=2, padding=1)]
    for stage, number in enumerate(stages):
        for at in range(number):
            stride = 2 if stage and not at else 1
            steps = [(1, stride if stride_at == 0 else 1), (3, stride if stride_at == 1 else 1), (1, 1)]
            net += [conv(1, 1, kernel, 64, stride=step, padding=kernel // 2) for kernel, step in steps]
    return net


VGG = [
    entry
    for number in (2, 2, 3, 3, 3)
    for entry in [*[conv(1, 1, 3, 64, padding=1)] * number, max_pool2d(2, input_size=(1, 64, 64))]
]


@pytest.mark.parametrize(
    ("stack", "published"),
    [
        (VGG, 212),
        (field((3, 4, 6, 3), 0), 483),
        (field((3, 4, 6, 3), 1), 427),
        ([conv(1, 1, 3, 64, dilation=dilation) for dilation in (1, 2, 4)], 15),
    ],
    ids=["VGG-16 pool5", "ResNet-50 v1", "ResNet-50 v1.5", "dilated 1, 2, 4"],
)
def test_receptive_fields(stack, published):
    """As published, from a stack's windows alone."""
    assert receptive_field(stack).answer == published


def separable(ins, outs, kernel, side):
    """A dense convolution, and the depthwise and pointwise ones in its place."""
    dense = conv(ins, outs, kernel, side, padding=kernel // 2, bias=False)
    depthwise = conv(ins, ins, kernel, side, padding=kernel // 2, groups=ins, bias=False)
    return dense, (depthwise, conv(ins, outs, 1, side, bias=False))


BASIC = [conv(64, 64, 3, 56, padding=1, bias=False)] * 2
NARROW = [
    conv(256, 64, 1, 56, bias=False),
    conv(64, 64, 3, 56, padding=1, bias=False),
    conv(64, 256, 1, 56, bias=False),
]
WIDE_5X5 = conv(192, 32, 5, 28, padding=2)
THROUGH_16 = [conv(192, 16, 1, 28), conv(16, 32, 5, 28, padding=2)]


@pytest.mark.parametrize(
    ("first", "second", "of", "published", "exact"),
    [
        (*separable(512, 512, 3, 14), "macs", "8.84", 1 / (Fraction(1, 512) + Fraction(1, 9))),
        (WIDE_5X5, THROUGH_16, "macs", "9.68", Fraction(120_422_400, 12_443_648)),
        (BASIC, NARROW, "macs", "1.06", Fraction(231_211_008, 218_365_952)),
        (conv(64, 128, 3, 32, padding=1), conv(64, 128, 3, 32, stride=2, padding=1), "macs", "4.00", Fraction(4)),
        (
            [linear(in_features=25088, out_features=4096), linear(in_features=4096, out_features=4096)],
            linear(in_features=512, out_features=1000),
            "params",
            "233",
            Fraction(102_764_544 + 16_781_312, 513_000),
        ),
    ],
    ids=["separable", "1×1 before 5×5", "basic, bottleneck", "pool, stride", "classifier"],
)
def test_savings(first, second, of, published, exact):
    """Exactly, and as it is printed, rounded to three digits."""
    asked = saving(first, second, of=of)
    assert asked.value == exact
    assert diagnose(asked, published).is_right


class Lenet(nn.Sequential):
    """LeNet-5 in the usual dense version."""

    def __init__(self):
        super().__init__(
            *(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.Flatten()),
            *(nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)),
        )


class AlexnetTower(nn.Sequential):
    """AlexNet as one tower, or with the paper's groups."""

    def __init__(self, groups):
        super().__init__(
            *(nn.Conv2d(3, 96, 11, 4), nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5, padding=2, groups=groups)),
            *(nn.MaxPool2d(3, 2), nn.Conv2d(256, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1, groups=groups)),
            *(nn.Conv2d(384, 256, 3, padding=1, groups=groups), nn.MaxPool2d(3, 2), nn.Flatten()),
            *(nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 1000)),
        )


def pooled_vgg():
    """VGG-16 whose classifier is a global average pooling and one layer."""
    vgg = torchvision.models.vgg16()
    return nn.Sequential(vgg.features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def mobilenet():
    """MobileNetV1 at 224×224, as its paper's table has it."""
    plan = [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
    plan += [(512, 512, 1)] * 5 + [(512, 1024, 2), (1024, 1024, 1)]

    def step(ins, outs, **window):
        return [nn.Conv2d(ins, outs, bias=False, **window), nn.BatchNorm2d(outs), nn.ReLU()]

    layers = step(3, 32, kernel_size=3, stride=2, padding=1)
    for ins, outs, stride in plan:
        layers += step(ins, ins, kernel_size=3, stride=stride, padding=1, groups=ins)
        layers += step(ins, outs, kernel_size=1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))


#: (model, input, quantity of the total, published number)
MODELS = [
    (Lenet, (1, 32, 32), "params", 61_706),
    (lambda: AlexnetTower(2), (3, 227, 227), "params", 60_965_224),
    (lambda: AlexnetTower(1), (3, 227, 227), "params", 62_378_344),
    (torchvision.models.alexnet, (3, 224, 224), "params", 61_100_840),
    (torchvision.models.vgg16, (3, 224, 224), "params", 138_357_544),
    (pooled_vgg, (3, 224, 224), "params", 15_227_688),
    (mobilenet, (3, 224, 224), "params", 4_231_976),
    (mobilenet, (3, 224, 224), "macs", 568_740_352),
    (lambda: blocks(1), (3, 224, 224), "params", 25_557_032),
    (lambda: blocks(1), (3, 224, 224), "macs", 4_089_184_256),
    (lambda: blocks(0), (3, 224, 224), "params", 25_557_032),
]


@pytest.mark.parametrize(("model", "size", "quantity", "published"), MODELS)
def test_totals_of_models(model, size, quantity, published):
    """The sum of all layers' own formulas is what papers print, and what the report has."""
    with torch.device("meta"):  # a published network's weights need no values here
        report = cost(model(), size)
    asked = sheet(report)[f"total.{quantity}"]
    assert asked.answer == published == getattr(report.total, quantity)


def test_the_stride_of_a_block_moves_macs_not_parameters():
    """ResNet-50 with the stride in the 1×1 takes 3.858 G, in the 3×3 4.089 G."""
    with torch.device("meta"):
        asked = sheet(blocks(0), (3, 224, 224))["total.macs"]
    assert diagnose(asked, "3.858 G").is_right
    assert not diagnose(asked, "4.089 G").is_right


def test_normalization_doubles_its_channels():
    """ResNet-50's first: 64 scales and 64 shifts; its running statistics are no parameters."""
    norm = question(batch_norm(input_size=(64, 112, 112)), "params")
    assert norm.answer == 64 + 64
    assert diagnose(norm, 4 * 64).id == "bn_4c"


FC = 4096


@pytest.mark.parametrize(
    ("layer", "digits", "published"),
    [
        (conv(256, 256, 3, 56, padding=1, bias=False), 0, 421),
        (conv(256, 64, 1, 56, bias=False), 0, 25),
        (conv(256, 256, 3, 56, padding=1, groups=256, bias=False), 2, 2.25),
        (linear(in_features=FC, out_features=FC, bias=False), 2, 0.5),
        (linear(in_features=FC, out_features=FC, bias=False, batch=64), 0, 31),
    ],
    ids=["3×3", "1×1", "depthwise", "fully connected", "of a batch"],
)
def test_arithmetic_intensity(layer, digits, published):
    """In float32, as published: what is computed for each byte that must be moved."""
    assert round(float(question(layer, "intensity").value), digits) == published
