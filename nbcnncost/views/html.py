"""A report as an HTML table that stays readable where a notebook strips its styles; no ids, no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from nbcnncost.front import lines_of
from nbcnncost.views.columns import Column
from nbcnncost.views.table import Line, Table, build

if TYPE_CHECKING:
    from nbcnncost.report import Report

# Where the sheet is stripped, notebooks align every cell right by an inline style's rank; where inline styles are
# stripped too, headings stand centred but for the attribute.
LEFT = ' align="left" style="text-align:left"'
# Spaces alone would say nothing where a page aligns everything right; a dot for each level does.
_INDENT = "\N{MIDDLE DOT}\N{EM SPACE}"


def table(
    report: Report,
    *,
    depth: int | None = None,
    sort: str | None = None,
    top: int | None = None,
    columns: Sequence[str] | None = None,
    limit: int = 60,
) -> str:
    """The report as an HTML table, with the words and numbers of the text table."""
    content = build(report, depth=depth, sort=sort, top=top, columns=columns, limit=limit)
    head = "".join(map(_column_head, content.columns))
    body = "\n".join(_row(content, line) for line in content.body)
    parts = [
        opening(),
        _header(content),
        f"<div><table><caption{LEFT}>{escape(content.caption)}</caption>",
        f'<thead align="right"><tr>{head}</tr></thead>',
        f'<tbody align="right">\n{body}\n</tbody>',
        f'<tfoot align="right">{_row(content, content.total)}</tfoot></table></div>',
    ]
    if content.footnote:
        parts.append(f"<p>{escape(content.footnote)}</p>")
    return "\n".join([*parts, "</div>"])


def opening() -> str:
    """The style sheet and the opening tag around whatever it is for; a ``$`` in a name must not start mathematics."""
    return f'<style>{style()}</style><div class="nbcnncost tex2jax_ignore mathjax_ignore">'


@cache
def style() -> str:
    """The style sheet, with comments and line breaks left out."""
    return "".join(lines_of(Path(__file__).parent / "static" / "table.css"))


def _header(content: Table) -> str:
    first, *others = map(escape, content.summary)
    summary = "<br>".join([f"<strong>{escape(content.title)}</strong> · {first}", *others])
    return f"<p>{summary}</p><p><small>{'<br>'.join(map(escape, content.details))}</small></p>"


def _column_head(column: Column) -> str:
    title = f' title="{escape(column.title)}"' if column.title else ""
    return f'<th scope="col"{LEFT if column.is_left else ""}{title}>{escape(column.header)}</th>'


def _row(content: Table, line: Line) -> str:
    name, *others = line.cells
    indent = "" if content.flat else _INDENT * (len(line.entry.lasts) - 1)
    title = f' title="{escape(name.title)}"' if name.title else ""
    kind = ' class="sum"' if line.is_sum else ' class="still"' if line.is_quiet else ""
    cells = [f'<th scope="row"{LEFT}{title}>{indent}{escape(name.text)}</th>']
    for column, cell in zip(content.columns[1:], others, strict=True):
        title = f' title="{escape(cell.title)}"' if cell.title else ""
        looks = LEFT if column.is_left else _bar(line) if column.has_bars else ""
        looks = looks or (' class="zero"' if cell.text in ("0", "0 %") else "")
        cells.append(f"<td{looks}{title}>{words(cell.text)}</td>")
    return f"<tr{kind}>{''.join(cells)}</tr>"


def words(text: str) -> str:
    """Escaped, and with a number kept on the line of its percent sign."""
    return escape(text).replace(" %", "&nbsp;%")


def _bar(line: Line) -> str:
    """The cell's background as a bar; the largest row's fills it."""
    if line.share is None:
        return ""
    end = f"{100 * line.share:.0f}%"
    return f' style="background:linear-gradient(90deg,#5b9bd566 {end},transparent {end})"'
