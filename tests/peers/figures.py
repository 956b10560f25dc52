"""What a tool said of a model: figures as it printed them, kept beside the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "figures"


@dataclass(frozen=True)
class Figures:
    """A tool's total, its number of parameters, and its number for each module where it gives one.

    ``None`` stands for what the tool does not give; ``error`` is its exception where it fails on the model. In
    ``layers`` modules with zero are left out.
    """

    total: int | None
    params: int | None = None
    layers: Mapping[str, int] | None = field(default=None)
    error: str = ""

    def plain(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {key: value for key, value in vars(self).items() if value not in (None, "")}


def recorded(tool: str) -> dict[str, Figures]:
    """The kept figures of a tool by the name of the probe or model."""
    path = FOLDER / f"{tool}.json"
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: Figures(**{"total": None, **entry}) for name, entry in kept["figures"].items()}


def version_of(tool: str) -> str:
    """The version of the tool whose figures are kept."""
    return str(json.loads((FOLDER / f"{tool}.json").read_text(encoding="utf-8"))["version"])


def record(tool: str, version: str, figures: Mapping[str, Figures]) -> None:
    """Keep a tool's figures, one model a line."""
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry.plain())}" for name, entry in figures.items())
    FOLDER.mkdir(exist_ok=True)
    head = f'{{\n "tool": {json.dumps(tool)},\n "version": {json.dumps(version)},\n "figures": {{\n'
    (FOLDER / f"{tool}.json").write_text(f"{head}{lines}\n }}\n}}\n", encoding="utf-8")
