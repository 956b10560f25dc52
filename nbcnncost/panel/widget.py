"""The Panel: a report in a notebook, to explore and to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from nbcnncost.panel.assets import module
from nbcnncost.panel.payload import table_of
from nbcnncost.panel.state import View, plain

if TYPE_CHECKING:
    from nbcnncost.report import Report


class Panel(anywidget.AnyWidget):
    """A report to explore and to change: ``report.panel()``."""

    _esm = module()

    table = traitlets.Dict().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    what_if = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True)
    details = traitlets.Dict().tag(sync=True)
    baseline = traitlets.Dict(None, allow_none=True).tag(sync=True)
    status = traitlets.Dict({"busy": False, "error": None}).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, report: Report, model: Any = None) -> None:
        table = table_of(report)
        super().__init__(table=table, view=plain(View(metric=table["metric"])))
        self.report = report
