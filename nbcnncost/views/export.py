"""A report's rows as Markdown and as LaTeX, for papers and pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.units import exact, shapes_text
from nbcnncost.views.strings import settings_text

if TYPE_CHECKING:
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: The parts of a training step beside its forward, in the convention's own count, and their headings.
_STEP = {
    "recomputed": "computed again",
    "backward_inputs": "input gradients",
    "backward_weights": "weight gradients",
    "optimizer": "optimizer",
    "step": "training step",
}
_LATEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "×": r"$\times$",
        "→": r"$\to$",
        "−": "$-$",
        "÷": r"$\div$",
        "Δ": r"$\Delta$",
        "∂": r"$\partial$",
        "▸": r"$\triangleright$",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
)


def written(content: str, path: str | Path | None) -> str:
    """The content, which also goes to a file if one is named."""
    if path is not None:
        Path(path).write_text(content, encoding="utf-8")
    return content


def markdown(report: Report) -> str:
    """A Markdown table with exact numbers, and the header as a line above it."""
    say = speaker(report.look.lang)
    head = _head(report)
    body = [markdown_line(map(markdown_safe, _cells(report, row))) for row in report.rows]
    total = markdown_line([f"**{say('total')}**", "", "", *_cells(report, report.total)[3:]])
    lines = [
        markdown_safe(_headline(report)),
        "",
        markdown_line(head),
        f"|---|---|---|{'---:|' * (len(head) - 3)}",
        *body,
        total,
    ]
    return "\n".join(lines) + "\n"


def latex(report: Report) -> str:
    """A ``tabular`` with exact numbers; it needs the package booktabs."""
    head = _head(report)
    body = [_cells(report, row) for row in report.rows]
    total = [speaker(report.look.lang)("total"), "", "", *_cells(report, report.total)[3:]]
    return tabular([_headline(report)], f"lll{'r' * (len(head) - 3)}", [head], body, [total])


def tabular(comments: Iterable[str], sides: str, *groups: Sequence[Sequence[str]]) -> str:
    """A LaTeX table under lines of comment, with a rule between each two groups of rows."""
    parts = ["\n".join(" & ".join(map(latex_safe, cells)) + r" \\" for cells in rows) for rows in groups if rows]
    return "\n".join(
        [
            *(f"% {' '.join(comment.split())}" for comment in comments),
            rf"\begin{{tabular}}{{{sides}}}",
            r"\toprule",
            "\n\\midrule\n".join(parts),
            r"\bottomrule",
            "\\end{tabular}\n",
        ]
    )


def _headline(report: Report) -> str:
    return speaker(report.look.lang)(
        f"{report.model_name}, input {shapes_text([spec.shape for spec in report.inputs])}, {report.mode} mode, "
        f"convention {report.convention.name} ({report.unit})"
    )


def _head(report: Report) -> list[str]:
    step = () if report.total.parts is None else _STEP.values()
    heads = ("layer", "type", "output", "parameters", "MACs", _measure(report), *step)
    return list(map(speaker(report.look.lang), heads))


def _measure(report: Report) -> str:
    """The last column's name: the convention's own count, unless that is the column of MACs already."""
    return "FLOPs" if report.unit == "FLOPs" else f"{report.unit} ({report.convention.name})"


def _cells(report: Report, row: Row) -> list[str]:
    counts = [_number(number, row.unknown) for number in (row.macs, row.count)]
    step = [] if row.parts is None else [getattr(row, part) for part in _STEP]
    counts += [_number(amount.count, amount.unknown) for amount in step]
    kind = f"{row.type} {settings_text(row.settings, speaker(report.look.lang))}".strip()
    outputs = shapes_text([spec.shape for spec in row.outputs])
    return [row.path or row.name, kind, outputs, exact(row.params), *counts]


def _number(number: int | None, unknown: int) -> str:
    """Never silently zero: what is unknown stays visible beside what is known."""
    return "?" if number is None else f"{exact(number)} + ?" if unknown else exact(number)


def markdown_line(cells: Iterable[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def latex_safe(cell: str) -> str:
    """Escaped; the brackets keep a first ``[`` or ``*`` from being an option of the line's end before it."""
    text = " ".join(cell.split()).translate(_LATEX_ESCAPES)
    return f"{{}}{text}" if text.startswith(("[", "*")) else text


def markdown_safe(cell: str) -> str:
    """A user's string on one line, with what Markdown would act on escaped."""
    for mark in "\\|`<>[]$*_~&":
        cell = cell.replace(mark, f"\\{mark}")
    return " ".join(cell.split())
