"""A prediction's table in a notebook, to be filled in there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from nbcnncost.course import messages, prediction_views
from nbcnncost.front import ELEMENTS, lines_of
from nbcnncost.languages import translate

if TYPE_CHECKING:
    from nbcnncost.course.prediction import Prediction

_VIEW_TYPE = "application/vnd.jupyter.widget-view+json"
_FOLDER = Path(__file__).parent / "static"
#: Text longer than this is no number.
_LONGEST = 100
#: What the script says, by the names under which it asks.
_WORDS = {
    "check": messages.PREDICT_CHECK,
    "show": messages.PREDICT_SHOW,
    "table": messages.PREDICT_TABLE,
    "report": messages.PREDICT_REPORT,
    "truth": messages.PREDICT_IT_IS,
}


@cache
def module() -> str:
    """The script with its style sheet."""
    styles = "".join(lines_of(_FOLDER / "prediction.css"))
    return "\n".join([f"const SHEET = `{styles}`;", *lines_of(ELEMENTS, _FOLDER / "prediction.js")])


class PredictionTable(anywidget.AnyWidget):
    """What a front end is given of a prediction, and says to it.

    ``answers`` are the student's own, as written; a front end may set these alone. ``truths`` and ``report`` stay
    empty until the prediction is open.
    """

    _esm = traitlets.Unicode().tag(sync=True)  # as no trait's default: those are left out where a page embeds widgets
    table = traitlets.Dict().tag(sync=True)
    answers = traitlets.Dict().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    truths = traitlets.Dict().tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    headline = traitlets.Unicode("").tag(sync=True)
    report = traitlets.Unicode("").tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        words = {name: translate(text, prediction.lang) for name, text in _WORDS.items()}
        super().__init__(_esm=module(), table=_table(prediction), words=words)
        self.follow()
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return f"table of {self.table['title']}, to be filled in"

    def shown(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What shows this table in a notebook, with what its front end has to know besides; nothing once closed."""
        if self.comm is None:
            return {}, {}
        parent = getattr(self, "_repr_mimebundle_", None)  # ipywidgets 7 has none
        made = None if parent is None else parent()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {_VIEW_TYPE: view}, made[1] if isinstance(made, tuple) else {}

    def follow(self) -> None:
        """Show what the prediction says now."""
        prediction = self._prediction
        keys = prediction.keys if prediction.is_open else ()
        marks = {key: {"right": told.is_right, "text": told.text} for key, told in prediction.verdicts.items()}
        with self.hold_sync():
            self.answers = {key: prediction.text_of(key) for key in prediction.answers}
            self.marks = marks
            self.said = prediction.said
            self.truths = {key: prediction_views.truth(prediction, key) for key in keys}
            self.headline = prediction_views.headline(prediction) if prediction.is_open else ""
            self.report = prediction.report._repr_html_() if prediction.is_open else ""

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """What a front end sends: answers alone are taken; else it is told what holds."""
        answers = sync_data.get("answers")
        refused = [name for name in sync_data if name != "answers"]
        if isinstance(answers, Mapping):
            known = {key: str(answers.get(key) or "")[:_LONGEST] for key in self._prediction.keys}
            given = {key: text for key, text in known.items() if text.strip() != self._prediction.text_of(key)}
            self._prediction._put(given)
            self.follow()
        if refused:
            self.send_state(refused)

    def _hear(self, widget: Any, content: Mapping[str, Any], buffers: Any) -> None:
        if content.get("kind") == "check":
            self._prediction.check()
        elif content.get("kind") == "show":
            self._prediction.reveal()


def _table(prediction: Prediction) -> dict[str, Any]:
    """The empty table: nothing that is asked for."""
    made, blanks = prediction_views.table(prediction), prediction._blanks
    heads = {column.key: column.header for column in made.columns}
    prompts = {entry.key: translate(entry.prompt, prediction.lang) for entry in blanks.questions}
    rows = [
        {
            "label": line.cells[0].text,
            "type": row.type,
            "settings": line.cells[2].title,
            "keys": dict(row.keys),
            "prompts": {column: prompts[key] for column, key in row.keys.items()},
        }
        for row, line in zip(blanks.rows, made.body, strict=True)
    ]
    return {
        "title": made.title,
        "lines": [*made.summary, *made.details],
        "caption": made.caption,
        "columns": list(blanks.columns),
        "heads": heads,
        "rows": rows,
    }
