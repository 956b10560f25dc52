"""A notebook opened in JupyterLab or Notebook 7, as somebody who works in it does."""

from __future__ import annotations

import re
from functools import cached_property

from kernels import Kernel
from shown import Shown

DONE = re.compile(r"\[\d+\]")
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"


class NotebookPage:
    """An open notebook: its cells, its kernel, its panels."""

    def __init__(self, page, server, view: str, name: str):
        self.page, self.server, self.name = page, server, name
        page.goto(server.address(view, name))
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        self.idle()

    @cached_property
    def kernel(self) -> Kernel:
        """The kernel that has run the cells."""
        return Kernel(self.server.runtime)

    def idle(self):
        """Wait until the kernel has nothing to do and no cell waits for it."""
        self.page.locator(IDLE).first.wait_for(state="attached", timeout=60_000)
        prompts = "[...document.querySelectorAll('.jp-InputPrompt')]"
        self.page.wait_for_function(f"() => !{prompts}.some(prompt => prompt.innerText.includes('*'))", timeout=60_000)

    def cell(self, number: int):
        """A code cell, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def run(self, number: int):
        """Run a cell by the keyboard, and wait for it; a kernel that is not yet connected loses what it is sent."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for _ in range(10):
            self.cell(number).locator(".cm-content").click()
            self.page.keyboard.press("Control+Enter")
            if self._ran(prompt, before):
                return self.idle()
        raise AssertionError(f"cell {number} does not run: {prompt.inner_text()}")

    def _ran(self, prompt, before: str) -> bool:
        """Whether a cell has got a new number; not so when it had none for two seconds."""
        waited = 0
        while waited < 20:
            self.page.wait_for_timeout(100)
            now = prompt.inner_text()
            if DONE.search(now) and now != before:
                return True
            waited = 0 if "*" in now else waited + 1
        return False

    def output(self, number: int) -> str:
        """A cell's output as text."""
        return self.cell(number).locator(".jp-OutputArea-output").last.inner_text()

    def panel(self, number: int) -> LivePanel:
        """The panel that a cell shows."""
        root = self.cell(number).locator(".cnncost")
        root.locator(".cc-row").first.wait_for(timeout=30_000)
        return LivePanel(self, root)


class LivePanel(Shown):
    """A panel in a notebook."""

    def __init__(self, notebook: NotebookPage, root):
        super().__init__(notebook.page, root)
        self.notebook = notebook

    def settle(self):
        """Wait until the panel has told Python, and Python has answered."""
        self.page.wait_for_timeout(250)  # the panel waits for more before it saves
        self.notebook.idle()
        self.page.wait_for_function("root => root.getAttribute('aria-busy') !== 'true'", arg=self.root.element_handle())
