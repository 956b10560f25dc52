"""What a report answers: rows, tree, totals, single layers, what has no rule, and its exports; numbers by hand."""

from __future__ import annotations

import copy
import csv
import io
import json
import pickle
import warnings
from dataclasses import FrozenInstanceError, fields
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from nbconvert.filters import markdown2html
from torch import Tensor, nn

import nbcnncost
from nbcnncost import CostError, Report, UncountedOpWarning, conventions, cost
from nbcnncost.records import TensorSpec
from nbcnncost.report import Row
from nbcnncost.tracing import attempt as attempts
from nbcnncost.units import exact, shapes_text
from nbcnncost.views.charts import Chart

NUMBERS = ("params", "trainable", "macs", "flops", "count")
DEPTHS = (1, 2, 3, 4, 9, None)


class Block(nn.Module):
    """Functions of its own around one layer: relu, conv, add, relu."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(F.relu(x)) + x)


class Net(nn.Module):
    """A frozen stem, a ModuleList whose second block runs twice, a layer and a parameter that nothing uses."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
        self.blocks = nn.ModuleList([Block(), Block()])
        self.fc = nn.Linear(32, 3)
        self.spare = nn.Linear(5, 5)
        self.offset = nn.Parameter(torch.zeros(7))
        self.stem.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.blocks
        return self.fc(second(second(first(self.stem(x)))).flatten(1))


class Spectral(nn.Module):
    """Two factorizations that no rule knows, one in the root and one in a block, between what is known."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.mix = Triangular()

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(torch.linalg.qr(self.fc(x)).R.abs()).abs()


class Triangular(nn.Module):
    """A leaf that is unknown altogether."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.qr(x).R


def net() -> Report:
    """The report of the net on an image of 6×6, which the stem makes 2×4×4."""
    return cost(Net(), (1, 1, 6, 6))


def spectral(**options: Any) -> Report:
    """The report of the net with factorizations, its warning heard."""
    with pytest.warns(UncountedOpWarning):
        return cost(Spectral(), (2, 4), **options)


def tiny() -> Report:
    """A convolution and a ReLU with names of their own."""
    model = nn.Sequential()
    model.add_module("conv", nn.Conv2d(1, 4, 3, bias=False))
    model.add_module("relu", nn.ReLU())
    return cost(model, (1, 1, 6, 6))


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "a|b",
    "50% off",
    "a\\b",
    "`c`",
    "[d](e)",
    "f&g",
    "{h}",
    "i~j^k",
    "l\n\nm",
    "#n",
    "\N{OHM SIGN} \N{CJK UNIFIED IDEOGRAPH-8D64}",
)


def hostile(*names: str) -> Report:
    """A layer for each of these names."""
    model = nn.Sequential()
    for name in names:
        model.add_module(name, nn.Linear(2, 2, bias=False))
    return cost(model, (1, 2))


# Rows.

CONV = 16 * 2 * 2 * 9  # 4×4 positions, 2→2 channels, 3×3
MAP = 2 * 4 * 4  # elements of the map that a block works on

# path, role, parameters, MACs, FLOPs
ROWS = [
    ("stem.0", "layer", 2 * 9 + 2, 16 * 2 * 9, 2 * 16 * 2 * 9),
    ("stem.1", "layer", 0, 0, MAP),
    ("blocks.0.relu()", "function", 0, 0, MAP),
    ("blocks.0.conv", "layer", 36, CONV, 2 * CONV),
    ("blocks.0.add()", "function", 0, 0, MAP),
    ("blocks.0.relu()#2", "function", 0, 0, MAP),
    ("blocks.1.relu()", "function", 0, 0, MAP),
    ("blocks.1.conv", "layer", 36, CONV, 2 * CONV),
    ("blocks.1.add()", "function", 0, 0, MAP),
    ("blocks.1.relu()#2", "function", 0, 0, MAP),
    ("blocks.1.relu()", "function", 0, 0, MAP),
    ("blocks.1.conv", "layer", 0, CONV, 2 * CONV),
    ("blocks.1.add()", "function", 0, 0, MAP),
    ("blocks.1.relu()#2", "function", 0, 0, MAP),
    ("flatten()", "function", 0, 0, 0),
    ("fc", "layer", 32 * 3 + 3, 32 * 3, 2 * 32 * 3),
    ("offset", "unused", 7, 0, 0),
    ("spare", "unused", 5 * 5 + 5, 0, 0),
]
TOTAL = tuple(sum(entry[place] for entry in ROWS) for place in (2, 3, 4))


def test_rows_stand_in_call_order_with_functions_between() -> None:
    """Layers and the functions of containers as they ran, the parameters that nothing used last."""
    assert [(row.path, row.role, row.params, row.macs, row.flops) for row in net().rows] == ROWS


def test_the_total_is_the_sum_of_the_rows() -> None:
    """20 + 2·36 + 99 + 30 + 7 parameters, 288 + 3·576 + 96 MACs."""
    total = net().total
    assert TOTAL == (20 + 2 * 36 + 99 + 30 + 7, 288 + 3 * CONV + 96, 2 * (288 + 3 * CONV + 96) + 10 * MAP)
    assert (total.params, total.macs, total.flops) == TOTAL
    assert (total.path, total.name, total.role, total.is_leaf) == ("", "Net", "total", False)


def test_frozen_parameters_are_told_apart_in_the_total() -> None:
    """The stem's 20 parameters are frozen; frozen and trainable make up all."""
    report = net()
    assert (report.total.trainable, report.total.frozen) == (TOTAL[0] - 20, 20)
    assert [(row.path, row.frozen) for row in report.rows if row.frozen] == [("stem.0", 20)]
    assert (report["stem"].trainable, report["stem"].frozen) == (0, 20)


def test_unused_modules_and_parameters_are_in_the_total() -> None:
    """What nothing used has no calls and no work, and its parameters count all the same."""
    unused = [row for row in net().rows if row.role == "unused"]
    assert [(row.path, row.type, row.params, row.calls, row.count) for row in unused] == [
        ("offset", "Net", 7, 0, 0),
        ("spare", "Linear", 30, 0, 0),
    ]
    assert all(row.inputs == row.outputs == () for row in unused)


def test_a_row_knows_what_goes_in_and_comes_out() -> None:
    """Shapes with dtypes, of layers and functions alike."""
    report = net()
    assert report["stem.0"].inputs == (TensorSpec((1, 1, 6, 6)),)
    assert report["stem.0"].outputs == (TensorSpec((1, 2, 4, 4)),)
    assert report["blocks.0.add()"].inputs == (TensorSpec((1, 2, 4, 4)), TensorSpec((1, 2, 4, 4)))
    assert report["flatten()"].outputs == (TensorSpec((1, 32)),)
    assert report["blocks.0"].inputs == report["blocks.0"].outputs == (TensorSpec((1, 2, 4, 4)),)


@pytest.mark.parametrize(
    ("layer", "row"),
    [
        (nn.Linear(4, 3), ("", "Linear", "layer", 15, 12)),
        (nn.ReLU(), ("", "ReLU", "layer", 0, 0)),
        (nn.Sequential(), ("", "Sequential", "layer", 0, 0)),
    ],
    ids=["Linear", "ReLU", "empty"],
)
def test_a_single_layer_is_one_row_at_every_depth(layer: nn.Module, row: tuple[Any, ...]) -> None:
    """Where the model is one layer, rows, tree and total say the same."""
    report = cost(layer, (1, 4))
    for rows in (report.rows, *(report.tree(depth) for depth in DEPTHS)):
        assert [(entry.path, entry.name, entry.role, entry.params, entry.macs) for entry in rows] == [row]
    assert [getattr(report.total, name) for name in NUMBERS] == [getattr(report.rows[0], name) for name in NUMBERS]


# The tree.


def models() -> dict[str, Report]:
    """Reports of several depths: flat, nested, shared, with something unknown."""
    return {
        "net": net(),
        "wrapped": cost(nn.Sequential(nn.Sequential(Net()), nn.ReLU()), (1, 1, 6, 6)),
        "shared": cost(nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU())] * 3), (1, 4)),
        "unknown": spectral(),
        "macs": net().counted_as("macs"),
    }


@pytest.mark.parametrize("name", ["net", "wrapped", "shared", "unknown", "macs"])
def test_leaves_add_up_to_the_total_at_every_depth(name: str) -> None:
    """Whatever is folded, nothing is lost and nothing stands twice."""
    report = models()[name]
    for depth in DEPTHS:
        leaves = [row for row in report.tree(depth) if row.is_leaf]
        for key in (*NUMBERS, "unknown"):
            assert sum(getattr(row, key) or 0 for row in leaves) == getattr(report.total, key)


@pytest.mark.parametrize("name", ["net", "wrapped", "shared", "unknown", "macs"])
def test_a_container_is_the_sum_of_what_follows_it(name: str) -> None:
    """Each container's row equals the sum of the leaves below it, up to the next row that is not inside."""
    rows = models()[name].tree()
    containers = [place for place, row in enumerate(rows) if row.role == "module"]
    assert containers or name == "unknown"
    for place in containers:
        inside = []
        for row in rows[place + 1 :]:
            if row.depth <= rows[place].depth:
                break
            inside.append(row)
        for key in NUMBERS:
            assert getattr(rows[place], key) == sum(getattr(row, key) for row in inside if row.is_leaf)


# depth, the paths of the tree; a container that is shown open is marked with a plus
TREES = [
    (1, ["stem", "blocks.0", "blocks.1", "blocks.1", "flatten()", "fc", "offset", "spare"]),
    (
        2,
        [
            *("+stem", "stem.0", "stem.1"),
            *("+blocks.0", "blocks.0.relu()", "blocks.0.conv", "blocks.0.add()", "blocks.0.relu()#2"),
            *("+blocks.1", "blocks.1.relu()", "blocks.1.conv", "blocks.1.add()", "blocks.1.relu()#2") * 2,
            *("flatten()", "fc", "offset", "spare"),
        ],
    ),
]


@pytest.mark.parametrize(("depth", "paths"), TREES, ids=[1, 2])
def test_the_tree_is_folded_below_its_depth(depth: int, paths: list[str]) -> None:
    """A ModuleList, which never runs, is no level of its own: its blocks stand at the depth of their caller."""
    assert [("" if row.is_leaf else "+") + row.path for row in net().tree(depth)] == paths


def test_names_in_the_tree_are_short() -> None:
    """A row's name is its path below its container: the list's name stays with the block."""
    names = [(row.name, row.depth) for row in net().tree() if row.path.startswith("blocks.0")]
    assert names == [("blocks.0", 1), ("relu()", 2), ("conv", 2), ("add()", 2), ("relu()#2", 2)]


def test_the_deepest_tree_holds_the_rows() -> None:
    """Without a depth the leaves of the tree are the rows; a depth beyond the deepest changes nothing."""
    report = net()
    assert tuple(row for row in report.tree() if row.is_leaf) == report.rows
    assert report.tree(99) == report.tree()


@pytest.mark.parametrize("depth", [0, -1])
def test_a_depth_below_one_is_refused(depth: int) -> None:
    """The whole network is the total; a tree begins with depth 1."""
    with pytest.raises(CostError, match=f"^depth is at least 1, not {depth}$"):
        net().tree(depth)


# Sums by type.


def test_sums_by_type() -> None:
    """One row a type, the costliest first, those that cost nothing by their parameters."""
    assert [(row.type, row.role, row.calls, row.params, row.flops) for row in net().by_type()] == [
        ("Conv2d", "type", 4, 20 + 36 + 36, 2 * (288 + 3 * CONV)),
        ("Linear", "type", 2, 99 + 30, 2 * 96),
        ("relu", "type", 6, 0, 6 * MAP),
        ("add", "type", 3, 0, 3 * MAP),
        ("ReLU", "type", 1, 0, MAP),
        ("Net", "type", 1, 7, 0),
        ("flatten", "type", 1, 0, 0),
    ]


@pytest.mark.parametrize("name", ["net", "unknown", "macs"])
def test_sums_by_type_add_up(name: str) -> None:
    """All types together are the total."""
    report = models()[name]
    for key in (*NUMBERS, "unknown"):
        assert sum(getattr(row, key) or 0 for row in report.by_type()) == getattr(report.total, key)


# One layer.

# path, role, calls, parameters, MACs, FLOPs
FOUND = [
    ("stem.0", "layer", 1, 20, 288, 576),
    ("stem", "module", 1, 20, 288, 576 + MAP),
    ("blocks.0", "module", 1, 36, CONV, 2 * CONV + 3 * MAP),
    ("blocks.1.conv", "layer", 2, 36, 2 * CONV, 4 * CONV),
    ("blocks.1", "module", 2, 36, 2 * CONV, 2 * (2 * CONV + 3 * MAP)),
    ("blocks.0.add()", "function", 1, 0, 0, MAP),
    ("blocks.0.relu()#2", "function", 1, 0, 0, MAP),
    ("flatten()", "function", 1, 0, 0, 0),
    ("spare", "unused", 0, 30, 0, 0),
    ("offset", "unused", 0, 7, 0, 0),
]


@pytest.mark.parametrize(("path", "role", "calls", "params", "macs", "flops"), FOUND, ids=[row[0] for row in FOUND])
def test_a_row_by_its_path(path: str, role: str, calls: int, params: int, macs: int, flops: int) -> None:
    """Layers, containers, functions and unused parameters; several calls are summed, parameters once."""
    row = net()[path]
    assert (row.path, row.role, row.calls) == (path, role, calls)
    assert (row.params, row.macs, row.flops) == (params, macs, flops)


def test_a_function_that_runs_in_several_calls_is_summed() -> None:
    """The second block ran twice, and so did its relu."""
    assert net()["blocks.1.relu()"].flops == 2 * MAP


def test_the_empty_path_is_the_total() -> None:
    """The root has no name."""
    report = net()
    assert report[""] == report.total


# what was asked, what is proposed
WRONG = [
    ("blocks.0.cnv", "blocks.0.conv"),
    ("fcc", "fc"),
    ("stem.2", "stem.0"),
    ("blocks.0.relu", "blocks.0.relu()"),
    ("blocks", "blocks.0"),
    ("spair", "spare"),
]


@pytest.mark.parametrize(("path", "near"), WRONG, ids=[path for path, _ in WRONG])
def test_a_wrong_path_names_close_ones(path: str, near: str) -> None:
    """A layer that does not exist is answered with those that look like it, each named once."""
    with pytest.raises(CostError) as caught:
        net()[path]
    message, proposed = str(caught.value).split("; close to it: ")
    assert message == f"Net has no layer {path!r} in this report"
    names = proposed.split(", ")
    assert near in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", ["zzz", 5, None])
def test_a_path_that_is_like_none(path: Any) -> None:
    """Where nothing is close, nothing is proposed."""
    with pytest.raises(CostError) as caught:
        net()[path]
    assert str(caught.value) == f"Net has no layer {path!r} in this report"


# What no rule knows.


def test_an_operation_without_a_rule_is_listed() -> None:
    """The factorization by its name in torch and in Python, how often, where, and why nothing is known of it."""
    (entry,) = spectral().uncounted
    assert (entry.op, entry.function, entry.count) == ("aten.linalg_qr.default", "linalg_qr", 2)
    assert entry.reason == "its count depends on the routine that a device has for it"
    assert entry.paths == ("linalg_qr()", "mix")


def test_unknown_rows_show_none() -> None:
    """A row of which nothing is known says None, not 0; its neighbours are counted."""
    rows = {row.path: (row.macs, row.flops, row.count, row.unknown) for row in spectral().rows}
    assert rows == {
        "fc": (2 * 4 * 4, 2 * 2 * 4 * 4, 2 * 2 * 4 * 4, 0),
        "linalg_qr()": (None, None, None, 1),
        "abs()": (0, 8, 8, 0),
        "mix": (None, None, None, 1),
        "abs()#2": (0, 8, 8, 0),
    }


def test_the_total_is_what_is_known() -> None:
    """A lower bound: 32 MACs and two times 8 absolute values, with 2 operations unknown."""
    total = spectral().total
    assert (total.macs, total.flops, total.unknown) == (32, 2 * 32 + 2 * 8, 2)


def test_a_model_of_which_nothing_is_known_has_no_total() -> None:
    """Where nothing at all is known the total is None."""
    with pytest.warns(UncountedOpWarning):
        report = cost(Triangular(), (2, 4))
    assert (report.total.macs, report.total.flops, report.total.count, report.total.unknown) == (None, None, None, 1)


def test_there_is_one_warning_for_all() -> None:
    """cost() warns once, however many operations it does not know; re-counting does not warn again."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        report = cost(Spectral(), (2, 4))
        report.counted_as("macs")
        repr(report)
    (warning,) = heard
    assert warning.category is UncountedOpWarning
    expected = (
        "2 operations of Spectral without a rule, left out of the totals: "
        "linalg_qr (its count depends on the routine that a device has for it); "
        "see report.uncounted, or give a rule: textbook.with_rules({'linalg_qr': '2 * n'})"
    )
    assert str(warning.message) == expected


def test_a_known_model_has_no_warning_and_nothing_uncounted() -> None:
    """No rule missing, no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert net().uncounted == ()


@pytest.mark.parametrize("name", ["linalg_qr", "aten.linalg_qr"])
def test_a_rule_of_the_users_fills_the_gap(name: str) -> None:
    """With a rule nothing is unknown: 5 operations on each of the 2·2 + 2·4 elements that come out, twice."""
    report = spectral().counted_as(conventions.textbook.with_rules({name: 5}))
    assert (report.uncounted, report.total.unknown) == ((), 0)
    assert report.total.flops == 2 * 32 + 2 * 8 + 2 * 5 * (2 * 2 + 2 * 4)


def test_coverage_says_what_was_counted() -> None:
    """One line: each kind of operation, those that are zero by rule, those without a rule."""
    assert net().coverage == (
        "7 ReLU, 4 convolutions, 3 add, 1 fully connected layer, 1 data movement (0 by rule); none without a rule"
    )
    ending = "; 2 operations with no rule: linalg_qr"
    assert spectral().coverage.endswith(ending)
    assert cost(nn.Sequential(), (1, 4)).coverage == "no operations; none without a rule"


# Another convention, another look.


def test_counting_anew_does_not_trace_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same trace and the same layout, counted in another convention without a run."""

    def fail(*inputs: Any, **options: Any) -> None:
        raise AssertionError("the model ran again")

    report = net()
    for name in ("run", "trace_model"):
        monkeypatch.setattr(attempts, name, fail)
    other = report.counted_as("macs")
    assert other.trace is report.trace
    assert other._root is report._root
    assert (other.unit, other.convention.name) == ("MACs", "macs")
    assert (other.total.count, other.total.macs, other.total.flops) == (TOTAL[1], TOTAL[1], TOTAL[2])
    assert (report.unit, report.total.count) == ("FLOPs", TOTAL[2])


def test_counting_there_and_back() -> None:
    """A report counted in another convention and back is what it was."""
    report = net()
    assert report.counted_as("macs").counted_as("textbook") == report
    assert report.counted_as(report.convention) == report


def test_counting_anew_keeps_the_look() -> None:
    """How a report shows itself does not depend on what it counts."""
    report = net().with_look(depth=1, sort="params")
    assert report.counted_as("macs").look == report.look


# options, the sentence
WRONG_LOOKS = [
    ({"depth": 0}, "depth is at least 1, not 0"),
    ({"top": 0}, "top is at least 1, not 0"),
    ({"top": -3}, "top is at least 1, not -3"),
    ({"view": "pie"}, "there is no view 'pie'; there are: table, chart, both"),
    ({"columns": ["flop"]}, "there is no column 'flop'; there are: type, input, "),
    ({"sort": "name"}, "cannot sort by 'name'; a table sorts by: "),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG_LOOKS, ids=[next(iter(entry[0])) for entry in WRONG_LOOKS])
def test_a_look_that_does_not_exist(options: dict[str, Any], sentence: str) -> None:
    """Each option that cannot be is refused when it is given, in one sentence."""
    with pytest.raises(CostError) as caught:
        net().with_look(**options)
    assert str(caught.value).startswith(sentence)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_look_changes_the_display_and_nothing_else() -> None:
    """The same numbers shown otherwise; the report it was made from is as it was."""
    report = net()
    before = repr(report)
    looked = report.with_look(top=2, sort="params", columns=("params",))
    assert (looked.rows, looked.total) == (report.rows, report.total)
    assert repr(looked) != before
    assert repr(report) == before


@pytest.mark.parametrize(("view", "table", "chart"), [("table", 1, 0), ("chart", 0, 1), ("both", 1, 1)])
def test_the_view_is_a_table_a_chart_or_both(view: str, table: int, chart: int) -> None:
    """What stands in the HTML; the text beside it is the table always."""
    bundle = net().with_look(view=view)._repr_mimebundle_()
    assert (bundle["text/html"].count("<table"), bundle["text/html"].count("<figure")) == (table, chart)
    assert bundle["text/plain"] == repr(net())


@pytest.mark.parametrize("column", ["flops", "macs", "params", "count"])
def test_a_plot_is_a_chart_with_a_text(column: str) -> None:
    """The alternative text names model, input and the largest layers."""
    chart = net().plot(column)
    assert isinstance(chart, Chart)
    assert chart.alt.startswith("Bar chart. Net, input 1×1×6×6: ")
    assert ("fc" if column == "params" else "blocks.0.conv") in chart.alt


@pytest.mark.parametrize("options", [{"column": "memory"}, {"by": "path"}])
def test_a_plot_that_does_not_exist(options: dict[str, str]) -> None:
    """One sentence with those that do."""
    with pytest.raises(CostError, match="chart"):
        net().plot(**options)


# Reports as values.


def test_equal_traces_give_equal_reports() -> None:
    """Two runs of models of one make are equal, another input, convention or look is not."""
    report = net()
    assert report == net()
    assert report != cost(Net(), (2, 1, 6, 6))
    assert report != report.counted_as("macs")
    assert report != report.with_look(depth=1)
    assert report.with_look(depth=1) == net().with_look(depth=1)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda report: pickle.loads(pickle.dumps(report))],
    ids=["copy", "deepcopy", "pickle"],
)
@pytest.mark.parametrize("asked", [False, True], ids=["fresh", "asked"])
def test_a_report_can_be_copied_and_kept(asked: bool, duplicate: Any) -> None:
    """A copy is equal and gives the same answers, whether or not the report was asked before."""
    report = net()
    if asked:
        repr(report)
        report.explain()
    other = duplicate(report)
    assert other == report
    assert other.rows == report.rows
    assert repr(other) == repr(report)
    assert other.counted_as("macs").total == report.counted_as("macs").total


def test_a_trace_can_be_kept() -> None:
    """The facts of a run are plain: pickled and read again they are equal and count the same."""
    report = net()
    trace = pickle.loads(pickle.dumps(report.trace))
    assert trace == report.trace == nbcnncost.trace(Net(), (1, 1, 6, 6))
    assert Report(trace, report.convention).rows == report.rows


def records() -> list[Any]:
    """One record of each kind that a report and its trace hold."""
    report = net()
    trace = report.trace
    made = [trace, trace.modules[0], trace.params[0], trace.calls[0], trace.ops[0], trace.inputs[0]]
    return [*made, report, report.rows[0], report.look, report.convention, report.explain().lines[0]]


def test_records_are_frozen() -> None:
    """No field of a report, a row or a record can be set."""
    for record in records():
        for field in fields(record):
            with pytest.raises(FrozenInstanceError):
                setattr(record, field.name, None)


@pytest.mark.parametrize("of", ["trace", "rows", "look", "inputs"])
def test_equal_records_hash_alike(of: str) -> None:
    """Traces, rows, looks and shapes can be keys."""
    assert {getattr(net(), of): "found"}[getattr(net(), of)] == "found"


# Exports.


def line_of(report: Report, row: Row) -> dict[str, str]:
    """A row as a line of the CSV file reads."""
    numbers = {name: "" if getattr(row, name) is None else str(getattr(row, name)) for name in NUMBERS}
    return {
        "path": row.path,
        "type": row.type,
        "settings": row.settings,
        "role": row.role,
        "call": str(row.call),
        "inputs": shapes_text([spec.shape for spec in row.inputs]),
        "outputs": shapes_text([spec.shape for spec in row.outputs]),
        **numbers,
        "integer_macs": "" if row.integer_macs is None else str(row.integer_macs),
        "unknown": str(row.unknown),
        "convention": report.convention.name,
    }


@pytest.mark.parametrize("make", [net, spectral, tiny, lambda: hostile(*HOSTILE)], ids=["net", "?", "tiny", "hostile"])
def test_csv_reads_back_as_the_rows(make: Any) -> None:
    """Each row is a record of the file, whatever its names hold; what is unknown is empty."""
    report = make()
    read = list(csv.DictReader(io.StringIO(report.to_csv(), newline="")))
    assert read == [line_of(report, row) for row in report.rows]


@pytest.mark.parametrize("make", [net, spectral, lambda: hostile(*HOSTILE)], ids=["net", "?", "hostile"])
def test_json_reads_back_as_the_dict(make: Any) -> None:
    """Plain values only: what JSON gives back is what was given."""
    report = make()
    assert json.loads(report.to_json()) == report.to_dict()
    assert [row["path"] for row in report.to_dict()["rows"]] == [row.path for row in report.rows]


def test_the_dict_says_what_was_counted_and_how() -> None:
    """Header, total, and what no rule knows."""
    told = spectral(mode="train").to_dict()
    rows, uncounted, total = told.pop("rows"), told.pop("uncounted"), told.pop("total")
    assert told == {
        "model": "Spectral",
        "inputs": [{"shape": [2, 4], "dtype": "float32"}],
        "mode": "train",
        "convention": "textbook",
        "unit": "FLOPs",
        "notes": [],
        "failure": None,
    }
    assert (total["params"], total["macs"], total["flops"], total["unknown"]) == (20, 32, 80, 2)
    assert sum(entry["count"] for entry in uncounted) == 2
    assert [path for entry in uncounted for path in entry["paths"]] == ["linalg_qr()", "mix"]
    assert [row["flops"] for row in rows] == [64, None, 8, None, 8]


def test_the_dict_of_a_run_that_stopped() -> None:
    """The partial report says why it ends where it ends."""
    with pytest.raises(CostError) as caught:
        cost(nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 2)), (1, 4))
    told = caught.value.report.to_dict()
    assert told["failure"] == str(caught.value)
    assert [(row["path"], row["flops"]) for row in told["rows"]] == [("0", 24), ("1", None)]
    assert json.loads(caught.value.report.to_json()) == told


@pytest.mark.parametrize("make", [net, spectral], ids=["net", "?"])
def test_a_data_frame_adds_up(make: Any) -> None:
    """One line a row, indexed by path; every column sums to the total."""
    report = make()
    frame = report.to_pandas()
    assert list(frame.index) == [row.path for row in report.rows]
    for name in (*NUMBERS, "unknown"):
        assert frame[name].sum() == getattr(report.total, name)
    assert set(frame["convention"]) == {"textbook"}
    assert list(frame.columns) == report.to_csv().split("\n")[0].split(",")[1:]


def test_a_data_frame_keeps_large_numbers_exact() -> None:
    """Beside a row that is unknown, 2·N·5·5 FLOPs of 2⁵³ and more keep their last digit."""
    model = nn.Sequential(nn.Linear(5, 5), Triangular())
    batch, length = 10**9 - 1, 10**6 + 1
    with pytest.warns(UncountedOpWarning):
        report = cost(model, (batch, length, 5))
    expected = 2 * batch * length * 5 * 5
    assert expected > 2**53
    assert expected % 4 == 2  # no float of this size
    assert report["0"].flops == expected
    assert int(report.to_pandas()["flops"].iloc[0]) == expected


MARKDOWN = """\
Sequential, input 1×1×6×6, eval mode, convention textbook (FLOPs)

| layer | type | output | parameters | MACs | FLOPs |
|---|---|---|---:|---:|---:|
| conv | Conv2d 3×3, no bias | 1×4×4×4 | 36 | 576 | 1,152 |
| relu | ReLU | 1×4×4×4 | 0 | 0 | 64 |
| **total** |  |  | 36 | 576 | 1,216 |
"""

LATEX = r"""% Sequential, input 1×1×6×6, eval mode, convention textbook (FLOPs)
\begin{tabular}{lllrrr}
\toprule
layer & type & output & parameters & MACs & FLOPs \\
\midrule
conv & Conv2d 3$\times$3, no bias & 1$\times$4$\times$4$\times$4 & 36 & 576 & 1,152 \\
relu & ReLU & 1$\times$4$\times$4$\times$4 & 0 & 0 & 64 \\
\midrule
total &  &  & 36 & 576 & 1,216 \\
\bottomrule
\end{tabular}
"""


def test_markdown() -> None:
    """A table with exact numbers under one line that says what was counted and how."""
    assert tiny().to_markdown() == MARKDOWN


def test_latex() -> None:
    """A tabular with booktabs' rules under a comment that says what was counted and how."""
    assert tiny().to_latex() == LATEX


@pytest.mark.parametrize("form", ["to_markdown", "to_latex"])
def test_a_convention_of_macs_names_itself_in_the_last_column(form: str) -> None:
    """576 MACs, and the convention that counted them."""
    shown = getattr(tiny().counted_as("macs"), form)()
    assert "convention macs (MACs)" in shown.split("\n")[0]
    assert "MACs (macs)" in shown
    assert "576" in shown
    assert "FLOPs" not in shown


@pytest.mark.parametrize("form", ["to_markdown", "to_latex"])
def test_what_is_unknown_is_a_question_mark_and_so_is_said_of_the_total(form: str) -> None:
    """An unknown row shows ?, and the total beside it is not passed off as complete."""
    lines = getattr(spectral(), form)().split("\n")
    unknown = next(line for line in lines if line.lstrip("| ").startswith("mix"))
    assert unknown.count("?") == 2
    total = next(line for line in lines if line.lstrip("| *").startswith("total"))
    assert "?" in total


class Cells(HTMLParser):
    """The text of each first cell of a table, and the tags that stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.tags: list[str] = []
        self.cell = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.cell = 0 if tag == "tr" else self.cell + (tag in ("td", "th"))
        if (tag, self.cell) == ("td", 1):
            self.names.append("")
        elif self.cell == 1 and tag != "th":
            self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.cell == 1 and self.names:
            self.names[-1] += data


EMPHASIS = ("$x_1$", "*f*", "_g_", "**h**", "~~i~~", "&lt;")


@pytest.mark.parametrize("names", [HOSTILE, EMPHASIS], ids=["marks", "emphasis"])
def test_markdown_shows_names_as_they_are(names: tuple[str, ...]) -> None:
    """A renderer gives each name back as plain text: no markup, no picture, no cell too many."""
    cells = Cells()
    cells.feed(markdown2html(hostile(*names).to_markdown()))
    assert [name.strip() for name in cells.names] == [*(" ".join(name.split()) for name in names), "total"]
    assert cells.tags == ["strong"]


def test_markdown_has_no_mathematics() -> None:
    """Jupyter and GitHub typeset what stands between dollar signs; a name is no formula."""
    assert r"| \$x" in hostile("$x_1$").to_markdown()


# a name, how LaTeX reads it as text
LATEX_NAMES = [
    ("<img onerror>", r"\textless{}img onerror\textgreater{}"),
    ("a|b", "a|b"),
    ("$x_1$", r"\$x\_1\$"),
    ("50% off", r"50\% off"),
    ("a\\b", r"a\textbackslash{}b"),
    ("a&b", r"a\&b"),
    ("#n", r"\#n"),
    ("{h}", r"\{h\}"),
    ("i~j^k", r"i\textasciitilde{}j\textasciicircum{}k"),
    ("\\end{tabular}", r"\textbackslash{}end\{tabular\}"),
    ("l\n\nm", "l m"),
]


@pytest.mark.parametrize(("name", "shown"), LATEX_NAMES, ids=[name for name, _ in LATEX_NAMES])
def test_latex_escapes_names(name: str, shown: str) -> None:
    """Every mark that LaTeX acts on is spelt out, and a row stays one line."""
    lines = hostile("first", name).to_latex().split("\n")
    assert lines[6] == rf"{shown} & Linear 2$\to$2, no bias & 1$\times$2 & 4 & 4 & 8 \\"


@pytest.mark.parametrize("name", ["[x]", "*x"])
def test_latex_names_are_no_option_of_the_line_before(name: str) -> None:
    r"""A row must not begin with [ or *, which \\ would take as its own: a length, or a page that may not break."""
    line = hostile("first", name).to_latex().split("\n")[6]
    assert name[0] in line
    assert not line.startswith(name[0])


@pytest.mark.parametrize("form", ["to_json", "to_csv", "to_markdown", "to_latex"])
def test_an_export_goes_to_a_file_too(form: str, tmp_path: Path) -> None:
    """What is returned is what is written, in UTF-8, whether the path is text or a Path."""
    report = hostile(*HOSTILE)
    for path in (tmp_path / "report.out", str(tmp_path / "again.out")):
        written = getattr(report, form)(path)
        assert Path(path).read_bytes().decode("utf-8") == written == getattr(report, form)()


@pytest.mark.parametrize("form", ["to_dict", "to_json", "to_csv", "to_markdown", "to_latex"])
def test_an_export_names_its_convention(form: str) -> None:
    """No number leaves without the name of what counted it."""
    convention = conventions.textbook.with_rules({"relu": 0}, name="without relu")
    assert "without relu" in str(getattr(tiny().counted_as(convention), form)())


def test_exact_numbers_in_tables() -> None:
    """Markdown and LaTeX show every digit."""
    report = cost(nn.Conv2d(64, 64, 3, padding=1), (1, 64, 56, 56))
    for shown in (report.to_markdown(), report.to_latex()):
        assert exact(56 * 56 * 64 * 64 * 9) in shown
        assert exact(2 * 56 * 56 * 64 * 64 * 9) in shown
