"""Which layer of one report is which layer of another: by name, then by order and kind.

Layers with names of their own are known by them. The numbers in a sequence and the functions of a forward only say an
order, so two containers' contents are aligned such that as much as possible fits. What is left over may have moved to
another container: it is found again by its settings and parameters, or by standing between two layers that were found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from nbcnncost.nesting import nest
from nbcnncost.rows import Row

#: A layer of the one side, of the other, or of both.
Pair = tuple[Row | None, Row | None]

# What speaks for two entries being the same one. Kind and settings weigh more than a number in a sequence.
_KNOWN_BY_NAME = 1000
_SAME_KIND = 40
_SAME_SETTINGS = 20
_SAME_NAME = 10
#: How much of two containers must be alike where their names are not.
_ALIKE_ENOUGH = 0.5

_Entry = TypeVar("_Entry")


def match(before: Sequence[Row], after: Sequence[Row]) -> tuple[Pair, ...]:
    """The leaves of two trees in pairs, in the order of ``after``; what has no partner is alone.

    Both are rows with containers, as ``Report.tree()`` gives them.
    """
    left, right = nest(before, _Node), nest(after, _Node)
    found = _within(left, right)
    left_leaves, right_leaves = _leaves(left), _leaves(right)
    for search in (_same_path, _same_settings):
        found += search(*_left_over(left_leaves, right_leaves, found))
    found += _between_neighbours(left_leaves, right_leaves, found)
    return _in_order(left_leaves, right_leaves, found)


@dataclass(frozen=True, eq=False)
class _Node:
    """A row with what is inside; nodes are compared by identity."""

    row: Row
    children: tuple[_Node, ...] = ()

    @property
    def is_leaf(self) -> bool:
        return not self.children

    @property
    def key(self) -> tuple[str, int]:
        return self.row.name, self.row.call

    @property
    def has_own_name(self) -> bool:
        """Whether its name says more than its place: not so a number in a sequence, nor a function's name."""
        return self.row.role != "function" and not self.row.name.rpartition(".")[2].isdigit()

    @cached_property
    def signature(self) -> tuple[object, ...]:
        """What tells a layer from others whatever its name; of a container, that of all layers inside."""
        if self.children:
            return tuple(child.signature for child in self.children)
        return self.row.type, self.row.settings, self.row.params

    @cached_property
    def kinds(self) -> Counter[str]:
        """How many layers of each type are inside."""
        return Counter(leaf.row.type for leaf in _leaves([self]))


_Found = list[tuple[_Node, _Node]]


def _leaves(nodes: Iterable[_Node]) -> list[_Node]:
    return [leaf for node in nodes for leaf in (_leaves(node.children) if node.children else [node])]


def _within(left: Sequence[_Node], right: Sequence[_Node]) -> _Found:
    """The leaves that belong together inside of two containers which do."""
    named = {node.key: node for node in right if node.has_own_name}
    anchors = {
        id(node): named[node.key]
        for node in left
        if node.has_own_name and node.key in named and named[node.key].is_leaf == node.is_leaf
    }
    taken = {id(node) for node in anchors.values()}

    def likeness(one: _Node, other: _Node) -> int:
        if id(one) in anchors or id(other) in taken:
            return _KNOWN_BY_NAME if anchors.get(id(one)) is other else 0
        return _likeness(one, other)

    # A layer that is known by its name is the same one wherever it runs now.
    pairs = [(one, anchors[id(one)]) for one in left if id(one) in anchors]
    pairs += [(one, other) for one, other in align(left, right, likeness) if id(one) not in anchors]
    pairs += _out_of_order(*_left_over(left, right, pairs))
    found: _Found = []
    for one, other in pairs:
        found += [(one, other)] if one.is_leaf else _within(one.children, other.children)
    return found


def _out_of_order(left: Sequence[_Node], right: Sequence[_Node]) -> _Found:
    """Functions of the same name, though what is around them has another order."""
    functions = {node.key: node for node in right if node.row.role == "function"}
    return [(node, functions[node.key]) for node in left if node.row.role == "function" and node.key in functions]


def _likeness(one: _Node, other: _Node) -> int:
    """How much speaks for two entries of a sequence being the same one; 0 if they cannot be."""
    if one.is_leaf != other.is_leaf:
        return 0
    same_name = one.key == other.key
    alike = _share_in_common(one.kinds, other.kinds)
    if not same_name and alike < _ALIKE_ENOUGH:
        return 0
    same_settings = one.signature == other.signature
    return round(_SAME_KIND * alike) + _SAME_SETTINGS * same_settings + _SAME_NAME * same_name


def _share_in_common(one: Counter[str], other: Counter[str]) -> float:
    return 2 * (one & other).total() / (one.total() + other.total())


def align(
    left: Sequence[_Entry], right: Sequence[_Entry], likeness: Callable[[_Entry, _Entry], int]
) -> list[tuple[_Entry, _Entry]]:
    """Pairs in the order of both lists whose likenesses (0: no pair) have the largest sum; of equals, the first.

    >>> align("kitten", "sitting", lambda one, other: int(one == other))
    [('i', 'i'), ('t', 't'), ('t', 't'), ('n', 'n')]
    """
    likenesses = [[likeness(one, other) for other in right] for one in left]
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        row, below, alike = best[i], best[i + 1], likenesses[i]
        for j in reversed(range(len(right))):
            paired = below[j + 1] + alike[j] if alike[j] else 0
            row[j] = max(paired, below[j], row[j + 1])
    pairs = []
    i = j = 0
    while i < len(left) and j < len(right):
        if likenesses[i][j] and best[i][j] == best[i + 1][j + 1] + likenesses[i][j]:
            pairs.append((left[i], right[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _left_over(left: Sequence[_Node], right: Sequence[_Node], found: _Found) -> tuple[list[_Node], list[_Node]]:
    one_side, other_side = ({id(pair[side]) for pair in found} for side in (0, 1))
    return [node for node in left if id(node) not in one_side], [node for node in right if id(node) not in other_side]


def _same_path(left: Sequence[_Node], right: Sequence[_Node]) -> _Found:
    """One that is called on one side only stands among the unused on the other."""
    unused = {node.row.path: node for node in [*left, *right] if node.row.role == "unused"}
    called = {node.row.path: node for node in reversed([*left, *right]) if node.row.role != "unused"}
    one_side = {id(node) for node in left}
    pairs = [(node, called[path]) for path, node in unused.items() if path in called]
    return [pair if id(pair[0]) in one_side else pair[::-1] for pair in pairs]


def _same_settings(left: Sequence[_Node], right: Sequence[_Node]) -> _Found:
    """Layers with parameters that moved to another container: same type, settings and number of parameters."""
    one_side, other_side = ([node for node in nodes if node.row.params] for nodes in (left, right))
    known = {node.signature for node in one_side} & {node.signature for node in other_side}
    one_side, other_side = ([node for node in nodes if node.signature in known] for nodes in (one_side, other_side))

    def likeness(one: _Node, other: _Node) -> int:
        return (one.signature == other.signature) * (_SAME_SETTINGS + _SAME_NAME * (one.key == other.key))

    return align(one_side, other_side, likeness)


def _between_neighbours(left: Sequence[_Node], right: Sequence[_Node], found: _Found) -> _Found:
    """What stands between two layers that were found, if on both sides layers of the same types do."""
    partners = {id(one): other for one, other in found}
    gaps = _gaps(right, {id(other) for _, other in found})
    pairs: _Found = []
    for (before, after), inside in _gaps(left, set(partners)).items():
        there = gaps.get(tuple(key and id(partners[key]) for key in (before, after)), [])
        if [node.row.type for node in inside] == [node.row.type for node in there]:
            pairs += zip(inside, there, strict=True)
    return pairs


def _gaps(nodes: Sequence[_Node], found: set[int]) -> dict[tuple[int, ...], list[_Node]]:
    """Runs of what is left over, by the neighbours that were found (0: the beginning, or the end)."""
    gaps: dict[tuple[int, ...], list[_Node]] = {}
    before = 0
    run: list[_Node] = []
    for node in nodes:
        if id(node) not in found:
            run.append(node)
            continue
        if run:
            gaps[before, id(node)] = run
        before, run = id(node), []
    if run:
        gaps[before, 0] = run
    return gaps


def _in_order(left: Sequence[_Node], right: Sequence[_Node], found: _Found) -> tuple[Pair, ...]:
    """All pairs as ``right`` has them; what is gone stands after everything that it came after."""
    places = {id(node): place for place, node in enumerate(right)}
    forth = {id(one): places[id(other)] for one, other in found}
    back = {places[id(other)]: one.row for one, other in found}
    gone: dict[int, list[Row]] = {}
    last = -1
    for node in left:
        last = max(last, forth.get(id(node), -1))
        if id(node) not in forth:
            gone.setdefault(last, []).append(node.row)
    pairs: list[Pair] = [(row, None) for row in gone.get(-1, [])]
    for place, node in enumerate(right):
        pairs.append((back.get(place), node.row))
        pairs += [(row, None) for row in gone.get(place, [])]
    return tuple(pairs)
