"""Text that is given back and, where wanted, also written to a file."""

from __future__ import annotations

from pathlib import Path


def written(content: str, path: str | Path | None) -> str:
    """The content, also written to ``path`` as UTF-8 if one is given."""
    if path is not None:
        Path(path).write_text(content, encoding="utf-8")
    return content
