"""Where a module's class is written: its file by its dotted name, its line, and its forward."""

from __future__ import annotations

import inspect
import linecache
import re
import sys
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from IPython import get_ipython

from nbcnncost.views.strings import clean

#: A forward longer than this is shown by its beginning.
_MOST_LINES = 40
#: Where the framework makes a class at run time, whose base is the layer's own.
_MADE = "torch.nn.utils.parametrize"


def source_of(kind: type, *, with_forward: bool = False) -> dict[str, Any] | None:
    """A class's ``file``, ``line`` and first line of ``code``, and the text of its ``forward`` where asked for.

    ``None`` for a class that no Python file or cell holds. Folders of this machine are not told.
    """
    kind = kind.__bases__[0] if kind.__module__ == _MADE and kind.__bases__ else kind
    found = _by_its_functions(kind) or _by_inspection(kind)
    if found is None:
        return None
    file, line, code = found
    made = {"file": _short(file, kind), "line": line, "code": clean(code.strip())}
    forward = _forward(kind) if with_forward else None
    return made if forward is None else {**made, "forward": forward}


def class_named(full: str) -> type | None:
    """The class of that dotted name, if its module is loaded: nothing is imported."""
    module, _, name = full.rpartition(".")
    while module and module not in sys.modules:
        module, _, outer = module.rpartition(".")
        name = f"{outer}.{name}"
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None


def _by_its_functions(kind: type) -> tuple[str, int, str] | None:
    """The nearest ``class`` line above one of its functions: much quicker than to parse a whole file."""
    start = re.compile(rf"\s*class\s+{re.escape(kind.__name__)}\b")
    for function in _functions(kind):
        code = function.__code__
        lines = linecache.getlines(code.co_filename)
        for number in range(min(code.co_firstlineno, len(lines)), 0, -1):
            if start.match(lines[number - 1]):
                return code.co_filename, number, lines[number - 1]
    return None


def _by_inspection(kind: type) -> tuple[str, int, str] | None:
    try:
        lines, start = inspect.getsourcelines(kind)
        file = inspect.getsourcefile(kind) or ""
    except (OSError, TypeError):
        return None
    place = next((place for place, line in enumerate(lines) if line.lstrip().startswith("class ")), 0)
    return file, start + place, lines[place]


def _functions(kind: type) -> Iterator[FunctionType]:
    """The functions written in a class's body."""
    for value in vars(kind).values():
        plain = inspect.unwrap(value) if callable(value) else value
        if isinstance(plain, FunctionType) and plain.__qualname__.startswith(f"{kind.__qualname__}."):
            yield plain


def _forward(kind: type) -> str | None:
    """The text of a class's forward, its own or its base's, without the indentation it has there."""
    function = inspect.unwrap(getattr(kind, "forward", None) or _forward)
    if (
        not isinstance(function, FunctionType)
        or function is _forward
        or function.__module__ == "torch.nn.modules.module"
    ):
        return None
    try:
        lines = textwrap.dedent(inspect.getsource(function)).splitlines()
    except (OSError, TypeError):
        return None
    more = ["    …"] if len(lines) > _MOST_LINES else []
    return "\n".join(clean(line) for line in (*lines[:_MOST_LINES], *more))


def _short(file: str, kind: type) -> str:
    """The cell that holds a class, else its module's dotted name."""
    shell = get_ipython()
    name = getattr(getattr(shell, "compile", None), "format_code_name", lambda file: None)(file)
    if name is not None:
        return " ".join(name)
    return "a notebook cell" if file.startswith("<ipython") else kind.__module__
