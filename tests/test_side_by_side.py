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
