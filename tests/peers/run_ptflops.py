"""ptflops itself, run on a probe with its backend ``pytorch``."""

from __future__ import annotations

import contextlib
import inspect
import io
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from unittest import mock

from figures import Figures
from probes import Probe

from nbcnncost.conventions.ptflops import heard_in_layers, ptflops

VERSION = "0.7.5"
#: It shows for single layers what their hooks count, and adds functions to the total only.
LAYERS = replace(ptflops, hears=heard_in_layers)


def figures(probe: Probe) -> Figures:
    """What ``get_model_complexity_info`` gives; it prints the numbers of layers rounded, so they are read before."""
    from ptflops import get_model_complexity_info

    model, layers = probe.model(), {}
    said = io.StringIO()

    def read(counted: Any, *args: Any, **options: Any) -> None:
        layers.update(_layers(counted))

    with mock.patch("ptflops.pytorch_engine.print_model_with_flops", read), contextlib.redirect_stdout(said):
        total, params = get_model_complexity_info(
            model,
            (1,),
            as_strings=False,
            input_constructor=lambda _: _inputs(probe),
            backend="pytorch",
        )
    if total is None:
        return Figures(None, error=said.getvalue().splitlines()[1])
    return Figures(total, params, layers)


def _inputs(probe: Probe) -> Any:
    """One input by itself, several by their names: it takes nothing else."""
    inputs = probe.inputs()
    if len(inputs) == 1:
        return inputs[0]
    return dict(zip(inspect.signature(probe.model().forward).parameters, inputs, strict=False))


def _layers(model: Any) -> dict[str, int]:
    from ptflops.pytorch_engine import accumulate_flops

    modules = dict(model.named_modules(remove_duplicate=False))
    for module in modules.values():
        module.accumulate_flops = accumulate_flops.__get__(module)
    counted = {path: module.accumulate_flops() / model.__batch_counter__ for path, module in modules.items()}
    return {path: int(number) for path, number in counted.items() if number}


EXCEPTIONS = MappingProxyType({})
