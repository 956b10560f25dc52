"""Which rows a difference shows, and what is told together; whatever is shown adds up to the total.

A block that is added or removed as a whole is one row; so are all layers that are unchanged, those that carry other
shapes and cost the same, and those that a container's new name renames.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from nbcnncost.languages import speaker
from nbcnncost.units import exact, plural
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.difference import Difference
    from nbcnncost.entries import Entry
    from nbcnncost.rows import Row

#: More rows than this nobody reads; the smallest differences are then told together.
_LIMIT = 60
MARKS = {"added": "+", "removed": "−", "changed": "~", "renamed": "~", "same": "="}


@dataclass(frozen=True)
class Shown:
    """A row to show: one entry, or the sum of several under a name, with words on what they have in common.

    A sum of what hardly matters is quiet.
    """

    entry: Entry
    name: str = ""
    words: str = ""
    is_quiet: bool = True

    @property
    def is_sum(self) -> bool:
        """Whether it stands for several entries."""
        return bool(self.name)

    @property
    def stands_back(self) -> bool:
        """Whether it only says what else there is."""
        return self.is_sum and self.is_quiet


def main_number(difference: Difference) -> str:
    """The number that the table shows on both sides: the training step, FLOPs, MACs, or each convention's own."""
    if difference.has_step:
        return "step"
    reports = (difference.before, difference.after)
    if all(report.unit == "FLOPs" for report in reports):
        return "flops"
    if all(row.count == row.macs for report in reports for row in report.rows):
        return "macs"
    return "count"


def select(difference: Difference) -> tuple[str, list[Shown]]:
    """The rows and what they are; whatever is told together adds up with the others to the total."""
    look = difference.look
    if look.everything:
        told, quiet = [Shown(entry) for entry in difference.entries], []
    else:
        told = _blocks(difference, [entry for entry in difference.entries if _is_worth_a_row(entry)])
        quiet = [entry for entry in difference.entries if not _is_worth_a_row(entry)]
    column = look.sort or main_number(difference)
    caption = "all layers" if look.everything else "layers that differ"
    if difference.depth is not None:
        caption = f"{caption}, down to depth {difference.depth}"
    ranked = sorted(told, key=lambda row: -abs(row.entry.known(column)))
    limit = look.top or (len(told) if look.everything else _LIMIT)
    kept = ranked if len(ranked) <= limit + 1 else ranked[:limit]
    rest = ranked[len(kept) :]
    if look.sort is None and look.top is None:
        shown = {id(row) for row in kept}
        kept = [row for row in told if id(row) in shown]
        caption += ", in call order"
    if rest:
        name = f"other ({plural(len(rest), 'row')})"
        others = difference.together([row.entry for row in rest], name)
        kept = [*kept, Shown(others, name, "smaller differences, or none")]
    say = speaker(look.lang)
    rows = [*kept, *_folded(difference, quiet)]
    return caption, [replace(row, name=_said_name(row.name, say), words=say(row.words)) for row in rows]


def _said_name(name: str, say: Callable[[str], str]) -> str:
    """The name of a sum; behind a mark stands a path, which is the user's."""
    return name if name[:2] in [f"{mark} " for mark in MARKS.values()] else say(name)


def _is_worth_a_row(entry: Entry) -> bool:
    return entry.kind in ("added", "removed") or (entry.kind == "changed" and not entry.only_reshaped)


def _blocks(difference: Difference, entries: Sequence[Entry]) -> list[Shown]:
    """The entries as rows, where a container that is added or removed as a whole has one row."""
    rows: list[Shown] = []
    whole = {kind: _whole_containers(difference, kind) for kind in ("added", "removed")}
    block = {id(entry): whole[entry.kind].get((entry.path, entry.row.call)) for entry in entries if entry.kind in whole}
    for (kind, container), group in groupby(entries, key=lambda entry: (entry.kind, block.get(id(entry)))):
        inside = list(group)
        if container is None or len(inside) == 1:
            rows += map(Shown, inside)
            continue
        name = f"{MARKS[kind]} {clean(container.path)} ▸"
        words = f"{kind}: {clean(container.type)} ({plural(len(inside), 'layer')})"
        rows.append(Shown(difference.together(inside, container.path), name, words, is_quiet=False))
    return rows


def _whole_containers(difference: Difference, kind: str) -> dict[tuple[str, int], Row]:
    """The outermost container all of which is added (or removed), for each of the layers inside."""
    report = difference.after if kind == "added" else difference.before
    gone = {(entry.path, entry.row.call) for entry in difference.entries if entry.kind == kind}
    found: dict[tuple[str, int], Row] = {}
    rows = report.tree(difference.depth)
    end = 0
    for start, container in enumerate(rows):
        if start < end or container.is_leaf:
            continue
        after = next((at for at in range(start + 1, len(rows)) if rows[at].depth <= container.depth), len(rows))
        leaves = {(row.path, row.call) for row in rows[start + 1 : after] if row.is_leaf}
        if leaves <= gone:
            found.update(dict.fromkeys(leaves, container))
            end = after
    return found


def _folded(difference: Difference, quiet: Sequence[Entry]) -> list[Shown]:
    """One row each for all layers that are called otherwise in the same way, that are reshaped, that are unchanged."""
    rows: list[Shown] = []
    renamed: dict[str, list[Entry]] = {}
    for entry in quiet:
        if entry.renamed and not entry.moved:
            renamed.setdefault(_new_name(entry), []).append(entry)
    for name, entries in renamed.items():
        alone = len(entries) == 1
        shown = f"{MARKS['renamed']} {clean(path_text(entries[0]) if alone else name)}"
        words = "renamed" if alone else f"{plural(len(entries), 'layer')} renamed"
        shapes = " but for shapes" if any(entry.only_reshaped for entry in entries) else ""
        rows.append(Shown(difference.together(entries, name), shown, f"{words}, else the same{shapes}", is_quiet=False))
    others = [entry for entry in quiet if not entry.renamed or entry.moved]
    for is_reshaped, words in ((True, "other shapes or dtypes"), (False, "")):
        entries = [entry for entry in others if entry.only_reshaped == is_reshaped]
        if entries:
            moved = sum(entry.moved for entry in entries)
            where = f"{exact(moved)} under another number" if moved else ""
            name = plural(len(entries), "layer") + (", numbers alike" if is_reshaped else " unchanged")
            rows.append(Shown(difference.together(entries, name), name, "; ".join(filter(None, [words, where]))))
    return rows


def _new_name(entry: Entry) -> str:
    """Where a layer moved, without the end of the path that both sides share: ``features → backbone``."""
    if entry.before is None or entry.after is None:
        return entry.path
    old, new = entry.before.path.split("."), entry.after.path.split(".")
    while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return f"{'.'.join(old)} → {'.'.join(new)}"


def path_text(entry: Entry) -> str:
    """The path on both sides; one that only has other numbers is easier to read without the old ones."""
    name = entry.path or entry.row.name
    if entry.renamed and not entry.moved and entry.before is not None:
        return f"{entry.before.path or entry.before.name} → {name}"
    return name
