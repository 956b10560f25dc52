"""One source for a notebook in every language: ``notebooks/sources/*.md``.

A source is a sequence of cells. A comment above each says what it is and gives it its name, which is the cell's id in
every language; metadata may follow as JSON:

    <!-- text goal -->
    English prose.

    <!-- zh-CN -->
    中文正文。

    <!-- code too-small {"tags": ["raises-exception"]} -->
    ```python
    %cnncost net -i 1,8,8
    ```

Prose stands once in each language, code once for all of them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SOURCES = NOTEBOOKS / "sources"


@dataclass(frozen=True)
class Language:
    """A language of the notebooks: what it calls itself, and the folder that its notebooks are in."""

    name: str
    folder: Path


#: The first one is the one that a source's prose begins with.
LANGUAGES: Mapping[str, Language] = {
    "en": Language("English", NOTEBOOKS),
    "zh-CN": Language("简体中文", NOTEBOOKS / "zh-CN"),
}

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}

_CELL = re.compile(r"^<!-- (text|code) ([\w-]{1,64})(?: (\{.*\}))? -->\n", re.MULTILINE)
_TRANSLATION = re.compile(r"^<!-- (" + "|".join(list(LANGUAGES)[1:]) + r") -->(?:\n|\Z)", re.MULTILINE)
_COMMENT = re.compile(r"^<!--.*", re.MULTILINE)
_FENCE = re.compile(r"```python\n((?:(?!^```).*\n)+)```", re.MULTILINE)


class SourceError(Exception):
    """A source that is not written as the head of this module says."""


@dataclass(frozen=True)
class Cell:
    """One cell: what it says in each language. A code cell says the same in all of them."""

    name: str
    is_code: bool
    says: Mapping[str, str]
    metadata: Mapping[str, Any]


def sources() -> list[Path]:
    """All sources, in the order in which they are read."""
    return sorted(SOURCES.rglob("*.md"))


def notebook_path(source: Path, language: str) -> Path:
    """Where the notebook that a source gives in a language is stored."""
    return LANGUAGES[language].folder / source.relative_to(SOURCES).with_suffix(".ipynb")


def stored_notebooks() -> list[Path]:
    """All notebooks that are built, by source and language."""
    return [notebook_path(source, language) for source in sources() for language in LANGUAGES]


def cells(source: Path) -> list[Cell]:
    """The cells of a source, each with all its languages."""
    heads, bodies = _split(_CELL, source.read_text(encoding="utf-8"))
    if bodies[0].strip():
        raise SourceError(f"{source.name}: text before the first cell: {bodies[0].strip()[:60]!r}")
    if not heads:
        raise SourceError(f"{source.name}: there is no cell in it")
    found = [_cell(source, head, body.strip("\n")) for head, body in zip(heads, bodies[1:], strict=True)]
    names = [cell.name for cell in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(f"{source.name}: cells of the same name: {', '.join(twice)}")
    return found


def notebook(source: Path, language: str) -> Any:
    """The notebook that a source gives in one language, not yet executed."""
    built = nbformat.v4.new_notebook(metadata=METADATA)  # type: ignore[no-untyped-call]
    for place, cell in enumerate(cells(source)):
        text = cell.says[language]
        if place == 0 and not cell.is_code:
            text = f"{text}\n\n{_other_languages(source, language)}"
        new = nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell
        metadata = nbformat.from_dict(cell.metadata)  # type: ignore[no-untyped-call]
        built.cells.append(new(text, id=cell.name, metadata=metadata))  # type: ignore[no-untyped-call]
    return built


def _split(mark: re.Pattern[str], text: str) -> tuple[list[re.Match[str]], list[str]]:
    """The marks in a text, and the pieces around them: one more than marks."""
    marks = list(mark.finditer(text))
    begins = [0, *(match.end() for match in marks)]
    ends = [*(match.start() for match in marks), len(text)]
    return marks, [text[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _cell(source: Path, head: re.Match[str], body: str) -> Cell:
    kind, name, metadata = head.groups()
    stray = _COMMENT.search(_TRANSLATION.sub("", body))
    if stray:
        raise SourceError(f"{source.name}: in the cell {name}, no cell and no language begins with {stray[0]!r}")
    says = _code(body) if kind == "code" else _prose(body)
    missing = [language for language in LANGUAGES if not says.get(language)]
    if missing:
        wanted = "one ```python fence" if kind == "code" else f"one text in {', '.join(missing)}"
        raise SourceError(f"{source.name}: the cell {name} has not the {wanted} that it needs")
    return Cell(name, kind == "code", says, _metadata(source, name, metadata or "{}"))


def _metadata(source: Path, name: str, text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"{source.name}: the metadata of the cell {name} is not JSON: {error}") from None
    return found


def _code(body: str) -> dict[str, str]:
    fence = _FENCE.fullmatch(body)
    return dict.fromkeys(LANGUAGES, fence[1].removesuffix("\n")) if fence else {}


def _prose(body: str) -> dict[str, str]:
    marks, pieces = _split(_TRANSLATION, body)
    languages = [next(iter(LANGUAGES)), *(mark[1] for mark in marks)]
    if len(set(languages)) < len(languages):
        return {}  # which of the two is meant, nobody can say
    return {language: piece.strip("\n") for language, piece in zip(languages, pieces, strict=True)}


def _other_languages(source: Path, language: str) -> str:
    """Links to the same notebook in the other languages."""
    return " · ".join(_links(source, language))


def _links(source: Path, language: str) -> Iterator[str]:
    here = notebook_path(source, language).parent
    for other, known in LANGUAGES.items():
        if other != language:
            there = Path(os.path.relpath(notebook_path(source, other), here))
            yield f"[{known.name}]({there.as_posix()})"
