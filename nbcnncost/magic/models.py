"""Which model is meant: the one that is named, or the one that the cell makes.

A Module can only be there when torch is, so torch is looked up, never imported.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from IPython.core.error import UsageError

from nbcnncost.magic.body import Body, cell_number

_MOST_NAMES = 6


def named_model(shell: Any, expression: str, scope: Mapping[str, Any]) -> Any:
    """The value of the expression in the user's namespace, ``scope`` being that of a calling function."""
    __tracebackhide__ = True
    source = expression.strip()
    code = compile(source, shell.compile.cache(source, cell_number(shell)), "eval")
    try:
        return eval(code, shell.user_global_ns, dict(scope))  # noqa: S307 -- the user's own words
    except Exception as error:
        if not _raised_by_expression(error):
            raise
        raise UsageError(_cannot_evaluate(source, error, {**shell.user_ns, **scope})) from None


def model_of_body(body: Body, namespace: Mapping[str, Any]) -> Any:
    """The last expression's Module, else the only one that the cell made."""
    if is_module(body.value):
        return body.value
    made = _distinct({name: namespace[name] for name in body.bound if is_module(namespace[name])})
    meant = made if len(made) == 1 else _whole_ones(made)
    if len(meant) == 1:
        return next(iter(meant.values()))
    if meant:
        raise UsageError(f"the cell makes {len(meant)} models: name one, as in {_example(meant)}; {_there_are(meant)}")
    classes = [name for name in body.bound if is_module_class(namespace[name])]
    if is_module_class(body.value):
        classes.append(body.value.__name__)
    if classes:
        name = classes[-1]
        raise UsageError(f"{name} is a class: call it, as in net = {name}(), or name a model, as in %%cnncost net")
    raise UsageError(f"the cell makes no model (torch.nn.Module): {_how_to_name(namespace, '%%cnncost')}")


def no_model_named(namespace: Mapping[str, Any]) -> UsageError:
    """The error for a line magic without a model."""
    return UsageError(f"no model is given: {_how_to_name(namespace, '%cnncost')}")


def is_module(value: Any) -> bool:
    """Whether the value is a ``torch.nn.Module``."""
    module = _module_class()
    return module is not None and isinstance(value, module)


def is_module_class(value: Any) -> bool:
    """Whether the value is a class of Modules."""
    module = _module_class()
    return module is not None and isinstance(value, type) and issubclass(value, module)


def modules_in(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The Modules by their names, without IPython's own variables for earlier results."""
    return {name: entry for name, entry in namespace.items() if not name.startswith("_") and is_module(entry)}


def _module_class() -> type | None:
    found = getattr(sys.modules.get("torch.nn"), "Module", None)
    return found if isinstance(found, type) else None


def _distinct(modules: Mapping[str, Any]) -> dict[str, Any]:
    """One name for each Module, the first."""
    names: dict[int, str] = {}
    for name, module in modules.items():
        names.setdefault(id(module), name)
    return {name: modules[name] for name in names.values()}


def _whole_ones(modules: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are no part of another one and, if some have parameters, not without: a loss is no model."""
    parts = {id(part) for module in modules.values() for part in module.modules() if part is not module}
    whole = {name: module for name, module in modules.items() if id(module) not in parts}
    weighty = {name: module for name, module in whole.items() if next(iter(module.parameters()), None) is not None}
    return weighty or whole


def _raised_by_expression(error: Exception) -> bool:
    """Whether the expression itself is wrong, and not the user's code that it calls."""
    here = error.__traceback__
    own = here.tb_next if here is not None else None
    called: TracebackType | None = own.tb_next if own is not None else None
    if called is None:
        return True
    return called.tb_next is None and called.tb_frame.f_code.co_name in ("__getattr__", "__getitem__")


def _cannot_evaluate(source: str, error: Exception, namespace: Mapping[str, Any]) -> str:
    if isinstance(error, NameError):
        name = getattr(error, "name", None) or source
        models = modules_in(namespace)
        near = difflib.get_close_matches(name, models or namespace, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; {_there_are(models)}" if models else ""
        return f"there is no {name}{hint}"
    return f"{source}: {type(error).__name__}: {error}"


def _how_to_name(namespace: Mapping[str, Any], magic: str) -> str:
    modules = _distinct(modules_in(namespace))
    if modules:
        return f"name one, as in {_example(modules, magic)}; {_there_are(modules)}"
    return f"make one, as in net = Net(), and name it, as in {magic} net"


def _example(modules: Iterable[str], magic: str = "%%cnncost") -> str:
    return f"{magic} {next(iter(modules))}"


def _there_are(modules: Iterable[str]) -> str:
    names = list(modules)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"there are {', '.join(names[:_MOST_NAMES])}{more}" if len(names) > 1 else f"there is {names[0]}"
