"""Models in wrappers, with computed weights, in other modes and settings: each counts as what it wraps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from test_untouched import Kept
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nbcnncost import Report, cost
from nbcnncost.views import text

Make = Callable[[], nn.Module]
IMAGE = (1, 3, 8, 8)
#: Whether a norm's own operations are counted is for others to hold; here it is what becomes of the layer.
uncounted = pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning")


def small() -> nn.Module:
    """A convolution and a ReLU."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())


SMALL_MACS = 6 * 6 * 4 * 3 * 9


def ops(report: Report) -> list[tuple[Any, ...]]:
    """The operations with their dimensions, the function that asked for each, and where it stands."""
    calls = report.trace.calls
    return [(op.kind, op.dims, op.function, calls[op.call].path if op.call >= 0 else "") for op in report.trace.ops]


def shown(report: Report) -> list[str]:
    """The first words of the table's lines."""
    lines = [line for line in text.table(report).split("\n") if line and not set(line) <= {"─"}]
    start = next(index for index, line in enumerate(lines) if line.startswith("layer  "))
    end = next(index for index, line in enumerate(lines) if line.startswith("total  "))
    return [" ".join(line.split()) for line in lines[start + 1 : end]]


# Computed weights.


class Symmetric(nn.Module):
    """A symmetric matrix from its upper triangle."""

    def forward(self, matrix: Tensor) -> Tensor:
        return matrix.triu() + matrix.triu(1).mT


class LowRank(nn.Module):
    """A matrix and the product of two narrow ones."""

    def __init__(self, outputs: int, inputs: int, rank: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(rank, inputs))
        self.b = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, matrix: Tensor) -> Tensor:
        return matrix + self.b @ self.a


def computed(layer: nn.Module, name: str, *steps: nn.Module) -> nn.Module:
    """A layer with one of its tensors computed."""
    for step in steps:
        parametrize.register_parametrization(layer, name, step)
    return layer


def frozen(layer: nn.Module) -> nn.Module:
    """A layer that is not trained."""
    return layer.requires_grad_(requires_grad=False)


CONV = 6 * 6 * 8 * 3 * 9
# the layer, input, its row, its own work, MACs of that, trainable parameters, all
COMPUTED: dict[str, tuple[Make, tuple[int, ...], str, str, int, int, int]] = {
    "weight norm": (
        lambda: parametrizations.weight_norm(nn.Conv2d(3, 8, 3)),
        IMAGE, "Conv2d 3×3, weight by WeightNorm", "conv2d()", CONV, 8 * 27 + 8 + 8, 8 * 27 + 8 + 8,
    ),
    "spectral norm": (
        lambda: parametrizations.spectral_norm(nn.Conv2d(3, 8, 3, bias=False)),
        IMAGE, "Conv2d 3×3, no bias, weight by SpectralNorm", "conv2d()", CONV, 8 * 27, 8 * 27,
    ),
    "orthogonal": (
        lambda: parametrizations.orthogonal(nn.Linear(8, 8)),
        (1, 8), "Linear 8→8, weight by Orthogonal", "linear()", 64, 72, 72,
    ),
    "a user's own": (
        lambda: computed(nn.Linear(8, 8), "weight", Symmetric()),
        (1, 8), "Linear 8→8, weight by Symmetric", "linear()", 64, 72, 72,
    ),
    "two, one after the other": (
        lambda: computed(nn.Linear(8, 8), "weight", Symmetric(), nn.Tanh()),
        (1, 8), "Linear 8→8, weight by Symmetric, Tanh", "linear()", 64, 72, 72,
    ),
    "the bias": (
        lambda: computed(nn.Linear(8, 4), "bias", nn.Tanh()),
        (1, 8), "Linear 8→4, bias by Tanh", "linear()", 32, 36, 36,
    ),
    "LoRA": (
        lambda: computed(frozen(nn.Linear(8, 4)), "weight", LowRank(4, 8, 2)),
        (1, 8), "Linear 8→4, weight by LowRank", "linear()", 32, 2 * (4 + 8), 4 * 8 + 4 + 2 * (4 + 8),
    ),
}  # fmt: skip


@uncounted
@pytest.mark.parametrize("mode", ["eval", "train", "same"])
@pytest.mark.parametrize("name", COMPUTED)
def test_a_layer_with_a_computed_weight_is_one_layer(name: str, mode: str) -> None:
    """One row of the layer's type, its own work apart from that on the weight, which a depth shows; nothing touched."""
    make, size, row, work, macs, trainable, params = COMPUTED[name]
    model = nn.Sequential(make(), nn.ReLU())
    with Kept(model):
        report = cost(model, size, mode=mode)
    assert shown(report)[0].startswith(f"0 ▸ {row}")
    assert len(shown(report)) == 2
    assert (report.total.params, report.total.trainable) == (params, trainable)
    assert report[f"0.{work}"].macs == macs
    assert report[f"0.{work}"].type == row.split(" ")[0]
    tensor = "bias" if "bias by" in row else "weight"
    assert [entry.path for entry in report.tree()][1] == f"0.parametrizations.{tensor}"
    for depth in (1, 2, None):
        leaves = [entry for entry in report.tree(depth) if entry.is_leaf]
        assert sum(entry.params for entry in leaves) == params
        assert sum(entry.macs or 0 for entry in leaves) == report.total.macs
    assert ops(report) == ops(cost(model, size, mode=mode, execute=True))


@uncounted
def test_what_a_computed_weight_costs_is_shown_when_asked() -> None:
    """With a depth the work on the weight has a row; sorted, and explained, the layer stays one."""
    report = cost(nn.Sequential(computed(nn.Linear(8, 4), "weight", LowRank(4, 8, 2))), (1, 8))
    assert report["0.parametrizations.weight"].macs == 4 * 2 * 8
    assert report["0.parametrizations.weight"].params == 4 * 8 + 2 * (4 + 8)
    assert report["0"].macs == 4 * 2 * 8 + 8 * 4
    assert "parametrizations.weight" in repr(report.with_look(depth=2))
    assert "parametrizations" not in repr(report)
    assert "1 container marked ▸" in repr(report)
    assert "parametrizations" not in repr(report.with_look(sort="macs"))
    assert [line.result for line in report.explain("0").lines if line.label == "FLOPs"] == [2 * 4 * 2 * 8, 32, 2 * 32]


@uncounted
def test_a_cached_weight_is_computed_once() -> None:
    """Two calls of a layer under ``parametrize.cached`` compute its weight in the first."""

    def forward(net: Any, x: Tensor) -> Tensor:
        with parametrize.cached():
            return net.fc(net.fc(x))

    model = Body(forward, fc=computed(nn.Linear(8, 8), "weight", LowRank(8, 8, 2)))
    assert cost(model, (1, 8)).total.macs == 8 * 2 * 8 + 2 * 64


def test_settings_do_not_compute_a_weight() -> None:
    """What a layer is called is not worth a computation of its user's, which may change something."""
    calls: list[str] = []

    class Counting(nn.Module):
        def forward(self, bias: Tensor) -> Tensor:
            calls.append("called")
            return bias * 1

    model = nn.Sequential(computed(nn.Linear(8, 4), "bias", Counting()))
    calls.clear()
    cost(model, (1, 8))
    assert len(calls) == 1


def pruned(layer: nn.Module) -> nn.Module:
    """A layer half of whose weights and biases are zero."""
    prune.random_unstructured(layer, "weight", 0.5)
    prune.random_unstructured(layer, "bias", 0.5)
    return layer


# a layer whose weight a hook computes, its parameters
HOOKED: dict[str, tuple[Make, int]] = {
    "weight norm": (lambda: nn.utils.weight_norm(nn.Conv2d(3, 8, 3)), 8 * 27 + 8 + 8),
    "spectral norm": (lambda: nn.utils.spectral_norm(nn.Conv2d(3, 8, 3)), 8 * 27 + 8),
    "pruning": (lambda: pruned(nn.Conv2d(3, 8, 3)), 8 * 27 + 8),
}


@uncounted
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", HOOKED)
def test_weights_computed_by_hooks(name: str) -> None:
    """The old ways count in the layer itself: its parameters once, its convolution as usual."""
    make, params = HOOKED[name]
    model = nn.Sequential(make(), nn.ReLU())
    report = cost(model, IMAGE)
    assert [row.type for row in report.rows] == ["Conv2d", "ReLU"]
    assert report.total.params == params == sum(parameter.numel() for parameter in model.parameters())
    convolution = next(op for op in report.trace.ops if op.kind == "convolution")
    assert dict(convolution.dims)["C_out"] == 8
    assert (report["0"].macs or 0) >= CONV


class Adapter(nn.Module):
    """LoRA by hand: a frozen layer, and two narrow ones beside it."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = frozen(base)
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + 2.0 * self.up(self.down(x))


def test_low_rank_adapters() -> None:
    """Frozen and trainable parameters apart, each once; the extra operations are rows."""
    report = cost(nn.Sequential(Adapter(nn.Linear(8, 4), 2)), (1, 8))
    assert (report.total.params, report.total.trainable) == (8 * 4 + 4 + 2 * (8 + 4), 2 * (8 + 4))
    assert [row.path for row in report.rows] == ["0.base", "0.down", "0.up", "0.mul()", "0.add()"]
    assert report.total.macs == 8 * 4 + 8 * 2 + 2 * 4


# Wrappers.


class FullyShardedDataParallel(nn.Module):
    """Named as the framework's, which needs a process group."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._fsdp_wrapped_module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._fsdp_wrapped_module(*args, **kwargs)


def never(graph: Any, inputs: Any) -> Any:
    """A compiler that must not be asked."""
    raise AssertionError("compiled")


def compiled(module: nn.Module) -> nn.Module:
    """A module compiled by what must not be asked."""
    made: Any = torch.compile(module, backend=never)
    return made


def checkpointed(module: nn.Module) -> nn.Module:
    """A module whose activations are computed again."""
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    return checkpoint_wrapper(module)


def averaged(module: nn.Module) -> nn.Module:
    """A model of averaged weights."""
    return torch.optim.swa_utils.AveragedModel(module)


WRAPPERS = {
    "DataParallel": (nn.DataParallel, "module"),
    "FullyShardedDataParallel": (FullyShardedDataParallel, "_fsdp_wrapped_module"),
    "compile": (compiled, "_orig_mod"),
    "checkpoint": (checkpointed, "_checkpoint_wrapped_module"),
}


@pytest.mark.parametrize("name", [*WRAPPERS, "averaged"])
def test_a_wrapped_model_is_its_inside(name: str) -> None:
    """The module inside is counted, by its own paths, and a note says so."""
    wrap = averaged if name == "averaged" else WRAPPERS[name][0]
    model = wrap(small())
    with Kept(model):
        report = cost(model, IMAGE)
    assert report.model_name == "Sequential"
    assert [row.path for row in report.rows] == ["0", "1"]
    assert report.total.macs == SMALL_MACS
    assert len(report.notes) == 1


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_inside_a_model_has_no_row(name: str) -> None:
    """What it wraps stands in its place, by its true path; nothing is compiled."""
    wrap, attribute = WRAPPERS[name]
    model = nn.Sequential(wrap(nn.Conv2d(3, 4, 3)), wrap(nn.Sequential(nn.ReLU(), nn.Flatten())))
    with Kept(model):
        report = cost(model, IMAGE)
    inside = f"1.{attribute}"
    assert [row.path for row in report.tree()] == [f"0.{attribute}", inside, f"{inside}.0", f"{inside}.1"]
    assert report[f"0.{attribute}"].params == 4 * 27 + 4
    assert report.total.macs == SMALL_MACS


def test_compiled_parts_run_as_they_were_written() -> None:
    """Modules compiled in place and compiled functions are not compiled for a count, and are as before after it."""
    from torch._dynamo.eval_frame import _stance

    relu = torch.compile(lambda x: F.relu(x) + 1, backend=never)
    model = Body(lambda net, x: relu(net.conv(x)), conv=nn.Conv2d(3, 4, 3))
    model.conv.compile(backend=never)
    stance = _stance.stance
    report = cost(model, IMAGE)
    assert [row.path for row in report.rows] == ["conv", "relu()", "add()"]
    assert report.total.flops == 2 * SMALL_MACS + 2 * 4 * 36
    assert _stance.stance == stance == "default"
    with pytest.raises(Exception, match="compiled"):
        model(torch.zeros(IMAGE))


def test_an_exported_program() -> None:
    """Its module's operations have the names people know."""
    exported = torch.export.export(small().eval(), (torch.zeros(IMAGE),)).module()
    report = cost(exported, IMAGE)
    assert report["conv2d()"].macs == SMALL_MACS
    assert report["relu()"].flops == 4 * 36
    assert report["conv2d()"].params == 4 * 27 + 4


def test_a_layer_without_initial_values() -> None:
    """skip_init leaves a usual layer."""
    assert cost(nn.utils.skip_init(nn.Linear, 4, 5), (1, 4)).total.macs == 20


# Modes and settings.


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """Everything is made in this dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def deterministic() -> Iterator[None]:
    """Only operations that always give the same."""
    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=False)


@contextmanager
def default_device(device: str) -> Iterator[None]:
    """Everything is made on this device."""
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


CONTEXTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "inference mode": torch.inference_mode,
    "no grad": torch.no_grad,
    "grad": torch.enable_grad,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "double precision": lambda: default_dtype(torch.float64),
    "meta device": lambda: default_device("meta"),
    "meta context": lambda: torch.device("meta"),
    "deterministic": deterministic,
    "anomalies": lambda: torch.autograd.set_detect_anomaly(mode=True),
}


class Varied(nn.Module):
    """A convolution, norm, recurrent layer, attention, a buffer and constants made in the forward."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.rnn = nn.LSTM(8, 8, batch_first=True)
        self.attention = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.fc = nn.Linear(8, 2)
        self.register_buffer("places", torch.zeros(1, 36, 8))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.conv(x))).flatten(2).mT + self.places
        x = self.attention(self.rnn(x)[0]) + torch.arange(36)[None, :, None] * torch.ones(1)
        return self.fc(x.mean(1))


def totals(report: Report) -> tuple[Any, ...]:
    """The numbers of a report."""
    return report.total.params, report.total.macs, report.total.flops, report.uncounted


@pytest.mark.parametrize("execute", [False, True])
@pytest.mark.parametrize("name", CONTEXTS)
def test_a_model_made_and_counted_under_any_setting(name: str, execute: bool) -> None:
    """The session's modes and defaults change no number, and are as before."""
    usual = totals(cost(Varied(), IMAGE))
    with CONTEXTS[name]():
        model = Varied()
        before = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device()
        assert totals(cost(model, IMAGE, execute=execute)) == usual
        assert (torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_default_device()) == before


@pytest.mark.parametrize("name", [name for name in CONTEXTS if name != "double precision"])
def test_a_model_counted_under_any_setting(name: str) -> None:
    """A model made before, and counted under the setting."""
    model = Varied()
    usual = totals(cost(model, IMAGE))
    with CONTEXTS[name]():
        assert totals(cost(model, IMAGE)) == usual


def test_a_model_on_the_meta_device() -> None:
    """A model without values counts as one with them."""
    assert totals(cost(Varied().to("meta"), IMAGE)) == totals(cost(Varied(), IMAGE))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64"])
def test_the_input_has_the_models_dtype(dtype: str) -> None:
    """Without dtypes the input is what the weights are, complex numbers too: a product of those is four real ones."""
    report = cost(nn.Linear(4, 3).to(getattr(torch, dtype)), (2, 4))
    assert report.inputs[0].dtype == dtype
    assert report.total.macs == 2 * 4 * 3 * (4 if dtype == "complex64" else 1)


def test_a_model_of_two_dtypes() -> None:
    """A forward that casts between its layers."""
    model = Body(lambda net, x: net.b(net.a(x).half()), a=nn.Linear(4, 3), b=nn.Linear(3, 2).half())
    report = cost(model, (1, 4))
    assert report.total.macs == 12 + 6
    assert report["b"].outputs[0].dtype == "float16"


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_autocast_inside_a_forward(device: str) -> None:
    """Also for a device that is not there: the same MACs."""

    def forward(net: Any, x: Tensor) -> Tensor:
        with torch.autocast(device, torch.bfloat16):
            return net.fc(net.conv(x).flatten(1))

    model = Body(forward, conv=nn.Conv2d(3, 4, 3), fc=nn.Linear(144, 2))
    assert cost(model, IMAGE).total.macs == SMALL_MACS + 288


def test_a_count_in_another_thread_and_inside_a_forward() -> None:
    """Each gives what it would by itself."""
    usual = totals(cost(Varied(), IMAGE))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(totals(cost(Varied(), IMAGE))))
    thread.start()
    thread.join()

    def forward(net: Any, x: Tensor) -> Tensor:
        found.append(totals(cost(net.inner, IMAGE)))
        return net.inner(x)

    found.append(totals(cost(Body(forward, inner=Varied()), IMAGE)))
    assert found == [usual] * 3


# The batch.

SEQUENCES = (7, 2, 4)
# model, input, the batch
BATCHES: dict[str, tuple[Make, Any, int | None]] = {
    "images": (small, (2, 3, 8, 8), 2),
    "LSTM, steps first": (lambda: nn.LSTM(4, 6), SEQUENCES, 2),
    "LSTM, batch first": (lambda: nn.LSTM(4, 6, batch_first=True), SEQUENCES, 7),
    "attention, steps first": (lambda: nn.MultiheadAttention(4, 2), [SEQUENCES] * 3, 2),
    "attention, batch first": (lambda: nn.MultiheadAttention(4, 2, batch_first=True), [SEQUENCES] * 3, 7),
    "encoder, steps first": (lambda: nn.TransformerEncoderLayer(4, 2, 8), SEQUENCES, 2),
    "GRU after an embedding, steps first": (
        lambda: nn.Sequential(nn.Embedding(9, 4), nn.GRU(4, 6)),
        (7, 2),
        2,
    ),
    "MLP": (lambda: nn.Linear(4, 3), (5, 4), 5),
    "frames, folded into the batch": (
        lambda: Body(lambda net, x: net.conv(x.flatten(0, 1)), conv=nn.Conv2d(3, 4, 3)),
        (2, 5, 3, 8, 8),
        2,
    ),
    "one image after the other": (
        lambda: Body(lambda net, x, y: net.conv(x[None]) + net.conv(y[None]), conv=nn.Conv2d(3, 4, 3)),
        [(3, 8, 8), (3, 8, 8)],
        None,
    ),
}


@pytest.mark.parametrize("name", BATCHES)
def test_the_batch_is_what_the_layers_say(name: str) -> None:
    """The header names the batch where the first layer that knows its dimension agrees with the input."""
    make, size, batch = BATCHES[name]
    images = name == "one image after the other"
    data = {"input_data": tuple(map(torch.zeros, size))} if images else {"input_size": size}
    report = cost(make(), **data)
    assert report.trace.batch == batch
    assert (f"batch {batch} ·" in text.table(report)) == (batch is not None)


# The same facts without values and with them.


def packed(net: Any, x: Tensor) -> Tensor:
    """Sequences of two lengths, packed."""
    output, _ = net.rnn(pack_padded_sequence(x, torch.tensor([6, 3]), batch_first=True))
    return pad_packed_sequence(output, batch_first=True)[0]


SAME: dict[str, tuple[Make, tuple[int, ...]]] = {
    "varied": (Varied, IMAGE),
    "ResNet": (torchvision.models.resnet18, (1, 3, 32, 32)),
    "MobileNet": (torchvision.models.mobilenet_v3_small, (1, 3, 32, 32)),
    "transformer": (lambda: torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32), (1, 3, 32, 32)),
    "packed sequences": (lambda: Body(packed, rnn=nn.GRU(4, 6, batch_first=True)), (2, 6, 4)),
    "a wrapper": (lambda: nn.Sequential(nn.DataParallel(small()), nn.Flatten()), IMAGE),
    "an adapter": (lambda: Adapter(nn.Linear(8, 4), 2), (1, 8)),
    "a vectorized map": (lambda: Body(lambda net, x: torch.vmap(net.fc)(x), fc=nn.Linear(4, 3)), (2, 4)),
    "a gradient": (
        lambda: Body(
            lambda net, x: torch.func.grad(lambda y: net.fc(y).tanh().sum())(x), fc=nn.Linear(4, 3)
        ),
        (2, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", SAME)
def test_without_values_and_for_real_the_same_is_recorded(name: str, mode: str) -> None:
    """Each operation that computes: its kind, dimensions, function and place, in the same order."""
    make, size = SAME[name]
    size = (2, *size[1:]) if mode == "train" else size
    torch.manual_seed(0)
    model = make()
    still = {"movement", "random", "integer"}  # which of these run may depend on the device
    reports = [cost(model, size, mode=mode, execute=execute) for execute in (False, True)]
    without, real = ([op for op in ops(report) if op[0] not in still] for report in reports)
    assert without == real
    assert [row.outputs for row in reports[0].rows] == [row.outputs for row in reports[1].rows]
