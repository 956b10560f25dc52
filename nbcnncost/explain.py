"""Where a number comes from: the formula in symbols, the same with its numbers, and the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nbcnncost.conventions import Convention, Reckoned, symbol_values
from nbcnncost.expressions import axes, expression, output_size_text
from nbcnncost.kinds import FORMULAS
from nbcnncost.layout import Place
from nbcnncost.records import OpRecord, ParamRecord, Trace
from nbcnncost.symbols import SYMBOLS
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
    lang: str = "en"

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
    lines = [
        *_sizes(ops),
        *_params(ops, params),
        *_integer_macs(ops, convention),
        *_counts(trace, place.ops, convention),
        *_step(trace, place.step, convention),
    ]
    return Explanation(place.path, place.type, place.settings, convention.name, convention.unit, tuple(lines))


def _integer_macs(ops: list[OpRecord], convention: Convention) -> Iterator[Line]:
    """The multiply-accumulates of whole numbers, where the convention's own number leaves them out."""
    for op in ops:
        formula = FORMULAS.get(op.kind or "")
        if formula is not None and formula.work(op.dims, op.spatial).integer_macs and convention.count(op) == 0:
            shown, values = expression(formula.text({"integer_macs": 1}), op.spatial), symbol_values(op)
            entry = Reckoned(shown.value(values), shown, values, formula.title, formula.why, formula.source)
            yield _line("integer MACs", op, entry, "integer MACs")


def _counts(trace: Trace, indices: tuple[int, ...], convention: Convention) -> Iterator[Line]:
    """What each operation counts as; those that only move data are left out where others compute."""
    reckoned = [(trace.ops[index], entry) for index in indices for entry in convention.reckon(trace, index)]
    counted = [pair for pair in reckoned if pair[1].number != 0] or reckoned[:1]
    for op, entry in counted:
        yield _line(convention.unit, op, entry, convention.unit)


#: What the parts of a training step are called.
_PHASES = MappingProxyType(
    {
        "recomputed": "computed again",
        "backward_inputs": "backward",
        "backward_weights": "backward",
        "optimizer": "optimizer",
    }
)


def _step(trace: Trace, indices: tuple[int, ...], convention: Convention) -> Iterator[Line]:
    """The same for what a training step does besides the forward."""
    if trace.training is None or not convention.counts_steps:
        return
    for index in indices:
        op = trace.training.ops[index]
        for entry in convention.reckon_step(trace, index):
            if entry.number != 0:
                yield _line(f"{_PHASES[op.phase]} {convention.unit}", op, entry, convention.unit)


def _line(label: str, op: OpRecord, entry: Reckoned, unit: str) -> Line:
    shown, values = entry.expression, entry.values
    if shown is None:
        return Line(label, entry.title, "", "", entry.number, unit, "", "", entry.why, entry.source)
    sizes = {"n": op.outputs[0].shape if len(op.outputs) == 1 else ()}
    if op.inputs:
        sizes["n_in"] = op.inputs[0].shape
    sizes = {name: shape for name, shape in sizes.items() if _product_is(shape, values.get(name))}
    numbers = shown.numbers(values, sizes)
    return Line(
        label,
        entry.title,
        shown.symbols(values),
        numbers,
        entry.number,
        unit,
        shown.latex(values),
        _latex_numbers(numbers),
        entry.why,
        entry.source,
        _glossary(shown.symbols(values), values),
    )


def _product_is(shape: tuple[int, ...], value: int | None) -> bool:
    size = 1
    for extent in shape:
        size *= extent
    return len(shape) > 0 and size == value


def _latex_numbers(numbers: str) -> str:
    return numbers.replace("·", r" \cdot ").replace("−", "-").replace("⌊", r"\lfloor ").replace("⌋", r" \rfloor")


def _glossary(symbols: str, values: Mapping[str, int]) -> tuple[tuple[str, str, str], ...]:
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
    if op is None or op.kind == "transposed_convolution":  # whose window does not move along the input
        return
    values = dict(op.dims)
    for axis in axes(op.spatial):
        shown = expression(output_size_text(axis))
        name = f"{axis}_out"
        if f"S_{axis.lower()}" in values and shown.value(values) == values[name]:
            why, source = "how often the window fits", FORMULAS["convolution"].source
            yield _line(name, op, Reckoned(values[name], shown, values, "output size", why, source), "")


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
                entry = Reckoned(total, shown, symbol_values(op), "parameters", "", FORMULAS[op.kind].source)
                yield _line("parameters", op, entry, "")
                return
    symbols = " + ".join(param.name.rpartition(".")[2] for param in params)
    numbers = " + ".join(shape_text(param.shape).replace("×", "·") if param.shape else "1" for param in params)
    latex = symbols.replace("_", r"\_")
    yield Line("parameters", "parameters", symbols, numbers, total, "", rf"\text{{{latex}}}", _latex_numbers(numbers))
