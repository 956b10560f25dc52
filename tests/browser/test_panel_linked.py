"""What belongs together in the panel: table and charts, the panel and Python, what is pinned and what is now."""

from __future__ import annotations

import json

import pytest
from shown import whole
from sums import leaves, sums
from torch import nn
from torchvision.models import resnet18

from nbcnncost import cost
from nbcnncost.panel import LayerChange, PanelState, View, WhatIf
from tools.panel_sample import deep

SIZE = (1, 3, 64, 64)


@pytest.fixture
def shown(show, net):
    """Its panel, as it comes."""
    return show(cost(net, SIZE).panel())


def test_a_click_in_the_table_selects_in_both_charts(shown):
    """The row, its bar and its tile are marked, and Python knows it."""
    shown.choose("layer1")
    assert shown.panel.selected == "layer1"
    assert shown.chosen() == ["layer1"]
    assert shown.mark("bars", "layer1").get_attribute("aria-selected") == "true"
    shown.tab("treemap")
    assert shown.mark("treemap", "layer1").get_attribute("aria-selected") == "true"
    assert shown.panel.state.view.chart == "treemap"


@pytest.mark.parametrize("chart", ["bars", "treemap"])
def test_a_click_in_a_chart_selects_in_the_table(shown, chart):
    """What is clicked on in a chart is the selected row of the table, in sight, and Python's."""
    shown.tab(chart)
    for name in ("conv1", "fc"):
        shown.mark(chart, name).click()
        shown.settle()
        assert shown.panel.selected == name
        assert shown.chosen() == [name]
        box, frame = shown.row(name).bounding_box(), shown.root.locator(".cc-table").locator("..").bounding_box()
        assert frame["y"] <= box["y"] <= frame["y"] + frame["height"]


def test_selecting_a_hidden_layer_opens_what_it_is_in(shown):
    """Set from Python, a row that is folded away comes into sight."""
    shown.press("collapse")
    shown.panel.selected = "layer4.1.conv2"
    shown.deliver()
    assert shown.chosen() == ["layer4.1.conv2"]
    assert shown.row("layer4.1.conv2").is_visible()


def test_a_layer_selected_before_the_panel_is_shown_is_in_sight(show, net):
    """What it is in stands open, and it is scrolled to."""
    panel = cost(net, SIZE).panel()
    panel.selected = "layer4.1.conv2"
    shown = show(panel)
    assert shown.chosen() == ["layer4.1.conv2"]
    shown.page.wait_for_function("document.querySelector('.cc-scroll').scrollTop > 0")
    box, frame = shown.row("layer4.1.conv2").bounding_box(), shown.root.locator(".cc-scroll").bounding_box()
    assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]


def test_the_bars_are_the_tables_rows(shown):
    """The bars stand for rows of the table, whatever the filter; with few rows each has one."""
    assert set(shown.marks("bars").evaluate_all("marks => marks.map(mark => mark.dataset.id)")) <= set(shown.ids())
    shown.filter("conv1")
    ids = shown.marks("bars").evaluate_all("marks => marks.map(mark => mark.dataset.id)")
    assert set(ids) == set(shown.ids())


def test_the_bars_are_as_long_as_the_numbers(shown, net):
    """In the flat list the lengths of the bars are to each other as the numbers are."""
    report = cost(net, SIZE)
    shown.press("flat")
    shown.filter("conv2d")
    shown.look(metric="macs")
    script = "marks => marks.map(mark => [mark.dataset.id, +mark.querySelector('.cc-fill').getAttribute('width')])"
    lengths = dict(shown.marks("bars").evaluate_all(script))
    numbers = {name: row.macs for name, row in leaves(report).items() if name in lengths}
    assert len(lengths) == 20
    most = max(numbers, key=numbers.get)
    for name, length in lengths.items():
        assert length / lengths[most] == pytest.approx(numbers[name] / numbers[most], abs=0.01)


def test_the_treemaps_areas_are_as_large_as_the_numbers(shown, net):
    """Of the layers drawn large enough to measure, area and number are in proportion."""
    report = cost(net, SIZE)
    shown.look(chart="treemap", metric="params")
    script = """marks => marks.map(mark => {
        const rect = mark.querySelector("rect");
        return [mark.dataset.id, (+rect.getAttribute("width") + 1) * (+rect.getAttribute("height") + 1)];
    })"""
    areas = dict(shown.marks("treemap").evaluate_all(script))
    numbers = {name: row.params for name, row in leaves(report).items()}
    large = {name: area / numbers[name] for name, area in areas.items() if name in numbers and area > 2000}
    assert len(large) >= 5
    middle = sorted(large.values())[len(large) // 2]
    for share in large.values():
        assert share == pytest.approx(middle, rel=0.2)


def test_python_sees_what_a_person_did(shown):
    """Sorting, filtering, choosing columns and types, metric and chart are the panel's state."""
    seen = []
    shown.panel.observe(lambda change: seen.append(change["new"]), names="state")
    shown.sort("params")
    shown.filter("conv")
    shown.check("types", "Conv2d")
    shown.check("columns", "macs")
    shown.root.locator(".cc-metric").select_option("macs")
    shown.settle()
    shown.tab("treemap")
    state = shown.panel.state
    assert state.view == View(
        columns=tuple(key for key in shown.columns() if key != "name"),
        sort="params",
        descending=True,
        text="conv",
        types=("Conv2d",),
        expanded=state.view.expanded,
        metric="macs",
        chart="treemap",
    )
    assert "macs" not in shown.columns()
    assert seen[-1] == state


def test_the_page_shows_what_python_sets(shown, net):
    """A whole state set from Python is what the page shows."""
    view = View(columns=("type", "params"), sort="params", descending=False, flat=True, text="bn", metric="params")
    shown.panel.state = PanelState(selected="bn1", view=view)
    shown.deliver()
    expected = sorted((row.params, name) for name, row in leaves(cost(net, SIZE)).items() if "bn" in name)
    assert [whole(text) for text in shown.cells("params").values()] == [number for number, _ in expected]
    assert shown.columns() == ["name", "type", "params"]
    assert shown.root.locator(".cc-filter").input_value() == "bn"
    assert shown.root.locator(".cc-flat").get_attribute("aria-pressed") == "true"
    assert shown.root.locator(".cc-metric").input_value() == "params"
    assert shown.chosen() == ["bn1"]


def test_a_state_goes_round(shown):
    """What a person did, read as the state and set in another panel, is what that panel shows."""
    shown.sort("macs")
    shown.filter("layer3")
    kept = shown.panel.state
    rows = shown.ids()
    shown.panel.state = PanelState()
    shown.deliver()
    assert shown.ids() != rows
    shown.panel.state = kept
    shown.deliver()
    assert shown.ids() == rows


def test_what_if_another_resolution(shown, net):
    """Every number is that of the model at that resolution."""
    shown.press("expand")
    shown.ask("resolution", 96)
    report = cost(net, (1, 3, 96, 96))
    assert shown.panel.state.what_if == WhatIf(height=96, width=96)
    assert {name: whole(text) for name, text in shown.cells("flops").items()} == {
        name: number for name, number in sums(report, "flops").items() if name
    }
    assert whole(shown.total("flops")) == report.total.flops


def test_what_if_another_kernel_of_the_selected_layer(shown, net):
    """Every number is that of a model with such a layer; the model itself has its own still."""
    shown.choose("conv1")
    shown.ask("kernel_size", 3)
    shown.ask("padding", 1)
    other = resnet18()
    other.conv1 = nn.Conv2d(3, 64, 3, stride=2, padding=1, bias=False)
    report = cost(other, SIZE)
    assert shown.panel.state.what_if.layers == {"conv1": LayerChange(kernel_size=3, padding=1)}
    for key in ("params", "macs", "flops"):
        assert whole(shown.total(key)) == report.total.number(key)
        assert whole(shown.cell("conv1", key)) == report["conv1"].number(key)
    assert net.conv1.kernel_size == (7, 7)


def test_a_kernel_that_is_not_square(shown):
    """Untied, a setting has a box for each axis; the numbers are those of such a layer."""
    shown.choose("conv1")
    assert shown.field("kernel_size").count() == 1
    shown.root.get_by_role("button", name="kernel: change all sides together").click()
    height, width = shown.field("kernel_size").all()
    assert (height.get_attribute("aria-label"), width.get_attribute("aria-label")) == (
        "kernel, height",
        "kernel, width",
    )
    width.fill("3")
    width.press("Tab")
    shown.settle()
    assert shown.panel.state.what_if.layers == {"conv1": LayerChange(kernel_size=(7, 3))}
    assert whole(shown.cell("conv1", "params")) == 64 * 3 * 7 * 3


def test_the_focus_stays_where_a_change_offers_other_choices(shown):
    """Other channels have other divisors for groups; who changes them by keyboard stays where they are."""
    shown.choose("layer1")
    shown.choose("conv1")
    before = shown.field("groups").locator("option").all_text_contents()
    shown.field("out_channels").fill("63")
    shown.field("out_channels").press("Enter")
    shown.settle()
    assert shown.field("groups").locator("option").all_text_contents() == ["1", "3"] != before
    assert shown.field("out_channels").evaluate("field => field === document.activeElement")


def test_each_change_is_taken_back_by_itself(show):
    """Also where a layer is called as a setting of the input is."""
    net = nn.Sequential()
    net.add_module("height", nn.Conv2d(3, 4, 3, padding=1))
    net.add_module("width", nn.Conv2d(4, 4, 3, padding=1))
    shown = show(cost(net, SIZE).panel())
    change = LayerChange(kernel_size=(5, 5), padding=(2, 2))
    shown.panel.what_if = WhatIf(height=96, layers={"height": change, "width": change})
    shown.deliver()
    shown.root.get_by_role("button", name="Take back: height: kernel").click()
    shown.settle()
    assert shown.panel.what_if == WhatIf(height=96, layers={"width": change})
    shown.root.get_by_role("button", name="Take back: height: 64 → 96").click()
    shown.settle()
    assert shown.panel.what_if == WhatIf(layers={"width": change})


def test_the_treemap_shows_what_differs_from_the_baseline(shown):
    """A tile that has room for it, as every tile's title."""
    shown.press("pin")
    shown.ask("resolution", 128)
    shown.tab("treemap")
    tile = shown.mark("treemap", "layer1.0.conv1")
    assert "▲ +" in tile.locator("title").text_content()
    assert "▲ +" in " ".join(shown.root.locator(".cc-tile .cc-value").all_text_contents())


def test_what_breaks_is_said_at_its_layer(shown):
    """What no longer fits is said once, at the what-if, and marked at its layer; reset takes it back."""
    shown.choose("conv1")
    shown.ask("out_channels", 48)
    said = shown.panel.status["error"]
    assert said["path"] == "bn1"
    assert "48" in said["message"]
    assert said["message"].replace("`", "") in shown.root.locator(".cc-wrong").inner_text()
    assert shown.root.inner_text().count("give it num_features") == 1
    assert "`" not in shown.root.inner_text()
    assert shown.root.locator(".cc-failed .cc-mark").is_visible()
    shown.press("reset")
    assert shown.panel.status["error"] is None
    assert not shown.root.locator(".cc-failed").count()
    assert shown.panel.state.what_if == WhatIf()


def test_a_pinned_state_is_compared(shown, net):
    """After pinning, a change shows each difference as numbers with sign and arrow; unpinning takes it away."""
    shown.press("pin")
    assert shown.panel.state.pinned.total == cost(net, SIZE).total
    shown.ask("resolution", 128)
    before, after = sums(cost(net, SIZE), "flops"), sums(cost(net, (1, 3, 128, 128)), "flops")
    cells = shown.cells("Δflops")
    assert cells.keys() >= {"conv1", "layer1", "fc"}
    for name, text in cells.items():
        assert whole(text) == after[name] - before[name]
        assert ("▲ +" in text) is (after[name] > before[name])
    assert whole(shown.total("Δflops")) == after[""] - before[""]
    shown.press("pin")
    assert shown.panel.state.pinned is None
    assert "Δflops" not in shown.columns()


def download(shown, what: str) -> tuple[str, bytes]:
    """The file that the export menu gives."""
    shown.root.locator(".cc-export").click()
    with shown.page.expect_download() as waiting:
        shown.root.locator(f"[data-action=download][data-format={what}]").click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


@pytest.mark.parametrize(
    ("what", "method"), [("csv", "to_csv"), ("json", "to_json"), ("markdown", "to_markdown"), ("latex", "to_latex")]
)
def test_an_exported_file_is_the_reports(shown, net, what, method):
    """What is downloaded is what the report itself writes, the what-if included."""
    shown.ask("resolution", 96)
    name, content = download(shown, what)
    assert content.decode() == getattr(cost(net, (1, 3, 96, 96)), method)()
    assert "resnet" in name.lower()


@pytest.mark.parametrize(("what", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<")])
def test_an_exported_picture_is_one(shown, what, begin):
    """A picture of the chart and a page of the table are files of their kind."""
    name, content = download(shown, what)
    assert name.endswith(f".{what}")
    assert content.startswith(begin)


def test_a_table_is_copied(shown, net):
    """What is copied is the same text, on the clipboard."""
    shown.root.locator(".cc-export").click()
    shown.root.locator("[data-action=copy][data-format=csv]").click()
    shown.page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 100)")
    assert shown.page.evaluate("navigator.clipboard.readText()") == cost(net, SIZE).to_csv()


def test_the_code_makes_the_same_change(shown, net):
    """What "copy as code" gives makes such a model of the user's own."""
    shown.choose("layer1.0.conv1") if "layer1.0.conv1" in shown.ids() else shown.choose("conv1")
    shown.ask("kernel_size", 5)
    shown.ask("padding", 2)
    total = whole(shown.total("flops"))
    shown.press("code")
    shown.page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('kernel'))")
    code = shown.page.evaluate("navigator.clipboard.readText()")
    names = {"net": resnet18()}
    exec(code, names)
    made = next(value for value in reversed(names.values()) if isinstance(value, nn.Module))
    assert cost(made, SIZE).total.flops == total != cost(net, SIZE).total.flops


def test_without_python_the_page_still_explores(shown):
    """Where no kernel answers, sorting and filtering go on, and an export says what it needs."""
    script = """key => {
        const { model } = window.panels[key];
        model.send = model.save_changes = () => { throw new Error("no kernel"); };
    }"""
    shown.page.evaluate(script, shown.key)
    shown.root.locator(".cc-filter").fill("conv1")
    shown.head("params").locator("button").click()
    numbers = [whole(text) for name, text in shown.cells("params").items() if name.count(".") == 2]
    assert numbers
    shown.root.locator(".cc-export").click()
    shown.root.locator("[data-action=download][data-format=csv]").click()
    shown.root.get_by_text("needs a running kernel").wait_for()


def test_the_sum_of_the_others_sets_no_scale(show):
    """Among thousands of like layers each bar is as long as the room, and what is left over is a number."""
    shown = show(cost(deep(), (1, 2, 8, 8)).panel())
    shown.press("flat")
    widths = shown.root.locator(".cc-bars .cc-fill").evaluate_all("bars => bars.map(bar => bar.width.baseVal.value)")
    assert min(widths) > 100
    assert shown.root.locator(".cc-other .cc-value").is_visible()


def test_what_comes_later_is_shown_last(shown):
    """A small table that follows a large one at once is what is shown, though it is unpacked sooner."""
    large = cost(deep(), (1, 2, 8, 8)).panel().get_state("table")
    small = cost(nn.Sequential(nn.Linear(2, 3)), (1, 2)).panel().get_state("table")
    script = """([key, states]) => {
        const { model } = window.panels[key];
        return Promise.all(states.map(state => model.receive([{ method: "update", state }])));
    }"""
    shown.page.evaluate(script, [shown.key, [large, small]])
    assert shown.cells("params") == {"0": str(2 * 3 + 3)}
    assert shown.root.locator(".cc-model").inner_text() == "Sequential"


def test_the_saved_state_is_small(net):
    """Everything that a notebook keeps of a small model's panel, script and styles included."""
    state = cost(net, SIZE).panel().get_state()
    assert len(json.dumps(state).encode()) < 60_000
