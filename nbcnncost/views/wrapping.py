"""How wide a text stands in a terminal, and how it goes over several lines there."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator

#: What may not begin a line in Chinese, and what may not end one.
_CLOSING, _OPENING = "，。；：、？！）》”’,.;:)", "（《“‘("


def width(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters two, accents none.

    >>> width("conv1"), width("畳み込み")
    (5, 8)
    """
    if text.isascii():
        return len(text)
    wide = sum(map(is_wide, text))
    return len(text) + wide - sum(unicodedata.combining(mark) > 0 for mark in text)


def is_wide(mark: str) -> bool:
    """Whether a character takes two columns."""
    return unicodedata.east_asian_width(mark) in "WF"


def padded(text: str, room: int, *, left: bool = True) -> str:
    """A text with the spaces that fill its column, behind it or in front.

    >>> padded("合计", 6) + "|", padded("层", 4, left=False)
    ('合计  |', '  层')
    """
    blank = " " * (room - width(text))
    return text + blank if left else blank + text


def wrap(text: str, room: int, *, first: str = "", others: str = "", break_on_hyphens: bool = True) -> list[str]:
    """A text over as many lines as it takes, each with its indent; a line may end at any wide character.

    >>> wrap("卷积层的参数量与浮点运算次数", 16, others="  ")
    ['卷积层的参数量与', '  浮点运算次数']
    """
    if not any(map(is_wide, text)):
        return textwrap.wrap(
            text, room, initial_indent=first, subsequent_indent=others, break_on_hyphens=break_on_hyphens
        )
    lines: list[str] = []
    indent, line = first, ""
    for piece in _pieces(text):
        if line and width(indent + line + piece.rstrip()) > room:
            lines.append((indent + line).rstrip())
            indent, line = others, ""
        line += piece
    return [*lines, (indent + line).rstrip()]


def _pieces(text: str) -> Iterator[str]:
    """The smallest parts that stay on one line: a wide character or a word, with the marks that belong to it."""
    start = 0
    for end in range(1, len(text)):
        if _may_break(text[end - 1], text[end]):
            yield text[start:end]
            start = end
    yield text[start:]


def _may_break(before: str, after: str) -> bool:
    if after.isspace() or after in _CLOSING or before in _OPENING:
        return False
    return before.isspace() or is_wide(before) or is_wide(after)
