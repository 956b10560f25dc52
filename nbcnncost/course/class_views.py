"""A class report as text, HTML and Markdown."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbcnncost.course import messages
from nbcnncost.languages import speaker
from nbcnncost.views.html import LEFT, opening, words
from nbcnncost.views.wrapping import width

if TYPE_CHECKING:
    from nbcnncost.course.class_report import ClassReport

#: Columns whose cells stand to the left; numbers stand to the right.
_LEFT_COLUMNS = 2


def text(report: ClassReport) -> str:
    """A plain table."""
    rows = [_columns(report), *report.cells()]
    wide = [max(width(row[at]) for row in rows) for at in range(len(messages.CLASS_COLUMNS))]
    lines = ["  ".join(_padded(cell, wide[at], at) for at, cell in enumerate(row)).rstrip() for row in rows]
    return "\n".join([report.title, *(lines if report.made else [])])


def markdown(report: ClassReport) -> str:
    """A Markdown table under the sums."""
    head = [_line(_columns(report)), "| --- | --- | ---: | ---: |"]
    return "\n".join([report.title, "", *head, *(_line(row) for row in report.cells())]) + "\n"


def html(report: ClassReport) -> str:
    """An HTML table that reads well without its styles."""
    heads = "".join(f'<th scope="col"{_side(at)}>{escape(cell)}</th>' for at, cell in enumerate(_columns(report)))
    body = "\n".join(
        "<tr>" + "".join(f"<td{_side(at)}>{words(cell)}</td>" for at, cell in enumerate(row)) + "</tr>"
        for row in report.cells()
    )
    parts = [
        opening(),
        f"<div><table><caption{LEFT}>{escape(report.title)}</caption>",
        f'<thead align="right"><tr>{heads}</tr></thead>',
        f'<tbody align="right">\n{body}\n</tbody></table></div></div>',
    ]
    return "\n".join(parts)


def _columns(report: ClassReport) -> tuple[str, ...]:
    return tuple(map(speaker(report.lang), messages.CLASS_COLUMNS))


def _side(column: int) -> str:
    return LEFT if column < _LEFT_COLUMNS else ""


def _padded(cell: str, wide: int, column: int) -> str:
    space = " " * (wide - width(cell))
    return cell + space if column < _LEFT_COLUMNS else space + cell


def _line(cells: tuple[str, ...]) -> str:
    shown = " | ".join(cell.replace("|", r"\|") for cell in cells)
    return f"| {shown} |"
