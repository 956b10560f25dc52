"""JupyterQuiz for real: its own scripts, in a browser, take the questions and answer what is typed."""

from __future__ import annotations

import chromium
import pytest
from jupyterquiz.dynamic.loader import load_questions_script
from jupyterquiz.dynamic.renderer import build_script, build_styles, render_div
from playwright.sync_api import sync_playwright

from nbcnncost.course import sheet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium of this machine."""
    with sync_playwright() as playwright:
        started = chromium.launch(playwright)
        yield started
        started.close()


def page_of(path):
    """The page that ``display_quiz`` shows, with all that a notebook puts around it left out."""
    prefix, static, url = load_questions_script(str(path), "quiz")
    script = build_script(prefix, static, url, "quiz", load_js=True)
    shown = render_div(
        "quiz",
        "False",
        "False",
        preserve_responses=False,
        num=1_000_000,
        max_width=600,
        border_radius=10,
        question_alignment="left",
    )
    return f"<!doctype html><body>{shown}</div>{build_styles('quiz', {})}<script>{script}</script></body>"


@pytest.mark.parametrize("topic", ["convolution", "separable"])
def test_the_quiz_answers_what_is_typed(browser, tmp_path, topic):
    """The right number is right, also a fraction of which three digits are given; each mistake is told its name."""
    one = sheet(topic, student="ada")
    one.to_quiz(tmp_path / "quiz.json")
    page = browser.new_page()
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.set_content(page_of(tmp_path / "quiz.json"))
    page.wait_for_selector("input.Input-text")
    fields, told = page.locator("input.Input-text"), page.locator(".Feedback")
    assert fields.count() == len(one)

    def said(at, value):
        fields.nth(at).fill(str(value))
        fields.nth(at).press("Enter")
        return told.nth(at).inner_text(), told.nth(at).get_attribute("class")

    for at, question in enumerate(one):
        typed = question.answer if question.value.denominator == 1 else f"{float(question.value):.3g}"
        text, marks = said(at, typed)
        assert text.startswith("Right")
        assert "incorrect" not in marks
        for wrong in question.wrong:
            value = wrong.value.numerator if wrong.value.denominator == 1 else float(wrong.value)
            text, marks = said(at, value)
            assert wrong.id in text
            assert "incorrect" in marks
        text, marks = said(at, int(question.value) + 123457)
        assert text.startswith("That is not it")
        assert "incorrect" in marks
    page.close()
    assert failed == []
