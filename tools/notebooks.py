"""Execute notebooks in place, and store only what a reader needs: ``make notebooks``.

Times, versions, execution data and widget state stay out, so that a second run changes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}


def execute(path: Path) -> Any:
    """The notebook as it reads after a run in a fresh kernel, in the notebook's own folder."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    return notebook


def clean(notebook: Any) -> Any:
    """The notebook with the same metadata whoever ran it, and only the tags of each cell."""
    notebook = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]  # a copy
    notebook.metadata = nbformat.from_dict(METADATA)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
    return notebook


def main(paths: list[str]) -> None:
    """Execute, clean and store each notebook."""
    for path in map(Path, paths):
        print(path)
        nbformat.write(clean(execute(path)), path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(sys.argv[1:])
