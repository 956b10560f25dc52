"""IPython shells for tests: each its own, and nothing left of it."""

from __future__ import annotations

import atexit
import sys
from contextlib import contextmanager
from types import SimpleNamespace

from IPython import version_info
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

# IPython 9 spells it in lower case.
COLORLESS = "nocolor" if version_info[0] >= 9 else "NoColor"


@contextmanager
def fresh_shell(folder, monkeypatch):
    """A shell of its own with the extension loaded, whose profile is in ``folder``."""
    monkeypatch.setenv("IPYTHONDIR", str(folder))
    monkeypatch.delattr("builtins._", raising=False)  # a doctest in this process leaves it, and IPython then sets none
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    InteractiveShell.clear_instance()
    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": COLORLESS}})
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "nbcnncost")
    try:
        yield shell
    finally:
        InteractiveShell.clear_instance()
        # It would hold the shell and its models to the end, and there collect garbage once for each: minutes.
        atexit.unregister(shell.atexit_operations)


def run(shell, cell):
    """Run a cell as a notebook would; gives its result, its error, all that was printed and what was shown."""
    with capture_output() as captured:
        done = shell.run_cell(cell, store_history=True)
    return SimpleNamespace(
        result=done.result,
        error=done.error_before_exec or done.error_in_exec,
        text=captured.stdout + captured.stderr,
        shown=captured.outputs,
    )
