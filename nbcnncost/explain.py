"""Where a number comes from: the formula in symbols, the same with its numbers, and the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nbcnncost.conventions import Convention, symbol_values
from nbcnncost.expressions import Expression, axes, expression, output_size_text
from nbcnncost.kinds import FORMULAS, SYMBOLS
from nbcnncost.layout import Place
from nbcnncost.records import OpRecord, ParamRecord, Trace
from nbcnncost.units import exact, shape_text


@dataclass(frozen=True)
class Line:
    """One number explained: ``symbols = numbers = result unit``.

    ``label`` says what the number is ("FLOPs", "parameters", "H_out"); ``result`` is ``None`` where no rule knows it.
    """

    label: str
    title: str
    symbols: str
    numbers: str
    result: int | None
    unit: str
    latex: str
    latex_numbers: str
    why: str = ""
    source: str = ""
    where: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        steps = [step for step in (self.symbols, self.numbers) if step]
        result = "?" if self.result is None else exact(self.result)
        shown = list(dict.fromkeys([*steps, result]))
        return " = ".join(shown)


@dataclass(frozen=True)
class Explanation:
    """The lines that explain one layer (or function): output size, parameters, and each operation's count."""

    path: str
    type: str
    settings: str
    convention: str
    unit: str
    lines: tuple[Line, ...]

    def __repr__(self) -> str:
        from nbcnncost.views.explain import text

        return text(self)

    def _repr_html_(self) -> str:
        from nbcnncost.views.explain import html

        return html(self)

    def _repr_latex_(self) -> str:
        from nbcnncost.views.explain import latex

        return latex(self)


def explain_place(trace: Trace, place: Place, convention: Convention) -> Explanation:
    """Explain a place that has operations of its own."""
    ops = [trace.ops[index] for index in place.ops]
    params = [trace.params[index] for index in place.params]
    lines = [*_sizes(ops), *_params(ops, params), *_counts(ops, convention)]
    return Explanation(place.path, place.type, place.settings, convention.name, convention.unit, tuple(lines))


def _counts(ops: list[OpRecord], convention: Convention) -> Iterator[Line]:
    """What each operation counts as; those that only move data are left out where others compute."""
    counted = [op for op in ops if convention.count(op) != 0] or ops[:1]
    for op in counted:
        formula = None if op.kind is None else FORMULAS[op.kind]
        title = op.function if formula is None else formula.title
        why = _unknown(op) if formula is None else formula.why
        source = "" if formula is None else formula.source
        if convention.rule(op) is not None:
            why, source = f"a rule of {convention.name}", convention.name
        shown = convention.expression(op)
        yield _line(convention.unit, title, shown, op, convention.count(op), convention.unit, why, source)


def _unknown(op: OpRecord) -> str:
    reason = f" ({op.reason})" if op.reason else ""
    name = op.function or op.op.rpartition(".")[0]
    return f"no rule knows this operation{reason}; give one: textbook.with_rules({{'{name}': '2 * n'}})"


def _line(
    label: str,
    title: str,
    shown: Expression | None,
    op: OpRecord,
    result: int | None,
    unit: str,
    why: str,
    source: str,
) -> Line:
    if shown is None:
        return Line(label, title, "", "", result, unit, "", "", why, source)
    values = symbol_values(op)
    sizes = {"n": op.outputs[0].shape if len(op.outputs) == 1 else ()}
    if op.inputs:
        sizes["n_in"] = op.inputs[0].shape
    sizes = {name: shape for name, shape in sizes.items() if _product_is(shape, values.get(name))}
    numbers = shown.numbers(values, sizes)
    return Line(
        label,
        title,
        shown.symbols(values),
        numbers,
        result,
        unit,
        shown.latex(values),
        _latex_numbers(numbers),
        why,
        source,
        _glossary(shown.symbols(values), values),
    )


def _product_is(shape: tuple[int, ...], value: int | None) -> bool:
    size = 1
    for extent in shape:
        size *= extent
    return len(shape) > 0 and size == value


def _latex_numbers(numbers: str) -> str:
    return numbers.replace("·", r" \cdot ").replace("−", "-").replace("⌊", r"\lfloor ").replace("⌋", r" \rfloor")


def _glossary(symbols: str, values: dict[str, int]) -> tuple[tuple[str, str, str], ...]:
    """The symbols that the shown formula uses, with their meaning and value."""
    for mark in "·+−/()⌊⌋ ":
        symbols = symbols.replace(mark, "\n")
    names = dict.fromkeys(name for name in symbols.split("\n") if name in values)
    return tuple((name, SYMBOLS.get(name, ""), exact(values[name])) for name in names)


def _sizes(ops: list[OpRecord]) -> Iterator[Line]:
    """The output size along each axis of a convolution or pooling, for one such operation."""
    op = next(
        (op for op in ops if dict(op.dims).keys() >= {f"{axis}_in" for axis in axes(op.spatial)} != set()),
        None,
    )
    if op is None:
        return
    values = dict(op.dims)
    for axis in axes(op.spatial):
        shown = expression(output_size_text(axis))
        name = f"{axis}_out"
        if f"S_{axis.lower()}" in values and shown.value(values) == values[name]:
            why = "how often the window fits"
            yield _line(name, "output size", shown, op, values[name], "", why, FORMULAS["convolution"].source)


def _params(ops: list[OpRecord], params: list[ParamRecord]) -> Iterator[Line]:
    """The parameters by their formula where the layer's kind has one that gives this number, else by shapes."""
    total = sum(param.numel for param in params)
    if not params:
        return
    for op in ops:
        text = None if op.kind is None else FORMULAS[op.kind].params
        if text is not None and op.kind is not None:
            shown = expression(text, op.spatial)
            if shown.value(dict(op.dims)) == total:
                yield _line("parameters", "parameters", shown, op, total, "", "", FORMULAS[op.kind].source)
                return
    symbols = " + ".join(param.name.rpartition(".")[2] for param in params)
    numbers = " + ".join(shape_text(param.shape).replace("×", "·") if param.shape else "1" for param in params)
    latex = symbols.replace("_", r"\_")
    yield Line("parameters", "parameters", symbols, numbers, total, "", rf"\text{{{latex}}}", _latex_numbers(numbers))
