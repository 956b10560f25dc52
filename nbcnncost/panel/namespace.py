"""What a panel has to do with the notebook around it: its variables, and the cell that made the panel before."""

from __future__ import annotations

import keyword
import sys
from typing import Any

from nbcnncost import cells
from nbcnncost.cells import shell_here
from nbcnncost.errors import CostError


def take_place(panel: Any) -> Any:
    """The panel that the same cell made in this place when it ran before, or ``None``."""
    return cells.take_place(panel, "nbcnncost_panels")


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
    return cells.name_of(model, usual)


def _is_module(value: Any) -> bool:
    """Whether it is a model; there is none without torch, which is not imported for this."""
    module = getattr(sys.modules.get("torch.nn"), "Module", None)
    return isinstance(module, type) and isinstance(value, module)
