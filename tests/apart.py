"""Tests that need a process of their own: what they leave behind would be heard by all that follow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbcnncost


def said_apart(function: Callable[[], str], timeout: float) -> str:
    """What a function of a test module says, run in a process of its own."""
    code = f"import {function.__module__} as tests; raise SystemExit(tests.{function.__name__}())"
    paths = [str(Path(nbcnncost.__file__).parent.parent), str(Path(__file__).parent)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    return done.stderr.strip()
