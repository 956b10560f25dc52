"""The settings of all notebooks in a folder: a file beside them, which the extension reads when it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from traitlets.config import Config

from nbcnncost.errors import CostError

#: The file's name; in it are settings as ``%config CnnCostMagics`` has them: ``{"lang": "zh"}``.
FILE = "nbcnncost.json"


def settings_here() -> Config:
    """The settings of the folder that the kernel was started in; none where there is no such file.

    It is data alone: nothing in it is executed.
    """
    path = Path(FILE)
    if not path.is_file():
        return Config()
    return Config({"CnnCostMagics": _read(path)})


def _read(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CostError(f"{FILE} cannot be read: {error}") from None
    if not isinstance(given, dict):
        raise CostError(f'{FILE} holds settings by their names, as {{"lang": "zh"}}, not {json.dumps(given)}')
    return given
