"""What tools have in common that hang hooks on modules: which class a module is to them, and how often they see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache

from nbcnncost.conventions.peer import Heard, heard_modules
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import ModuleRecord, Trace

_LIBRARY = "torch.nn.modules."


def exact_class(module: ModuleRecord) -> str:
    """The name of a class of ``torch.nn``; empty for any other class, one that is derived from it included."""
    return bare_class(module.classes[0])


@lru_cache(maxsize=4096)
def bare_class(full: str) -> str:
    """``"Conv2d"`` of ``"torch.nn.modules.conv.Conv2d"``; empty for what is not of ``torch.nn``."""
    return full.rpartition(".")[2] if full.startswith(_LIBRARY) else ""


def derives(module: ModuleRecord, names: Collection[str]) -> bool:
    """Whether one of the classes that a module's class is derived from has such a name."""
    return any(bare_class(base) in names for base in module.classes[1:])


def children(module: ModuleRecord) -> Iterator[int]:
    """The modules right below, each once, as ``module.children()`` gives them."""
    yield from dict.fromkeys(index for _, index in module.children)


def places(trace: Trace, closed: Callable[[ModuleRecord], bool] = lambda module: False) -> Mapping[int, int]:
    """How often each module stands in the tree: more than once where several containers share it.

    What is inside a ``closed`` module is left out.
    """
    found: Counter[int] = Counter()
    waiting = [0] if trace.modules else []
    while waiting:
        index = waiting.pop()
        found[index] += 1
        if not closed(trace.modules[index]):
            waiting.extend(children(trace.modules[index]))
    return found


def heard_layers(trace: Trace) -> Iterator[tuple[Heard, int]]:
    """Every module's call as a hook gets it, at the first operation of its own that computes something.

    The number beside it says up to which operation the call reaches.
    """
    first: dict[int, int] = {}
    stops: dict[int, int] = {}
    for index, record in enumerate(trace.ops):
        if record.kind is None or FORMULAS[record.kind].terms:
            first.setdefault(record.call, index)
            stops[record.call] = index + 1
    for call in reversed(trace.calls):
        stops[call.parent] = max(stops.get(call.parent, 0), stops.get(call.index, 0))
    for call, module, op in heard_modules(trace):
        start = first.get(call.index, op)
        yield Heard(call, module, start), max(stops.get(call.index, 0), start + 1)


def own_size(trace: Trace, module: ModuleRecord) -> int:
    """The number of a module's own parameters, without its children's."""
    return sum(trace.params[index].numel for index in {index for _, index in module.params})


def is_leaf(trace: Trace, module: ModuleRecord) -> bool:
    """Whether ``any(module.children())`` is false: there is none, or only empty containers, which are false too."""
    return not any(_is_true(trace.modules[index]) for _, index in module.children)


def _is_true(module: ModuleRecord) -> bool:
    return bool(module.children) or not any(bare_class(base) in _SIZED for base in module.classes)


#: Containers with a length.
_SIZED = frozenset({"Sequential", "ModuleList", "ModuleDict"})
