"""The other tools: how each is run, whether it is here, and what it says otherwise than our convention for it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from figures import Figures
from packaging.version import Version
from probes import CLASSIFICATION, FAMILIES, PROBES, SEGMENTATION, VIDEO, Probe

import nbcnncost
from nbcnncost.conventions import PEERS, Peer
from nbcnncost.report import Report

#: All that is recorded, by name; and what is run often: of torchvision one model of each family.
ALL: Mapping[str, Probe] = {**PROBES, **CLASSIFICATION, **SEGMENTATION, **VIDEO}
OFTEN = frozenset({*PROBES, *FAMILIES})
BY_NAME: Mapping[str, Peer] = {peer.name: peer for peer in PEERS}


def runners() -> dict[str, Any]:
    """The modules ``run_NAME.py`` by the name of their convention.

    Each has ``VERSION``, which is what was recorded; ``figures``, which runs the tool on a probe; and ``EXCEPTIONS``:
    a reason for each probe or model (with ``/params`` or ``/layers`` behind its name where only these are meant)
    on which our convention does not say what the tool says. ``LAYERS`` is there where the tool's numbers for single
    layers do not add up to its total: the convention that these numbers follow. ``CHILDREN_ONLY`` is true where it has
    numbers for the model's own children and not for the layers inside them.
    """
    paths = sorted(Path(__file__).parent.glob("run_*.py"))
    return {path.stem.removeprefix("run_"): importlib.import_module(path.stem) for path in paths}


def why_not(peer: Peer, runner: Any) -> str:
    """Why the tool cannot be run here, in words; empty where it can."""
    if hasattr(runner, "missing") and (runner.missing() or not _is_installed(peer)):
        return str(runner.missing())  # a tool that runs without being installed knows best
    version, package = runner.VERSION, _package(peer)
    try:
        found = Version(metadata.version(package)).public
    except metadata.PackageNotFoundError:
        return f"{package} is not installed; `make peers` runs it"
    return "" if found == version else f"{package} {found} is installed, {version} was recorded"


def _is_installed(peer: Peer) -> bool:
    return find_spec(_package(peer)) is not None


def _package(peer: Peer) -> str:
    return peer.tool.partition(".")[0].partition(" ")[0]


@cache
def report_of(name: str) -> Report:
    """A probe's or model's report: traced once, whatever it is then counted in."""
    return nbcnncost.cost(ALL[name].model(), input_data=ALL[name].inputs(), mode="same")


def differences(name: str, report: Report, peer: Peer, runner: Any, figures: Figures) -> list[str]:
    """What differs from the tool's figures without a reason, and which reasons are out of date."""
    found = _unlike(report, peer, getattr(runner, "LAYERS", peer), figures)
    excused = {aspect for aspect in ("", "/params", "/layers") if f"{name}{aspect}" in runner.EXCEPTIONS}
    covered = excused | ({"/layers"} if "" in excused else set())  # where layers differ, their sum may
    unexplained = [f"{name}{aspect}: {what}" for aspect, what in found.items() if aspect not in covered]
    outdated = [f"{name}{aspect} is like the tool's: no exception any more" for aspect in excused - found.keys()]
    return unexplained + outdated


def _unlike(report: Report, peer: Peer, layers: Peer, figures: Figures) -> dict[str, str]:
    found = {}
    total, params = report.counted_as(peer).total.count, peer.params(report.trace)
    if figures.total is None:
        found[""] = f"{peer.tool} gives no number: {figures.error}"
    elif total != figures.total:
        found[""] = f"{total:,} is not the tool's {figures.total:,}"
    if figures.params is not None and params != figures.params:
        found["/params"] = f"{params:,} parameters are not the tool's {figures.params:,}"
    if figures.layers is not None:
        ours = _layers(report.counted_as(layers))
        wrong = [path for path, number in figures.layers.items() if ours.get(path) != number]
        leaves = [row.path for row in report.rows if row.role == "layer"]
        wrong += [path for path in leaves if path and path not in figures.layers and ours[path] != 0]
        pairs = [f"{path} {ours.get(path)}, not {figures.layers.get(path, 0)}" for path in dict.fromkeys(wrong)]
        found |= {"/layers": "; ".join(pairs)} if pairs else {}
    return found


def _layers(report: Report) -> dict[str, int]:
    """What each module counts as, all its calls and all that is inside it together; the root's path is empty."""
    sums = {"": report.total.count or 0}
    for row in report.rows:
        names = row.path.split(".") if row.path else []
        for depth in range(1, len(names) + 1):
            path = ".".join(names[:depth])
            sums[path] = sums.get(path, 0) + (row.count or 0)
    return sums
