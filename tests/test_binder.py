"""Binder finds its Python, its requirements and the step that installs the package."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools.notebook_sources import stored_notebooks

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"
NOTEBOOKS = stored_notebooks()


def normal(requirement: str) -> str:
    """The bare name of a requirement, as package indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def requirements() -> list[str]:
    """The packages that Binder installs, without comments and options."""
    lines = (BINDER / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "-"))]


def imported_by(notebook: Path) -> set[str]:
    """Top-level names that a notebook's code cells import, the bodies of ``%%cnncost`` cells included."""
    names: set[str] = set()
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            body = re.sub(r"\A\s*%%\w+.*\n", "", cell.source)
            for node in ast.walk(ast.parse(TransformerManager().transform_cell(body))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    names.add(node.module.partition(".")[0])
    return names


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """What repo2docker would build; it needs no Docker to tell."""
    run = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def test_the_image_has_the_python_of_runtime_txt(dockerfile):
    """The version is read from binder/runtime.txt; without it the default would be another one."""
    version = (BINDER / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    escaped = version.replace(".", "-2e")  # as repo2docker writes it into file names
    assert f"environment-2epy-2d{escaped}-2dlinux" in dockerfile


def test_the_image_installs_requirements_before_the_code_and_runs_post_build_after(dockerfile):
    """The heavy layer comes first and stays cached; postBuild then finds the whole repository."""
    steps = ['-r "binder/requirements.txt"', "COPY --chown=0:0 src/ ", "RUN ./binder/postBuild"]
    places = [dockerfile.find(step) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)


def test_post_build_is_executable_and_stops_at_the_first_error():
    """A failing installation must not give an image without the package."""
    script = (BINDER / "postBuild").read_text(encoding="utf-8").splitlines()
    assert os.access(BINDER / "postBuild", os.X_OK)
    assert script[0].startswith("#!")
    assert "set -e" in script
    assert "pip install --no-deps ." in script


def test_requirements_are_exact_and_hold_no_local_path():
    """Nothing floats, and no change of the code touches the heavy layer."""
    assert requirements()
    for line in requirements():
        assert re.fullmatch(r"[\w.-]+==[\w.+]+", line), line


def test_torch_comes_without_cuda():
    """The usual wheel on Linux brings 5 GB of CUDA to a machine that has no GPU."""
    torch_lines = [line for line in requirements() if line.startswith("torch")]
    assert torch_lines
    assert all(line.endswith("+cpu") for line in torch_lines)


def test_requirements_cover_the_package():
    """The package is installed with --no-deps, so each dependency must be in Binder's requirements."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {normal(name) for name in project["dependencies"]} <= {normal(line) for line in requirements()}


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_requirements_cover_what_notebooks_import(notebook):
    """Whatever a notebook imports is in Binder's requirements by name."""
    distributions = packages_distributions()
    present = {normal(line) for line in requirements()}
    for name in imported_by(notebook) - sys.stdlib_module_names - {"nbcnncost"}:
        assert {normal(entry) for entry in distributions.get(name, [name])} & present, name


def test_binder_links_open_notebooks_that_exist():
    """Each Binder link in the README names a notebook of this repository."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"urlpath=lab(?:/|%2F)tree(?:/|%2F)([^)\s\"&]+)", readme)
    assert linked
    for name in linked:
        assert (ROOT / name.replace("%2F", "/")).is_file(), name
