"""A net for tests that are about how it is run, not about what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn


class Body(nn.Module):
    """A user's model: named layers, and a forward given as a function of them and the input."""

    def __init__(self, run: Callable[..., Any], **layers: Any) -> None:
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        object.__setattr__(self, "run", run)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return self.run(self, *inputs, **named)
