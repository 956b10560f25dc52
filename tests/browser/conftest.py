"""The panel in a real Chromium: pages, and panels on them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import chromium
import pages
import pytest
from playwright.sync_api import sync_playwright
from torchvision.models import resnet18

from nbcnncost import cost


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


@pytest.fixture(scope="module")
def lasting(browser):
    """Pages for all tests of a file."""
    with pages.opened(browser) as made:
        yield made


@pytest.fixture
def passing(browser):
    """Pages for one test."""
    with pages.opened(browser) as made:
        yield made


@pytest.fixture
def open_page(passing):
    """A function that opens a page with nothing on it."""
    return passing.open


@pytest.fixture
def page(passing):
    """A wide page in light colours."""
    return passing.open()


@pytest.fixture
def show(passing, page):
    """A function that shows a panel on the page, or on another one."""
    return partial(passing.show, on=page)


@pytest.fixture(scope="module")
def net():
    """A model with blocks in blocks; a report does not keep it."""
    return resnet18()


@pytest.fixture(scope="module")
def report(net):
    """What it costs."""
    return cost(net, (1, 3, 64, 64))


@pytest.fixture(scope="session")
def screenshots():
    """The folder for pictures that people look at."""
    return chromium.pictures()
