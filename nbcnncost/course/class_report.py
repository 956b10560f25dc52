"""What a class answered: which mistakes were made, where, and by how many."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nbcnncost.course import messages
from nbcnncost.course.diagnosis import Diagnosis
from nbcnncost.course.messages import say
from nbcnncost.course.mistakes import MISTAKES
from nbcnncost.course.numerals import NotANumber
from nbcnncost.course.sheet import Sheet
from nbcnncost.errors import CostError
from nbcnncost.languages import LANGUAGES, errors_in, translate
from nbcnncost.shown import Shown
from nbcnncost.units import percent
from nbcnncost.views import export

if TYPE_CHECKING:
    from nbcnncost.views.charts import Chart

#: One answer as it was collected: student, key, answer.
Row = tuple[str, str, Any]
#: A sheet for all, or what makes each student's.
Sheets = Sheet | Callable[[str], Sheet]
_RIGHT, _NO_NUMBER = "right", "no_number"
#: What is no mistake of the table, in words.
_TOLD = MappingProxyType(
    {
        _NO_NUMBER: messages.CLASS_NO_NUMBER,
        "unknown": messages.CLASS_UNKNOWN,
        "coarse": messages.CLASS_COARSE,
        "cut_off": messages.CLASS_CUT_OFF,
        "carried": messages.CLASS_CARRIED,
        "convention": messages.CLASS_CONVENTION,
    }
)


@dataclass(frozen=True)
class Made:
    """A mistake in one question: who made it."""

    key: str
    id: str
    students: tuple[str, ...]

    @property
    def title(self) -> str:
        """The mistake in words; several where one number has several, or where several were made together."""
        return " / ".join(_title(name) for name in self.id.split("|"))


@dataclass(frozen=True, repr=False)
class ClassReport(Shown):
    """Which mistakes a class made: ``made`` has one entry for each question and mistake, the most frequent first."""

    students: tuple[str, ...]
    made: tuple[Made, ...]
    right: int
    view: str = "table"
    lang: str = LANGUAGES[0]

    @property
    def wrong(self) -> int:
        """How many answers were wrong numbers."""
        return sum(len(entry.students) for entry in self.made if entry.id != _NO_NUMBER)

    @property
    def no_number(self) -> int:
        """How many answers were no numbers, and so not scored."""
        return sum(len(entry.students) for entry in self.made if entry.id == _NO_NUMBER)

    @property
    def title(self) -> str:
        """The sums in one line."""
        answers = self.right + self.wrong + self.no_number
        numbers = {"right": self.right, "wrong": self.wrong, "none": self.no_number}
        return translate(say(messages.CLASS_TITLE, students=len(self.students), answers=answers, **numbers), self.lang)

    def by_mistake(self) -> dict[str, int]:
        """How many students made each mistake, in any question; the most frequent first."""
        who: dict[str, set[str]] = {}
        for entry in self.made:
            who.setdefault(entry.id, set()).update(entry.students)
        return dict(sorted(((name, len(them)) for name, them in who.items()), key=lambda pair: (-pair[1], pair[0])))

    def __repr__(self) -> str:
        from nbcnncost.course.class_views import text

        return text(self)

    def to_markdown(self, path: str | Path | None = None) -> str:
        """The table in Markdown; also written to ``path``, if given."""
        from nbcnncost.course.class_views import markdown

        return export.written(markdown(self), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """One line for each student's mistake: key, id, student; also written to ``path``, if given."""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["key", "mistake", "student"])
        writer.writerows((entry.key, entry.id, name) for entry in self.made for name in entry.students)
        return export.written(lines.getvalue(), path)

    def plot(self, *, top: int = 15) -> Chart:
        """A bar chart of the mistakes, by how many students made them."""
        from nbcnncost.course.class_chart import chart

        return chart(self, top=top)

    def cells(self) -> Iterator[tuple[str, ...]]:
        """The table's rows as text."""
        for entry in self.made:
            share = "" if entry.id == _NO_NUMBER else percent(len(entry.students), self.wrong)
            yield entry.key, f"{self._said(entry)} [{entry.id}]", str(len(entry.students)), share

    def _said(self, entry: Made) -> str:
        """A mistake in the report's language: one by one, where a number has several."""
        return " / ".join(
            " + ".join(translate(_title(one), self.lang) for one in _together(name)) for name in entry.id.split("|")
        )

    def _view(self) -> str:
        return self.view

    def _table(self) -> str:
        from nbcnncost.course.class_views import html

        return html(self)

    def _chart(self) -> Chart:
        return self.plot()


def class_report(sheets: Sheets, answers: Mapping[str, Mapping[str, Any]] | Iterable[Any] | str | Path) -> ClassReport:
    """Which mistakes were made in collected answers, and by how many students.

    ``answers`` is a dict of students, each with a dict of keys and answers; rows of student, key and answer; or the
    path of a CSV file with these three columns. ``sheets`` is the sheet that all had, or a function that gives each
    student's: ``lambda student: sheet("convolution", student=student)``. Raises
    :class:`~nbcnncost.errors.CostError` for answers in another form, and names whose answer has a key of no question.

    >>> from nbcnncost.course import linear, sheet
    >>> lab = sheet({"fc": linear(in_features=400, out_features=120)})
    >>> print(class_report(lab, {"ada": {"fc.params": 48120}, "bo": {"fc.params": 48000}}))
    2 students, 2 answers: 1 right, 1 wrong, 0 no number
    question   mistake                           students  share of the wrong answers
    fc.params  the bias forgotten [forgot_bias]         1                     100.0 %
    """
    right = 0
    made: dict[tuple[str, str], list[str]] = {}
    lang = sheets.settings.lang if isinstance(sheets, Sheet) else LANGUAGES[0]
    students = _by_student(answers)
    if not (isinstance(sheets, Sheet) or callable(sheets)):
        raise CostError(say(messages.NO_CLASS_SHEET, type=type(sheets).__name__))
    for student, given in students.items():
        own = sheets(student) if callable(sheets) else sheets
        if not isinstance(own, Sheet):
            raise CostError(say(messages.NO_CLASS_SHEET, type=type(own).__name__))
        lang = own.settings.lang
        _refuse_unknown(own, student, given)
        for key, name in _ids(own, given):
            right += name == _RIGHT
            if name != _RIGHT:
                made.setdefault((key, name), []).append(student)
    entries = [Made(key, name, tuple(who)) for (key, name), who in made.items()]
    return ClassReport(tuple(students), tuple(sorted(entries, key=_rank)), right, lang=lang)


def _rank(entry: Made) -> tuple[int, str, str]:
    return -len(entry.students), entry.key, entry.id


def _refuse_unknown(sheet: Sheet, student: str, given: Iterable[Any]) -> None:
    """Say whose answer it is that no question has the key of."""
    unknown = next((key for key in given if key not in sheet), None)
    if unknown is None:
        return
    try:
        sheet[unknown]
    except CostError as error:
        with errors_in(sheet.settings.lang, CostError):
            raise CostError(say(messages.CLASS_NO_KEY, student=student, error=error)) from None


def _ids(sheet: Sheet, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What each answer was: right, no number, or the mistake's id."""
    numbers = {key: answer for key, answer in given.items() if _is_number(sheet, key, answer)}
    for key, answer in given.items():
        if key not in numbers:
            yield key, _NO_NUMBER
            continue
        found = sheet.diagnose(key, answer, {name: value for name, value in numbers.items() if name != key})
        yield key, _RIGHT if found.is_right else _id(found)


def _id(found: Diagnosis) -> str:
    return "carried" if found.carried else found.id


def _is_number(sheet: Sheet, key: str, answer: Any) -> bool:
    try:
        sheet.diagnose(key, answer)
    except NotANumber:
        return False
    return True


def _by_student(answers: Any) -> dict[str, dict[str, Any]]:
    if isinstance(answers, (str, Path)):
        rows = _rows(Path(answers))
        return _by_student(rows[1:] if rows and [cell.strip().lower() for cell in rows[0]][:1] == ["student"] else rows)
    if isinstance(answers, Mapping):
        if not all(isinstance(given, Mapping) for given in answers.values()):
            raise CostError(messages.NO_ANSWERS)
        return {str(student): dict(given) for student, given in answers.items()}
    if not isinstance(answers, Iterable):
        raise CostError(messages.NO_ANSWERS)
    found: dict[str, dict[str, Any]] = {}
    for row in answers:
        if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != 3:
            raise CostError(messages.NO_ANSWERS)
        student, key, answer = row
        found.setdefault(str(student), {})[str(key)] = answer
    return found


def _rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.reader(lines))
    except OSError as error:
        raise CostError(say(messages.NO_CLASS_FILE, path=path, error=error.strerror)) from None
    except (UnicodeDecodeError, csv.Error):
        raise CostError(say(messages.NO_CSV, path=path)) from None


def _title(name: str) -> str:
    """One id in words: a mistake's title, or two made together."""
    if name in _TOLD:
        return _TOLD[name]
    if name.startswith("factor_"):
        return say(messages.CLASS_FACTOR, symbol=name.removeprefix("factor_"))
    return " + ".join(MISTAKES[part].title if part in MISTAKES else _TOLD.get(part, part) for part in _together(name))


def _together(name: str) -> list[str]:
    """The ids of mistakes that were made together."""
    return name.split("+")
