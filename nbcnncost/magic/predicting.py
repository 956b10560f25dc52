"""``--predict``: the report's numbers stay hidden until they have been filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbcnncost.magic.reading import Options
from nbcnncost.report import Report

if TYPE_CHECKING:
    from nbcnncost.course.prediction import Prediction


def predicted(report: Report, options: Options) -> Prediction:
    """The table to be filled in, asking for what the line says."""
    from nbcnncost.course.prediction import predict

    return predict(report, columns=options.asked, top=options.top, sort=options.sort)
