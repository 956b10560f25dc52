"""Kinds beyond a CNN's everyday layers: their loops compute what torch computes, and nbcnncost counts what they do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from brute_force import Tally
from family_cases import CASES, Case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbcnncost import cost
from nbcnncost.families import complex_numbers, linear_algebra, losses, pairs, pointwise, reductions, sampling

FAMILIES = (complex_numbers, linear_algebra, losses, pairs, pointwise, reductions, sampling)

MODEST = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def drawn(name: str) -> st.SearchStrategy[Case]:
    """Cases of this kind."""

    @st.composite
    def case(draw: Any) -> Case:
        return CASES[name](draw)

    return case()


@pytest.mark.parametrize("name", CASES)
@MODEST
@given(data=st.data())
def test_the_count_is_what_the_loops_do_that_compute_what_torch_computes(name, data):
    """Values first, in double precision; then FLOPs and MACs, and nothing unknown."""
    case = data.draw(drawn(name))
    tally = Tally()
    output = torch.tensor(case.loops(tally, *(tensor.tolist() for tensor in case.inputs)))
    with torch.no_grad():
        expected = case.model(*case.inputs)
    torch.testing.assert_close(output.to(expected.dtype), expected, rtol=1e-7, atol=1e-7)
    total = cost(case.model, input_data=case.inputs).total
    assert (total.flops, total.macs, total.unknown) == (tally.flops, tally.macs, 0)


@pytest.mark.parametrize("name", CASES)
@settings(parent=MODEST, max_examples=2)
@given(data=st.data())
def test_a_run_for_real_records_the_same(name, data):
    """Kinds and dimensions on tensors without values are those of a run with values."""
    case = data.draw(drawn(name))
    counted, real = (cost(case.model, input_data=case.inputs, execute=execute).trace for execute in (False, True))
    computing = [[(op.kind, op.dims) for op in trace.ops if op.dims] for trace in (counted, real)]
    assert computing[0] == computing[1]


#: Compared elsewhere: `test_coverage.py` has the overlaps of boxes, the merging of sorted halves, the search in them.
ELSEWHERE = {"nms", "sort", "search"}


@pytest.mark.slow
def test_every_kind_of_the_families_has_a_case():
    """No formula stands in the table without loops beside it."""
    seen = set()
    for name in CASES:

        @settings(parent=MODEST, max_examples=6, database=None)
        @given(case=drawn(name))
        def look(case):
            seen.update(op.kind for op in cost(case.model, input_data=case.inputs).trace.ops)

        look()
    kinds = {entry.kind for family in FAMILIES for entry in family.FORMULAS}
    assert kinds - seen == ELSEWHERE
