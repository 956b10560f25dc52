"""Autograd's graph, followed to where its edges end: gradients that end at one place are added there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Graph:
    """The graph of a backward pass: where its edges end."""

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}
        self._edges: dict[tuple[int, int], list[Any]] = {}
        self._nodes: dict[int, Any] = {}

    def enter(self, node: Any, output: int) -> None:
        """A root of the graph, where the loss's gradient enters; a parameter that is itself a result has no node."""
        if node is not None:
            self._edge(node, output, None)
            self.walk(node)

    def walk(self, node: Any) -> None:
        """Follow the graph from a node as far as it is not known."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node is None or id(node) in self._seen:
                continue
            self._seen[id(node)] = node
            for target, output in node.next_functions:
                if target is not None:
                    self._edge(target, output, node)
                    waiting.append(target)

    @property
    def ends(self) -> Iterator[tuple[Any, int, list[Any]]]:
        """Each node and output at which edges end, with the nodes they come from."""
        for (key, output), sources in self._edges.items():
            yield self._nodes[key], output, sources

    def _edge(self, node: Any, output: int, source: Any) -> None:
        self._nodes[id(node)] = node
        self._edges.setdefault((id(node), output), []).append(source)
