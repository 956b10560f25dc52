"""Run the notebooks in the environment of this Python; print how long each takes, and how much memory: ``make binder``.

A Binder has 2 GB. Its Jupyter server takes a share of them, measured here at 150 MB with two notebooks open.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tools.notebook_sources import NOTEBOOKS, stored_notebooks

#: What one notebook may take: a minute, and what Binder's 2 GB leave beside the server (with some air).
MOST_SECONDS, MOST_MEGABYTES = 60.0, 1700.0

#: The kernel's own word for the most memory that it ever held, on Linux.
_PEAK = "print(open('/proc/self/status').read())"


@dataclass(frozen=True)
class Run:
    """One notebook's run: its time, the kernel's start included, and the kernel's peak memory."""

    name: str
    seconds: float
    megabytes: float

    @property
    def fits(self) -> bool:
        """Whether a Binder can hold it, and a reader wait for it."""
        return self.seconds <= MOST_SECONDS and self.megabytes <= MOST_MEGABYTES

    def __str__(self) -> str:
        return f"{self.name:44} {self.seconds:5.1f} s {self.megabytes:7,.0f} MB{'' if self.fits else '  TOO MUCH'}"


def run(path: Path) -> Run:
    """Execute a notebook in a fresh kernel, and ask the kernel at the end; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    notebook.cells.append(nbformat.v4.new_code_cell(_PEAK))  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(path.parent)}}
    start = time.perf_counter()
    NotebookClient(notebook, kernel_name="python3", timeout=600, resources=resources, coalesce_streams=True).execute()
    seconds = time.perf_counter() - start
    peak = re.search(r"VmHWM:\s+(\d+) kB", notebook.cells[-1].outputs[0].text)
    if peak is None:
        raise OSError("the kernel's system does not tell its peak memory; this needs Linux")
    name = path.relative_to(NOTEBOOKS) if path.is_relative_to(NOTEBOOKS) else path
    return Run(name.as_posix(), seconds, int(peak[1]) * 1024 / 1e6)


def main(paths: Sequence[str]) -> None:
    """Run the notebooks named, or all; leave with an error if one takes too much."""
    runs = []
    for path in map(Path, paths) if paths else stored_notebooks():
        runs.append(run(path))
        print(runs[-1], flush=True)
    if not all(run.fits for run in runs):
        sys.exit(f"a notebook takes more than {MOST_SECONDS:.0f} s or {MOST_MEGABYTES:,.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
