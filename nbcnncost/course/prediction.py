"""A prediction: a report whose numbers are hidden until a student has filled them in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbcnncost import cells
from nbcnncost.course import messages, prediction_views
from nbcnncost.course.blanks import Blanks, blanks_of
from nbcnncost.course.diagnosis import STEPS
from nbcnncost.course.making import Course
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import NotANumber, read
from nbcnncost.course.sheet import GRADER, Sheet
from nbcnncost.course.verdict import Verdict
from nbcnncost.errors import CostError
from nbcnncost.languages import translate
from nbcnncost.report import Report

if TYPE_CHECKING:
    from nbcnncost.course.prediction_widget import PredictionTable

_KEPT = "nbcnncost_predictions"
#: Text longer than this is no number.
_LONGEST = 100


class Prediction:
    """A table of blanks that a student fills in; :func:`predict` makes one.

    ``fill`` puts numbers in and checks them, ``reveal`` gives up. In a notebook the table can be filled in itself.
    ``answers`` are the student's own by the questions' keys, ``verdicts`` what is said of those that were checked.
    Nothing that is shown, sent or saved holds a number that is asked for before it is found or revealed.
    """

    def __init__(self, report: Report, blanks: Blanks, sheet: Sheet) -> None:
        self._report = report
        self._sheet = sheet
        self._blanks = blanks
        self._answers: dict[str, Any] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._is_revealed = False
        self._table: PredictionTable | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all blanks, row by row: ``"conv1.params"``."""
        return self._blanks.keys

    @property
    def lang(self) -> str:
        """The language in which it speaks."""
        return self._sheet.settings.lang

    @property
    def answers(self) -> dict[str, Any]:
        """What has been filled in, by the questions' keys."""
        return dict(self._answers)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """What is said of the answers that have been checked."""
        return dict(self._verdicts)

    @property
    def is_open(self) -> bool:
        """Whether the numbers are shown: all are right, or were asked to be revealed."""
        return self._is_revealed or all(key in self._verdicts and self._verdicts[key].is_right for key in self.keys)

    @property
    def report(self) -> Report:
        """The report; raises :class:`~nbcnncost.errors.CostError` as long as its numbers are hidden."""
        if not self.is_open:
            raise CostError(messages.PREDICT_HIDDEN)
        return self._report

    def fill(self, answers: Mapping[str, Any]) -> Prediction:
        """Put numbers in and check them: ``{"conv1": {"params": 456}}`` or ``{"conv1.params": "456"}``.

        ``...`` leaves a blank open. Numbers are taken as :meth:`~nbcnncost.course.Sheet.check` takes them. What is
        given back is the prediction, which shows each number with what is to be said of it.
        """
        _refuse_graders()
        self._put(dict(self._flat(answers)))
        return self.check()

    def check(self) -> Prediction:
        """Check what has been filled in; a new wrong answer to the same question is told more than the one before."""
        _refuse_graders()
        hint = STEPS if self._is_revealed else None
        most = STEPS if self._is_revealed else min(self._sheet.settings.highest_hint, STEPS - 1)
        filled = (key for key in self._sheet.keys if key in self._answers)
        self._verdicts = {key: self._sheet.verdict(key, self._answers[key], None, hint, most) for key in filled}
        self._follow()
        return self

    def reveal(self) -> Prediction:
        """Show the numbers, and the report below them."""
        self._is_revealed = True
        if self._answers:
            self.check()
        self._follow()
        return self

    def _put(self, answers: Mapping[str, Any]) -> None:
        """Take answers over; one that is another than before is yet to be checked."""
        for key, answer in answers.items():
            if _is_blank(answer):
                self._answers.pop(key, None)
            elif key in self._answers and _same(self._answers[key], answer):
                continue
            else:
                self._answers[key] = answer
            self._verdicts.pop(key, None)

    def _flat(self, answers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        if not isinstance(answers, Mapping):
            raise CostError(say(messages.PREDICT_FILL))
        for name, given in answers.items():
            pairs = given.items() if isinstance(given, Mapping) else [("", given)]
            for quantity, answer in pairs:
                key = f"{name}.{quantity}" if quantity else str(name)
                yield self._sheet[key].key, answer

    def _succeed(self, earlier: Any) -> None:
        """Take over what was filled in where the same cell ran before, as far as it is asked for here."""
        if not isinstance(earlier, Prediction):
            return
        self._sheet.succeed(earlier._sheet)
        self._put({key: answer for key, answer in earlier._answers.items() if key in self._sheet})
        same = earlier.keys == self.keys
        same = same and all(earlier._sheet[key].value == self._sheet[key].value for key in self.keys)
        self._is_revealed = earlier._is_revealed and same
        if earlier._verdicts and not os.environ.get(GRADER):
            self.check()
        if earlier._table is not None:
            earlier._table.close()

    # What is shown.

    def text_of(self, key: str) -> str:
        """An answer as its student wrote it; empty where there is none."""
        answer = self._answers.get(key)
        if isinstance(answer, str):
            return answer.strip()
        try:
            return "" if answer is None else read(key, answer).text
        except NotANumber:
            return repr(answer)[:_LONGEST]

    @property
    def said(self) -> str:
        """How far it is filled in."""
        right = sum(verdict.is_right for verdict in self._verdicts.values())
        left = sum(key not in self._answers for key in self.keys)
        wrong = len(self._verdicts) - right
        counts = say(messages.PREDICT_COUNT, right=right, wrong=wrong, left=left)
        return translate(counts, self.lang) if self._verdicts else ""

    def __repr__(self) -> str:
        return prediction_views.text(self)

    def _repr_html_(self) -> str:
        return prediction_views.html(self)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The table to be filled in, and for places without widgets what to type instead."""
        still = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if self._table is None:
            self._table = _table_of(self)
        if self._table is None:
            return still, {}
        shown, metadata = self._table.shown()
        return {**still, **shown}, metadata

    def _follow(self) -> None:
        if self._table is not None:
            self._table.follow()


def predict(
    report: Report,
    *,
    columns: Sequence[str] | None = None,
    top: int | None = None,
    sort: str | None = None,
    lang: str | None = None,
) -> Prediction:
    """Hide a report's numbers until a student has filled them in.

    ``columns`` are what is asked for (:data:`~nbcnncost.views.columns.ASKABLE`): the output's size, parameters and
    MACs if not told otherwise. ``top`` asks for so many layers only, the costliest by ``sort``. In a cell that ran
    before, what was filled in there is kept.

    >>> import torch, nbcnncost
    >>> from nbcnncost.course import predict
    >>> prediction = predict(nbcnncost.cost(torch.nn.Linear(400, 120), (1, 400)))
    >>> prediction.keys
    ('layer.params', 'layer.macs')
    >>> prediction.fill({"layer": {"params": 48000, "macs": 48000}}).verdicts["layer.params"]
    ✗ layer.params: 48,000 is wrong; it is too small.
    """
    if not isinstance(report, Report):
        raise CostError(say(messages.PREDICT_NO_REPORT, type=type(report).__name__))
    if report.trace.training is not None:
        raise CostError(messages.PREDICT_TRAINING)
    if report.failure is not None:
        raise CostError(messages.PREDICT_FAILED)
    settings = Course().use(report.convention, lang=report.look.lang if lang is None else lang).settings
    blanks = blanks_of(report, settings.convention, columns, top, sort)
    made = Prediction(report, blanks, Sheet(blanks.questions, settings, name=report.model_name))
    made._succeed(cells.take_place(made, _KEPT))
    return made


def _refuse_graders() -> None:
    """A returned object is full marks to a grader, whatever it says."""
    if os.environ.get(GRADER):
        raise CostError(messages.PREDICT_GRADER)


def _is_blank(answer: Any) -> bool:
    return answer is None or answer is Ellipsis or (isinstance(answer, str) and answer.strip() in ("", "...", "…"))


def _same(first: Any, second: Any) -> bool:
    return type(first) is type(second) and repr(first) == repr(second)


def _table_of(prediction: Prediction) -> PredictionTable | None:
    """The table that a front end shows; ``None`` where widgets are missing, or nobody could show one."""
    if getattr(cells.shell_here(), "kernel", None) is None:
        return None
    try:
        from nbcnncost.course.prediction_widget import PredictionTable
    except ImportError:
        return None
    return PredictionTable(prediction)
