"""From our total to another convention's as a waterfall: a step for each cause."""

from __future__ import annotations

import textwrap
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure

from nbcnncost.languages import speaker
from nbcnncost.units import exact, plural, shapes_text, si
from nbcnncost.views.charts import BAR, DPI, INK, Bar, Chart, draw_bars, own_style
from nbcnncost.views.fonts import drawn_language
from nbcnncost.views.strings import clean
from nbcnncost.views.wrapping import is_wide, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nbcnncost.side_by_side import SideBySide, Standing

_MOST_STEPS = 12
#: How wide a label is, and over how many lines it goes at most.
_LABEL_WIDTH, _LABEL_LINES = 44, 3
#: What of a training step a chart is about.
_COVERED = MappingProxyType({"step": "a training step", "forward": "the forward of a training step"})
_MORE, _LESS = "#d1813c", "#6f9e5a"


class _Step(NamedTuple):
    """A bar from ``start`` to ``end``; the first and the last one stand on zero."""

    label: str
    start: int
    end: int
    is_total: bool = False

    @property
    def text(self) -> str:
        if self.is_total:
            return si(self.end)
        return f"{'−' if self.end < self.start else '+'} {si(abs(self.end - self.start))}"


def totals(table: SideBySide) -> Chart:
    """A bar for each convention, as a share of ours."""
    bars = [Bar(f"{clean(entry.name)} ({entry.unit})", entry.total) for entry in table.standings]
    shapes = shapes_text([spec.shape for spec in table.inputs])
    title = f"{table.model_name}, input {shapes}: each convention's total, and its share of {table.ours.name}"
    say, drawn = speaker(table.lang), drawn_language(table.lang)
    told = say("; ").join(f"{bar.label} {exact(bar.value or 0)}" for bar in bars)
    figure = draw_bars(bars, speaker(drawn)(clean(title)), table.ours.total, drawn)
    return Chart(figure, say(f"Bar chart. {say(clean(title))}. {told}."))


def waterfall(table: SideBySide, theirs: Standing) -> Chart:
    """The waterfall of one convention with its description in words."""
    say, drawn = speaker(table.lang), drawn_language(table.lang)
    shapes = shapes_text([spec.shape for spec in table.inputs])
    what = f", {_COVERED[theirs.covers]}" if table.is_step else ""
    names = f"from {clean(table.ours.name)} to {clean(theirs.name)}"
    title = f"{clean(table.model_name)}, input {shapes}{what}: {names}"
    steps = [f"{step.label} {step.text}".replace("\n", " ") for step in _steps(table, theirs, table.lang)]
    figure = _draw(_steps(table, theirs, drawn), speaker(drawn)(title), drawn)
    return Chart(figure, say(f"Waterfall chart. {say(title)}. {say('; ').join(steps)}."))


def _steps(table: SideBySide, theirs: Standing, lang: str) -> list[_Step]:
    ours, say = table.ours, speaker(lang)
    steps = [_Step(f"{clean(ours.name)} ({ours.unit})", 0, theirs.beside, is_total=True)]
    at = theirs.beside
    shown, rest = theirs.causes[:_MOST_STEPS], theirs.causes[_MOST_STEPS:]
    for cause in shown:
        steps.append(_Step(_wrapped(say(clean(cause.label))), at, at + cause.amount))
        at += cause.amount
    if rest:
        steps.append(_Step(say(plural(len(rest), "other cause")), at, theirs.total))
    return [*steps, _Step(f"{clean(theirs.name)} ({theirs.unit})", 0, theirs.total, is_total=True)]


def _wrapped(label: str) -> str:
    if not any(map(is_wide, label)):
        return "\n".join(textwrap.wrap(label, _LABEL_WIDTH, max_lines=_LABEL_LINES, placeholder=" …"))
    lines = wrap(label, _LABEL_WIDTH)
    return "\n".join(lines[:_LABEL_LINES]) + ("…" if lines[_LABEL_LINES:] else "")


def _draw(steps: list[_Step], title: str, lang: str) -> Figure:
    with own_style(lang):
        lines = sum(max(1.6, 1 + step.label.count("\n")) for step in steps)
        figure = Figure(figsize=(8.5, 0.62 + 0.19 * lines), dpi=DPI, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        _bars(axes, steps)
        figure.suptitle(title, fontsize=10.5, color=INK, x=0.01, ha="left", weight="bold", parse_math=False)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure


def _bars(axes: Axes, steps: list[_Step]) -> None:
    places = list(range(len(steps)))
    colours = [BAR if step.is_total else _LESS if step.end < step.start else _MORE for step in steps]
    lefts = [min(step.start, step.end) for step in steps]
    lengths = [abs(step.end - step.start) for step in steps]
    axes.barh(places, lengths, left=lefts, height=0.72, color=colours)
    for place, step in enumerate(steps[:-1]):  # a thread from the end of each bar to the next one
        axes.plot([step.end, step.end], [place, place + 1], color=INK, linewidth=0.8)
    longest = max([abs(step.end) for step in steps] + [abs(step.start) for step in steps]) or 1
    for place, step in enumerate(steps):
        axes.annotate(
            step.text,
            (max(step.start, step.end), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=INK,
        )
    axes.set_yticks(places)
    for label, step in zip(axes.set_yticklabels([step.label for step in steps]), steps, strict=True):
        label.set_parse_math(False)
        label.set_fontweight("bold" if step.is_total else "normal")
    axes.set_xlim(min(0, *lefts), longest * 1.22)
    axes.set_ylim(len(steps) - 0.45, -0.55)
    axes.xaxis.set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=9.5, labelcolor=INK)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(INK)
