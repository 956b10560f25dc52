"""The panel of a ResNet-50 in a real JupyterLab with a real kernel."""

from __future__ import annotations

import json
import re

import live
import pytest
from axe import serious
from notebook_page import NotebookPage
from shown import whole
from sums import sums
from torch import nn
from torchvision.models import resnet50

from nbcnncost import cost

SIZE = (1, 3, 224, 224)
CELLS = (
    "%load_ext nbcnncost\nfrom torchvision.models import resnet50\nnet = resnet50()",
    "%cnncost net --panel",
    "panel = _",
    "print(panel.selected)",
)
MAKE, SHOW, NAME, PRINT = range(4)


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    """Jupyter on loopback; the browser comes first, since without one nothing here runs."""
    started = live.start(tmp_path_factory.mktemp("jupyter"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def notebook(browser, server):
    """The notebook, run from top to bottom."""
    server.write("panel.ipynb", *CELLS)
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(15_000)
    opened = NotebookPage(context.new_page(), server, "lab/tree", "panel.ipynb")
    opened.page.on("dialog", lambda dialog: dialog.accept())
    for number in range(len(CELLS)):
        opened.run(number)
    opened.kernel.run("first = panel.state")
    yield opened
    opened.kernel.close()
    context.close()


@pytest.fixture
def shown(notebook):
    """The panel as it comes, whatever a test before did to it."""
    panel = notebook.panel(SHOW)
    notebook.kernel.run("panel.state = first")
    panel.settle()
    return panel


@pytest.fixture(scope="module")
def report():
    """What the panel is about, counted here."""
    return cost(resnet50(), SIZE)


def check_numbers(shown, report):
    """Every drawn row, and the total, has the report's numbers."""
    for key in ("params", "macs", "flops"):
        expected = sums(report, key)
        assert {name: whole(text) for name, text in shown.cells(key).items()} == {
            name: expected[name] for name in shown.ids()
        }
        assert whole(shown.total(key)) == report.total.number(key)


def test_the_panel_shows_the_report(shown, report):
    """Everything opened, its rows are all rows, with the report's numbers."""
    shown.press("expand")
    assert len(shown.ids()) == len(report.tree())
    check_numbers(shown, report)


def test_sorting_filtering_and_opening(shown, notebook, report):
    """What a person does is seen by Python."""
    shown.press("flat")
    shown.sort("params")
    costliest = sorted(report.rows, key=lambda row: -row.params)[:3]
    assert shown.ids()[:3] == [row.path for row in costliest]
    shown.press("flat")
    shown.filter("layer3 .conv2")
    assert whole(shown.total("macs")) == sum(
        row.macs for row in report.rows if "layer3" in row.path and "conv2" in row.path
    )
    assert notebook.kernel.value("(panel.state.view.text, panel.state.view.sort)") == ("layer3 .conv2", "params")


def test_a_selected_layer_is_printed_by_a_second_cell(shown, notebook):
    """A click selects, and the next cell knows what."""
    shown.choose("layer1")
    notebook.run(PRINT)
    assert notebook.output(PRINT).strip() == "layer1"
    shown.mark("bars", "fc").click()
    shown.settle()
    notebook.run(PRINT)
    assert notebook.output(PRINT).strip() == "fc"


def test_python_sets_the_state_and_the_page_follows(shown, notebook, report):
    """Set by a cell's code, the selection, the order and the filter are what the page shows."""
    notebook.kernel.run(
        "from dataclasses import replace\n"
        "view = replace(panel.state.view, sort='macs', flat=True, text='conv3')\n"
        "panel.state = replace(panel.state, selected='layer4.2.conv3', view=view)"
    )
    shown.settle()
    rows = sorted((row for row in report.rows if "conv3" in row.path), key=lambda row: -row.macs)
    assert shown.ids() == [row.path for row in rows]
    assert shown.chosen() == ["layer4.2.conv3"]


def test_what_if_and_back(shown, notebook, report):
    """Another resolution, then another first kernel: the page has the numbers of such models; reset brings ours."""
    shown.ask("resolution", 256)
    check_numbers(shown, cost(resnet50(), (1, 3, 256, 256)))
    shown.choose("conv1")
    shown.ask("kernel_size", 3)
    other = resnet50()
    other.conv1 = nn.Conv2d(3, 64, 3, stride=2, padding=3, bias=False)
    check_numbers(shown, cost(other, (1, 3, 256, 256)))
    assert notebook.kernel.value("panel.report.total.flops") == cost(other, (1, 3, 256, 256)).total.flops
    assert notebook.kernel.value("net.conv1.kernel_size") == (7, 7)
    shown.press("reset")
    check_numbers(shown, report)


def test_pinned_numbers_are_compared(shown, report):
    """Pinned, then changed: the differences are those of the two reports."""
    shown.press("pin")
    shown.ask("batch", 4)
    after = cost(resnet50(), (4, 3, 224, 224))
    assert whole(shown.total("Δflops")) == after.total.flops - report.total.flops
    shown.press("pin")
    assert "Δflops" not in shown.columns()


def test_an_exported_file_and_a_variable(shown, notebook, report):
    """The downloaded CSV is the report's, and the variable holds the report."""
    shown.root.locator(".cc-export").click()
    with notebook.page.expect_download() as waiting:
        shown.root.locator("[data-action=download][data-format=csv]").click()
    assert waiting.value.path().read_text(encoding="utf-8") == report.to_csv()
    shown.root.locator(".cc-export").click()
    shown.root.locator(".cc-put-name").fill("kept")
    shown.root.locator("[data-action=put]").click()
    shown.root.locator(".cc-said", has_text="kept").wait_for()
    assert notebook.kernel.value("kept.total.flops") == report.total.flops


def test_a_cell_run_again_keeps_what_was_made_of_its_panel(shown, notebook):
    """The new panel has the filter, the order, the selection and the what-if of the one before."""
    shown.filter("layer2")
    shown.sort("params")
    shown.choose("layer2")
    shown.ask("resolution", 192)
    rows, total = shown.ids(), shown.total("flops")
    notebook.run(SHOW)
    notebook.run(NAME)
    again = notebook.panel(SHOW)
    again.settle()
    assert again.ids() == rows
    assert again.total("flops") == total
    assert again.chosen() == ["layer2"]
    assert notebook.kernel.value("(panel.selected, panel.state.what_if.height)") == ("layer2", 192)


def test_labs_shortcuts_do_not_hear_what_is_typed_in_the_panel(shown, notebook):
    """Letters that cut, add or delete cells do nothing of it, in a field or on a row."""
    page = notebook.page
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    notebook.cell(SHOW).locator(".jp-InputPrompt").click()  # command mode
    shown.root.locator(".cc-filter").click()
    page.keyboard.type("abxdd00mz")
    shown.filter("")
    shown.choose("conv1")
    for key in ("a", "b", "x", "d", "d", "m", "Enter", "ArrowDown", "ArrowUp", "j", "k"):
        page.keyboard.press(key)
    shown.settle()
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert notebook.cell(SHOW).locator(".cnncost").is_visible()
    assert page.locator(".jp-Notebook.jp-mod-editMode").count() == 0
    assert notebook.kernel.value("panel.selected") == "conv1"


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_themes(shown, notebook, screenshots, theme):
    """In both themes the panel has the theme's own colours, and axe finds nothing serious."""
    page = notebook.page
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    light = str(theme.endswith("Light")).lower()
    page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
    shown.choose("conv1")
    page.wait_for_timeout(300)
    colours = shown.root.evaluate("root => [getComputedStyle(root).backgroundColor, getComputedStyle(root).color]")
    back, text = (sum(map(float, re.findall(r"[\d.]+", colour)[:3])) for colour in colours)
    assert (back > text) is (light == "true")
    page.screenshot(path=screenshots / f"lab-{theme.split()[-1].lower()}.png")
    assert serious(page) == []


def test_a_saved_notebook_is_small_and_opens_again(shown, notebook):
    """Below 60 KB with a selection and a baseline; opened again without its kernel the panel is there, and sorts."""
    page = notebook.page
    shown.choose("layer1")
    shown.press("pin")
    shown.ask("batch", 2)
    notebook.cell(MAKE).locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    saved = notebook.server.read("panel.ipynb")
    state = saved.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]
    assert len(json.dumps(state).encode()) < 60_000
    bundle = saved.cells[SHOW].outputs[0].data
    assert "<table" in bundle["text/html"]
    assert "ResNet" in bundle["text/plain"]
    stop = "address => fetch(address, { method: 'DELETE' }).then(answer => answer.status)"
    address = f"{notebook.server.url}api/kernels/{notebook.kernel.id}?token={notebook.server.token}"
    assert page.evaluate(stop, address) == 204
    fresh = page.context.new_page()
    fresh.goto(notebook.server.address("lab/tree", "panel.ipynb"))
    root = fresh.locator(".cnncost")
    root.locator(".cc-row").first.wait_for(timeout=30_000)
    root.locator("thead th[data-key=params] button").click()
    root.locator("thead th[data-key=params][aria-sort=descending]").wait_for()
    assert root.locator(".cc-row[aria-selected=true]").get_attribute("data-id") == "layer1"
    assert root.locator("thead th[data-key=Δparams]").count() == 1
    fresh.close()
