"""The panel without a browser: what its front end is given, its state, its baseline, its files."""

from __future__ import annotations

import base64
import csv
import gc
import io
import json
import pickle
import weakref
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
from nets import Body
from torch import nn

from nbcnncost import CostError, cost
from nbcnncost.api import attempt
from nbcnncost.matching import match
from nbcnncost.panel import baseline, namespace
from nbcnncost.panel.baseline import baseline_of
from nbcnncost.panel.checks import check, first_state, fitted
from nbcnncost.panel.exports import FORMATS, export, file_name
from nbcnncost.panel.payload import exact_number, number_keys, table_of
from nbcnncost.panel.state import LayerChange, PanelState, View, WhatIf, plain


class Twice(nn.Module):
    """A layer that runs twice, a function, a container, and a layer that nothing calls; its stem is frozen."""

    def __init__(self, width: int = 8, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1).requires_grad_(requires_grad=False)
        self.block = nn.Sequential(nn.Conv2d(3, width, kernel), nn.ReLU())
        self.spare = nn.Linear(5, 5)
        self.head = nn.Linear(width, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(torch.relu(self.conv(x)))
        return self.head(self.block(x).mean((2, 3)))


def unknown() -> nn.Module:
    """A linear layer, and a factorization that no rule knows, in a container of their own."""
    inner = Body(lambda self, x: torch.linalg.qr(self.fc(x)).R, fc=nn.Linear(4, 4))
    return Body(lambda self, x: self.inner(x).abs(), inner=inner)


def failing() -> nn.Module:
    """A head that does not fit what it receives."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(400, 10))


REPORTS: dict[str, Any] = {
    "twice": lambda: cost(Twice(), (1, 3, 32, 32)),
    "twice-macs": lambda: cost(Twice(), (1, 3, 32, 32), convention="macs"),
    "twice-fvcore": lambda: cost(Twice(), (1, 3, 32, 32), convention="fvcore"),
    "twice-training": lambda: cost(Twice(), (2, 3, 32, 32), training=True),
    "resnet18": lambda: cost(torchvision.models.resnet18(), (1, 3, 224, 224)),
    "resnet18-thop": lambda: cost(torchvision.models.resnet18(), (1, 3, 224, 224), convention="thop"),
    "mobilenet": lambda: cost(torchvision.models.mobilenet_v3_small(), (1, 3, 224, 224)),
    "vit": lambda: cost(torchvision.models.vit_b_16(), (1, 3, 224, 224)),
    "failing": lambda: attempt(failing(), (1, 3, 32, 32)).report,
    "linear": lambda: cost(nn.Linear(400, 120), (1, 400)),
    "huge": lambda: cost(nn.Linear(2**15, 2**15, device="meta"), (2**24, 2**15)),
}


@pytest.fixture(scope="module")
def reports() -> Any:
    """Each of the reports, made once."""
    made: dict[str, Any] = {}

    def report(name: str) -> Any:
        if name not in made:
            made[name] = REPORTS[name]()
        return made[name]

    return report


# What the front end is given


def word(table: dict[str, Any], key: str, index: int) -> str:
    """The text of a cell, as the front end looks it up."""
    text: str = table["texts"][table["rows"][key][index]]
    return text


def inside(table: dict[str, Any], index: int) -> list[int]:
    """The leaves of a row: itself, or those that stand deeper below it."""
    depths, leaf = table["rows"]["depth"], table["rows"]["leaf"]
    if leaf[index] == "1":
        return [index]
    found = []
    for below in range(index + 1, len(depths)):
        if depths[below] <= depths[index]:
            break
        found += [below] if leaf[below] == "1" else []
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_leaves_add_up_to_every_container_and_to_the_total(reports, name):
    """What a front end adds up of the leaves is what Python's tree says of each container, and of all."""
    report = reports(name)
    table = json.loads(json.dumps(table_of(report)))
    numbers, depths = table["rows"], table["rows"]["depth"]
    rows = report.tree()
    assert len(rows) == len(numbers["id"]) == len(depths) == len(numbers["leaf"])
    for key in number_keys(report):
        for index, row in enumerate(rows):
            known = sum(int(numbers[key][leaf] or 0) for leaf in inside(table, index))
            assert known == (row.number(key) or 0), (key, row.path)
        leaves = [index for index, is_leaf in enumerate(numbers["leaf"]) if is_leaf == "1"]
        assert sum(int(numbers[key][leaf] or 0) for leaf in leaves) == int(table["total"][key] or 0)
        assert all(numbers[key][index] is None for index, is_leaf in enumerate(numbers["leaf"]) if is_leaf == "0")


@pytest.mark.parametrize("name", REPORTS)
def test_columns_name_numbers_that_there_are(reports, name):
    """Each column has a list of its own, or is the share of one; those shown at first and the metric are among them."""
    table = table_of(reports(name))
    columns = {column["key"]: column for column in table["columns"]}
    numbers = set(number_keys(reports(name)))
    assert set(table["shown"]) <= set(columns)
    assert table["metric"] in numbers
    for key, column in columns.items():
        assert column["kind"] in ("text", "number", "share")
        assert key in table["rows"] if column["kind"] == "text" else (column.get("of", key) in numbers)
        assert (key in numbers) == (column["kind"] == "number")
    assert numbers == set(table["total"])


def test_the_table_of_a_small_net():
    """Cells, marks, shared and unused parameters of a net that has all of them, numbers as products."""
    table = table_of(cost(Twice(), (1, 3, 32, 32)))
    rows = table["rows"]
    assert rows["id"] == [
        *("conv", "relu()", "conv (2)", "block", "block.0", "block.1", "mean()", "head", "spare"),
    ]
    assert [word(table, "marks", index) for index in (0, 2, 4, 8)] == ["×2", "(2 of 2)", "", "(not called)"]
    assert rows["shared"] == [2]
    assert rows["leaf"] == "111011111"
    assert rows["params"] == [3 * 3 * 9 + 3, 0, 0, None, 8 * 3 * 9 + 8, 0, 0, 8 * 4 + 4, 5 * 5 + 5]
    once = 3 * 3 * 9 * 32 * 32
    assert rows["macs"] == [once, 0, once, None, 8 * 3 * 9 * 30 * 30, 0, 0, 8 * 4, 0]
    assert rows["frozen"] == [3 * 3 * 9 + 3, 0, 0, None, 0, 0, 0, 0, 0]
    assert word(table, "type", 4) == "Conv2d"
    assert word(table, "settings", 4) == "3×3"
    assert (word(table, "input", 4), word(table, "output", 4)) == ("1×3×32×32", "1×8×30×30")


@pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning")
def test_what_is_unknown_is_said_of_the_leaf_and_number():
    """An operation without a rule is null, and counted among those that the number lacks; parameters lack nothing."""
    table = table_of(cost(unknown(), (1, 4)))
    rows = table["rows"]
    at = rows["id"].index("inner.linalg_qr()")
    assert rows["flops"][at] is None
    assert rows["unknown"] == {"macs": {str(at): 1}, "flops": {str(at): 1}}
    told = table_of(cost(unknown(), (1, 4)).counted_as("fvcore"))
    assert "count" not in told["rows"]["unknown"], "to a tool it is zero, and so is its total whole"


def test_numbers_beyond_javascript_stay_exact(reports):
    """Whole numbers above 2^53 are texts with all digits; up to there they are numbers."""
    assert [exact_number(number) for number in (2**53, 2**53 + 1, -(2**53) - 1, None)] == [
        *(2**53, str(2**53 + 1), str(-(2**53) - 1), None),
    ]
    table = table_of(reports("huge"))
    assert table["rows"]["macs"] == [str(2**24 * 2**15 * 2**15)]
    assert table["total"]["macs"] == str(2**24 * 2**15 * 2**15)


def test_a_failed_run_names_its_row():
    """The row at which a run stopped, and the sentence about it."""
    table = table_of(attempt(failing(), (1, 3, 32, 32)).report)
    assert table["rows"]["id"][table["failure"]["row"]] == "2"
    assert "expects 400 features but receives 7200" in table["failure"]["message"]


def test_hostile_names_are_text():
    """Marks that would turn text around or act on a terminal are spelt out; ids stay the paths that they are."""
    net = nn.Sequential()
    names = ["<b>&amp;\"'", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "a\nb", "emoji 🧠", "x" * 500]
    for name in names:
        net.add_module(name, nn.Conv2d(3, 3, 1))
    table = table_of(cost(net, (1, 3, 8, 8)))
    assert table["rows"]["id"] == names
    shown = [word(table, "name", index) for index in range(len(names))]
    assert shown == ["<b>&amp;\"'", "\\u202eabc", "a\\nb", "emoji 🧠", "x" * 500]


def test_no_two_rows_have_one_id():
    """A layer that its user calls as a second call of another would be called stays apart from that."""
    net = Twice()
    net.add_module("conv (2)", nn.Conv2d(3, 3, 1))
    ids = table_of(cost(net, (1, 3, 8, 8)))["rows"]["id"]
    assert [name for name in ids if name.startswith("conv")] == ["conv", "conv (3)", "conv (2)"]


def test_the_table_of_a_resnet_50_is_small():
    """A notebook stores it: at most 16 KB of JSON."""
    table = table_of(cost(torchvision.models.resnet50(), (1, 3, 224, 224)))
    assert len(json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()) <= 16_000


# Where a report comes from


def test_a_report_does_not_keep_its_model():
    """The source names the model as long as somebody else keeps it, in every convention and look."""
    net = nn.Conv2d(3, 8, 3)
    report = cost(net, (2, 3, 8, 8))
    others = [report, report.counted_as("macs"), report.with_look(depth=1)]
    assert [other.source.model for other in others] == [net] * 3
    assert [tuple(value.shape) for value in report.source.args] == [(2, 3, 8, 8)]
    gone = weakref.ref(net)
    del net
    gc.collect()
    assert gone() is None
    assert [other.source.model for other in others] == [None] * 3


def test_a_source_holds_no_values_of_the_users_tensors():
    """Images are remembered by their shape; what a forward may depend on is remembered apart from its storage."""
    images, lengths = torch.rand(2, 3, 8, 8), torch.arange(1_000_000)[:2]
    net = Body(lambda self, x, lengths: self.conv(x)[: int(lengths[1])], conv=nn.Conv2d(3, 8, 3))
    kept = cost(net, input_data=(images, lengths)).source
    assert kept.args[0].device.type == "meta"
    assert kept.args[1].tolist() == [0, 1]
    assert kept.args[1].untyped_storage().nbytes() == 2 * 8


def test_a_source_is_no_part_of_what_a_report_is():
    """Reports of two equal models are equal; one that was written to a file has forgotten its model."""
    net, other = nn.Linear(4, 2), nn.Linear(4, 2)
    report = cost(net, (1, 4))
    assert report == cost(other, (1, 4))
    assert "source" not in repr(report)
    read = pickle.loads(pickle.dumps(report))
    assert (read, read.source.model) == (report, None)


# The state


@pytest.mark.parametrize(
    "value",
    [
        View(),
        View(columns=("macs",), sort="macs", descending=False, flat=True, text="conv", types=("Conv2d",)),
        View(expanded=("layer1", "layer1.0"), metric="params", chart="treemap"),
        WhatIf(),
        WhatIf(height=256, width=128, batch=4, dtype="float16", mode="train", convention="macs"),
        WhatIf(layers={"conv": LayerChange(kernel_size=(5, 5), stride=2, padding="same", groups=3, out_channels=9)}),
    ],
)
def test_a_state_is_what_it_was_after_a_trip_through_json(value):
    """What is sent to a front end and read again is equal."""
    assert type(value).read(json.loads(json.dumps(plain(value)))) == value


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (View, None),
        (View, {"colour": "red"}),
        (View, {"sort": 3}),
        (View, {"columns": "macs"}),
        (View, {"descending": 1}),
        (View, {"types": [1]}),
        (View, {"chart": "pie"}),
        (WhatIf, []),
        (WhatIf, {"height": 0}),
        (WhatIf, {"height": 3.5}),
        (WhatIf, {"height": True}),
        (WhatIf, {"height": "224"}),
        (WhatIf, {"height": float("nan")}),
        (WhatIf, {"height": float("inf")}),
        (WhatIf, {"mode": "fast"}),
        (WhatIf, {"layers": {"conv": {"kernel_size": [3, -1]}}}),
        (WhatIf, {"layers": {"conv": {"padding": "most"}}}),
        (WhatIf, {"layers": {"conv": 5}}),
    ],
)
def test_nonsense_is_refused_with_one_sentence(kind, given):
    """What does not fit raises, whatever it is, and never passes silently."""
    with pytest.raises(CostError) as raised:
        kind.read(given)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (PanelState(selected="blok"), "no row 'blok'; did you mean block"),
        (PanelState(view=View(sort="mac")), "sorted by 'mac'; did you mean macs"),
        (PanelState(view=View(columns=("params", "flop"))), "no column 'flop'; did you mean flops"),
        (PanelState(view=View(metric="share")), "no chart of 'share'"),
        (PanelState(view=View(types=("Conv3d",))), "no layer of type 'Conv3d'; did you mean Conv2d"),
        (PanelState(view=View(chart="pie")), "no chart 'pie'"),
    ],
)
def test_a_state_that_does_not_fit_its_report(reports, state, message):
    """One sentence says what there is not, and what is close to it; made to fit, the state has nothing of it."""
    table = table_of(reports("twice"))
    with pytest.raises(CostError, match=message):
        check(state, table)
    if state.view.chart == "bars":
        check(fitted(state, table), table)


def test_a_new_panel_looks_as_the_report_does(reports):
    """The look's sort, columns and depth are the view's, as far as the panel has them."""
    report = reports("twice").with_look(sort="macs", columns=("params", "calls", "macs"), depth=1)
    view = first_state(report, table_of(report)).view
    assert (view.sort, view.descending, view.flat, view.columns) == ("macs", True, True, ("params", "macs"))
    assert view.expanded == ()
    assert first_state(reports("twice-training"), table_of(reports("twice-training"))).view.metric == "step"


# The baseline


def nets(name: str) -> Any:
    """Pairs of models that differ in one way each."""
    return {
        "same": lambda: (Twice(), Twice()),
        "wider": lambda: (Twice(8), Twice(12)),
        "kernel": lambda: (Twice(kernel=3), Twice(kernel=5)),
        "added": lambda: (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()),
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()),
        ),
        "removed": lambda: (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()),
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()),
        ),
        "other": lambda: (torchvision.models.resnet18(), torchvision.models.mobilenet_v2()),
        "deeper": lambda: (torchvision.models.resnet18(), torchvision.models.resnet34()),
    }[name]()


def differences(table: dict[str, Any], beside: dict[str, Any], key: str) -> int:
    """The rows' differences, and what is gone: all that a front end adds up."""
    rows, before = table["rows"][key], beside["rows"][key]
    leaves = [index for index, is_leaf in enumerate(table["rows"]["leaf"]) if is_leaf == "1"]
    return sum(int(rows[index] or 0) - int(before[index] or 0) for index in leaves) - sum(
        int(entry[key] or 0) for entry in beside["removed"]
    )


@pytest.mark.parametrize("name", ["same", "wider", "kernel", "added", "removed", "other", "deeper"])
def test_differences_add_up_to_those_of_the_totals(name):
    """Rows that changed, are new or are gone make up the whole difference, of every number."""
    pinned, report = (cost(net, (1, 3, 64, 64)) for net in nets(name))
    table, beside = table_of(report), json.loads(json.dumps(baseline_of(pinned, report)))
    assert set(beside["rows"]) >= {"params", "macs", "flops"}
    for key in beside["rows"]:
        whole = report.total.number(key) - pinned.total.number(key)
        assert differences(table, beside, key) == whole, key
        assert beside["total"][key] == pinned.total.number(key)


def test_what_is_new_and_what_is_gone():
    """A layer that came has no number of before; one that went stands among the removed, with its own."""
    before, after = (cost(net, (1, 3, 8, 8)) for net in nets("added"))
    beside = baseline_of(before, after)
    assert beside["rows"]["params"] == [8 * 27 + 8, None, 0]
    back = baseline_of(after, before)
    assert [(entry["name"], entry["params"]) for entry in back["removed"]] == [("1", 8 + 8)]


def test_a_baseline_of_another_unit_or_without_a_step(reports):
    """Numbers that cannot be compared are left out: counts in FLOPs beside MACs, steps beside a forward."""
    beside = baseline_of(reports("twice"), reports("twice-training"))
    assert not {"forward", "step"} & set(beside["rows"])
    assert "count" not in baseline_of(reports("resnet18"), reports("resnet18-thop"))["rows"]


@pytest.mark.parametrize("name", ["same", "wider", "kernel"])
def test_equal_places_are_paired_as_matching_pairs_them(monkeypatch, name):
    """Where all layers stand where they stood, the short way gives what the long one gives."""
    pinned, report = (cost(net, (1, 3, 64, 64)) for net in nets(name))
    quick = baseline_of(pinned, report)
    monkeypatch.setattr(baseline, "_pairs", match)
    assert baseline_of(pinned, report) == quick


# Files


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_a_file_of_its_kind(reports, form):
    """Each format has content that a reader of it takes, and says what it is."""
    report = reports("resnet18")
    message = export(report, form, "params").message()
    assert message["name"] == f"resnet-textbook.{FORMATS[form][0]}"
    content = base64.b64decode(message["base64"]) if "base64" in message else message["text"]
    begins = {
        "json": "{",
        "latex": "% ResNet, input 1×3×224×224",
        "markdown": "ResNet, input",
        "html": "<!DOCTYPE html>",
        "png": b"\x89PNG",
        "svg": "<?xml",
        "csv": "path,",
    }
    assert content.startswith(begins[form])


def test_a_csv_has_every_row_with_its_exact_numbers(reports):
    """The file holds what the report holds."""
    report = reports("resnet18")
    rows = list(csv.DictReader(io.StringIO(export(report, "csv").content)))
    assert [int(row["macs"]) for row in rows] == [row.macs for row in report.rows]
    assert sum(int(row["params"]) for row in rows) == report.total.params


def test_a_page_shows_every_row(reports):
    """The HTML file folds nothing away, and stands alone."""
    report = reports("resnet18")
    page = export(report, "html").content
    assert page.count('<th scope="row"') == len(report.tree()) + 1
    assert "<title>ResNet</title>" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("ResNet", "resnet-textbook.csv"),
        ("../../etc/passwd", "etc-passwd-textbook.csv"),
        ("<b>Ünïcode</b> 🧠", "b-n-code-b-textbook.csv"),
        ("…", "textbook.csv"),
        ("x" * 500, "x" * 60 + ".csv"),
    ],
)
def test_a_file_name_is_safe(reports, model, name):
    """Small letters, digits and hyphens, of whatever the class is called."""
    report = reports("linear")
    assert file_name(replace(report, trace=replace(report.trace, model_name=model)), "csv") == name


def test_an_unknown_format_is_refused(reports):
    """One sentence with those that there are."""
    for form in ("exe", None, ["csv"], {}):
        with pytest.raises(CostError, match="there are: csv, json"):
            export(reports("linear"), form)


# Variables


@pytest.fixture
def shell(monkeypatch):
    """The little of IPython that a panel needs."""
    made = SimpleNamespace(user_ns={}, user_ns_hidden={"In": []}, meta={}, parent_header={})
    monkeypatch.setattr(namespace, "shell_here", lambda: made)
    return made


def test_a_report_goes_into_a_variable(shell, reports):
    """It is bound; what the variable held before is said."""
    report = reports("linear")
    assert namespace.put("mine", report) == "mine now holds the report"
    assert shell.user_ns["mine"] is report
    shell.user_ns["count"] = 3
    assert namespace.put("count", report) == "count now holds the report; what it held before (int) is gone from there"


@pytest.mark.parametrize("name", ["", "a b", "1a", "a.b", "import", "In", "net", None, 3, "x=1", "__import__('os')"])
def test_a_variable_that_cannot_be_put_is_refused(shell, name):
    """No name that is none, none that IPython uses, and never a model's."""
    shell.user_ns["net"] = net = nn.Linear(2, 2)
    with pytest.raises(CostError):
        namespace.put(name, "report")
    assert shell.user_ns == {"net": net}


def test_without_a_notebook_there_are_no_variables(monkeypatch):
    """One sentence says where the report is."""
    monkeypatch.setattr(namespace, "shell_here", lambda: None)
    with pytest.raises(CostError, match=r"panel\.report"):
        namespace.put("report", 1)
