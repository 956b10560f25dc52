"""How an answer shows itself in a notebook: as a table, as a chart, or as both, and in which language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbcnncost.errors import CostError
from nbcnncost.languages import LANGUAGES
from nbcnncost.views import VIEWS

if TYPE_CHECKING:
    from nbcnncost.views.charts import Chart


def check_view(view: str) -> None:
    """Raise :class:`CostError` for a view that there is not."""
    if view not in VIEWS:
        raise CostError(f"there is no view {view!r}; there are: {', '.join(VIEWS)}")


def chosen_lang(lang: str | None, usual: str) -> str:
    """The language that is asked for, or the usual one; raises :class:`CostError` for one that there is not."""
    if lang is not None and lang not in LANGUAGES:
        raise CostError(f"there is no language {lang!r}; there are: {', '.join(LANGUAGES)}")
    return usual if lang is None else lang


class Shown:
    """What all answers share: each says which view it is to have, and gives its table and its chart."""

    def _view(self) -> str:
        raise NotImplementedError

    def _table(self) -> str:
        """The table as HTML."""
        raise NotImplementedError

    def _chart(self) -> Chart:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        parts = [self._table()] if self._view() in ("table", "both") else []
        parts += [self._chart()._repr_html_()] if self._view() in ("chart", "both") else []
        return "\n".join(parts)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        shown = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if self._view() == "chart":  # beside the table a picture alone would say less
            shown["image/png"] = self._chart()._repr_mimebundle_()["image/png"]
        return shown
