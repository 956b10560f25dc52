"""Several models in one line: ``%cnncost net_a net_b``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from IPython.core.error import UsageError

from nbcnncost import comparison, difference
from nbcnncost.comparison import Comparison
from nbcnncost.labels import labels_of
from nbcnncost.magic.reading import Options
from nbcnncost.report import Report


def check_comparison(options: Options) -> None:
    """Refuse what a line asks of a comparison that has no such thing; before anything runs."""
    number = len(options.models)
    if options.predict:
        _check_prediction(options, number)
    if options.compare:
        _check_side_by_side(options, number)
    if number < 2:
        return
    if "panel" in options.given:
        raise UsageError(f"--panel shows one model; here are {number}: leave it out to compare them")
    if number > 2:
        for name in ("depth", "top", "columns"):
            if name in options.given:
                raise UsageError(f"--{name} is for the difference of two models; here are {number}")
    sortable, columns = _known(number)
    if "sort" in options.given and options.sort not in sortable:
        raise UsageError(f"--sort of a comparison is one of {', '.join(sortable)}; not {options.sort}")
    wrong = next((name for name in options.columns or () if name not in columns), None)
    if "columns" in options.given and wrong is not None:
        raise UsageError(f"--columns of a difference are {', '.join(columns)}; not {wrong}")


def _check_prediction(options: Options, number: int) -> None:
    """A prediction is of one model's layers."""
    if number > 1:
        raise UsageError(f"--predict asks about one model; here are {number}")
    if options.compare:
        raise UsageError("--predict asks about layers; --compare shows conventions instead")


def _check_side_by_side(options: Options, number: int) -> None:
    """Conventions side by side are of one model, and have no layers to choose among."""
    if number > 1:
        raise UsageError(f"--compare sets one model's conventions side by side; here are {number} models")
    for name in ("depth", "sort", "top", "columns", "panel"):
        if name in options.given:
            raise UsageError(f"--{name} is for the table of layers; --compare shows conventions instead")


def compared(reports: Sequence[Report], options: Options) -> Comparison:
    """The comparison, looking as asked for; a default of ``%config`` that does not fit is left out."""
    labels = options.models if len(set(options.models)) == len(reports) else labels_of(reports)
    made = Comparison(tuple(reports), labels, options.depth if len(reports) == 2 else None)

    def fits(option: str, name: str | None) -> bool:
        return option in options.given or name in made.columns

    look: dict[str, Any] = {
        "view": options.view,
        "lang": options.lang,
        "sort": options.sort if fits("sort", options.sort) else None,
    }
    if made.is_pair:
        columns = tuple(name for name in options.columns or () if fits("columns", name))
        look |= {"top": options.top, "columns": columns or None}
    return made.with_look(**look)


def _known(number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a comparison of so many models can be sorted by at most, and which columns it can have."""
    return (difference.COLUMNS, difference.COLUMNS) if number == 2 else (comparison.SORTABLE, ())
