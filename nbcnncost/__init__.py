"""What a PyTorch CNN costs: ``%load_ext nbcnncost`` and ``%%cnncost`` in a notebook, :func:`cost` in Python.

>>> import nbcnncost, torch
>>> nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400)).total.macs
48000
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbcnncost import conventions, formulas
    from nbcnncost.api import compare, cost, trace
    from nbcnncost.conventions import Convention
    from nbcnncost.errors import CostError, UncountedOpWarning
    from nbcnncost.records import Trace
    from nbcnncost.report import Report

    __version__: str

__all__ = [
    "Convention",
    "CostError",
    "Report",
    "Trace",
    "UncountedOpWarning",
    "__version__",
    "compare",
    "conventions",
    "cost",
    "formulas",
    "trace",
]

#: Where each public name is at home; nothing is imported before it is asked for.
_HOMES = {
    "Convention": "nbcnncost.conventions",
    "CostError": "nbcnncost.errors",
    "Report": "nbcnncost.report",
    "Trace": "nbcnncost.records",
    "UncountedOpWarning": "nbcnncost.errors",
    "compare": "nbcnncost.api",
    "cost": "nbcnncost.api",
    "trace": "nbcnncost.api",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in ("conventions", "formulas"):
        return import_module(f"nbcnncost.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("nbcnncost")
    raise AttributeError(f"module 'nbcnncost' has no attribute {name!r}", name=name, obj=import_module(__name__))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext nbcnncost``: adds ``%cnncost`` and ``%%cnncost``."""
    from nbcnncost.magic import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext nbcnncost``: takes them away again."""
    from nbcnncost.magic import unload

    unload(shell)
