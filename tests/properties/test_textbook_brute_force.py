"""What nbcnncost says a layer costs is what happens when its definition is executed, operation by operation."""

from __future__ import annotations

from typing import Any

import brute_force as brute
import pytest
import torch
from brute_force import Tally
from hypothesis import HealthCheck, given, settings
from twin_layers import KINDS, Twin, twins

from nbcnncost import cost

MODEST = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def counted(twin: Twin) -> dict[str, Any]:
    """What nbcnncost finds out without computing anything."""
    data = tuple(torch.tensor(values) for values in twin.inputs)
    report = cost(twin.layer, input_data=data, mode="train" if twin.train else "eval")
    total, last = report.total, [row for row in report.rows if row.role != "unused"][-1]
    return {
        "flops": total.flops,
        "macs": total.macs,
        "params": total.params,
        "unknown": total.unknown,
        "output": last.outputs[0].shape,
    }


def executed(twin: Twin) -> dict[str, Any]:
    """What the loops did."""
    tally = Tally()
    output = twin.loops.run(tally, *twin.inputs)
    return {
        "flops": tally.flops,
        "macs": tally.macs,
        "params": twin.loops.params,
        "unknown": 0,
        "output": brute.shape(output),
    }


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("examples", [8, pytest.param(25, marks=pytest.mark.slow)])
def test_the_textbook_count_is_what_the_loops_do(kind, examples):
    """FLOPs, MACs, parameters and output size of every kind of layer are those of the executed definition."""

    @settings(MODEST, max_examples=examples)
    @given(twin=twins(kind))
    def check(twin: Twin) -> None:
        assert counted(twin) == executed(twin)

    check()
