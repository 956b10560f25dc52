"""How long the panel takes in a real Chromium, beside itables and ipydatagrid showing the same rows: ratios of one run.

The first paint is from the moment a page is given what the kernel says until rows are on the screen; the other two show
a flat table of the same rows, since neither has a tree with sums. `make panel-benchmark` installs them.

PYTHONPATH=.:tests/browser python benchmarks/panel.py 200 2000 5000
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import chromium  # type: ignore[import-not-found,unused-ignore]
import live  # type: ignore[import-not-found,unused-ignore]
from notebook_page import NotebookPage  # type: ignore[import-not-found,unused-ignore]
from playwright.sync_api import Locator, Page, sync_playwright

ROWS = [200, 2000, 5000]
TIMES = 3

MAKE = """\
from torch import nn
from nbcnncost import cost
def rows(number):
    layers = (nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Identity(), nn.ReLU())
    return nn.Sequential(*(nn.Sequential(*layers) for _ in range(number // 5)))
nets = {number: rows(number) for number in NUMBERS}
reports = {number: cost(net, (1, 2, 8, 8)) for number, net in nets.items()}
frames = {number: report.to_pandas() for number, report in reports.items()}
import itables, ipydatagrid
from itables.widget import ITable
from torchvision.models import resnet50
net = resnet50()"""
#: How each is shown for a number of rows, and what its drawn rows are.
SHOWN = {
    "ipydatagrid": ("ipydatagrid.DataGrid(frames[{}])", ".lm-DataGrid canvas, .p-DataGrid canvas"),
    "itables": ("ITable(frames[{}], maxBytes=0)", "table.dataTable tbody tr td"),
    "panel": ("reports[{}].panel()", ".cnncost .cc-row"),  # the last, since it is sorted next
}


def painted(page: Page, first: Locator, begin: float) -> float:
    """The seconds since the beginning, once an element is there and the browser has drawn it."""
    first.wait_for(timeout=120_000)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return perf_counter() - begin


def show(notebook: NotebookPage, code: str, rows: str) -> float:
    """Run a cell that shows something, until it is drawn; the least of several."""
    taken = []
    for _ in range(TIMES):
        page, cell = notebook.page, notebook.cell(1)
        write(notebook, "None")
        notebook.run(1)
        write(notebook, code)
        begin = perf_counter()
        page.keyboard.press("Control+Enter")
        taken.append(painted(page, cell.locator(rows).first, begin))
        notebook.idle()
    return min(taken)


def write(notebook: NotebookPage, code: str) -> None:
    """Put code into the second cell."""
    notebook.cell(1).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.insert_text(code)


def answered(root: Locator, act: str, change: str) -> float:
    """The seconds from an act in the page until the panel has changed so and is drawn, by the page's own clock.

    The driver looks at a page some ten times a second, which is too seldom for times like these.
    """
    taken: float = root.evaluate(
        f"""async panel => {{
          const changed = () => {{ const total = panel.querySelector(".cc-total [data-key=flops]"); return {change}; }};
          const before = panel.querySelector(".cc-total [data-key=flops]").textContent;
          const begin = performance.now();
          const seen = new Promise(done => new MutationObserver((_, observer) => {{
            if (changed()) {{ observer.disconnect(); done(); }}
          }}).observe(panel, {{ subtree: true, childList: true, characterData: true, attributes: true }}));
          {act};
          await seen;
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          return performance.now() - begin;
        }}"""
    )
    return taken / 1000


def sort(notebook: NotebookPage) -> float:
    """Sort the flat list of the panel that is shown, by a number, both ways; the slower of them."""
    root = notebook.cell(1).locator(".cnncost")
    root.locator(".cc-flat").click()
    head = "panel.querySelector('.cc-table thead th[data-key=flops]')"
    ways = ("descending", "ascending")
    return max(
        answered(root, f"{head}.querySelector('button').click()", f"{head}.ariaSort === '{way}'") for way in ways
    )


def ask(notebook: NotebookPage) -> float:
    """Change the resolution of a ResNet-50: until the page has the numbers; the median of several."""
    show(notebook, "cost(net, (1, 3, 224, 224)).panel()", SHOWN["panel"][1])
    root = notebook.cell(1).locator(".cnncost")
    field = "panel.querySelector('.cc-whatif [data-key=resolution]:not([type=range])')"
    taken = []
    for side in (256, 192, 288, 160, 320, 224, 240):
        act = f"{field}.value = {side}; {field}.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        taken.append(answered(root, act, "total.textContent !== before"))
        notebook.idle()
    root.get_by_role("button", name="Reset").click()  # the next panel of this cell would be asked the same
    notebook.idle()
    return median(taken)


def main(numbers: list[int]) -> None:
    """One line for each number of rows."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = live.start(Path(folder))
        try:
            server.write("panel.ipynb", MAKE.replace("NUMBERS", json.dumps(numbers)), "None")
            browser = chromium.launch(playwright)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            notebook = NotebookPage(page, server, "lab/tree", "panel.ipynb")
            notebook.run(0)
            notebook.run(1)
            print(f"what if, ResNet-50 at another resolution: {1000 * ask(notebook):.0f} ms until the page has it")
            heads = (
                f"{'panel':>9} {'itables':>9} {'ipydatagrid':>12}   {'itables / panel':>15} {'ipydatagrid / panel':>20}"
            )
            print(f"{'first paint':12} {heads}")
            for number in numbers:
                grid, tables, own = (show(notebook, code.format(number), rows) for code, rows in SHOWN.values())
                times = f"{1000 * own:>6.0f} ms {1000 * tables:>6.0f} ms {1000 * grid:>9.0f} ms"
                print(f"{number:>7} rows {times}   {tables / own:>15.2f} {grid / own:>20.2f}")
            print(f"sorting {numbers[-1]} rows: {1000 * sort(notebook):.0f} ms")
        finally:
            server.stop()


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]] or ROWS)
