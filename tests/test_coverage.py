"""Nothing uncounted: every name of the framework, every torchvision model, models of timm's families."""

from __future__ import annotations

from typing import Any

import family_loops as loops
import framework_names as names
import pytest
import torch
import torch.nn.functional as F
import torchvision
from brute_force import Tally
from torch import nn
from torchvision_models import quickly
from twin_layers import Function

from nbcnncost import Report, UncountedOpWarning, cost
from nbcnncost.errors import ValuesNeeded
from tools.coverage import families, gaps, in_turns

MODELS = torchvision.models
TASKS = ("segmentation", "video", "optical_flow", "quantization")


def counted(example: names.Example, **options: Any) -> Report:
    """The report of an example of a layer or function."""
    make, inputs = example
    made = make()
    return cost(made if isinstance(made, nn.Module) else Function(made), input_data=inputs, **options)


# Every name.


def present(table: dict[str, Any]) -> list[str]:
    """The names that this version of torch has."""
    return [name for name in table if hasattr(nn, name) or hasattr(F, name)]


EVERY_LAYER = {**names.COUNTED, **names.ZERO, **names.BY_VALUES, **{name: e for name, (e, _) in names.UNKNOWN.items()}}


def test_every_layer_of_the_framework_is_in_a_table():
    """A layer that a new version of torch brings is missed here until somebody says how it is counted."""
    known = {*EVERY_LAYER, *names.NO_LAYERS}
    assert [name for name in nn.modules.__all__ if name not in known and not name.startswith("Lazy")] == []


def test_every_function_of_the_framework_is_in_a_table():
    """A function is there by its own name, or behind the layer of that name."""
    layers = {name.lower() for name in EVERY_LAYER}
    tables = {*names.FUNCTIONS_COUNTED, *names.FUNCTIONS_ZERO, *names.FUNCTIONS_LEFT_OUT, *names.BEHIND_LAYERS}
    assert {*names.BEHIND_LAYERS.values()} <= {*EVERY_LAYER}
    found = [name for name in dir(F) if not name.startswith("_") and is_function(name) and name not in tables]
    assert [name for name in found if behind(name) not in layers] == []


def is_function(name: str) -> bool:
    """Not a class, nor something that the module imports for its types."""
    value = getattr(F, name)
    return callable(value) and not isinstance(value, type) and getattr(value, "__module__", "") != "typing"


def behind(name: str) -> str:
    """The layer of a function: its name without underscores; a loss is called one."""
    plain = name.rstrip("_").replace("_", "")
    losses = {
        "binarycrossentropy": "bceloss",
        "binarycrossentropywithlogits": "bcewithlogitsloss",
        "kldiv": "kldivloss",
    }
    return losses.get(plain, plain)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", present({**names.COUNTED, **names.FUNCTIONS_COUNTED}))
def test_what_computes_is_counted(name):
    """More than nothing, and nothing unknown; a run for real says the same."""
    example = {**names.COUNTED, **names.FUNCTIONS_COUNTED}[name]
    totals = [counted(example, execute=execute).total for execute in (False, True)]
    assert all(total.flops > 0 and total.unknown == 0 for total in totals)
    assert totals[0] == totals[1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", present({**names.ZERO, **names.FUNCTIONS_ZERO}))
def test_what_moves_data_is_zero_by_rule(name):
    """Operations were heard, none of them computes, none is unknown."""
    report = counted({**names.ZERO, **names.FUNCTIONS_ZERO}[name])
    assert (report.total.flops, report.total.unknown) == (0, 0)


@pytest.mark.parametrize("name", names.UNKNOWN)
def test_what_is_unknown_says_why(name):
    """A warning, a question mark, and the reason."""
    example, reason = names.UNKNOWN[name]
    with pytest.warns(UncountedOpWarning, match=reason):
        report = counted(example, execute=True)
    assert report.total.unknown > 0
    assert all(reason in entry.reason for entry in report.uncounted)


@pytest.mark.parametrize("name", names.BY_VALUES)
def test_what_looks_at_values_is_counted_for_real(name):
    """Without values the sentence says what to do, and doing it counts everything."""
    with pytest.raises(ValuesNeeded, match=r"execute=True"):
        counted(names.BY_VALUES[name])
    total = counted(names.BY_VALUES[name], execute=True).total
    assert total.flops > 0
    assert total.unknown == 0


# Every torchvision model.


def torchvision_model(name: str, **settings: Any) -> nn.Module:
    """A model as torchvision builds it, its weights not filled in."""
    if "googlenet" in name or "inception" in name:
        settings["init_weights"] = False
    with quickly():
        return MODELS.get_model(name, weights=None, **settings)


def input_sizes(name: str, task: str) -> Any:
    """The size that a model is made for."""
    if task == "optical_flow":
        return [(1, 3, 128, 128)] * 2
    if task == "video":
        return (1, 3, 16, 224, 224)
    return (1, 3, 299, 299) if "inception" in name else (1, 3, 224, 224)


NAMED = [(name, task) for task in TASKS for name in MODELS.list_models(module=getattr(MODELS, task))]
NAMED += [(name, "classification") for name in MODELS.list_models(module=MODELS)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), NAMED)
def test_torchvision_models_have_nothing_uncounted(name, task):
    """Classification, segmentation, video, optical flow, and those made to be quantized."""
    settings = {"weights_backbone": None} if task == "segmentation" else {}
    report = cost(torchvision_model(name, **settings), input_sizes(name, task))
    assert report.uncounted == ()
    assert report.total.flops > 0


DETECTORS = MODELS.list_models(module=MODELS.detection)


def detector(name: str) -> nn.Module:
    """A detection model for small images."""
    small = {} if name.startswith("ssd") else {"min_size": 96, "max_size": 96}
    return torchvision_model(name, weights_backbone=None, **small).eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", DETECTORS)
def test_detectors_have_nothing_uncounted(name):
    """Without values they stop with what comes before the boxes; run for real, all is counted."""
    model = detector(name)
    for size in ([(3, 96, 80), (3, 64, 64)], (1, 3, 96, 80), (3, 96, 80)):
        with pytest.raises(ValuesNeeded, match=r"run it for real with --execute \(execute=True\)") as caught:
            cost(model, size)
        partial = caught.value.report
        assert any(row.path.startswith("backbone") and row.macs for row in partial.rows)
        assert partial.uncounted == ()
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.dim() > 1:  # left as it comes, memory may hold anything
            nn.init.normal_(parameter, std=0.02)
    report = cost(model, input_data=[torch.rand(3, 96, 80)], execute=True)
    assert report.uncounted == ()
    assert report.total.macs >= partial.total.macs > 0


@pytest.mark.parametrize("boxes", [1, 2, 5, 8])
def test_overlaps_are_compared_in_pairs(boxes):
    """The loops keep the boxes that torchvision keeps; they do what is counted, but for ⌈log₂ n⌉ steps of sorting."""
    corners = torch.rand(boxes, 2, generator=torch.Generator().manual_seed(boxes)).double()
    given = torch.cat([corners, corners + 0.5], 1)
    scores = torch.linspace(1.0, 0.1, boxes).double()
    tally = Tally()
    kept = loops.suppressed(tally, given.tolist(), scores.tolist(), 0.3)
    assert kept == torchvision.ops.nms(given, scores, 0.3).tolist()
    model = Function(lambda boxes, scores: torchvision.ops.nms(boxes, scores, 0.3))
    total = cost(model, input_data=(given, scores), execute=True).total
    sorting = {1: 0, 2: 1, 5: 3, 8: 3}[boxes]
    assert total.flops == tally.flops + boxes * sorting


@pytest.mark.parametrize("length", [1, 2, 3, 8, 9, 100])
def test_sorting_is_counted_as_merging(length):
    """Merging sorted halves takes no more comparisons than counted, and at most two less for each value."""
    values = torch.rand(length, generator=torch.Generator().manual_seed(length)).tolist()
    compared = 0

    def merged(part):
        nonlocal compared
        if len(part) == 1:
            return part
        first, second = merged(part[: len(part) // 2]), merged(part[len(part) // 2 :])
        result = []
        while first and second:
            compared += 1
            result.append((first if first[0] <= second[0] else second).pop(0))
        return result + first + second

    assert merged(values) == sorted(values)
    counted_as = cost(Function(lambda x: x.sort().values), (length,)).total.flops
    assert counted_as - 2 * length <= compared <= counted_as


@pytest.mark.parametrize("length", [1, 3, 7])
@pytest.mark.parametrize("search", [torch.searchsorted, lambda ordered, x: torch.bucketize(x, ordered)])
def test_places_in_an_order_are_found_by_halving(search, length):
    """The loops find the places that torch finds, in as many comparisons for each value as are counted."""
    ordered, values = torch.linspace(0, 1, length), torch.rand(4, 5, generator=torch.Generator().manual_seed(length))
    compared = 0

    def place(value):
        nonlocal compared
        low, high = 0, length
        while low < high:
            compared += 1
            middle = (low + high) // 2
            low, high = (middle + 1, high) if ordered[middle] < value else (low, middle)
        return low

    places = [[place(value) for value in row] for row in values]
    assert search(ordered, values).tolist() == places
    assert cost(Function(search), input_data=(ordered, values)).total.flops == compared


@pytest.mark.parametrize(
    ("run", "flops"),
    [
        (lambda x: x * 0.5, 10),
        (lambda x: x / 3, 10),
        (torch.exp, 10),
        (lambda x: x.sum(dtype=torch.float32), 10),
        (lambda x: torch.arange(6) * 0.25, 6),
        (lambda x: x * 5 + x, 0),
        (lambda x: (x > 2).sum(), 0),
        (lambda x: x // 3, 0),
    ],
)
def test_whole_numbers_that_become_others_are_counted(run, flops):
    """Half of a whole number is computed as any half is; indices and counters cost nothing."""
    assert cost(Function(run), (2, 5), dtypes=torch.int64).total.flops == flops


# Models of timm's families.

FAMILIES = families()
#: The first model of every third family, and of those that mix convolutions with something else.
THIRTY = sorted(
    {*in_turns(list(FAMILIES.values()), len(FAMILIES))[::3], "gmlp_s16_224", "mambaout_femto", "gcvit_base"}
)


@pytest.mark.slow
@pytest.mark.parametrize("name", THIRTY)
def test_timm_models_have_nothing_uncounted(name):
    """One of many families; `make coverage` has more of each."""
    assert list(gaps([name])) == []


def test_thirty_models_of_thirty_families():
    """As many as said, no two of one family."""
    assert len(THIRTY) >= 30
    own = [family for family, members in FAMILIES.items() for name in members if name in THIRTY]
    assert len({*own}) >= 28
