"""Pictures of the panel for people to look at; what is tested here is only that each can be taken."""

from __future__ import annotations

import pytest
from torchvision.models import resnet50

from nbcnncost import cost
from nbcnncost.panel import LayerChange, WhatIf
from tools.panel_sample import deep, hostile, report_of

WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def net():
    """The model of the pictures."""
    return resnet50()


@pytest.fixture
def take(open_page, show, screenshots):
    """A function that shows a panel, does something with it, and takes the picture."""

    def make(name, panel, act=lambda shown: None, *, viewport=WIDE, **options):
        page = open_page(viewport=viewport, **options)
        shown = show(panel, on=page)
        act(shown)
        page.wait_for_timeout(200)
        path = screenshots / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        assert path.stat().st_size > 5_000

    return make


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_as_it_comes(take, net, scheme):
    """A panel before anybody touched it."""
    take(scheme, cost(net, (1, 3, 224, 224)).panel(), color_scheme=scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("chart", ["bars", "treemap"])
def test_a_layer_selected(take, net, scheme, chart):
    """With the details of a convolution, and a chart."""

    def act(shown):
        shown.choose("conv1")
        shown.tab(chart)

    take(f"selected-{chart}-{scheme}", cost(net, (1, 3, 224, 224)).panel(), act, color_scheme=scheme)


def test_narrow(take, net):
    """As in a narrow window."""
    take(
        "narrow",
        cost(net, (1, 3, 224, 224)).panel(),
        lambda shown: shown.choose("conv1"),
        viewport={"width": 400, "height": 800},
    )


def test_five_thousand_layers(take):
    """As it comes, and as a flat list."""
    report = cost(deep(), (1, 2, 8, 8))
    take("5000-layers", report.panel())
    take("5000-layers-flat", report.panel(), lambda shown: shown.press("flat"))


def test_hostile_names(take):
    """Names that could do harm."""
    report = report_of(hostile, (1, 3, 8, 8))
    take("hostile", report.panel(), lambda shown: shown.choose(shown.ids()[0]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pinned(take, net, scheme):
    """Against a baseline at another resolution and with another first layer."""

    def act(shown):
        shown.press("pin")
        shown.panel.what_if = WhatIf(
            height=256, width=256, layers={"conv1": LayerChange(kernel_size=(3, 3), padding=(1, 1))}
        )
        shown.deliver()
        shown.choose("conv1")

    take(f"pinned-{scheme}", cost(net, (1, 3, 224, 224)).panel(), act, color_scheme=scheme)


def test_what_breaks(take, net):
    """A change that does not fit."""

    def act(shown):
        shown.choose("conv1")
        shown.ask("out_channels", 48)

    take("what-if-error", cost(net, (1, 3, 224, 224)).panel(), act)


@pytest.mark.parametrize("menu", ["columns", "types", "export"])
def test_menus(take, net, menu):
    """Each menu open."""
    take(f"menu-{menu}", cost(net, (1, 3, 224, 224)).panel(), lambda shown: shown.root.locator(f".cc-{menu}").click())


def test_filtered(take, net):
    """A filter, sorted by another number."""

    def act(shown):
        shown.filter("conv2")
        shown.sort("params")

    take("filtered", cost(net, (1, 3, 224, 224)).panel(), act)
