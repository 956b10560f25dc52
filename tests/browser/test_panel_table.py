"""The panel's table in a real browser: what it shows, sorts, filters, opens and adds up."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shown import whole
from sums import containers, leaves, names, natural, sums, tree_names
from torch import nn

from nbcnncost import UncountedOpWarning, cost
from nbcnncost.panel import PanelState, View
from tools.panel_sample import Tiny, Unknown, deep

NUMBERS = ("params", "macs", "flops")
SHARES = {"params_share": "params", "macs_share": "macs", "share": "flops"}


@pytest.fixture(scope="module")
def shared(lasting, report):
    """That report's panel, for all tests."""
    return lasting.show(report.panel(), on=lasting.open())


@pytest.fixture
def shown(shared):
    """The panel with all columns and everything open, whatever a test before did to it."""
    shared.panel.state = PanelState(view=View(columns=COLUMNS[1:], expanded=tuple(containers(shared.panel.report))))
    shared.deliver()
    return shared


def tree_order(report, value=None, *, descending: bool = False) -> list[str]:
    """The names of a tree whose siblings are sorted by a value; equal ones stay in the order of the calls."""
    rows = list(zip(tree_names(report), report.tree(), strict=True))

    def inside(depth: int, start: int, end: int) -> list[str]:
        starts = [place for place in range(start, end) if rows[place][1].depth == depth]
        blocks = list(zip(starts, [*starts, end][1:], strict=True))
        if value is not None:
            blocks.sort(key=lambda block: value(*rows[block[0]]), reverse=descending)
        return [name for first, last in blocks for name in (rows[first][0], *inside(depth + 1, first + 1, last))]

    return inside(1, 0, len(rows))


def value_of(column: str):
    """What a column sorts by: a function of a row's name and the row of the report."""
    if column == "name":
        return lambda name, row: natural(name)
    if column == "type":
        return lambda name, row: natural(f"{row.type} {row.settings}")
    if column in ("input", "output"):
        side = f"{column}s"
        return lambda name, row: natural(", ".join("×".join(map(str, spec.shape)) for spec in getattr(row, side)))
    return lambda name, row: row.number(SHARES.get(column, column))


COLUMNS = ("name", "type", "params", "params_share", "macs", "macs_share", "flops", "share", "input", "output")


def test_each_number_is_the_reports(shown, report):
    """Every row, containers too, has the sum of the layers in it, and the last row the whole model's."""
    for key in NUMBERS:
        expected = sums(report, key)
        assert {path: whole(text) for path, text in shown.cells(key).items()} == {
            path: number for path, number in expected.items() if path
        }
        assert whole(shown.total(key)) == expected[""] == report.total.number(key)


def test_rows_stand_in_the_order_of_the_calls(shown, report):
    """A container precedes what is inside, and layers stand as the model calls them."""
    assert shown.ids() == tree_names(report)


def test_each_column_has_a_test(shown):
    """The columns that the tests sort by are all there are, in their order."""
    assert tuple(shown.columns()) == COLUMNS
    assert shown.panel.state.view.columns == tuple(column["key"] for column in shown.panel.table["columns"])


@pytest.mark.parametrize("column", COLUMNS)
def test_a_head_sorts_the_tree(shown, report, column):
    """Pressed once a head sorts one way, pressed again the other, pressed a third time not at all."""
    falls_first = column not in ("name", "type", "input", "output")
    for descending in (falls_first, not falls_first):
        shown.sort(column)
        assert shown.head(column).get_attribute("aria-sort") == ("descending" if descending else "ascending")
        assert shown.ids() == tree_order(report, value_of(column), descending=descending)
    shown.sort(column)
    assert shown.head(column).get_attribute("aria-sort") == "none"
    assert shown.ids() == tree_order(report)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_head_sorts_the_flat_list(shown, report, column):
    """The flat list has the layers alone, sorted as one."""
    shown.press("flat")
    assert shown.ids() == names(report.rows)
    falls_first = column not in ("name", "type", "input", "output")
    for descending in (falls_first, not falls_first):
        shown.sort(column)
        rows = sorted(leaves(report).items(), key=lambda entry: value_of(column)(*entry), reverse=descending)
        assert shown.ids() == [name for name, _ in rows]


def check_sums(shown, report, text: str, types=()):
    """The rows are those that the filter keeps, with the sums of what is kept in them."""
    expected = {key: sums(report, key, text, types) for key in NUMBERS}
    kept = [name for name in tree_names(report) if name in expected["params"]]
    assert shown.ids() == kept
    for key in NUMBERS:
        assert {path: whole(cell) for path, cell in shown.cells(key).items()} == {
            path: expected[key][path] for path in kept
        }
        assert whole(shown.total(key)) == expected[key][""]


@pytest.mark.parametrize("text", ["conv1", "layer2 bn", "LAYER3.0", "3×3", "add()", "fc", "nothing like this"])
def test_the_filter_keeps_what_has_all_words(shown, report, text):
    """Words may be in the name, the type or the settings of a layer or of what it is in; subtotals follow."""
    shown.filter(text)
    check_sums(shown, report, text)


def test_the_filter_by_type(shown, report):
    """Chosen in the menu, a type keeps its layers, and what is in containers of that type."""
    shown.check("types", "Conv2d")
    check_sums(shown, report, "", ("Conv2d",))
    shown.check("types", "Linear")
    check_sums(shown, report, "", ("Conv2d", "Linear"))
    shown.filter("layer4")
    check_sums(shown, report, "layer4", ("Conv2d", "Linear"))


@pytest.mark.parametrize(
    ("word", "expected"),
    [("conv2", {"Conv2d"}), ("bn", {"BatchNorm2d"}), ("batchnorm", {"BatchNorm2d"}), ("linear", {"Linear"})],
)
def test_a_word_is_looked_for_in_names_first(shown, word, expected):
    """A word like ``conv2`` finds layers of that name, not all of type Conv2d; one that no name has finds types."""
    shown.press("flat")
    shown.filter(word)
    assert {text.split()[0] for text in shown.cells("type").values()} == expected
    if word in ("conv2", "bn"):
        assert all(word in name for name in shown.ids())


def test_subtotals_add_up_under_every_filter(shown, report):
    """Whatever words and types are asked for, in the tree every number is the sum of what is kept."""
    words = st.lists(
        st.sampled_from(["layer1", "conv", "1", "bn2", "relu", "downsample", ".0.", "64", "x"]), max_size=3
    )
    types = st.lists(st.sampled_from(sorted({row.type for row in report.tree()})), max_size=3, unique=True)

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(words.map(" ".join), types)
    def check(text, chosen):
        shown.look(text=text, types=chosen, expanded=list(containers(report)))
        check_sums(shown, report, text, chosen)

    check()


def test_a_container_opens_and_closes(show, report):
    """The triangle before a name opens a container, and closes it; Python hears what is open."""
    shown = show(report.panel())
    shown.press("collapse")
    top = [row.path for row in report.tree(depth=1)]
    assert shown.ids() == top
    before = shown.cells("flops")
    shown.row("layer1").locator(".cc-twist").click()
    shown.settle()
    assert shown.row("layer1").get_attribute("aria-expanded") == "true"
    place = top.index("layer1") + 1
    assert shown.ids() == [*top[:place], "layer1.0", "layer1.1", *top[place:]]
    assert shown.panel.state.view.expanded == ("layer1",)
    assert shown.cells("flops").items() >= before.items()
    shown.row("layer1").locator(".cc-twist").click()
    shown.settle()
    assert shown.ids() == top
    assert shown.panel.state.view.expanded == ()


def test_at_first_about_sixty_rows_are_open(show, report):
    """As many levels as fit are open, so that the first sight is of the whole model."""
    shown = show(report.panel())
    assert 15 <= len(shown.ids()) <= 90
    assert {row.path for row in report.tree(depth=1)} <= set(shown.ids())


def test_the_columns_menu(show, report):
    """Boxes in the menu show and hide columns, in the columns' own order; Python hears of it."""
    shown = show(report.panel())
    usual = shown.columns()
    assert "macs_share" not in usual
    shown.check("columns", "macs_share")
    shown.check("columns", "params")
    assert shown.columns() == [key for key in COLUMNS if key in {*usual, "macs_share"} - {"params"}]
    assert shown.panel.state.view.columns == tuple(shown.columns()[1:])


def test_what_is_not_known_reads_so(show):
    """An operation without a rule is "?", and sums with it are what is known and "+ ?"."""
    with pytest.warns(UncountedOpWarning):
        report = cost(Unknown(), (1, 4))
    shown = show(report.panel())
    shown.press("expand")
    cells = shown.cells("flops")
    assert {path: text for path, text in cells.items() if "?" in text} == {
        row.path: "?" for row in report.rows if row.unknown
    }
    assert shown.total("flops") == f"{report.total.flops:,} + ?"


def test_parameters_of_a_layer_called_twice_stand_once(show):
    """The second call says "shared", and the sum has the parameters once."""
    report = cost(Tiny(), (1, 3, 32, 32))
    shown = show(report.panel())
    shown.press("expand")
    cells = shown.cells("params")
    assert cells["conv"] == f"{3 * 3 * 3 * 3 + 3}"
    assert cells["conv (2)"] == "shared"
    assert whole(shown.total("params")) == report.total.params


def test_numbers_beyond_what_javascript_holds_are_exact(show):
    """A sum above 2 to the 53rd is right to its last digit."""
    report = cost(
        nn.Sequential(*(nn.Conv2d(30_011, 30_011, 3, device="meta") for _ in range(2))), (1, 30_011, 1025, 1027)
    )
    assert report.total.flops > 2**53
    shown = show(report.panel())
    shown.press("expand")
    assert {path: whole(text) for path, text in shown.cells("flops").items()} == {
        row.path: row.flops for row in report.rows
    }
    assert whole(shown.total("flops")) == report.total.flops


def test_five_thousand_layers(show):
    """Few rows are drawn, closed at first; opened all, a line says how many there are more, and shows them."""
    report = cost(deep(), (1, 2, 8, 8))
    assert len(report.rows) == 50 * 20 * 5
    shown = show(report.panel())
    assert len(shown.ids()) < 120
    assert whole(shown.total("flops")) == report.total.flops
    shown.press("flat")
    assert shown.root.locator("tbody tr").count() <= 500
    names = [row.path for row in report.rows]
    later = shown.root.locator(".cc-later button")
    drawn = len(shown.ids())
    assert shown.ids() == names[:drawn]
    assert f"{5000 - drawn:,}" in later.inner_text()
    later.click()
    first = names.index(shown.ids()[0])
    assert 0 < first < drawn
    assert shown.ids() == names[first : first + len(shown.ids())]
    shown.page.keyboard.press("End")
    assert shown.ids()[-1] == names[-1]
    assert shown.root.locator("tbody tr").count() <= 500
