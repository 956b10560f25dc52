"""The plan of the code, held: which module may import what, and what stays unloaded."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "nbcnncost"


@dataclass(frozen=True)
class Place:
    """A module's place: its level, and what it may import besides the standard library.

    ``own`` are modules of ours (``None``: every module on a lower level), ``beside`` are further ones on the
    same level, ``outside`` are other packages. What stands in ``in_functions`` may be imported inside
    functions only, what stands in ``for_typing`` under ``if TYPE_CHECKING`` only.
    """

    level: int
    own: tuple[str, ...] | None = None
    beside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    in_functions: tuple[str, ...] = ()
    for_typing: tuple[str, ...] = ()


# What views show; they see only the types.
ANSWERS = ("causes", "comparison", "difference", "entries", "explain", "records", "report", "rows", "side_by_side")

# The table of the house. A folder's line holds for all modules in it that have no line of their own;
# modules of one folder may import each other. A new module gets a line here and in CONTRIBUTING.md's map.
HOUSE = {
    # 0: plain values and pure functions
    "errors": Place(0, own=("languages",)),
    "records": Place(0, own=()),
    "units": Place(0, own=()),
    "languages": Place(0, own=()),
    "shapes": Place(0, own=("errors",)),
    "symbols": Place(0, own=()),
    "nesting": Place(0, own=()),
    "source": Place(0, own=()),
    "cells": Place(0, own=(), in_functions=("IPython",)),
    "front": Place(0, own=()),
    "plain": Place(0, own=(), in_functions=("pandas",)),
    "expressions": Place(0, own=()),
    "work": Place(0, own=("expressions", "records")),
    "families": Place(0, own=("work",)),
    "kinds": Place(0, own=("families", "quantized_kinds", "work")),
    "quantized_kinds": Place(0, own=("work",)),
    "formulas": Place(0, own=("expressions", "kinds", "symbols", "work")),
    "pieces": Place(0, own=("kinds", "records", "work")),
    "family_gradients": Place(0, own=("pieces",)),
    "backward": Place(0, own=("family_gradients", "kinds", "pieces", "records", "work")),
    "optimizers": Place(0, own=("records", "work")),
    "catalogue": Place(0, own=("backward", "kinds", "optimizers")),
    "parts": Place(0, own=("records",)),
    # 1: what ran (the only modules that know torch), where it belongs, and what it counts as
    "rules": Place(1, outside=("torch",)),
    "aten": Place(1, beside=("rules",), outside=("torch",)),
    "composites": Place(1, beside=("rules",), outside=("torch",)),
    "quantized": Place(1, beside=("aten",), outside=("torch",)),
    "tracing": Place(1, beside=("aten", "composites", "quantized"), outside=("torch",)),
    "layout": Place(1, own=("records", "units")),
    "conventions": Place(1),
    "memory": Place(1),
    "roofline": Place(1),
    # 2: what a report is made of, and what it looks like
    "rows": Place(2, own=("conventions", "errors", "layout", "parts", "records", "units")),
    "coverage": Place(2, own=("kinds", "layout", "parts", "records", "units")),
    "matching": Place(2, own=("nesting",), beside=("rows",)),
    "changes": Place(2, own=("records", "units"), beside=("rows",)),
    "entries": Place(2, own=("errors", "parts"), beside=("changes", "rows")),
    "labels": Place(2, own=("languages", "units"), for_typing=("report",)),
    "explain": Place(
        2,
        own=("conventions", "expressions", "kinds", "layout", "records", "symbols", "units"),
        in_functions=("views",),
    ),
    "shown": Place(2, own=("errors", "languages", "views"), for_typing=("views.charts",)),
    "causes": Place(2, own=("catalogue", "conventions", "records", "work")),
    "views": Place(2, own=("front", "languages", "nesting", "parts", "units"), for_typing=ANSWERS),
    "views.charts": Place(2, own=("languages", "parts", "units"), outside=("matplotlib",), for_typing=ANSWERS),
    "views.waterfall": Place(2, own=("languages", "units"), outside=("matplotlib",), for_typing=ANSWERS),
    "views.bars": Place(2, own=("languages", "parts", "units"), outside=("matplotlib",), for_typing=ANSWERS),
    "views.scatter": Place(2, own=("languages", "units"), outside=("matplotlib",), for_typing=ANSWERS),
    "views.fonts": Place(2, own=("languages",), outside=("matplotlib",)),
    # 3: what can be asked
    "difference": Place(3, for_typing=("report",)),
    "side_by_side": Place(3),
    "report": Place(3, beside=("difference", "side_by_side"), in_functions=("panel",), for_typing=("panel",)),
    "comparison": Place(3, beside=("difference", "report")),
    # 4: the functions users call
    "api": Place(
        4,
        own=(
            *("comparison", "conventions", "errors", "labels", "languages", "optimizers", "records", "report"),
            *("shown", "source", "units"),
        ),
        in_functions=("aten", "tracing"),
    ),
    # 5: the notebook, and what is built on the functions
    "magic": Place(5, outside=("IPython", "traitlets"), in_functions=("course",), for_typing=("course",)),
    "panel": Place(5, outside=("IPython", "anywidget", "ipywidgets", "traitlets")),
    "course": Place(5, in_functions=("IPython",)),
    "course.prediction_widget": Place(5, outside=("anywidget", "traitlets")),
    "sweep": Place(5),
    # 6: the package's face
    "": Place(6),
}


@dataclass(frozen=True)
class Import:
    """One imported module, and where the import stands: ``"top"``, ``"function"`` or ``"typing"``."""

    name: str
    where: str
    line: int


def modules() -> dict[str, Path]:
    """Every module by its name inside the package; the package's own ``__init__`` is ``""``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def key_of(module: str) -> str | None:
    """The line of the table that a module belongs to: its own, else its folder's."""
    while module not in HOUSE:
        if "." not in module:
            return None
        module = module.rpartition(".")[0]
    return module


def named_by(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """The modules that an import statement names, in full: ``from . import units`` names ``units``."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        parents = package.split(".")
        base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
    full = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name.removeprefix("nbcnncost.") in {*MODULES, *HOUSE} else base for name in full]


def imports_of(source: str, package: str) -> list[Import]:
    """All imports in the source of a module of this package."""
    found: list[Import] = []

    def visit(node: ast.AST, where: str) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.extend(Import(name, where, node.lineno) for name in named_by(node, package))
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.body:
                visit(child, "typing")
            for child in node.orelse:
                visit(child, where)
            return
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            where = "function"
        for child in ast.iter_child_nodes(node):
            visit(child, where)

    visit(ast.parse(source), "top")
    return found


def may_import(module: str, imported: Import) -> bool:
    """Whether the table lets the module import this, there."""
    place = HOUSE[key_of(module) or ""]
    top, _, rest = imported.name.partition(".")
    extra = {"function": place.in_functions, "typing": place.for_typing}.get(imported.where, ())
    if top != "nbcnncost":
        free = imported.where == "typing" or top in sys.stdlib_module_names
        return free or top in (*place.outside, *extra)
    key = key_of(rest)
    if key is None:
        return False
    same_folder = bool(module) and rest.partition(".")[0] == module.partition(".")[0]
    below = HOUSE[key].level < place.level if place.own is None else key in place.own
    return same_folder or below or key in (*place.beside, *extra)


def objections(module: str, source: str, *, is_folder: bool = False) -> list[str]:
    """A sentence for each import that the table does not allow."""
    full = f"nbcnncost.{module}".rstrip(".")
    package = full if is_folder else full.rpartition(".")[0]
    return [
        f"line {found.line}: {module or '__init__'} must not import {found.name} here ({found.where})"
        for found in imports_of(source, package)
        if not may_import(module, found)
    ]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports_only_what_its_place_allows(module):
    """Each module stands in the table, and imports what its line says."""
    assert key_of(module) is not None, (
        f"{module} is not in the table of the house: add it to HOUSE in tests/test_house.py with its level, "
        "and to the map in CONTRIBUTING.md"
    )
    path = MODULES[module]
    assert objections(module, path.read_text(encoding="utf-8"), is_folder=path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source", "allowed"),
    [
        ("formulas", "from nbcnncost.expressions import named", True),
        ("formulas", "import math, torch", False),
        ("units", "from nbcnncost import records", False),
        ("tracing.twins", "import torch.nn as nn", True),
        ("tracing", "from nbcnncost.aten import describe", True),
        ("aten", "from nbcnncost.tracing import record", False),
        ("conventions.fvcore", "from .textbook import textbook", True),
        ("conventions.fvcore", "from ..tracing import trace", False),
        ("conventions.fvcore", "def f():\n    import fvcore", False),
        ("views.html", "from nbcnncost.views.text import table", True),
        ("views.html", "from nbcnncost.report import Report", False),
        ("views.html", "if TYPE_CHECKING:\n    from nbcnncost.report import Report", True),
        ("views.html", "if TYPE_CHECKING:\n    pass\nelse:\n    from nbcnncost.report import Report", False),
        ("views.html", "from matplotlib.figure import Figure", False),
        ("views.charts", "from matplotlib.figure import Figure", True),
        ("report", "import pandas", False),
        ("report", "class Report:\n    def to_pandas(self):\n        import pandas", False),
        ("plain", "import pandas", False),
        ("plain", "def as_frame(rows):\n    import pandas", True),
        ("report", "from .api import cost", False),
        ("report", "from nbcnncost.panel.widget import Panel", False),
        ("report", "class Report:\n    def panel(self):\n        from nbcnncost.panel.widget import Panel", True),
        ("api", "from nbcnncost import tracing", False),
        ("api", "def cost():\n    from nbcnncost.tracing import record", True),
        ("api", "def cost():\n    from nbcnncost.magic import load", False),
        ("magic", "from . import api, report", True),
        ("magic", "from .panel import Panel", False),
        ("", "def __getattr__(name):\n    from . import api", True),
    ],
)
def test_the_table_says_yes_and_no(module, source, allowed):
    """The check itself finds what is forbidden and leaves what is allowed."""
    assert (objections(module, source, is_folder=not module) == []) is allowed


@pytest.mark.parametrize("module", [name for name in MODULES if name])
def test_the_code_map_names_every_module(module):
    """Whoever reads CONTRIBUTING.md finds each module there, by its own name or its folder's."""
    code_map = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folder = module.partition(".")[0]
    assert re.search(rf"`{re.escape(folder)}(\.py|/)`", code_map), f"{folder} is missing in CONTRIBUTING.md"


FRESH_PROCESS = """
import sys
import nbcnncost
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
shell.run_line_magic("load_ext", "nbcnncost")
assert shell.find_cell_magic("cnncost"), "the magic is not there"
print(sorted({"torch", "matplotlib", "pandas", "anywidget"} & set(sys.modules)))
"""


def test_import_and_load_ext_are_light(tmp_path):
    """Neither importing the package nor loading the extension brings in a heavy package."""
    run = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS],
        cwd=ROOT,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "[]", run.stdout
    assert run.stdout.count("\n") == 1, "loading the extension prints nothing"


def project_files() -> Iterator[Path]:
    """The files that are in the repository or would go there: all that .gitignore does not name."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [".git", *(line.rstrip("/") for line in lines if line and not line.startswith("#"))]
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in ignored)]
        yield from (Path(folder) / name for name in files if name not in ignored)


def test_no_file_names_the_machine_it_was_written_on():
    """Nothing in the repository, stored outputs of notebooks included, holds a path of one machine."""
    here = rf"(?<![\w.])/(?:work|root)/|{re.escape(str(ROOT))}(?!\w)"
    files = list(project_files())
    assert Path(__file__) in files
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        for match in re.finditer(here, path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []
