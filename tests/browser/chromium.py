"""The browser that the tests drive: the machine's own Chromium, or a loud word that there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRE = "NBCNNCOST_REQUIRE_BROWSER"
MISSING = f"no Chromium found (looked for {', '.join(NAMES)})"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Where Chromium is on this machine; ``None`` where it is not."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def executable() -> str:
    """Where Chromium is; without one the test is skipped, or fails where a browser is required."""
    found = find()
    if found is None and os.environ.get(REQUIRE):
        pytest.fail(f"{MISSING}, and {REQUIRE} is set", pytrace=False)
    if found is None:
        pytest.skip(MISSING)
    return found


def launch(playwright):
    """A headless Chromium that talks to nobody by itself."""
    return playwright.chromium.launch(executable_path=executable(), args=FLAGS)


def pictures() -> Path:
    """The folder for pictures that people look at: ``build/screenshots``, or what NBCNNCOST_SCREENSHOTS names."""
    folder = Path(os.environ.get("NBCNNCOST_SCREENSHOTS", ROOT / "build" / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
