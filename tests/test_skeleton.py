"""A copy without weights: what it keeps of a model, and that the model is neither changed nor kept alive."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
import torchvision
from test_untouched import MIDDLES, Kept, made
from torch import Tensor, nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm
from torchvision_models import quickly

from nbcnncost import CostError
from nbcnncost.api import attempt
from nbcnncost.tracing.skeleton import has_computed_tensors, skeleton_of


class Holder:
    """A plain object of a user's."""

    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


class Tied(nn.Module):
    """An autoencoder whose decoder uses the encoder's weight."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(30, 30), nn.Linear(30, 30)
        self.decoder.weight = self.encoder.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class Hidden(nn.Module):
    """Keeps tensors in an attribute, a dict and an object of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.rand(30, requires_grad=True) * 2
        self.maps = {"all": [torch.rand(30), torch.rand(30)]}
        self.held = Holder(offset=torch.rand(30), weight=nn.Parameter(torch.rand(30, 30)))
        self.generator = torch.Generator()

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.scale + self.maps["all"][1] + self.held.offset) @ self.held.weight


class Masked(nn.Module):
    """Runs differently by a counter and picks by a mask, whose values it needs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(30, 30)
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("mask", torch.arange(30) % 3 == 0)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(int(self.count)):
            x = self.fc(x)
        return x[:, self.mask]


def rewired() -> nn.Module:
    """A model with a forward that captured the model's own."""
    net = nn.Sequential(nn.Linear(30, 30))
    plain = net.forward
    net.forward = lambda x: plain(x).relu()
    return net


def hooked() -> nn.Module:
    """A model whose hook calls another of its layers, captured by a default."""
    net = nn.Sequential(nn.Linear(30, 30), nn.Linear(30, 20))
    net[1].register_forward_pre_hook(lambda module, args, other=net[0]: (other(args[0]),))
    return net


MODELS = {
    "tied weights": (Tied, (1, 30)),
    "tensors in attributes": (Hidden, (2, 30)),
    "values that matter": (Masked, (2, 30)),
    "a forward of its own": (rewired, (1, 30)),
    "a hook": (hooked, (1, 30)),
    "weight_norm": (lambda: nn.Sequential(weight_norm(nn.Conv2d(3, 40, 3))), (1, 3, 8, 8)),
    "spectral_norm": (lambda: nn.Sequential(spectral_norm(nn.Conv2d(3, 40, 3))), (1, 3, 8, 8)),
    "parametrized weight_norm": (lambda: parametrizations.weight_norm(nn.Conv2d(3, 40, 3)), (1, 3, 8, 8)),
    "parametrized spectral_norm": (lambda: parametrizations.spectral_norm(nn.Linear(30, 40)), (1, 30)),
    "lazy layers": (lambda: nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(5)), (1, 3, 8, 8)),
    "recurrent": (lambda: nn.LSTM(30, 40, 2, batch_first=True), (1, 7, 30)),
    "quantized": (
        lambda: torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(30, 40), nn.ReLU())),
        (1, 30),
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.mark.parametrize("name", MODELS)
def test_a_skeleton_runs_as_its_model_does(name):
    """Every operation, call and parameter of the copy is that of the model, which stays as it is."""
    build, size = MODELS[name]
    net = build()
    comparable = name not in ("lazy layers", "quantized")  # the others' state holds what is no tensor with values
    with Kept(net) if comparable else nullcontext():
        skeleton = skeleton_of(net)
    one, other = attempt(net, size), attempt(skeleton, size)
    assert one.error is None
    assert replace(other.report.trace, notes=()) == replace(one.report.trace, notes=())


@pytest.mark.parametrize("name", [name for name in MODELS if name != "quantized"])
def test_a_skeleton_has_no_values(name):
    """No tensor of more than one element has memory, but for whole numbers and masks."""
    skeleton = skeleton_of(MODELS[name][0]())
    tensors = [*skeleton.parameters(), *skeleton.buffers()]
    tensors += [value for module in skeleton.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    floating = [tensor for tensor in tensors if tensor.is_floating_point()]
    assert [tensor for tensor in floating if tensor.device.type != "meta" and tensor.numel() > 1] == []


def test_tensors_anywhere_in_an_object_have_no_values():
    """A list in a dict and an object of the user's hold tensors without values, too; a parameter stays one."""
    skeleton = skeleton_of(Hidden())
    held = [skeleton.scale, *skeleton.maps["all"], skeleton.held.offset, skeleton.held.weight]
    assert {tensor.device.type for tensor in held} == {"meta"}
    assert isinstance(skeleton.held.weight, nn.Parameter)


def test_tied_weights_stay_tied():
    """One parameter for both layers."""
    skeleton = skeleton_of(Tied())
    assert skeleton.encoder.weight is skeleton.decoder.weight


@pytest.mark.parametrize("middle", MIDDLES)
def test_copying_changes_nothing(middle):
    """A trained model with hooks, gradients and frozen parts stays as it is."""
    net = made(middle)
    with Kept(net):
        skeleton = skeleton_of(net)
    assert [parameter.grad for parameter in skeleton.parameters()] == [None] * 6
    assert [parameter.requires_grad for parameter in skeleton.parameters()] == [
        parameter.requires_grad for parameter in net.parameters()
    ]


@pytest.mark.parametrize("build", [made, rewired, hooked, Tied, Hidden])
def test_a_skeleton_does_not_keep_its_model_alive(build):
    """When the user lets the model go, it goes."""
    net = build()
    skeleton, reference = skeleton_of(net), weakref.ref(net)
    del net
    gc.collect()
    assert reference() is None
    assert isinstance(skeleton, nn.Module)


def test_what_cannot_be_copied_is_said():
    """A lock cannot be copied: one sentence, and the model is as it was."""
    net = nn.Sequential(nn.Linear(3, 3))
    net.lock = threading.Lock()
    with Kept(net), pytest.raises(CostError, match="Sequential cannot be copied to be changed"):
        skeleton_of(net)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: nn.Linear(3, 3), False),
        (lambda: weight_norm(nn.Linear(3, 3)), True),
        (lambda: parametrizations.weight_norm(nn.Linear(3, 3)), False),
    ],
)
def test_weights_that_are_computed_are_told(build, expected):
    """An old weight_norm keeps the product as an attribute, which the framework does not copy."""
    assert has_computed_tensors(build()) is expected


@pytest.mark.parametrize("name", ["swin_t", "shufflenet_v2_x0_5", "mobilenet_v3_small"])
def test_models_of_torchvision_run_as_skeletons(name):
    """Index tables, in-place activations and channel shuffles give the same trace."""
    with quickly():
        net = torchvision.models.get_model(name)
    one, other = attempt(net, (1, 3, 224, 224)), attempt(skeleton_of(net), (1, 3, 224, 224))
    assert other.report.trace == one.report.trace
