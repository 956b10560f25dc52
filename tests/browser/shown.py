"""A panel on a page, as somebody who looks at it reads it and works it."""

from __future__ import annotations

ROW = ".cc-row"


def whole(text: str) -> int:
    """A number as the panel writes it: ``"1,814,073,344"``, ``"▲ +12"``, ``"▼ −12"``, ``"="``."""
    plain = text.translate(str.maketrans({",": "", "▲": "", "▼": "", "+": "", "−": "-", "=": "0"}))
    return int(plain.strip())


def quoted(text: str) -> str:
    """Any text as a string of CSS."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\a ")
    return f'"{plain}"'


class Shown:
    """What is to be seen in one panel, and the hands that work it."""

    def __init__(self, page, root):
        self.page = page
        self.root = root

    def settle(self):
        """Wait until what was done is done."""
        self.page.wait_for_timeout(300)

    def ids(self) -> list[str]:
        """The ids of the drawn rows, from top to bottom."""
        return self.root.locator(ROW).evaluate_all("rows => rows.map(row => row.dataset.id)")

    def row(self, key: str):
        """The drawn row with this id."""
        return self.root.locator(f"{ROW}[data-id={quoted(key)}]")

    def cells(self, key: str) -> dict[str, str]:
        """A column's cells by the ids of their rows, as texts; of differences what their titles say in full."""
        script = """(rows, key) => rows.map(row => [...row.children].find(cell => cell.dataset.key === key))
            .map(cell => [cell.parentElement.dataset.id, cell.innerText, cell.title.split(" · ")[0]])"""
        found = self.root.locator(ROW).evaluate_all(script, key)
        return {name: title if key.startswith("Δ") and title else text for name, text, title in found}

    def cell(self, key: str, column: str) -> str:
        """One cell's text."""
        return self.row(key).locator(f"[data-key={quoted(column)}]").inner_text()

    def total(self, column: str) -> str:
        """The last row's cell: the sum of what is shown; of differences what its title says in full."""
        cell = self.root.locator(f".cc-table .cc-total [data-key={quoted(column)}]")
        title = (cell.get_attribute("title") or "").split(" · ")[0]
        return title if column.startswith("Δ") and title else cell.inner_text()

    def columns(self) -> list[str]:
        """The keys of the columns, from left to right."""
        return self.root.locator(".cc-table thead th").evaluate_all("heads => heads.map(head => head.dataset.key)")

    def head(self, column: str):
        """The head of a column."""
        return self.root.locator(f".cc-table thead th[data-key={quoted(column)}]")

    def sort(self, column: str):
        """Press the button in a column's head."""
        self.head(column).locator("button").click()
        self.settle()

    def filter(self, text: str):
        """Write into the filter, in place of what stands there."""
        self.root.locator(".cc-filter").fill(text)
        self.settle()

    def press(self, name: str):
        """Press one of the buttons: ``"flat"``, ``"expand"``, ``"collapse"``, ``"pin"``."""
        self.root.locator(f".cc-{name}").click()
        self.settle()

    def check(self, menu: str, name: str):
        """Open a menu, click on the box of a column or type, and close it."""
        self.root.locator(f".cc-{menu}").click()
        boxes = self.root.locator(".cc-menu:not([hidden]) label")
        boxes.filter(has=self.page.locator(f"[data-key={quoted(name)}]")).or_(boxes.filter(has_text=name)).first.click()
        self.page.keyboard.press("Escape")
        self.settle()

    def choose(self, key: str):
        """Click on a row."""
        self.row(key).locator("[data-key=name]").click()
        self.settle()

    def chosen(self) -> list[str]:
        """The ids of the rows marked as selected."""
        marked = f"{ROW}[aria-selected=true]"
        return self.root.locator(marked).evaluate_all("rows => rows.map(row => row.dataset.id)")

    def marks(self, chart: str):
        """The marks of a chart that stand for rows: ``"bars"`` or ``"treemap"``."""
        return self.root.locator(f".cc-{chart} [data-id]")

    def mark(self, chart: str, key: str):
        """The mark of a chart that stands for a row."""
        return self.root.locator(f".cc-{chart} [data-id={quoted(key)}]")

    def tab(self, chart: str):
        """Press a chart's tab."""
        self.root.locator(f".cc-tab[data-key={chart}]").click()
        self.settle()

    def field(self, key: str):
        """A number or a list among the what-if's controls, or the several numbers of a setting, if they show."""
        return self.root.locator(f".cc-whatif [data-key={key}]:not([type=range]):visible")

    def ask(self, key: str, value):
        """Give one of the what-if's controls another value; a setting with several numbers has it in all of them."""
        for place in range(self.field(key).count()):
            field = self.field(key).nth(place)
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=str(value))
            else:
                field.fill(str(value))
                field.press("Tab")
            self.settle()

    def said(self) -> str:
        """The status line."""
        return self.root.locator(".cc-status").inner_text()


class Stubbed(Shown):
    """A panel on a page of its own, whose model answers at once."""

    def __init__(self, page, panel, end, key):
        super().__init__(page, page.locator(f'[data-panel="{key}"] > .cnncost'))
        self.panel, self.end, self.key = panel, end, key

    def settle(self):
        """Wait until everything is saved and answered."""
        unsaved = "key => Object.keys(window.panels[key].model.dirty).length === 0"
        self.page.wait_for_function(unsaved, arg=self.key)
        self.page.evaluate("key => window.panels[key].model.running", self.key)
        while self.panel.status["busy"]:
            self.page.wait_for_timeout(10)
        self.deliver()

    def deliver(self):
        """Hand the page what the panel has said of itself."""
        script = "async ([key, said]) => window.panels[key].model.receive(said)"
        self.page.evaluate(script, [self.key, self.end.fetch()])

    def look(self, **view):
        """Change the view as the page itself would, without its buttons."""
        script = """([key, view]) => {
            const { model } = window.panels[key];
            model.set("view", { ...model.get("view"), ...view });
            model.save_changes();
        }"""
        self.page.evaluate(script, [self.key, view])
        self.settle()
