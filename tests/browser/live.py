"""A Jupyter server on loopback for the tests: JupyterLab, Notebook 7 and Voila, with folders of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import nbformat

ROOT = Path(__file__).resolve().parent.parent.parent
START = 90  # seconds

# No questions about news, which would lie over the page; and widgets' states are saved, which is not Lab's default.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
    "@jupyter-widgets/jupyterlab-manager/plugin.jupyterlab-settings": {"saveState": True},
}


@dataclass
class Server:
    """A running server: its process, its address with the token, and the folder it shows."""

    process: subprocess.Popen
    url: str
    token: str
    notebooks: Path
    runtime: Path

    def address(self, view: str, name: str) -> str:
        """Where a notebook is shown: ``view`` is ``"lab/tree"``, ``"notebooks"`` or ``"voila/render"``."""
        return f"{self.url}{view}/{name}?token={self.token}"

    def write(self, name: str, *cells: str) -> Path:
        """A new notebook with these cells."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        path = self.notebooks / name
        nbformat.write(notebook, path)
        return path

    def read(self, name: str) -> nbformat.NotebookNode:
        """A notebook as it is saved."""
        return nbformat.read(self.notebooks / name, as_version=4)

    def stop(self) -> None:
        """End the server and its kernels, which are in its process group."""
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)


def start(folder: Path, python: str = sys.executable, module: str = "jupyterlab") -> Server:
    """Start a server whose every folder is in ``folder``; its kernels import the package of this checkout."""
    places = {name: folder / name for name in ("config", "data", "runtime", "settings", "workspaces", "ipython")}
    for place in (*places.values(), folder / "notebooks"):
        place.mkdir()
    for name, values in SETTINGS.items():
        path = places["settings"] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    command = [python, "-m", module, "--no-browser", "--allow-root"]
    command += ["--expose-app-in-browser"] if module == "jupyterlab" else []
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command,
            cwd=folder / "notebooks",
            env=_environment(places),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(process, "", "", folder / "notebooks", places["runtime"])
    try:
        server.url, server.token = _answer_of(process, places["runtime"])
    except TimeoutError:
        server.stop()
        raise RuntimeError(f"Jupyter does not start:\n{(folder / 'log').read_text(encoding='utf-8')[-3000:]}") from None
    return server


def _environment(places: dict[str, Path]) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_CONFIG_DIR": str(places["config"]),
        "JUPYTER_DATA_DIR": str(places["data"]),
        "JUPYTER_RUNTIME_DIR": str(places["runtime"]),
        "JUPYTERLAB_SETTINGS_DIR": str(places["settings"]),
        "JUPYTERLAB_WORKSPACES_DIR": str(places["workspaces"]),
        "IPYTHONDIR": str(places["ipython"]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": "1",
    }


def _answer_of(process: subprocess.Popen, runtime: Path) -> tuple[str, str]:
    """The address and the token that the server says it has, once it answers."""
    begin = time.monotonic()
    while time.monotonic() - begin < START and process.poll() is None:
        answering = filter(None, map(_answering, runtime.glob("*server-*.json")))
        if found := next(answering, None):
            return found
        time.sleep(0.1)
    raise TimeoutError


def _answering(file: Path) -> tuple[str, str] | None:
    """The address and token that a running server's file names, if it answers there."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        url = said["url"].replace("localhost", "127.0.0.1")
        with urlopen(f"{url}api/status?token={said['token']}", timeout=5):
            return url, said["token"]
    except (OSError, ValueError):  # half a file, or not yet listening
        return None
