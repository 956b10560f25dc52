"""The Panel: a report in a notebook, to explore and to change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import anywidget
import traitlets

from nbcnncost.errors import CostError
from nbcnncost.languages import LANGUAGES, words
from nbcnncost.panel import speech
from nbcnncost.panel.assets import module, packed
from nbcnncost.panel.baseline import baseline_of
from nbcnncost.panel.bursts import Latest, uncollected
from nbcnncost.panel.checks import check, first_state, fitted
from nbcnncost.panel.code import code
from nbcnncost.panel.controls import controls
from nbcnncost.panel.details import Details
from nbcnncost.panel.exports import File, export
from nbcnncost.panel.namespace import name_of, put, take_place
from nbcnncost.panel.payload import table_of
from nbcnncost.panel.state import PanelState, View, WhatIf, plain
from nbcnncost.panel.what_if import Answer, Laboratory
from nbcnncost.report import Report

_VIEW_TYPE = "application/vnd.jupyter.widget-view+json"
#: What mirrors each part of the state.
_MIRRORS = MappingProxyType({"selected": "selected", "view": "view", "what_if": "what_if", "baseline": "pinned"})
#: What a front end may set, and how that is read.
_READERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"selected": str, "view": View.read, "what_if": WhatIf.read}
)
_IDLE: Mapping[str, Any] = MappingProxyType({"busy": False, "error": None})


def _packed(value: Any) -> str:
    """JSON in one packed text, since a notebook keeps it."""
    return packed(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _json(value: View | WhatIf, panel: Panel) -> dict[str, Any]:
    return plain(value)


def _read(name: str) -> Callable[[Any, Panel], Any]:
    return lambda value, panel: _READERS[name](value)


def _in_language(say: Callable[[Any, str], Any]) -> Callable[[Any, Panel], Any]:
    return lambda value, panel: say(value, panel._lang)


class Panel(anywidget.AnyWidget):
    """A report to explore and to change in a notebook; ``report.panel()`` makes one.

    ``state`` is everything a person has made of it, a :class:`~nbcnncost.panel.state.PanelState`; ``selected``,
    ``view``, ``what_if`` and ``baseline`` are its parts. All can be set and observed: ``panel.observe(callback,
    names="state")``. ``report`` is the report that is shown, the what-if included. ``model`` is the report's own
    unless it is gone; it is neither changed nor kept.

    Raises :class:`~nbcnncost.errors.CostError` for a row, a column or a setting that there is not.
    """

    _esm = traitlets.Unicode().tag(sync=True)  # as no trait's default: those are left out where a page embeds widgets
    _own_layout: Any = None
    _ipython_display_ = None  # ipywidgets 7 shows itself by this, and would leave out the static report

    state = traitlets.Instance(PanelState)
    selected = traitlets.Unicode("").tag(sync=True)
    view = traitlets.Instance(View).tag(sync=True, to_json=_json, from_json=_read("view"))
    what_if = traitlets.Instance(WhatIf).tag(sync=True, to_json=_json, from_json=_read("what_if"))
    baseline = traitlets.Instance(Report, allow_none=True).tag(
        sync=True, to_json=lambda pinned, panel: None if pinned is None else _packed(panel._beside(pinned))
    )
    table = traitlets.Dict().tag(sync=True, to_json=lambda table, panel: _packed(table))
    controls = traitlets.Dict().tag(sync=True, to_json=_in_language(speech.controls))
    details = traitlets.Dict().tag(
        sync=True, to_json=lambda details, panel: _packed(speech.details(details, panel._lang))
    )
    status = traitlets.Dict(dict(_IDLE)).tag(sync=True, to_json=_in_language(speech.status))
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, report: Report, model: Any = None) -> None:
        if not isinstance(report, Report):
            raise CostError(f"a panel shows a report, not a {type(report).__name__}: cost(model, size).panel()")
        self._laboratory = Laboratory(report, model)
        self._answer = self._shown = Answer(WhatIf(), report)
        self._fitting: tuple[Answer, Answer] | None = None
        self._latest = Latest(self._catch_up)
        self._offer = Latest(self._look_for_a_fit)
        self._is_told = False
        self._compared: tuple[Any, ...] = ()
        self._details: tuple[Report, Details] | None = None
        table = table_of(report)
        self._first = first_state(report, table)
        state = self._first
        mirrors = {mirror: getattr(state, part) for mirror, part in _MIRRORS.items()}
        self._lang = report.look.lang
        said = {} if self._lang == LANGUAGES[0] else words(self._lang, speech.ASKED)
        super().__init__(_esm=module(), table=table, state=state, words=said, **mirrors)
        self._own_layout = self.layout
        self._describe()
        self.on_msg(self._hear)
        self._succeed(take_place(self))

    @property
    def report(self) -> Report:
        """The report that is shown, what-if included."""
        return self._shown.report or self._laboratory.report

    def __repr__(self) -> str:
        return f"Panel of {self.report.model_name}: the cost of each layer, to explore and to change"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The panel, and for places without a front end the report as it stands in its stead."""
        still = {"text/plain": repr(self.report), "text/html": self.report._repr_html_()}
        if self.comm is None:  # closed
            return still, {}
        parent = getattr(super(), "_repr_mimebundle_", None)  # of ipywidgets 8; 7 has none
        made = None if parent is None else parent()
        shown = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {**still, _VIEW_TYPE: shown}, made[1] if isinstance(made, tuple) else {}

    def close(self) -> None:
        """Take the panel out of all pages; the report then shows itself in its stead."""
        super().close()
        if self._own_layout is not None:  # nobody else closes it, and a notebook would store it
            self._own_layout.close()
        self.__dict__.pop("_repr_mimebundle_", None)  # of ipywidgets 8, which shows nothing then

    # The state and its mirrors.

    @traitlets.validate("state", *_MIRRORS)
    def _checked(self, proposal: Mapping[str, Any]) -> Any:
        """Take only what there is; a what-if is tried before it is taken."""
        name, value = proposal["trait"].name, proposal["value"]
        state = value if name == "state" else replace(self.state, **{_MIRRORS[name]: value})
        check(state, self.table)
        if not self._is_told and state.what_if != self._shown.what_if:
            self._answer = self._laboratory.ask(state.what_if)
            if self._answer.report is None:
                raise CostError(self._answer.message)
        return value

    @traitlets.observe(*_MIRRORS)
    def _follow_mirror(self, change: Mapping[str, Any]) -> None:
        state = replace(self.state, **{_MIRRORS[change["name"]]: change["new"]})
        if state != self.state:
            self.state = state

    @traitlets.observe("state")
    def _follow_state(self, change: Mapping[str, Any]) -> None:
        state, before = change["new"], change["old"]
        if not isinstance(before, PanelState):
            return
        with self.hold_sync():
            for mirror, part in _MIRRORS.items():
                setattr(self, mirror, getattr(state, part))
            if state.what_if != self._shown.what_if:
                self.status = {**self.status, "busy": True}
                self._latest.ask() if self._is_told else self._catch_up()
            elif state.selected != before.selected:
                self._describe()

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """What a front end sends: taken where it makes sense; else the front end is told what holds."""
        taken = {name: value for name, value in sync_data.items() if self._takes(name, value)}
        self._is_told = True
        try:
            super().set_state(taken)
        finally:
            self._is_told = False
        refused = [name for name in sync_data if name not in taken and name in self.keys]
        if refused:
            self.send_state(refused)

    def _takes(self, name: str, value: Any) -> bool:
        if name not in _READERS:
            return False
        try:
            check(replace(self.state, **{_MIRRORS[name]: _READERS[name](value)}), self.table)
        except CostError:
            return False
        return True

    # What is shown.

    def _catch_up(self) -> None:
        """Show the answer to the what-if that holds now."""
        wanted = self.state.what_if
        try:
            with uncollected():
                if self._answer.what_if != wanted:
                    self._answer = self._laboratory.ask(wanted)
                self._show(self._answer)
        except BaseException as error:
            self._give_up("interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}")
            raise
        if self._answer.message and self._answer.report is not None:
            self._offer.ask()

    def _show(self, answer: Answer) -> None:
        """Show an answer; where it has no report, what is shown stays, and why is said."""
        before = self.report
        shown = answer if answer.report is not None else replace(answer, report=before)
        table = self.table if shown.report is before else table_of(shown.report or before)
        self._shown = shown
        with self.hold_sync():
            if self.report is not before:
                self.table = table
                self.state = fitted(self.state, table)
                if self.baseline is not None:  # its rows are those of the table
                    self.send_again("baseline")
            self._describe()
            self.status = {"busy": False, "error": self._error(answer)}

    def _give_up(self, why: str) -> None:
        """Go back to what is shown: nobody waits for an answer that does not come."""
        self._answer = self._shown
        message = f"the what-if was not counted: {why}"
        with self.hold_sync():
            self.state = replace(self.state, what_if=self._shown.what_if)
            self._describe()
            self.status = {
                "busy": False,
                "error": {"row": -1, "path": "", "message": message, "fit": False, "still": ""},
            }

    def send_again(self, name: str) -> None:
        """Send what depends on more than its own value."""
        value = getattr(self, name)
        self.notify_change(traitlets.Bunch(name=name, old=value, new=value, owner=self, type="change"))

    def _error(self, answer: Answer) -> dict[str, Any] | None:
        """What stops, whether to make layers fit helps, and if not what would still stop then; known a little later."""
        if not answer.message:
            return None
        failure = self.table["failure"] if answer.report is not None else None
        ids = self.table["rows"]["id"]
        row = failure["row"] if failure else ids.index(answer.path) if answer.path in ids else -1
        fitting = self._fitting[1] if self._fitting is not None and self._fitting[0] is answer else answer
        still = fitting.message if fitting is not answer else ""
        return {"row": row, "path": answer.path, "message": answer.message, "fit": not fitting.message, "still": still}

    def _describe(self) -> None:
        """Say what there is about the selected row, and what can be changed."""
        selected, report = self.state.selected, self.report
        if self._details is None or self._details[0] is not report:
            self._details = (report, Details(report, self._laboratory._skeleton))
        with self.hold_sync():
            self.details = self._details[1].of(selected) if selected else {}
            self.controls = controls(self._laboratory, self.state.what_if, self.details.get("path"))

    def _look_for_a_fit(self) -> None:
        """Find out whether other layers can be made to fit what they receive, and offer it where that helps."""
        answer = self._shown
        if answer.message and answer.report is not None and answer.what_if == self.state.what_if:
            self._fitting = (answer, self._laboratory.follow(answer.what_if))
            self.status = {**self.status, "error": self._error(answer)}

    def _fit(self) -> None:
        """Change the layers behind a changed one so that they fit what they receive then."""
        self._offer.now()
        if self._fitting is None or self._fitting[0] is not self._shown:  # nothing stops
            return
        answer = self._fitting[1]
        if answer.message:
            raise CostError(answer.message)
        self._answer = answer
        self.what_if = answer.what_if

    def _beside(self, pinned: Report) -> dict[str, Any]:
        """The pinned report beside the rows that are shown."""
        if not self._compared or self._compared[0] is not pinned or self._compared[1] is not self.report:
            self._compared = (pinned, self.report, baseline_of(pinned, self.report))
        compared: dict[str, Any] = self._compared[2]
        return compared

    def _succeed(self, earlier: Panel | None) -> None:
        """Take over what a person made of the panel that the same cell gave before, as far as it fits."""
        if earlier is None:
            return
        left = earlier.state
        view = self._first.view if left.view == earlier._first.view else left.view
        state = fitted(replace(left, view=view, what_if=WhatIf()), self.table)
        for what_if in (left.what_if, replace(left.what_if, layers={})):
            answer = self._laboratory.ask(what_if)
            if answer.report is not None and not answer.message:
                state = replace(state, what_if=what_if)
                break
        self.state = state
        earlier.close()

    # Messages.

    def _hear(self, panel: Any, content: Mapping[str, Any], buffers: Any) -> None:
        """Do what a front end asks for, and answer; what goes wrong is an answer, too."""
        self._latest.now()
        try:
            answers = list(self._answers(content))
        except CostError as error:
            answers = [_said(str(error), error=True)]
        except Exception as error:  # noqa: BLE001 -- somebody waits for an answer
            answers = [_said(f"{type(error).__name__}: {error}", error=True)]
        for answer in answers:
            self.send({**speech.answer(answer, self._lang), "request": content.get("request")})

    def _answers(self, content: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        kind = content.get("kind")
        if kind == "export":
            yield export(self.report, content.get("format"), self.view.metric).message()
        elif kind == "put":
            yield _said(put(content.get("name"), self.report))
        elif kind == "code":
            name = name_of(self._laboratory.report.source.model)
            yield File("what_if.py", "text/x-python", code(self._laboratory, self.what_if, name)).message()
        elif kind == "fit":
            self._fit()
        elif kind == "pin":
            self.baseline = self.report
        elif kind == "unpin":
            self.baseline = None
        elif kind == "reset":
            self.what_if = WhatIf()


def _said(text: str, *, error: bool = False) -> dict[str, Any]:
    return {"kind": "said", "text": text, "error": error}
