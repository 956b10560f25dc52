"""Print what other tools say of ResNet-50: the table in README.md.

Needs the tools themselves:
pip install torchinfo==1.8.0 fvcore==0.1.5.post20221221 ptflops==0.7.5 thop==0.1.1.post2209072238
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torchvision

from nbcnncost import cost

SIZE = (1, 3, 224, 224)


def _torchinfo(model: Any) -> int:
    return int(importlib.import_module("torchinfo").summary(model, SIZE, verbose=0).total_mult_adds)


def _fvcore(model: Any) -> int:
    analysis = importlib.import_module("fvcore.nn").FlopCountAnalysis(model, torch.zeros(SIZE))
    return int(analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def _ptflops(model: Any) -> int:
    count = importlib.import_module("ptflops").get_model_complexity_info
    return int(count(model, SIZE[1:], as_strings=False, print_per_layer_stat=False, backend="pytorch")[0])


def _thop(model: Any) -> int:
    total = importlib.import_module("thop").profile(model, (torch.zeros(SIZE),), verbose=False)[0]
    left = sum("total_ops" in name for name in model.state_dict())
    print(f"  thop left {left} buffers in the state_dict")
    return int(total)


def _flop_counter_mode(model: Any) -> int:
    with importlib.import_module("torch.utils.flop_counter").FlopCounterMode(display=False) as counter:
        model(torch.zeros(SIZE))
    return int(counter.get_total_flops())


TOOLS: dict[str, Callable[[Any], int]] = {
    "nbcnncost macs": lambda model: cost(model, SIZE).total.macs or 0,
    "nbcnncost textbook": lambda model: cost(model, SIZE).total.flops or 0,
    "torchinfo": _torchinfo,
    "fvcore": _fvcore,
    "ptflops": _ptflops,
    "thop": _thop,
    "FlopCounterMode": _flop_counter_mode,
}


def main() -> None:
    """One line for each tool; a missing one is named."""
    logging.disable()
    warnings.simplefilter("ignore")
    for name, count in TOOLS.items():
        model = torchvision.models.resnet50().eval()
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                total = f"{count(model):,}"
        except ModuleNotFoundError as missing:
            total = f"not installed ({missing.name})"
        print(f"{name:20} {total:>15}")
        print("".join(line for line in said.getvalue().splitlines(keepends=True) if line.startswith("  thop")), end="")


if __name__ == "__main__":
    main()
