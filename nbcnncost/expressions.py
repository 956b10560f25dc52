"""Formulas as text that can be evaluated, shown in symbols, and shown with numbers: one definition for all three.

An expression is written with ``+ - * / //``, whole numbers and symbols: ``"N * OUT * (C_in / g) * C_out * K"``.
Five words stand for products that depend on the number of spatial dimensions: ``OUT`` (output positions),
``IN`` (input positions), ``K`` (kernel elements), ``X`` (positions where input and output agree) and
``WINDOWS`` (the sums of the window sizes, where windows differ): for two dimensions ``OUT`` is ``H_out * W_out``.

Division with ``/`` is exact: the numbers it is used for (channels by groups) divide without a remainder;
``//`` rounds down and shows it: ``⌊…⌋``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeGuard

_AXES = {0: (), 1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
_SHORT = {"L": "l", "D": "d", "H": "h", "W": "w"}
_NAMES: dict[str, Callable[[str], str]] = {
    "OUT": lambda axis: f"{axis}_out",
    "IN": lambda axis: f"{axis}_in",
    "K": lambda axis: f"K_{_SHORT[axis]}",
    "WINDOWS": lambda axis: f"ΣK_{_SHORT[axis]}",
    "X": lambda axis: axis,
    "S": lambda axis: f"S_{_SHORT[axis]}",
    "P": lambda axis: f"P_{_SHORT[axis]}",
    "D": lambda axis: f"D_{_SHORT[axis]}",
    "O": lambda axis: f"O_{_SHORT[axis]}",
}
#: The words that stand for a product in a formula.
_WORDS = {word: name for word, name in _NAMES.items() if word not in ("S", "P", "D", "O")}
#: Symbols that a reader does not need to see where they are 1: one image, one group, one leading row.
_SILENT_AT_ONE = frozenset(
    {"N", "B", "g", "G", "b", "n_sum", "n_w", "clip", "mirror", "mask", "aligned", "widened", "squared"}
)
#: Symbols that make their term vanish where they are 0: what is not there.
_ABSENT_AT_ZERO = frozenset({"b", "n_sum", "n_w", "s", "Q", "clip", "mirror", "mask", "aligned", "widened", "squared"})
_LEVELS: dict[type[ast.operator], int] = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 3, ast.FloorDiv: 3}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: " + ",
    ast.Sub: " − ",
    ast.Mult: "·",
    ast.Div: "/",
    ast.FloorDiv: "/",
}
_LATEX_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: " + ",
    ast.Sub: " - ",
    ast.Mult: r" \cdot ",
    ast.Div: "/",
    ast.FloorDiv: "/",
}


class FormulaError(ValueError):
    """A formula's text cannot be read."""


def axes(spatial: int) -> tuple[str, ...]:
    """The letters of the spatial dimensions: ``("H", "W")`` for two."""
    return _AXES[spatial]


def named(word: str, values: tuple[int, ...]) -> dict[str, int]:
    """The symbols that a word such as ``OUT`` expands to, with their values.

    >>> named("OUT", (56, 28))
    {'H_out': 56, 'W_out': 28}
    """
    return {_NAMES[word](axis): value for axis, value in zip(_AXES[len(values)], values, strict=True)}


@dataclass(frozen=True)
class Expression:
    r"""One formula text for one number of spatial dimensions, ready to be evaluated and shown.

    >>> e = expression("2 * N * OUT * (C_in / g) * C_out", spatial=2)
    >>> dims = {"N": 1, "H_out": 4, "W_out": 5, "C_in": 6, "g": 2, "C_out": 8}
    >>> e.value(dims), e.symbols(dims), e.numbers(dims)
    (960, '2·H_out·W_out·(C_in/g)·C_out', '2·4·5·(6/2)·8')
    >>> e.latex(dims)
    '2 \\cdot H_{out} \\cdot W_{out} \\cdot (C_{in}/g) \\cdot C_{out}'
    """

    text: str
    tree: ast.expr
    code: Any

    def value(self, dims: Mapping[str, int]) -> int:
        """The number, exactly."""
        return int(eval(self.code, {"__builtins__": {}}, dict(dims)))  # noqa: S307 -- _check lets only arithmetic in

    def symbols(self, dims: Mapping[str, int]) -> str:
        """The formula in symbols; factors that say nothing here (one image, one group) are left out."""
        return _render(_simplify(self.tree, dims), _OPERATORS, str)

    def numbers(self, dims: Mapping[str, int], sizes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> str:
        """The same with each symbol's value in its place; ``sizes`` shows a symbol as a product (a shape)."""

        def number(name: str) -> str:
            return "·".join(map(str, sizes[name])) if sizes.get(name) else str(dims[name])

        return _render(_simplify(self.tree, dims), _OPERATORS, number)

    def latex(self, dims: Mapping[str, int]) -> str:
        """The formula in symbols as LaTeX, without dollar signs."""
        return _render(_simplify(self.tree, dims), _LATEX_OPERATORS, latex_symbol)


@lru_cache(maxsize=4096)
def expression(text: str, spatial: int = 0) -> Expression:
    """Read a formula's text; raises :class:`FormulaError` with the place that cannot be read."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"cannot read the formula {text!r}: {error.msg}") from None
    _check(tree, text)
    tree = _Expand(spatial).visit(tree)
    exact = _ExactDivision().visit(ast.parse(ast.unparse(tree), mode="eval"))
    return Expression(text, tree, compile(ast.fix_missing_locations(exact), "<formula>", "eval"))


def latex_symbol(name: str) -> str:
    """A symbol as LaTeX: ``H_out`` becomes ``H_{out}``."""
    head, _, tail = name.replace("Σ", r"\Sigma ").partition("_")
    return f"{head}_{{{tail}}}" if tail else head


def _check(tree: ast.expr, text: str) -> None:
    """Only arithmetic is allowed: a formula comes from users too, and is evaluated."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            continue
        if isinstance(node, (ast.BinOp, ast.Name, ast.Load, *_OPERATORS)):
            continue
        raise FormulaError(f"a formula has only + - * / //, whole numbers and symbols; not so {text!r}")


class _Expand(ast.NodeTransformer):
    """Puts the product of the spatial symbols in place of OUT, IN, K, X and WINDOWS."""

    def __init__(self, spatial: int) -> None:
        self.spatial = spatial

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in _WORDS:
            return node
        factors = [_WORDS[node.id](axis) for axis in _AXES[self.spatial]]
        return ast.parse(" * ".join(factors) or "1", mode="eval").body


class _ExactDivision(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            node.op = ast.FloorDiv()
        return node


def _simplify(tree: ast.expr, dims: Mapping[str, int]) -> ast.expr:  # noqa: PLR0911 -- one rule a line
    """Leave out what says nothing: factors 1, and terms that a factor 0 (no bias) makes vanish."""
    if not isinstance(tree, ast.BinOp):
        silent = isinstance(tree, ast.Name) and tree.id in _SILENT_AT_ONE and dims[tree.id] == 1
        absent = isinstance(tree, ast.Name) and tree.id in _ABSENT_AT_ZERO and dims[tree.id] == 0
        return ast.Constant(1) if silent else ast.Constant(0) if absent else tree
    left, right = _simplify(tree.left, dims), _simplify(tree.right, dims)
    if isinstance(tree.op, ast.Mult):
        if _is(left, 0) or _is(right, 0):
            return ast.Constant(0)
        if _is(left, 1) or _is(right, 1):
            return right if _is(left, 1) else left
    if isinstance(tree.op, ast.Div) and _is(right, 1):
        return left
    if isinstance(tree.op, (ast.Add, ast.Sub)) and _is(right, 0):
        return left
    if isinstance(tree.op, ast.Add) and _is(left, 0):
        return right
    return ast.BinOp(left, tree.op, right)


def _is(tree: ast.expr, number: int) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == number


def _wants_brackets(side: ast.expr) -> TypeGuard[ast.BinOp]:
    """Brackets may be needed around an operation, but ⌊…⌋ has its own.

    A quotient inside a product keeps its brackets too: (C_in/g)·C_out cannot be misread.
    """
    return isinstance(side, ast.BinOp) and not isinstance(side.op, ast.FloorDiv)


def output_size_text(axis: str) -> str:
    """The formula of a window's output size along an axis (``"H"``)."""
    short = _SHORT[axis]
    return f"({axis}_in + 2 * P_{short} - D_{short} * (K_{short} - 1) - 1) // S_{short} + 1"


def transposed_size_text(axis: str) -> str:
    """The formula of a transposed convolution's output size along an axis: where its last window ends."""
    short = _SHORT[axis]
    return f"({axis}_in - 1) * S_{short} - 2 * P_{short} + D_{short} * (K_{short} - 1) + O_{short} + 1"


def _render(tree: ast.expr, operators: Mapping[type[ast.operator], str], symbol: Callable[[str], str]) -> str:
    if isinstance(tree, ast.Constant):
        return str(tree.value)
    if isinstance(tree, ast.Name):
        return symbol(tree.id)
    if not isinstance(tree, ast.BinOp):
        raise FormulaError(f"not arithmetic: {ast.dump(tree)}")
    level = _LEVELS[type(tree.op)]
    left, right = (_render(side, operators, symbol) for side in (tree.left, tree.right))
    if _wants_brackets(tree.left) and _LEVELS[type(tree.left.op)] != level > 1:
        left = f"({left})"
    if _wants_brackets(tree.right):
        inner = _LEVELS[type(tree.right.op)]
        associative = inner == level and isinstance(tree.op, (ast.Add, ast.Mult))
        right = right if associative or (level == 1 and inner > 1) else f"({right})"
    text = f"{left}{operators[type(tree.op)]}{right}"
    if isinstance(tree.op, ast.FloorDiv):
        return rf"\lfloor {text} \rfloor" if operators is _LATEX_OPERATORS else f"⌊{text}⌋"
    return text
