"""What-ifs: other inputs and other layers give what a model built like that costs, and leave the model alone."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections import OrderedDict
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_untouched import MIDDLES, Kept, made, of_model
from torch import Tensor, nn
from torch.nn.utils import parametrizations, weight_norm
from torchvision_models import quickly

from nbcnncost import cost
from nbcnncost.api import attempt
from nbcnncost.panel import LayerChange, WhatIf
from nbcnncost.panel.code import code
from nbcnncost.panel.controls import changes, controls
from nbcnncost.panel.what_if import Laboratory
from nbcnncost.tracing import attempt as attempts

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


def build(name: str, **options: Any) -> nn.Module:
    """A model of torchvision, its weights as they come."""
    with quickly():
        return torchvision.models.get_model(name, **options)


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    """One ResNet-18 for all tests: none of them changes it."""
    return build("resnet18")


def small() -> nn.Module:
    """A small net with a depthwise convolution, whose input is 3×16×16."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


def laboratory(net: nn.Module, size: Any = (1, 3, 16, 16), **options: Any) -> Laboratory:
    """A laboratory for a model's report."""
    return Laboratory(attempt(net, size, **options).report)


def totals(report: Any) -> tuple[Any, ...]:
    """The numbers of a report's total."""
    row = report.total
    return row.params, row.trainable, row.macs, row.flops, row.count, row.unknown


RESNET_PARAMS, RESNET_MACS = 11_689_512, 1_814_073_344
CONV1, BLOCK1 = 112 * 112 * 64 * 3 * 7 * 7, 56 * 56 * 64 * 64 * 3 * 3
TABLE = [
    (
        {"layers": {"conv1": {"kernel_size": 5, "padding": 2}}},
        64 * 3 * 5 * 5 - 64 * 3 * 7 * 7,
        112 * 112 * 64 * 3 * 5 * 5 - CONV1,
    ),
    (
        {"layers": {"conv1": {"kernel_size": [1, 7], "padding": [0, 3]}}},
        64 * 3 * 1 * 7 - 64 * 3 * 7 * 7,
        112 * 112 * 64 * 3 * 1 * 7 - CONV1,
    ),
    ({"layers": {"layer1.0.conv1": {"groups": 4}}}, 64 * 16 * 9 - 64 * 64 * 9, BLOCK1 // 4 - BLOCK1),
    ({"layers": {"fc": {"out_channels": 10}}}, 512 * 10 + 10 - (512 * 1000 + 1000), 512 * 10 - 512 * 1000),
    ({"batch": 8}, 0, 7 * RESNET_MACS),
    ({"height": 448, "width": 448}, 0, 3 * (RESNET_MACS - 512 * 1000)),
    ({"dtype": "float16"}, 0, 0),
    ({"layers": {"layer1.1.conv1": {"padding": "same"}}}, 0, 0),
]


@pytest.mark.parametrize(("what", "params", "macs"), TABLE)
def test_changes_cost_what_their_products_say(resnet, what, params, macs):
    """ResNet-18's parameters and MACs change by the products of the layers that change."""
    report = laboratory(resnet, (1, 3, 224, 224)).ask(WhatIf.read(what)).report
    assert report.total.params == RESNET_PARAMS + params
    assert report.total.macs == RESNET_MACS + macs


def test_conv1_with_96_channels_breaks_at_bn1(resnet):
    """The layer at which it breaks is named, with what it has and what it gets; the rows end there."""
    answer = laboratory(resnet, (1, 3, 224, 224)).ask(WhatIf.read({"layers": {"conv1": {"out_channels": 96}}}))
    assert answer.path == "bn1"
    assert answer.message == (
        "`bn1` (BatchNorm2d) expects 64 channels but receives 96 (of 1×96×112×112); give it num_features=96"
    )
    assert answer.report["conv1"].macs == 112 * 112 * 96 * 3 * 7 * 7


@pytest.mark.parametrize(
    ("build_net", "size", "what", "followed"),
    [
        (
            lambda: build("resnet50"),
            (1, 3, 224, 224),
            {"conv1": {"out_channels": 96}},
            {"bn1": {"in_channels": 96}, "layer1.0.conv1": {"in_channels": 96}}
            | {"layer1.0.downsample.0": {"in_channels": 96}},
        ),
        (
            lambda: build("mobilenet_v2"),
            (1, 3, 224, 224),
            {"features.0.0": {"out_channels": 48}},
            {f"features.{place}": {"in_channels": 48} for place in ("0.1", "1.conv.0.1", "1.conv.1")}
            | {"features.1.conv.0.0": {"groups": 48, "out_channels": 48, "in_channels": 48}},
        ),
        (small, (1, 3, 16, 16), {"3": {"kernel_size": 4, "stride": 4}}, {"5": {"in_channels": 8 * 4 * 4}}),
    ],
)
def test_the_layers_after_it_follow(build_net, size, what, followed):
    """Norms, convolutions, depthwise ones and linear layers take what they receive, and nothing else changes."""
    answer = laboratory(build_net(), size).follow(WhatIf.read({"layers": what}))
    assert answer.message == ""
    assert answer.report.failure is None
    assert answer.what_if == WhatIf.read({"layers": {**what, **followed}})


def test_what_followed_goes_back_with_its_cause():
    """Following a second time forgets what the first had adapted."""
    laboratory_of_small = laboratory(small())
    wide = laboratory_of_small.follow(WhatIf.read({"layers": {"0": {"out_channels": 16}}})).what_if
    assert set(wide.layers) == {"0", "1", "2", "5"}
    back = WhatIf(layers={**wide.layers, "0": LayerChange(out_channels=8)})
    answer = laboratory_of_small.follow(back)
    assert answer.what_if == WhatIf()
    assert totals(answer.report) == totals(laboratory_of_small.report)


def test_a_sum_of_two_widths_cannot_follow(resnet):
    """A block's last convolution is added to what goes around it: said, and where."""
    answer = laboratory(resnet, (1, 3, 224, 224)).follow(
        WhatIf.read({"layers": {"layer1.0.conv2": {"out_channels": 32}}})
    )
    assert answer.path == "layer1.0"
    assert "adds 1×32×56×56 and 1×64×56×56" in answer.message
    assert answer.message.endswith("nothing here can follow: change the other side, too")
    assert set(answer.what_if.layers) == {"layer1.0.conv2", "layer1.0.bn2"}


def test_a_gate_is_made_as_wide_as_what_it_multiplies():
    """Squeeze and excitation: its two convolutions follow, and go back with their cause."""
    lab = laboratory(build("mobilenet_v3_small"), (1, 3, 224, 224))
    answer = lab.follow(WhatIf.read({"layers": {"features.4.block.0.0": {"out_channels": 100}}}))
    assert answer.message == ""
    assert answer.what_if.layers["features.4.block.2.fc1"] == LayerChange(in_channels=100)
    assert answer.what_if.layers["features.4.block.2.fc2"].out_channels == 100
    back = WhatIf(layers={**answer.what_if.layers, "features.4.block.0.0": LayerChange(out_channels=96)})
    assert lab.follow(back).what_if == WhatIf()
    own = WhatIf.read({"layers": {"features.4.block.2.fc2": {"out_channels": 50}}})
    answer = lab.follow(own)
    assert (answer.what_if, answer.path) == (own, "features.4.block.2")


def test_a_flattened_map_may_be_large():
    """The linear layer after it follows to more features than a person would type."""
    answer = laboratory(small()).follow(WhatIf(height=2048, width=2048))
    assert answer.what_if.layers == {"5": LayerChange(in_channels=8 * 1024 * 1024)}


def test_a_norm_of_the_users_own_follows_in_its_own_dimension():
    """ConvNeXt's LayerNorm2d has its channels second; only an addition of two widths stops the run."""
    answer = laboratory(build("convnext_tiny"), (1, 3, 224, 224)).follow(
        WhatIf.read({"layers": {"features.0.0": {"out_channels": 60}}})
    )
    assert answer.what_if.layers["features.0.1"] == LayerChange(in_channels=60)
    assert "adds" in answer.message


def net_of(kernel: int, stride: int, padding: int, groups: int, channels: int, pool: int, outputs: int) -> nn.Module:
    """A net built with these settings, whose input is 4×12×12 and whose last layer takes what comes."""
    size = (12 + 2 * padding - kernel) // stride + 1
    return nn.Sequential(
        nn.Conv2d(4, channels, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.ConvTranspose2d(channels, 6, 2, stride=2),
        nn.AvgPool2d(pool, stride=1),
        nn.Flatten(),
        nn.Linear(6 * (2 * size - pool + 1) ** 2, outputs),
    )


SETTINGS = st.tuples(
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([4, 8, 12]),
    st.integers(1, 3),
    st.integers(1, 9),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SETTINGS, SETTINGS, st.integers(1, 5), st.booleans())
def test_a_what_if_costs_what_a_model_built_like_that_costs(before, after, batch, training):
    """From any net to any other one by a what-if with its following: the other net's report, row by row."""
    options = {"training": training, "mode": "train" if training else "eval"}
    net = net_of(*before)
    report = cost(net, (2, 4, 12, 12), **options)
    kernel, stride, padding, groups, channels, pool, outputs = after
    what = {
        "batch": batch,
        "layers": {
            "0": {
                "kernel_size": kernel,
                "stride": stride,
                "padding": padding,
                "groups": groups,
                "out_channels": channels,
            },
            "4": {"kernel_size": pool},
            "6": {"out_channels": outputs},
        },
    }
    if training and batch == 1:
        what["batch"] = 2
    answer = Laboratory(report).follow(WhatIf.read(what))
    assert answer.message == ""
    expected = cost(net_of(*after), (what["batch"], 4, 12, 12), **options)
    assert answer.report.rows == expected.rows
    assert answer.report.total == expected.total


WRONG = [
    ("0", {"kernel_size": 0}, "`0` (Conv2d) cannot have kernel_size=0; give a whole number from 1 to 1,000,000"),
    ("0", {"stride": -1}, "`0` (Conv2d) cannot have stride=-1; give a whole number from 1 to 1,000,000"),
    ("0", {"kernel_size": "3"}, "`0` (Conv2d) cannot have kernel_size='3'; give a whole number from 1 to 1,000,000"),
    ("0", {"kernel_size": 2.5}, "`0` (Conv2d) cannot have kernel_size=2.5; give a whole number from 1 to 1,000,000"),
    ("0", {"kernel_size": True}, "`0` (Conv2d) cannot have kernel_size=True; give a whole number from 1 to 1,000,000"),
    ("0", {"kernel_size": (3, 3, 3)}, "`0` (Conv2d) takes 2 numbers as kernel_size (height and width), not 3"),
    ("0", {"groups": 2}, "`0` (Conv2d) cannot put 3 input channels into 2 equal groups; it can have: 1"),
    ("0", {"groups": 3}, "`0` (Conv2d) cannot put 8 output channels into 3 equal groups; it can have: 1"),
    (
        "2",
        {"out_channels": 12},
        "`2` (Conv2d) cannot put 12 output channels into 8 equal groups; it can have: 1, 2, 4",
    ),
    ("0", {"out_channels": 0}, "`0` (Conv2d) cannot have out_channels=0; give a whole number from 1 to 1,000,000"),
    (
        "0",
        {"padding": "same", "stride": 2},
        "`0` (Conv2d) cannot have padding='same' with a stride above 1; give the padding as a number",
    ),
    ("0", {"padding": "SAME"}, "`0` (Conv2d) cannot have padding='SAME'; give a number from 0"),
    (
        "0",
        {"kernel_size": 10**6, "out_channels": 10**6},
        "`0` cannot be so large: its weights have more elements than can be counted",
    ),
    ("3", {"padding": "same"}, "`3` (MaxPool2d) cannot have padding='same'; give a number from 0"),
    ("3", {"padding": 2}, "`3` (MaxPool2d) can be padded by at most half its window, 1, not 2"),
    ("3", {"groups": 2}, "`3` (MaxPool2d) has no groups to change; it has: kernel_size, stride, padding"),
    ("1", {"stride": 2}, "`1` (BatchNorm2d) has no stride to change; it has: in_channels"),
    ("4", {"stride": 2}, "Sequential has no layer '4' whose settings can be changed"),
    ("nowhere", {"stride": 2}, "Sequential has no layer 'nowhere' whose settings can be changed"),
]


@pytest.mark.parametrize(("path", "change", "message"), WRONG)
def test_wrong_settings_are_said_in_one_sentence(path, change, message):
    """Nothing is run, the layer is named, and the next what-if is as good as any."""
    lab = laboratory(small())
    for answer in (lab.ask, lab.follow):
        said = answer(WhatIf(layers={path: LayerChange(**change)}))
        assert (said.report, said.message) == (None, message)
        assert said.path in (path, "")
    assert lab.ask(WhatIf()).report == lab.report


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (WhatIf(height=0), "the height is a whole number from 1 to 1,000,000, not 0"),
        (WhatIf(batch="two"), "the batch is a whole number from 1 to 1,000,000, not 'two'"),
        (WhatIf(width=1.5), "the width is a whole number from 1 to 1,000,000, not 1.5"),
        (
            WhatIf(dtype="int8"),
            "the dtype cannot be 'int8': it is one of float32, float16, bfloat16, float64",
        ),
        (
            WhatIf(batch=10**6, height=10**6, width=10**6),
            "an input of 1000000×3×1000000×1000000 is too large to be made",
        ),
        (WhatIf(mode="fast"), "the mode is one of eval, train, same, not 'fast'"),
        (WhatIf(convention="mcas"), "there is no convention 'mcas'; did you mean macs? there are: "),
    ],
)
def test_wrong_inputs_are_said_in_one_sentence(what, message):
    """Sizes, dtypes, modes and conventions that do not exist."""
    answer = laboratory(small()).ask(what)
    assert answer.report is None
    assert answer.message.startswith(message)


def test_a_kernel_larger_than_its_input_is_said_at_the_layer():
    """The run stops there, and the rows before it stay."""
    answer = laboratory(small()).ask(WhatIf.read({"layers": {"2": {"kernel_size": 31}}}))
    assert answer.path == "2"
    assert answer.message.startswith("`2` (Conv2d) has a window of 31×31 but receives only 16×16 (18×18 with padding)")
    assert answer.report["0"].macs == 16 * 16 * 8 * 3 * 3 * 3


ADVENTURES = [
    {"layers": {"conv": {"kernel_size": 5}}},
    {"layers": {"conv": {"out_channels": 6}}},
    {"batch": 4, "mode": "train", "dtype": "float64", "height": 9},
    {"layers": {"fc": {"out_channels": 3}}, "convention": "macs"},
    {"layers": {"conv": {"kernel_size": 11}}},
]


@pytest.mark.parametrize("middle", MIDDLES)
def test_neither_the_model_nor_its_copy_is_changed(middle):
    """Whatever the forward does and whatever is tried, model, session and skeleton are as before."""
    net = made(middle)
    report = cost(net, (2, 3, 8, 8))
    with Kept(net):
        lab = Laboratory(report)
        before = of_model(lab._skeleton)
        for what in ADVENTURES:
            lab.ask(WhatIf.read(what))
            lab.follow(WhatIf.read(what))
        assert of_model(lab._skeleton) == before
    assert lab.reason == ""


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_nothing(error):
    """A forward that raises, or Ctrl-C in it, leaves model and copy as they were; the next what-if works."""
    inside = []

    def fail(net: Any, x: Tensor) -> Tensor:
        if inside:
            raise error
        return x

    net = made(fail)
    lab = Laboratory(cost(net, (2, 3, 8, 8)))
    before, what = of_model(lab._skeleton), WhatIf.read({"layers": {"fc": {"out_channels": 3}}})
    lab.ask(WhatIf(batch=3))
    inside.append(True)
    with Kept(net):
        for way in (lab.ask, lab.follow):
            if error is KeyboardInterrupt:
                with pytest.raises(KeyboardInterrupt):
                    way(what)
            else:
                assert way(what).message == "ValueError: "
            assert of_model(lab._skeleton) == before
    inside.clear()
    assert Laboratory(lab.report).ask(what).report["fc"].macs == 2 * 144 * 3


def test_a_hook_that_reaches_the_model_itself_changes_nothing():
    """Its attributes are put back although the copy is what runs."""
    net = made()
    net.conv.register_forward_hook(lambda module, args, output: net.seen.append(output))
    lab = Laboratory(cost(net, (2, 3, 8, 8)))
    with Kept(net):
        assert lab.ask(WhatIf(batch=4)).report.total.macs == 4 * (6 * 6 * 3 * 4 * 3 * 3 + 144 * 10)


def test_a_laboratory_does_not_keep_the_model():
    """The user's last reference gone, the model is gone, and what-ifs go on."""
    net = small()
    lab = laboratory(net)
    reference = weakref.ref(net)
    del net
    gc.collect()
    assert reference() is None
    assert lab.ask(WhatIf(batch=2)).report.total.macs == 2 * lab.report.total.macs


@pytest.mark.parametrize("options", [{}, {"training": True, "optimizer": "adam", "input_grad": True}])
def test_a_report_from_a_file_takes_a_model_again(options):
    """A stored report has forgotten its model; given one, it is tried on the inputs that the report tells of."""
    net = small()
    report = cost(net, (2, 3, 16, 16), **options)
    stored = pickle.loads(pickle.dumps(report))
    assert "is gone" in Laboratory(stored).reason
    what_if = WhatIf.read({"layers": {"5": {"out_channels": 3}}})
    assert Laboratory(stored, net).ask(what_if).report == Laboratory(report).ask(what_if).report
    assert executed(Laboratory(stored, net), what_if, net) == totals(Laboratory(report).ask(what_if).report)


class Counted:
    """How often the copy ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0
        run = attempts.trace_again

        def counting(*args: Any, **options: Any) -> Any:
            self.runs += 1
            return run(*args, **options)

        monkeypatch.setattr(attempts, "trace_again", counting)


def test_a_convention_alone_runs_nothing(monkeypatch):
    """The same trace is counted again."""
    counted, lab = Counted(monkeypatch), laboratory(small())
    answer = lab.ask(WhatIf(convention="macs"))
    assert (counted.runs, answer.report.total.count) == (0, lab.report.total.macs)
    assert answer.report.trace is lab.report.trace


def test_what_was_tried_before_is_remembered(monkeypatch):
    """Back and forth, and in another convention: one run for each, and one that compares the copy with the model."""
    counted, lab = Counted(monkeypatch), laboratory(small())
    for what in ({"batch": 2}, {"height": 32}, {"batch": 2}, {"batch": 2, "convention": "macs"}, {}, {"height": 32}):
        lab.ask(WhatIf.read(what))
    for same in ({"batch": 1, "height": 16, "mode": "eval"}, {"layers": {"0": {"kernel_size": 3, "padding": 1}}}):
        assert lab.ask(WhatIf.read(same)).report.trace is lab.report.trace
    assert lab.ask(WhatIf(layers={"0": LayerChange(kernel_size=[3, 3], padding=[1, 1])})).message == ""
    assert counted.runs == 1 + 2


REASONS = [
    (lambda: laboratory(nn.Linear(3, 3), (1, 3), execute=True), "run for real"),
    (lambda: laboratory(small()), ""),
    (lambda: Laboratory(cost(nn.Linear(3, 3), (1, 3))), "is gone: keep the model in a variable"),
]


class Reaching(nn.Module):
    """Its forward runs a layer of whichever model is in a list of the session."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return REACHED[0].fc(x)


REACHED: list[nn.Module] = []


@pytest.mark.parametrize(("make", "reason"), REASONS)
def test_where_nothing_can_be_tried_it_says_why(make, reason):
    """A run for real, a model that is gone: the convention can still be another."""
    lab = make()
    assert reason in lab.reason
    assert bool(reason) == bool(lab.reason)
    assert lab.ask(WhatIf(convention="macs")).report.unit == "MACs"
    if reason:
        assert lab.ask(WhatIf(batch=2)).message == lab.reason
        shown = controls(lab, WhatIf(batch=2), "")
        assert shown["reason"] == lab.reason
        assert [shown[name] for name in ("height", "width", "batch", "dtype", "layer")] == [None] * 5
        assert len(shown["convention"]["choices"]) > 5


def test_a_copy_that_does_something_else_is_not_trusted():
    """A forward that reaches the model by a global name would run unchanged layers: said, not shown as a result."""
    REACHED[:] = [Reaching()]
    answer = laboratory(REACHED[0], (1, 3)).ask(WhatIf.read({"layers": {"fc": {"out_channels": 5}}}))
    assert answer.report is None
    assert "does not run as in this report" in answer.message


def test_a_model_that_changed_since_is_not_mixed_up_with_its_report():
    """The report is of 8 channels; the copy would be of 9."""
    net = nn.Sequential(nn.Conv2d(3, 8, 3))
    report = cost(net, (1, 3, 8, 8))
    net[0] = nn.Conv2d(3, 9, 3)
    assert "the model was changed since" in Laboratory(report).ask(WhatIf(batch=2)).message


class Two(nn.Module):
    """Two images, or one and a number for each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        return self.conv(x).mean((1, 2, 3)) + other.float().flatten(1).sum(1)


INPUTS = [
    (lambda: nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 2)), {"input_size": (1, 7)}, {"batch", "width"}),
    (lambda: nn.Linear(4, 2), {"input_size": (1, 4)}, {"batch"}),
    (lambda: nn.Linear(4, 2), {"input_size": [(1, 7, 4)]}, {"batch", "width"}),
    (lambda: nn.Conv1d(4, 2, 3), {"input_size": (1, 4, 9)}, {"batch", "width"}),
    (lambda: nn.Conv2d(4, 2, 3), {"input_size": (1, 4, 9, 9)}, {"batch", "height", "width"}),
    (lambda: nn.Conv3d(4, 2, 3), {"input_size": (1, 4, 9, 9, 9)}, {"batch", "height", "width"}),
    (lambda: nn.LSTM(4, 2), {"input_size": (7, 1, 4)}, {"batch", "width"}),
    (lambda: nn.LSTM(4, 2, batch_first=True), {"input_size": (1, 7, 4)}, {"batch", "width"}),
    (Two, {"input_size": [(2, 3, 8, 8), (2, 3, 8, 8)]}, {"batch", "height", "width"}),
    (Two, {"input_size": [(2, 3, 8, 8), (2, 3, 6, 6)]}, {"batch"}),
    (Two, {"input_size": {"x": (2, 3, 8, 8), "other": (2, 4)}}, {"batch", "height", "width"}),
    (Two, {"input_data": (torch.rand(2, 3, 8, 8), {"other": torch.rand(2, 4)})}, {"batch", "height", "width"}),
    (Two, {"input_data": (torch.rand(2, 3, 8, 8), torch.tensor([[1], [2]]))}, set()),
]


@pytest.mark.parametrize(("make", "options", "expected"), INPUTS)
def test_of_each_input_what_can_change_is_offered(make, options, expected):
    """Images, clips, sequences, several inputs, named ones: each offered size runs, and the rest has a reason."""
    net = make()
    lab = Laboratory(cost(net, **options))
    shown = controls(lab, WhatIf())
    assert {name for name in ("batch", "height", "width") if shown[name] is not None} == expected
    assert bool(shown["reason"]) == ("width" not in expected)
    for name in expected:
        doubled = WhatIf(**{name: 2 * shown[name]["value"]})
        answer = lab.ask(doubled)
        assert answer.message == ""
        assert answer.report.total.macs > lab.report.total.macs
        assert executed(lab, doubled, net) == totals(answer.report)


def executed(lab: Laboratory, what_if: WhatIf, net: nn.Module) -> tuple[Any, ...]:
    """The totals of the report that the copied code makes."""
    names = {"net": net}
    exec(code(lab, what_if), names)
    return totals(names["report"])


class Odd(nn.Module):
    """Layers by keys, by names that are none, shared, frozen, hooked and of the user's own class."""

    class Own(nn.Conv2d):
        """A convolution of the user's."""

    def __init__(self) -> None:
        super().__init__()
        self.by_key = nn.ModuleDict({"a b": nn.Conv2d(3, 4, 3), "10": nn.Conv2d(4, 4, 3)})
        self.add_module("1x1", nn.Conv2d(4, 4, 1))
        self.own = self.Own(4, 4, 3, padding=1, padding_mode="circular")
        self.shared = nn.ModuleList([nn.Conv2d(4, 4, 3, padding=1)] * 2)
        self.frozen = nn.Conv2d(4, 4, 3).requires_grad_(False)
        self.hooked = nn.Conv2d(4, 4, 3)
        self.hooked.register_forward_hook(lambda module, args, output: output.relu())
        self.weighed = parametrizations.weight_norm(nn.Conv2d(4, 4, 3))
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2, output_padding=1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in (*self.by_key.values(), self._modules["1x1"], self.own, *self.shared, self.frozen, self.hooked):
            x = layer(x)
        return self.up(self.weighed(x))


KERNEL = {"kernel_size": 5}
ODD_PATHS = ("by_key.a b", "by_key.10", "1x1", "own", "shared.1", "frozen", "hooked", "up")
ODD = [{"layers": {path: change}} for path in ODD_PATHS for change in (KERNEL, {"padding": 3})]
ODD += [
    {"layers": {"weighed": {"stride": 2}, "own": {"padding": "same", **KERNEL}, "frozen": {"groups": 2}}},
    {"layers": {"up": {"stride": 3, "groups": 2}, "hooked": {"groups": 2}}, "mode": "same"},
]


@pytest.mark.parametrize("what", ODD)
def test_the_code_reaches_every_layer(what):
    """Keys, numbers, names that are no identifiers, subclasses and frozen layers: the code gives the same totals."""
    net = Odd()
    lab = laboratory(net, (1, 3, 32, 32))
    answer = lab.follow(WhatIf.read(what))
    assert answer.report.total.params != 0
    before = of_model(net)
    assert executed(lab, answer.what_if, net) == totals(answer.report)
    assert of_model(net) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "what", "options"),
    [
        ("resnet18", {"layers": {"conv1": {"kernel_size": 5, "padding": 2}}}, {}),
        ("resnet18", {"layers": {"layer2.0.conv1": {"stride": 1}, "layer2.0.downsample.0": {"stride": 1}}}, {}),
        ("resnet18", {"height": 160, "batch": 4, "dtype": "float16", "mode": "train", "convention": "macs"}, {}),
        ("resnet18", {"layers": {"fc": {"out_channels": 10}}, "batch": 2}, {"training": True, "optimizer": "adam"}),
        ("vgg11", {"layers": {"features.0": {"out_channels": 32}}}, {"training": True, "input_grad": True}),
        ("mobilenet_v2", {"layers": {"features.0.0": {"out_channels": 48}}}, {"mode": "train", "batch_size": 2}),
        ("densenet121", {"layers": {"features.conv0": {"out_channels": 80}}}, {"convention": "fvcore"}),
        ("shufflenet_v2_x0_5", {"layers": {"conv1.0": {"out_channels": 30}}}, {}),
        ("alexnet", {"layers": {"features.0": {"stride": 2}}}, {}),
        ("efficientnet_b0", {"layers": {"features.0.0": {"out_channels": 40}}}, {}),
    ],
)
def test_the_code_gives_what_the_panel_shows(name, what, options):
    """Executed beside the user's model, it makes the same totals, whatever followed; the model stays as it is."""
    net = build(name)
    lab = laboratory(net, (1, 3, 224, 224), **options)
    answer = lab.follow(WhatIf.read(what))
    assert answer.message == ""
    assert executed(lab, answer.what_if, net) == totals(answer.report)
    assert totals(cost(net, (1, 3, 224, 224), **options)) == totals(lab.report)


def test_the_code_is_what_a_person_would_write(resnet):
    """A new layer in the old one's place, the changed norm after it, and the cost."""
    lab = laboratory(resnet, (1, 3, 224, 224), convention="macs")
    what_if = WhatIf.read({"layers": {"layer1.0.conv1": {"out_channels": 32}}, "height": 192})
    assert code(lab, lab.follow(what_if).what_if, "model").splitlines() == [
        "import copy",
        "",
        "from torch import nn",
        "",
        "from nbcnncost import cost",
        "",
        "changed = copy.deepcopy(model)",
        "changed.layer1[0].conv1 = nn.Conv2d(64, 32, kernel_size=3, padding=1, bias=False)",
        "changed.layer1[0].bn1 = nn.BatchNorm2d(32)",
        "changed.layer1[0].conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1, bias=False)",
        "report = cost(changed, (1, 3, 192, 224), convention='macs')",
    ]


def test_code_without_a_change_needs_no_copy():
    """The call alone."""
    assert code(laboratory(small()), WhatIf(batch=4)).splitlines()[-1] == "report = cost(net, (4, 3, 16, 16))"


def test_a_wrapped_model_is_changed_inside_its_wrapper():
    """DataParallel calls one module, which is what the report is of."""
    net = nn.DataParallel(small())
    lab = laboratory(net)
    what_if = WhatIf.read({"layers": {"0": {"kernel_size": 5, "padding": 2}}})
    assert "copy.deepcopy(net.module)" in code(lab, what_if)
    assert executed(lab, what_if, net) == totals(lab.ask(what_if).report)


def tied() -> nn.Module:
    """Two convolutions with one weight."""
    net = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3))
    net[1].weight = net[0].weight
    return net


@pytest.mark.parametrize(
    ("make", "path", "offered", "message"),
    [
        (lambda: weight_norm(nn.Conv2d(3, 4, 3)), "", ["stride", "padding"], "weight_g, weight_v"),
        (lambda: parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), "", ["stride", "padding"], "by a parametrization"),
        (tied, "1", ["stride", "padding"], "it shares its weight with 0"),
        (lambda: nn.Sequential(nn.LazyConv2d(4, 3)), "0", None, "is lazy"),
    ],
)
def test_weights_that_must_keep_their_sizes_say_why(make, path, offered, message):
    """Computed, shared and unborn weights: what remains is offered, the rest has a sentence."""
    lab = laboratory(make(), (1, 3, 8, 8))
    answer = lab.ask(WhatIf(layers={path: LayerChange(kernel_size=1)}))
    assert answer.report is None
    assert message in answer.message
    if offered is not None:
        assert [field["key"] for field in controls(lab, WhatIf(), path)["layer"]["fields"]] == offered
        assert lab.ask(WhatIf(layers={path: LayerChange(stride=2)})).message == ""


def test_controls_of_a_resnet(resnet):
    """Resolution in the model's own strides, what the selected layer has, and one sentence for each change."""
    lab = laboratory(resnet, (1, 3, 224, 224))
    what_if = WhatIf.read({"height": 256, "layers": {"conv1": {"kernel_size": [1, 7], "groups": 1, "stride": 1}}})
    shown = controls(lab, what_if, "conv1")
    assert shown["height"] == {"value": 256, "min": 32, "max": 1024, "step": 32}
    assert shown["width"] == {"value": 224, "min": 32, "max": 1024, "step": 32}
    assert shown["batch"] == {"value": 1, "min": 1, "max": 256}
    assert shown["dtype"] == {"value": "float32", "choices": ["float32", "float16", "bfloat16", "float64"]}
    assert shown["mode"] == {"value": "eval", "choices": ["eval", "train", "same"]}
    assert shown["layer"]["path"] == "conv1"
    assert shown["layer"]["fields"][0] == {
        "key": "kernel_size", "label": "kernel", "value": [1, 7], "original": 7, "axes": 2, "min": 1, "max": 15,
    }  # fmt: skip
    assert shown["layer"]["fields"][3]["choices"] == [1]
    assert shown["changes"] == [
        {"key": "height", "text": "height: 224 → 256"},
        {"path": "conv1", "text": "conv1: kernel 7×7 → 1×7, stride 2 → 1"},
    ]
    assert (shown["reason"], controls(lab, what_if)["layer"], controls(lab, what_if, "relu")["layer"]) == (
        "",
        None,
        None,
    )


def test_controls_of_a_training_step():
    """It stays one: no eval mode is offered, and a what-if is of a step, too."""
    lab = laboratory(small(), (2, 3, 16, 16), training=True)
    assert controls(lab, WhatIf())["mode"] == {"value": "train", "choices": ["train", "same"]}
    assert lab.ask(WhatIf(mode="eval")).message == "the mode is one of train, same, not 'eval'"
    assert lab.ask(WhatIf(batch=4)).report.total.step.macs == 2 * lab.report.total.step.macs


def test_what_followed_is_among_the_sentences():
    """Each layer that was made to fit is a change, in its own words."""
    lab = laboratory(small())
    answer = lab.follow(WhatIf.read({"layers": {"0": {"out_channels": 16}}}))
    assert [change["text"] for change in changes(lab, answer.what_if)] == [
        "0: output channels 8 → 16",
        "1: channels 8 → 16",
        "2: groups 8 → 16, output channels 8 → 16, input channels 8 → 16",
        "5: input features 512 → 1024",
    ]


def test_a_change_says_what_it_is_of():
    """A layer may be called as a part of the input is, or with marks that would turn its sentence around."""
    names = ["height", "\N{RIGHT-TO-LEFT OVERRIDE}0"]
    net = nn.Sequential(OrderedDict({name: nn.Conv2d(3, 3, 3, padding=1) for name in names}))
    lab = laboratory(net)
    what_if = WhatIf(height=32, layers={name: LayerChange(stride=2) for name in names})
    assert changes(lab, what_if) == [
        {"key": "height", "text": "height: 16 → 32"},
        {"path": names[0], "text": "height: stride 1 → 2"},
        {"path": names[1], "text": "\\u202e0: stride 1 → 2"},
    ]


def test_a_report_that_stopped_can_be_mended():
    """Of a model whose layers do not fit, a what-if shows what would."""
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(100, 10))
    lab = laboratory(net, (1, 3, 16, 16))
    assert lab.report.failure is not None
    answer = lab.ask(WhatIf.read({"layers": {"2": {"in_channels": 8 * 14 * 14}}}))
    assert answer.report.total.macs == 14 * 14 * 8 * 3 * 3 * 3 + 8 * 14 * 14 * 10
