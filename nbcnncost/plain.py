"""Plain values handed on: as JSON, as CSV and as a DataFrame."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def as_json(values: Mapping[str, Any]) -> str:
    """Values as JSON that people can read."""
    return json.dumps(values, indent=1, ensure_ascii=False)


def as_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    """One line per row, preceded by the column names."""
    lines = io.StringIO()
    writer = csv.DictWriter(lines, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue()


def as_frame(
    rows: Sequence[Mapping[str, Any]], *, index: str, numbers: Iterable[str], names: Sequence[str] | None = None
) -> pandas.DataFrame:
    """A DataFrame with one line per row; ``numbers`` are nullable: one that is unknown makes no other inexact."""
    import pandas

    frame = pandas.DataFrame(rows, columns=names)
    for name in numbers:
        frame[name] = pandas.array([row[name] for row in rows], dtype="Int64")
    return frame.set_index(index)
