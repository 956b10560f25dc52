"""The oracle is the layer: its loops compute what torch computes, with weights of the same names and shapes.

Only then do its counts mean something; `properties/test_textbook_brute_force.py` sets them beside nbcnncost's.
"""

from __future__ import annotations

import brute_force as brute
import pytest
import torch
from brute_force import Tally
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twin_layers import KINDS, Twin, twins

MODEST = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def torch_output(twin: Twin) -> torch.Tensor:
    """What the torch layer computes with the oracle's weights, in double precision."""
    state = {name: torch.tensor(values) for name, values in (twin.loops.weights | twin.loops.buffers).items()}
    layer = twin.layer.double().train(twin.train)
    layer.load_state_dict(state, strict=False)
    with torch.no_grad():
        return layer(*(torch.tensor(v, dtype=None if twin.integers else torch.double) for v in twin.inputs))


@pytest.fixture(autouse=True)
def double_precision():
    """Python's floats are doubles."""
    torch.set_default_dtype(torch.double)
    yield
    torch.set_default_dtype(torch.float)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("examples", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_the_loops_compute_what_torch_computes(kind, examples):
    """The weights have torch's names and shapes, the output torch's shape and values, whatever the settings."""

    @settings(MODEST, max_examples=examples)
    @given(twin=twins(kind))
    def check(twin: Twin) -> None:
        sizes = {name: tuple(weight.shape) for name, weight in twin.layer.named_parameters()}
        assert {name: brute.shape(weight) for name, weight in twin.loops.weights.items()} == sizes
        expected = torch_output(twin)
        if kind == "Dropout" and twin.train:
            twin.inputs.append((expected != 0).double().tolist())
        output = twin.loops.run(Tally(), *twin.inputs)
        torch.testing.assert_close(torch.tensor(output), expected, rtol=1e-9, atol=1e-9)

    check()


CONVOLUTION = brute.convolution(2, 6, (3, 2), (2, 1), [(1, 1), (0, 0)], (1, 2), 2)
COUNTS = {
    # windows: 3 down (rows −1, 1, 3 of 5), 4 across (6 − 2·1)
    "convolution": (CONVOLUTION, [(2, 2, 5, 6)], {"macs": 2 * 3 * 4 * 6 * 3 * 2 * 1}),
    "transposed convolution": (
        brute.transposed_convolution(2, 4, (3, 3), (2, 2), (1, 1), (1, 1), (1, 1), 2),
        [(1, 2, 4, 5)],
        {"macs": 4 * 5 * 2 * (4 // 2) * 3 * 3},
    ),
    "linear": (brute.linear(5, 3), [(2, 4, 5)], {"macs": 2 * 4 * 5 * 3}),
    "matrix product": (brute.einsum("ij,jk->ik"), [(2, 3), (3, 4)], {"macs": 2 * 3 * 4}),
    "attention": (
        brute.attention(),
        [(1, 2, 3, 4), (1, 2, 5, 4), (1, 2, 5, 6)],
        {
            "macs": 2 * (3 * 4 * 5 + 3 * 5 * 6),
            "multiplications": 2 * 3 * 5,
            "comparisons": 2 * 3 * 5,
            "additions": 2 * 3 * 5 * 2,
            "specials": 2 * 3 * 5,
            "divisions": 2 * 3 * 5,
        },
    ),
    "max pooling": (
        brute.max_pooling((3, 3), (2, 2), (1, 1), (1, 1)),
        [(1, 2, 6, 6)],
        {"comparisons": 3 * 3 * 2 * 3 * 3},
    ),
    "max pooling, ceil_mode": (
        brute.max_pooling((2, 2), (2, 2), (0, 0), (1, 1), ceil=True),
        [(1, 2, 5, 5)],
        {"comparisons": 3 * 3 * 2 * 2 * 2},
    ),
    "average pooling": (
        brute.average_pooling((2, 2), (2, 2), (0, 0)),
        [(1, 3, 4, 4)],
        {"multiplications": 2 * 2 * 3 * 2 * 2, "additions": 2 * 2 * 3 * 2 * 2},
    ),
    # 5 into 3: windows of 2, 3 and 2
    "adaptive pooling": (
        brute.adaptive_pooling((3,), brute.averaged),
        [(1, 1, 5)],
        {"multiplications": 2 + 3 + 2, "additions": 2 + 3 + 2},
    ),
    "batch norm": (
        brute.batch_norm(3),
        [(2, 3, 4)],
        {"additions": 2 * 24, "divisions": 24, "multiplications": 24},
    ),
    # a step each: mean and (a sum of) squares; then normalize, scale
    "batch norm in training": (
        brute.batch_norm(3, train=True),
        [(2, 3, 4)],
        {"additions": 24, "divisions": 24, "multiplications": 2 * 24},
    ),
    "softmax": (
        brute.softmax(1),
        [(2, 7)],
        {"comparisons": 14, "additions": 2 * 14, "specials": 14, "divisions": 14},
    ),
    "LSTM": (
        brute.recurrent("LSTM", 5, 3),
        [(4, 2, 5)],
        {
            "macs": 4 * 2 * 4 * 3 * (5 + 3),
            "additions": 24 * (4 + 3 * 2 + 2 * 2 + 1),
            "multiplications": 24 * (2 + 3),
            "specials": 24 * 5,
            "divisions": 24 * 5,
        },
    ),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_tally_counts_what_can_be_counted_by_hand(name):
    """The operations of a small layer, class by class, are the products written out here and no others."""
    layer, sizes, expected = COUNTS[name]
    tally = Tally()
    layer.run(tally, *(brute.tensor(size, "input") for size in sizes))
    assert {key: count for key, count in vars(tally).items() if count} == expected


FLOPS_OF_ONE = {
    "relu": 1,
    "leaky_relu": 2,
    "sigmoid": 4,
    "tanh": 5,
    "silu": 5,
    "hardsigmoid": 4,
    "hardswish": 5,
    "gelu": 5,
    "gelu_tanh": 10,
    "elu": 4,
    "selu": 5,
    "celu": 5,
    "softplus": 3,
    "mish": 9,
    "logsigmoid": 5,
    "softsign": 3,
}


@pytest.mark.parametrize(("name", "flops"), FLOPS_OF_ONE.items())
@pytest.mark.parametrize("value", [-0.7, 0.0, 0.7])
def test_an_activation_costs_the_operations_of_its_definition(name, flops, value):
    """An element costs the same on every branch."""
    tally = Tally()
    getattr(brute, name)(tally, value)
    assert tally.flops == flops


RECURRENT_GATES = {"tanh": 1 + 5, "relu": 1 + 1, "LSTM": 4 + 3 * 4 + 2 * 5 + 3 + 1, "GRU": 2 + 2 * 4 + 1 + 1 + 5 + 4}


@pytest.mark.parametrize(("kind", "flops"), RECURRENT_GATES.items())
def test_the_gates_of_a_cell_cost_the_operations_of_their_definition(kind, flops):
    """For each hidden unit and step, beside the matrix products."""
    tally = Tally()
    brute.recurrent(kind, 2, 3).run(tally, brute.tensor((4, 1, 2), "input"))
    assert tally.flops - 2 * tally.macs == 4 * 3 * flops


@pytest.mark.parametrize(
    ("mode", "axes", "flops"),
    [("nearest", 2, 0), ("linear", 1, 2 + 1), ("linear", 2, 4 + 3), ("linear", 3, 8 + 7), ("cubic", 2, 16 + 15)],
)
def test_an_interpolated_value_costs_its_products_and_sums(mode, axes, flops):
    """For each output; the weights are constants."""
    tally = Tally()
    brute.upsampling((3,) * axes, mode).run(tally, brute.tensor((1, 1, *(2,) * axes), "input"))
    assert tally.flops == 3**axes * flops


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm_costs_its_window_and_four_more(size):
    """For each element: a square and a sum for each channel; then multiply, add, power, divide."""
    tally = Tally()
    brute.local_response_norm(size, 1e-4, 0.75, 2.0).run(tally, brute.tensor((1, 3, 2), "input"))
    assert tally.flops == 3 * 2 * (2 * size + 4)


@pytest.mark.parametrize(("train", "flops"), [(False, 0), (True, 2 * 3 * 4)], ids=["in evaluation", "in training"])
def test_dropout_costs_its_mask_and_scale_in_training_only(train, flops):
    """Two for each element, or nothing."""
    tally = Tally()
    brute.dropout(0.5, train=train).run(tally, brute.tensor((3, 4), "input"))
    assert tally.flops == flops


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    length=st.integers(1, 40),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 5),
    padding=st.integers(0, 5),
    dilation=st.integers(1, 4),
)
def test_stepping_a_window_gives_the_textbooks_output_size(length, kernel, stride, padding, dilation):
    """A window stops at ⌊(H + 2P − D·(K − 1) − 1)/S⌋ + 1 places, at none if it is longer than the line."""
    steps = brute.windows(length, kernel, stride, (padding, padding), dilation)
    assert len(steps) == max(0, (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1)
