"""The tree of a list in which each container precedes what is inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar


class HasDepth(Protocol):
    """Whatever says how deep it stands."""

    @property
    def depth(self) -> int:
        """0 for the root."""


Entry = TypeVar("Entry", bound=HasDepth)
Node = TypeVar("Node")


def nest(entries: Sequence[Entry], make: Callable[[Entry, tuple[Node, ...]], Node]) -> list[Node]:
    """A node for each entry of the top level, made of it and of the nodes of what is deeper behind it."""
    top: list[Node] = []
    start = 0
    while start < len(entries):
        end = start + 1
        while end < len(entries) and entries[end].depth > entries[start].depth:
            end += 1
        top.append(make(entries[start], tuple(nest(entries[start + 1 : end], make))))
        start = end
    return top
