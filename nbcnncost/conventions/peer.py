"""What another tool's number is made of: its own rules over the same trace, its faults included and named.

A tool hears modules (thop), Python functions (calflops) or tensor operations (`FlopCounterMode`). Whatever it hears,
each number it adds up is a :class:`Part`, which belongs to one operation of the trace: so its numbers stand in the
same rows as ours, and add up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from nbcnncost.catalogue import CATALOGUE
from nbcnncost.conventions.base import Convention, Reckoned, Rule, symbol_values
from nbcnncost.errors import CostError
from nbcnncost.expressions import Expression, expression
from nbcnncost.records import ModuleCall, ModuleRecord, OpRecord, Trace, Training


class Part(NamedTuple):
    """One number that a tool adds up.

    ``op`` is the index of the operation that it belongs to, in the trace or, besides a training step's forward, in its
    :class:`~nbcnncost.records.Training`; the number is ``text``, a formula in the symbols of ``values``. ``fault`` is
    the key of the fault that makes it wrong, if one does. A number for a whole module (attention, an LSTM) stands for
    all operations up to ``stop``; 0 means this one alone.

    ``without`` says how much of the number is whose doing: the key of a fault or choice of the tool, and the formula
    that is left without it and without those before it. A fault that is not in there has no such formula: all that
    is otherwise than ours is put down to it.
    """

    op: int
    text: str
    values: Mapping[str, int]
    fault: str = ""
    spatial: int = 0
    stop: int = 0
    without: tuple[tuple[str, str], ...] = ()

    @property
    def expression(self) -> Expression:
        """The formula: it can be evaluated and shown."""
        return expression(self.text, self.spatial)

    @property
    def number(self) -> int:
        """What the tool adds."""
        return self.expression.value(self.values)

    def corrected(self) -> Iterator[tuple[str, Part]]:
        """The part without its faults and choices, one after the other, each with the key of what is gone."""
        left = self
        for key, text in self.without:
            left = left._replace(text=text, fault="" if left.fault == key else left.fault, without=())
            yield key, left


@dataclass(frozen=True, repr=False)
class Peer(Convention):
    """A convention that follows another tool to the digit.

    ``tool`` and ``version`` are whose numbers these are, ``says`` is the name that the tool gives its number
    (thop's "MACs" are ours with the element counts of some layers). ``hears`` gives the parts of a trace, ``owns`` the
    number of parameters where the tool counts them in its own way, else ``None``. ``hears_step`` gives the parts of
    what a training step does besides its forward, where the tool counts that. ``faults`` has a sentence for each
    thing that the tool gets wrong, by key: ``"parameters_repeated"`` where it counts too many parameters, another one
    that begins with ``"parameters"`` where it counts too few. ``choices`` has one for each thing that it does otherwise
    throughout, and rightly so (counting a single image).
    """

    tool: str = ""
    version: str = ""
    says: str = ""
    hears: Callable[[Trace], Iterable[Part]] = field(default=lambda trace: ())
    owns: Callable[[Trace], int] | None = None
    hears_step: Callable[[Training], Iterable[Part]] | None = None
    faults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    is_whole: ClassVar[bool] = True

    def __reduce__(self) -> tuple[Any, ...]:
        """A peer is one of the package's own constants: copied and pickled by its name."""
        return _named, (self.name,)

    def with_rules(self, rules: Mapping[str, Rule], name: str | None = None) -> Convention:
        """Not for a tool's number: that would no longer be its number."""
        raise CostError(f"{self.name} counts as {self.tool} does; rules go with textbook, macs or paper")

    @property
    def source(self) -> str:
        """The tool with its version."""
        return f"{self.tool} {self.version}"

    def __repr__(self) -> str:
        """What the tool counts, and what it gets wrong."""
        wrong = [textwrap.fill(f"- {fault}", 100, subsequent_indent="  ") for fault in self.faults.values()]
        return "\n".join([super().__repr__(), *(["What it gets wrong:"] if wrong else []), *wrong])

    def counts(self, trace: Trace) -> tuple[int | None, ...]:
        """What the tool adds up at each operation; what it does not hear is zero to it, as it is in its total."""
        return _added(self.hears(trace), len(trace.ops))

    @property
    def counts_steps(self) -> bool:
        """Whether the tool counts a backward pass; most give the number of a forward alone."""
        return self.hears_step is not None

    def step_parts(self, trace: Trace) -> Iterable[Part]:
        """What the tool adds up of a training step besides its forward."""
        return () if self.hears_step is None or trace.training is None else self.hears_step(trace.training)

    def step_counts(self, trace: Trace) -> tuple[int | None, ...]:
        """What the tool adds up at each operation of a training step that is not the forward's."""
        return () if trace.training is None else _added(self.step_parts(trace), len(trace.training.ops))

    def reckon(self, trace: Trace, index: int) -> tuple[Reckoned, ...]:
        """The numbers that the tool adds for an operation; none where it adds nothing."""
        return self._reckoned(trace.ops[index], (part for part in self.hears(trace) if part.op == index))

    def reckon_step(self, trace: Trace, index: int) -> tuple[Reckoned, ...]:
        """The same for what a training step does besides its forward."""
        if trace.training is None:
            return ()
        return self._reckoned(trace.training.ops[index], (part for part in self.step_parts(trace) if part.op == index))

    def _reckoned(self, op: OpRecord, parts: Iterable[Part]) -> tuple[Reckoned, ...]:
        title = op.function if op.kind is None else CATALOGUE[op.kind].title
        found = tuple(
            Reckoned(
                part.number,
                part.expression,
                {**symbol_values(op), **part.values},
                title,
                self.faults.get(part.fault, f"as {self.source} counts it"),
                self.source,
            )
            for part in parts
        )
        nothing = Reckoned(0, expression("0"), {}, title, f"{self.tool} counts nothing here", self.source)
        return found or (nothing,)

    def params(self, trace: Trace) -> int:
        """The number of parameters that the tool gives."""
        if self.owns is not None:
            return self.owns(trace)
        packed = [trace.modules[param.module].classes[0].startswith(_PACKED) for param in trace.params]
        return sum(param.numel for param, hidden in zip(trace.params, packed, strict=True) if not hidden)

    def count(self, op: OpRecord) -> int | None:
        """Not known for one operation alone: see :meth:`counts`."""
        raise NotImplementedError(f"{self.name} counts whole traces")


def _added(parts: Iterable[Part], length: int) -> tuple[int, ...]:
    numbers = [0] * length
    for part in parts:
        numbers[part.op] += part.number
    return tuple(numbers)


def _named(name: str) -> Convention:
    from nbcnncost.conventions import convention

    return convention(name)


#: Where the classes of layers are at home whose weights are packed, and no ``nn.Parameter`` that a tool finds.
_PACKED = ("torch.ao.nn.quantized.", "torch.ao.nn.intrinsic.quantized.")


class Heard(NamedTuple):
    """A module's call as a tool's hook gets it."""

    call: ModuleCall
    module: ModuleRecord
    op: int


def heard_modules(trace: Trace) -> Iterator[Heard]:
    """Every finished call of a module in the order in which hooks fire, with the operation it is anchored at.

    That is the first operation of its own, else the first one inside it; a call in which nothing ran is left out.
    """
    own: dict[int, int] = {}
    for index, op in enumerate(trace.ops):
        own.setdefault(op.call, index)
    inside = dict(own)
    for call in reversed(trace.calls):
        first = inside.get(call.index)
        if first is not None and call.parent >= 0:
            inside[call.parent] = min(first, inside.get(call.parent, first))
    for call in trace.calls:
        if not call.failed and call.index in inside:
            yield Heard(call, trace.modules[call.module], own.get(call.index, inside[call.index]))
