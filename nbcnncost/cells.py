"""The notebook around us: its shell, and the cell that made a thing before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def shell_here() -> Any:
    """The IPython that runs this, or ``None``."""
    from IPython.core.getipython import get_ipython

    return get_ipython()


@dataclass
class _Run:
    """The things that one run of a cell has made so far, and those of the run before it that are not replaced yet."""

    number: str
    before: list[Any] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)


def take_place(thing: Any, kept: str) -> Any:
    """The thing that the same cell made in this place when it ran before, or ``None``; the new one is remembered.

    Front ends say with each run which cell it is; the shell keeps what belongs to it, each kind of thing under a name
    of its own: ``kept``.
    """
    shell = shell_here()
    parent = getattr(shell, "parent_header", None) or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    if not isinstance(cell, str):
        return None
    runs: dict[str, _Run] = shell.meta.setdefault(kept, {})
    number = str(parent.get("header", {}).get("msg_id"))
    if cell not in runs or runs[cell].number != number:
        runs[cell] = _Run(number, runs[cell].made if cell in runs else [])
    run = runs[cell]
    run.made.append(thing)
    return run.before.pop(0) if run.before else None


def name_of(value: Any, usual: str) -> str:
    """The variable that holds the value, or what it is usually called."""
    shell = shell_here()
    if shell is None or value is None:
        return usual
    names = [name for name, held in shell.user_ns.items() if held is value and not name.startswith("_")]
    return names[0] if names else usual
