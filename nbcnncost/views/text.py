"""A report as plain text: no colours, no control characters, at most about 120 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nbcnncost.views.columns import DISPENSABLE
from nbcnncost.views.table import Cell, Line, Table, build
from nbcnncost.views.wrapping import padded, width, wrap

if TYPE_CHECKING:
    from nbcnncost.report import Report

WIDTH = 120
_GAP = "  "
_FEW_LETTERS = 5
#: How far words may be shortened where a table is too wide, and in which order.
_NARROWEST = (
    *(("type", 28), ("layer", 28), ("type", 22), ("layer", 22)),
    *(("input", 16), ("output", 16), ("type", 16), ("layer", 18), ("type", 12)),
)


def table(
    report: Report,
    *,
    depth: int | None = None,
    sort: str | None = None,
    top: int | None = None,
    columns: Sequence[str] | None = None,
    limit: int = 60,
) -> str:
    """The report as a plain text table, in call order unless ``sort`` or ``top`` asks for the largest rows."""
    content = build(report, depth=depth, sort=sort, top=top, columns=columns, limit=limit)
    if columns is None:
        content = _without_dispensable(content)
    widths = _widths(content, [_texts(content, line) for line in (*content.body, content.total)])
    head = _row(content, [Cell(column.header) for column in content.columns], "", widths)
    body = [_row(content, line.cells, _guides(content, line), widths) for line in content.body]
    total = _row(content, content.total.cells, "", widths)
    rule = "─" * max(map(width, [head, total, *body]))
    lines = [*_header(content), content.caption, rule, head, rule, *body, rule, total]
    return "\n".join([*lines, *([content.footnote] if content.footnote else [])])


def shorten(text: str, room: int) -> str:
    """A text that is too long without its middle; more is kept of its end, which tells alike names apart.

    >>> shorten("Conv2d 3×3, s2, p1, groups 32", 16)
    'Conv2d…groups 32'
    """
    if width(text) <= room:
        return text
    room = max(room, 3)
    head, tail = text, text
    kept = 3 * (room - 1) // 5
    while width(head) > room - 1 - kept:
        head = head[:-1]
    while width(tail) > kept:
        tail = tail[1:]
    return f"{head}…{tail}"


def cut(text: str, room: int) -> str:
    """A text that is too long without its end; no number is cut in two, nor a setting if the rest says enough.

    >>> cut("Conv2d 3×3, s2, p1, no bias", 18), cut("Linear 2048→1000", 15)
    ('Conv2d 3×3, s2,…', 'Linear 2048→…')
    """
    if width(text) <= room:
        return text
    head = text
    while width(head) > max(room, 1) - 1:
        head = head[:-1]
    if text[len(head)].isdigit():
        head = head.rstrip("0123456789")
    words = head if text[len(head)] == " " else head.rpartition(" ")[0]
    return f"{words if len(words) > len(head) * 0.6 else head}…"


def guides(lasts: tuple[bool, ...]) -> str:
    """The branches in front of a name in a tree; the outermost level has none.

    >>> guides((False, False, True))
    '│  └─ '
    """
    if len(lasts) < 2:
        return ""
    above = "".join("   " if last else "│  " for last in lasts[1:-1])
    return above + ("└─ " if lasts[-1] else "├─ ")


def _guides(content: Table, line: Line) -> str:
    return "" if content.flat else guides(line.entry.lasts)


def _texts(content: Table, line: Line) -> list[str]:
    """What the cells of a row say, before anything is shortened."""
    first, *others = (cell.text for cell in line.cells)
    return [_guides(content, line) + first, *others]


def _header(content: Table) -> list[str]:
    lines = []
    first, *others = content.summary
    for line in (f"{content.title} · {first}", *others, *content.details):
        lines += wrap(line, WIDTH, others="  ", break_on_hyphens=False)
    return [*lines, ""]


def _without_dispensable(content: Table) -> Table:
    """The table with fewer shares where it would be too wide with all of them.

    Full paths, as a sorted table has them, say more than the input's shape does, which is the output before.
    """
    for key in (*DISPENSABLE, "input") if content.flat else DISPENSABLE:
        if _total_width(_natural(content, [_texts(content, line) for line in content.body])) <= WIDTH:
            break
        keep = [index for index, column in enumerate(content.columns) if column.key != key or column.has_bars]
        content = _with_columns(content, keep)
    return content


def _with_columns(content: Table, keep: Sequence[int]) -> Table:
    def kept(line: Line) -> Line:
        return replace(line, cells=tuple(line.cells[index] for index in keep))

    return replace(
        content,
        columns=tuple(content.columns[index] for index in keep),
        body=tuple(map(kept, content.body)),
        total=kept(content.total),
    )


def _natural(content: Table, texts: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is with nothing shortened."""
    heads = [column.header for column in content.columns]
    return [max(width(row[index]) for row in (heads, *texts)) for index in range(len(heads))]


def _total_width(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _widths(content: Table, texts: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is; words are shortened as far as it takes to fit."""
    widths = _natural(content, texts)
    # Branches and marks are never shortened, and a few letters of the name must stay beside them.
    kept = (width(_guides(content, line) + line.cells[0].marks) for line in content.body)
    least = min(max(kept, default=0) + _FEW_LETTERS, widths[0])
    for key, narrowest in _NARROWEST:
        excess = _total_width(widths) - WIDTH
        for index, column in enumerate(content.columns):
            if column.key == key and excess > 0:
                goal = max(narrowest, least) if key == "layer" else narrowest
                widths[index] = max(min(widths[index], goal), widths[index] - excess)
    return widths


def _row(content: Table, cells: Sequence[Cell], branches: str, widths: Sequence[int]) -> str:
    parts = []
    for column, cell, room in zip(content.columns, cells, widths, strict=True):
        if column.key == "layer":
            name = cell.text.removesuffix(cell.marks)
            shown = branches + shorten(name, room - width(branches) - width(cell.marks)) + cell.marks
        else:
            shown = cut(cell.text, room) if column.is_left else shorten(cell.text, room)
        parts.append(padded(shown, room, left=column.is_left))
    return _GAP.join(parts).rstrip()
