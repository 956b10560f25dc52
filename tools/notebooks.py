"""Build the notebooks from their sources, execute them, and store what a reader needs: ``make notebooks``.

Times, versions, execution data and widgets stay out (what stands in for a widget is kept), so that a second run
changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tools.notebook_sources import (
    LANGUAGES,
    METADATA,
    NOTEBOOKS,
    SourceError,
    notebook,
    notebook_path,
    sources,
)

#: A widget's view: it needs the state that no notebook stores, and has another id in each run.
VIEW = "application/vnd.jupyter.widget-view+json"
#: What is kept of a cell's metadata: ``nbgrader`` marks what belongs to a graded assignment.
KEPT = ("nbgrader", "tags")


def execute(notebook: Any, folder: Path) -> Any:
    """The notebook as it reads after a run in a fresh kernel, in a folder."""
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return notebook


def clean(notebook: Any) -> Any:
    """The notebook with the same metadata whoever ran it, and of each cell's only what belongs to it."""
    notebook = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]  # a copy
    notebook.metadata = nbformat.from_dict(METADATA)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in KEPT}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(VIEW, None)
    return notebook


def chosen(names: Iterable[str]) -> list[Path]:
    """The sources whose names begin with one of these; without names all of them."""
    wanted = tuple(names)
    found = [source for source in sources() if not wanted or source.stem.startswith(wanted)]
    unknown = [name for name in wanted if not any(source.stem.startswith(name) for source in found)]
    if unknown:
        raise SourceError(f"no notebook's source begins with {', '.join(unknown)}")
    return found


def main(names: list[str]) -> None:
    """Build, execute, clean and store each notebook in each language."""
    for source in chosen(names):
        for language in LANGUAGES:
            path = notebook_path(source, language)
            print(path.relative_to(NOTEBOOKS))
            path.parent.mkdir(parents=True, exist_ok=True)
            run = execute(notebook(source, language), path.parent)
            nbformat.write(clean(run), path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SourceError as error:
        sys.exit(str(error))
