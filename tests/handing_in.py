"""Students, as graders see them: notebooks in which the cells of answers are filled in, one way or another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbcnncost

HERE = Path(__file__).resolve().parent


def filled_in(released, answers, cells=None):
    """A released notebook's text with answers, code by the names of variables, in their cells.

    ``cells`` are other changes: new text by a cell's id, ``None`` to take the cell away.
    """
    made = json.loads(released)
    for cell in made["cells"]:
        name = "".join(cell["source"]).partition(" = ")[0]
        if name in answers and cell["cell_type"] == "code":
            cell["source"] = f"{name} = {answers[name]}"
        if cell["id"] in (cells or {}):
            cell["source"] = cells[cell["id"]]
    made["cells"] = [cell for cell in made["cells"] if cell["source"] is not None]
    return json.dumps(made)


def run(folder, *command):
    """What a program says that runs in a folder with no settings of whoever runs the tests, and with our package."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    beside = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "NBGRADER"))}
    settings = {
        **{name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")},
        "HOME": str(home),
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel `python3` is this environment's
        "PATH": os.pathsep.join([beside, os.environ.get("PATH", "")]),
        "PYTHONPATH": str(Path(nbcnncost.__file__).parent.parent),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, command)],
        cwd=folder,
        env=kept | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
