"""What other counting tools get wrong, one row a fault, and that it does not happen here.

Each expected number is a product written out; the comment names who counts otherwise (versions: tests/peers).
"""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from nets import Body
from probes import PROBES
from torch import nn

from nbcnncost import UncountedOpWarning, cost

N, C, H, W = 2, 8, 10, 12
POINTS = N * C * H * W

# probe, what is looked at, the right number
RIGHT = [
    # output positions for input positions: torchinfo, thop, torchprofile, flopth; bias on a wrong size: calflops
    ("transposed", "macs", N * H * W * 8 * 6 * 4 * 4),
    ("transposed 1d", "macs", 2 * 9 * 8 * 6 * 4),
    # (C_out/g)//g, nothing at all for depthwise: calflops; g times too much: torchprofile
    ("transposed groups", "macs", N * H * W * 8 * (12 // 4) * 3 * 3),
    ("transposed depthwise", "macs", N * H * W * 8 * 1 * 3 * 3),
    # nothing for a convolution or linear layer called as a function: torchinfo, ptflops, thop
    ("F.conv2d", "macs", N * 8 * 10 * 6 * 8 * 3 * 3),
    ("F.conv_transpose2d", "macs", N * H * W * 8 * 6 * 3 * 3),
    ("F.linear", "macs", 2 * 12 * 7),
    # nothing for padding="same": fvcore, torchprofile; the size of an even kernel: calflops, deepspeed
    ("conv2d same", "macs", N * H * W * 6 * 8 * 3 * 3),
    ("conv2d same, even kernel", "macs", N * H * W * 6 * 8 * 4 * 4),
    # nothing for a subclass, its parameters dropped too: ptflops, thop
    ("subclass of conv", "macs", N * 8 * 10 * 6 * 8 * 3 * 3),
    ("subclass of conv", "params", (8 * 3 * 3 + 1) * 6),
    ("subclass of linear", "macs", 2 * 12 * 7),
    # the middle dimensions of a linear layer's input: torchinfo, flopth
    ("linear 3-D", "macs", 2 * 5 * 12 * 7),
    ("linear 4-D", "macs", N * C * H * 12 * 7),
    # twice, by a hook and by a patch: ptflops
    ("nn.ReLU", "flops", POINTS),
    ("nn.GELU", "flops", 5 * POINTS),
    ("max pool", "flops", N * C * 5 * 6 * 3 * 3),
    # an activation as a method or of torch: ptflops, calflops, deepspeed
    ("x.relu()", "flops", POINTS),
    ("torch.relu", "flops", POINTS),
    ("F.relu6", "flops", 2 * POINTS),
    # k for k²: torch-flops
    ("average pool", "flops", 2 * N * C * 5 * 6 * 2 * 2),
    # the factor or the channels lost: calflops, deepspeed, flopth
    ("nn.Upsample bilinear", "flops", 7 * 4 * POINTS),
    ("nn.Upsample to size", "flops", 7 * N * C * 15 * 17),
    # 0 for group norm: thop; the batch only: torchinfo
    ("group norm", "flops", 4 * POINTS),
    # 0 for operators: all that patch functions
    ("x @ y", "macs", N * C * H * W * 10),
    ("x + y", "flops", 2 * POINTS),
    ("x * y", "flops", POINTS),
    # of the first factor only, where the second one is larger: fvcore, ptflops, calflops
    ("torch.matmul broadcast", "macs", N * C * H * W * 10),
    # 0 for bmm, baddbmm or einsum: calflops; fvcore, thop
    ("torch.bmm", "macs", 2 * 5 * 12 * 5),
    ("torch.baddbmm", "macs", 2 * 5 * 12 * 5),
    ("torch.einsum with dots", "macs", 2 * 5 * 12 * 5),
    # 0 for attention: torchinfo, fvcore, ptflops, thop; FlopCounterMode on the CPU
    ("F.scaled_dot_product_attention", "macs", 2 * N * C * H * H * W),
    # projections only, or nothing: nearly all
    ("attention", "macs", 2 * (4 * 5 * 12 * 12 + 2 * 3 * 5 * 5 * 4)),
    ("attention with weights", "macs", 2 * (4 * 5 * 12 * 12 + 2 * 3 * 5 * 5 * 4)),
    ("attention", "params", 4 * 12 * 12 + 4 * 12),
    # 0 for an LSTM: fvcore, deepspeed; parameters for products: torchinfo; one direction's inputs: ptflops
    ("LSTM", "macs", 2 * 5 * 4 * 7 * (12 + 7)),
    ("LSTM bidirectional", "macs", 2 * 2 * 5 * 4 * 7 * (12 + 7)),
    ("GRU", "macs", 2 * 5 * 3 * 7 * (12 + 7)),
    # parameters for work: torchinfo
    ("embedding", "macs", 0),
    # shared, tied, never called, frozen, a container's own: torchinfo, thop, ptflops, calflops, deepspeed
    ("called twice", "macs", 2 * 2 * 8 * 8),
    ("called twice", "params", 8 * 8 + 8),
    ("two parents", "macs", 2 * 2 * 8 * 8),
    ("two parents", "params", 8 * 8 + 8),
    ("tied", "params", 8 * 8),
    ("own parameter", "params", 8 * 8 + 8),
    ("never called", "params", 8 * 8 + 40 * 20 + 20),
    ("half frozen", "params", 2 * 8 * 8),
    ("half frozen", "trainable", 8 * 8),
    # a crash, or no parameters: torchsummary, thop, calflops
    ("a single layer", "macs", N * 8 * 10 * 6 * 8 * 3 * 3),
    ("a single layer", "params", (8 * 3 * 3 + 1) * 6),
    ("no parameters", "params", 0),
]


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("probe", "column", "number"), RIGHT, ids=[f"{name}/{column}" for name, column, _ in RIGHT])
def test_the_number_is_the_right_one(probe, column, number):
    """Where tools go wrong, ours is the product of the definition."""
    made = PROBES[probe]
    report = cost(made.model(), input_data=made.inputs(), mode="same")
    assert getattr(report.total, column) == number
    assert report.uncounted == ()


def test_all_parts_of_a_model_grow_with_the_batch():
    """Layers and functions alike; ptflops divides only its hooks' numbers by the batch."""
    one, eight = (cost(PROBES[name].model(), input_data=PROBES[name].inputs()).total for name in ("batch 1", "batch 8"))
    assert (8 * one.flops, 8 * one.macs, one.params) == (eight.flops, eight.macs, eight.params)


def test_two_classes_of_one_name_are_not_mixed_up():
    """Torchinfo's cache is keyed by the class's name."""

    def make(width: int) -> nn.Module:
        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.f = nn.Linear(4, width)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return self.f(x)

        return Net()

    assert [cost(make(width), (1, 4)).total.macs for width in (3, 5)] == [4 * 3, 4 * 5]


@torch.library.custom_op("nbcnncost_peer_faults::secret", mutates_args=())
def secret(x: torch.Tensor) -> torch.Tensor:
    """An operation that nobody knows."""
    return x.clone()


@secret.register_fake
def _(x: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


def test_what_is_unknown_is_not_zero():
    """Thop, ptflops and torch add nothing for it, and their total looks complete."""
    with pytest.warns(UncountedOpWarning, match="secret"):
        report = cost(Body(lambda m, x: m.f(secret(x)), f=nn.Linear(4, 4)), (4, 4))
    assert report.total.unknown == 1
    assert "64 + ? MACs · 128 + ? FLOPs" in repr(report)
    assert [entry.function for entry in report.uncounted] == ["secret"]


def test_a_tools_number_is_whole_and_ours_beside_it_is_not():
    """Counted as thop does, its own number lacks nothing, but the plain MACs still do, and what is unknown is named."""
    with pytest.warns(UncountedOpWarning, match="secret"):
        report = cost(Body(lambda m, x: m.f(secret(x)), f=nn.Linear(4, 4)), (4, 4), convention="thop")
    assert report.total.count == 64
    assert "64 MACs by thop · 64 + ? MACs · 128 + ? FLOPs (textbook)" in repr(report)
    assert report.total.unknown == 1
    assert [entry.function for entry in report.uncounted] == ["secret"]
    assert "20 parameters · 64 + ? MACs · 128 FLOPs" in repr(report.counted_as("calflops"))


def test_numbers_are_whole_and_exact():
    """No strings, no floats, no rounding: ptflops and calflops give text, thop doubles, fvcore's einsum a float."""
    report = cost(PROBES["torch.einsum other"].model(), input_data=PROBES["torch.einsum other"].inputs())
    for row in (report.total, *report.rows):
        assert all(type(number) is int for number in (row.params, row.macs, row.flops, row.count))


class Fails(nn.Module):
    """A forward that works up to a point."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise ArithmeticError(str(self.norm(self.conv(x)).shape))


def test_an_error_leaves_nothing_behind():
    """Thop leaves hooks, buffers and eval mode, fvcore and ptflops hooks, calflops a changed ``F.relu``."""
    functions = {name: getattr(F, name) for name in dir(F)}
    methods = {name: getattr(torch.Tensor, name) for name in ("add", "mul", "matmul", "__add__")}
    model = Fails().train()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ArithmeticError):
        cost(model, (3, 8, 8))
    assert model.training
    assert model.norm.training
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(getattr(F, name) is function for name, function in functions.items())
    assert all(getattr(torch.Tensor, name) is method for name, method in methods.items())


def test_running_statistics_stay_in_training():
    """Torchsummary, fvcore and torchprofile overwrite them."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    mean, count = model[1].running_mean.clone(), model[1].num_batches_tracked.clone()
    cost(model, (2, 3, 8, 8), mode="train")
    assert torch.equal(model[1].running_mean, mean)
    assert torch.equal(model[1].num_batches_tracked, count)
