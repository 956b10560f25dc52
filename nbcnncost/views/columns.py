"""The columns of a report's table: which there are, what they are called, and which are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbcnncost.parts import STEP, without_step
from nbcnncost.views import fold
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.report import Report

#: Every column a table can have beside the layer's own.
COLUMNS = (
    "type",
    "input",
    "output",
    "calls",
    "params",
    "params_share",
    "frozen",
    "macs",
    "macs_share",
    "integer_macs",
    "flops",
    "flops_share",
    "count",
    "share",
    *STEP,
    "step_share",
)
#: What the table of a prediction can ask for; ``output`` stands for the sizes along each axis.
ASKABLE = ("output", "elements", "params", "macs", "flops", "activation_bytes", "weight_bytes")
#: Columns that are left out first where a table is too wide, in this order.
DISPENSABLE = ("flops_share", "macs_share", "params_share")
_LEFT = frozenset({"layer", "type"})
#: The number of which each column of shares is the share.
SHARES = {
    "params_share": "params",
    "macs_share": "macs",
    "flops_share": "flops",
    "share": "count",
    "step_share": "step",
}
#: What integer MACs are; it stands above a table that has them.
INTEGER_MACS = "integer MACs: multiply-accumulates of whole numbers in quantized layers; they are MACs, and no FLOPs"


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    key: str
    header: str
    title: str = ""
    #: Whether its cells show their numbers as bars, too.
    has_bars: bool = False

    @property
    def is_left(self) -> bool:
        """Whether its cells are words; shapes and numbers stand right."""
        return self.key in _LEFT


def check(columns: Sequence[str] | None, sort: str | None, *, has_step: bool = True) -> None:
    """Raise ``ValueError`` with one sentence for a column that does not exist, or needs a training step."""
    for name in columns or ():
        if name not in COLUMNS:
            raise ValueError(f"there is no column {name!r}; there are: {', '.join(COLUMNS)}")
    if sort is not None and sort not in fold.SORTABLE:
        raise ValueError(f"cannot sort by {sort!r}; a table sorts by: {', '.join(fold.SORTABLE)}")
    of_step = [name for name in (*(columns or ()), sort) if name in {*STEP, "step_share"}]
    if of_step and not has_step:
        raise ValueError(without_step(of_step[0]))


def leading_share(report: Report) -> str:
    """The column of shares that has bars, and stays however wide the table is."""
    return next(share for share, number in SHARES.items() if number == fold.leading(report))


def default_columns(report: Report) -> tuple[str, ...]:
    """The columns of a table for which none are named; what the table is about has the column :func:`leading_share`.

    The shapes come last: where the page is narrow, the numbers people came for stay in sight.
    """
    total = report.total
    frozen = ("frozen",) if 0 < total.trainable < total.params else ()
    shapes = ("input", "output")
    params = ("type", "params", "params_share", *frozen)
    if total.parts is not None:
        without = {name for name in ("recomputed", "optimizer") if getattr(total, name).count == 0}
        return ("type", "params", *frozen, *(name for name in STEP if name not in without), "step_share", "output")
    integer = ("integer_macs",) if total.integer_macs else ()
    if leading_share(report) == "macs_share":
        return (*params, "macs", "macs_share", *integer, "flops", *shapes)
    if report.unit == "FLOPs":
        return (*params, "macs", "macs_share", *integer, "flops", "share", *shapes)
    if all(row.count == row.macs for row in report.rows):
        return (*params, "macs", "share", *integer, "flops", "flops_share", *shapes)
    return (*params, "macs", *integer, "flops", "count", "share", *shapes)


def column_of(key: str, report: Report) -> Column:
    """A column of a report's table: what it is called, and what it holds."""
    name = clean(report.convention.name)
    words = {
        "type": ("type", "what the layer is, and its settings"),
        "input": ("input", ""),
        "output": ("output", ""),
        "calls": ("calls", "how often the layer is called in one forward"),
        "params": ("parameters", "each parameter once, at its first use"),
        "frozen": ("frozen", "parameters that are not trained"),
        "macs": ("MACs", "multiply-accumulates"),
        "integer_macs": ("integer MACs", INTEGER_MACS),
        "flops": ("FLOPs", "") if report.unit == "FLOPs" else ("FLOPs (textbook)", ""),
        "count": (f"{report.unit} ({name})", "the convention's own number"),
        "params_share": ("share", "of all parameters"),
        "macs_share": ("share", "of all MACs"),
        "flops_share": ("share", "of all FLOPs"),
        "share": ("share", f"of all {report.unit} by {name}"),
        "forward": ("forward", f"{report.unit} of the forward"),
        "recomputed": ("again", f"{report.unit} of what gradient checkpointing computes a second time"),
        "backward_inputs": ("∂input", f"{report.unit} of the gradients of what flows through the layer"),
        "backward_weights": ("∂weight", f"{report.unit} of the gradients of its weights"),
        "optimizer": ("optimizer", f"{report.unit} of the optimizer's work on its parameters"),
        "step": ("step", f"{report.unit} of a training step: forward, gradients and optimizer"),
        "step_share": ("share", f"of all {report.unit} of a training step"),
    }
    return Column(key, *words[key], has_bars=key == leading_share(report))


def whole_columns(report: Report) -> tuple[str, ...]:
    """The columns of a convention whose number lacks nothing, whatever of the model is unknown."""
    if not report.convention.is_whole:
        return ()
    return ("count", "flops") if report.unit == "FLOPs" else ("count",)
