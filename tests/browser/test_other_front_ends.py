"""The notebook of test_lab.py in Notebook 7, and as a Voila page."""

from __future__ import annotations

import live
import pytest
from axe import serious
from notebook_page import NotebookPage
from shown import Shown, whole
from test_lab import CELLS, PRINT, SHOW
from torchvision.models import resnet50

from nbcnncost import cost


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    """Jupyter on loopback, with the notebook."""
    started = live.start(tmp_path_factory.mktemp("jupyter"))
    started.write("panel.ipynb", *CELLS)
    yield started
    started.stop()


@pytest.fixture
def new_page(browser):
    """A page without limits to what it may ask of the server."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_notebook_7(new_page, server, screenshots):
    """The panel explores, changes and is heard of, as in JupyterLab."""
    notebook = NotebookPage(new_page, server, "notebooks", "panel.ipynb")
    for number in range(len(CELLS)):
        notebook.run(number)
    shown = notebook.panel(SHOW)
    assert whole(shown.total("flops")) == cost(resnet50(), (1, 3, 224, 224)).total.flops
    shown.choose("conv1")
    shown.ask("resolution", 160)
    assert whole(shown.total("flops")) == cost(resnet50(), (1, 3, 160, 160)).total.flops
    assert serious(new_page) == []
    new_page.screenshot(path=screenshots / "notebook-7.png")
    cells = new_page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("d", "d", "x", "a", "b"):
        new_page.keyboard.press(key)
    assert new_page.locator(".jp-Notebook .jp-Cell").count() == cells
    notebook.run(PRINT)
    assert notebook.output(PRINT).strip() == "conv1"


def test_voila(new_page, server, screenshots):
    """Without code beside it the panel is an application of its own, with a kernel behind it."""
    new_page.goto(server.address("voila/render", "panel.ipynb"))
    root = new_page.locator(".cnncost")
    root.locator(".cc-row").first.wait_for(timeout=60_000)
    shown = Shown(new_page, root)
    shown.ask("resolution", 160)
    expected = f"{cost(resnet50(), (1, 3, 160, 160)).total.flops:,}"
    shown.root.locator(".cc-table .cc-total [data-key=flops]", has_text=expected).wait_for()
    new_page.screenshot(path=screenshots / "voila.png")
