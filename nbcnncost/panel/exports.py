"""A report as a file to keep: in each format that the panel offers."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nbcnncost.errors import CostError
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.report import Report

#: What there is a chart of; of other numbers the convention's own is drawn.
_CHARTS = ("flops", "macs", "params", "count", "step")
_LONGEST_NAME = 60


@dataclass(frozen=True)
class File:
    """A file's name, what it is, and what is in it: text, or bytes."""

    name: str
    mime: str
    content: str | bytes

    def message(self) -> dict[str, Any]:
        """The file as the front end is sent it."""
        head = {"kind": "file", "name": self.name, "mime": self.mime}
        if isinstance(self.content, bytes):
            return {**head, "base64": base64.b64encode(self.content).decode("ascii")}
        return {**head, "text": self.content}


def export(report: Report, form: Any, metric: str = "flops") -> File:
    """The report in one of :data:`FORMATS`; ``metric`` is what a picture shows."""
    if not isinstance(form, str) or form not in FORMATS:
        raise CostError(f"there is no format {form!r}; there are: {', '.join(FORMATS)}")
    ending, mime, make = FORMATS[form]
    return File(file_name(report, ending), mime, make(report, metric))


def file_name(report: Report, ending: str) -> str:
    """A name that every system takes, of the model's and the convention's: ``resnet-textbook.csv``."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{report.model_name}-{report.convention.name}".lower())
    return f"{words[:_LONGEST_NAME].strip('-') or 'model'}.{ending}"


def page(report: Report) -> str:
    """The report as an HTML page of its own, with every row of its table."""
    table = report.with_look(depth=max((row.depth for row in report.tree()), default=1))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(clean(report.model_name))}</title>\n</head>\n<body>\n{table._repr_html_()}\n</body>\n</html>\n"
    )


def _chart(report: Report, metric: str) -> Any:
    own = "flops" if report.unit == "FLOPs" else "count"
    return report.plot(metric if metric in _CHARTS else own)


#: The formats by name: the file's ending, what it is, and how it is made.
FORMATS: Mapping[str, tuple[str, str, Callable[[Report, str], str | bytes]]] = MappingProxyType(
    {
        "csv": ("csv", "text/csv", lambda report, metric: report.to_csv()),
        "json": ("json", "application/json", lambda report, metric: report.to_json()),
        "latex": ("tex", "application/x-tex", lambda report, metric: report.to_latex()),
        "markdown": ("md", "text/markdown", lambda report, metric: report.to_markdown()),
        "html": ("html", "text/html", lambda report, metric: page(report)),
        "png": ("png", "image/png", lambda report, metric: _chart(report, metric)._repr_png_()),
        "svg": ("svg", "image/svg+xml", lambda report, metric: _chart(report, metric)._repr_svg_()),
    }
)
