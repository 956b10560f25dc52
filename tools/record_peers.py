"""Run other tools on all probes and torchvision's models, and keep what they say in tests/peers/figures.

    python tools/record_peers.py thop torchinfo [--missing]

With ``--missing`` only what has not been recorded yet is run. Needs the tools themselves: `make peers` installs them.
Numbers for single layers are kept for the probes and for one model of each family.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import logging
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main(*arguments: str) -> None:
    """Record each tool that is named."""
    sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "peers")]
    logging.disable()
    warnings.simplefilter("ignore")
    for name in arguments:
        if not name.startswith("--"):
            _record(name, only_missing="--missing" in arguments)


def _record(tool: str, *, only_missing: bool) -> None:
    runners, figures = importlib.import_module("runners"), importlib.import_module("figures")
    runner = importlib.import_module(f"run_{tool}")
    reason = runners.why_not(runners.BY_NAME[tool], runner)
    if reason:
        sys.exit(reason)
    kept = figures.recorded(tool) if only_missing else {}
    said = {name: kept.get(name) or _said(runner, runners, name) for name in runners.ALL}
    figures.record(tool, runner.VERSION, said)


def _said(runner: Any, runners: Any, name: str) -> Any:
    """What the tool says of one model; whatever it prints is dropped."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found = runner.figures(runners.ALL[name])
    gc.collect()
    print(f"{name:30} {found.error or found.total}", flush=True)
    return found if name in runners.OFTEN else replace(found, layers=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
