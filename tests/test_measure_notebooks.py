"""What `make binder` measures: the time and the peak memory of a notebook's own kernel."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tools.measure_notebooks import MOST_MEGABYTES, MOST_SECONDS, Run, main, run

MEGABYTES = 300


@pytest.fixture
def written(tmp_path):
    """Writes a notebook of one cell."""

    def write(code: str) -> Path:
        path = tmp_path / "made-up.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), path)
        return path

    return write


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process's peak memory")
def test_memory_that_was_given_back_is_in_the_peak(written):
    """A notebook that holds 300 MB for a moment has them in its peak; time is real time."""
    small = run(written("import time; time.sleep(1)"))
    large = run(written(f"held = b'x' * {MEGABYTES * 10**6}; del held"))
    assert MEGABYTES * 0.9 < large.megabytes - small.megabytes < MEGABYTES * 1.1
    assert small.seconds > 1


@pytest.mark.slow
def test_an_error_in_a_notebook_is_an_error(written):
    """A notebook that stops half-way has not been measured."""
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        main([str(written("1 / 0"))])


@pytest.mark.parametrize(
    ("seconds", "megabytes", "fits"),
    [(MOST_SECONDS, MOST_MEGABYTES, True), (MOST_SECONDS + 1, 1, False), (1, MOST_MEGABYTES + 1, False)],
)
def test_what_takes_too_much_is_said(seconds, megabytes, fits):
    """A minute and Binder's memory are the most; the table marks what exceeds them."""
    measured = Run("made-up.ipynb", seconds, megabytes)
    assert measured.fits == fits
    assert ("TOO MUCH" in str(measured)) == (not fits)
