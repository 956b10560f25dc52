"""How long a report takes, against running the model for real and on meta tensors: ratios from one run.

Counting again is timed in every convention; what is printed is the slowest one.

python benchmarks/speed.py resnet50 densenet121 vit_b_16
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import torch
import torchvision

from nbcnncost import Report, cost
from nbcnncost.conventions import CONVENTIONS

MODELS = ["resnet18", "resnet50", "mobilenet_v3_large", "densenet121", "vit_b_16", "swin_t"]
SIZE = (1, 3, 224, 224)


def seconds(action: Callable[[], Any], times: int = 7) -> float:
    """The quickest of several runs, after one that is not counted: what other programs take is in the slower ones."""
    action()
    taken = []
    for _ in range(times):
        begin = perf_counter()
        action()
        taken.append(perf_counter() - begin)
    return min(taken)


def _total(make: Callable[[], Report]) -> int | None:
    """A report counts when it is asked."""
    return make().total.count


def main(names: list[str]) -> None:
    """One line for each model."""
    heads = f"{'for real / report':>18} {'on meta / report':>17} {'counting again / report':>24}"
    print(f"{'model':20} {'report':>9} {heads}  slowest in")
    for name in names:
        model = torchvision.models.get_model(name).eval()
        on_meta = torchvision.models.get_model(name).eval().to("meta")
        with torch.no_grad():
            real = seconds(partial(model, torch.zeros(SIZE)), 3)
            meta = seconds(partial(on_meta, torch.zeros(SIZE, device="meta")))
        report = cost(model, SIZE)
        whole = seconds(partial(_total, partial(cost, model, SIZE)))
        again, slowest = max(
            (seconds(partial(_total, partial(report.counted_as, convention))), convention) for convention in CONVENTIONS
        )
        ratios = f"{real / whole:>18.1f} {meta / whole:>17.2f} {again / whole:>24.3f}  {slowest}"
        print(f"{name:20} {1000 * whole:>6.1f} ms {ratios}")


if __name__ == "__main__":
    main(sys.argv[1:] or MODELS)
