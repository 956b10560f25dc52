"""Lazy layers: counted as the same layers with their sizes given, while the user's model stays lazy."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from nets import Body
from test_untouched import differences, of_session
from torch import nn
from torch.nn.parameter import is_lazy

from nbcnncost import CostError, Report, cost
from nbcnncost.api import attempt
from nbcnncost.errors import InputError, ShapeError

Make = Callable[[], nn.Module]


def head(*layers: nn.Module) -> nn.Module:
    """Layers, flattened into ten features by a lazy layer."""
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(10))


def twice(layer: nn.Module) -> nn.Module:
    """One layer under two names, called twice."""
    return Body(lambda net, x: net.second(net.first(x)), first=layer, second=layer)


def marked(layer: nn.Module) -> nn.Module:
    """A layer with a hook and an attribute of its user's."""
    layer.register_forward_hook(lambda module, inputs, output: None)
    layer.register_forward_pre_hook(lambda module, inputs: None)
    layer.note = ["mine"]  # type: ignore[assignment]
    return layer


# lazy, with its sizes, input
LAZY: dict[str, tuple[Make, Make, tuple[int, ...]]] = {
    "alone": (lambda: nn.LazyConv2d(8, 3), lambda: nn.Conv2d(3, 8, 3), (2, 3, 9, 7)),
    "linear alone": (lambda: nn.LazyLinear(8), lambda: nn.Linear(5, 8), (2, 5)),
    "in a sequence": (
        lambda: head(nn.LazyConv2d(8, 3, bias=False), nn.LazyBatchNorm2d(), nn.ReLU(), nn.MaxPool2d(2)),
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * 3 * 3, 10),
        ),
        (2, 3, 8, 8),
    ),
    "nested, beside usual layers": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.Sequential(nn.LazyConv2d(5, 3)), nn.ReLU())),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.Sequential(nn.Conv2d(4, 5, 3)), nn.ReLU())),
        (2, 3, 8, 8),
    ),
    "shared": (lambda: twice(nn.LazyLinear(4)), lambda: twice(nn.Linear(4, 4)), (3, 4)),
    "hooked": (
        lambda: nn.Sequential(marked(nn.LazyConv1d(4, 3))),
        lambda: nn.Sequential(marked(nn.Conv1d(2, 4, 3))),
        (1, 2, 9),
    ),
    "other kinds": (
        lambda: nn.Sequential(
            nn.LazyConvTranspose3d(4, 2, stride=2), nn.LazyInstanceNorm3d(affine=True), nn.LazyConv3d(2, 3)
        ),
        lambda: nn.Sequential(
            nn.ConvTranspose3d(3, 4, 2, stride=2),
            nn.InstanceNorm3d(4, affine=True, track_running_stats=True),
            nn.Conv3d(4, 2, 3),
        ),
        (1, 3, 4, 4, 4),
    ),
    "half precision": (
        lambda: nn.Sequential(nn.LazyConv2d(4, 3, dtype=torch.float16)),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3, dtype=torch.float16)),
        (1, 3, 8, 8),
    ),
}


def as_it_is(model: nn.Module) -> list[Any]:
    """Classes, attributes by identity, hooks, and which tensors are lazy."""
    return [
        (
            path,
            type(module),
            [(name, id(value), len(value) if isinstance(value, dict) else 0) for name, value in vars(module).items()],
            [(name, id(value), value is not None and is_lazy(value)) for name, value in module._parameters.items()],
            [(name, id(value), value is not None and is_lazy(value)) for name, value in module._buffers.items()],
            [list(hooks.values()) for hooks in (module._forward_pre_hooks, module._forward_hooks)],
        )
        for path, module in model.named_modules()
    ]


def facts(report: Report) -> Any:
    """Everything a trace holds."""
    trace = report.trace
    return trace.model_name, trace.modules, trace.params, trace.calls, trace.ops


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize("mode", ["eval", "train", "same"])
@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_model_counts_as_the_same_with_its_sizes(name: str, mode: str, execute: bool) -> None:
    """The trace is that of the model whose sizes are given; the lazy one, and the session, are as before."""
    lazy, sized, size = LAZY[name]
    model, other = lazy(), sized()
    options: Any = {"mode": mode, "execute": execute, "dtypes": "float16" if name == "half precision" else None}
    before, session = as_it_is(model), of_session()
    keys = list(model.state_dict())
    report = cost(model, size, **options)
    assert as_it_is(model) == before
    assert differences(session, of_session()) == []
    assert list(model.state_dict()) == keys
    assert facts(report) == facts(cost(other, size, **options))
    assert report.total.params == sum(parameter.numel() for parameter in other.parameters())


def test_weights_beside_lazy_ones_are_not_copied() -> None:
    """A large model with one lazy layer costs no memory: the run works with the user's own weights."""
    large = nn.Linear(4, 4, device="meta")
    large.weight = nn.Parameter(torch.zeros(1).expand(100_000, 1_000_000))  # 400 GB, were it copied
    large.bias = None
    report = cost(nn.Sequential(large, nn.LazyLinear(3)), (1, 1_000_000))
    assert report.total.params == 100_000 * 1_000_000 + 100_000 * 3 + 3


def test_a_lazy_model_can_still_be_used() -> None:
    """After it was counted for one size it takes another, for real."""
    model = head(nn.LazyConv2d(4, 3))
    cost(model, (1, 3, 8, 8))
    assert model(torch.zeros(2, 5, 6, 6)).shape == (2, 10)
    assert model[0].weight.shape == (4, 5, 3, 3)


def test_an_input_is_assumed_for_a_lazy_convolution() -> None:
    """It takes any number of channels; colour images are usual."""
    report = cost(nn.Sequential(nn.LazyConv2d(4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(10)))
    assert report.inputs[0].shape == (1, 3, 224, 224)
    assert "assumed 1×3×224×224" in report.notes[0]


@pytest.mark.parametrize("make", [lambda: nn.LazyLinear(3), lambda: head(nn.Flatten(), nn.LazyLinear(9), nn.ReLU())])
def test_no_input_is_assumed_for_a_lazy_linear_layer(make: Make) -> None:
    """Nothing tells its size, so the error says how to give one."""
    with pytest.raises(InputError, match=r"is lazy: it takes what it is given.*input_size=\(1, 784\)"):
        cost(make())


def test_a_lazy_model_that_does_not_fit() -> None:
    """The layer that stops the run is named; the lazy ones before it have their parameters."""
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.Conv2d(7, 3, 3), nn.LazyLinear(3))
    report, error = attempt(model, (1, 3, 8, 8))
    assert isinstance(error, ShapeError)
    assert "`1` (Conv2d) expects 7 input channels but receives 8" in str(error)
    assert report["0"].params == 8 * 3 * 9 + 8
    assert is_lazy(model[0].weight)


def test_a_lazy_model_that_cannot_be_copied() -> None:
    """One sentence says why, and what to do."""

    class Locked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.LazyLinear(3)

        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError("no copies")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    assert copy.copy(Locked()).fc.out_features == 3
    with pytest.raises(
        CostError, match=r"Locked has lazy layers and cannot be copied \(no copies\).*run the model once"
    ):
        cost(Locked(), (1, 4))
