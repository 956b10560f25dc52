"""calflops, run on a probe: its `calculate_flops`, with the number of each module read just before it ends.

It runs on the CPU: on meta tensors the framework's own Python code would call the functions that calflops has replaced,
and be counted as well. `import calflops` needs transformers, for models that are not counted here; the module
that counts does not, so it is imported without the package around it.

It refuses a model without parameters. That is kept for the one probe that is about it; other models without
parameters are given one that nothing uses, since it does not change what is counted.
"""

from __future__ import annotations

import importlib
import sys
import types
from importlib.util import find_spec
from typing import Any
from unittest import mock

import torch
from figures import Figures
from patches import failed, layers_of, put_back
from probes import PROBES, Probe
from torch import nn

VERSION = "0.3.2"

EXCEPTIONS: dict[str, str] = {
    "no parameters": "it asks the first parameter for its device, and fails where there is none",
    "conv2d without batch": "it takes the channels for the batch, and stops where the rest does not fit",
    "layers made in forward/layers": "it counts a layer that a forward makes with the module around it",
}


def figures(probe: Probe) -> Figures:
    """Its FLOPs and parameters for a probe, and its FLOPs for each module."""
    tool = _tool()
    model, layers = probe.model(), {}
    spare = not any(True for _ in model.parameters()) and probe is not PROBES["no parameters"]
    if spare:
        model.spare = nn.Parameter(torch.zeros(()))
    end = tool.CalFlopsPipline.end_flops_calculate

    def read_and_end(pipeline: Any) -> None:
        layers.update(layers_of(model, sys.modules["calflops.utils"].get_module_flops))
        end(pipeline)

    with put_back(), mock.patch.object(tool.CalFlopsPipline, "end_flops_calculate", read_and_end):
        try:
            flops, _, params = tool.calculate_flops(
                model, args=list(probe.inputs()), print_results=False, output_as_string=False
            )
        except Exception as error:  # noqa: BLE001 -- whatever the tool raises is what it says
            return failed(error)
    return Figures(total=int(flops), params=None if spare else int(params), layers=layers)


def missing() -> str:
    """Why calflops cannot be run here, in words; empty where it can."""
    return "" if "calflops" in sys.modules or find_spec("calflops") is not None else "calflops is not installed"


def _tool() -> Any:
    """The module of calflops that counts."""
    if "calflops" not in sys.modules:
        spec = find_spec("calflops")
        if spec is None:
            raise ImportError(missing())
        package = types.ModuleType("calflops")
        package.__path__ = list(spec.submodule_search_locations or ())
        sys.modules["calflops"] = package
    return importlib.import_module("calflops.flops_counter")
