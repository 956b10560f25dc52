"""What an einsum costs by numpy's rules, against numpy itself, as fvcore asks it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbcnncost.conventions.einsum import Einsum, einsum_of, numpy_cost
from nbcnncost.records import FunctionCall, TensorSpec

LETTERS = "abcdef"


@st.composite
def einsums(draw):
    """Up to four operands, with an explicit result or without, some of them with dots."""
    sizes = {letter: draw(st.integers(1, 9)) for letter in LETTERS}
    terms = draw(
        st.lists(st.lists(st.sampled_from(LETTERS), min_size=1, max_size=4, unique=True), min_size=1, max_size=4)
    )
    dots = draw(st.lists(st.integers(1, 5), max_size=2))
    every = sorted({letter for term in terms for letter in term})
    left = ",".join("".join(term) + "..." * bool(dots) for term in terms)
    shapes = tuple((*(sizes[letter] for letter in term), *dots) for term in terms)
    result = "->" + "".join(draw(st.lists(st.sampled_from(every), unique=True))) + "..." * bool(dots)
    return Einsum(left + draw(st.sampled_from(["", result])), shapes)


@settings(max_examples=200, deadline=None)
@given(einsums())
def test_cost_is_numpys(einsum):
    """The estimate is the one that numpy prints, before it is rounded to four digits."""
    said = np.einsum_path(einsum.equation, *map(np.empty, einsum.shapes), optimize="optimal")[1]
    printed = re.search(r"Optimized FLOP count:\s+(\S+)", said)
    assert printed is not None
    assert f"{numpy_cost(einsum) + 1:.3e}" == printed[1]


@pytest.mark.parametrize(
    ("args", "equation"),
    [
        (("ij, jk -> ik", TensorSpec((2, 3)), TensorSpec((3, 4))), "ij,jk->ik"),
        (("ij,jk", (TensorSpec((2, 3)), TensorSpec((3, 4)))), "ij,jk"),
        ((TensorSpec((2, 3)), (0, 1), TensorSpec((3, 4)), (1, 2), (0, 2)), "ab,bc->ac"),
        ((TensorSpec((2, 3)), (0, 1), TensorSpec((3, 4)), (1, 2)), "ab,bc"),
    ],
)
def test_an_einsum_is_read_in_each_way_of_writing_it(args, equation):
    """Operands one by one or in a list, indices as letters or as lists of numbers."""
    assert einsum_of(FunctionCall("torch.einsum", 0, 0, 1, args)) == Einsum(equation, ((2, 3), (3, 4)))


def test_letters_do_not_matter():
    """Equations that differ in their letters alone are one."""
    assert Einsum("bij,bik->bjk", ()).renamed == "abc,abd->acd"
