"""Small models, one for each thing that counting tools do differently; and torchvision's, with the sizes they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from torch import nn
from torchvision_models import quickly


@dataclass(frozen=True)
class Probe:
    """How to build a model, the shapes of its inputs, and the mode that it is counted in."""

    build: Callable[[], nn.Module]
    sizes: tuple[tuple[int, ...], ...]
    train: bool = False

    def model(self) -> nn.Module:
        """The model, in its mode; its values are the same every time."""
        torch.manual_seed(0)
        return self.build().train(self.train)

    def inputs(self) -> tuple[torch.Tensor, ...]:
        """Its inputs."""
        return tuple(torch.zeros(size) for size in self.sizes)


def layer(make: Callable[[], nn.Module], *size: int) -> Probe:
    """One layer in a container, as all tools can take it."""
    return Probe(lambda: nn.Sequential(make()), (size,))


def call(run: Callable[..., Any], *size: int, **layers: Callable[[], nn.Module]) -> Probe:
    """A forward written as a function of the model and its input."""
    return Probe(lambda: Body(run, **{name: make() for name, make in layers.items()}), (size,))


IMAGE = (2, 8, 10, 12)
CONVOLUTIONS = {
    "conv1d": layer(lambda: nn.Conv1d(8, 6, 3, 2, 1), 2, 8, 15),
    "conv2d": layer(lambda: nn.Conv2d(8, 6, (3, 5), 2, 1), *IMAGE),
    "conv2d no bias": layer(lambda: nn.Conv2d(8, 6, 3, bias=False), *IMAGE),
    "conv2d groups": layer(lambda: nn.Conv2d(8, 12, 3, groups=4), *IMAGE),
    "conv2d depthwise": layer(lambda: nn.Conv2d(8, 8, 3, padding=1, groups=8), *IMAGE),
    "conv2d dilated": layer(lambda: nn.Conv2d(8, 6, 3, dilation=2), *IMAGE),
    "conv2d same": layer(lambda: nn.Conv2d(8, 6, 3, padding="same"), *IMAGE),
    "conv2d same, even kernel": layer(lambda: nn.Conv2d(8, 6, 4, padding="same"), *IMAGE),
    "conv2d valid": layer(lambda: nn.Conv2d(8, 6, 3, padding="valid"), *IMAGE),
    "conv2d reflected": layer(lambda: nn.Conv2d(8, 6, 3, padding=1, padding_mode="reflect"), *IMAGE),
    "conv3d": layer(lambda: nn.Conv3d(4, 6, 3, 2, 1), 2, 4, 6, 8, 8),
    "transposed 1d": layer(lambda: nn.ConvTranspose1d(8, 6, 4, 2, 1), 2, 8, 9),
    "transposed": layer(lambda: nn.ConvTranspose2d(8, 6, 4, 2, 1), *IMAGE),
    "transposed square": layer(lambda: nn.ConvTranspose2d(8, 8, 2, 2), *IMAGE),
    "transposed groups": layer(lambda: nn.ConvTranspose2d(8, 12, 3, 2, 1, 1, groups=4, bias=False), *IMAGE),
    "transposed groups square": layer(lambda: nn.ConvTranspose2d(8, 8, 3, 2, groups=4), *IMAGE),
    "transposed depthwise": layer(lambda: nn.ConvTranspose2d(8, 8, 3, 2, groups=8), *IMAGE),
    "conv2d without batch": layer(lambda: nn.Conv2d(8, 6, 3), *IMAGE[1:]),
    "deformable conv": call(
        lambda m, x: m.d(x, torch.zeros(2, 18, 10, 12, device=x.device)),
        *IMAGE,
        d=lambda: torchvision.ops.DeformConv2d(8, 6, 3, padding=1),
    ),
    "transposed 3d": layer(lambda: nn.ConvTranspose3d(4, 6, 2, 2), 2, 4, 3, 4, 5),
    "F.conv2d": call(lambda m, x: F.conv2d(x, m.c.weight, m.c.bias), *IMAGE, c=lambda: nn.Conv2d(8, 6, 3)),
    "F.conv_transpose2d": call(
        lambda m, x: F.conv_transpose2d(x, m.c.weight, m.c.bias, 2), *IMAGE, c=lambda: nn.ConvTranspose2d(8, 6, 3)
    ),
}


class MyConv(nn.Conv2d):
    """A subclass, as users write them."""


class Filter(nn.Conv2d):
    """A subclass whose name does not say what it is."""


class Weights(nn.Module):
    """A layer that calls a function with its own weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.scale = nn.Parameter(torch.ones(6, 8, 3, 3)), nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.weight) * self.scale


class MyLinear(nn.Linear):
    """A subclass, as users write them."""


LINEAR = {
    "linear": layer(lambda: nn.Linear(12, 7), 2, 12),
    "linear no bias": layer(lambda: nn.Linear(12, 7, bias=False), 2, 12),
    "linear 3-D": layer(lambda: nn.Linear(12, 7), 2, 5, 12),
    "linear 4-D": layer(lambda: nn.Linear(12, 7), *IMAGE),
    "F.linear": call(lambda m, x: F.linear(x, m.f.weight, m.f.bias), 2, 12, f=lambda: nn.Linear(12, 7)),
    "subclass of conv": layer(lambda: MyConv(8, 6, 3), *IMAGE),
    "subclass of another name": layer(lambda: Filter(8, 6, 3), *IMAGE),
    "weights of its own": layer(Weights, *IMAGE),
    "subclass of linear": layer(lambda: MyLinear(12, 7), 2, 12),
    "bilinear": Probe(lambda: nn.Bilinear(5, 6, 7), ((2, 5), (2, 6))),
    "embedding": call(lambda m, x: m.e(torch.zeros_like(x).long()), 2, 9, e=lambda: nn.Embedding(11, 4)),
}

NORMS = {
    "batch norm": layer(lambda: nn.BatchNorm2d(8), *IMAGE),
    "batch norm not affine": layer(lambda: nn.BatchNorm2d(8, affine=False), *IMAGE),
    "batch norm 1d": layer(lambda: nn.BatchNorm1d(8), 4, 8),
    "batch norm 3d": layer(lambda: nn.BatchNorm3d(4), 2, 4, 3, 5, 5),
    "batch norm in training": Probe(lambda: nn.Sequential(nn.BatchNorm2d(8)), (IMAGE,), train=True),
    "layer norm": layer(lambda: nn.LayerNorm(12), *IMAGE),
    "layer norm not affine": layer(lambda: nn.LayerNorm(12, elementwise_affine=False), *IMAGE),
    "group norm": layer(lambda: nn.GroupNorm(2, 8), *IMAGE),
    "group norm not affine": layer(lambda: nn.GroupNorm(2, 8, affine=False), *IMAGE),
    "instance norm": layer(lambda: nn.InstanceNorm2d(8), *IMAGE),
    "instance norm affine": layer(lambda: nn.InstanceNorm2d(8, affine=True), *IMAGE),
    "F.batch_norm": call(
        lambda m, x: F.batch_norm(x, m.b.running_mean, m.b.running_var, m.b.weight, m.b.bias),
        *IMAGE,
        b=lambda: nn.BatchNorm2d(8),
    ),
    "F.layer_norm": call(lambda m, x: F.layer_norm(x, (12,)), *IMAGE),
    "local response norm": layer(lambda: nn.LocalResponseNorm(3), *IMAGE),
}

_ACTIVATIONS = (
    *("ReLU", "ReLU6", "GELU", "ELU", "LeakyReLU", "PReLU", "SiLU", "Sigmoid", "Tanh", "Mish", "Softplus"),
    *("Hardtanh", "LogSigmoid", "Hardswish", "Hardsigmoid", "SELU", "CELU"),
)
_FUNCTIONS = (
    *("relu", "relu6", "gelu", "silu", "elu", "leaky_relu", "sigmoid", "tanh", "hardswish", "hardtanh"),
    *("selu", "mish"),
)
ACTIVATIONS = {
    **{f"nn.{name}": layer(getattr(nn, name), *IMAGE) for name in _ACTIVATIONS},
    "nn.PReLU channels": layer(lambda: nn.PReLU(8), *IMAGE),
    **{f"F.{name}": call(lambda m, x, name=name: getattr(F, name)(x), *IMAGE) for name in _FUNCTIONS},
    "torch.relu": call(lambda m, x: torch.relu(x), *IMAGE),
    "x.relu()": call(lambda m, x: x.relu(), *IMAGE),
    "x.sigmoid()": call(lambda m, x: x.sigmoid(), *IMAGE),
    "nn.Softmax": layer(lambda: nn.Softmax(1), *IMAGE),
    "nn.Softmax last": layer(lambda: nn.Softmax(-1), *IMAGE),
    "F.softmax": call(lambda m, x: F.softmax(x, 1), *IMAGE),
    "x.softmax()": call(lambda m, x: x.softmax(1), *IMAGE),
    "nn.LogSoftmax": layer(lambda: nn.LogSoftmax(1), *IMAGE),
}

POOLING = {
    "max pool 1d": layer(lambda: nn.MaxPool1d(2), 2, 8, 14),
    "max pool": layer(lambda: nn.MaxPool2d(3, 2, 1), *IMAGE),
    "max pool pair": layer(lambda: nn.MaxPool2d((3, 2)), *IMAGE),
    "max pool 3d": layer(lambda: nn.MaxPool3d(2), 2, 4, 4, 6, 6),
    "average pool 1d": layer(lambda: nn.AvgPool1d(2), 2, 8, 14),
    "average pool": layer(lambda: nn.AvgPool2d(2), *IMAGE),
    "average pool padded": layer(lambda: nn.AvgPool2d(3, 2, 1, ceil_mode=True), *IMAGE),
    "average pool 3d": layer(lambda: nn.AvgPool3d(2), 2, 4, 4, 6, 6),
    "adaptive average pool to 1": layer(lambda: nn.AdaptiveAvgPool2d(1), *IMAGE),
    "adaptive average pool": layer(lambda: nn.AdaptiveAvgPool2d((5, 6)), *IMAGE),
    "adaptive average pool uneven": layer(lambda: nn.AdaptiveAvgPool2d(7), *IMAGE),
    "adaptive average pool cut off": layer(lambda: nn.AdaptiveAvgPool2d((4, 7)), 2, 8, 5, 6),
    "adaptive average pool 1d": layer(lambda: nn.AdaptiveAvgPool1d(4), 2, 8, 14),
    "adaptive average pool 3d": layer(lambda: nn.AdaptiveAvgPool3d(1), 2, 4, 4, 6, 6),
    "power average pool": layer(lambda: nn.LPPool2d(2, 2), *IMAGE),
    "adaptive max pool": layer(lambda: nn.AdaptiveMaxPool2d(2), *IMAGE),
    "F.max_pool2d": call(lambda m, x: F.max_pool2d(x, 2), *IMAGE),
    "F.avg_pool2d": call(lambda m, x: F.avg_pool2d(x, 2), *IMAGE),
    "F.adaptive_avg_pool2d": call(lambda m, x: F.adaptive_avg_pool2d(x, 1), *IMAGE),
    "x.mean": call(lambda m, x: x.mean((2, 3)), *IMAGE),
    "x.mean of channels": call(lambda m, x: x.mean(1), *IMAGE),
}

ELEMENTS = {
    "x + y": call(lambda m, x: x + (x + 1), *IMAGE),
    "x - y, x / y": call(lambda m, x: (x - 1) / (x + 2), *IMAGE),
    "x += y": call(lambda m, x: m.i(x).add_(x), *IMAGE, i=nn.ReLU),
    "torch.add": call(lambda m, x: torch.add(x, x), *IMAGE),
    "x.add": call(lambda m, x: x.add(x), *IMAGE),
    "torch.add broadcast": call(lambda m, x: torch.add(x, x[:, :, :1, :1]), *IMAGE),
    "torch.add of fewer dimensions": call(lambda m, x: torch.add(x, x[0, 0]), *IMAGE),
    "sum of a list": call(lambda m, x: sum([x, x]), *IMAGE),
    "x * y": call(lambda m, x: x * x, *IMAGE),
    "2 * x": call(lambda m, x: 2 * x, *IMAGE),
    "x *= y": call(lambda m, x: m.i(x).mul_(x), *IMAGE, i=nn.ReLU),
    "torch.mul": call(lambda m, x: torch.mul(x, x), *IMAGE),
    "x.mul": call(lambda m, x: x.mul(x), *IMAGE),
    "shape product": call(lambda m, x: x.view(x.shape[0] * x.shape[1], -1), *IMAGE),
    "cat, flatten, view, permute": call(lambda m, x: torch.cat([x, x], 1).flatten(1).view(4, -1).permute(1, 0), *IMAGE),
    "dropout": layer(lambda: nn.Dropout(0.3), *IMAGE),
    "pixel shuffle": layer(lambda: nn.PixelShuffle(2), *IMAGE),
    "zero pad": layer(lambda: nn.ZeroPad2d(1), *IMAGE),
    "identity": layer(nn.Identity, *IMAGE),
    "sum": call(lambda m, x: x.sum(1), *IMAGE),
}

UPSAMPLING = {
    **{
        f"nn.Upsample {mode}": layer(lambda mode=mode: nn.Upsample(scale_factor=2, mode=mode), *IMAGE)
        for mode in ("nearest", "bilinear", "bicubic")
    },
    "nn.Upsample linear": layer(lambda: nn.Upsample(scale_factor=2, mode="linear"), 2, 8, 14),
    "nn.Upsample trilinear": layer(lambda: nn.Upsample(scale_factor=2, mode="trilinear"), 2, 4, 3, 4, 5),
    "nn.Upsample to size": layer(lambda: nn.Upsample((15, 17), mode="bilinear"), *IMAGE),
    "nn.UpsamplingBilinear2d": layer(lambda: nn.UpsamplingBilinear2d(scale_factor=2), *IMAGE),
    "F.interpolate nearest": call(lambda m, x: F.interpolate(x, scale_factor=2.0), *IMAGE),
    "F.interpolate to size": call(lambda m, x: F.interpolate(x, size=(15, 17), mode="bilinear"), *IMAGE),
    "F.interpolate to number": call(lambda m, x: F.interpolate(x, 20, mode="bilinear"), *IMAGE),
    "F.grid_sample": call(
        lambda m, x: F.grid_sample(x, torch.zeros(2, 5, 6, 2, device=x.device), align_corners=False), *IMAGE
    ),
}

PRODUCTS = {
    "torch.matmul": call(lambda m, x: torch.matmul(x, x.transpose(2, 3)), *IMAGE),
    "torch.matmul 2-D": call(lambda m, x: torch.matmul(x, x.t()), 5, 12),
    "torch.matmul broadcast": call(lambda m, x: torch.matmul(x[0, 0], x.transpose(2, 3)), *IMAGE),
    "torch.matmul with a vector": call(lambda m, x: torch.matmul(x, x[0, 0, 0]), *IMAGE),
    "x.matmul": call(lambda m, x: x.matmul(x.transpose(2, 3)), *IMAGE),
    "x @ y": call(lambda m, x: x @ x.transpose(2, 3), *IMAGE),
    "torch.mm": call(lambda m, x: torch.mm(x, x.t()), 5, 12),
    "torch.bmm": call(lambda m, x: torch.bmm(x, x.transpose(1, 2)), 2, 5, 12),
    "torch.addmm": call(lambda m, x: torch.addmm(x[:, :5], x, x.t()), 5, 12),
    "torch.baddbmm": call(lambda m, x: torch.baddbmm(x[:, :, :5], x, x.transpose(1, 2)), 2, 5, 12),
    "torch.einsum abc,abd->acd": call(lambda m, x: torch.einsum("bij,bik->bjk", x, x), 2, 5, 12),
    "torch.einsum abc,adc->adb": call(lambda m, x: torch.einsum("bij,bkj->bki", x, x), 2, 5, 12),
    "torch.einsum other": call(lambda m, x: torch.einsum("bij,bjk->bik", x, x.transpose(1, 2)), 2, 5, 12),
    "torch.einsum with dots": call(lambda m, x: torch.einsum("...ij,...kj->...ik", x, x), 2, 5, 12),
    "F.scaled_dot_product_attention": call(lambda m, x: F.scaled_dot_product_attention(x, x, x), *IMAGE),
}


def attention(need_weights: bool, bias: bool = True) -> Probe:
    """Self-attention of 5 places with 12 features in 3 heads."""
    return call(
        lambda m, x: m.a(x, x, x, need_weights=need_weights)[0],
        2,
        5,
        12,
        a=lambda: nn.MultiheadAttention(12, 3, batch_first=True, bias=bias),
    )


ATTENTION = {
    "attention": attention(need_weights=False),
    "attention with weights": attention(need_weights=True),
    "attention without bias": attention(need_weights=False, bias=False),
    "encoder layer": call(
        lambda m, x: m.t(x), 2, 5, 12, t=lambda: nn.TransformerEncoderLayer(12, 3, 20, batch_first=True)
    ),
}


def recurrent(make: Callable[..., nn.Module], **options: Any) -> Probe:
    """5 steps of 12 features."""
    return call(lambda m, x: m.r(x)[0], 2, 5, 12, r=lambda: make(12, 7, batch_first=True, **options))


RECURRENT = {
    "LSTM": recurrent(nn.LSTM),
    "LSTM two layers": recurrent(nn.LSTM, num_layers=2),
    "LSTM bidirectional": recurrent(nn.LSTM, bidirectional=True),
    "LSTM no bias": recurrent(nn.LSTM, bias=False),
    "LSTM projection": recurrent(nn.LSTM, proj_size=3),
    "GRU": recurrent(nn.GRU),
    "GRU two layers": recurrent(nn.GRU, num_layers=2),
    "RNN": recurrent(nn.RNN),
    "LSTMCell": call(lambda m, x: m.r(x)[0], 2, 12, r=lambda: nn.LSTMCell(12, 7)),
    "GRUCell": call(lambda m, x: m.r(x), 2, 12, r=lambda: nn.GRUCell(12, 7)),
    "RNNCell": call(lambda m, x: m.r(x), 2, 12, r=lambda: nn.RNNCell(12, 7)),
}


class TwoParents(nn.Module):
    """One layer that two blocks share."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.Linear(8, 8)
        self.a, self.b = nn.Sequential(layer), nn.Sequential(layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)
        self.b.weight = self.a.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(self.a(x))


class OwnParameter(nn.Module):
    """A container with a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.f, self.scale = nn.Linear(8, 8, bias=False), nn.Parameter(torch.ones(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(x) * self.scale


def half_frozen() -> nn.Module:
    """A layer that is trained and one that is not."""
    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    net[0].requires_grad_(False)
    return net


def lenet() -> nn.Module:
    """LeNet-5 with pooling and activations as functions."""

    def run(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(m.c1(x)), 2)
        x = F.max_pool2d(F.relu(m.c2(x)), 2).flatten(1)
        return m.f3(F.relu(m.f2(F.relu(m.f1(x)))))

    return Body(
        run,
        c1=nn.Conv2d(1, 6, 5),
        c2=nn.Conv2d(6, 16, 5),
        f1=nn.Linear(400, 120),
        f2=nn.Linear(120, 84),
        f3=nn.Linear(84, 10),
    )


def shared_block() -> nn.Module:
    """Two containers that share a third."""
    block = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    return nn.Sequential(nn.Sequential(block, nn.Linear(8, 8)), nn.Sequential(nn.Linear(8, 8), block))


def in_lists() -> nn.Module:
    """Layers in two lists, called by turns."""

    def run(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        for first, second in zip(m.first, m.second, strict=True):
            x = second(first(x))
        return x

    layers = [nn.ModuleList(nn.Linear(8, 8) for _ in range(2)) for _ in range(2)]
    return Body(run, first=layers[0], second=layers[1])


def constant_input() -> nn.Module:
    """A layer that works twice on 3 rows of the model's own, whatever the batch."""

    def run(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return x + m.f(m.rows).sum() + m.f(m.rows).sum()

    return Body(run, f=nn.Linear(8, 7), rows=nn.Parameter(torch.zeros(3, 8)))


STRUCTURE = {
    "called twice": call(lambda m, x: m.f(m.f(x)), 2, 8, f=lambda: nn.Linear(8, 8)),
    "two parents": Probe(TwoParents, ((2, 8),)),
    "shared block": Probe(shared_block, ((2, 8),)),
    "layers in lists": Probe(in_lists, ((2, 8),)),
    "layers made in forward": call(lambda m, x: nn.AvgPool2d(2)(nn.Conv2d(8, 4, 3)(x)), *IMAGE),
    "constant input": Probe(constant_input, ((4, 8),)),
    "tied": Probe(Tied, ((2, 8),)),
    "own parameter": Probe(OwnParameter, ((2, 8),)),
    "never called": call(
        lambda m, x: m.f(x), 2, 8, f=lambda: nn.Linear(8, 8, bias=False), spare=lambda: nn.Linear(40, 20)
    ),
    "half frozen": Probe(half_frozen, ((2, 8),)),
    "a single layer": Probe(lambda: nn.Conv2d(8, 6, 3), (IMAGE,)),
    "no parameters": Probe(lambda: nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)), (IMAGE,)),
    "batch 1": Probe(lenet, ((1, 1, 32, 32),)),
    "batch 8": Probe(lenet, ((8, 1, 32, 32),)),
}

#: Every probe by its name.
PROBES: Mapping[str, Probe] = MappingProxyType(
    CONVOLUTIONS
    | LINEAR
    | NORMS
    | ACTIVATIONS
    | POOLING
    | ELEMENTS
    | UPSAMPLING
    | PRODUCTS
    | ATTENTION
    | RECURRENT
    | STRUCTURE
)


#: What spares these two a slow way of filling in their weights.
_OPTIONS = {name: {"init_weights": False} for name in ("googlenet", "inception_v3")}


def _built(name: str, **options: Any) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        with quickly():
            return torchvision.models.get_model(name, **_OPTIONS.get(name, {}), **options)

    return build


def _torchvision(module: Any, *size: int, **options: Any) -> dict[str, Probe]:
    names = torchvision.models.list_models(module=module)
    return {name: Probe(_built(name, **options), (size,)) for name in names}


#: Where the usual 224 is not what a model takes.
_SIDES = {"inception_v3": 299, "vit_h_14": 224}
CLASSIFICATION: Mapping[str, Probe] = MappingProxyType(
    {
        name: Probe(_built(name), ((1, 3, _SIDES.get(name, 224), _SIDES.get(name, 224)),))
        for name in torchvision.models.list_models(module=torchvision.models)
    }
)
SEGMENTATION: Mapping[str, Probe] = MappingProxyType(
    _torchvision(torchvision.models.segmentation, 1, 3, 224, 224, weights_backbone=None)
)
VIDEO: Mapping[str, Probe] = MappingProxyType(
    _torchvision(torchvision.models.video, 1, 3, 16, 112, 112)
    | {name: Probe(_built(name), ((1, 3, 16, 224, 224),)) for name in ("mvit_v1_b", "mvit_v2_s", "s3d")}
)
#: One model of each family.
FAMILIES = (
    "mobilenet_v3_large",
    "densenet121",
    "convnext_tiny",
    "vit_b_16",
    "swin_t",
    "r2plus1d_18",
    "deeplabv3_resnet50",
)
