"""How the panel looks: in each front end's colours, in forced ones, and in the room that it has."""

from __future__ import annotations

import re

import pytest
from axe import serious
from torch import nn

from nbcnncost import cost
from nbcnncost.panel.assets import sheet
from tools.panel_sample import report_of, wrong


def brightness(colour: str) -> float:
    """How bright a colour of the page is, from 0 to 255."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


def colours(shown) -> tuple[float, float]:
    """How bright the panel's text and its ground are."""
    script = "root => [getComputedStyle(root).color, getComputedStyle(root).backgroundColor]"
    text, ground = shown.root.evaluate(script)
    return brightness(text), brightness(ground)


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "value", "is_dark"),
    [
        ("data-jp-theme-light", "true", False),
        ("data-jp-theme-light", "false", True),
        ("class", "vscode-light", False),
        ("class", "vscode-dark", True),
        ("theme", "light", False),
        ("theme", "dark", True),
        ("data-nothing", "", None),
    ],
)
def test_the_panel_is_dark_where_its_front_end_is(open_page, show, report, system, name, value, is_dark):
    """JupyterLab, VS Code and Colab say so at the page; where nothing does, the system's choice holds."""
    page = open_page(color_scheme=system)
    page.evaluate("([name, value]) => document.body.setAttribute(name, value)", [name, value])
    shown = show(report.panel(), on=page)
    text, ground = colours(shown)
    assert (text > ground) is (system == "dark" if is_dark is None else is_dark)
    assert abs(text - ground) > 150


def test_the_sheet_is_understood_by_browsers_some_years_old():
    """None of what came to browsers after 2022."""
    for recent in ("light-dark(", "color-mix(", ":has(", "@layer", "@scope", "oklch("):
        assert recent not in sheet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_labels_are_read_in_forced_colours(open_page, show, report, scheme):
    """The charts' texts have the system's colour for text, which no ground of theirs hides."""
    page = open_page(color_scheme=scheme, forced_colors="active")
    shown = show(report.panel(), on=page)
    shown.choose("conv1")
    wanted = page.evaluate("""() => {
        const probe = document.createElement("i");
        probe.style.color = "CanvasText";
        document.body.append(probe);
        return getComputedStyle(probe).color;
    }""")
    script = "texts => [...new Set(texts.map(text => getComputedStyle(text).fill))]"
    for chart in ("bars", "treemap"):
        shown.tab(chart)
        assert shown.root.locator(f".cc-{chart} text, .cc-shapes text").evaluate_all(script) == [wanted]


def test_the_table_has_the_most_room_beside_a_file_browser(open_page, show, report):
    """In an output 1000 pixels wide it has its main numbers in sight, and its edge says that there are more."""
    page = open_page(viewport={"width": 1000, "height": 900})
    shown = show(report.panel(), on=page)
    frame, body = shown.root.locator(".cc-scroll"), shown.root.locator(".cc-body")
    room = frame.bounding_box()
    assert room["width"] >= 0.62 * body.bounding_box()["width"]
    flops = shown.head("flops").bounding_box()
    assert flops["x"] + flops["width"] <= room["x"] + room["width"]
    page.wait_for_selector(".cc-scroll.cc-cut")
    frame.evaluate("frame => { frame.scrollLeft = frame.scrollWidth; }")
    page.wait_for_selector(".cc-scroll:not(.cc-cut)")


@pytest.mark.parametrize("width", [360, 700, 1000, 1280])
def test_formulas_are_whole_or_fade_where_they_go_on(open_page, show, width):
    """A formula wider than its place can be scrolled, and looks so; those of other conventions break."""
    net = nn.MultiheadAttention(32, 4, batch_first=True)

    class Attending(nn.Module):
        """Attention of an input to itself."""

        def __init__(self):
            super().__init__()
            self.attention = net

        def forward(self, batch):
            """What comes of it."""
            return self.attention(batch, batch, batch)[0]

    model = Attending()
    page = open_page(viewport={"width": width, "height": 900})
    shown = show(cost(model, (1, 16, 32)).panel(), on=page)
    shown.choose("attention")
    page.wait_for_timeout(100)
    script = """frames => frames.filter(frame =>
        (frame.scrollWidth > frame.clientWidth + 2) !== frame.classList.contains("cc-cut")).length"""
    assert shown.root.locator(".cc-formula").count() > 1
    assert shown.root.locator(".cc-formula, .cc-wider, .cc-listing").evaluate_all(script) == 0
    assert shown.root.locator(".cc-wider.cc-cut").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["types", "export", "flat", "filter", "container", "failed"])
def test_axe_finds_nothing_serious_in_any_state(open_page, show, report, scheme, state):
    """Menus open, a flat list, a filter, a container selected, a model that fails."""
    page = open_page(color_scheme=scheme)
    shown = show((report_of(wrong, (1, 3, 32, 32)) if state == "failed" else report).panel(), on=page)
    if state in ("types", "export"):
        shown.root.locator(f".cc-{state}").click()
    elif state == "flat":
        shown.press("flat")
        shown.sort("params")
    elif state == "filter":
        shown.filter("nothing has this")
    elif state == "container":
        shown.choose("layer1")
    assert serious(page) == []
