"""What a training step does after its forward: gradients, what checkpoints compute again, the optimizer's work.

The framework's own autograd runs, on tensors without values, so what flows where is what really happens. Each node
of its graph carries a number that tells which recorded operation made it; the nodes that run in the backward pass
are noted, and with them which arguments needed a gradient. From these facts each operation's backward is derived.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nbcnncost.aten import Described
from nbcnncost.backward import backward_of, meeting
from nbcnncost.catalogue import CATALOGUE
from nbcnncost.optimizers import step_of
from nbcnncost.records import Gradient, OpRecord, ParamRecord, Training
from nbcnncost.tracing.graph import Graph
from nbcnncost.tracing.recorder import Recorder
from nbcnncost.tracing.repeats import Repeats
from nbcnncost.tracing.roles import RECURRENT, first_steps, gradients, recurrent_gradients
from nbcnncost.tracing.stand_ins import StandIns
from nbcnncost.tracing.step import Wanted

#: Nodes that only take in a parameter's gradient are numbered from here.
_LEAVES = 1 << 62
#: Operations that bring gradients of their own, which are off while the operation itself runs.
_OWN_GRADIENTS = "torchvision."


class _Noted(NamedTuple):
    """An operation that became part of the graph: its record, its nodes, and the gradients its arguments need."""

    record: OpRecord
    origin: int
    nodes: range
    gradients: tuple[Gradient, ...]


class TrainingRecorder(Recorder):
    """What the listeners write to in a training step."""

    def __init__(self, *args: Any, stand_ins: StandIns) -> None:
        super().__init__(*args)
        self.stand_in = stand_ins.of_leaf
        self._goes_back = False
        self._noted: list[_Noted] = []
        self._made_by: dict[int, int] = {}  # a node's number: the place of the operation that made it
        self._counts: list[int] = []  # how many nodes there were at each operation
        self._latest = _count_nodes()
        self._nodes = range(0)  # the latest operation's
        self._whole = ("", 0)  # its name and group, by which further parts of it are known
        self._part = -1
        self._copy_kept = False
        self._ran: set[int] = set()
        self._running = 0  # the node of the graph that runs, or ran last
        self._again: list[OpRecord] = []
        self._others: list[tuple[int, OpRecord]] = []
        self._graph = Graph()
        self._repeats = Repeats()

    def go_back(self, roots: Sequence[Tensor]) -> None:
        """The forward is over: from here on the backward pass runs."""
        self._goes_back = True
        self.stack.clear()
        self._repeats = Repeats.of(self.ops, [call.module for call in self.calls])
        for root in roots:
            self._graph.enter(root.grad_fn, root.output_nr)

    def enter(self, module: nn.Module, inputs: Any) -> None:
        """A module's forward begins; in the backward pass a checkpoint calls it again."""
        if self._goes_back:
            self.stack.append(self._indices.get(id(module), -1))
        else:
            super().enter(module, inputs)

    def leave(self, outputs: Any, error: BaseException | None) -> None:
        """A module's forward ends."""
        if self._goes_back:
            self.stack.pop()
        else:
            super().leave(outputs, error)

    def called(self, name: str, start: int, args: Sequence[Any], kwargs: Mapping[str, Any], *, operator: bool) -> None:
        """A function has run; on the way back it repeats one, or is no function of the model's forward."""
        if not self._goes_back:
            super().called(name, start, args, kwargs, operator=operator)

    def add(self, op: str, described: Described, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """One operation ran, forward or backward."""
        if op == "aten.detach.default" and self.function not in ("", "detach"):
            return  # autograd keeping a result
        if not self._goes_back:
            if self._is_copy_kept(op, self.ops):
                self._counts.pop()
            super().add(op, described, inputs, outputs)
            self._counts.append(_count_nodes())
            self._note(self.ops[-1], len(self.ops) - 1, described, inputs, outputs)
            return
        node: Any = torch._C._current_autograd_node()
        number = _LEAVES if node is None else self._number(node)
        if number < _LEAVES:
            self._graph.walk(node)
            self._running = number
        if torch.is_grad_enabled() or self.stack:
            self._compute_again(number, op, described, inputs, outputs)
            return
        self._ran.add(number)
        is_known = number in self._made_by
        if (self.function and not (is_known and op.startswith(_OWN_GRADIENTS))) or (number < _LEAVES and not is_known):
            self._others.append((self._running, self._record(op, described, inputs, outputs)))

    def forget(self, start: int) -> None:
        """Forget the operations from a place on: they run again."""
        super().forget(start)
        del self._counts[start:]
        self._noted = [noted for noted in self._noted if noted.origin < start]

    def finished(self, wanted: Wanted, params: Sequence[ParamRecord], with_gradient: Sequence[int]) -> Training:
        """What the step did after the forward; ``with_gradient`` are the tensors that got one, by identity."""
        trained = sorted({self._params[key] for key in with_gradient if key in self._params})
        ops = [
            *self._again,
            *(part for noted in self._noted if self._has_run(noted) for part in self._backward_of(noted)),
            *self._meetings(),
            *self._made_by_users(),
        ]
        if wanted.optimizer is not None:
            ops += [step_of(wanted.optimizer, params[index], index) for index in trained]
        return Training(tuple(ops), wanted.optimizer, wanted.input_grad)

    def _note(
        self,
        record: OpRecord,
        origin: int,
        described: Described,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
    ) -> None:
        """Remember which nodes an operation made: one, or as many as there were inside one recorded as a whole."""
        count, whole = _count_nodes(), record.op.endswith(".composite")
        is_next_part = whole and count == self._latest and (record.op, record.group) == self._whole
        nodes = self._nodes if is_next_part else range(self._latest if whole else count - 1, count)
        if self._copy_kept:  # the copy's node is the latest one
            nodes, self._copy_kept = range(count - 2, count - 1), False
        self._part = self._part if is_next_part else -1
        self._latest, self._nodes, self._whole = count, nodes, (record.op, record.group)
        if not outputs or (not torch.is_grad_enabled() and not record.op.startswith(_OWN_GRADIENTS)):
            return  # what was stopped before its end has no gradients of its own
        if record.kind in RECURRENT:
            self._part += 1
            record = replace(record, dims=(*record.dims, ("T_0", first_steps(record.op, inputs))))
        if record.kind in RECURRENT or record.kind == "lstm_projection":
            found = recurrent_gradients(record.op, described, self._part, inputs, outputs)
        else:
            found = gradients(record.op, described, inputs, outputs, self._params)
        if found:
            self._noted.append(_Noted(record, origin, nodes, found))
            self._made_by.update(dict.fromkeys(nodes, origin))

    def _is_copy_kept(self, op: str, ops: list[OpRecord]) -> bool:
        """Whether autograd has kept a copy of what an operation is about to overwrite; that is then forgotten.

        The copy comes after the operation's node was made: with the operation no other node has appeared.
        """
        is_kept = (
            op.split(".")[1].endswith("_")
            and _count_nodes() == self._latest
            and bool(ops)
            and ops[-1].op == "aten.clone.default"
            and ops[-1].group == self.group
            and torch.is_grad_enabled()
        )
        if is_kept:
            copy = ops.pop()
            if self._noted and self._noted[-1].record is copy:
                self._noted.pop()
        self._copy_kept = is_kept
        return is_kept

    def _number(self, node: Any) -> int:
        """A node's number; one that writes into a view's whole stands for the operation that wrote to the view."""
        number = int(node._sequence_nr())
        if number < _LEAVES and node.name().endswith("CopySlices"):
            return self._counts[max(bisect_right(self._counts, number) - 1, 0)] - 1
        return number

    def _compute_again(
        self, number: int, op: str, described: Described, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> None:
        """A checkpoint computes an operation of the forward once more, since a node wants what it did not keep."""
        self._is_copy_kept(op, self._again)
        record = self._record(op, described, inputs, outputs)
        origin = self._repeats.again(record, self.stack[-1] if self.stack else -1, number, self._position(number))
        first = self.ops[origin]
        record = replace(record, call=first.call, group=first.group, function=first.function, origin=origin)
        self._again.append(replace(record, phase="recomputed"))
        self._note(record, origin, described, inputs, outputs)

    def _position(self, number: int) -> tuple[int, bool]:
        """The operation that made a node, or the first one after the node was made; and which of the two it is."""
        if number in self._made_by:
            return self._made_by[number], True
        return min(bisect_right(self._counts, number), len(self.ops) - 1), False

    def _maker(self, node: Any) -> int:
        """The operation that made a node, -1 where none did."""
        return -1 if node is None else self._made_by.get(self._number(node), -1)

    def _has_run(self, noted: _Noted) -> bool:
        return any(number in self._ran for number in noted.nodes)

    def _backward_of(self, noted: _Noted) -> Iterator[OpRecord]:
        return backward_of(noted.record, noted.gradients, noted.origin)

    def _meetings(self) -> Iterator[OpRecord]:
        """Sums of gradients that meet, where a result or a parameter was used more than once."""
        uses = {index: place for place, op in reversed(list(enumerate(self.ops))) for index in op.params}
        for target, output, sources in self._graph.ends:
            users = self._users(target, sources)
            if len(users) < 2:
                continue
            variable = getattr(target, "variable", None)
            index = self._params.get(id(variable), -1)
            if isinstance(variable, Tensor):
                origin = uses.get(index, max(min(users), 0))
                gradient = Gradient("input", variable.numel(), index >= 0)
            else:
                origin = self._position(self._number(target))[0]
                outputs = self.ops[origin].outputs
                gradient = Gradient("input", outputs[min(output, len(outputs) - 1)].numel)
            yield from [meeting(self.ops[origin], gradient, origin)] * (len(users) - 1)

    def _users(self, target: Any, sources: Sequence[Any]) -> list[int]:
        """The operations whose gradients meet in a node; what is recorded as a whole hands on one, made inside it."""
        made = self._maker(target)
        users = [self._maker(source) for source in sources]
        others = [user for user in users if user < 0 or user != made]
        return [user for user in others if not self._is_whole(user)] + [
            *{user for user in others if self._is_whole(user)}
        ]

    def _is_whole(self, place: int) -> bool:
        return place >= 0 and self.ops[place].op.endswith(".composite")

    def _made_by_users(self) -> Iterator[OpRecord]:
        """What users run on the way back themselves: in a ``Function`` of their own, in a hook."""
        for number, record in self._others:
            is_engines_sum = not record.function and record.op.startswith("aten.add")
            is_still = record.kind is not None and not CATALOGUE[record.kind].terms
            if not is_engines_sum and not is_still:
                origin = self._position(number)[0]
                yield replace(record, phase="backward_inputs", origin=origin, call=self.ops[origin].call)


def _count_nodes() -> int:
    """How many nodes this thread has made, which is the next one's number."""
    return int(torch._C._autograd._get_sequence_nr())
