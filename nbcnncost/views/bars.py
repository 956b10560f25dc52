"""Bars side by side: each layer on both sides of a difference, each model of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure

from nbcnncost.languages import speaker
from nbcnncost.parts import STEP, without_step
from nbcnncost.units import plural
from nbcnncost.views import numbers
from nbcnncost.views.charts import (
    BAR,
    COLUMNS,
    DPI,
    INK,
    LONGEST_LABEL,
    MOST_BARS,
    MOST_TOLD,
    OTHER_BAR,
    Chart,
    own_style,
)
from nbcnncost.views.difference import title, unit_text
from nbcnncost.views.difference_fold import Shown, path_text, select
from nbcnncost.views.fonts import drawn_language
from nbcnncost.views.strings import clean
from nbcnncost.views.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer

    from nbcnncost.comparison import Comparison
    from nbcnncost.difference import Difference

#: How the bars of a pair look: not told apart by their colour alone.
_LOOKS = ((OTHER_BAR, "////"), (BAR, ""))
_HEIGHT = 0.38
_LONGEST_LEGEND = 60


class _Group(NamedTuple):
    """Two bars side by side: how long each is, and what stands at its end."""

    label: str
    lengths: tuple[float, float]
    texts: tuple[str, str]
    is_other: bool = False


def difference_chart(difference: Difference, *, column: str = "flops", top: int = 15) -> Chart:
    """The layers that differ most, before and after; what is left as one pair of bars."""
    if column not in COLUMNS:
        raise ValueError(f"there is no chart of {column!r}; there are: {', '.join(COLUMNS)}")
    if column in STEP and not difference.has_step:
        raise ValueError(without_step(column))
    if not difference.total.is_comparable(column):
        raise ValueError("the two sides count in different units, so their bars cannot be compared; plot 'macs'")
    lang = difference.look.lang
    drawn = drawn_language(lang)
    legend = [shorten(clean(label), _LONGEST_LEGEND) for label in difference.labels]
    figure = _draw(_pairs(difference, column, top, drawn), _amount(difference, column, drawn), legend, drawn)
    told = [_told(group) for group in _pairs(difference, column, top, lang)]
    heading = f"{title(difference)}{speaker(lang)(': ')}{_amount(difference, column, lang)}"
    return Chart(figure, _alt(heading, told, lang))


def _pairs(difference: Difference, column: str, top: int, lang: str) -> list[_Group]:
    """The pairs of bars, labelled in a language."""
    look = difference.with_look(sort=column, top=min(max(top, 1), MOST_BARS - 1), lang=lang)
    rows = [row for row in select(look)[1] if not _is_empty(row, column)]
    say = speaker(lang)
    return [_pair(row, column, say) for row in rows or [Shown(difference.total, say("total"))]]


def _amount(difference: Difference, column: str, lang: str) -> str:
    """The whole, before and after."""
    total, unit = difference.total, speaker(lang)(unit_text(difference, column))
    old, new = (numbers.side(row, column, short=True) for row in (total.before, total.after))
    return f"{old} → {new} {unit} ({numbers.change(total, column, short=True)})"


def _told(group: _Group) -> str:
    return f"{group.label} {' → '.join(group.texts)}"


def _is_empty(row: Shown, column: str) -> bool:
    return row.entry.is_known(column) and row.entry.known(column) == 0


def _pair(row: Shown, column: str, say: Callable[[str], str]) -> _Group:
    entry = row.entry
    label = row.name.rstrip(" ▸").removeprefix("+ ").removeprefix("− ") or clean(path_text(entry))
    call = say(f" ({entry.row.call} of {entry.row.calls})") if not row.is_sum and entry.row.calls > 1 else ""
    before, after = (numbers.side(side, column, short=True) for side in (entry.before, entry.after))
    change = numbers.change(entry, column, short=True) if before and after else say(entry.kind)
    texts = (before or say("none"), f"{after or say('none')} ({change})")
    lengths = tuple(number or 0 for number in entry.numbers(column))
    is_other = row.stands_back
    return _Group(shorten(label, LONGEST_LABEL) + call, (lengths[0], lengths[1]), texts, is_other)


def comparison_bars(comparison: Comparison, *, column: str) -> Chart:
    """The parameters and the work of each model, each as a part of the largest."""
    unit = clean(comparison.unit_of(column))
    rows = comparison.rows[:MOST_BARS]
    most = [max((row.total.number(name) or 0 for row in rows), default=0) or 1 for name in ("params", column)]
    groups = [
        _Group(
            shorten(clean(row.label), LONGEST_LABEL),
            (row.total.params / most[0], (row.total.number(column) or 0) / most[1]),
            (numbers.side(row.total, "params", short=True), numbers.side(row.total, column, short=True)),
        )
        for row in rows
    ]
    heading = f"{plural(len(rows), 'model')}: parameters and {unit}, each as a part of the largest"
    told = [f"{group.label} {group.texts[0]} parameters, {group.texts[1]} {unit}" for group in groups]
    lang = comparison.look.lang
    drawn = drawn_language(lang)
    say = speaker(drawn)
    figure = _draw(groups, say(heading), [say("parameters"), say(unit)], drawn)
    return Chart(figure, _alt(speaker(lang)(heading), list(map(speaker(lang), told)), lang))


def _alt(heading: str, told: Sequence[str], lang: str) -> str:
    say = speaker(lang)
    rest = [say(f"and {plural(len(told) - MOST_TOLD, 'more pair')}")] if told[MOST_TOLD:] else []
    return say(f"Bar chart. {heading}. {say('; ').join([*told[:MOST_TOLD], *rest])}.")


def _draw(groups: Sequence[_Group], heading: str, legend: Sequence[str], lang: str) -> Figure:
    with own_style(lang):
        figure = Figure(figsize=(8.5, 1.05 + 0.42 * len(groups)), dpi=DPI, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        drawn = [_side(axes, groups, side) for side in (0, 1)]
        axes.set_yticks(range(len(groups)))
        for label, group in zip(axes.set_yticklabels([group.label for group in groups]), groups, strict=True):
            label.set_parse_math(False)
            label.set_fontstyle("italic" if group.is_other else "normal")
        _frame(axes, groups)
        names = axes.legend(drawn, legend, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9.5)
        for text in names.get_texts():
            text.set_color(INK)
            text.set_parse_math(False)
        figure.suptitle(heading, fontsize=10.5, color=INK, x=0.01, ha="left", weight="bold", parse_math=False)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure


def _side(axes: Axes, groups: Sequence[_Group], side: int) -> BarContainer:
    """All bars of one side, with their numbers at their ends."""
    colour, hatch = _LOOKS[side]
    places = [place + (side - 0.5) * _HEIGHT for place in range(len(groups))]
    looks: dict[str, Any] = (
        {"color": "none", "edgecolor": colour, "hatch": hatch} if hatch else {"color": colour, "edgecolor": colour}
    )
    drawn = axes.barh(places, [group.lengths[side] for group in groups], height=_HEIGHT * 0.92, linewidth=0.8, **looks)
    for place, group in zip(places, groups, strict=True):
        axes.annotate(
            group.texts[side],
            (group.lengths[side], place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=INK,
        )
    return drawn


def _frame(axes: Axes, groups: Sequence[_Group]) -> None:
    longest = max(max(group.lengths) for group in groups) or 1
    axes.set_xlim(0, longest * 1.25)
    axes.set_ylim(len(groups) - 0.45, -0.55)
    axes.xaxis.set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=9.5, labelcolor=INK)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(INK)
