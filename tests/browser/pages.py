"""Pages with nothing on them but panels, and a watch over what a panel must never do."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field

from front_end import ADDRESS, MODEL, PAGE, FrontEnd
from shown import Stubbed

WIDE = {"width": 1280, "height": 900}


@dataclass
class Heard:
    """What a page did that a panel must never do."""

    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Pages:
    """Opens pages, and shows panels on them."""

    def __init__(self, browser):
        self.browser = browser
        self.contexts = []
        self.heard = Heard()
        self.ends = {}

    def open(self, **options):
        """A new page, 1280 pixels wide and light if not told otherwise."""
        context = self.browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=ADDRESS)
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.heard.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.heard.errors.append(message.text))
        page.on("dialog", self._hear_dialog)
        page.route("**/*", self._serve)
        page.goto(ADDRESS)
        page.add_script_tag(content=MODEL)
        ends = self.ends[page] = {}
        page.expose_function("exchange", lambda key, data: ends[key].exchange(data))
        return page

    def show(self, panel, *, on, width=None) -> Stubbed:
        """Show a panel on a page."""
        key = str(len(self.ends[on]))
        end = self.ends[on][key] = FrontEnd(panel)
        on.evaluate("window.show", {"id": key, "state": panel.get_state(), "width": width})
        return Stubbed(on, panel, end, key)

    def close(self):
        """Close all; no page had an error, a dialog, or asked the network for anything."""
        for context in self.contexts:
            context.close()
        for ends in self.ends.values():
            for end in ends.values():
                end.panel.close()
        assert self.heard == Heard()

    def _hear_dialog(self, dialog):
        self.heard.dialogs.append(dialog.message)
        dialog.dismiss()

    def _serve(self, route):
        if route.request.url == ADDRESS:
            route.fulfill(body=PAGE, content_type="text/html")
        else:
            self.heard.requests.append(route.request.url)
            route.abort()


@contextmanager
def opened(browser):
    """Pages that are closed, and judged, at the end."""
    pages = Pages(browser)
    yield pages
    pages.close()
