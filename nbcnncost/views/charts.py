"""A report as a bar chart. Drawn without pyplot, so nothing is left behind and no setting of the user's changes."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

from nbcnncost.languages import speaker
from nbcnncost.parts import without_step
from nbcnncost.units import percent, plural, shape_text, si
from nbcnncost.views import fold
from nbcnncost.views.fonts import drawn_language, font_of
from nbcnncost.views.strings import clean
from nbcnncost.views.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nbcnncost.report import Report
    from nbcnncost.rows import Row

COLUMNS = ("flops", "macs", "params", "count", "step")
#: More bars than this nobody reads.
MOST_BARS = 30
#: Nor do as many fit into a description.
MOST_TOLD = 12
LONGEST_LABEL = 38
DPI = 144
#: Grey that has contrast on white and on dark pages alike: the background is transparent.
INK = "#767676"
BAR = "#4a8fc7"
OTHER_BAR = "#8f979e"
#: Which of matplotlib's settings a drawing depends on.
_STYLES = ("axes.", "figure.", "font.", "hatch.", "lines.", "mathtext.", "patch.", "path.", "savefig.", "svg.", "text.")


class Bar(NamedTuple):
    """A bar with its label; the one that stands for several others is drawn apart."""

    label: str
    value: int | None
    is_other: bool = False


@dataclass(frozen=True, repr=False)
class Chart:
    """A figure that displays itself in a notebook, with a text for those who do not see it."""

    figure: Figure
    alt: str

    def savefig(self, path: str | Path, **options: Any) -> None:
        """Write the chart to a file; the ending (``.png``, ``.svg``, ``.pdf``) says as what."""
        with own_style():
            self.figure.savefig(path, metadata=_metadata(Path(path).suffix), **{"dpi": DPI, **options})

    def __repr__(self) -> str:
        return self.alt

    def _repr_png_(self) -> bytes:
        return _drawn(self.figure, "png")

    def _repr_svg_(self) -> str:
        return _drawn(self.figure, "svg").decode("utf-8")

    def _repr_html_(self) -> str:
        return self._html(self._repr_png_())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        picture = self._repr_png_()
        image = base64.b64encode(picture).decode("ascii")
        return {"text/plain": self.alt, "text/html": self._html(picture), "image/png": image}

    def _html(self, picture: bytes) -> str:
        data = base64.b64encode(picture).decode("ascii")
        wide = round(self.figure.get_size_inches()[0] * 96)
        return (
            f'<figure style="margin:0"><img alt="{escape(self.alt)}" width="{wide}" style="max-width:100%" '
            f'src="data:image/png;base64,{data}"></figure>'
        )


def chart(
    report: Report, *, column: str = "flops", by: str = "layer", top: int = 20, depth: int | None = None
) -> Chart:
    """The bar chart of a report with its description in words."""
    lang = report.look.lang
    drawn = drawn_language(lang)
    bars = _bars(report, column, by, top, depth, speaker(drawn))
    title = speaker(drawn)(_title(report, column, by))
    figure = draw_bars(bars, title, report.total.number(column) or 0, drawn)
    return Chart(figure, _alt(_bars(report, column, by, top, depth, speaker(lang)), report, column, by))


def bar_chart(report: Report, *, column: str = "flops", by: str = "layer", top: int = 20) -> Figure:
    """The bar chart of a report as a plain matplotlib figure.

    All layers in call order where there are at most ``top`` of them, else the largest first and the others as one bar;
    types always by size. ``column`` is ``"flops"``, ``"macs"``, ``"params"`` or ``"count"``, ``by`` is ``"layer"`` or
    ``"type"``.
    """
    return chart(report, column=column, by=by, top=top).figure


def _bars(report: Report, column: str, by: str, top: int, depth: int | None, say: Callable[[str], str]) -> list[Bar]:
    if column not in COLUMNS:
        raise ValueError(f"there is no chart of {column!r}; there are: {', '.join(COLUMNS)}")
    if column == "step" and report.total.parts is None:
        raise ValueError(without_step(column))
    if by not in ("layer", "type"):
        raise ValueError(f"a chart is by 'layer' or by 'type', not {by!r}")
    top = min(max(top, 1), MOST_BARS)
    rows = fold.layers(report, depth) if by == "layer" else report.by_type()
    shown, rest = _cut(rows, column, top, sort=by == "type")
    bars = [Bar(_label(row, by, say), row.number(column)) for row in shown]
    if rest:
        what = fold.other_name(len(rest)) if by == "layer" else f"other ({len(rest)} types)"
        bars.append(Bar(say(what), fold.add_up(rest, what).number(column), is_other=True))
    return bars


def _cut(rows: Sequence[Row], column: str, top: int, *, sort: bool) -> tuple[Sequence[Row], Sequence[Row]]:
    """The rows that get a bar, sorted if there are many, and those that get one together.

    Rows that hold nothing of what the chart shows would be bars without length; they still are among the others, whose
    number is that of all rows that are not shown, as in a table.
    """
    holding = [row for row in rows if row.number(column) != 0]
    if sort or len(holding) > top:
        holding.sort(key=lambda row: -(row.number(column) or 0))
    if len(holding) <= top:
        return holding, ()
    return fold.cut([*holding, *(row for row in rows if row.number(column) == 0)], top)


def _label(row: Row, by: str, say: Callable[[str], str]) -> str:
    name = clean(row.path or row.name)
    if by == "type":
        return shorten(name, LONGEST_LABEL) + (f" ×{row.calls}" if row.calls > 1 else "")
    call = say(f" ({row.call} of {row.calls})") if row.calls > 1 else ""
    return shorten(name, LONGEST_LABEL) + call


def _measure(report: Report, column: str) -> str:
    step = f"{report.unit} a training step"
    return {"flops": "FLOPs", "macs": "MACs", "params": "parameters", "count": report.unit, "step": step}[column]


def _title(report: Report, column: str, by: str) -> str:
    total = report.total.number(column)
    name = clean(report.convention.name)
    shapes = ", ".join(shape_text(spec.shape) for spec in report.inputs)
    by_rule = {"params": "", "macs": ""}.get(column, f", {name}")
    if column == "flops" and report.unit != "FLOPs":
        by_rule = ", textbook"
    unknown = " + ?" if report.total.lacks(column) else ""
    amount = "?" if total is None else f"{si(total)}{unknown}"
    return f"{clean(report.model_name)}, input {shapes}: {amount} {_measure(report, column)} by {by}{by_rule}"


def _value_text(bar: Bar, whole: int) -> str:
    return "?" if bar.value is None else f"{si(bar.value)} · {percent(bar.value, whole)}"


def _alt(bars: Sequence[Bar], report: Report, column: str, by: str) -> str:
    say = speaker(report.look.lang)
    title = say(_title(report, column, by))
    whole = report.total.number(column) or 0
    parts = [f"{bar.label} {_value_text(bar, whole)}" for bar in bars[:MOST_TOLD]]
    if len(bars) > MOST_TOLD:
        parts.append(say(f"and {plural(len(bars) - MOST_TOLD, 'more bar')}"))
    return say(f"Bar chart. {title}. {say('; ').join(parts) or say('Nothing to show')}.")


def draw_bars(bars: Sequence[Bar], title: str, whole: int, lang: str = "en") -> Figure:
    """Bars with their numbers at their ends, each also as a share of ``whole``."""
    with own_style(lang):
        figure = Figure(figsize=(8.5, 0.62 + 0.27 * max(len(bars), 1)), dpi=DPI, layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        colours = [OTHER_BAR if bar.is_other else BAR for bar in bars]
        places = list(range(len(bars)))
        axes.barh(places, [bar.value or 0 for bar in bars], height=0.72, color=colours)
        axes.set_yticks(places)
        # A name is the user's: a $ in it is no mathematics.
        for label, bar in zip(axes.set_yticklabels([bar.label for bar in bars]), bars, strict=True):
            label.set_parse_math(False)
            label.set_fontstyle("italic" if bar.is_other else "normal")
        _label_bars(axes, bars, whole)
        figure.suptitle(title, fontsize=10.5, color=INK, x=0.01, ha="left", weight="bold", parse_math=False)
        # Laid out once and for all: a second drawing must give the same bytes.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure


def _label_bars(axes: Axes, bars: Sequence[Bar], whole: int) -> None:
    """The numbers at the ends of the bars; with them no axis is needed."""
    longest = max((bar.value or 0 for bar in bars), default=0) or 1
    for place, bar in enumerate(bars):
        axes.annotate(
            _value_text(bar, whole),
            (bar.value or 0, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=INK,
        )
    axes.set_xlim(0, longest * 1.22)
    axes.set_ylim(max(len(bars), 1) - 0.45, -0.55)
    axes.xaxis.set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=9.5, labelcolor=INK)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(INK)


def _drawn(figure: Figure, kind: str) -> bytes:
    picture = io.BytesIO()
    with own_style():
        figure.savefig(picture, format=kind, dpi=DPI, metadata=_metadata(kind))
    return picture.getvalue()


def _metadata(kind: str) -> dict[str, None]:
    """Nothing that differs from one day or version to the next."""
    return {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind.lstrip("."), {})


@contextmanager
def own_style(lang: str = "en") -> Iterator[None]:
    """The looks that matplotlib comes with, whatever style the user works in, for as long as the drawing takes."""
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(_STYLES)}
    font = font_of(lang)
    if font is not None:  # for the characters that the first one lacks
        defaults["font.family"] = [*mpl.rcParamsDefault["font.family"], font]
    with mpl.rc_context({**defaults, "svg.hashsalt": "nbcnncost", "svg.fonttype": "path"}), warnings.catch_warnings():
        # A name in a script that the font lacks becomes boxes; the description has it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield
