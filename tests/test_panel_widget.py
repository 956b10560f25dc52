"""The panel's widget without a browser: its state, what a front end may say, and what stands in its place."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
import zlib
from base64 import b64decode
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import ipywidgets
import nbformat
import pytest
import torch
import torchvision
from ipywidgets.embed import dependency_state, embed_data
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from torch import nn

from nbcnncost import CostError, cost
from nbcnncost.api import attempt
from nbcnncost.panel import LayerChange, Panel, PanelState, View, WhatIf, namespace
from nbcnncost.panel.assets import module

WIDGET = "application/vnd.jupyter.widget-view+json"
#: What a front end is given packed.
PACKED = ("table", "baseline", "details")


class Net(nn.Module):
    """A convolution, a norm that has to follow it, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.conv(x)).relu().mean((2, 3)))


class Added(Net):
    """The same with the input's convolution added to another one's."""

    def __init__(self) -> None:
        super().__init__()
        self.beside = nn.Conv2d(3, 8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head((self.norm(self.conv(x)) + self.beside(x)).mean((2, 3)))


@pytest.fixture
def net() -> nn.Module:
    """A model that lives as long as the test."""
    return Net()


@pytest.fixture
def panel(net, monkeypatch) -> Panel:
    """Its panel, and what it sends in ``panel.sent``."""
    made = cost(net, (1, 3, 16, 16)).panel()
    object.__setattr__(made, "sent", sent_by(made, monkeypatch))
    return made


def sent_by(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The messages that a panel will have sent."""
    sent: list[Any] = []
    monkeypatch.setattr(panel, "send", lambda content, buffers=None: sent.append(content))
    return sent


def macs(height: int, width: int, kernel: int = 3, channels: int = 8) -> int:
    """The net's multiply-accumulates: the convolution's and the head's, and one for each scale of the norm."""
    return height * width * channels * kernel * kernel * 3 + channels * 4


def of_conv(panel: Panel) -> int | None:
    """The convolution's multiply-accumulates as the panel shows them."""
    return panel.report["conv"].macs


def told(panel: Panel, name: str) -> Any:
    """What a front end is given under a name; what is long comes packed."""
    value = panel.get_state(name)[name]
    return json.loads(zlib.decompress(b64decode(value))) if name in PACKED and value is not None else value


# One state, and its mirrors


def test_the_state_is_the_truth_and_the_traits_mirror_it(panel):
    """What is set by one way is read by the other, and both are told of."""
    heard: list[str] = []
    panel.observe(lambda change: heard.append(change["name"]), names=["state", "selected", "view"])
    panel.selected = "conv"
    assert panel.state.selected == "conv"
    panel.state = replace(panel.state, selected="norm", view=replace(panel.view, sort="macs"))
    assert (panel.selected, panel.view.sort) == ("norm", "macs")
    panel.view = View(columns=("params",))
    assert panel.state == PanelState("norm", View(columns=("params",)), WhatIf(), None)
    assert [heard.count(name) for name in ("state", "selected", "view")] == [3, 2, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("selected", "cnov"),
        ("view", View(sort="mac")),
        ("view", View(columns=("flop",))),
        ("view", View(types=("Conv3d",))),
        ("what_if", WhatIf(height=0)),
        ("what_if", WhatIf(convention="fvcor")),
        ("what_if", WhatIf(layers={"head": LayerChange(kernel_size=3)})),
        ("what_if", WhatIf(layers={"nothing": LayerChange(stride=2)})),
        ("state", PanelState(selected="x")),
    ],
)
def test_python_gets_a_sentence_for_what_there_is_not(panel, name, value):
    """It raises, and everything stays as it was."""
    before, report = panel.state, panel.report
    with pytest.raises(CostError) as raised:
        setattr(panel, name, value)
    assert "\n" not in str(raised.value)
    assert (panel.state, panel.report) == (before, report)
    assert getattr(panel, name) == (before if name == "state" else getattr(before, name))


@pytest.mark.parametrize(
    "sent",
    [
        {"selected": "nothing"},
        {"selected": 5},
        {"view": {"sort": "flop"}},
        {"view": {"columns": ["params", "x"]}},
        {"view": []},
        {"view": {"text": {"$": 1}}},
        {"what_if": {"height": -1}},
        {"what_if": {"layers": []}},
        {"what_if": "all"},
        {"table": {}},
        {"baseline": {"label": "x"}},
        {"_esm": "export default {}"},
        {"status": {"busy": True}},
        {"_view_name": "Elsewhere"},
        {"_dom_classes": [1]},
        {"layout": None},
    ],
)
def test_a_front_end_is_not_believed(panel, monkeypatch, sent):
    """Nonsense changes nothing, and the front end is told what holds."""
    told: list[Any] = []
    monkeypatch.setattr(panel, "send_state", lambda key=None: told.append(key))
    before, traits = panel.state, panel.get_state()
    panel.set_state(sent)
    assert panel.state == before
    assert panel.get_state() == traits
    assert list(sent) in told


def test_a_front_end_may_select_sort_and_ask(panel):
    """What makes sense is taken, of several things in one message each for itself."""
    panel.set_state({"selected": "conv", "view": {"sort": "macs", "expanded": ["conv"]}, "what_if": {"height": 8}})
    assert (panel.selected, panel.view.sort, panel.view.expanded) == ("conv", "macs", ("conv",))
    assert of_conv(panel) == 8 * 16 * 8 * 27
    panel.set_state({"selected": "no such row", "view": {"sort": "params"}})
    assert (panel.selected, panel.view.sort) == ("conv", "params")


def test_only_what_changed_is_sent(panel, monkeypatch):
    """A selection sends no table; a what-if sends the table, and not the script again."""
    sent: list[set[str]] = []
    monkeypatch.setattr(panel, "_send", lambda message, buffers=None: sent.append(set(message.get("state", ()))))
    panel.comm = panel.comm or ipywidgets.Widget().comm
    panel.selected = "conv"
    assert set().union(*sent) == {"selected", "details", "controls"}
    sent.clear()
    panel.what_if = WhatIf(height=8)
    assert set().union(*sent) >= {"what_if", "table", "controls", "details"}
    assert not {"_esm", "selected", "baseline"} & set().union(*sent)


# What if


def test_a_what_if_is_counted_and_can_be_taken_back(panel):
    """Everything follows; taken back, the numbers are the first ones, and so is the report."""
    first = panel.report
    assert of_conv(panel) == 16 * 16 * 8 * 27
    panel.what_if = WhatIf(height=32, width=8, layers={"conv": LayerChange(kernel_size=5, padding=2)})
    assert of_conv(panel) == 32 * 8 * 8 * 75
    rows = panel.table["rows"]
    assert rows["macs"][rows["id"].index("conv")] == 32 * 8 * 8 * 75
    panel.what_if = WhatIf()
    assert panel.report is first


def test_the_users_model_is_neither_changed_nor_kept(net, panel):
    """The model is what it was, and the panel goes on with a copy when it is gone."""
    before = repr(net)
    panel.what_if = WhatIf(layers={"conv": LayerChange(out_channels=16)})
    assert repr(net) == before
    other = cost(Net(), (1, 3, 16, 16)).panel()
    assert other.controls["reason"], "nobody keeps that model"
    kept = Net()
    other = cost(kept, (1, 3, 16, 16)).panel()
    del kept
    other.what_if = WhatIf(height=8)
    assert of_conv(other) == 8 * 16 * 8 * 27


def test_a_panel_of_a_model_that_is_gone_can_be_given_another(panel):
    """``Panel(report, model=net)`` is for reports that were kept without their model; conventions need none."""
    report = cost(Net(), (1, 3, 16, 16))
    with pytest.raises(CostError, match="gone"):
        report.panel().what_if = WhatIf(height=8)
    alone = report.panel()
    alone.what_if = WhatIf(convention="macs")
    assert alone.report.convention.name == "macs"
    assert alone.table["unit"] == "MACs"


def test_what_breaks_is_said_where_it_breaks_and_can_be_made_to_fit(panel):
    """A changed width stops at the norm; the layers behind follow when asked to, and the numbers are theirs."""
    panel.set_state({"what_if": {"layers": {"conv": {"out_channels": 16}}}})
    error = panel.status["error"]
    assert (error["path"], error["fit"]) == ("norm", True)
    assert panel.table["rows"]["id"][error["row"]] == "norm"
    panel._hear(panel, {"kind": "fit"}, None)
    assert panel.status["error"] is None
    assert panel.report.total.params == 16 * 27 + 16 + 2 * 16 + 16 * 4 + 4
    assert panel.state.what_if.layers["norm"].in_channels == 16


def test_layers_are_offered_to_fit_only_where_that_helps(panel, monkeypatch):
    """A sum of two widths cannot be made to fit: that is said, and nothing is offered; a larger input's can."""
    added = Added()
    shown = cost(added, (1, 3, 16, 16)).panel()
    shown.what_if = WhatIf(layers={"conv": LayerChange(out_channels=16)})
    error = shown.status["error"]
    assert (error["path"], error["fit"]) == ("norm", False)
    assert "change the other side" in error["still"]
    told, before = sent_by(shown, monkeypatch), shown.state
    shown._hear(shown, {"kind": "fit"}, None)
    assert "change the other side" in told[-1]["text"]
    assert shown.state == before
    flat = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 16 * 16, 4))
    shown = cost(flat, (1, 3, 16, 16)).panel()
    shown.what_if = WhatIf(height=32)
    assert (shown.status["error"]["path"], shown.status["error"]["fit"]) == ("2", True)
    shown._hear(shown, {"kind": "fit"}, None)
    assert shown.status["error"] is None
    assert shown.report["2"].params == 8 * 32 * 16 * 4 + 4


def test_to_fit_what_fits_runs_nothing(panel, monkeypatch):
    """A front end that is late may ask for it."""
    monkeypatch.setattr(panel._laboratory, "follow", lambda what_if: pytest.fail("it ran"))
    panel.what_if = WhatIf(height=32)
    panel._hear(panel, {"kind": "fit"}, None)
    assert panel.state.what_if == WhatIf(height=32)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no rows")])
@pytest.mark.parametrize("where", ["ask", "table"])
def test_a_what_if_that_is_interrupted_leaves_what_was_shown(panel, monkeypatch, error, where):
    """The panel says so and waits no longer; its state is what it shows, and the same what-if works afterwards."""
    panel.set_state({"what_if": {"height": 8}})

    def stop(*args: Any) -> None:
        raise error

    with monkeypatch.context() as context:
        if where == "ask":
            context.setattr(panel._laboratory, "ask", stop)
        else:
            context.setattr("nbcnncost.panel.widget.table_of", stop)
        with pytest.raises(type(error)):
            panel.set_state({"what_if": {"height": 32}})
    assert not panel.status["busy"]
    assert "not counted" in panel.status["error"]["message"]
    assert (panel.what_if, panel.state.what_if, of_conv(panel)) == (WhatIf(height=8),) * 2 + (8 * 16 * 8 * 27,)
    assert gc.isenabled()
    panel.set_state({"what_if": {"height": 32}})
    assert (panel.status, of_conv(panel)) == ({"busy": False, "error": None}, 32 * 16 * 8 * 27)


def test_no_garbage_is_collected_while_somebody_waits(panel, monkeypatch):
    """It waits until the answer is sent; where the user has switched the collector off, it stays off."""
    found: list[bool] = []
    ask = panel._laboratory.ask
    monkeypatch.setattr(panel._laboratory, "ask", lambda what_if: found.append(gc.isenabled()) or ask(what_if))
    panel.set_state({"what_if": {"height": 8}})
    assert (found, gc.isenabled()) == ([False], True)
    gc.disable()
    try:
        panel.set_state({"what_if": {"height": 9}})
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_cannot_be_tried_leaves_what_is_shown(panel):
    """Groups that do not divide the channels are said, the table stays; the next change works."""
    table = panel.table
    panel.set_state({"what_if": {"layers": {"conv": {"groups": 2}}}})
    assert "groups" in panel.status["error"]["message"]
    assert panel.table == table
    panel.set_state({"what_if": {"layers": {"conv": {"stride": 2}}}})
    assert panel.status == {"busy": False, "error": None}
    assert of_conv(panel) == 8 * 8 * 8 * 27


def test_of_a_burst_only_the_last_is_run(panel, monkeypatch):
    """While a slider is dragged, whatever waits is overtaken; the panel is busy until the last is shown."""
    asked: list[WhatIf] = []
    ask = panel._laboratory.ask
    monkeypatch.setattr(panel._laboratory, "ask", lambda what_if: asked.append(what_if) or ask(what_if))

    async def drag() -> None:
        for height in range(8, 40):
            panel.set_state({"what_if": {"height": height}})
            assert panel.status["busy"]
        await asyncio.sleep(0.1)

    asyncio.run(drag())
    assert asked == [WhatIf(height=39)]
    assert of_conv(panel) == 39 * 16 * 8 * 27
    assert not panel.status["busy"]


def test_a_selection_that_is_gone_is_given_up(net):
    """Rows that a failed run does not reach are no longer selected, and come back unselected."""
    panel = cost(net, (1, 3, 16, 16)).panel()
    panel.selected = "head"
    panel.what_if = WhatIf(layers={"conv": LayerChange(out_channels=16)})
    assert panel.selected == panel.state.selected == ""
    assert panel.details == {}


# Pin


def test_a_pinned_report_stays_beside_what_is_shown(panel):
    """The baseline's numbers stand beside the rows, and follow the table when that changes."""
    first = panel.report
    panel._hear(panel, {"kind": "pin"}, None)
    assert panel.baseline is panel.state.pinned is first
    panel.what_if = WhatIf(height=32)
    beside = told(panel, "baseline")
    place = panel.table["rows"]["id"].index("conv")
    assert beside["rows"]["macs"][place] == 16 * 16 * 8 * 27
    assert panel.table["rows"]["macs"][place] == 32 * 16 * 8 * 27
    assert beside["total"]["macs"] == first.total.macs
    panel._hear(panel, {"kind": "unpin"}, None)
    assert told(panel, "baseline") is None


@pytest.mark.parametrize(
    "what_if",
    [
        WhatIf(height=32, width=24),
        WhatIf(batch=3),
        WhatIf(layers={"conv": LayerChange(kernel_size=1, padding=0)}),
        WhatIf(layers={"conv": LayerChange(out_channels=16)}),
        WhatIf(mode="train"),
        WhatIf(convention="fvcore"),
    ],
)
def test_differences_of_a_what_if_add_up(panel, what_if):
    """The rows' differences and what is gone are the totals' difference, also where the run stops halfway."""
    panel.baseline = pinned = panel.report
    panel.what_if = what_if
    beside, rows = told(panel, "baseline"), panel.table["rows"]
    for key, before in beside["rows"].items():
        pairs = zip(rows[key], before, strict=True)
        shown = sum((number or 0) - (old or 0) for number, old in pairs)
        gone = sum(entry[key] or 0 for entry in beside["removed"])
        assert shown - gone == (panel.report.total.number(key) or 0) - (pinned.total.number(key) or 0), key


# Messages


@pytest.mark.parametrize("form", ["csv", "json", "latex", "markdown", "html", "png", "svg"])
def test_an_export_answers_its_request(panel, form):
    """Each answer has the number of its question, and is the report with the what-if."""
    panel.what_if = WhatIf(height=32)
    panel._hear(panel, {"kind": "export", "format": form, "request": 7}, None)
    (answer,) = panel.sent
    assert (answer["kind"], answer["request"]) == ("file", 7)
    assert answer["name"].startswith("net-textbook.")
    if form == "csv":
        assert answer["text"] == panel.report.to_csv()
    json.dumps(answer)


def test_what_goes_wrong_is_an_answer(panel):
    """A format that there is not is said to whoever asked."""
    panel._hear(panel, {"kind": "export", "format": "exe", "request": 8}, None)
    panel._hear(panel, {"kind": "put", "name": "a b", "request": 9}, None)
    assert [(answer["request"], answer["error"]) for answer in panel.sent] == [(8, True), (9, True)]
    panel._hear(panel, {"kind": "dance"}, None)
    panel._hear(panel, {}, None)
    assert len(panel.sent) == 2


def test_the_code_of_a_what_if_does_what_the_panel_shows(net, panel):
    """The Python that is copied, run beside the model, gives the panel's report."""
    panel.what_if = WhatIf(height=32, layers={"conv": LayerChange(kernel_size=5, padding=2)})
    panel._hear(panel, {"kind": "code", "request": 1}, None)
    names: dict[str, Any] = {"net": net}
    exec(panel.sent[0]["text"], names)
    assert names["report"].total == panel.report.total


# In a notebook, and where there is none


def test_the_bundle_has_the_panel_and_the_report_in_its_place(panel):
    """The widget's view for front ends, the static table for all others, and nothing that differs between runs."""
    data, _ = panel._repr_mimebundle_()
    assert data[WIDGET]["model_id"] == panel.model_id
    assert data["text/html"] == panel.report._repr_html_()
    assert data["text/plain"] == repr(panel.report)
    assert repr(panel) == "Panel of Net: the cost of each layer, to explore and to change"
    assert not callable(panel._ipython_display_), "ipywidgets 7 would show the panel alone"


def test_a_closed_panel_shows_the_report(panel):
    """It is gone from the page, and its Python side still answers."""
    panel.close()
    data, _ = panel._repr_mimebundle_()
    assert data == {"text/plain": repr(panel.report), "text/html": panel.report._repr_html_()}
    panel.what_if = WhatIf(height=8)
    assert of_conv(panel) == 8 * 16 * 8 * 27


def test_a_failed_run_can_be_explored():
    """The panel of a partial report says where the run stopped."""
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(400, 10))
    shown = attempt(net, (1, 3, 32, 32)).report.panel()
    assert shown.table["failure"]["row"] == 2
    assert shown.status["error"] is None


def test_a_panel_is_made_of_a_report():
    """Anything else gets a sentence."""
    with pytest.raises(CostError, match="shows a report"):
        Panel(nn.Linear(2, 2))


def test_a_square_resolution_is_one_change(panel):
    """Both sides alike are said together, others each."""
    panel.what_if = WhatIf(height=32, width=32)
    assert [change["text"] for change in panel.controls["changes"]] == ["resolution: 16 → 32"]
    panel.what_if = WhatIf(height=32, width=24)
    assert [change["text"] for change in panel.controls["changes"]] == ["height: 16 → 32", "width: 16 → 24"]


def stored(panel: Panel) -> int:
    """The bytes that a notebook's file has of a panel, script and style included, written as Jupyter writes it."""
    state = embed_data([panel], state=dependency_state([panel]))["manager_state"]
    notebook = nbformat.v4.new_notebook(metadata={"widgets": {"application/vnd.jupyter.widget-state+json": state}})
    return len(nbformat.writes(notebook).encode())


def test_what_a_notebook_stores_of_a_resnet_50_is_small():
    """Less than 60 KB of everything, also with a selection, a baseline, and a what-if against it."""
    net = torchvision.models.resnet50()
    panel = cost(net, (1, 3, 224, 224)).panel()
    state = dependency_state([panel])[panel.model_id]["state"]
    assert (state["_esm"], told(panel, "table")) == (module(), panel.table)
    assert stored(panel) < 60_000
    panel.state = replace(panel.state, selected="layer1.0.conv1", pinned=panel.report)
    assert stored(panel) < 60_000
    panel.what_if = WhatIf(height=256, width=256)
    assert stored(panel) < 60_000
    again = cost(net, (1, 3, 224, 224)).panel()
    again.state = panel.state
    assert {name: again.get_state()[name] for name in PACKED} == {name: panel.get_state()[name] for name in PACKED}


# The same cell again


@pytest.fixture
def cell(monkeypatch):
    """Run cells as a front end does, which says which cell it is; gives a function for a run."""
    shell, runs = SimpleNamespace(user_ns={}, meta={}, parent_header={}), iter(range(99))
    monkeypatch.setattr(namespace, "shell_here", lambda: shell)

    def run(name: str | None, make: Any) -> Any:
        metadata = {} if name is None else {"cellId": name}
        shell.parent_header = {"header": {"msg_id": str(next(runs))}, "metadata": metadata}
        return make()

    return run


def test_a_cell_that_runs_again_keeps_what_was_made_of_its_panel(cell, net):
    """Selection, view, baseline and what-if are the new panel's; the old one is closed."""
    first = cell("a", cost(net, (1, 3, 16, 16)).panel)
    first.state = PanelState("conv", View(sort="macs", text="n"), WhatIf(height=32), first.report)
    again = cell("a", cost(net, (1, 3, 16, 16)).panel)
    assert again.state == first.state
    assert of_conv(again) == 32 * 16 * 8 * 27
    assert first.comm is None
    assert cell("b", cost(net, (1, 3, 16, 16)).panel).state == PanelState(), "another cell is another panel"
    assert cell(None, cost(net, (1, 3, 16, 16)).panel).state == PanelState(), "nor without a name of the cell"


def test_only_what_fits_is_kept(cell, net):
    """Of another model the selection, columns and changes of layers that it does not have are dropped."""
    first = cell("a", cost(net, (1, 3, 16, 16)).panel)
    first.state = PanelState("conv", View(text="n"), WhatIf(height=32, layers={"conv": LayerChange(stride=2)}))
    other = nn.Sequential(nn.Conv2d(3, 4, 3))
    again = cell("a", cost(other, (1, 3, 16, 16)).panel)
    assert again.state == PanelState("", View(text="n"), WhatIf(height=32))


def test_several_panels_of_a_cell_are_told_apart(cell, net):
    """Each takes the place of the one that was made in its place."""

    def two() -> list[Panel]:
        return [cost(net, (1, 3, 16, 16)).panel() for _ in range(2)]

    first = cell("a", two)
    first[1].selected = "conv"
    assert [panel.selected for panel in cell("a", two)] == ["", "conv"]


def test_a_cell_that_runs_again_and_again_keeps_one_panel(cell, net):
    """What it made before is let go: its copy of the model, and the layout that a notebook would store."""
    made = [weakref.ref(cell("a", cost(net, (1, 3, 16, 16)).panel)) for _ in range(5)]
    gc.collect()
    assert [reference() is not None for reference in made] == [False] * 4 + [True]
    last = made[-1]()
    layout = last.layout
    assert layout.comm is not None
    last.close()
    assert layout.comm is None


CELLS = [
    "%load_ext nbcnncost\nfrom torch import nn",
    "%%cnncost -i 3,16,16 --panel -o kept\nnet = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())",
    "panel = _\nprint(type(panel).__name__, type(kept).__name__, panel.report is kept)",
]


@pytest.mark.slow
def test_in_a_real_kernel_and_as_a_page():
    """The panel is the cell's result; published without widgets' state, the static table stands in its place."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, kernel_name="python3", store_widget_state=False).execute()
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "execute_result"
    assert set(output.data) == {WIDGET, "text/html", "text/plain"}
    assert notebook.cells[2].outputs[0].text == "Panel Report True\n"
    assert "widgets" not in notebook.metadata
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "<strong>Sequential</strong>" in page
    assert f"{14 * 14 * 8 * 27:,}" in page


@pytest.mark.slow
def test_a_real_kernel_says_which_cell_it_runs():
    """Front ends name the cell in a request's metadata; run again, it gives the state on, and another cell does not."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:

        def run(cell: str, code: str) -> str:
            content = {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
            }
            message = client.session.msg("execute_request", content, metadata={"cellId": cell})
            client.shell_channel.send(message)
            text = ""
            while True:
                heard = client.get_iopub_msg(timeout=60)
                if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                    continue
                if heard["msg_type"] == "stream":
                    text += heard["content"]["text"]
                assert heard["msg_type"] != "error", heard["content"]
                if heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
                    return text

        run("first", CELLS[0])
        run("panel", f"{CELLS[1]}")
        run("other", "panel = _; panel.selected = '0'")
        run("panel", f"{CELLS[1]}")
        assert run("other", "print(_ is panel, repr(_.selected))") == "False '0'\n"
        run("another", f"{CELLS[1]}")
        assert run("other", "print(repr(_.selected))") == "''\n"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
