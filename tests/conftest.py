"""One thread for each process, a shell for each test that asks, and a loud word where browser tests were skipped.

The nets are small, and workers that share cores wait for each other's threads.
"""

from __future__ import annotations

import gc
import os

import chromium
import pytest
from shells import fresh_shell

# Read when torch is first imported: here, and in the kernels that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Two files of this name cannot both be read for their docstrings' examples; they have none.
collect_ignore_glob = ["**/conftest.py", "conftest.py"]


def pytest_collection_finish():
    """Let the garbage collector pass over torch and the tests themselves: a million objects that live to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def bare_shell(tmp_path, monkeypatch):
    """A shell of its own with the extension loaded."""
    with fresh_shell(tmp_path, monkeypatch) as shell:
        yield shell


def pytest_terminal_summary(terminalreporter):
    """Say how many tests had no browser: a skipped test alone is easily overlooked."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    skipped = [reason for reason in reasons if chromium.MISSING in reason]
    if skipped:
        terminalreporter.section("NOT TESTED: the panel in a browser", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped: {chromium.MISSING}.")
        terminalreporter.line(f"On Debian: apt-get install chromium. {chromium.REQUIRE}=1 makes this a failure.")
