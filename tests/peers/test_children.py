"""The aten backend of ptflops has numbers for a model's children and none below: those it has are ours."""

from __future__ import annotations

import pytest
from figures import recorded
from run_ptflops_aten import DEEP
from runners import ALL

import nbcnncost

FIGURES = recorded("ptflops_aten")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_children_count_as_ptflops_prints_them(name):
    """Each child's row is the number printed for it; a layer that the forward makes is no child."""
    report = nbcnncost.cost(ALL[name].model(), input_data=ALL[name].inputs(), mode="same").counted_as("ptflops_aten")
    children = {
        path for module in report.trace.modules for path in module.paths if path.isidentifier() or path.isdigit()
    }
    counted = {row.path: row.count for row in report.tree() if row.path in children and row.count}
    assert counted == FIGURES[name].layers
