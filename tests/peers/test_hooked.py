"""What conventions for tools with hooks know of the tree of modules."""

from __future__ import annotations

import warnings

import pytest
import run_ptflops
import torch
from nets import Body
from probes import Probe
from torch import nn

import nbcnncost
from nbcnncost.conventions import PEERS
from nbcnncost.conventions.hooked import exact_class, is_leaf, places


class Wide(nn.Conv2d):
    pass


def shared() -> nn.Module:
    """A layer under the root and in a block that stands at two places."""
    layer = nn.Linear(4, 4)
    block = nn.Sequential(layer)
    return nn.Sequential(block, nn.Sequential(block), layer)


def times(model: nn.Module) -> dict[str, int]:
    """How often each module stands in the tree, by its first path."""
    trace = nbcnncost.trace(model, (1, 4))
    found = places(trace)
    return {module.paths[0]: found[module.index] for module in trace.modules}


def test_a_shared_module_has_all_its_places():
    """A layer in the root and in a block at two places stands at three; named twice in one container, at one there."""
    assert times(shared()) == {"": 1, "0": 2, "0.0": 3, "1": 1}
    layer = nn.Linear(4, 4)
    assert times(nn.Sequential(layer, layer)) == {"": 1, "0": 1}


@pytest.mark.parametrize(
    ("layer", "name"),
    [(nn.Conv2d(2, 2, 1), "Conv2d"), (Wide(2, 2, 1), ""), (nn.Sequential(nn.Conv2d(2, 2, 1)), "Sequential")],
)
def test_only_the_frameworks_own_classes_are_exact(layer, name):
    """A class derived from one of the framework's is another class, as ``type(module) in rules`` finds."""
    root = nbcnncost.trace(layer, (1, 2, 3, 3)).modules[0]
    assert exact_class(root) == name


def test_a_module_with_nothing_but_empty_containers_is_a_leaf():
    """``any(module.children())`` is false where all children are containers without content."""
    net = Body(lambda m, x: m.last(x), none=nn.Sequential(), last=Body(lambda m, x: x + 1, none=nn.ModuleList()))
    trace = nbcnncost.trace(net, (1, 2))
    found = {module.paths[0]: is_leaf(trace, module) for module in trace.modules}
    assert found == {"": False, "none": True, "last": True, "last.none": True}
    assert any(net.children())
    assert not any(net.last.children())


@pytest.mark.slow
def test_ptflops_rule_for_attention_of_timm():
    """What ptflops says of timm's attention, whose projections it leaves out: nothing else counts in it."""
    pytest.importorskip("timm", reason="timm is not installed")
    pytest.importorskip("ptflops", reason="ptflops is not installed; `make peers` runs it")
    from timm.layers.attention import Attention

    probe = Probe(lambda: nn.Sequential(Attention(12, 3)), ((2, 5, 12),))
    report = nbcnncost.cost(probe.model(), input_data=probe.inputs(), convention="ptflops")
    assert report.total.count == run_ptflops.figures(probe).total == 3 * 5 * (4 + 5 * (2 * 4 + 1))


def test_packed_weights_are_no_parameters_to_a_tool():
    """What quantization packs away is no ``nn.Parameter``: tools give the parameters that are left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # quantizing in eager mode is old
        net = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(8, 8), nn.Conv1d(2, 3, 1)), {nn.Linear})
    report = nbcnncost.cost(net, (1, 2, 8))
    assert sum(param.numel() for param in net.parameters()) == 2 * 3 + 3
    assert {peer.params(report.trace) for peer in PEERS} == {2 * 3 + 3}
    assert report.total.params == (8 + 1) * 8 + (2 + 1) * 3
