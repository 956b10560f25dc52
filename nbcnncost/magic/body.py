"""Running the cell below ``%%cnncost`` as if the magic's line were not there.

``shell.run_cell`` would not do: a body that fails would leave the cell ``ok``, its traceback printed twice.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from IPython.core.error import UsageError

from nbcnncost.errors import CostError

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SILENT_TOKENS = (tokenize.ENDMARKER, tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.DEDENT)


class CellSyntaxError(CostError):
    """A cell that Python cannot read, shown as IPython shows one without magic: its line, no traceback."""

    def __init__(self, error: SyntaxError, rendered: list[str]) -> None:
        super().__init__(str(error))
        self._rendered = rendered

    def _render_traceback_(self) -> list[str]:
        return self._rendered


@dataclass(frozen=True)
class Body:
    """What a cell did: the value of its last expression, the names it bound, and whether a ``;`` ends it."""

    value: Any
    bound: tuple[str, ...]
    silenced: bool


def run_body(shell: Any, cell: str) -> Body:
    """Execute the cell in the user's namespace; what it raises passes through."""
    __tracebackhide__ = True
    try:
        source = "\n" * _lines_above(shell, cell) + shell.transform_cell(cell)
        filename = shell.compile.cache(source, cell_number(shell))
        tree = shell.transform_ast(shell.compile.ast_parse(source, filename=filename))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        statements = _compiled(shell, tree, filename, "exec")
        expression = None if last is None else _compiled(shell, ast.Expression(last.value), filename, "eval")
    except SyntaxError as error:
        rendered = shell.SyntaxTB.structured_traceback(type(error), error, [])
        raise CellSyntaxError(error, rendered) from error
    before = dict(shell.user_ns)
    exec(statements, shell.user_global_ns, shell.user_ns)  # noqa: S102 -- running the user's cell is the point
    value = None
    if expression is not None:
        value = eval(expression, shell.user_global_ns, shell.user_ns)  # noqa: S307 -- the same
    names = [*_stored(tree), *(_stored(last) if last is not None else ())]
    names += [name for name, entry in shell.user_ns.items() if before.get(name, before) is not entry]
    bound = tuple(dict.fromkeys(name for name in names if name in shell.user_ns))
    return Body(value, bound, ends_silenced(source))


def cell_number(shell: Any) -> int:
    """The number of the running cell, for tracebacks; ``execution_count`` is one ahead in some IPythons."""
    return max(len(shell.history_manager.input_hist_raw) - 1, 0)


def ends_silenced(source: str) -> bool:
    """Whether the code ends in ``;``, not counting comments."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    last = next((token for token in reversed(tokens) if token.type not in _SILENT_TOKENS), None)
    return last is not None and last.string == ";"


def _lines_above(shell: Any, cell: str) -> int:
    """How many lines of the notebook's cell precede the body's first: other magics may stand above ours.

    IPython drops empty lines at the beginning of what it transforms; they count as well.
    """
    empty = re.match(r"(?:[ \t]*\n)*", cell)
    dropped = 0 if empty is None else empty[0].count("\n")
    whole, body = shell.history_manager.input_hist_raw[-1].rstrip(), cell.rstrip()
    above = whole.removesuffix(body).count("\n") if body and whole.endswith(body) else 1
    return above + dropped


def _compiled(shell: Any, tree: ast.AST, filename: str, mode: str) -> CodeType:
    """The code of a tree; ``await`` outside of functions needs the event loop, which runs this very cell."""
    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        code: CodeType = shell.compile(tree, filename, mode)
    if code.co_flags & inspect.CO_COROUTINE:
        raise UsageError("%%cnncost cannot await: put the await into a cell of its own, and use %cnncost below it")
    return code


def _stored(tree: ast.AST) -> Iterator[str]:
    """The names that the code binds itself, outside of functions and classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _SCOPES):
            if not isinstance(node, ast.Lambda):
                yield node.name
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif not isinstance(node, _COMPREHENSIONS):
            yield from _stored(node)
