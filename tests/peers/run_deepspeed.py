"""DeepSpeed's flops profiler, run on a probe: its `get_model_profile`, and each module's number before it ends.

It runs on the CPU: on meta tensors the framework's own Python code would call the functions that the profiler has
replaced, and be counted as well. Installing deepspeed takes long, and may need a compiler; where it is not installed,
the variable NBCNNCOST_DEEPSPEED can name the folder of its unpacked source, of which the profiler's one file is then
loaded with stand-ins for what it imports: nothing of that counts.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import types
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from unittest import mock

from figures import Figures
from patches import failed, layers_of, put_back
from probes import Probe

VERSION = "0.19.8"

EXCEPTIONS: dict[str, str] = {
    "two parents/layers": "a shared layer's calls count together under each parent; here each call has its own row",
    "shared block/layers": "a shared layer's calls count together under each parent; here each call has its own row",
    "conv2d without batch": "it takes the channels for the batch, and stops where the rest does not fit",
    "layers made in forward/layers": "it counts a layer that a forward makes with the module around it",
}

_SOURCE = "NBCNNCOST_DEEPSPEED"
_FILE = Path("deepspeed/profiling/flops_profiler/profiler.py")


def figures(probe: Probe) -> Figures:
    """Its FLOPs and parameters for a probe, and its FLOPs for each module."""
    tool = _tool()
    model, layers = probe.model(), {}
    end = tool.FlopsProfiler.end_profile

    def read_and_end(profiler: Any) -> None:
        layers.update(layers_of(model, tool.get_module_flops))
        end(profiler)

    with put_back(), mock.patch.object(tool.FlopsProfiler, "end_profile", read_and_end):
        try:
            flops, _, params = tool.get_model_profile(
                model, args=list(probe.inputs()), print_profile=False, as_string=False, warm_up=0
            )
        except Exception as error:  # noqa: BLE001 -- whatever the tool raises is what it says
            return failed(error)
    return Figures(total=int(flops), params=int(params), layers=layers)


def missing() -> str:
    """Why the profiler cannot be run here, in words; empty where it can."""
    if find_spec("deepspeed") is not None or os.environ.get(_SOURCE):
        return ""
    return f"deepspeed is not installed, and {_SOURCE} does not name the folder of its unpacked source"


@lru_cache(maxsize=1)
def _tool() -> Any:
    """The profiler's module."""
    if missing():
        raise ImportError(missing())
    if find_spec("deepspeed") is not None:
        return importlib.import_module("deepspeed.profiling.flops_profiler.profiler")
    spec = spec_from_file_location("deepspeed_profiler", Path(os.environ[_SOURCE]) / _FILE)
    if spec is None or spec.loader is None:
        raise ImportError(f"{_SOURCE} does not name a folder with {_FILE}")
    module = module_from_spec(spec)
    with mock.patch.dict(sys.modules, _stand_ins()):
        spec.loader.exec_module(module)
    return module


def _stand_ins() -> Mapping[str, types.ModuleType]:
    """What the profiler's file imports: none of it takes part in counting these models."""
    accelerator = types.SimpleNamespace(synchronize=lambda: None)
    names: dict[str, dict[str, Any]] = {
        "deepspeed": {},
        "deepspeed.accelerator": {"get_accelerator": lambda: accelerator},
        "deepspeed.utils": {"logger": logging.getLogger("deepspeed")},
        "deepspeed.moe": {},
        "deepspeed.moe.layer": {"MoE": type("MoE", (), {})},
        "deepspeed.utils.timer": {f"{name}_GLOBAL_TIMER": name for name in ("FORWARD", "BACKWARD", "STEP")},
        "deepspeed.utils.torch": {"required_torch_version": lambda **_: True},
    }
    if find_spec("einops") is None:
        names["einops"] = {"einsum": lambda *_: None}
    modules = {name: types.ModuleType(name) for name in names}
    for name, module in modules.items():
        vars(module).update(names[name])
    return modules
