"""Write what the panel's front end is given as JSON, to build it against: ``python tools/panel_sample.py FOLDER``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from torch import nn

from nbcnncost.api import attempt
from nbcnncost.panel.payload import table_of
from nbcnncost.report import Report


class Tiny(nn.Module):
    """A convolution that runs twice, a function, and a layer that nothing calls."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.block = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
        self.spare = nn.Linear(5, 5)
        self.head = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Twice the same convolution, then the block."""
        x = self.conv(torch.relu(self.conv(x)))
        out: torch.Tensor = self.head(self.block(x).mean((2, 3)))
        return out


class Unknown(nn.Module):
    """An operation that no rule knows, between what is known."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A factorization."""
        factors: torch.Tensor = torch.linalg.qr(self.fc(x)).R
        return factors.abs()


def deep() -> nn.Module:
    """5000 layers in 50 stages of 20 blocks."""
    return nn.Sequential(*(nn.Sequential(*map(_block, range(20))) for _ in range(50)))


def _block(number: int) -> nn.Module:
    return nn.Sequential(nn.Identity(), nn.ReLU(), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.ReLU())


def hostile() -> nn.Module:
    """Names that would do harm or look odd if they were anything but text."""
    names = (
        "<img src=x onerror=alert(1)>",
        "</script><b>bold",
        "\"quotes\" & 'more' &amp;",
        "emoji 🧠🔥",
        "שלום עולם",
        "\N{RIGHT-TO-LEFT OVERRIDE}turned",
        "__proto__",
        "constructor",
        "$\\LaTeX$ `code` | pipe",
        "long " * 100,
        "line\nbreak\ttab",
    )
    made = nn.Sequential()
    for number, name in enumerate(names):
        kind = type(f"Kind{number} {name}"[:500], (nn.Conv2d,), {"__doc__": "A layer with a class name like that."})
        made.add_module(name, kind(3, 3, 1))
    return made


def wrong() -> nn.Module:
    """A head that does not fit what it receives."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 10))


def report_of(make: Callable[[], nn.Module], size: tuple[int, ...], *, training: bool = False) -> Report:
    """The report of a model, or of its layers up to where it stops."""
    return attempt(make(), size, training=training).report


SAMPLES: dict[str, Callable[[], Report]] = {
    "resnet18": lambda: report_of(torchvision.models.resnet18, (1, 3, 224, 224)),
    "resnet50": lambda: report_of(torchvision.models.resnet50, (1, 3, 224, 224)),
    "resnet50-macs": lambda: report_of(torchvision.models.resnet50, (1, 3, 224, 224)).counted_as("macs"),
    "resnet50-fvcore": lambda: report_of(torchvision.models.resnet50, (1, 3, 224, 224)).counted_as("fvcore"),
    "resnet18-training": lambda: report_of(torchvision.models.resnet18, (1, 3, 224, 224), training=True),
    "vit_b_16": lambda: report_of(torchvision.models.vit_b_16, (1, 3, 224, 224)),
    "tiny": lambda: report_of(Tiny, (1, 3, 32, 32)),
    "unknown": lambda: report_of(Unknown, (1, 4)),
    "deep": lambda: report_of(deep, (1, 2, 8, 8)),
    "hostile": lambda: report_of(hostile, (1, 3, 8, 8)),
    "failed": lambda: report_of(wrong, (1, 3, 32, 32)),
}


def main(folder: Path, names: list[str]) -> None:
    """One file for each sample, or for those that are named."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or SAMPLES:
        text = json.dumps({"table": table_of(SAMPLES[name]())}, ensure_ascii=False, separators=(",", ":"))
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("python tools/panel_sample.py FOLDER [NAME …]")
    main(Path(sys.argv[1]), sys.argv[2:])
