"""What the listeners write to: module calls, operations, and who is to blame for an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nbcnncost.aten import Described
from nbcnncost.quantized import is_packed, unpacked
from nbcnncost.records import FunctionCall, ModuleCall, ModuleRecord, OpRecord, TensorSpec
from nbcnncost.tracing.batch import Batch, batch_of
from nbcnncost.tracing.modules import module_record, spec_of, specs_of


class Blame(NamedTuple):
    """The function in which an error arose, with the shapes of its arguments in the tensors' places."""

    function: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    error: BaseException


class _OpenCall:
    """A module call as it is being recorded."""

    def __init__(self, place: tuple[int, int, int], path: str, number: int, start: int, inputs: Any) -> None:
        self.index, self.parent, self.module = place
        self.path, self.number, self.start = path, number, start
        self.inputs: tuple[TensorSpec, ...] = specs_of(inputs)
        self.outputs: tuple[TensorSpec, ...] = ()
        self.error: BaseException | None = None


class Recorder:
    """What the listeners write to."""

    def __init__(
        self,
        modules: list[ModuleRecord],
        indices: dict[int, int],
        params: dict[int, int],
        keep: Callable[[nn.Module], None],
    ) -> None:
        self.modules = modules
        self.ops: list[OpRecord] = []
        self.calls: list[_OpenCall] = []
        self.functions: list[FunctionCall] = []
        self.stack: list[int] = []
        self.function = ""
        self.group = 0
        self.paused = 0  # inside a function that is recorded as a whole
        self.asleep = False  # while a run inside this run has its turn
        self.blame: Blame | None = None
        self.stand_in: Callable[[Tensor], Tensor] | None = None  # what each argument is replaced by, if anything
        self.batch: Batch | None = None
        self._indices = indices
        self._params = params
        self._numbers: dict[int, int] = {}
        self._keep = keep

    def enter(self, module: nn.Module, inputs: Any) -> None:
        """A module's forward begins."""
        parent = self.stack[-1] if self.stack else -1
        index = self._indices.get(id(module))
        if index is None:
            index = self._made_in_forward(module, parent)
        number = self._numbers[index] = self._numbers.get(index, 0) + 1
        path = self._path(index, parent)
        self.stack.append(len(self.calls))
        place = (len(self.calls), parent, index)
        call = _OpenCall(place, path, number, len(self.ops), inputs)
        self.calls.append(call)
        self.batch = self.batch or batch_of(module, call.inputs)

    def leave(self, outputs: Any, error: BaseException | None) -> None:
        """A module's forward ends, with its outputs or with an error."""
        call = self.calls[self.stack.pop()]
        call.outputs = specs_of(outputs)
        call.error = error

    def add(self, op: str, described: Described, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """One operation ran."""
        self.ops.append(self._record(op, described, inputs, outputs))

    def _record(self, op: str, described: Described, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> OpRecord:
        return OpRecord(
            op,
            described.kind,
            described.dims,
            described.spatial,
            self.function,
            self.group,
            self.stack[-1] if self.stack else -1,
            tuple(spec_of(tensor) for tensor in inputs if id(tensor) not in self._params),
            tuple(map(spec_of, outputs)),
            tuple(self._params[id(tensor)] for tensor in inputs if id(tensor) in self._params),
            reason=described.reason,
        )

    def forget(self, start: int) -> None:
        """Forget the operations from a place on: they run again."""
        del self.ops[start:]

    def called(self, name: str, start: int, args: Sequence[Any], kwargs: Mapping[str, Any], *, operator: bool) -> None:
        """A function has run, whose operations begin at ``start``."""
        named = tuple((key, _plain(value)) for key, value in kwargs.items())
        call = self.stack[-1] if self.stack else -1
        given = tuple(map(_plain, args))
        self.functions.append(FunctionCall(name, call, start, len(self.ops), given, named, operator))

    def accuse(self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any], error: BaseException) -> None:
        """An error passed through a function; the innermost one is to blame."""
        if self.blame is None or self.blame.error is not error:
            shown = {name: _shapes(value) for name, value in kwargs.items()}
            self.blame = Blame(function, tuple(map(_shapes, args)), shown, error)

    def finished_calls(self, error: BaseException | None) -> tuple[tuple[ModuleCall, ...], ModuleCall | None]:
        """All calls, and the innermost one that the error stopped."""
        stopped = [call.index for call in self.calls if error is not None and call.error is error]
        culprit = max(stopped, key=self._depth, default=None)
        calls = tuple(
            ModuleCall(
                c.index,
                c.parent,
                c.module,
                c.path,
                c.number,
                c.start,
                c.inputs,
                c.outputs,
                c.index == culprit,
            )
            for c in self.calls
        )
        return calls, None if culprit is None else calls[culprit]

    def _depth(self, index: int) -> int:
        depth = 0
        while index >= 0:
            index, depth = self.calls[index].parent, depth + 1
        return depth

    def _made_in_forward(self, module: nn.Module, parent: int) -> int:
        """A module that the forward makes (``nn.ReLU()(x)``), or has in a plain list, has no path of its own."""
        index = len(self.modules)
        where = self.calls[parent].path if parent >= 0 else ""
        name = f"({type(module).__name__})"
        self.modules.append(module_record(index, module, (f"{where}.{name}" if where else name,)))
        self._indices[id(module)] = index
        self._keep(module)  # alive too: another module must not get the same identity
        return index

    def _path(self, index: int, parent: int) -> str:
        """Of a shared module's paths the one under the caller; of several there, each call takes the next."""
        paths = self.modules[index].paths
        if len(paths) == 1:
            return paths[0]
        prefix = self.calls[parent].path if parent >= 0 else ""
        inside = [path for path in paths if path.startswith(f"{prefix}." if prefix else "") and path != prefix]
        if not inside:
            return paths[0]
        earlier = sum(call.parent == parent and call.module == index for call in self.calls)
        return inside[min(earlier, len(inside) - 1)]


def _shapes(value: Any) -> Any:
    if isinstance(value, Tensor):
        return spec_of(value)
    if is_packed(value):
        return spec_of(unpacked(value).weight)
    return tuple(map(_shapes, value)) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    """An argument as it can be kept: a tensor's spec, numbers and words as they are, of all else what it is."""
    if isinstance(value, Tensor):
        return spec_of(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return str(value).removeprefix("torch.") if type(value) in _NAMED else f"<{type(value).__name__}>"


#: What is known by its name.
_NAMED = (torch.dtype, torch.device, torch.memory_format, torch.layout)
