"""The notebooks run from top to bottom in a fresh kernel, and are stored clean.

That their stored outputs still are what a run gives is nbval's part: ``pytest --nbval notebooks``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tools.notebooks import clean, execute

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_kernel_is_this_environments_own(tmp_path):
    """The kernel ``python3`` runs the interpreter that runs the tests, not another one of the user's."""
    cell = nbformat.v4.new_code_cell("import sys; print(sys.prefix)")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert notebook.cells[0].outputs[0].text.strip() == sys.prefix


def test_there_is_a_first_notebook():
    """The tutorial that ``make demo`` and the README speak of exists."""
    assert ROOT / "notebooks" / "01-quickstart.ipynb" in NOTEBOOKS


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs_without_errors_and_warnings(path):
    """An error stops the run; what reaches stderr (a usage error, a warning) counts as one unless tagged."""
    complaints = [
        output.text
        for cell in execute(path).cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert complaints == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_stored_clean(path):
    """No times, versions, execution data or widget state; `make notebooks` stores it so."""
    stored = nbformat.read(path, as_version=4)
    assert clean(stored) == stored


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_was_run_from_top_to_bottom(path):
    """The stored outputs come from one run of all cells in their order."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
