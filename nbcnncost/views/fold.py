"""Which rows a table shows, in which order, and what is folded away; whatever is shown adds up to the total.

A report with more rows than fit keeps its containers closed (their row then stands for everything inside) and
opens the costliest ones first. Where a single container has more children than fit, its cheapest ones become
one row: ``other (k layers)``.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from nbcnncost.nesting import nest
from nbcnncost.units import exact, plural

if TYPE_CHECKING:
    from nbcnncost.report import Report
    from nbcnncost.rows import Row

#: Every number that a table can be sorted by, in words.
NUMBERS = {
    "params": "parameters",
    "macs": "MACs",
    "integer_macs": "integer MACs",
    "flops": "FLOPs",
    "count": "",
    "share": "",
    "params_share": "parameters",
    "macs_share": "MACs",
    "flops_share": "FLOPs",
    "frozen": "frozen parameters",
    "calls": "calls",
    "input": "input elements",
    "output": "output elements",
    "type": "type",
    "forward": "the forward",
    "recomputed": "what is computed again",
    "backward_inputs": "inputs' gradients",
    "backward_weights": "weights' gradients",
    "optimizer": "the optimizer's work",
    "step": "the training step",
    "step_share": "the training step",
}
#: What a table can be sorted by: any column.
SORTABLE = tuple(NUMBERS)


@dataclass(frozen=True)
class Entry:
    """One row to show: where it stands in the tree, and how many rows are folded into it.

    ``lasts`` says for each level of the tree, from the top down to this row's own, whether it is the last there;
    it is empty in a flat list.
    """

    row: Row
    lasts: tuple[bool, ...] = ()
    folded: int = 0


@dataclass(frozen=True)
class Selection:
    """The rows to show, what they are (``caption``) and what was folded away (``footnote``, often empty)."""

    entries: tuple[Entry, ...]
    caption: str
    footnote: str = ""
    flat: bool = False


def select(report: Report, *, depth: int | None, sort: str | None, top: int | None, limit: int) -> Selection:
    """The rows of a table: the tree in call order, or with ``sort`` or ``top`` a flat list, largest first.

    ``limit`` holds where neither ``depth`` nor ``top`` says how many rows are wanted.
    """
    if sort is not None or top is not None:
        return _flat(report, depth, sort or leading(report), top if top is not None else limit)
    rows = report.tree(depth)
    caption = "layers in call order" if depth is None else f"layers in call order, down to depth {depth}"
    everything = [_counted(node) for node in nest(rows, _Node)]
    if depth is not None:
        return Selection(tuple(_walk(everything, ())), caption)
    everything = list(map(_closed, everything))
    seen = list(_walk(everything, ()))
    if len(seen) <= limit:
        deepest = max((row.depth for row in rows), default=1)
        return Selection(tuple(seen), caption, _footnote(len(rows), seen, deepest) if len(seen) < len(rows) else "")
    shown = _Unfolding(everything, limit, measure(report)).nodes
    entries = tuple(_walk(shown, ()))
    return Selection(entries, caption, _footnote(len(rows), entries, max(row.depth for row in rows)))


def is_other(row: Row) -> bool:
    """Whether a row stands for several that were folded into it."""
    return row.role == "other"


def add_up(rows: Sequence[Row], name: str) -> Row:
    """One row in place of several, with their sums."""

    def total(numbers: Iterable[int | None]) -> int | None:
        numbers = list(numbers)
        known = sum(number for number in numbers if number is not None)
        return None if not known and None in numbers else known

    parts = [row.parts for row in rows if row.parts is not None]
    bare = replace(rows[0], path="", name=name, type="", settings="", role="other", inputs=(), outputs=())
    return replace(
        bare,
        call=1,
        calls=1,
        params=sum(row.params for row in rows),
        trainable=sum(row.trainable for row in rows),
        macs=total(row.macs for row in rows),
        flops=total(row.flops for row in rows),
        count=total(row.count for row in rows),
        integer_macs=total(row.integer_macs for row in rows),
        unknown=sum(row.unknown for row in rows),
        failed=any(row.failed for row in rows),
        is_leaf=True,
        parts=reduce(add, parts) if parts else None,
    )


def measure(report: Report) -> str:
    """The number of a forward that bars, shares and the order of rows go by.

    It is the convention's own, but where that is FLOPs, of which integer MACs are none, it is the MACs.
    """
    leaves_out = any(row.count is not None and row.count < (row.integer_macs or 0) for row in report.rows)
    return "macs" if report.unit == "FLOPs" and leaves_out else "count"


def leading(report: Report) -> str:
    """The number that a report is about: a whole training step, else :func:`measure`."""
    return "step" if report.total.parts is not None else measure(report)


def work(row: Row, measure: str) -> int:
    """What a row's bar shows: its part of the training step, or of the forward where that is all there is."""
    return (row.number(measure) if row.parts is None else row.step.count) or 0


def other_name(number: int) -> str:
    """The name of a row that stands for others.

    >>> other_name(116)
    'other (116 layers)'
    """
    return f"other ({plural(number, 'layer')})"


def layers(report: Report, depth: int | None) -> list[Row]:
    """The layers in call order; what is one layer to its user is one row, unless a depth is asked for."""
    nodes = nest(report.tree(depth), _Node)
    shown = nodes if depth is not None else list(map(_closed, nodes))
    return [entry.row for entry in _walk(shown, ()) if entry.row.is_leaf]


def cut(ordered: Sequence[Row], top: int) -> tuple[Sequence[Row], Sequence[Row]]:
    """The first rows, and those that are shown as one: a single one is shown itself, its row is there anyway."""
    return (ordered, ()) if len(ordered) <= top + 1 else (ordered[:top], ordered[top:])


def sort_value(row: Row, column: str) -> int:
    """The number that a row is sorted by; what is not known counts as nothing."""
    key = column.removesuffix("_share").replace("share", "count")
    if key in ("input", "output"):
        return sum(spec.numel for spec in (row.inputs if key == "input" else row.outputs))
    return row.number(key) or 0


def _flat(report: Report, depth: int | None, sort: str, top: int) -> Selection:
    rows = layers(report, depth)
    if sort == "type":
        ordered = sorted(rows, key=lambda row: row.type.lower())
        caption = "layers by type"
    else:
        ordered = sorted(rows, key=lambda row: -sort_value(row, sort))
        caption = f"layers by {NUMBERS[sort] or report.unit}, largest first"
    shown, rest = cut(ordered, max(top, 1))
    entries = [Entry(row) for row in shown]
    if rest:
        entries.append(Entry(add_up(rest, other_name(len(rest))), folded=len(rest)))
    return Selection(tuple(entries), caption, flat=True)


@dataclass(frozen=True)
class _Node:
    """A row with its children; in the full tree ``below`` rows stand below it, ``leaves`` of them layers."""

    row: Row
    children: tuple[_Node, ...] = ()
    below: int = 0
    leaves: int = 1


def _counted(node: _Node) -> _Node:
    children = tuple(map(_counted, node.children))
    below = sum(child.below + 1 for child in children)
    return replace(node, children=children, below=below, leaves=sum(child.leaves for child in children) or 1)


def _closed(node: _Node) -> _Node:
    """A node in which what is one layer to its user is folded into one row."""
    if node.row.closed:
        return replace(node, row=replace(node.row, is_leaf=True), children=())
    return replace(node, children=tuple(map(_closed, node.children)))


def _walk(nodes: Sequence[_Node], above: tuple[bool, ...]) -> Iterable[Entry]:
    for position, node in enumerate(nodes):
        lasts = (*above, position == len(nodes) - 1)
        yield Entry(node.row, lasts, 0 if node.children else node.below)
        yield from _walk(node.children, lasts)


def _weight(row: Row, measure: str) -> tuple[bool, int, int, int]:
    """What is worth showing: where the run stopped, then what costs most."""
    return row.failed, work(row, measure), row.flops or 0, row.params


@dataclass
class _Unfolding:
    """Opens containers, the costliest first, as long as their children fit."""

    everything: Sequence[_Node]
    limit: int
    measure: str
    opened: dict[int, tuple[_Node, ...]] = field(default_factory=dict)

    @property
    def nodes(self) -> list[_Node]:
        """The tree with what does not fit folded away."""
        root = self._fitting(self.everything, self.limit) or tuple(self.everything)
        shown = len(root)
        order = itertools.count()
        waiting: list[tuple[bool, int, int, int, _Node]] = []

        def wait(nodes: Sequence[_Node]) -> None:
            for node in nodes:
                if node.children:
                    failed, cost, flops, _ = _weight(node.row, self.measure)
                    heapq.heappush(waiting, (not failed, -cost, -flops, next(order), node))

        wait(root)
        while waiting:
            node = heapq.heappop(waiting)[-1]
            chain = _chain(node)
            children = self._fitting(chain[-1].children, self.limit - shown - len(chain) + 1)
            if children is not None:
                self.opened.update({id(outer): outer.children for outer in chain[:-1]})
                self.opened[id(chain[-1])] = children
                shown += len(children) + len(chain) - 1
                wait(children)
        return [self._cut(node) for node in root]

    def _fitting(self, children: Sequence[_Node], room: int) -> tuple[_Node, ...] | None:
        """The children as they fit into so many rows: all, the costliest and one for the rest, or none."""
        if len(children) <= room:
            return tuple(children)
        if room < max(self.limit // 2, 2):
            return None
        return _squeezed(children, room, self.measure)

    def _cut(self, node: _Node) -> _Node:
        """A node with its opened children; a closed one stands for all that is below."""
        if not node.children:
            return node
        if id(node) not in self.opened:
            return replace(node, row=replace(node.row, is_leaf=True), children=())
        return replace(node, children=tuple(map(self._cut, self.opened[id(node)])))


def _chain(node: _Node) -> list[_Node]:
    """A container and, where it holds nothing but another container, that one too: opening one alone shows nothing."""
    chain = [node]
    while len(chain[-1].children) == 1 and chain[-1].children[0].children:
        chain.append(chain[-1].children[0])
    return chain


def _squeezed(children: Sequence[_Node], room: int, measure: str) -> tuple[_Node, ...]:
    """The costliest children in their order, and one row for the rest."""
    ranked = sorted(range(len(children)), key=lambda index: _weight(children[index].row, measure), reverse=True)
    kept = sorted(ranked[: room - 1])
    rest = [children[index] for index in sorted(ranked[room - 1 :])]
    other = add_up([child.row for child in rest], other_name(sum(child.leaves for child in rest)))
    below = sum(child.below + 1 for child in rest)
    return (*(children[index] for index in kept), _Node(other, (), below))


def _footnote(number: int, entries: Sequence[Entry], deepest: int) -> str:
    closed = [entry for entry in entries if entry.folded and not is_other(entry.row)]
    hidden = number - sum(not is_other(entry.row) for entry in entries)
    where = f" inside {plural(len(closed), 'container')} marked ▸" if closed else " in “other”"
    how = f"-d all, or with_look(depth={deepest}), shows all"
    return f"{exact(hidden)} of {exact(number)} rows are folded away{where}; {how}"
