"""The aten backend of ptflops has numbers for a model's children and none below: those it has are ours."""

from __future__ import annotations

import pytest
from figures import recorded
from probes import CLASSIFICATION, PROBES, SEGMENTATION, VIDEO
from run_ptflops_aten import DEEP

import nbcnncost

ALL = {**PROBES, **CLASSIFICATION, **SEGMENTATION, **VIDEO}
FIGURES = recorded("ptflops_aten")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", [name for name in DEEP if name in ALL])
def test_children_count_as_ptflops_prints_them(name):
    """Each child's row is the number printed for it, and there is no other child that counts."""
    report = nbcnncost.cost(ALL[name].model(), input_data=ALL[name].inputs(), mode="same").counted_as("ptflops_aten")
    rows = [row for row in report.tree() if row.role in ("layer", "module") and row.path and "." not in row.path]
    assert {row.path: row.count for row in rows if row.count} == FIGURES[name].layers
