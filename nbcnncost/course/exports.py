"""What a sheet can be made into, as methods: texts that also go to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from nbcnncost.views.export import written

if TYPE_CHECKING:
    from nbcnncost.course.generators.plan import Points
    from nbcnncost.course.sheet import Sheet


class Exports:
    """The exports of a :class:`~nbcnncost.course.Sheet`; each is a function of :mod:`nbcnncost.course.generators`."""

    def to_nbgrader(
        self,
        path: str | Path | None = None,
        points: Points = 1,
        *,
        explain: float = 0,
        title: str = "",
        setup: str = "",
    ) -> str:
        """The source notebook of an nbgrader assignment; also written to ``path``, if given.

        ``points`` are each question's, or a dict of them by key; with ``explain`` points a text about each layer is
        asked for. A sheet about a model needs ``setup``, code that makes it as ``lab``. A topic's sheet without a
        student becomes one assignment for all: each student's id draws that student's layers.
        """
        from nbcnncost.course.generators.nbgrader import nbgrader

        return written(nbgrader(self._sheet, points, explain=explain, title=title, setup=setup), path)

    def to_otter(
        self,
        path: str | Path | None = None,
        points: Points = 1,
        *,
        explain: float = 0,
        title: str = "",
        setup: str = "",
    ) -> str:
        """The master notebook for ``otter assign``; also written to ``path``. The arguments are as for nbgrader."""
        from nbcnncost.course.generators.otter import otter

        return written(otter(self._sheet, points, explain=explain, title=title, setup=setup), path)

    def to_quiz(self, path: str | Path | None = None) -> str:
        """The questions for JupyterQuiz as JSON, with feedback for known wrong numbers; also written to ``path``."""
        from nbcnncost.course.generators.quiz import quiz

        return written(quiz(self._sheet), path)

    def to_moodle(self, path: str | Path | None = None) -> str:
        """Numerical questions in Moodle XML, with feedback for known wrong numbers; also written to ``path``."""
        from nbcnncost.course.generators.moodle import moodle

        return written(moodle(self._sheet), path)

    def to_markdown(self, path: str | Path | None = None, *, key: bool = False, title: str = "") -> str:
        """The sheet on paper in Markdown, or with ``key`` its key instead; also written to ``path``."""
        from nbcnncost.course.generators.printable import markdown, markdown_key

        return written((markdown_key if key else markdown)(self._sheet, title=title), path)

    def to_latex(self, path: str | Path | None = None, *, key: bool = False, title: str = "") -> str:
        """The sheet on paper as a LaTeX document, or with ``key`` its key instead; also written to ``path``."""
        from nbcnncost.course.generators.printable import latex, latex_key

        return written((latex_key if key else latex)(self._sheet, title=title), path)

    @property
    def _sheet(self) -> Sheet:
        return cast("Sheet", self)
