"""Conventions side by side as text, HTML and Markdown: each total, and what makes it differ from ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.units import exact, plural, shapes_text, si
from nbcnncost.views.html import opening
from nbcnncost.views.strings import clean
from nbcnncost.views.wrapping import padded, width, wrap

if TYPE_CHECKING:
    from nbcnncost.causes import Cause
    from nbcnncost.side_by_side import SideBySide, Standing

_WIDTH = 120
#: As wide as a digit, and as a comma.
_FIGURE_SPACE, _COMMA_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
_PLAIN_SPACES = str.maketrans(dict.fromkeys((_FIGURE_SPACE, _COMMA_SPACE), " "))
_HEADS = ("convention", "total", "unit", "parameters")


def text(table: SideBySide) -> str:
    """Plain text: a line for each convention, below it a line for each cause."""
    say = speaker(table.lang)
    heads = tuple(map(say, (*_HEADS, f"of {clean(table.ours.name)}")))
    rows = [_cells(entry, say) for entry in table.standings]
    widths = [max(map(width, column)) for column in zip(heads, *rows, strict=True)]
    lines = [*_title(table), "", _aligned(heads, widths), "─" * min(_WIDTH, sum(widths) + 2 * len(widths) - 2)]
    for entry, cells in zip(table.standings, rows, strict=True):
        lines.append(_aligned(cells, widths))
        lines += [row for reason in _reasons(entry, say) for row in _wrapped(reason)]
    return "\n".join(lines)


def html(table: SideBySide) -> str:
    """An HTML table that stays readable where its styles are stripped."""
    left = ' align="left" style="text-align:left"'
    say = speaker(table.lang)
    ours = clean(table.ours.name)
    convention, *others, why = map(say, (*_HEADS, f"of {ours}", f"why it differs from {ours}"))
    heads = [f'<th scope="col"{left}>{escape(convention)}</th>']
    heads += [f'<th scope="col">{escape(head)}</th>' for head in others]
    heads += [f'<th scope="col"{left}>{escape(why)}</th>']
    first, *others = map(escape, _title(table))
    body = "\n".join(_html_row(entry, left, say) for entry in table.standings)
    return "\n".join(
        [
            opening(),
            f"<p><strong>{first}</strong></p><p><small>{'<br>'.join(others)}</small></p>",
            f'<div><table class="causes"><thead align="right"><tr>{"".join(heads)}</tr></thead>',
            f'<tbody align="right" valign="top">\n{body}\n</tbody></table></div></div>',
        ]
    )


def markdown(table: SideBySide) -> str:
    """A Markdown table; the causes stand in its last column."""
    say = speaker(table.lang)
    heads = tuple(map(say, (*_HEADS, f"of {table.ours.name}", "why")))
    lines = [_row(heads), "|---|---:|---|---:|---:|---|"]
    lines += [_row((*_cells(entry, say), "<br>".join(_reasons(entry, say)))) for entry in table.standings]
    return "\n".join([". ".join(map(_safe, _title(table))), "", *lines]) + "\n"


def _words(cause: Cause, say: Callable[[str], str]) -> str:
    """One cause in words; a fault says how much too large or small it makes the number."""
    factor = cause.factor
    times = "" if not factor or _times(factor) in ("0.00", "1.00") else f" (×{_times(factor)} here)"
    return f"{say(f'{clean(cause.label)}{times}')}{' !' if cause.fault else ''}"


def ratio_text(ratio: float | None) -> str:
    """A multiple of ours in three digits."""
    return "" if ratio is None else f"{ratio:.3f}×"


def _title(table: SideBySide) -> tuple[str, ...]:
    shapes = shapes_text([spec.shape for spec in table.inputs])
    unit = f"{table.ours.unit} a training step" if table.is_step else table.ours.unit
    ours = f"{exact(table.ours.total)} ({si(table.ours.total)}) {unit} by {clean(table.ours.name)}"
    sentences = [
        f"{clean(table.model_name)} · input {shapes} · {ours}",
        *_what_is_compared(table),
        "the lines below a convention add up to its difference from ours; ! marks a fault of the tool",
    ]
    if table.unknown:
        sentences.append(
            f"{plural(table.unknown, 'operation')} without a rule of ours: the difference counts them as 0"
        )
    return tuple(map(speaker(table.lang), sentences))


def _what_is_compared(table: SideBySide) -> Iterator[str]:
    """In a training step: that the forward alone is compared where a tool counts no backward."""
    forward = next((entry.beside for entry in table.standings if entry.forward_alone), None)
    if forward is not None:
        yield (
            "(forward): the tool counts no backward pass, so its forward is compared with ours alone, "
            f"{exact(forward)} {table.ours.unit}"
        )


def _cells(entry: Standing, say: Callable[[str], str]) -> tuple[str, ...]:
    says = say(f" (“{entry.says}”)") if entry.says.lower() != entry.unit.lower() else ""
    unit = f"{entry.unit}{says}"
    ratio = ratio_text(entry.ratio)
    name = say(f"{clean(entry.name)} (forward)") if entry.forward_alone else clean(entry.name)
    return name, exact(entry.total), unit, exact(entry.params), ratio


def _reasons(entry: Standing, say: Callable[[str], str]) -> Iterator[str]:
    """The causes, their amounts one below the other; a space that is as wide as a digit fills them up."""
    longest = max((exact(abs(cause.amount)) for cause in entry.causes), key=len, default="")
    for cause in entry.causes:
        number = exact(abs(cause.amount))
        missing = longest[: len(longest) - len(number)]
        space = "".join(_COMMA_SPACE if mark == "," else _FIGURE_SPACE for mark in missing)
        yield f"{'−' if cause.amount < 0 else '+'} {space}{number} {_words(cause, say)}"
    for note in entry.notes:
        yield f"{say(clean(note))} !"


def _times(factor: float) -> str:
    return f"{factor:.0f}" if factor == round(factor) else f"{factor:.2f}"


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    shown = (padded(cell, room, left=place in (0, 2)) for place, (cell, room) in enumerate(pairs))
    return "  ".join(shown).rstrip()


def _wrapped(reason: str) -> list[str]:
    rows = wrap(reason.translate(_PLAIN_SPACES), _WIDTH - 6)
    return [f"{'    ' if place == 0 else '      '}{row}" for place, row in enumerate(rows)]


def _html_row(entry: Standing, left: str, say: Callable[[str], str]) -> str:
    name, total, _, *others = map(escape, _cells(entry, say))
    cells = [f'<th scope="row"{left} title="{escape(say(clean(entry.title)))}">{name}</th>', f"<td>{total}</td>"]
    cells.append(f'<td title="{escape(say(f"which it calls {clean(entry.says)}"))}">{escape(entry.unit)}</td>')
    cells += [f"<td>{number}</td>" for number in others]
    reasons = "".join(f"<div>{escape(reason)}</div>" for reason in _reasons(entry, say))
    return f"<tr>{''.join(cells)}<td{left}>{reasons}</td></tr>"


def _safe(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`")


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(_safe, cells))} |"
