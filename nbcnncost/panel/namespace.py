"""What a panel has to do with the notebook around it: its variables, and the cell that made the panel before."""

from __future__ import annotations

import keyword
import sys
from dataclasses import dataclass, field
from typing import Any

from nbcnncost.errors import CostError


def shell_here() -> Any:
    """The IPython that runs this, or ``None``."""
    from IPython.core.getipython import get_ipython

    return get_ipython()


@dataclass
class _Run:
    """The panels that one run of a cell has made so far, and those of the run before it that are not replaced yet."""

    number: str
    before: list[Any] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)


def take_place(panel: Any) -> Any:
    """The panel that the same cell made in this place when it ran before, or ``None``; the new one is remembered.

    Front ends say with each run which cell it is; the shell keeps what belongs to it.
    """
    shell = shell_here()
    parent = getattr(shell, "parent_header", None) or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    if not isinstance(cell, str):
        return None
    runs: dict[str, _Run] = shell.meta.setdefault("nbcnncost_panels", {})
    number = str(parent.get("header", {}).get("msg_id"))
    if cell not in runs or runs[cell].number != number:
        runs[cell] = _Run(number, runs[cell].made if cell in runs else [])
    run = runs[cell]
    run.made.append(panel)
    return run.before.pop(0) if run.before else None


def put(name: Any, value: Any) -> str:
    """Bind a variable of the user's to the value; what is said of it. A model is never replaced."""
    shell = shell_here()
    if shell is None:
        raise CostError("there is no notebook here to put a variable into; in Python it is panel.report")
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise CostError(f"{name!r} is no name for a variable: letters, digits and _ make one, as in my_report")
    if name in getattr(shell, "user_ns_hidden", ()):
        raise CostError(f"{name} is a name that IPython itself uses; choose another one")
    before = shell.user_ns.get(name)
    if _is_module(before):
        raise CostError(f"{name} is a model ({type(before).__name__}), which would be lost; choose another name")
    shell.user_ns[name] = value
    replaced = "" if before is None else f"; what it held before ({type(before).__name__}) is gone from there"
    return f"{name} now holds the report{replaced}"


def name_of(model: Any, usual: str = "net") -> str:
    """The variable that holds the model, or what it is usually called."""
    shell = shell_here()
    if shell is None or model is None:
        return usual
    names = [name for name, value in shell.user_ns.items() if value is model and not name.startswith("_")]
    return names[0] if names else usual


def _is_module(value: Any) -> bool:
    """Whether it is a model; there is none without torch, which is not imported for this."""
    module = getattr(sys.modules.get("torch.nn"), "Module", None)
    return isinstance(module, type) and isinstance(value, module)
