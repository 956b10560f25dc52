"""Draw the README's picture: the quickstart's first result, in a real browser. ``make picture``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01-quickstart.ipynb"
PICTURE = ROOT / "docs" / "quickstart.png"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def results() -> list[str]:
    """The stored HTML of the first table, the first explanation and the first chart."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells  # type: ignore[no-untyped-call]
    outputs: list[Any] = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    shown = ["".join(output.data["text/html"]) for output in outputs if "text/html" in output.get("data", {})]
    return shown[:2]


def source() -> str:
    """The line of the magic and the lines around it."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells  # type: ignore[no-untyped-call]
    return str(next(cell.source for cell in cells if cell.source.startswith("%%cnncost")))


def main() -> None:
    """Lay the cell and its results out as a notebook does, and take the picture."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser_path is None:
        sys.exit("no Chromium found; on Debian and Ubuntu: apt-get install chromium")
    code = source().replace("&", "&amp;").replace("<", "&lt;")
    page_text = f"""<meta charset="utf-8"><style>body{{font-family:system-ui,sans-serif;margin:24px;width:900px}}
pre{{background:#f6f8fa;border:1px solid #d0d7de;border-radius:6px;padding:12px;font-size:13px;line-height:1.4}}
pre b{{color:#8250df}}</style><pre>{code.replace("%%cnncost", "<b>%%cnncost</b>", 1)}</pre>{"<br>".join(results())}"""
    PICTURE.parent.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = browser.new_page(viewport={"width": 950, "height": 600}, device_scale_factor=1.5)
        page.set_content(page_text)
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()
    print(PICTURE.relative_to(ROOT))


if __name__ == "__main__":
    main()
