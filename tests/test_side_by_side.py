"""Every convention of one run side by side: the totals, and causes that add up to their differences."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache

import pytest
import torch
import torch.nn.functional as F
import torchvision
from nets import Body
from probes import PROBES
from torch import nn
from torchvision_models import quickly

from nbcnncost import CostError, UncountedOpWarning, conventions, cost
from nbcnncost.causes import find_causes
from nbcnncost.conventions import CONVENTIONS, textbook
from nbcnncost.units import exact

HOSTILE = "<img src=x onerror=alert(1)>"


class Hostile(nn.Module):
    """Names that would be markup."""

    def __init__(self) -> None:
        super().__init__()
        self.add_module(HOSTILE, nn.Conv2d(3, 4, 3))

    def forward(self, x):
        return F.relu(getattr(self, HOSTILE)(x))


Hostile.__name__ = HOSTILE


@cache
def report():
    """A network with all that conventions differ in."""
    with quickly():
        return cost(torchvision.models.mobilenet_v3_small(), (2, 3, 64, 64))


@cache
def table():
    """The same in every convention."""
    return report().conventions()


def test_there_is_a_row_for_each_convention():
    """Ours comes first, then every other one, with its total, unit and parameters."""
    assert [entry.name for entry in table()] == list(CONVENTIONS)
    assert table().ours.total == report().total.flops
    for entry in table():
        counted = report().counted_as(entry.name)
        assert (entry.total, entry.unit) == (counted.total.count, counted.unit)
    assert table()["macs"].params == sum(p.numel() for p in torchvision.models.mobilenet_v3_small().parameters())
    assert table().ratio("macs") == report().total.macs / report().total.flops


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_causes_add_up_to_the_difference(name):
    """Exactly, the largest first, and none that says nothing."""
    entry = table()[name]
    assert sum(cause.amount for cause in entry.causes) == entry.total - table().ours.total
    amounts = [abs(cause.amount) for cause in entry.causes]
    assert amounts == sorted(amounts, reverse=True)
    assert 0 not in amounts


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning", "ignore:Using padding='same'")
def test_the_causes_add_up_on_every_probe(name):
    """On each small model that tools count differently, in each convention."""
    for probe in PROBES.values():
        made = probed(id(probe), probe)
        theirs = CONVENTIONS[name]
        causes = find_causes(made.trace, textbook, theirs)
        difference = (made.counted_as(theirs).total.count or 0) - (made.total.count or 0)
        assert sum(cause.amount for cause in causes) == difference


@cache
def probed(_, probe):
    """A probe's report, made once."""
    return cost(probe.model(), input_data=probe.inputs(), mode="same")


SHARED = nn.Linear(8, 8)
IMAGE = (2, 8, 10, 12)
POINTS = 2 * 8 * 10 * 12
# model, input, convention, words of a fault or choice, what it alone adds, what it makes of the right number
DOINGS = [
    # the hook's number is a choice, the patched function's on top of it the fault: 1 an input element each
    (nn.MaxPool2d(2), (1, 8, 10, 12), "ptflops", "counts twice", 8 * 10 * 12, None),
    (nn.GELU(), (2, 8), "ptflops", "counts twice", 2 * 8, None),
    # layers are divided by the batch, functions are not
    (nn.Conv2d(8, 6, 3, bias=False), IMAGE, "ptflops", "one image", -8 * 10 * 6 * 8 * 9, None),
    (Body(lambda m, x: F.relu(x)), IMAGE, "ptflops", "not divided", POINTS // 2, 2),
    (Body(lambda m, x: F.relu(x)), IMAGE, "ptflops", "one image", -POINTS // 2, None),
    # a layer in two places, called twice: twice at each call, and once for all of them
    (nn.Sequential(nn.Sequential(SHARED), nn.Sequential(SHARED)), (4, 8), "ptflops", "share", 2 * (8 * 8 + 8), 2),
    (nn.Sequential(nn.Sequential(SHARED), nn.Sequential(SHARED)), (4, 8), "thop", "share", 3 * 2 * 4 * 8 * 8, 4),
    (nn.Sequential(nn.Sequential(SHARED), nn.Sequential(SHARED)), (4, 8), "calflops", "share", 2 * 2 * 4 * 64, None),
    # the norm's 2 an element are a choice, counting them for an image only is the fault
    (nn.BatchNorm2d(8), IMAGE, "torchinfo", "scale and shift", 2 * 2 * 8 - 2 * POINTS, 1 / 120),
    (nn.PReLU(), IMAGE, "torchinfo", "scale and shift", 2 - POINTS, 1 / POINTS * 2),
    # rows 2·5 instead of 2, weights and biases
    (nn.Linear(8, 3), (2, 5, 8), "torchinfo", "more than two dimensions", (2 - 10) * (8 * 3 + 3), 1 / 5),
    # the weights on four times as many positions, the bias where it is due
    (nn.ConvTranspose2d(8, 6, 2, 2), IMAGE, "torchinfo", "output positions", 3 * 2 * 120 * 8 * 6 * 4, None),
    (nn.ConvTranspose2d(8, 6, 2, 2), IMAGE, "thop", "output positions", 3 * 2 * 120 * 8 * 6 * 4, 4),
    # biases of one group, on ⌊(10 − 3) / 2⌋ + 1 by ⌊(12 − 3) / 2⌋ + 1, instead of all on 21·25
    (nn.ConvTranspose2d(8, 6, 3, 2), IMAGE, "calflops", "biases of one group", 2 * 6 * (4 * 5 - 21 * 25), None),
    # 1 for each element of the input instead of the output
    (nn.Upsample(scale_factor=2), IMAGE, "calflops", "the factor is lost", POINTS - 4 * POINTS, 1 / 4),
    (nn.Upsample(size=(5, 6)), IMAGE, "calflops", "batch and channels forgotten", 30 - 30 * 16, 1 / 16),
]


@pytest.mark.parametrize(("layer", "size", "name", "words", "amount", "factor"), DOINGS)
def test_a_fault_has_the_amount_that_it_alone_makes(layer, size, name, words, amount, factor):
    """What the tool chooses to count otherwise is another cause, and never counted as the fault's."""
    net = layer if isinstance(layer, nn.Sequential) else nn.Sequential(layer)
    (found,) = (cause for cause in cost(net, size).conventions(name)[name].causes if words in cause.label)
    assert found.amount == amount
    assert found.fault is (words != "one image")
    if factor is not None:
        assert found.factor == pytest.approx(factor)


def test_a_fault_that_changes_nothing_is_not_named():
    """A linear layer's bias is not counted by ours either: a shared one's doubling is not the bias's."""
    net = nn.Sequential(nn.Sequential(SHARED), nn.Sequential(SHARED))
    labels = [cause.label for cause in cost(net, (4, 8)).conventions("calflops")["calflops"].causes]
    assert [label for label in labels if "bias" in label] == []


def test_what_each_cause_says_by_hand():
    """A small network's causes are those that one would write down."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2))
    made = cost(net, (1, 3, 8, 8)).conventions(textbook.with_rules({"bias_additions": 1, "batch_norm": 2}), "macs")
    rules, macs = made.standings[1:]
    assert [(cause.amount, cause.label) for cause in rules.causes] == [
        (-2 * 4 * 36, "batch normalization: 2·n instead of 4·H·W·C"),
        (4 * 36, "biases: one addition for each output"),
    ]
    assert [(cause.amount, cause.label) for cause in macs.causes] == [
        (-36 * 4 * 27, "multiply-accumulates: 1 each instead of 2"),
        (-4 * 4 * 36, "batch normalization: not counted"),
        (-2 * 4 * 9 * 4, "average pooling: not counted"),
        (-4 * 36, "ReLU: not counted"),
    ]


def test_ours_is_the_reports_own_where_it_counts_flops():
    """A course's convention is what others are compared with; a tool's never is."""
    mine = textbook.with_rules({"comparisons": 0})
    made = report().counted_as(mine).conventions()
    assert made.ours.name == mine.name
    assert made.ours.total == report().counted_as(mine).total.flops
    assert "textbook" in [entry.name for entry in made]
    assert report().counted_as("flop_counter_mode").conventions("macs").ours.name == "textbook"


def test_text_and_html_say_the_same():
    """Every number and every cause stands in both."""
    text, page = repr(table()), table()._repr_html_()
    plain = re.sub(r"\s+", " ", text)
    for entry in table():
        for shown in (entry.name, exact(entry.total), exact(entry.params)):
            assert shown in plain
            assert shown in page
        for cause in entry.causes:
            assert exact(abs(cause.amount)) in plain
            assert exact(abs(cause.amount)) in page
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 120
    assert repr(report().conventions()) == text


def test_names_show_as_text():
    """A class named like markup is shown, not run."""
    made = cost(Hostile(), (3, 8, 8)).conventions()
    assert HOSTILE not in made._repr_html_()
    assert "&lt;img src=x" in made._repr_html_()
    assert HOSTILE in repr(made)
    assert HOSTILE in made.plot("macs").alt


def test_exports_hold_what_is_shown():
    """CSV has a line for each cause, the dict goes through JSON, Markdown has a row for each convention."""
    lines = list(csv.DictReader(io.StringIO(table().to_csv())))
    for entry in table():
        own = [line for line in lines if line["convention"] == entry.name]
        assert sum(int(line["amount"]) for line in own) == entry.total - table().ours.total
        assert {int(line["total"]) for line in own} == {entry.total}
    kept = json.loads(json.dumps(table().to_dict()))
    assert [entry["total"] for entry in kept["conventions"]] == [entry.total for entry in table()]
    rows = [line for line in table().to_markdown().splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows] == ["| convention", *(f"| {entry.name}" for entry in table())]


def test_the_waterfall_tells_its_steps():
    """From ours to theirs, with a step for each cause, drawn the same each time."""
    chart = table().plot("macs")
    assert chart.alt.startswith("Waterfall chart.")
    for cause in table()["macs"].causes[:3]:
        assert cause.label in chart.alt
    assert chart._repr_svg_() == table().plot("macs")._repr_svg_()


def test_a_table_shows_itself_as_asked():
    """As a table, as a chart of all totals or of one convention, or as both."""
    assert "<table" in table()._repr_html_()
    assert "<img" not in table()._repr_html_()
    chart = table().with_look(view="chart")._repr_html_()
    assert "<table" not in chart
    assert all(f"{entry.name} ({entry.unit}) {exact(entry.total)}" in chart for entry in table())
    both = table().with_look(view="both", name="macs")._repr_html_()
    assert "<table" in both
    assert "Waterfall chart." in both
    with pytest.raises(CostError, match="there is no view 'pie'"):
        table().with_look(view="pie")
    with pytest.raises(CostError, match="there is no 'thopp'"):
        table().with_look(view="chart", name="thopp")


def test_no_label_is_cut_off():
    """The longest labels of a chart stay inside of the picture."""
    for chart in (table().plot(), table().plot("torchinfo")):
        axes = chart.figure.axes[0]
        assert min(label.get_window_extent().x0 for label in axes.get_yticklabels()) >= 0


def test_what_no_rule_of_ours_knows_is_said():
    """The difference then starts from what is known, and the table says so."""
    net = Body(lambda m, x: torch.linalg.matrix_exp(x), f=nn.Identity())
    with pytest.warns(UncountedOpWarning):
        made = cost(net, (4, 4))
    assert "without a rule of ours" in repr(made.conventions())


def test_a_convention_that_is_not_there():
    """It is named, with those that there are."""
    with pytest.raises(CostError, match="there is no 'thopp' in this table; there are: textbook, macs"):
        table()["thopp"]
    with pytest.raises(CostError, match="there is no convention 'thopp'"):
        report().conventions("thopp")
    assert conventions.convention("macs") is CONVENTIONS["macs"]


def test_a_convention_asked_for_twice_stands_there_once():
    """Ours, too, stands there without being asked for."""
    assert [entry.name for entry in report().conventions("macs", "textbook", "macs")] == ["textbook", "macs"]
