"""Draw the panel's pictures for readers without a running kernel, in a real browser: ``make panel-picture``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import torchvision
from PIL import Image
from playwright.sync_api import sync_playwright

from nbcnncost import cost
from nbcnncost.panel import LayerChange, WhatIf

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))  # the page that the panel's tests show it on


def select(shown: Any) -> None:
    """A convolution with its details, and the chart."""
    shown.panel.selected = "layer1.0.conv1"
    shown.deliver()


def change(shown: Any) -> None:
    """The same at another resolution and with another first layer, against what was."""
    shown.panel.baseline = shown.panel.report
    shown.panel.what_if = WhatIf(
        height=160, width=160, layers={"conv1": LayerChange(kernel_size=(5, 5), padding=(2, 2))}
    )
    shown.panel.selected = "conv1"
    shown.deliver()


def area(shown: Any, name: str) -> dict[str, float]:
    """What of the page is taken: all of the panel, or what stands above the details."""
    box: dict[str, float] = shown.root.bounding_box()
    if name == "panel-what-if":
        box["height"] = shown.root.locator(".cc-details").bounding_box()["y"] - box["y"]
    return box


def few_colours(path: Path) -> None:
    """Store a picture with a palette: it has few colours, and takes a third of the room."""
    Image.open(path).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


PICTURES: dict[str, Callable[[Any], None]] = {"panel": select, "panel-what-if": change}


def main() -> None:
    """Take each picture into ``docs/``."""
    chromium, pages_of_tests = import_module("chromium"), import_module("pages")
    model = torchvision.models.resnet18()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        for name, act in PICTURES.items():
            with pages_of_tests.opened(browser) as pages:
                page = pages.open(viewport={"width": 1200, "height": 860}, device_scale_factor=1.25)
                shown = pages.show(cost(model, (1, 3, 224, 224)).panel(), on=page)
                act(shown)
                page.wait_for_timeout(300)
                path = ROOT / "docs" / f"{name}.png"
                page.screenshot(path=path, full_page=True, clip=area(shown, name))
                few_colours(path)
                print(path.relative_to(ROOT))
        browser.close()


if __name__ == "__main__":
    main()
