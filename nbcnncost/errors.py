"""The errors users meet: one sentence each, saying what is wrong and what to do."""

from __future__ import annotations

from typing import Any

from nbcnncost.languages import language_here, translate


class CostError(Exception):
    """What a model costs could not be told; the message is one sentence that says what to do.

    ``report`` holds the partial report where a run had begun, else ``None``; the exception that stopped the
    run, if any, stands in ``__cause__``. ``lang`` is the language of the message where that was chosen; else it is
    English, and a notebook shows it in its own.
    """

    report: Any = None
    lang: str | None = None

    def about(self, label: str) -> CostError:
        """The same error, saying which of several models it is about."""
        named = type(self)(f"{label}: {self}")
        named.report, named.lang = self.report, self.lang
        return named

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: the sentence alone, since a traceback through this package helps nobody."""
        said = str(self) if self.lang else translate(str(self), language_here())
        return [f"{type(self).__name__}: {said}"]


class InputError(CostError):
    """The input's shape, dtype or text cannot be read, or none could be found."""


class ModelError(CostError):
    """What was given as a model cannot be analysed."""


class ShapeError(CostError):
    """Two layers' shapes do not fit; the message names the layer, what it expects and what it receives."""


class ValuesNeeded(CostError):  # noqa: N818 -- named for what the user has to supply, as KeyboardInterrupt is
    """The model's path depends on tensor values, which a run without values does not have."""


class UncountedOpWarning(UserWarning):
    """Some operations have no rule, so the totals are a lower bound."""
