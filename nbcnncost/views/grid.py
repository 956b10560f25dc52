"""A table of any columns as text, HTML and Markdown; what stands in it comes from whoever builds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from nbcnncost.languages import speaker
from nbcnncost.views.export import markdown_line, markdown_safe, tabular
from nbcnncost.views.html import LEFT, opening, words
from nbcnncost.views.text import WIDTH, cut, shorten
from nbcnncost.views.wrapping import padded, width, wrap

_GAP = "  "
_BAR, _MORE = "#5b9bd566", "#d9822b66"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    ``room`` is how narrow its words may become where the table is too wide as text; 0 if they are never shortened.
    ``dispensable`` columns are left out there, those with the smallest number (from 1) first.
    """

    key: str
    header: str
    title: str = ""
    is_left: bool = False
    room: int = 0
    dispensable: int = 0


@dataclass(frozen=True)
class Cell:
    """The text of a cell; ``title`` says it in full where it is short.

    ``bar`` fills so much of the cell's background, in another colour for ``is_more``; ``marks`` is the end of the text
    that must stay when the rest is shortened.
    """

    text: str = ""
    title: str = ""
    bar: float = 0.0
    is_more: bool = False
    marks: str = ""


@dataclass(frozen=True)
class Line:
    """A row of a table; a quiet one stands back."""

    cells: tuple[Cell, ...]
    is_quiet: bool = False


@dataclass(frozen=True)
class Grid:
    """Everything a table says; the first of the columns names the rows."""

    title: str
    summary: tuple[str, ...]
    details: tuple[str, ...]
    caption: str
    columns: tuple[Column, ...]
    body: tuple[Line, ...]
    total: Line | None = None
    footnote: str = ""


def in_language(grid: Grid, lang: str) -> Grid:
    """The table with its header and its columns' in another language; cells and title stay as they are."""
    say = speaker(lang)
    return replace(
        grid,
        summary=tuple(map(say, grid.summary)),
        details=tuple(map(say, grid.details)),
        caption=say(grid.caption),
        columns=tuple(replace(entry, header=say(entry.header), title=say(entry.title)) for entry in grid.columns),
        footnote=say(grid.footnote),
    )


def text(grid: Grid) -> str:
    """The table as plain text, at most 120 columns wide unless more numbers are asked for than fit."""
    content = _without_dispensable(grid)
    widths = _widths(content)
    head = _text_row(content, Line(tuple(Cell(column.header) for column in content.columns)), widths)
    body = [_text_row(content, line, widths) for line in content.body]
    total = [] if content.total is None else [_text_row(content, content.total, widths)]
    rule = "─" * max(map(width, [head, *total, *body]))
    lines = [*_header(content), content.caption, rule, head, rule, *body, *([rule, *total] if total else [])]
    return "\n".join([*lines, *([content.footnote] if content.footnote else [])])


def _header(grid: Grid) -> list[str]:
    lines: list[str] = []
    for line in (grid.title, *grid.summary, *grid.details):
        lines += wrap(line, WIDTH, others="  ", break_on_hyphens=False)
    return [*lines, ""]


def _lines(grid: Grid) -> list[Line]:
    return [*grid.body, *([] if grid.total is None else [grid.total])]


def _natural(grid: Grid) -> list[int]:
    """How wide each column is with nothing shortened."""
    texts = [[column.header for column in grid.columns], *([cell.text for cell in line.cells] for line in _lines(grid))]
    return [max(width(row[index]) for row in texts) for index in range(len(grid.columns))]


def _excess(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1) - WIDTH


def _widths(grid: Grid) -> list[int]:
    """How wide each column is; words are shortened as far as it takes to fit, the widest first."""
    widths = _natural(grid)
    while _excess(widths) > 0:
        spare = [(size - column.room if column.room else 0) for size, column in zip(widths, grid.columns, strict=True)]
        most = max(spare)
        if most <= 0:
            break
        widths[spare.index(most)] -= 1
    return widths


def _without_dispensable(grid: Grid) -> Grid:
    """The table with fewer columns where it would be too wide with all of them."""
    while True:
        least = [min(size, column.room or size) for size, column in zip(_natural(grid), grid.columns, strict=True)]
        ranked = sorted((column.dispensable, index) for index, column in enumerate(grid.columns) if column.dispensable)
        if _excess(least) <= 0 or not ranked:
            return grid
        grid = _without(grid, ranked[0][1])


def _without(grid: Grid, index: int) -> Grid:
    def kept(line: Line) -> Line:
        return replace(line, cells=(*line.cells[:index], *line.cells[index + 1 :]))

    return replace(
        grid,
        columns=(*grid.columns[:index], *grid.columns[index + 1 :]),
        body=tuple(map(kept, grid.body)),
        total=None if grid.total is None else kept(grid.total),
    )


def _text_row(grid: Grid, line: Line, widths: Sequence[int]) -> str:
    parts = []
    for position, (column, cell, room) in enumerate(zip(grid.columns, line.cells, widths, strict=True)):
        shown = cut(cell.text, room)
        if position == 0:
            shown = shorten(cell.text.removesuffix(cell.marks), room - width(cell.marks)) + cell.marks
        parts.append(padded(shown, room, left=column.is_left))
    return _GAP.join(parts).rstrip()


def html(grid: Grid) -> str:
    """The same table in HTML, which stays readable where a notebook strips its styles."""
    head = "".join(map(_column_head, grid.columns))
    body = "\n".join(_html_row(grid, line) for line in grid.body)
    summary = "<br>".join([f"<strong>{escape(grid.title)}</strong>", *map(escape, grid.summary)])
    parts = [
        opening(),
        f"<p>{summary}</p><p><small>{'<br>'.join(map(escape, grid.details))}</small></p>",
        f"<div><table><caption{LEFT}>{escape(grid.caption)}</caption>",
        f'<thead align="right"><tr>{head}</tr></thead>',
        f'<tbody align="right">\n{body}\n</tbody>',
    ]
    if grid.total is not None:
        parts.append(f'<tfoot align="right">{_html_row(grid, grid.total)}</tfoot>')
    parts.append("</table></div>")
    if grid.footnote:
        parts.append(f"<p>{escape(grid.footnote)}</p>")
    return "\n".join([*parts, "</div>"])


def _column_head(column: Column) -> str:
    return f'<th scope="col"{LEFT if column.is_left else ""}{_title(column.title)}>{escape(column.header)}</th>'


def _html_row(grid: Grid, line: Line) -> str:
    name, *others = line.cells
    cells = [f'<th scope="row"{LEFT}{_title(name.title)}>{escape(name.text)}</th>']
    for column, cell in zip(grid.columns[1:], others, strict=True):
        looks = LEFT if column.is_left else _bar(cell) or (' class="zero"' if cell.text == "0" else "")
        cells.append(f"<td{looks}{_title(cell.title)}>{words(cell.text)}</td>")
    kind = ' class="still"' if line.is_quiet else ""
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _title(words: str) -> str:
    return f' title="{escape(words)}"' if words else ""


def _bar(cell: Cell) -> str:
    """The cell's background as a bar; its colour says no more than the number's sign does."""
    if not cell.bar:
        return ""
    colour, end = _MORE if cell.is_more else _BAR, f"{100 * cell.bar:.0f}%"
    return f' style="background:linear-gradient(90deg,{colour} {end},transparent {end})"'


def markdown(grid: Grid) -> str:
    """The same table in Markdown, with the header as lines above it."""
    head = markdown_line(markdown_safe(column.header) for column in grid.columns)
    rule = f"|{'|'.join('---' if column.is_left else '---:' for column in grid.columns)}|"
    rows = [markdown_line(markdown_safe(cell.text) for cell in line.cells) for line in grid.body]
    if grid.total is not None:
        name, *others = (markdown_safe(cell.text) for cell in grid.total.cells)
        rows.append(markdown_line([f"**{name}**", *others]))
    above = [line for words in (grid.title, *grid.summary, *grid.details) for line in (markdown_safe(words), "")]
    return "\n".join([*above, head, rule, *rows]) + "\n"


def latex(grid: Grid) -> str:
    """The same table in LaTeX, with the header as comments above it."""
    sides = "".join("l" if column.is_left else "r" for column in grid.columns)
    head, body, total = (
        [[cell.text for cell in line.cells] for line in lines]
        for lines in (
            [Line(tuple(Cell(column.header) for column in grid.columns))],
            grid.body,
            [] if grid.total is None else [grid.total],
        )
    )
    return tabular([grid.title, *grid.summary, *grid.details], sides, head, body, total)
