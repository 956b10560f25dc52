"""Models as points: their work against their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox

from nbcnncost.languages import speaker
from nbcnncost.units import plural, si
from nbcnncost.views import numbers
from nbcnncost.views.charts import BAR, DPI, INK, LONGEST_LABEL, MOST_TOLD, Chart, own_style
from nbcnncost.views.fonts import drawn_language
from nbcnncost.views.strings import clean
from nbcnncost.views.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from nbcnncost.comparison import Comparison

#: Spans wider than this stand on a logarithmic axis.
_WIDE = 10
#: Where a label may stand, as seen from its point: direction, alignment; the first that is free is taken.
_PLACES = (
    *((7, 0, "left", "center"), (-7, 0, "right", "center"), (0, 7, "center", "bottom"), (0, -7, "center", "top")),
    *((5, 5, "left", "bottom"), (5, -5, "left", "top"), (-5, 5, "right", "bottom"), (-5, -5, "right", "top")),
    *((5, 15, "left", "bottom"), (5, -15, "left", "top"), (-5, 15, "right", "bottom"), (-5, -15, "right", "top")),
    *((5, 27, "left", "bottom"), (5, -27, "left", "top"), (-5, 27, "right", "bottom"), (-5, -27, "right", "top")),
    *((5, 40, "left", "bottom"), (5, -40, "left", "top"), (-5, 40, "right", "bottom"), (-5, -40, "right", "top")),
)
_FAR = 10


class _Point(NamedTuple):
    label: str
    params: int
    work: int
    text: str


def scatter(comparison: Comparison, *, column: str) -> Chart:
    """Each model as a point with its label; what is not known at all has no point, and is told of."""
    unit = clean(comparison.unit_of(column))
    points, missing = [], []
    for row in comparison.rows:
        label = clean(row.label)
        work = numbers.side(row.total, column, short=True)
        number = row.total.number(column)
        if number is None:
            missing.append(label)
            continue
        params = numbers.side(row.total, "params", short=True)
        text = f"{label} {params} parameters, {work} {unit.partition(' ')[0]}"
        points.append(_Point(label, row.total.params, number, text))
    heading = f"{unit} against parameters, {plural(len(points), 'model')}"
    if missing:
        heading += f" (without {', '.join(missing)}: not known)"
    told = [point.text for point in points[:MOST_TOLD]]
    told += [f"and {plural(len(points) - MOST_TOLD, 'more point')}"] if points[MOST_TOLD:] else []
    say = speaker(comparison.look.lang)
    alt = say(f"Scatter chart. {say(heading)}. {say('; ').join(map(say, told))}.")
    return Chart(_draw(points, heading, unit, drawn_language(comparison.look.lang)), alt)


def _draw(points: Sequence[_Point], heading: str, unit: str, lang: str) -> Figure:
    say = speaker(lang)
    with own_style(lang):
        figure = Figure(figsize=(8.5, 5.2), dpi=DPI, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.scatter([point.params for point in points], [point.work for point in points], s=34, color=BAR, zorder=3)
        _scale(axes, "x", [point.params for point in points])
        _scale(axes, "y", [point.work for point in points])
        axes.set_xlabel(say("parameters"), color=INK, fontsize=9.5)
        axes.set_ylabel(say(unit), color=INK, fontsize=9.5, parse_math=False)
        axes.tick_params(labelsize=9, color=INK, labelcolor=INK, which="both")
        axes.grid(visible=True, color=INK, alpha=0.25, linewidth=0.6)
        axes.margins(0.12)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
            spine.set_color(INK)
        figure.suptitle(
            shorten(say(heading), 100), fontsize=10.5, color=INK, x=0.01, ha="left", weight="bold", parse_math=False
        )
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        _label_points(figure, axes, points)
        return figure


def _scale(axes: Axes, name: str, values: Sequence[int]) -> None:
    """An axis with SI numbers, logarithmic where the values are far apart."""
    axis = axes.xaxis if name == "x" else axes.yaxis
    least, most = min(values, default=0), max(values, default=0)
    if least > 0 and most > _WIDE * least:
        axes.set(**{f"{name}scale": "log"})
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if most < 1000 * least else (1,)))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(6, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(round(value))))


def _tick(number: int) -> str:
    """A round number without the zeros that say how exact it is: ``2 M``."""
    amount, space, prefix = si(number).partition(" ")
    return f"{amount.rstrip('0').rstrip('.') if '.' in amount else amount}{space}{prefix}"


def _label_points(figure: Figure, axes: Axes, points: Sequence[_Point]) -> None:
    """A label at each point, where neither another label nor a point is, or else as few of them as possible."""
    inside = axes.get_window_extent()
    dots = [axes.transData.transform((point.params, point.work)) for point in points]
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in dots]
    for place in sorted(range(len(points)), key=lambda index: -dots[index][1]):
        others = [box for index, box in enumerate(taken) if index != place]
        tried = [_annotated(axes, points[place], spot) for spot in _PLACES]
        boxes = [label.get_window_extent() for label in tried]
        in_the_way = [_is_outside(box, inside, figure) + sum(map(box.overlaps, others)) for box in boxes]
        chosen = in_the_way.index(min(in_the_way))
        for index, label in enumerate(tried):
            if index != chosen:
                label.remove()
        taken.append(boxes[chosen])


def _annotated(axes: Axes, point: _Point, spot: tuple[int, int, str, str]) -> Annotation:
    """The label at one of its possible places; from a far one a line leads to the point."""
    x, y, horizontal, vertical = spot
    line = {"arrowstyle": "-", "color": INK, "linewidth": 0.6, "shrinkB": 3, "shrinkA": 0} if abs(y) > _FAR else None
    label = axes.annotate(
        shorten(point.label, LONGEST_LABEL),
        (point.params, point.work),
        xytext=(x, y),
        textcoords="offset points",
        ha=horizontal,
        va=vertical,
        fontsize=9,
        color=INK,
        arrowprops=line,
        zorder=4,
    )
    label.set_parse_math(False)
    return label


def _is_outside(box: Bbox, inside: Bbox, figure: Figure) -> bool:
    """Whether a label would leave the axes, or the figure where it may stand beside them."""
    return bool(box.x0 < inside.x0 or box.x1 > figure.bbox.x1 or box.y0 < inside.y0 or box.y1 > inside.y1)
