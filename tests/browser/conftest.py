"""The panel in a real Chromium: pages, and panels on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import chromium
import pytest
from front_end import ADDRESS, MODEL, PAGE, FrontEnd
from playwright.sync_api import sync_playwright
from shown import Stubbed


def pytest_collection_modifyitems(items):
    """Whatever stands in this folder needs a browser, and so is slow."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def browser():
    """One Chromium for each file of tests."""
    chromium.executable()
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


@dataclass
class Heard:
    """What a page did that a panel must never do."""

    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(browser):
    """A function that opens a page with nothing on it; at the end no page had an error, a dialog or a request."""
    opened = []

    def make(**options):
        options = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", **options}
        context = browser.new_context(accept_downloads=True, **options)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=ADDRESS)
        context.set_default_timeout(10_000)
        page, heard = context.new_page(), Heard()
        page.on("pageerror", lambda error: heard.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and heard.errors.append(message.text))
        page.on("dialog", lambda dialog: (heard.dialogs.append(dialog.message), dialog.dismiss()))
        page.route("**/*", lambda route: _serve(route, heard))
        opened.append((context, heard))
        page.goto(ADDRESS)
        return page

    yield make
    for context, heard in opened:
        context.close()
        assert heard == Heard()


def _serve(route, heard):
    if route.request.url == ADDRESS:
        route.fulfill(body=PAGE, content_type="text/html")
    else:
        heard.requests.append(route.request.url)
        route.abort()


@pytest.fixture
def page(open_page):
    """A wide page in light colours."""
    return open_page()


@pytest.fixture
def show(page):
    """A function that shows a panel on the page, or on another one."""
    ends = {}

    def make(panel, *, on=page, width=None):
        if not ends.get(on):
            ends[on] = {}
            on.expose_function("exchange", lambda key, data: ends[on][key].exchange(data))
            on.add_script_tag(content=MODEL)
        key = str(len(ends[on]))
        ends[on][key] = FrontEnd(panel)
        on.evaluate("window.show", {"id": key, "state": panel.get_state(), "width": width})
        return Stubbed(on, panel, ends[on][key], key)

    yield make
    for panels in ends.values():
        for end in panels.values():
            end.panel.close()


@pytest.fixture(scope="session")
def screenshots():
    """The folder for pictures that people look at."""
    return chromium.pictures()
