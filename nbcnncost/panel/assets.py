"""The panel's script and style sheet: the files of ``static/`` one behind the other, without what only authors need.

They are stored with every panel that a notebook keeps, so comment lines and indentation are left out.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
#: The files in their order; each later one may use what the earlier ones define.
SCRIPTS = (
    "base.js",
    "table.js",
    "toolbar.js",
    "bars.js",
    "treemap.js",
    "details.js",
    "what_if.js",
    "main.js",
)
SHEETS = ("panel.css", "side.css")


@cache
def script() -> str:
    """The one module that a front end loads."""
    return _together(SCRIPTS, "//")


@cache
def sheet() -> str:
    """The one style sheet."""
    return _together(SHEETS, "/*")


def _together(names: tuple[str, ...], comment: str) -> str:
    texts = [(_FOLDER / name).read_text(encoding="utf-8") for name in names if (_FOLDER / name).exists()]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(comment))
