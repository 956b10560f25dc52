"""Questions about every kind in the table of formulas: by its symbols alone, and from torch's own layers."""

from __future__ import annotations

from math import prod

import pytest
import torch
import torchvision
from family_cases import CASES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nets import Body
from test_quantized import LAYERS as QUANTIZED
from test_quantized import dynamically
from torch import nn
from torch.ao.nn.quantized import dynamic
from twin_layers import KINDS, Function, twins

from nbcnncost import CostError, cost
from nbcnncost.conventions import textbook
from nbcnncost.course import building, conv2d, conv_transpose2d, diagnose, layer, max_pool2d, question, sheet
from nbcnncost.course.any_kind import needed_symbols, possible_symbols
from nbcnncost.course.models import layers_of
from nbcnncost.kinds import FORMULAS

pytestmark = pytest.mark.filterwarnings("ignore")  # the framework deprecates its quantization, for its users to know

#: Values of symbols that must divide each other, or are on or off.
VALUE = {"g": 2, "b": 1, "C_in": 12, "C_out": 20, "clip": 1, "mirror": 0, "mask": 1, "aligned": 1, "widened": 0}


def values_of(names):
    """A number for each symbol."""
    return {name: VALUE.get(name, 5 + 2 * at) for at, name in enumerate(sorted(names))}


def plain(kind, spatial=2, **more):
    """A layer of that kind by the symbols that it needs, and how many numbers come out where they do not say it."""
    known = {"n": 11} if "n" in possible_symbols(kind, spatial) else {}
    return layer(kind, spatial=spatial, **{**values_of(needed_symbols(kind, spatial)), **known, **more})


# What cannot be asked of a kind, and why.
NOTHING = {kind: "computes nothing" for kind, formula in FORMULAS.items() if not formula.terms}
WHOLE = dict.fromkeys(
    ("quantized_convolution", "quantized_transposed_convolution", "quantized_linear", "integer_matmul"),
    "products of whole numbers are no FLOPs",
)
NO_MACS = "no sum of products"
MACS = {
    *("convolution", "transposed_convolution", "linear", "matmul", "attention", "lstm", "gru", "rnn_tanh", "rnn_relu"),
    *("lstm_projection", "quantized_convolution", "dynamic_convolution", "quantized_transposed_convolution"),
    *("dynamic_transposed_convolution", "quantized_linear", "dynamic_linear", "integer_matmul", "dynamic_lstm"),
    *("dynamic_gru", "dynamic_rnn_tanh", "dynamic_rnn_relu", "deform_convolution", "complex_convolution"),
    *("complex_transposed_convolution", "complex_linear", "complex_matmul", "bilinear", "scaled_matmul"),
    *("lu", "determinant", "cholesky", "triangular_solve", "lu_solve", "solve"),
}
#: By their symbols these do not say how many numbers come out; a model's output does.
UNTOLD = {
    "adaptive_max_pool": "the sums of its windows do not say how many there are",
    "adaptive_average_pool": "the sums of its windows do not say how many there are",
    "quantized_transposed_convolution": "its products are counted on the input",
    "grid_sample_nearest": "copying costs nothing, so that the channels are not among its symbols",
}
MIXED = "weights of 8 bits with a bias in floating point"
#: Parameters that no formula has; a model's layer has its own.
LEARNED = dict.fromkeys(
    (
        *("prelu", "layer_norm", "rms_norm", "embedding", "embedding_bag", "embedding_bag_weighed"),
        *("embedding_bag_max", "lstm_projection"),
        *("complex_convolution", "complex_transposed_convolution", "complex_linear"),
    ),
    "its symbols do not say how many parameters it has",
)


def asked_of(kind):
    """What a layer of a kind is asked for, by rules of our own: a quantity, and why not where it is not."""
    mixed = kind.startswith(("quantized_", "dynamic_"))
    return {
        "elements": UNTOLD.get(kind, ""),
        "params": LEARNED.get(kind, ""),
        "macs": "" if kind in MACS else NO_MACS,
        "flops": {**NOTHING, **WHOLE}.get(kind, ""),
        "activation_bytes": UNTOLD.get(kind, ""),
        "weight_bytes": MIXED if mixed else LEARNED.get(kind, ""),
    }


@pytest.mark.parametrize("kind", FORMULAS)
def test_every_kind_is_asked_by_its_symbols(kind):
    """In every quantity that makes sense, and each mistake is told; where one does not, the table above says why."""
    for quantity, why_not in asked_of(kind).items():
        found = building.question("layer", [plain(kind)], quantity, textbook)
        assert (found is None) == bool(why_not), quantity
        if found is not None:
            assert diagnose(found, found.answer).is_right
            assert all(wrong.id in diagnose(found, wrong.value).id.split("|") for wrong in found.wrong)


@pytest.mark.parametrize("kind", UNTOLD)
def test_what_comes_out_can_be_said(kind):
    """The symbols that are missing may be given."""
    made = plain(kind, **{"C": 3} if kind.startswith("grid") else {"H_out": 4, "W_out": 5})
    channels = "C_out" if "convolution" in kind else "C"
    assert question(made, "elements").answer == prod(made.values[name] for name in ("N", channels, "H_out", "W_out"))


@pytest.mark.parametrize("spatial", range(4))
@pytest.mark.parametrize("kind", FORMULAS)
def test_a_symbol_that_a_kind_does_not_have_is_refused(kind, spatial):
    """In one sentence that names those it needs; one that it lacks is asked for."""
    known = dict.fromkeys(needed_symbols(kind, spatial), 2)
    layer(kind, spatial=spatial, **known)
    names = ", ".join(known) if known else "only n"
    for other in ("K", "u", "e", "colour", "K_h" if spatial == 1 else "K_l" if spatial else "K_q"):
        with pytest.raises(CostError, match=other) as caught:
            layer(kind, spatial=spatial, **known, **{other: 2})
        assert names in str(caught.value)
        assert "\n" not in str(caught.value)
    for missing in known:
        with pytest.raises(CostError, match=f"{missing} is missing"):
            layer(kind, spatial=spatial, **{name: 2 for name in known if name != missing})


CONVOLUTION = {"N": 1, "H_out": 3, "W_out": 3, "C_in": 4, "g": 2, "C_out": 6, "K_h": 3, "K_w": 3, "b": 1}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: layer("linear", N=1, N_in=2, N_out=3, b=0, K_h=3), "^linear has the symbols N, N_in, N_out, b; K_h"),
        (lambda: layer("convolution", **CONVOLUTION), "H_out is one of them with spatial=2$"),
        (lambda: layer("convolution", spatial=2, **CONVOLUTION, S_h=2), "; H_in is missing$"),
        (lambda: layer("convolution", spatial=2, **{**CONVOLUTION, "g": 0}), "g takes whole numbers from 1, not 0"),
        (lambda: layer("convolution", spatial=2, **{**CONVOLUTION, "g": 4}), "^4 groups do not divide 6 channels$"),
        (lambda: layer("movement", m=3), "^movement computes nothing; only n, .*, not m$"),
    ],
)
def test_symbols_that_do_not_fit_are_refused(make, sentence):
    """What belongs to another layer, to another number of axes, or to a window of which the rest is missing."""
    with pytest.raises(CostError, match=sentence):
        make()


@pytest.mark.parametrize(
    "made",
    [
        conv2d(in_channels=4, out_channels=6, kernel_size=(3, 5), stride=2, padding=1, groups=2, input_size=(4, 9, 20)),
        conv_transpose2d(
            in_channels=4, out_channels=6, kernel_size=3, stride=2, output_padding=1, input_size=(4, 9, 8)
        ),
        max_pool2d(3, stride=2, padding=1, input_size=(4, 11, 20)),
    ],
    ids=lambda made: made.kind,
)
def test_a_window_is_asked_for_its_size(made):
    """The same questions by symbols as in the words of torch: sizes, numbers, bytes."""
    again = sheet({"layer": layer(made.kind, spatial=2, **dict(made.dims))})
    known = sheet({"layer": made})
    assert again.keys == known.keys
    assert [entry.answer for entry in again] == [entry.answer for entry in known]
    assert again["layer.h_out"].answer == made.output_shape[2]


# From torch's own layers

#: Kinds that no other table of tests has, as a module and its input.
RARE = {
    "rms_norm": lambda: (nn.RMSNorm(5), (2, 5)),
    "glu": lambda: (nn.GLU(), (2, 6)),
    "compare": lambda: (Function(lambda x: torch.maximum(x, 2 * x)), (2, 6)),
    "special": lambda: (Function(torch.exp), (2, 6)),
    "variance": lambda: (Function(lambda x: x.var(1)), (2, 6)),
    "extreme": lambda: (Function(lambda x: x.amax(1)), (2, 6)),
    "sort": lambda: (Function(lambda x: torch.sort(x, 1)[0]), (2, 6)),
    "search": lambda: (Function(lambda x: torch.searchsorted(torch.arange(5.0), x)), (2, 6)),
    "nms": lambda: (Function(lambda x: torchvision.ops.nms(x.abs().cumsum(1), torch.arange(6.0), 0.5)), (6, 4)),
    "fake_quantize": lambda: (Function(lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, 0, 255)), (2, 6)),
    "dynamic_rnn_tanh": lambda: (dynamically(Body(lambda net, x: net.rnn(x), rnn=nn.RNNCell(5, 7))), (2, 5)),
    "dynamic_transposed_convolution": lambda: (dynamic.ConvTranspose2d(3, 4, 3), (1, 3, 6, 6)),
    "lstm_projection": lambda: (Body(lambda net, x: net.rnn(x)[0], rnn=nn.LSTM(5, 7, proj_size=3)), (4, 2, 5)),
    "upsample_nearest": lambda: (nn.Upsample(scale_factor=2), (1, 2, 3, 3)),
}
#: Without parameters there is nothing of them to ask for.
NO_LAYER = {kind for kind in NOTHING if kind != "embedding"}


@st.composite
def cases_of(draw, name):
    """What is drawn for a name of the table of families."""
    return CASES[name](draw)


def reports():
    """Reports of torch's layers, functions and quantized layers, some of each."""
    some = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=4)
    found = []
    for kind in KINDS:

        @some
        @given(twin=twins(kind))
        def look(twin):
            data = tuple(torch.tensor(values) for values in twin.inputs)
            found.append(cost(twin.layer, input_data=data, mode="train" if twin.train else "eval"))

        look()
    for name in CASES:

        @some
        @given(case=cases_of(name))
        def look(case):
            found.append(cost(case.model, input_data=case.inputs))

        look()
    for name, (make, *_) in QUANTIZED.items():
        model, size = make()
        found.append(cost(model, size, dtypes="int64" if name == "embedding" else None))
    # How many boxes are left depends on them: that is run for real.
    return found + [cost(*make(), execute=name == "nms") for name, make in RARE.items()]


def by_symbols(made):
    """The same layer without its shapes: by those of its symbols that can be said."""
    dims, possible = dict(made.dims), possible_symbols(made.kind, made.spatial)
    known = possible if dims.keys() >= set(possible) else needed_symbols(made.kind, made.spatial)
    return layer(made.kind, spatial=made.spatial, **{name: dims[name] for name in known})


@pytest.mark.slow
def test_every_kind_is_asked_of_torchs_own_layers():
    """The parts add up to the report, what comes out is what torch gives, and symbols alone say the same."""
    seen = set()
    for report in reports():
        found = layers_of(report).values()
        made = [entry for layers in found for entry in layers]
        shaped = [entry for entry in made if entry.output_shape]  # one number by itself is not counted
        for quantity in ("params", "macs", "flops"):
            asked = [building.question("layer", [entry], quantity, textbook) for entry in made]
            assert sum(entry.value for entry in asked if entry is not None) == getattr(report.total, quantity), report
        for entry in shaped:
            seen.add(entry.kind)
            unasked = {name for name in asked_of(entry.kind) if not building.question("layer", [entry], name, textbook)}
            assert unasked <= {name for name, why_not in asked_of(entry.kind).items() if why_not}, entry
        for layers in found:
            if len(layers) == 1 and layers[0] in shaped:  # of several operations none gives what the layer does
                compare(*layers)
    assert set(FORMULAS) - seen <= NO_LAYER


def compare(entry):
    """One call of a layer: what comes out of torch's, and the same numbers by symbols."""
    assert question(entry, "elements").answer == prod(entry.output_shape), entry
    again = by_symbols(entry)
    for quantity in ("elements", "macs", "flops"):
        found = building.question("layer", [again], quantity, textbook)
        times = 1 if quantity == "elements" else entry.calls
        assert found is None or found.answer * times == question(entry, quantity).answer, (entry, quantity)


@pytest.mark.parametrize(
    ("net", "size"),
    [
        (nn.Conv1d(2, 3, 5, stride=2, padding=1, dilation=2), (1, 2, 40)),
        (nn.Conv2d(2, 3, (3, 5), stride=(2, 1)), (1, 2, 9, 11)),
        (nn.ConvTranspose1d(2, 3, 5, stride=2, padding=1, dilation=2), (1, 2, 9)),
        (nn.ConvTranspose2d(2, 3, (3, 5), stride=(2, 3), padding=1, output_padding=(1, 2)), (1, 2, 9, 11)),
        (nn.ConvTranspose3d(2, 3, 3, stride=2), (1, 2, 3, 4, 5)),
        (nn.MaxPool2d(3, 2, 1), (1, 2, 9, 12)),
        (nn.AvgPool2d(3, 2), (1, 2, 9, 12)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_output_sizes_of_torchs_layers_are_asked(net, size):
    """Along each axis, what torch gives; a wrong one goes on into what builds on it."""
    found = net(torch.zeros(size)).shape[2:]
    names = {1: ("l_out",), 2: ("h_out", "w_out"), 3: ("d_out", "h_out", "w_out")}[len(found)]
    made = sheet(net, size)
    assert [made[f"layer.{name}"].answer for name in names] == list(found)
    for entry in made:
        assert diagnose(entry, entry.answer).is_right


@pytest.mark.parametrize(
    ("net", "params"),
    [
        (nn.RNN(2, 3, bidirectional=True), 2 * (3 * (2 + 3) + 2 * 3)),
        (nn.LSTM(2, 3, num_layers=2), 4 * (3 * (2 + 3) + 2 * 3) + 4 * (3 * (3 + 3) + 2 * 3)),
        (nn.GRU(2, 3, num_layers=2, bias=False, bidirectional=True), 2 * 3 * 3 * (2 + 3) + 2 * 3 * 3 * (6 + 3)),
        (nn.LSTM(5, 7, proj_size=3), 4 * (7 * (5 + 3) + 2 * 7) + 7 * 3),
    ],
    ids=["directions", "layers", "both", "projection"],
)
def test_the_parameters_of_a_recurrent_layer_count_once(net, params):
    """Its directions and layers run one after the other, each with parameters of its own."""
    asked = sheet(net, (4, 2, net.input_size))["layer.params"]
    assert asked.answer == params == sum(entry.numel() for entry in net.parameters())
