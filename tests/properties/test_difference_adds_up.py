"""Differences add up exactly, whatever two nets are compared."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from nbcnncost import cost
from nbcnncost.entries import NUMBERS

LAYERS = st.one_of(
    st.sampled_from([1, 3, 5]).map(lambda kernel: nn.Conv2d(2, 2, kernel, padding=kernel // 2)),
    st.just(None).map(lambda _: nn.BatchNorm2d(2)),
    st.just(None).map(lambda _: nn.ReLU()),
    st.just(None).map(lambda _: nn.AvgPool2d(3, stride=1, padding=1)),
)


def sequences(layers):
    """Sequences of up to five layers, numbered or named."""
    numbered = st.lists(layers, min_size=1, max_size=5).map(lambda inside: nn.Sequential(*inside))
    named = st.dictionaries(st.sampled_from("abcde"), layers, min_size=1, max_size=5)
    return numbered | named.map(lambda inside: nn.Sequential(OrderedDict(inside)))


NETS = sequences(LAYERS | sequences(LAYERS))
SIZES = st.sampled_from([(1, 2, 4, 4), (2, 2, 6, 6)])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NETS, NETS, SIZES, SIZES, st.sampled_from([None, 1, 2]))
def test_differences_add_up(one, other, size, other_size, depth):
    """Every layer of both nets is in one entry; the differences sum to that of the totals, and forth is back."""
    before, after = cost(one, size), cost(other, other_size)
    difference, back = before.diff(after, depth=depth), after.diff(before, depth=depth)
    for side, report in (("before", before), ("after", after)):
        rows = [getattr(entry, side) for entry in difference.entries if getattr(entry, side) is not None]
        assert sorted(row.path for row in rows) == sorted(row.path for row in report.tree(depth) if row.is_leaf)
    for name in NUMBERS:
        whole = getattr(after.total, name) - getattr(before.total, name)
        assert sum(entry.difference(name) for entry in difference.entries) == whole
        assert sum(entry.difference(name) for entry in back.entries) == -whole
        assert difference.total.difference(name) == whole
    assert repr(difference) == repr(before.diff(after, depth=depth))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NETS)
def test_a_net_is_its_own_like(net):
    """Compared with itself every layer is the same."""
    report = cost(net, (1, 2, 4, 4))
    assert {entry.kind for entry in report.diff(report).entries} == {"same"}
