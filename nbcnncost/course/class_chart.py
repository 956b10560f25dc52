"""The mistakes of a class as a bar chart, in the style of the other charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbcnncost.course import messages
from nbcnncost.course.messages import say
from nbcnncost.languages import speaker, translate
from nbcnncost.views.charts import LONGEST_LABEL, MOST_BARS, MOST_TOLD, Bar, Chart, draw_bars
from nbcnncost.views.fonts import drawn_language
from nbcnncost.views.text import shorten

if TYPE_CHECKING:
    from nbcnncost.course.class_report import ClassReport


def chart(report: ClassReport, *, top: int = 15) -> Chart:
    """One bar for each mistake: how many students made it, and what part of all that is."""
    most = list(report.by_mistake().items())[: min(max(top, 1), MOST_BARS)]
    bars = [Bar(shorten(name, LONGEST_LABEL), number) for name, number in most]
    drawn, title = drawn_language(report.lang), say(messages.CLASS_CHART, students=len(report.students))
    said = speaker(report.lang)
    told = said("; ").join(f"{name} {number}" for name, number in most[:MOST_TOLD])
    alt = said(say(messages.CLASS_CHART_ALT, title=said(title), bars=told))
    return Chart(draw_bars(bars, translate(title, drawn), len(report.students), drawn), alt)
