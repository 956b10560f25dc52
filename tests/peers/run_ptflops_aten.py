"""ptflops with its aten backend, run on a probe: for real, since what it hears is how a CPU does it.

It prints what each child of the model counts, and nothing below.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from typing import Any

from figures import Figures
from probes import FAMILIES, Probe

VERSION = "0.7.5"

#: Models with more than one level of modules.
#: It prints the model's own children: of models whose layers stand deeper these are no layers' numbers.
CHILDREN_ONLY = True
DEEP = (*FAMILIES, "encoder layer", "two parents", "shared block", "layers in lists", "layers made in forward")
EXCEPTIONS: dict[str, str] = {f"{name}/layers": "it has numbers for the model's own children only" for name in DEEP}


def figures(probe: Probe) -> Figures:
    """Its total, its number of parameters, and its number for each child of the model."""
    from ptflops import get_model_complexity_info

    model, inputs = probe.model(), probe.inputs()

    def given(_: Any) -> Any:
        names = inspect.signature(model.forward).parameters
        return inputs[0] if len(inputs) == 1 else dict(zip(names, inputs, strict=True))

    said, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(errors), contextlib.redirect_stderr(errors):
        total, params = get_model_complexity_info(
            model, (1,), as_strings=False, backend="aten", input_constructor=given, flops_units="Mac", ost=said
        )
    if total is None:
        return Figures(None, error=errors.getvalue().strip().splitlines()[-1])
    return Figures(total, params, _children(said.getvalue()))


def _children(said: str) -> dict[str, int]:
    """The sums of what is printed below each ``Module:  name``, in lines such as ``aten.mm: 128 Mac``."""
    sums: dict[str, int] = {}
    name = "Global"
    for line in said.splitlines():
        head, _, tail = line.partition(":")
        if head == "Module":
            name = tail.strip()
        elif tail.endswith(" Mac") and name != "Global":
            sums[name] = sums.get(name, 0) + int(tail.removesuffix(" Mac"))
    return {name: number for name, number in sums.items() if number}
