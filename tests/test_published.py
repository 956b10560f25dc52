"""The numbers agree with those that are published: by torchvision, in papers, in courses."""

from __future__ import annotations

import pytest
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision_models import build, crop_size, published

from nbcnncost import cost

IMAGE = (1, 3, 224, 224)

# (model, parameters, MACs): AlexNet, VGG and ResNet by their usual one-tower, v1.5 definitions.
FIGURES = [
    ("alexnet", 61_100_840, 714_188_480),
    ("vgg16", 138_357_544, 15_470_264_320),
    ("resnet18", 11_689_512, 1_814_073_344),
    ("resnet50", 25_557_032, 4_089_184_256),
    ("mobilenet_v2", 3_504_872, 300_774_272),
]


class LeNet5(nn.Module):
    """The usual dense version: every map of the second convolution sees all of the first."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc3(F.relu(self.fc2(x)))


# By hand: output positions · kernel · input channels · output channels, and inputs · outputs.
LENET = [
    ("conv1", 6 * (25 * 1 + 1), 28 * 28 * 25 * 1 * 6),
    ("conv2", 16 * (25 * 6 + 1), 10 * 10 * 25 * 6 * 16),
    ("fc1", 400 * 120 + 120, 400 * 120),
    ("fc2", 120 * 84 + 84, 120 * 84),
    ("fc3", 84 * 10 + 10, 84 * 10),
]


def test_lenet_layer_by_layer():
    """LeNet-5's layers are those counted by hand: 61,706 parameters and 416,520 MACs in all."""
    report = cost(LeNet5(), (1, 1, 32, 32))
    assert [(path, report[path].params, report[path].macs) for path, *_ in LENET] == LENET
    assert (report.total.params, report.total.macs) == (61_706, 416_520)
    assert report.counted_as("macs").total.count == 117_600 + 240_000 + 48_000 + 10_080 + 840
    # 2 per MAC, 1 per ReLU element, 1 per element of each pooling window
    others = 6 * 28 * 28 + 6 * 14 * 14 * 4 + 16 * 10 * 10 + 16 * 5 * 5 * 4 + 120 + 84
    assert report.total.flops == 2 * 416_520 + others


@pytest.mark.parametrize(("name", "params", "macs"), FIGURES, ids=[name for name, *_ in FIGURES])
def test_classic_networks(name, params, macs):
    """The classics have the parameters and multiply-accumulates that everybody knows."""
    report = cost(torchvision.models.get_model(name), IMAGE)
    assert (report.total.params, report.total.macs, report.counted_as("macs").total.count) == (params, macs, macs)


# Weights whose published figures this package does not reproduce, each with its reason. There are none.
EXCEPTIONS: dict[str, str] = {}


@pytest.mark.slow
@pytest.mark.parametrize("weights", published(), ids=str)
def test_every_torchvision_classifier(weights):
    """Parameters and GMACs are those of torchvision's table, nothing is unknown, rows add up at every depth."""
    assert str(weights) not in EXCEPTIONS
    report = cost(build(weights), (1, 3, crop_size(weights), crop_size(weights)))
    assert report.total.params == weights.meta["num_params"]
    assert round(report.counted_as("macs").total.count / 1e9, 3) == weights.meta["_ops"]
    assert report.uncounted == ()
    for depth in (1, 2, 3, None):
        leaves = [row for row in report.tree(depth) if row.is_leaf]
        assert sum(row.flops for row in leaves) == report.total.flops
        assert sum(row.params for row in leaves) == report.total.params
