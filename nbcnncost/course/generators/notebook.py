"""A notebook as the text of its file: cells with stable ids and without outputs, written without any package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

Cell = Mapping[str, Any]


def cell_id(*names: str) -> str:
    """A cell's id: letters, digits, ``-`` and ``_``, at most 64 of them.

    >>> cell_id("conv1.h_out", "test")
    'conv1-h_out-test'
    """
    return re.sub(r"[^\w-]", "-", "-".join(names), flags=re.ASCII)[-64:]


def markdown(name: str, text: str, **metadata: Any) -> Cell:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "id": name, "metadata": metadata, "source": text}


def raw(name: str, text: str) -> Cell:
    """A cell that is passed on as it is."""
    return {"cell_type": "raw", "id": name, "metadata": {}, "source": text}


def code(name: str, text: str, **metadata: Any) -> Cell:
    """A cell of code that has not run."""
    cell = {"cell_type": "code", "id": name, "metadata": metadata, "source": text}
    return {**cell, "execution_count": None, "outputs": []}


def text_of(cells: Iterable[Cell]) -> str:
    """The file of a Python notebook."""
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    made = {"cells": [_in_lines(cell) for cell in cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _in_lines(cell: Cell) -> Cell:
    return {**cell, "source": cell["source"].splitlines(keepends=True)}
