"""The panel on the IPython, ipykernel and ipywidgets of Colab: `make panel-colab` installs them, and runs this."""

from __future__ import annotations

import sys

import ipywidgets
import live
import nbformat
import pytest
from nbclient import NotebookClient

if ipywidgets.__version__ != "7.7.1":
    pytest.skip("for Colab's versions, which `make panel-colab` installs", allow_module_level=True)

VIEW = "application/vnd.jupyter.widget-view+json"
CELLS = (
    """\
%load_ext nbcnncost
from torch import nn
net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 30 * 30, 10))""",
    "%cnncost net -i 3x32x32 --panel",
    "panel = _",
    "from dataclasses import replace\npanel.what_if = replace(panel.what_if, batch=4)\nprint(panel.report.total.macs)",
)


@pytest.fixture
def notebook():
    """The notebook of these tests."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def test_a_notebook_with_a_panel_runs(notebook, tmp_path):
    """Through nbclient: the panel's view, beside it the static report; a what-if gives the number that it should."""
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    bundle = notebook.cells[1].outputs[0].data
    assert set(bundle) >= {VIEW, "text/html", "text/plain"}
    assert "<table" in bundle["text/html"]
    macs = 8 * 30 * 30 * 3 * 3 * 3 + 8 * 30 * 30 * 10
    assert notebook.cells[3].outputs[0].text == f"{4 * macs}\n"


def test_a_classic_notebook_shows_the_panel(notebook, tmp_path):
    """In Notebook 6, the front end of ipywidgets 7: rows are shown, a head sorts, a click is heard by Python."""
    import chromium
    from playwright.sync_api import sync_playwright

    chromium.executable()
    server = live.start(tmp_path, sys.executable, "notebook")
    try:
        server.write("panel.ipynb", *CELLS[:3], "print(panel.selected, panel.state.view.sort)")
        with sync_playwright() as playwright:
            page = chromium.launch(playwright).new_page(viewport={"width": 1280, "height": 900})
            page.goto(server.address("notebooks", "panel.ipynb"))
            # An output that comes before the extension of the widgets is never drawn.
            ready = "(kernel => kernel?.is_connected() && kernel.widget_manager)(window.Jupyter?.notebook?.kernel)"
            page.wait_for_function(ready, timeout=60_000)
            run = "cells => window.Jupyter.notebook.execute_cells(cells)"
            page.evaluate(run, [0, 1, 2])
            panel = page.locator(".cnncost")
            # In an environment just made, torch is read from the disk for the first time.
            panel.locator(".cc-row").first.wait_for(timeout=150_000)
            panel.locator(".cc-table thead th[data-key=params] button").click()
            panel.locator('.cc-row[data-id="3"] [data-key=name]').click()
            panel.locator('.cc-row[data-id="3"][aria-selected=true]').wait_for()
            page.wait_for_timeout(500)
            page.evaluate(run, [3])
            page.locator(".output_stdout", has_text="3 params").wait_for(timeout=20_000)
            page.screenshot(path=chromium.pictures() / "classic-notebook.png")
    finally:
        server.stop()
