"""What a teacher makes of a sheet: assignments for nbgrader and otter, quizzes, exercises on paper, with their keys.

Each function takes a :class:`~nbcnncost.course.Sheet` and gives text; ``sheet.to_nbgrader(path)`` and the other
methods of a sheet also write it to a file.
"""

from __future__ import annotations

from nbcnncost.course.generators.moodle import moodle
from nbcnncost.course.generators.nbgrader import nbgrader
from nbcnncost.course.generators.otter import otter, otter_tests
from nbcnncost.course.generators.printable import latex, latex_key, markdown, markdown_key
from nbcnncost.course.generators.quiz import quiz

__all__ = ["latex", "latex_key", "markdown", "markdown_key", "moodle", "nbgrader", "otter", "otter_tests", "quiz"]
