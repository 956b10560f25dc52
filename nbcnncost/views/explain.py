"""An explanation as text, HTML and LaTeX: the formula in symbols, with its numbers, the result, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.units import exact
from nbcnncost.views.html import opening
from nbcnncost.views.strings import clean, settings_text
from nbcnncost.views.wrapping import padded, width, wrap

if TYPE_CHECKING:
    from nbcnncost.explain import Explanation, Line

_WIDTH = 100
_SPECIAL = {mark: f"\\{mark}" for mark in "&%$#_{}"} | {
    "\\": r"\backslash ",
    "~": r"\sim ",
    "^": r"\wedge ",
    "<": "{<}",
    ">": "{>}",
}


def text(explanation: Explanation) -> str:
    """The explanation as plain text, each formula over as many lines as it needs."""
    say = speaker(explanation.lang)
    parts = [_heading(explanation)]
    for heading, lines in _groups(explanation):
        parts += ["", f"{heading}{say(':')}", *(row for line in lines for row in _text_rows(line))]
        reason = _reason(lines[0], explanation.lang)
        if reason:
            parts += wrap(reason, _WIDTH, first="  ", others="  ")
    totals = _sums(explanation)
    if totals:
        parts += ["", *(f"{name}{say(': ')}{exact(number)} {explanation.unit}" for name, number in totals)]
    glossary = _glossary(explanation)
    if glossary:
        symbols, values = (max(width(entry[index]) for entry in glossary) for index in (0, 1))
        parts += [""]
        parts += [f"  {padded(name, symbols)} = {padded(value, values)}  {means}" for name, value, means in glossary]
    return "\n".join(line.rstrip() for line in parts)


def html(explanation: Explanation) -> str:
    """The same as HTML, with subscripts."""
    say = speaker(explanation.lang)
    name, rest = clean(explanation.path or explanation.type), _after_name(explanation)
    parts = [opening(), f"<p><strong>{escape(name)}</strong>{escape(rest)}</p>"]
    for heading, lines in _groups(explanation):
        why = _reason(lines[0], explanation.lang)
        reason = [f"<small>{escape(why)}</small>"] if why else []
        first = escape(f"{heading}{say(':')}")
        parts.append(f"<p>{'<br>'.join([first, *map(_html_row, lines), *reason])}</p>")
    for name, number in _sums(explanation):
        parts.append(f"<p>{name}{say(': ')}<strong>{exact(number)} {escape(explanation.unit)}</strong></p>")
    glossary = _glossary(explanation)
    if glossary:
        parts.append(_html_glossary(glossary, say))
    return "\n".join([*parts, "</div>"])


def latex(explanation: Explanation) -> str:
    """The formulas as one LaTeX display."""
    rows = []
    for line in explanation.lines:
        say = speaker(explanation.lang)
        heading = say(line.label) + say(f" ({line.title})") if line.unit else say(line.label)
        plain = "".join(_SPECIAL.get(mark, mark) for mark in clean(heading))
        left = _latex_symbol(line.label) if _is_size(line) else rf"\text{{{plain}}}"
        result = r"\text{?}" if line.result is None else exact(line.result).replace(",", "{,}")
        steps = [step for step in dict.fromkeys([line.latex, line.latex_numbers, result]) if step]
        rows.append(rf"{left} &= " + r" \\ &= ".join(steps))
    return "$$\\begin{aligned}\n" + " \\\\[6pt]\n".join(rows) + "\n\\end{aligned}$$"


def _groups(explanation: Explanation) -> Iterator[tuple[str, list[Line]]]:
    """The lines under their headings; neighbours that would say the same (height and width) share one."""
    lang = explanation.lang
    for (heading, _), lines in groupby(explanation.lines, key=lambda line: (_label(line, lang), _reason(line, lang))):
        yield heading, list(lines)


def _text_rows(line: Line) -> list[str]:
    """The formula on one line if it fits, else one line for each equals sign."""
    steps = [*([line.label] if _is_size(line) else []), *_steps(line)]
    whole = "  " + " = ".join(steps)
    return [whole] if len(whole) <= _WIDTH else [f"  {steps[0]}", *(f"  = {step}" for step in steps[1:])]


def _html_row(line: Line) -> str:
    *formula, result = _steps(line)
    shown = [_subscripts(step, line) if step == line.symbols else escape(step) for step in formula]
    left = [_subscript(line.label)] if _is_size(line) else []
    return " = ".join([*left, *shown, f"<strong>{escape(result)}</strong>"])


def _html_glossary(glossary: list[tuple[str, str, str]], say: Callable[[str], str]) -> str:
    left = ' align="left" style="text-align:left"'
    heads = f'<th scope="col"{left}>{say("symbol")}</th><th scope="col">{say("value")}</th>'
    heads += f'<th scope="col"{left}>{say("meaning")}</th>'
    rows = "\n".join(
        f'<tr><th scope="row"{left}>{_subscript(name)}</th><td>{escape(value)}</td><td{left}>{escape(means)}</td></tr>'
        for name, value, means in glossary
    )
    table = f'<table class="symbols"><thead align="right"><tr>{heads}</tr></thead>'
    table = f'<div>{table}<tbody align="right">\n{rows}\n</tbody></table></div>'
    return f"<details><summary>{say('what the symbols mean')}</summary>{table}</details>"


def _heading(explanation: Explanation) -> str:
    return clean(explanation.path or explanation.type) + _after_name(explanation)


def _after_name(explanation: Explanation) -> str:
    say = speaker(explanation.lang)
    settings = settings_text(clean(explanation.settings), say)
    kind = " ".join(part for part in (clean(explanation.type), settings) if part)
    return f" ({kind}) · {say(f'convention {clean(explanation.convention)}')}"


def _is_size(line: Line) -> bool:
    """Whether the line is about a symbol of its own, as the output height ``H_out``."""
    return line.title == "output size"


def _label(line: Line, lang: str) -> str:
    """What a line is about: "FLOPs (convolution)", "parameters", "output size"."""
    say = speaker(lang)
    if _is_size(line) or line.title in ("", line.label):
        return clean(say(line.title or line.label))
    return clean(say(line.label) + say(f" ({line.title})"))


def _steps(line: Line) -> list[str]:
    """What stands between the equals signs: symbols, numbers, the result with its unit; nothing twice."""
    result = "?" if line.result is None else exact(line.result)
    formula = [step for step in dict.fromkeys([line.symbols, line.numbers]) if step and step != result]
    return [*map(clean, formula), f"{result} {line.unit}" if line.unit else result]


def _reason(line: Line, lang: str) -> str:
    why, source = map(speaker(lang), (line.why, line.source))
    return clean(f"{why} [{source}]" if source and source != why else why).strip()


def _sums(explanation: Explanation) -> list[tuple[str, int]]:
    """What the operations count together, and what a training step does, where there are several and all are known."""
    forward = [line.result for line in explanation.lines if line.label == explanation.unit]
    step = [line.result for line in explanation.lines if line.unit]
    sums = [("together" if len(step) == len(forward) else "the forward together", forward)]
    sums += [("the training step", step)] if len(step) > len(forward) else []
    say = speaker(explanation.lang)
    known = [(say(name), [count for count in counts if count is not None], len(counts)) for name, counts in sums]
    return [(name, sum(counts)) for name, counts, number in known if len(counts) == number > 1]


def _glossary(explanation: Explanation) -> list[tuple[str, str, str]]:
    """Each symbol once: its values and its meaning."""
    found: dict[tuple[str, str], list[str]] = {}
    say = speaker(explanation.lang)
    for line in explanation.lines:
        for symbol, meaning, value in line.where:
            values = found.setdefault((symbol, say(meaning)), [])
            if value not in values:
                values.append(value)
    return [(symbol, "; ".join(values), meaning) for (symbol, meaning), values in found.items()]


def _subscripts(formula: str, line: Line) -> str:
    """A formula with its symbols in italics; other words (a parameter's name) stay as they are."""
    symbols = {symbol for symbol, _, _ in line.where}
    words = re.split(r"([^\W\d]\w*)", formula)
    return "".join(_subscript(word) if word in symbols else escape(word) for word in words)


def _latex_symbol(name: str) -> str:
    head, _, tail = name.partition("_")
    return f"{head}_{{{tail}}}" if tail else head


def _subscript(symbol: str) -> str:
    head, _, tail = symbol.partition("_")
    return f"<i>{escape(head)}</i>" + (f"<sub>{escape(tail)}</sub>" if tail else "")
