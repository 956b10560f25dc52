"""Make the student's version of each graded assignment: ``make assignments``.

It is what nbgrader's ``generate_assignment`` makes of a master in ``notebooks/assignments/``: stubs for solutions, no
hidden tests, no outputs. It stands in ``release/`` beside its master.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat

from tools.notebook_sources import NOTEBOOKS, stored_notebooks

#: What nbgrader puts in the place of a solution, by the kind of cell.
STUBS = {"code": "# YOUR CODE HERE\nraise NotImplementedError()", "markdown": "YOUR ANSWER HERE"}

_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION$", re.DOTALL | re.MULTILINE)
_HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n.*?^[ \t]*### END HIDDEN TESTS\n?", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!\w+:|#)([^)]+)\)")


def masters() -> list[Path]:
    """The assignments with their solutions, in every language."""
    return [path for path in stored_notebooks() if path.parent.name == "assignments"]


def released(master: Path) -> Path:
    """Where the student's version of an assignment stands."""
    return master.parent / "release" / master.name


def without_key(master: Any) -> Any:
    """A master as nbgrader releases it, but for nbgrader's own marks: its checksums, and which cells are locked."""
    notebook = nbformat.from_dict(master)  # type: ignore[no-untyped-call]  # a copy
    for cell in notebook.cells:
        cell.source = _without_key(cell.source, cell.cell_type, cell.metadata.get("nbgrader", {}))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def student_version(master: Any) -> Any:
    """A master as students get it, not yet run, for the folder in which it is stored."""
    notebook = without_key(master)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(_one_folder_deeper, cell.source)
    return notebook


def _without_key(source: str, kind: str, marks: dict[str, Any]) -> str:
    """A cell's text without solution and hidden tests."""

    def stub(region: re.Match[str]) -> str:
        return "\n".join(region[1] + line for line in STUBS[kind].splitlines())

    found = _HIDDEN.sub("", _SOLUTION.sub(stub, source)).strip("\n")
    if marks.get("solution") and found == source.strip("\n"):
        return STUBS[kind]
    return found


def _one_folder_deeper(link: re.Match[str]) -> str:
    """A link as it is written from the folder ``release``; another language's master becomes its student version."""
    target = re.sub(r"assignments/(?=[^/]+$)", "assignments/release/", link[1])
    return f"](../{target})"


def main(found: Iterable[Path]) -> None:
    """Store the student's version of each master."""
    for master in found:
        path = released(master)
        print(path.relative_to(NOTEBOOKS))
        path.parent.mkdir(parents=True, exist_ok=True)
        with master.open(encoding="utf-8") as text:
            nbformat.write(student_version(nbformat.read(text, as_version=4)), path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(masters())
