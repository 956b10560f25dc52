"""What the pages show works: ``>>>`` examples give what stands below them, other code runs as notebook cells.

Only fences marked ``python`` are run, all of one page in one session; ``text`` or ``bash`` are not.
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tools import conventions_page

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("**/*.md")),
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def name_of(page: Path) -> str:
    """A page's path from the top of the repository."""
    return page.relative_to(ROOT).as_posix()


def prompt_examples(page: Path) -> str:
    """The page with its fences blanked: a closing fence is no expected output, line numbers stay."""
    return re.sub(r"(?m)^\s*```.*$", "", page.read_text(encoding="utf-8"))


def cells(page: Path) -> list[str]:
    """The code of ``python`` fences without prompts; a ``%%magic`` begins a new cell, as in a notebook."""
    fences = re.findall(r"(?ms)^```python\n(.*?)^```$", page.read_text(encoding="utf-8"))
    blocks = [block for block in fences if ">>>" not in block]
    return [cell.strip("\n") for block in blocks for cell in re.split(r"(?m)^(?=%%)", block) if cell.strip()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_with_prompts_give_what_the_page_says(page):
    """Every ``>>>`` example of a page is a doctest."""
    example = doctest.DocTestParser().get_doctest(prompt_examples(page), {}, name_of(page), str(page), 0)
    printed: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(example, out=printed.append)
    assert result.failed == 0, "".join(printed)


#: What a link or a picture leads to, and what Binder is to open, if it is a file or a folder of this repository.
TARGET = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)|urlpath=lab/tree/([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(page):
    """Each relative link and picture is there; Binder opens what there is, seen from the top of the repository."""
    prose = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    targets = [page.parent / link if link else ROOT / opened for link, opened in TARGET.findall(prose)]
    assert targets or not page.stem.startswith("README")
    assert [target for target in targets if not target.exists()] == []


def test_the_page_of_conventions_says_what_the_code_says():
    """docs/conventions.md is what `make pages` writes."""
    assert conventions_page.PAGE.read_text(encoding="utf-8") == conventions_page.page()


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page.exists() and cells(page)], ids=name_of)
def test_cells_of_a_page_run_in_a_notebook(page):
    """The notebook cells that a page shows run one after the other, without an error or a warning."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells(page)])
    resources = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, kernel_name="python3", timeout=300, resources=resources).execute()
    complaints = [
        output.text
        for cell in notebook.cells
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert complaints == []
