"""The panel: a model's cost to explore and to change in a notebook, by ``report.panel()`` or ``%cnncost net --panel``.

Nothing is imported before it is asked for: :class:`Panel` brings the widgets along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbcnncost.panel.state import LayerChange, PanelState, View, WhatIf

if TYPE_CHECKING:
    from nbcnncost.panel.widget import Panel

__all__ = ["LayerChange", "Panel", "PanelState", "View", "WhatIf"]


def __getattr__(name: str) -> Any:
    if name == "Panel":
        from nbcnncost.panel.widget import Panel

        return Panel
    raise AttributeError(f"module 'nbcnncost.panel' has no attribute {name!r}")
