"""What torchprofile's graph has and no trace: its exceptions, each by exactly the number that the table gives."""

from __future__ import annotations

import pytest
from figures import recorded
from probes import PROBES
from run_torchprofile import SHAPE_PRODUCTS, UNUSED, VERSION
from runners import ALL

import nbcnncost

FIGURES = recorded("torchprofile")
BEYOND = {**SHAPE_PRODUCTS, **{name: -number for name, number in UNUSED.items()}}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in PROBES else pytest.mark.slow) for name in BEYOND]
)
def test_difference_is_what_the_table_says(name):
    """Our number and the tool's differ by the products of shape numbers, or by the unused results, and nothing else."""
    report = nbcnncost.cost(ALL[name].model(), input_data=ALL[name].inputs(), mode="same")
    assert FIGURES[name].total == report.counted_as("torchprofile").total.count + BEYOND[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shape product", "vit_b_32", "swin_t"])
def test_graph_has_as_many_products_of_shape_numbers(name):
    """Single numbers that are multiplied in the tool's own graph: those of the table and of attention's own code."""
    pytest.importorskip("torchprofile", reason=f"torchprofile {VERSION} is not installed")
    from torchprofile import profile_macs

    probe = ALL[name]
    nodes = profile_macs(probe.model(), probe.inputs(), reduction=None)
    found = sum(
        number for node, number in nodes.items() if node.operator == "aten::mul" and node.outputs[0].shape == []
    )
    parts = nbcnncost.conventions.convention("torchprofile").hears(
        nbcnncost.trace(probe.model(), input_data=probe.inputs())
    )
    assert found == SHAPE_PRODUCTS[name] + sum(part.number for part in parts if part.fault == "shapes")
