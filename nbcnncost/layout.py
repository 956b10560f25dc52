"""Where each operation and parameter belongs in a report: the tree of places, whatever they cost.

A call without calls inside is one place. In a container each Python function it calls itself is a place of its own;
functions side by side that only move data share one. Every parameter belongs to exactly one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby

from nbcnncost.records import ModuleCall, ModuleRecord, OpRecord, TensorSpec, Trace
from nbcnncost.units import window_text

#: Kinds that compute nothing from the input's values: neighbours among them share a place.
_STILL = frozenset({"movement", "random", "integer", "embedding"})
_MOST_NAMES = 4
#: Where layers live that quantize their own weight, for training.
_TRAINED_QUANTIZED = ("torch.ao.nn.qat.", "torch.ao.nn.intrinsic.qat.")
#: What the framework calls the module that computes a weight from others.
_PARAMETRIZATIONS = "ParametrizationList"
#: Modules that call one other and add nothing: the other stands in their place.
_WRAPPERS = frozenset(
    {"DataParallel", "DistributedDataParallel", "FullyShardedDataParallel", "CheckpointWrapper", "OptimizedModule"}
)


@dataclass(frozen=True)
class Place:
    """A leaf with its operations, or a container with its children.

    ``role`` is ``"layer"``, ``"function"``, ``"module"`` (a container) or ``"unused"``; ``ops`` and ``params`` are
    indices into the trace, ``step`` into what a training step does besides its forward. A ``closed`` container is one
    layer to its user, though it consists of several places: a layer whose weight is computed or quantized anew at each
    call.
    """

    path: str
    name: str
    depth: int
    type: str
    settings: str
    role: str
    call: int = 1
    calls: int = 1
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    failed: bool = False
    ops: tuple[int, ...] = ()
    params: tuple[int, ...] = ()
    children: tuple[Place, ...] = ()
    step: tuple[int, ...] = ()
    closed: bool = False

    def leaves(self) -> Iterator[Place]:
        """The places without children, in order."""
        if self.children:
            for child in self.children:
                yield from child.leaves()
        elif self.role != "module":
            yield self

    def closed_places(self) -> Iterator[Place]:
        """The containers that are one layer to their user, each as a leaf with all that is inside."""
        if self.closed:
            leaves = tuple(self.leaves())
            ops = tuple(chain.from_iterable(leaf.ops for leaf in leaves))
            params = tuple(chain.from_iterable(leaf.params for leaf in leaves))
            yield replace(self, role="layer", ops=ops, params=params, children=())
        for child in self.children:
            yield from child.closed_places()


def lay_out(trace: Trace) -> Place:
    """The root's place, with everything below it; never-called modules with parameters come last."""
    root = _Builder(trace).root()
    return _with_step(trace, _with_params(trace, root))


class _Builder:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._children: dict[int, list[ModuleCall]] = {}
        self._ops: dict[int, list[int]] = {}
        self._times: dict[int, int] = {}
        for call in trace.calls:
            self._children.setdefault(call.parent, []).append(call)
            self._times[call.module] = self._times.get(call.module, 0) + 1
        for index, op in enumerate(trace.ops):
            self._ops.setdefault(op.call, []).append(index)

    def root(self) -> Place:
        """The whole tree; where the forward never began, an empty container."""
        if not self._trace.calls:
            return Place("", self._trace.model_name, 0, self._trace.model_name, "", "module")
        return self._place(self._trace.calls[0], "", 0)

    def _place(self, call: ModuleCall, above: str, depth: int) -> Place:
        module = self._trace.modules[call.module]
        if module.type == _PARAMETRIZATIONS:
            return self._parametrization(call, above, depth)
        name = call.path.removeprefix(f"{above}.") if above else call.path
        place = Place(
            path=call.path,
            name=name or module.type,
            depth=depth,
            type=module.type,
            settings=module.settings,
            role="layer",
            call=call.number,
            calls=self._times[call.module],
            inputs=call.inputs,
            outputs=call.outputs,
            failed=call.failed,
        )
        inside = self._children.get(call.index, [])
        ops = self._ops.get(call.index, [])
        if module.type in _WRAPPERS and len(inside) == 1 and all(self._trace.ops[i].kind in _STILL for i in ops):
            return self._place(inside[0], above, depth)
        if not inside and (depth or module.from_library):
            return replace(place, ops=tuple(ops), depth=max(depth, 1))
        children = tuple(self._inside(call, inside, ops, depth + 1))
        if not children:
            return replace(place, depth=max(depth, 1))
        computed = bool(inside) and all(map(self._is_parametrization, inside))
        if computed:
            children = tuple(self._own_work(child, module) for child in children)
        closed = computed or (bool(module.classes) and module.classes[0].startswith(_TRAINED_QUANTIZED))
        settings = module.settings if closed else ""
        return replace(place, role="module", settings=settings, children=children, closed=closed)

    def _is_parametrization(self, call: ModuleCall) -> bool:
        return self._trace.modules[call.module].type == _PARAMETRIZATIONS

    def _own_work(self, place: Place, module: ModuleRecord) -> Place:
        """The layer's own work, beside that on its weights, is of the layer's type."""
        computes = any(self._trace.ops[index].kind not in _STILL for index in place.ops)
        if place.role != "function" or not computes:
            return place
        return replace(place, type=module.type, settings=module.settings)

    def _parametrization(self, call: ModuleCall, above: str, depth: int) -> Place:
        """What computes one weight, as one place, however many modules it consists of."""
        module = self._trace.modules[call.module]
        return Place(
            path=call.path,
            name=call.path.removeprefix(f"{above}.") if above else call.path,
            depth=depth,
            type=module.settings or module.type,
            settings="",
            role="layer",
            call=call.number,
            calls=self._times[call.module],
            inputs=call.inputs,
            outputs=call.outputs,
            failed=call.failed,
            ops=tuple(sorted(self._all_ops(call))),
        )

    def _all_ops(self, call: ModuleCall) -> Iterator[int]:
        yield from self._ops.get(call.index, [])
        for child in self._children.get(call.index, []):
            yield from self._all_ops(child)

    def _inside(self, call: ModuleCall, calls: list[ModuleCall], ops: list[int], depth: int) -> Iterator[Place]:
        """The calls and functions of a container in the order in which they ran."""
        taken: dict[str, int] = {}
        position = 0
        for child in [*calls, None]:
            until = len(self._trace.ops) if child is None else child.start
            own = []
            while position < len(ops) and ops[position] < until:
                own.append(ops[position])
                position += 1
            for group in self._functions(own):
                yield self._function(call.path, group, depth, taken)
            if child is not None:
                yield self._place(child, call.path, depth)
        failure = self._trace.failure
        if call.failed and failure is not None and failure.function:
            yield self._failed_function(call.path, failure.function, depth, taken)

    def _functions(self, ops: list[int]) -> Iterator[list[int]]:
        """The operations of each function call; neighbours that only move data together."""
        records = self._trace.ops
        groups = [list(group) for _, group in groupby(ops, key=lambda index: records[index].group)]
        for still, run in groupby(groups, key=lambda group: all(records[i].kind in _STILL for i in group)):
            together = list(run)
            yield from [list(chain.from_iterable(together))] if still else together

    def _failed_function(self, above: str, function: str, depth: int, taken: dict[str, int]) -> Place:
        name = _numbered(f"{function}()", taken)
        path = f"{above}.{name}" if above else name
        return Place(path, name, depth, function, "", "function", failed=True)

    def _function(self, above: str, ops: list[int], depth: int, taken: dict[str, int]) -> Place:
        records = [self._trace.ops[index] for index in ops]
        names = list(dict.fromkeys(_function_name(op) for op in records))
        name = _numbered(f"{names[0]}()", taken)
        return Place(
            path=f"{above}.{name}" if above else name,
            name=name,
            depth=depth,
            type=", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else ""),
            settings=_settings(records),
            role="function",
            inputs=records[0].inputs,
            outputs=_leaving(records[-1]),
            ops=tuple(ops),
        )


def _numbered(name: str, taken: dict[str, int]) -> str:
    """The name, with a number where the container has used it before."""
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}#{taken[name]}"


def _function_name(op: OpRecord) -> str:
    return op.function or op.op.split(".")[1].strip("_")


def _settings(records: list[OpRecord]) -> str:
    """How a function's window is set up, in a layer's short words: ``2×2, s2``."""
    op = next((op for op in records if any(name.startswith("K_") for name, _ in op.dims)), None)
    if op is None:
        return ""
    sizes = {letter: tuple(value for name, value in op.dims if name.startswith(f"{letter}_")) for letter in "KSPD"}
    groups = dict(op.dims).get("g", 1)
    return window_text(sizes["K"], stride=sizes["S"], padding=sizes["P"], dilation=sizes["D"], groups=groups)


def _leaving(last: OpRecord) -> tuple[TensorSpec, ...]:
    """What a function hands on: all parts of a split, but not the indices or statistics beside a result."""
    return last.outputs if last.kind in _STILL else last.outputs[:1]


def _with_params(trace: Trace, root: Place) -> Place:
    """Give each parameter its place: its module's first call, else the first operation that uses it, else its own."""
    called: dict[int, int] = {}
    using: dict[int, int] = {}
    leaves = list(root.leaves())
    at_op = {index: number for number, leaf in enumerate(leaves) for index in leaf.ops}
    by_path = {
        (leaf.path, leaf.call): number for number, leaf in reversed(list(enumerate(leaves))) if leaf.role == "layer"
    }
    for call in trace.calls:
        number = by_path.get((call.path, call.number))
        if number is not None:
            called.setdefault(call.module, number)
    for index, op in enumerate(trace.ops):
        for param in op.params:
            if index in at_op:
                using.setdefault(param, at_op[index])
    owned: dict[int, list[int]] = {}
    unused: dict[int, list[int]] = {}
    for index, record in enumerate(trace.params):
        number = called.get(record.module, using.get(index))
        if number is None:
            unused.setdefault(record.module, []).append(index)
        else:
            owned.setdefault(number, []).append(index)
    filled = {id(leaf): tuple(owned.get(number, ())) for number, leaf in enumerate(leaves)}
    root = _filled(root, filled)
    if trace.failure is not None or not unused:  # after a failure nobody knows what would have been used
        return root
    extra = tuple(place for module, params in unused.items() for place in _unused(trace, module, params))
    if root.role != "module":
        root = Place(root.path, trace.model_name, 0, root.type, "", "module", children=(root,))
    return replace(root, children=root.children + extra)


def _filled(place: Place, params: dict[int, tuple[int, ...]]) -> Place:
    if place.children:
        return replace(place, children=tuple(_filled(child, params) for child in place.children))
    return replace(place, params=params.get(id(place), ()))


def _unused(trace: Trace, module: int, params: list[int]) -> Iterator[Place]:
    """A module that never ran, as a whole; of one that ran, each parameter of its own that nothing used."""
    record = trace.modules[module]
    ran = any(call.module == module for call in trace.calls)
    named = [(trace.params[index].name, (index,)) for index in params] if ran else [(record.paths[0], tuple(params))]
    for path, indices in named:
        yield Place(path, path, 1, record.type, record.settings, "unused", calls=0, call=0, params=indices)


def _with_step(trace: Trace, root: Place) -> Place:
    """Give each operation of a training step the place of its forward, or of the parameter that is updated."""
    if trace.training is None:
        return root
    leaves = list(root.leaves())
    at_op = {index: number for number, leaf in enumerate(leaves) for index in leaf.ops}
    at_param = {index: number for number, leaf in enumerate(leaves) for index in leaf.params}
    steps: dict[int, list[int]] = {}
    for index, op in enumerate(trace.training.ops):
        number = at_param.get(op.params[0]) if op.phase == "optimizer" else at_op.get(op.origin)
        if number is not None:
            steps.setdefault(number, []).append(index)
    return _stepped(root, {id(leaf): tuple(steps.get(number, ())) for number, leaf in enumerate(leaves)})


def _stepped(place: Place, steps: dict[int, tuple[int, ...]]) -> Place:
    if place.children:
        return replace(place, children=tuple(_stepped(child, steps) for child in place.children))
    return replace(place, step=steps.get(id(place), ()))
