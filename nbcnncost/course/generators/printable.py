"""A sheet on paper, in Markdown and LaTeX, and its key as a document of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nbcnncost.course.generators import wording
from nbcnncost.course.generators.counting import counting
from nbcnncost.course.generators.recipe import variant_only
from nbcnncost.course.generators.wording import said
from nbcnncost.course.numerals import number_text
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet
from nbcnncost.languages import translate
from nbcnncost.views.export import latex_safe, markdown_safe

#: What stands below a question.
Below = Callable[[Question], list[str]]
_LINE = "\\_" * 24
#: What formulas are written with, besides what a table of a report holds.
_LATEX_MORE = str.maketrans(
    {
        "·": r"$\cdot$\allowbreak{}",
        "⌊": r"$\lfloor$",
        "⌋": r"$\rfloor$",
        "⌈": r"$\lceil$",
        "⌉": r"$\rceil$",
        "Σ": r"$\Sigma$",
        "²": r"\textsuperscript{2}",
        "⁰": r"\textsuperscript{0}",
        "⁶": r"\textsuperscript{6}",
        "\N{NO-BREAK SPACE}": "~",
    }
)
_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\begin{document}
\sloppy"""
#: The last letter that pdfLaTeX knows without being told more.
_LAST_LATIN = 0x17F
#: For XeLaTeX or LuaLaTeX: Chinese, or a name in letters of its own.
_WIDE_PREAMBLE = r"""\documentclass{ctexart}
\usepackage{amsmath}
\begin{document}
\sloppy"""


def markdown(sheet: Sheet, *, title: str = "") -> str:
    """The questions of a sheet in Markdown, with room for answers and nothing of its key."""
    return _markdown(sheet, _title(sheet, title), lambda question: [f"{said(sheet, wording.ANSWER)} {_LINE}"])


def markdown_key(sheet: Sheet, *, title: str = "") -> str:
    """The key of a sheet in Markdown: each answer with its formula, and the wrong numbers with their mistakes."""
    return _markdown(sheet, said(sheet, wording.KEY_TITLE, title=_title(sheet, title)), _markdown_answer)


def latex(sheet: Sheet, *, title: str = "") -> str:
    """The questions of a sheet as a LaTeX document, with room for answers and nothing of its key."""
    return _latex(sheet, _title(sheet, title), lambda question: [rf"{said(sheet, wording.ANSWER)} \hrulefill"])


def latex_key(sheet: Sheet, *, title: str = "") -> str:
    """The key of a sheet as a LaTeX document: each answer with its formula, the wrong numbers with their mistakes."""
    return _latex(sheet, said(sheet, wording.KEY_TITLE, title=_title(sheet, title)), _latex_answer)


def _title(sheet: Sheet, title: str) -> str:
    variant_only(sheet)
    named = title or said(sheet, wording.TITLE)
    return said(sheet, wording.OF_STUDENT, title=named, student=sheet.student) if sheet.student else named


def _markdown(sheet: Sheet, title: str, below: Below) -> str:
    lines = [f"# {markdown_safe(title)}", *filter(None, [markdown_safe(counting(sheet))])]
    for number, question in enumerate(sheet, 1):
        if number == 1 or question.about != sheet.questions[number - 2].about:
            lines += [f"## {markdown_safe(question.name)}", *filter(None, [markdown_safe(question.about)])]
        lines.append("\n\n   ".join([f"{number}. {markdown_safe(question.prompt)}", *below(question)]))
    return "\n\n".join(lines) + "\n"


def _markdown_answer(question: Question) -> list[str]:
    reckoned = " = ".join([question.shown(), question.shown(numbers=True), question.answer_text])
    wrongs = [f"- {markdown_safe(text)}" for text in _wrong(question)]
    listed = [translate(wording.MISTAKES, question.lang), "\n   ".join(wrongs)]
    return [f"**{markdown_safe(reckoned)}**", *(listed if wrongs else [])]


def _wrong(question: Question) -> Iterator[str]:
    """Each wrong number once, with the mistakes that give it."""
    found: dict[str, list[str]] = {}
    for wrong in question.wrong:
        found.setdefault(number_text(wrong.value), []).append(
            " + ".join(translate(entry.title, question.lang) for entry in wrong.mistakes)
        )
    colon = translate(": ", question.lang)
    return (f"{value}{colon}{' / '.join(titles)}" for value, titles in found.items())


def _latex(sheet: Sheet, title: str, below: Below) -> str:
    lines = [rf"\section*{{{_tex(title)}}}", _tex(counting(sheet)), r"\begin{enumerate}"]
    for number, question in enumerate(sheet, 1):
        if number == 1 or question.about != sheet.questions[number - 2].about:
            about = f"\\\\ {_tex(question.about)}" if question.about else ""
            lines.append(rf"\item[] \textbf{{{_tex(question.name)}}}{about}")
        lines.append("\n\n".join([rf"\item {_tex(question.prompt)}", *below(question)]))
    body = "\n".join([*lines, r"\end{enumerate}", "\\end{document}\n"])
    is_plain = sheet.settings.lang != "zh" and max(map(ord, body)) <= _LAST_LATIN
    return f"{_PREAMBLE if is_plain else _WIDE_PREAMBLE}\n{body}"


def _latex_answer(question: Question) -> list[str]:
    formula = f"${question.latex}$" if question.latex else _tex(question.shown())
    reckoned = " = ".join([formula, _tex(question.shown(numbers=True)), rf"\textbf{{{_tex(question.answer_text)}}}"])
    wrongs = [rf"\item {_tex(text)}" for text in _wrong(question)]
    listed = [translate(wording.MISTAKES, question.lang), r"\begin{itemize}", *wrongs, r"\end{itemize}"]
    return [reckoned, *(["\n".join(listed)] if wrongs else [])]


def _tex(text: str) -> str:
    return latex_safe(text).translate(_LATEX_MORE)
