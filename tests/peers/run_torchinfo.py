"""torchinfo itself, run on a probe."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import Any

from figures import Figures
from probes import Probe

VERSION = "1.8.0"


def figures(probe: Probe) -> Figures:
    """What ``torchinfo.summary`` gives; a container's number is the sum that its line shows when it is folded."""
    from torchinfo import summary

    try:
        found = summary(probe.model(), input_data=probe.inputs(), verbose=0)
    except Exception as error:  # noqa: BLE001 -- a tool may fail in any way
        return Figures(None, error=repr(error))
    layers: Counter[str] = Counter()
    for line in found.summary_list:
        leaves = [line] if line.is_leaf_layer else [below for below in line.children if below.is_leaf_layer]
        layers[_path(line)] += sum(leaf.macs for leaf in leaves)
    return Figures(found.total_mult_adds, found.total_params, {path: n for path, n in layers.items() if n})


def _path(line: Any) -> str:
    names = []
    while line.depth:
        names.append(line.var_name)
        line = line.parent_info
    return ".".join(reversed(names))


_LAST_PLACE = "it writes each call of a shared module to that module's last place; our rows say where it was called"
EXCEPTIONS = MappingProxyType({"two parents/layers": _LAST_PLACE, "shared block/layers": _LAST_PLACE})
