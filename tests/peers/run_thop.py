"""thop itself, run on a probe."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from figures import Figures
from probes import Probe

VERSION = "0.1.1.post2209072238"


def figures(probe: Probe) -> Figures:
    """What ``thop.profile`` gives."""
    from thop import profile

    try:
        total, params, layers = profile(probe.model(), probe.inputs(), verbose=False, ret_layer_info=True)
    except Exception as error:  # noqa: BLE001 -- a tool may fail in any way
        return Figures(None, error=repr(error))
    return Figures(int(total), int(params), dict(_flat(layers, "")))


def _flat(layers: Any, above: str) -> Any:
    for name, (number, _, inside) in layers.items():
        if number:
            yield f"{above}{name}", int(number)
        yield from _flat(inside, f"{above}{name}.")


EXCEPTIONS = MappingProxyType({})
