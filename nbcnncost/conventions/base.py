"""A convention: what one operation counts as. It is a plain value; changing a rule gives another convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from nbcnncost.catalogue import CATALOGUE
from nbcnncost.errors import CostError
from nbcnncost.expressions import Expression, FormulaError, expression
from nbcnncost.records import OpRecord
from nbcnncost.work import CATEGORIES, Work

#: A rule: operations per output element, a formula's text, or a function of the recorded operation.
Rule = int | str | Callable[[OpRecord], int]
_NOTHING = Work()


@dataclass(frozen=True)
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

    def __reduce__(self) -> tuple[Any, ...]:
        """Read-only mappings cannot be copied or pickled; plain ones can."""
        return _remade, (self.name, self.title, self.unit, dict(self.weights), dict(self.rules), self.doc)

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
        if callable(rule):
            return rule(op)
        return self._expression(op, rule).value(symbol_values(op))

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
        return next((self.rules[name] for name in names if name is not None and name in self.rules), None)

    def with_rules(self, rules: Mapping[str, Rule], name: str | None = None) -> Convention:
        """A new convention that differs in these rules.

        A key is a kind (``"batch_norm"``), an operation (``"aten.erfinv.default"``, ``"my_function"``) or an
        elementary operation (``"specials"``, ``"bias_additions"``), whose weight it then sets. A value is a number
        (per output element), a formula's text in the kind's symbols, or a function of the ``OpRecord``.

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

    def _expression(self, op: OpRecord, rule: int | str) -> Expression:
        text = f"{rule} * n" if isinstance(rule, int) else rule
        return expression("n" if text == "1 * n" else text, op.spatial)


def _remade(name: str, title: str, unit: str, weights: dict[str, int], rules: dict[str, Rule], doc: str) -> Convention:
    return Convention(name, title, unit, MappingProxyType(weights), MappingProxyType(rules), doc)


def symbol_values(op: OpRecord) -> dict[str, int]:
    """The symbols of an operation's formula with their values; ``n`` is always the output's size."""
    values = dict(op.dims)
    values.setdefault("n", sum(spec.numel for spec in op.outputs))
    return values


def _check(key: str, rule: Rule) -> None:
    if key in CATEGORIES:
        if not isinstance(rule, int):
            raise CostError(f"{key} is a kind of elementary operation; its rule is a whole number, not {rule!r}")
        return
    if isinstance(rule, str):
        try:
            expression(rule)
        except FormulaError as error:
            raise CostError(f"rule for {key}: {error}") from None
    elif not isinstance(rule, int) and not callable(rule):
        raise CostError(f"rule for {key}: give a number, a formula's text or a function, not {rule!r}")
