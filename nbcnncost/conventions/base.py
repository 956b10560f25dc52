"""A convention: what one operation counts as. It is a plain value; changing a rule gives another convention."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from operator import index as whole
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from nbcnncost.catalogue import CATALOGUE
from nbcnncost.conventions.folding import FOLDED, added_bias, folds
from nbcnncost.errors import CostError
from nbcnncost.expressions import Expression, FormulaError, expression
from nbcnncost.kinds import FORMULAS
from nbcnncost.records import Dims, OpRecord, Trace
from nbcnncost.work import CATEGORIES, Work

#: A rule: operations per output element, a formula's text, or a function of the recorded operation.
Rule = int | str | Callable[[OpRecord], int]
_NOTHING = Work()
_WIDTH = 100


class Reckoned(NamedTuple):
    """One number that a convention counts, with the formula behind it where a formula counts it, and the reason."""

    number: int | None
    expression: Expression | None
    values: Mapping[str, int]
    title: str
    why: str
    source: str


@dataclass(frozen=True, repr=False)
class Convention:
    """What each operation counts as, and in which unit.

    ``weights`` say what one elementary operation of each kind counts as (``{"macs": 2, "additions": 1, …}``);
    ``rules`` replace the formula of single kinds, or give one to an operation that has none.
    """

    name: str
    title: str
    unit: str
    weights: Mapping[str, int]
    rules: Mapping[str, Rule] = field(default_factory=lambda: MappingProxyType({}))
    doc: str = ""

    #: Whether its number lacks nothing where an operation is unknown: to a tool that is zero, and so is in its total.
    is_whole: ClassVar[bool] = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Read-only mappings cannot be copied or pickled; plain ones can."""
        return _remade, (self.name, self.title, self.unit, dict(self.weights), dict(self.rules), self.doc)

    def __repr__(self) -> str:
        """What it is in words, as one asks for it in a notebook."""
        rules = [f"{key}: {'a function' if callable(rule) else rule}" for key, rule in self.rules.items()]
        texts = [self.doc, f"Rules: {', '.join(rules)}." if rules else ""]
        return "\n".join([f"{self.name}: {self.title}", *(textwrap.fill(text, _WIDTH) for text in texts if text)])

    def work(self, op: OpRecord) -> Work | None:
        """The tally of an operation, whatever the convention; ``None`` where no formula knows it."""
        if op.kind is None:
            return _NOTHING if self.rule(op) is not None else None
        return CATALOGUE[op.kind].work(op.dims, op.spatial)

    def count(self, op: OpRecord) -> int | None:
        """What the operation counts as, in the convention's unit; ``None`` where nothing is known of it."""
        rule = self.rule(op)
        if rule is None:
            work = self.work(op)
            return None if work is None else work.weighed(self.weights)
        return _called(op, rule) if callable(rule) else _evaluated(op, self._expression(op, rule))

    def counts(self, trace: Trace) -> tuple[int | None, ...]:
        """What each operation of a run counts as."""
        if self.rules:  # which may look at more than an operation's kind and dimensions
            return tuple(self._number(trace, index) for index in range(len(trace.ops)))
        return self._each(trace.ops)

    @property
    def counts_steps(self) -> bool:
        """Whether gradients and an optimizer's work are counted, too."""
        return True

    def step_counts(self, trace: Trace) -> tuple[int | None, ...]:
        """What each operation of a training step counts as that is not the forward's."""
        return () if trace.training is None else self._each(trace.training.ops)

    def reckon(self, trace: Trace, index: int) -> tuple[Reckoned, ...]:
        """How an operation of a run is counted: the numbers add up to its entry in :meth:`counts`."""
        op = trace.ops[index]
        if self._folds(trace, index):
            shown = self._folded(trace, index)
            why = "folded into the layer before it, whose weights take the scale, and a bias the shift"
            values = symbol_values(op)
            return (Reckoned(shown.value(values), shown, values, FORMULAS["batch_norm"].title, why, self.name),)
        return (self.reckon_alone(op),)

    def reckon_step(self, trace: Trace, index: int) -> tuple[Reckoned, ...]:
        """The same for what a training step does besides its forward, as :meth:`step_counts` counts it."""
        return () if trace.training is None else (self.reckon_alone(trace.training.ops[index]),)

    def reckon_alone(self, op: OpRecord) -> Reckoned:
        """How an operation is counted by itself, whatever stands beside it."""
        formula = None if op.kind is None else CATALOGUE[op.kind]
        title = op.function if formula is None else formula.title
        why = _unknown(op) if formula is None else formula.why
        source = "" if formula is None else formula.source
        if self.rule(op) is not None:
            why, source = f"a rule of {self.name}", self.name
        return Reckoned(self.count(op), self.expression(op), symbol_values(op), title, why, source)

    def params(self, trace: Trace) -> int:
        """How many parameters the model has: each tensor once, whatever its names."""
        return sum(param.numel for param in trace.params)

    def expression(self, op: OpRecord) -> Expression | None:
        """The formula that :meth:`count` evaluates; ``None`` where a function counts, or nothing does."""
        rule = self.rule(op)
        if rule is None:
            return None if op.kind is None else self._expression(op, CATALOGUE[op.kind].text(self.weights))
        return None if callable(rule) else self._expression(op, rule)

    def rule(self, op: OpRecord) -> Rule | None:
        """The convention's own rule for an operation, by its kind or its name in ``aten``.

        An operation that no formula knows is also looked up by its Python name; for others that would count the
        function again for each step it consists of. Gradients have rules of their own.
        """
        if not self.rules:
            return None
        if op.phase.startswith("backward"):
            forward = op.function if op.kind is None else op.kind.partition("_backward")[0]
            names: tuple[str | None, ...] = (op.kind, f"{forward}_backward")
        else:
            names = (op.kind, op.op, op.op.rpartition(".")[0], op.function if op.kind is None else None)
        found = next((self.rules[name] for name in names if name is not None and name in self.rules), None)
        return None if found == FOLDED else found  # one that cannot be folded counts as ever

    def with_rules(self, rules: Mapping[str, Rule], name: str | None = None) -> Convention:
        """A new convention that differs in these rules.

        A key is a kind (``"batch_norm"``), an operation (``"aten.erfinv.default"``, ``"my_function"``) or an
        elementary operation (``"specials"``, ``"bias_additions"``), whose weight it then sets. A value is a number
        (per output element), a formula's text in the kind's symbols, or a function of the ``OpRecord``;
        ``"folded"`` counts nothing for each batch normalization that inference folds into the layer before it.

        ``{"dot_products": -1}`` counts n products and n − 1 additions (2n − 1), as some courses do.
        Raises :class:`~nbcnncost.errors.CostError` for a rule that cannot be read, and for a key that is nearly a
        kind's name.

        A kind's rule holds for its forward, computed once or again. What its gradients cost has the key
        ``"convolution_backward"`` (each of them), or one gradient's own, ``"convolution_backward_weight"``; an
        optimizer's step has ``"adam_step"``.

        >>> from nbcnncost.conventions import textbook
        >>> cheap = textbook.with_rules({"batch_norm": 2, "bias_additions": 1, "comparisons": 0})
        >>> cheap.name
        'textbook + batch_norm=2, bias_additions=1, comparisons=0'
        """
        for key, rule in rules.items():
            _check(key, rule)
        weights = {key: rule for key, rule in rules.items() if key in CATEGORIES and isinstance(rule, int)}
        others = {key: rule for key, rule in rules.items() if key not in CATEGORIES}
        changes = ", ".join(f"{key}={'function' if callable(rule) else rule}" for key, rule in rules.items())
        return replace(
            self,
            name=name or f"{self.name} + {changes}",
            weights=MappingProxyType({**self.weights, **weights}),
            rules=MappingProxyType({**self.rules, **others}),
        )

    def _each(self, ops: tuple[OpRecord, ...]) -> tuple[int | None, ...]:
        if self.rules:
            return tuple(map(self.count, ops))
        known: dict[tuple[str | None, Dims, int], int | None] = {}  # a network repeats the same few operations
        for op in ops:
            if (key := (op.kind, op.dims, op.spatial)) not in known:
                known[key] = self.count(op)
        return tuple(known[op.kind, op.dims, op.spatial] for op in ops)

    def _number(self, trace: Trace, index: int) -> int | None:
        op = trace.ops[index]
        return self._folded(trace, index).value(symbol_values(op)) if self._folds(trace, index) else self.count(op)

    def _folds(self, trace: Trace, index: int) -> bool:
        return self.rules.get("batch_norm") == FOLDED and folds(trace, index)

    def _folded(self, trace: Trace, index: int) -> Expression:
        weight = self.weights.get("bias_additions", 0)
        return expression(f"{weight} * {added_bias(trace, index)}" if weight else "0")

    def _expression(self, op: OpRecord, rule: int | str) -> Expression:
        text = f"{rule} * n" if isinstance(rule, int) else rule
        return expression("n" if text == "1 * n" else text, op.spatial)


def _remade(name: str, title: str, unit: str, weights: dict[str, int], rules: dict[str, Rule], doc: str) -> Convention:
    return Convention(name, title, unit, MappingProxyType(weights), MappingProxyType(rules), doc)


def _unknown(op: OpRecord) -> str:
    """Why nothing is known of an operation, and how to change that."""
    reason = f" ({op.reason})" if op.reason else ""
    name = op.function or op.op.rpartition(".")[0]
    name = f"{name}_backward" if op.phase.startswith("backward") else name
    return f"no rule knows this operation{reason}; give one: textbook.with_rules({{'{name}': '2 * n'}})"


def _called(op: OpRecord, rule: Callable[[OpRecord], int]) -> int:
    number = rule(op)
    try:
        return whole(number)
    except TypeError:
        raise CostError(f"rule for {_title(op)}: the function gave {number!r}, which is no whole number") from None


def _evaluated(op: OpRecord, formula: Expression) -> int:
    values = symbol_values(op)
    try:
        return formula.value(values)
    except NameError as error:
        there = ", ".join(values)
        raise CostError(f"rule for {_title(op)}: {error.name} is none of its symbols; there are: {there}") from None
    except ZeroDivisionError:
        raise CostError(f"rule for {_title(op)}: {formula.text} divides by zero where {_told(values)}") from None


def _title(op: OpRecord) -> str:
    return op.kind or op.function or op.op


def _told(values: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def symbol_values(op: OpRecord) -> dict[str, int]:
    """The symbols of an operation's formula with their values; ``n`` is always the output's size.

    Of an operation that no formula knows all outputs count; a known one hands statistics on beside its result.
    """
    values = dict(op.dims)
    if "n" not in values:
        results = op.outputs if op.kind is None else op.outputs[:1]
        values["n"] = sum(spec.numel for spec in results)
    return values


def _check(key: str, rule: Rule) -> None:
    if not isinstance(key, str):
        raise CostError(f"a rule is for a kind, an operation or an elementary operation, by its name; not {key!r}")
    known = (*CATALOGUE, *(f"{kind}_backward" for kind in FORMULAS), *CATEGORIES)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.9)
    if near and key not in known:
        raise CostError(f"there is no kind {key!r} to make a rule for; did you mean {near[0]!r}?")
    if rule == FOLDED and key != "batch_norm":
        raise CostError(f"only batch_norm can be {FOLDED!r} into the layer before it, not {key}")
    if key in CATEGORIES and not _is_number(rule):
        raise CostError(f"{key} is a kind of elementary operation; its rule is a whole number, not {rule!r}")
    if isinstance(rule, str):
        _check_formula(key, rule)
    elif not _is_number(rule) and not callable(rule):
        raise CostError(f"rule for {key}: give a number, a formula's text or a function, not {rule!r}")


def _is_number(rule: Rule) -> bool:
    return isinstance(rule, int) and not isinstance(rule, bool)


def _check_formula(key: str, rule: str) -> None:
    try:
        expression(rule)
    except FormulaError as error:
        raise CostError(f"rule for {key}: {error}") from None
