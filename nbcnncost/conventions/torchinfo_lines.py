"""The lines of torchinfo's summary, as far as its number of parameters hangs on them.

It adds up lines, not parameters. A line is added for each call of a module, at the depth of that module's last place
in the tree; lines of containers that are not above it are put in between. A container's line has those of its
parameters that no line below it has, so it counts some again where the lines do not follow the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from nbcnncost.conventions.hooked import is_leaf
from nbcnncost.records import Trace


@dataclass(eq=False)
class _Line:
    """A line of the summary; ``again`` says that an earlier one shows the same module."""

    module: int
    depth: int
    above: _Line | None
    again: bool = False
    below: list[_Line] = field(default_factory=list)

    def path(self) -> list[_Line]:
        """The containers above it, the outermost first; without the root."""
        return [] if self.above is None or not self.above.depth else [*self.above.path(), self.above]


def shown_params(trace: Trace) -> int:
    """The number of parameters in the summary's last lines."""
    lines = list(_with_containers(_called(trace)))
    for index, line in enumerate(lines):
        end = next((i for i in range(index + 1, len(lines)) if lines[i].depth <= line.depth), len(lines))
        line.below = lines[index + 1 : end]
    sizes = _Sizes(trace)
    return sum(max(sizes.left(line), 0) for line in lines if not line.again)


def _called(trace: Trace) -> list[_Line]:
    """A line for each call of a module that has a place in the tree."""
    places = _last_places(trace)
    seen: set[int] = set()
    lines = []
    for call in trace.calls:
        place = places.get(call.module)
        if place is not None:
            lines.append(_Line(call.module, place.depth, place.above, call.module in seen))
            seen.add(call.module)
    return lines


def _last_places(trace: Trace) -> dict[int, _Line]:
    """Where each module stands last in the tree, read from top to bottom."""
    found: dict[int, _Line] = {}
    waiting: list[tuple[int, _Line | None]] = [(0, None)]
    while waiting:
        index, above = waiting.pop()
        place = found[index] = _Line(index, 0 if above is None else above.depth + 1, above)
        waiting += [(child, place) for _, child in reversed(trace.modules[index].children)]
    return found


def _with_containers(lines: list[_Line]) -> Iterator[_Line]:
    """The lines with those of the containers that are above a line in the tree, but were not above it so far."""
    seen = {line.module for line in lines}
    current: dict[int, int] = {}
    for line in lines:
        for container in line.path():
            if current.get(container.depth) != container.module:
                container.again = container.module in seen
                seen.add(container.module)
                current[container.depth] = container.module
                yield container
        current = {depth: module for depth, module in current.items() if depth < line.depth}
        current[line.depth] = line.module
        yield line


class _Sizes:
    """How many parameters modules have, and lines have left."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._inside: dict[int, frozenset[int]] = {}
        self._left: dict[int, int] = {}

    def left(self, line: _Line) -> int:
        """A line's parameters without those of the lines below."""
        if id(line) not in self._left:
            whole = sum(self._trace.params[index].numel for index in self.inside(line.module))
            below = [] if is_leaf(self._trace, self._trace.modules[line.module]) else line.below
            self._left[id(line)] = whole - sum(self.left(other) for other in below if not other.again)
        return self._left[id(line)]

    def inside(self, module: int) -> frozenset[int]:
        """The parameters of a module and of all modules inside."""
        if module not in self._inside:
            record = self._trace.modules[module]
            own = {index for _, index in record.params}
            self._inside[module] = frozenset(own.union(*(self.inside(child) for _, child in record.children)))
        return self._inside[module]
