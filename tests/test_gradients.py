"""Each gradient's count is what happens when the derivative's definition is executed, whose values are autograd's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import brute_force as brute
import gradient_loops as loops
import pytest
import torch
import torch.nn.functional as F
from brute_force import Tally
from gradient_loops import Window
from nets import Body
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from nbcnncost import cost
from nbcnncost.backward import BACKWARD, BACKWARD_FORMULAS, backward_of
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Gradient, OpRecord, TensorSpec
from nbcnncost.rows import Row


def values(sizes: tuple[int, ...], name: str, low: float = -2.0) -> Tensor:
    """Numbers that are the same for one name."""
    return torch.tensor(brute.tensor(sizes, name, low), dtype=torch.float64)


def trained(layer: nn.Module, *inputs: Tensor, input_grad: bool = True) -> Row:
    """The layer's training step, without an optimizer."""
    layer = layer.double()
    return cost(layer, input_data=inputs, training=True, optimizer=None, input_grad=input_grad).total


def function(run: Callable[..., Tensor]) -> nn.Module:
    """A function as a model."""
    return Body(lambda _, *inputs: run(*inputs))


def assert_equal(computed: Any, expected: Tensor) -> None:
    """The loops' values are torch's."""
    if isinstance(computed, dict):
        found = torch.tensor(list(computed.values()), dtype=torch.float64).reshape(expected.shape)
    else:
        found = torch.tensor(computed, dtype=torch.float64).reshape(expected.shape)
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-9)  # torch has a sixth in single precision


def gradients(output: Tensor, *of: Tensor) -> tuple[Tensor, ...]:
    """What autograd says, for an upstream gradient that is the same for one shape."""
    return torch.autograd.grad(output, of, values(tuple(output.shape), "upstream"))


CONVOLUTIONS = {
    "1-D": (nn.Conv1d, (2, 3, 9), {"kernel_size": 3}),
    "2-D, stride, padding": (nn.Conv2d, (2, 3, 6, 5), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "3-D": (nn.Conv3d, (1, 2, 4, 4, 3), {"kernel_size": 2}),
    "1-D, groups": (nn.Conv1d, (2, 4, 7), {"kernel_size": 2, "groups": 2}),
    "2-D, groups, dilation": (nn.Conv2d, (1, 6, 7, 7), {"kernel_size": 3, "groups": 3, "dilation": 2}),
    "2-D, depthwise": (nn.Conv2d, (1, 6, 5, 5), {"kernel_size": 3, "groups": 6, "padding": 1}),
    "3-D, depthwise, dilation": (nn.Conv3d, (1, 6, 3, 4, 3), {"kernel_size": 2, "groups": 6, "dilation": 2}),
    "1-D, transposed": (nn.ConvTranspose1d, (2, 3, 5), {"kernel_size": 3, "stride": 2}),
    "2-D, transposed, groups": (
        nn.ConvTranspose2d,
        (1, 6, 4, 3),
        {"kernel_size": 3, "stride": 2, "padding": 1, "groups": 3},
    ),
    "2-D, transposed, dilation": (nn.ConvTranspose2d, (2, 6, 3, 3), {"kernel_size": 2, "dilation": 2}),
    "3-D, transposed, depthwise": (nn.ConvTranspose3d, (1, 6, 2, 3, 2), {"kernel_size": 2, "groups": 6, "stride": 2}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name):
    """Grouped, depthwise, dilated and transposed, in one to three dimensions: the loops do as many MACs."""
    kind, size, settings = CONVOLUTIONS[name]
    layer = kind(size[1], 6, **settings).double()
    x = values(size, "x").requires_grad_()
    output = layer(x)
    inputs, weights = Tally(), Tally()
    run = loops.transposed if layer.transposed else loops.convolution
    window = Window(layer.stride[0], layer.padding[0], layer.dilation[0], layer.groups)
    upstream = values(tuple(output.shape), "upstream").tolist()
    computed = run(x.tolist(), layer.weight.tolist(), upstream, window, inputs, weights)
    for found, expected in zip(computed, gradients(output, x, layer.weight), strict=True):
        assert_equal(found, expected)
    row = trained(layer, x)
    assert (row.backward_inputs.macs, row.backward_weights.macs) == (inputs.macs, weights.macs)
    assert row.backward.flops == 2 * (inputs.macs + weights.macs)  # additions of the bias count nothing, as forward


RUNS: dict[str, Callable[[Tensor], Tensor]] = {
    **{name: getattr(F, name) for name in ("relu", "leaky_relu", "relu6", "silu", "hardsigmoid", "hardswish", "gelu")},
    **{name: getattr(F, name) for name in ("elu", "selu", "softplus", "mish", "logsigmoid")},
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "celu": partial(F.celu, alpha=2.0),
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "times": lambda x: x * 3,
    "divided": lambda x: x / 3,
    "divisor": lambda x: 3 / x if isinstance(x, float) else torch.full_like(x, 3.0) / x,
    "passed_on": lambda x: x + 3,
}
IN_PLACE = {
    "relu": partial(F.relu, inplace=True),
    "relu6": partial(F.relu6, inplace=True),
    "silu": partial(F.silu, inplace=True),
    "hardswish": partial(F.hardswish, inplace=True),
    "elu": partial(F.elu, inplace=True),
    "times": lambda x: x.mul_(3),
}


@pytest.mark.parametrize("name", loops.ELEMENTS)
def test_functions_of_each_element(name):
    """Activations and arithmetic: as many operations as the derivative has, at each element."""
    x = values((4, 5), "x").requires_grad_()
    tally = Tally()
    upstream = values((4, 5), "upstream")
    pairs = zip(x.flatten().tolist(), upstream.flatten().tolist(), strict=True)
    assert_equal([loops.ELEMENTS[name](tally, *pair) for pair in pairs], *gradients(RUNS[name](x), x))
    assert trained(function(RUNS[name]), x).backward.flops == tally.flops
    assert trained(function(RUNS[name]), x).backward.unknown == 0


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    """What works in place has the gradient of what does not, though autograd keeps a copy for it."""
    plain = cost(function(lambda x: RUNS[name](x + 1)), (4, 5), training=True, input_grad=True)
    in_place = cost(function(lambda x: IN_PLACE[name](x + 1)), (4, 5), training=True, input_grad=True)
    assert in_place.total.parts == plain.total.parts
    assert [op.kind for op in in_place.trace.ops] == [op.kind for op in plain.trace.ops]


def weight_of(size: int) -> Tensor:
    """A normalization's weights."""
    return values((size,), "weight")


ROWS: dict[str, tuple[Callable[[], nn.Module], Callable[..., Any]]] = {
    "softmax": (lambda: nn.Softmax(-1), loops.softmax),
    "log_softmax": (lambda: nn.LogSoftmax(-1), loops.log_softmax),
    "layer_norm": (
        lambda: nn.LayerNorm(5),
        lambda t, x, g: loops.normalized(t, x, g, weight_of(5).tolist()),
    ),
    "rms_norm": (
        lambda: nn.RMSNorm(5, eps=1e-5),
        lambda t, x, g: loops.rms_normalized(t, x, g, weight_of(5).tolist()),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_functions_of_a_row(name):
    """Softmax and normalizations over the last axis."""
    make, run = ROWS[name]
    layer = make().double()
    if hasattr(layer, "weight"):
        layer.weight.data = weight_of(5)
    x = values((3, 5), "x").requires_grad_()
    tally = Tally()
    rows = zip(x.tolist(), values((3, 5), "upstream").tolist(), strict=True)
    assert_equal([run(tally, *row) for row in rows], *gradients(layer(x), x))
    row = trained(layer, x)
    assert row.backward_inputs.flops == tally.flops
    own = {"layer_norm": 3, "rms_norm": 2}.get(name, 0)  # weight: a product and a sum an element; bias: a sum
    assert row.backward_weights.flops == own * 3 * 5


def test_batch_norm():
    """In train mode the gradient flows through the statistics; with fixed ones it is only scaled."""
    norm = nn.BatchNorm2d(3).double()
    norm.weight.data = weight_of(3)
    x = values((2, 3, 2, 4), "x").requires_grad_()
    tally = Tally()
    upstream = values((2, 3, 2, 4), "upstream")
    computed = torch.empty(2, 3, 2, 4, dtype=torch.float64)
    for channel, scale in enumerate(norm.weight.tolist()):
        row, ups = x[:, channel].flatten().tolist(), upstream[:, channel].flatten().tolist()
        found = loops.normalized(tally, row, ups, None, scale)
        computed[:, channel] = torch.tensor(found, dtype=torch.float64).reshape(2, 2, 4)
    expected, for_weight, for_bias = gradients(norm(x), x, norm.weight, norm.bias)
    torch.testing.assert_close(computed, expected)
    assert for_weight.shape == for_bias.shape == (3,)
    elements = 2 * 3 * 2 * 4
    row = trained(norm, x)
    assert row.backward_inputs.flops == tally.flops == 7 * elements
    assert row.backward_weights.flops == (2 + 1) * elements
    fixed = cost(norm.eval(), input_data=x, mode="same", training=True, input_grad=True).total
    assert fixed.backward_inputs.flops == elements
    assert fixed.backward_weights.flops == (2 + 1) * elements


def test_attention():
    """Four products of the forward's sizes, the softmax's derivative and the scale; less where less is needed."""
    heads, queries, keys, size, value_size = 2, 3, 4, 5, 6
    tensors = [values((heads, n, e), name) for n, e, name in ((queries, size, "q"), (keys, size, "k"))]
    tensors.append(values((heads, keys, value_size), "v"))
    for tensor in tensors:
        tensor.requires_grad_()
    output = F.scaled_dot_product_attention(*tensors)
    upstream = values(tuple(output.shape), "upstream").tolist()
    tally = Tally()
    found = [
        loops.attention(tally, *(tensor[head].tolist() for tensor in tensors), upstream[head]) for head in range(heads)
    ]
    for place, expected in enumerate(gradients(output, *tensors)):
        assert_equal([found[head][place] for head in range(heads)], expected)
    attention = function(F.scaled_dot_product_attention)
    row = trained(attention, *tensors)
    assert (row.backward_inputs.macs, row.backward_inputs.flops) == (tally.macs, tally.flops)
    scores = heads * queries * keys
    assert row.backward_inputs.macs == scores * (2 * size + 2 * value_size)
    only_values = Body(lambda net, x: F.scaled_dot_product_attention(x, x, net.values), values=nn.Parameter(tensors[0]))
    assert trained(only_values, tensors[0], input_grad=False).backward.macs == heads * queries * queries * size
    mask = nn.Parameter(torch.zeros(queries, queries, dtype=torch.float64))
    only_mask = Body(lambda net, x: F.scaled_dot_product_attention(x, x, x, net.mask), mask=mask)
    assert trained(only_mask, tensors[0], input_grad=False).backward.macs == heads * queries * queries * size


def test_lstm():
    """Back through time: a product for the hidden state, one for the input, one for each matrix, and the gates."""
    steps, size, hidden = 3, 4, 2
    layer = nn.LSTM(size, hidden, bias=False).double()
    x = values((steps, size), "x").requires_grad_()
    output = layer(x)[0]
    tally = Tally()
    upstream = values((steps, hidden), "upstream").tolist()
    weights = layer.weight_ih_l0, layer.weight_hh_l0
    computed = loops.lstm(tally, x.tolist(), *(weight.tolist() for weight in weights), upstream)
    for found, expected in zip(computed, gradients(output, x, *weights), strict=True):
        assert_equal(found, expected)
    row = trained(Body(lambda net, x: net.layer(x)[0], layer=layer), x)
    assert (row.backward.macs, row.backward.flops) == (tally.macs, tally.flops)
    assert row.backward_weights.macs == 4 * steps * hidden * (size + hidden)


@pytest.mark.parametrize(
    ("layers", "frozen", "inputs"),
    [
        (1, (), 0),  # the first layer's input needs no gradient
        (2, (), 4 * 7 * 5 * 5),  # the second layer's does
        (2, ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), 0),
    ],
)
def test_recurrent_layers_know_what_they_need(layers, frozen, inputs):
    """Each layer of a recurrent module has its own gradients: none below the first that needs one."""
    lstm = nn.LSTM(4, 5, layers)
    for name in frozen:
        getattr(lstm, name).requires_grad_(False)
    row = cost(Body(lambda net, x: net.lstm(x)[0], lstm=lstm), (7, 4), training=True).total
    trained_layers = layers - bool(frozen)
    hidden = trained_layers * 4 * (7 - 1) * 5 * 5  # between each two steps
    assert row.backward_inputs.macs == hidden + inputs
    weights = [4 * 7 * 5 * (4 + 5), 4 * 7 * 5 * (5 + 5)][bool(frozen) : layers]
    assert row.backward_weights.macs == sum(weights)


class Steps(nn.Module):
    """An LSTM as a loop over its cell."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(4, 5)

    def forward(self, x):
        state, outputs = None, []
        for step in x:
            state = self.cell(step, state)
            outputs.append(state[0])
        return torch.stack(outputs)


class Products(TorchDispatchMode):
    """Counts the multiply-accumulates of matrix products as they run, forward and backward."""

    def __init__(self):
        super().__init__()
        self.macs = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in ("mm", "bmm", "addmm", "baddbmm"):
            first, second = args[-2:]
            self.macs += first.numel() * second.shape[-1]
        return func(*args, **(kwargs or {}))


def first_result(net, *inputs):
    """A layer's output without its last state."""
    out = net.layer(*inputs)
    return out[0] if isinstance(out, tuple) else out


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.LSTM(4, 5),
        lambda: nn.LSTM(4, 5, 2, bidirectional=True),
        lambda: nn.LSTM(4, 5, proj_size=3),
        lambda: nn.GRU(4, 5, 2),
        lambda: nn.RNN(4, 5),
        Steps,
    ],
)
def test_products_of_recurrent_layers_are_those_that_run(layer, given):
    """A step runs the products that are counted: none for a first state, unless it needs a gradient itself."""
    net = layer().to("meta")
    arguments = [torch.empty(7, 3, 4, device="meta")]
    if given and not isinstance(net, Steps):
        places = net.num_layers * (1 + net.bidirectional)
        sizes = [5, 5] if isinstance(net, nn.LSTM) else [5]
        states = [torch.empty(places, 3, size, device="meta") for size in sizes]
        states[0] = states[0][..., : getattr(net, "proj_size", 0) or 5].clone()
        arguments.append(tuple(states) if isinstance(net, nn.LSTM) else states[0])
    body = Body(first_result, layer=net)
    flat = torch.utils._pytree.tree_map(lambda tensor: tensor.clone().requires_grad_(given), arguments)
    with Products() as counter:
        body(*flat).sum().backward()
    total = cost(body, input_data=tuple(arguments), training=True, optimizer=None, input_grad=given).total
    assert total.step.macs == counter.macs


@pytest.mark.parametrize(
    ("run", "flops"),
    [
        (lambda x: F.max_pool2d(x, 2), 2 * 3 * 2 * 3),  # each output's gradient is added somewhere
        (lambda x: F.avg_pool2d(x, 2), 2 * 3 * 2 * 3 * 4 * 2),  # weighed and added for each element of each window
        (lambda x: F.adaptive_max_pool2d(x, 1), 2 * 3),
        (lambda x: F.adaptive_avg_pool2d(x, 1), 2 * 3 * 4 * 6 * 2),
        (lambda x: x.mean(1), 2 * 3 * 4 * 6),  # each element's share
        (lambda x: x.sum(1), 0),
        (lambda x: x.amax(1), 2 * 4 * 6),
        (lambda x: F.dropout(x, 0.5), 2 * 2 * 3 * 4 * 6),
        (lambda x: F.interpolate(x, scale_factor=2), 2 * 3 * 8 * 12),
        (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), 2 * 3 * 8 * 12 * 8),
        (lambda x: F.pad(x, (1, 1)).flatten(1).permute(1, 0)[3:], 0),
        (lambda x: torch.cat([x, x * 2]), 2 * 3 * 4 * 6 * 2),  # the product, and the sum of x's two gradients
        (lambda x: x.expand(5, 2, 3, 4, 6), 5 * 2 * 3 * 4 * 6),  # the sum over the copies
        (lambda x: x * x, 2 * 3 * 4 * 6 * 3),  # two products and the sum of the two gradients
        (lambda x: x + x.mean((2, 3), keepdim=True), 2 * 3 * 4 * 6 * (1 + 2 + 1)),  # broadcast, mean, sum of both
        (lambda x: F.glu(x, 3), 2 * 3 * 4 * 3 * 5),
        (lambda x: torch.where(x > 0, x, 0.0), 2 * 3 * 4 * 6),
    ],
)
def test_other_functions(run, flops):
    """Pooling, reductions, copies and sums of gradients, with the products spelt out."""
    row = cost(function(run), (2, 3, 4, 6), training=True, input_grad=True, optimizer=None).total
    assert row.backward.flops == flops


def test_group_and_instance_norm_and_local_response():
    """The other normalizations, an element each."""
    x = (2, 4, 3, 3)
    elements = 2 * 4 * 3 * 3
    rows = [
        cost(layer, x, training=True, input_grad=True).total
        for layer in (nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.LocalResponseNorm(3))
    ]
    assert [row.backward_inputs.flops for row in rows] == [8 * elements, 7 * elements, (3 + 6) * elements]
    assert [row.backward_weights.flops for row in rows] == [3 * elements, 3 * elements, 0]


def test_prelu_and_embedding():
    """A slope's gradient is a sum; a looked-up row's is added to its row."""
    row = cost(nn.PReLU(), (2, 10), training=True, input_grad=True).total
    assert (row.backward_inputs.flops, row.backward_weights.flops) == (2 * 20, 3 * 20)
    row = cost(nn.Embedding(7, 5), (2, 3), training=True).total
    assert (row.backward_inputs.flops, row.backward_weights.flops) == (0, 2 * 3 * 5)


@pytest.mark.parametrize("kind", FORMULAS)
def test_every_kind_has_a_derivative_or_is_unknown(kind):
    """A kind without an entry is unknown, unless it only moves data; whatever is known has a phase and a formula."""
    spec = TensorSpec((2, 3))
    op = OpRecord("aten.some_operation.default", kind, (), 0, "", 1, 0, (spec,), (spec,))
    roles = {role for part in BACKWARD.get(kind, ()) for role in part.roles} | {"input"}
    found = list(backward_of(op, [Gradient(role, 6) for role in sorted(roles)], 5))
    assert found
    assert {part.origin for part in found} == {5}
    assert {part.phase for part in found} <= {"backward_inputs", "backward_weights"}
    is_known = kind in BACKWARD or not FORMULAS[kind].terms
    assert all((part.kind in BACKWARD_FORMULAS) is is_known for part in found)


def test_names_of_gradients():
    """No two formulas have one name, none that of a forward's, and all have a title and a reason."""
    formulas = [part.formula for parts in BACKWARD.values() for part in parts]
    assert len({formula.kind for formula in formulas}) == len(formulas)
    assert set(BACKWARD_FORMULAS).isdisjoint(FORMULAS)
    for formula in BACKWARD_FORMULAS.values():
        assert formula.why
        assert formula.title.strip() == formula.title
