"""The table of a prediction in Chromium: filled in by keys alone, checked, revealed; in both looks and narrow."""

from __future__ import annotations

import json

import pytest
from axe import serious
from front_end import FrontEnd
from torch import nn

from nbcnncost import cost
from nbcnncost.course import predict
from nbcnncost.course.prediction_widget import PredictionTable

PARAMS = 6 * (3 * 5 * 5 + 1)
MACS = 28 * 28 * 6 * 3 * 5 * 5
ROOT = ".cnnpredict"


class Filled:
    """A prediction's table on a page, and the hands that fill it in."""

    def __init__(self, pages, page):
        net = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 28 * 28, 10))
        self.page = page
        self.prediction = predict(cost(net, (1, 3, 32, 32)))
        self.table = self.prediction._table = PredictionTable(self.prediction)
        self.end = pages.ends[page]["0"] = FrontEnd(self.table)
        page.evaluate("window.show", {"id": "0", "state": json.loads(json.dumps(self.table.get_state()))})
        self.root = page.locator(ROOT)
        self.root.wait_for()

    def blank(self, key: str):
        """The input of a question."""
        return self.root.locator(f'input[data-key="{key}"]')

    def focused(self) -> str:
        """The key of the blank that has the focus."""
        return self.page.evaluate("document.activeElement.dataset.key ?? ''")

    def settle(self):
        """Wait until everything is saved and answered."""
        self.page.wait_for_timeout(500)
        self.page.evaluate("window.panels['0'].model.running")
        self.page.wait_for_timeout(50)


@pytest.fixture
def filled(passing, page):
    """A table with nothing in it."""
    return Filled(passing, page)


def test_it_is_filled_in_and_checked_by_keys_alone(filled):
    """Tab and arrows walk through the blanks, Enter checks; marks and what is said are read out."""
    keys = filled.page.keyboard
    while filled.focused() != "0.h_out":
        keys.press("Tab")
    keys.type("28")
    keys.press("Tab")
    assert filled.focused() == "0.w_out"
    keys.type("28")
    keys.press("ArrowRight")
    assert filled.focused() == "0.params"
    keys.type(str(PARAMS - 6))
    keys.press("ArrowDown")
    assert filled.focused() == "3.params"
    keys.press("ArrowUp")
    assert filled.focused() == "0.params"
    keys.press("Enter")
    filled.settle()
    assert {key: told.is_right for key, told in filled.prediction.verdicts.items()} == {
        "0.h_out": True,
        "0.w_out": True,
        "0.params": False,
    }
    assert filled.blank("0.h_out").get_attribute("aria-invalid") == "false"
    wrong = filled.blank("0.params")
    assert wrong.get_attribute("aria-invalid") == "true"
    told = filled.page.locator(f"#{wrong.get_attribute('aria-describedby')}")
    assert told.inner_text() == "0.params: 450 is wrong; it is too small."
    assert filled.root.locator("[role=status]").inner_text() == "2 right, 1 wrong, 5 still open"


def test_no_number_is_on_the_page_until_it_is_asked_for(filled):
    """Then each stands beside its blank, and the report below."""
    assert f"{MACS:,}" not in filled.page.content()
    assert str(MACS) not in filled.page.content()
    filled.blank("0.params").fill("450")
    filled.root.locator(".cp-show").click()
    filled.settle()
    assert f"it is {MACS:,}" in filled.root.inner_text()
    assert filled.root.locator(".cp-report table").count() == 1
    assert filled.root.locator(".cp-show").is_hidden()


def test_the_report_shows_itself_when_all_are_right(filled):
    """With the last number, and what Python fills in stands in the table."""
    first = 6 * 28 * 28 * 10
    answers = {"0": {"h_out": 28, "w_out": 28, "params": PARAMS, "macs": MACS}}
    answers["3"] = {"params": first + 10, "macs": first}
    answers["total"] = {"params": PARAMS + first + 10}
    filled.prediction.fill(answers)
    filled.page.evaluate("said => window.panels['0'].model.receive(said)", filled.end.fetch())
    assert filled.blank("0.macs").input_value() == f"{MACS:,}"
    filled.blank("total.macs").fill(f"{MACS + first:,}")
    filled.blank("total.macs").press("Enter")
    filled.settle()
    assert filled.root.locator(".cp-report table").count() == 1
    assert "All right." in filled.root.locator("[role=status]").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 380])
def test_everybody_can_use_it(passing, screenshots, scheme, width):
    """No serious violation, and a picture for people to look at, filled in and revealed, wide and narrow."""
    page = passing.open(color_scheme=scheme, viewport={"width": width, "height": 900})
    filled = Filled(passing, page)
    assert serious(page, ROOT) == []
    filled.blank("0.h_out").fill("28")
    filled.blank("0.params").fill("450")
    filled.blank("0.macs").fill("12345")
    filled.root.locator(".cp-check").click()
    filled.settle()
    assert serious(page, ROOT) == []
    page.screenshot(path=screenshots / f"predict-{scheme}-{width}.png", full_page=True)
    filled.root.locator(".cp-show").click()
    filled.settle()
    assert serious(page, ROOT) == []
    page.screenshot(path=screenshots / f"predict-revealed-{scheme}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
