"""Scripts and style sheets as a page is given them: without the lines that only authors need."""

from __future__ import annotations

from pathlib import Path

#: What every script of ours makes elements with; it stands before the script's own files.
ELEMENTS = Path(__file__).parent / "static" / "elements.js"


def lines_of(*paths: Path) -> list[str]:
    """The lines of these files, one after the other, without indentation, blank lines and lines of comment."""
    lines = (line.strip() for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("//", "/*"))]
