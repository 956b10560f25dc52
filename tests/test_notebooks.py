"""The notebooks are what their sources give, in every language, run from top to bottom, and are stored clean.

That their stored outputs still are what a run gives is nbval's part: ``pytest --nbval notebooks``.
"""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbval.plugin import get_sanitize_patterns

from tools.notebook_sources import (
    LANGUAGES,
    NOTEBOOKS,
    SourceError,
    cells,
    notebook,
    notebook_path,
    sources,
    stored_notebooks,
)
from tools.notebooks import chosen, clean, execute

ROOT = Path(__file__).parent.parent
SOURCES = sources()
STORED = stored_notebooks()
CHINESE = re.compile(r"[\u4e00-\u9fff]")

each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
each_notebook = pytest.mark.parametrize("path", STORED, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())


def stored(path: Path):
    """A stored notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list:
    """The code cells of a stored notebook."""
    return [cell for cell in stored(path).cells if cell.cell_type == "code"]


# --- sources ----------------------------------------------------------------------------------------------


@each_source
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stored_notebook_has_the_cells_of_its_source(source, language):
    """Ids, kinds, texts and metadata of all cells; `make notebooks` stores what was changed in a source."""
    wanted = notebook(source, language).cells
    found = stored(notebook_path(source, language)).cells
    for ours, theirs in zip(wanted, found, strict=True):
        assert (theirs.id, theirs.cell_type) == (ours.id, ours.cell_type)
        assert theirs.source == ours.source, f"{ours.id}: run `make notebooks`"
        assert theirs.metadata == ours.metadata


@each_source
def test_code_is_the_same_in_all_languages(source):
    """What runs, under which ids and tags, does not depend on the reader's language."""
    by_language = {
        language: [(cell.id, cell.source, cell.metadata) for cell in code_cells(notebook_path(source, language))]
        for language in LANGUAGES
    }
    assert by_language["en"]
    assert by_language["en"] == by_language["zh-CN"]


@each_source
def test_every_prose_cell_is_translated(source):
    """English prose is without Chinese characters, Chinese prose has them."""
    prose = {cell.name: cell.says for cell in cells(source) if not cell.is_code}
    assert [name for name, says in prose.items() if CHINESE.search(says["en"])] == []
    assert [name for name, says in prose.items() if not CHINESE.search(says["zh-CN"])] == []


FORMULA = re.compile(r"\$\$[^$]+\$\$|\$[^$]+\$")


def exact_things(text: str) -> Counter[str]:
    """What a translation keeps as it is: fenced code, formulas but for their words, numbers, targets of links."""
    fences = re.findall(r"(?ms)^```.*?^```", text)
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    formulas = [re.sub(r"\\text\{[^}]*\}", "", formula) for formula in FORMULA.findall(text)]
    numbers = re.findall(r"\d[\d,.]*\d", FORMULA.sub("", text))
    targets = re.findall(r"\]\((?:\.\./)*([^)]*)\)", text)  # a translation stands one folder deeper
    return Counter([*fences, *formulas, *numbers, *targets])


@each_source
def test_a_translation_keeps_numbers_formulas_code_and_links(source):
    """A number corrected in one language is corrected in the others."""
    for cell in cells(source):
        if not cell.is_code:
            assert exact_things(cell.says["zh-CN"]) == exact_things(cell.says["en"]), cell.name


#: What Chinese prose has not: no space beside Latin, digits or code; one beside a full-width mark; a half-width mark.
SLIPS = re.compile(
    r"[\u4e00-\u9fff][A-Za-z0-9`$]|[A-Za-z0-9`$][\u4e00-\u9fff]"
    r"|[，。：；（）“”、！？] | [，。：；（）“”、！？]"
    r"|[\u4e00-\u9fff] ?[,;:()?!]|[,;:()?!] ?[\u4e00-\u9fff]"
)


@each_source
def test_chinese_prose_is_spaced_and_punctuated_in_one_way(source):
    """A space between Chinese and Latin, none beside full-width marks, and these alone beside Chinese."""
    prose = "\n".join(cell.says["zh-CN"] for cell in cells(source) if not cell.is_code)
    prose = re.sub(r"(?ms)^```.*?^```", "", prose)
    prose = re.sub(r"\]\([^)]*\)", "]", prose)
    prose = re.sub(r"`[^`\n]*`", "`x`", prose)
    prose = re.sub(r" *\| *", "\n", prose)  # a table's cells stand by themselves
    assert [prose[max(0, slip.start() - 9) : slip.end() + 9] for slip in SLIPS.finditer(prose)] == []


def test_every_notebook_has_a_source():
    """None is left over from a source that went away or was renamed."""
    left_out = {".ipynb_checkpoints", "release"}  # students' versions have masters: test_assignments.py
    found = [path for path in NOTEBOOKS.rglob("*.ipynb") if not left_out & set(path.parts)]
    assert sorted(found) == sorted(STORED)


def test_numbers_of_notebooks_are_taken_once():
    """A notebook's number says where it stands among the others."""
    numbers = [source.stem.partition("-")[0] for source in SOURCES if source.parent.name == "sources"]
    assert all(re.fullmatch(r"\d\d", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


@each_notebook
def test_links_to_other_files_lead_somewhere(path):
    """Each relative link in a notebook's prose is a file of this repository."""
    prose = "\n".join(cell.source for cell in stored(path).cells if cell.cell_type == "markdown")
    links = [link for link in re.findall(r"\]\(([^)#]+)", prose) if "://" not in link]
    assert links  # the other language, at least
    assert [link for link in links if not (path.parent / link).is_file()] == []


@each_source
@pytest.mark.parametrize("language", LANGUAGES)
def test_links_to_notebooks_stay_in_their_language(source, language):
    """A reader of one language is led to notebooks in it; one link leads to the same notebook in the other."""
    path = notebook_path(source, language)
    prose = "\n".join(cell.source for cell in stored(path).cells if cell.cell_type == "markdown")
    links = [(path.parent / link).resolve() for link in re.findall(r"\]\(([^):]+\.ipynb)", prose)]
    elsewhere = [link for link in links if link not in {notebook_path(other, language) for other in SOURCES}]
    assert elsewhere == [notebook_path(source, other) for other in LANGUAGES if other != language]


# --- how sources are read ---------------------------------------------------------------------------------

GOOD = """<!-- text goal -->
# Counting

<!-- zh-CN -->
# 计数

<!-- code one {"tags": ["raises-exception"]} -->
```python
1 / 0
```
"""


@pytest.fixture
def written(tmp_path):
    """Writes a source's text to a file."""

    def write(text: str) -> Path:
        path = tmp_path / "01-made-up.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_source_gives_prose_by_language_and_code_once(written):
    """Each cell has the name, the metadata and the texts that stand in the source."""
    goal, one = cells(written(GOOD))
    assert (goal.name, goal.is_code, goal.says) == ("goal", False, {"en": "# Counting", "zh-CN": "# 计数"})
    assert (one.name, one.is_code, one.says) == ("one", True, {"en": "1 / 0", "zh-CN": "1 / 0"})
    assert one.metadata == {"tags": ["raises-exception"]}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("<!-- text goal -->", "<!-- prose goal -->", "text before the first cell"),
        ("# 计数\n", "\n", "goal has not the one text in zh-CN"),
        ("# Counting\n", "\n", "goal has not the one text in en"),
        ("# 计数\n", "# 计数\n\n<!-- zh-CN -->\n# 数数\n", "goal has not the one text in en, zh-CN"),
        ("# 计数\n", "# 计数\n\n<!-- txt lost -->\n", "begins with '<!-- txt lost -->'"),
        ("<!-- zh-CN -->", "<!-- zh_CN -->", "begins with '<!-- zh_CN -->'"),
        ("```python\n1", "1", "one has not the one ```python fence"),
        ("```\n", "```\nmore\n", "one has not the one ```python fence"),
        ("1 / 0\n", "1\n```\n\n```python\n0\n", "one has not the one ```python fence"),
        ('"]}', '"}', "the metadata of the cell one is not JSON"),
        ("code one", "code goal", "cells of the same name: goal"),
    ],
)
def test_a_source_written_wrongly_is_refused(written, before, after, message):
    """The error says which cell lacks what, so that no cell is lost or left untranslated unseen."""
    assert before in GOOD
    with pytest.raises(SourceError, match=re.escape(message)):
        cells(written(GOOD.replace(before, after)))


def test_a_source_without_cells_is_refused(written):
    """Nothing written is no notebook."""
    with pytest.raises(SourceError, match="no cell in it"):
        cells(written("\n"))


def test_only_what_there_is_can_be_built():
    """A name that no source begins with is said, not passed over."""
    assert [source.stem for source in chosen(["01-q", "02-c"])] == ["01-quickstart", "02-convolution-by-hand"]
    assert chosen([]) == SOURCES
    with pytest.raises(SourceError, match=r"begins with 99, x$"):
        chosen(["01", "99", "x"])


# --- exercises --------------------------------------------------------------------------------------------


def solutions(source: Path) -> list[str]:
    """The code that stands in a source's prose."""
    prose = [cell.says["en"] for cell in cells(source) if not cell.is_code]
    return [fence for text in prose for fence in re.findall(r"(?ms)^```python\n(.*?)^```$", text)]


def exercises(source: Path) -> dict[str, tuple[str, str]]:
    """Each question that an exercise's cell asks, with the text of the solution in both languages."""
    by_name = {cell.name: cell.says for cell in cells(source)}
    asked = {}
    for name, says in by_name.items():
        if name.startswith("answer-"):
            solution = by_name[name.replace("answer", "solution")]
            asked |= dict.fromkeys(re.findall(r'"([\w.]+)": \.\.\.', says["en"]), (solution["en"], solution["zh-CN"]))
    return asked


@pytest.mark.parametrize("source", [source for source in SOURCES if exercises(source)], ids=lambda source: source.stem)
def test_solutions_hold_what_the_checks_take_as_right(source):
    """Each question has its right answer in the solution below it, written by hand, in each language."""
    namespace: dict = {}
    exec(next(cell.says["en"] for cell in cells(source) if cell.name == "exercise-sheet"), namespace)
    for key, solution in exercises(source).items():
        for text in solution:
            numbers = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)
            assert any(namespace["exercises"].diagnose(key, number).is_right for number in numbers), (key, text)


# --- runs -------------------------------------------------------------------------------------------------


def test_the_kernel_is_this_environments_own(tmp_path):
    """The kernel ``python3`` runs the interpreter that runs the tests, not another one of the user's."""
    cell = nbformat.v4.new_code_cell("import sys; print(sys.prefix)")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert notebook.cells[0].outputs[0].text.strip() == sys.prefix


def test_there_is_a_first_notebook():
    """The tutorial that ``make demo`` and the README speak of exists."""
    assert NOTEBOOKS / "01-quickstart.ipynb" in STORED


@pytest.mark.slow
@each_notebook
def test_notebook_runs_without_errors_and_warnings(path):
    """An error stops the run; what reaches stderr (a usage error, a warning) counts as one unless tagged."""
    complaints = [
        output.text
        for cell in execute(stored(path), path.parent).cells
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("source", [source for source in SOURCES if solutions(source)], ids=lambda source: source.stem)
def test_code_of_solutions_runs(source):
    """The ``python`` fences of the prose run after the notebook's own cells."""
    whole = notebook(source, "en")
    whole.cells += [nbformat.v4.new_code_cell(solution) for solution in solutions(source)]
    execute(whole, notebook_path(source, "en").parent)


@each_notebook
def test_notebook_is_stored_clean(path):
    """No times, versions, execution data or widget state; `make notebooks` stores it so."""
    assert clean(stored(path)) == stored(path)


@each_notebook
def test_notebook_was_run_from_top_to_bottom(path):
    """The stored outputs come from one run of all cells in their order."""
    code = code_cells(path)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


MACHINE = re.compile(
    r"(?<![\w.<])/(?:home|tmp|usr|opt|var|Users|mnt)/\w|[A-Z]:\\|site-packages"  # paths
    r"|\b0x[0-9a-f]{6,}"  # addresses
    r"|\b\d\d:\d\d:\d\d\b|\b20\d\d-\d\d-\d\d\b|\b(?:CPU times|Wall time|per loop)\b"  # times
)


#: How a picture in PNG begins, in base64.
PICTURE = b64encode(b"\x89PNG\r\n\x1a\n").decode().rstrip("=")[:-1]


def texts(cell) -> list[str]:
    """All text that a cell's outputs hold, pictures aside."""
    held = [output.get("text", "") for output in cell.outputs]
    held += ["\n".join(output.get("traceback", [])) for output in cell.outputs]
    data = [pair for output in cell.outputs for pair in output.get("data", {}).items()]
    return held + [str(value) for kind, value in data if not kind.startswith("image/")]


@each_notebook
def test_pictures_are_not_compared_byte_by_byte(path):
    """What nbval compares holds no picture's bytes: zlib compresses otherwise on another machine."""
    patterns = get_sanitize_patterns((ROOT / "tools" / "nbval.cfg").read_text(encoding="utf-8"))
    compared = [text for cell in code_cells(path) for text in texts(cell)]
    for pattern, replacement in patterns:
        compared = [re.sub(pattern, replacement, text) for text in compared]
    assert "--nbval-sanitize-with tools/nbval.cfg" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [text[:80] for text in compared if PICTURE in text] == []


@each_notebook
def test_outputs_hold_no_paths_addresses_and_times(path):
    """Nothing of the machine that ran a notebook stays in it."""
    shown = [(cell.id, text) for cell in code_cells(path) for text in texts(cell)]
    assert [(name, match[0]) for name, text in shown if (match := MACHINE.search(text))] == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
def test_stored_tables_are_in_the_notebooks_language(path):
    """The code is the same; a file beside the Chinese notebooks says in which language the extension answers."""
    is_chinese = "zh-CN" in path.relative_to(NOTEBOOKS).parts
    assert (path.parent / "nbcnncost.json").is_file() == is_chinese
    shown = [
        output.data["text/plain"]
        for cell in code_cells(path)
        for output in cell.outputs
        if "data" in output and "───" in output.data.get("text/plain", "")
    ]
    assert [text for text in shown if bool(CHINESE.search(text)) != is_chinese] == []
