"""The panel is for everybody: by keyboard and screen reader, dark and light, narrow, with odd names, many of them."""

from __future__ import annotations

import pytest
from axe import serious
from shown import whole
from sums import sums, tree_names
from torch import nn

from nbcnncost import cost
from nbcnncost.panel import WhatIf
from tools.panel_sample import Tiny, hostile, report_of, wrong


def focused(page) -> dict[str, str]:
    """The element that has the focus: its tag, its class, its row."""
    script = """() => {
        const { tagName, className, dataset, textContent } = document.activeElement;
        const name = className.baseVal ?? className;
        return { tag: tagName.toLowerCase(), name, id: dataset.id ?? "", key: dataset.key ?? "", text: textContent };
    }"""
    return page.evaluate(script)


def tab_to(page, found, most: int = 80) -> dict[str, str]:
    """Press Tab until the element that is looked for has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if found(focused(page)):
            return focused(page)
    raise AssertionError(f"Tab never reaches it; it ended at {focused(page)}")


def test_a_whole_session_without_a_mouse(show, report):
    """Filter, sort, walk, open, select, choose columns, ask what if, pin, change the chart: with keys alone."""
    shown = show(report.panel())
    page, keys = shown.page, shown.page.keyboard
    tab_to(page, lambda at: "cc-filter" in at["name"])
    keys.type("layer1")
    shown.settle()
    assert shown.ids()[0] == "layer1"
    keys.press("Escape")
    shown.settle()
    assert shown.panel.state.view.text == ""

    tab_to(page, lambda at: "cc-sort" in at["name"] and "FLOPs" in at["text"])
    keys.press("Enter")
    shown.settle()
    assert (shown.panel.state.view.sort, shown.panel.state.view.descending) == ("flops", True)
    keys.press("Enter")
    keys.press("Enter")
    shown.settle()
    assert shown.panel.state.view.sort is None

    tab_to(page, lambda at: "cc-row" in at["name"])
    keys.press("End")
    assert focused(page)["id"] == shown.ids()[-1]
    keys.press("Home")
    keys.press("ArrowDown")
    assert focused(page)["id"] == shown.ids()[1]
    keys.press("Home")
    while focused(page)["id"] != "layer1":
        keys.press("ArrowDown")
    if shown.row("layer1").get_attribute("aria-expanded") == "true":
        keys.press("ArrowLeft")
        shown.settle()
    assert shown.row("layer1").get_attribute("aria-expanded") == "false"
    keys.press("ArrowRight")
    shown.settle()
    assert shown.row("layer1").get_attribute("aria-expanded") == "true"
    keys.press("ArrowRight")
    assert focused(page)["id"] == "layer1.0"
    keys.press("ArrowLeft")
    if focused(page)["id"] == "layer1.0":
        keys.press("ArrowLeft")
    assert focused(page)["id"] == "layer1"
    keys.press("Enter")
    shown.settle()
    assert shown.panel.selected == "layer1"

    page.keyboard.press("Shift+Tab")
    tab_to(page, lambda at: "cc-tab" in at["name"])
    keys.press("ArrowRight")
    shown.settle()
    assert shown.panel.state.view.chart == "treemap"
    assert focused(page)["key"] == "treemap"


def test_menus_and_controls_without_a_mouse(show, net, report):
    """A menu opens, is walked through and closed by keys; a number of the what-if is typed; pinning is a button."""
    shown = show(report.panel())
    page, keys = shown.page, shown.page.keyboard
    tab_to(page, lambda at: at["tag"] == "input" and at["key"] == "resolution")
    while focused(page)["tag"] != "input" or page.evaluate("document.activeElement.type") != "number":
        keys.press("Tab")
    keys.press("Control+a")
    keys.type("96")
    keys.press("Enter")
    shown.settle()
    assert shown.panel.state.what_if == WhatIf(height=96, width=96)
    assert whole(shown.total("flops")) == cost(net, (1, 3, 96, 96)).total.flops

    tab_to(page, lambda at: "cc-columns" in at["name"])
    keys.press("Enter")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("Space")
    keys.press("Escape")
    shown.settle()
    assert "cc-columns" in focused(page)["name"]
    assert shown.panel.state.view.columns is not None

    tab_to(page, lambda at: "cc-pin" in at["name"])
    keys.press("Space")
    shown.settle()
    assert shown.panel.state.pinned.total.flops == cost(net, (1, 3, 96, 96)).total.flops


def test_marks_of_charts_are_walked_through(show, report):
    """Arrows go from bar to bar, Space selects."""
    shown = show(report.panel())
    page, keys = shown.page, shown.page.keyboard
    first = tab_to(page, lambda at: "cc-bar" in at["name"] and at["id"])
    keys.press("ArrowDown")
    second = focused(page)
    assert second["id"] not in ("", first["id"])
    keys.press("Space")
    shown.settle()
    assert shown.panel.selected == second["id"]


def test_keys_in_the_panel_do_not_reach_the_notebook(show, report):
    """A plain key pressed in the panel is heard by nothing outside of it; one with Ctrl is."""
    shown = show(report.panel())
    page = shown.page
    page.evaluate("window.heard = []; document.addEventListener('keydown', ({ key }) => window.heard.push(key))")
    shown.root.locator(".cc-filter").click()
    page.keyboard.type("abd0")
    shown.filter("")
    shown.choose("conv1")
    for key in ("ArrowDown", "ArrowUp", "d", "Enter", "Escape", "x"):
        page.keyboard.press(key)
    page.keyboard.press("Control+b")
    assert page.evaluate("window.heard") == ["Control", "b"]


def test_screen_readers_are_told_what_rows_and_heads_are(show, report):
    """Levels, open and closed, selected, sorted, and how many rows there are."""
    shown = show(report.panel())
    shown.press("expand")
    rows = {row.path: row for row in report.tree()}
    for name in ("conv1", "layer1", "layer1.0", "layer1.0.conv1"):
        row = shown.row(name)
        assert row.get_attribute("aria-level") == str(rows[name].depth)
        assert row.get_attribute("aria-expanded") == (None if rows[name].is_leaf else "true")
        assert row.get_attribute("aria-selected") == "false"
    table = shown.root.locator(".cc-table")
    assert int(table.get_attribute("aria-rowcount")) == len(tree_names(report)) + 2  # with head and foot
    assert report.model_name in table.get_attribute("aria-label")
    assert shown.root.locator("[aria-live]").count() >= 1
    assert f"{len(tree_names(report))} of {len(tree_names(report))} rows" in shown.said()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_serious(open_page, show, report, scheme, width):
    """In light and dark, wide and narrow, with a layer selected, a change pinned and a menu open."""
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    shown = show(report.panel(), on=page)
    assert serious(page) == []
    shown.press("pin")
    shown.choose("conv1")
    shown.ask("resolution", 96)
    assert serious(page) == []
    shown.tab("treemap")
    shown.root.locator(".cc-columns").click()
    assert serious(page) == []
    page.keyboard.press("Escape")
    shown.ask("out_channels", 48)
    assert shown.panel.status["error"]
    assert serious(page) == []


def test_axe_finds_what_is_wrong(page):
    """The check itself works: grey on grey, and a picture without words, are found."""
    page.evaluate("""() => {
        document.querySelector("main").innerHTML =
            '<div class="cnncost"><p style="color:#999;background:#aaa">grey</p><img src="data:,"></div>';
    }""")
    assert {line.partition(" ")[0] for line in serious(page)} == {"color-contrast", "image-alt"}


@pytest.mark.parametrize("width", [360, 600, 900])
def test_nothing_leaves_a_narrow_panel(open_page, show, report, width):
    """However narrow the output is, the panel keeps inside; what is wider scrolls in its own frame."""
    page = open_page(viewport={"width": width, "height": 800})
    shown = show(report.panel(), on=page)
    shown.choose("conv1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = """(root, width) => [...root.querySelectorAll("button, input, select, .cc-row")].filter((element) => {
        const { left, right, width: own } = element.getBoundingClientRect();
        const scrolls = element.closest(".cc-scroll, .cc-menu, [class*=frame], .cc-listing, pre");
        return own > 0 && !scrolls && (left < 0 || right > width);
    }).map((element) => element.outerHTML.slice(0, 120))"""
    assert shown.root.evaluate(outside, width) == []
    for menu in ("types", "columns", "export"):
        shown.root.locator(f".cc-{menu}").click()
        box = shown.root.locator(".cc-menu:not([hidden])").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.keyboard.press("Escape")


def test_hostile_names_are_text(show):
    """Names with tags, quotes, emoji, 500 characters and right-to-left text are shown as they are, and do nothing."""
    report = report_of(hostile, (1, 3, 8, 8))
    shown = show(report.panel())
    elements = shown.root.evaluate("root => root.querySelectorAll('img, b, script, iframe, style, link').length")
    shown.press("expand")
    names = shown.root.locator(".cc-row .cc-last").evaluate_all("names => names.map(name => name.textContent)")
    assert len(names) == len(report.rows)
    for name in (
        "<img src=x onerror=alert(1)>",
        "</script><b>bold",
        "\"quotes\" & 'more' &amp;",
        "emoji 🧠🔥",
        "שלום עולם",
    ):
        assert any(name in shown_name for shown_name in names), name
    for key in shown.ids():
        shown.choose(key)
        assert shown.panel.selected == key
    for chart in ("treemap", "bars"):
        shown.tab(chart)
        shown.marks(chart).first.click()
    shown.filter("<img")
    assert len(shown.ids()) == 1
    after = shown.root.evaluate("root => root.querySelectorAll('img, b, script, iframe, style, link').length")
    assert after == elements


def test_a_longest_name_does_not_push_the_table_apart(open_page, show):
    """500 characters are cut where the column ends; the title has them whole."""
    page = open_page(viewport={"width": 1000, "height": 800})
    report = report_of(hostile, (1, 3, 8, 8))
    shown = show(report.panel(), on=page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1000
    heights = shown.root.locator(".cc-row").evaluate_all("rows => rows.map(row => row.offsetHeight)")
    assert max(heights) == min(heights)
    titles = shown.root.locator(".cc-row [data-key=name]").evaluate_all("cells => cells.map(cell => cell.title)")
    assert any("long " * 90 in title for title in titles)


def test_panels_on_one_page_know_nothing_of_each_other(show, page, report):
    """Two panels of one report and one of another model: each has its own filter, selection and order."""
    first, second = show(report.panel()), show(report.panel())
    third = show(cost(Tiny(), (1, 3, 32, 32)).panel())
    first.filter("conv1")
    second.choose("conv1")
    third.press("flat")
    assert second.ids() != first.ids()
    assert second.root.locator(".cc-filter").input_value() == ""
    assert first.chosen() == []
    assert third.panel.selected == ""
    assert second.root.locator(".cc-flat").get_attribute("aria-pressed") == "false"
    ids = page.evaluate("[...document.querySelectorAll('.cnncost [id]')].map(element => element.id)")
    assert len(ids) == len(set(ids))


def listeners(page) -> int:
    """How many listeners the window and the document have."""
    session = page.context.new_cdp_session(page)
    number = 0
    for name in ("window", "document"):
        target = session.send("Runtime.evaluate", {"expression": name})["result"]["objectId"]
        number += len(session.send("DOMDebugger.getEventListeners", {"objectId": target})["listeners"])
    session.detach()
    return number


def test_a_panel_that_goes_leaves_nothing_behind(show, page, report):
    """Shown again and taken away, a panel leaves no element, no listener and no question to its model."""
    shown = show(report.panel())
    before = listeners(page)
    script = """async (key) => {
        const { model, render } = window.panels[key];
        const heard = model.heard.length;
        for (let round = 0; round < 3; round++) {
            const el = document.createElement("div");
            document.body.append(el);
            const clear = await render({ model, el });
            if (model.heard.length <= heard) return "a second view hears nothing";
            clear();
            if (el.childElementCount) return "elements stay";
            el.remove();
        }
        return model.heard.length === heard ? "" : "listeners stay";
    }"""
    assert page.evaluate(script, shown.key) == ""
    assert listeners(page) == before
    shown.filter("conv1")
    page.evaluate("key => { window.panels[key].clear(); }", shown.key)
    assert page.evaluate("key => window.panels[key].model.heard.length", shown.key) == 0
    assert page.evaluate("key => window.panels[key].el.childElementCount", shown.key) == 0


def test_two_views_of_one_panel_follow_each_other(show, page, report):
    """One panel shown twice, as by "create new view for output", is in the same state in both places."""
    shown = show(report.panel())
    page.evaluate(
        """async (key) => {
            const { model, render } = window.panels[key];
            const el = document.createElement("div");
            el.className = "second";
            document.querySelector("main").append(el);
            await render({ model, el });
        }""",
        shown.key,
    )
    shown.filter("layer2")
    shown.choose("layer2")
    second = page.locator(".second")
    assert second.locator(".cc-row").evaluate_all("rows => rows.map(row => row.dataset.id)") == shown.ids()
    assert second.locator(".cc-row[aria-selected=true]").count() == 1
    assert second.locator(".cc-filter").input_value() == "layer2"


def test_a_model_that_fails_shows_how_far_it_came(show):
    """The layers up to where the run stopped, and there the reason."""
    report = report_of(wrong, (1, 3, 32, 32))
    shown = show(report.panel())
    error = shown.root.locator(".cc-error")
    assert error.count() == 1
    assert report.failure.message.replace("`", "") in error.inner_text()
    numbers = sums(report, "params")
    assert {name: whole(text) for name, text in shown.cells("params").items()} == {
        name: number for name, number in numbers.items() if name
    }


def test_words_come_from_python(show, report):
    """Every text of the panel's own can be in another language."""
    panel = report.panel()
    shown = show(panel)
    english = {"Types", "Columns", "Export", "Pin as baseline", "Flat list", "Bars", "Treemap", "What if"}
    assert all(shown.root.get_by_text(word, exact=True).first.is_visible() for word in english)
    other = report.panel()
    other.words = {word: f"«{word}»" for word in english}
    translated = show(other)
    assert all(translated.root.get_by_text(f"«{word}»", exact=True).first.is_visible() for word in english)


def test_an_empty_model_has_an_empty_panel(show):
    """A model without layers shows its row or says that there is nothing; nothing breaks."""
    shown = show(cost(nn.Identity(), (1, 4)).panel())
    assert shown.root.is_visible()
    assert whole(shown.total("flops")) == 0
