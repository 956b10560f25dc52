"""A prediction as text and HTML: blanks, the student's numbers with what is said of them, and how to fill it in."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbcnncost import cells
from nbcnncost.course import messages
from nbcnncost.course.blanks import BlankRow, input_text
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import number_text
from nbcnncost.languages import translate
from nbcnncost.views import grid
from nbcnncost.views.grid import Cell, Column, Grid, Line
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.course.prediction import Prediction

_BLANK, _NOTHING = "…", "–"
_CHECKED = {True: "✓", False: "✗"}
#: What the prediction is called where no variable holds it.
_NAME = "prediction"


def text(prediction: Prediction) -> str:
    """The table in plain text, with the cell to copy below it; the report once it is open."""
    parts = [grid.text(table(prediction)), *feedback(prediction)]
    if prediction.is_open:
        return "\n".join([*parts, "", headline(prediction), "", repr(prediction.report)])
    return "\n".join([*parts, "", *how(prediction), "", template(prediction), "", to_reveal(prediction)])


def html(prediction: Prediction) -> str:
    """The same in HTML that reads well without styles."""
    parts = [grid.html(table(prediction)).removesuffix("</div>")]
    said = feedback(prediction)
    if said:
        lines = "".join(f"<li>{'<br>'.join(map(escape, entry.splitlines()))}</li>" for entry in said)
        parts.append(f"<ul>{lines}</ul>")
    if prediction.is_open:
        parts.append(f"<p>{escape(headline(prediction))}</p></div>")
        return "\n".join([*parts, prediction.report._repr_html_()])
    parts += [f"<p>{escape(line)}</p>" for line in how(prediction)]
    parts.append(f"<pre>{escape(template(prediction))}</pre><p>{escape(to_reveal(prediction))}</p></div>")
    return "\n".join(parts)


def table(prediction: Prediction) -> Grid:
    """The rows with what was put in, and where it is open with the right numbers."""
    blanks = prediction._blanks
    heads = (Column("layer", "layer", is_left=True), Column("type", "type", is_left=True, room=8))
    settings = Column("settings", "settings", is_left=True, room=12, dispensable=1)
    numbers = (Column(key, head) for key, head in zip(blanks.columns, blanks.headers, strict=True))
    made = Grid(
        title(prediction),
        *lines_above(prediction),
        messages.PREDICT_CAPTION,
        (*heads, settings, *numbers),
        tuple(_line(prediction, row) for row in blanks.rows),
    )
    return grid.in_language(made, prediction.lang)


def title(prediction: Prediction) -> str:
    """The model's name."""
    return clean(prediction._report.model_name)


def lines_above(prediction: Prediction) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands above the table: the input, and by what is counted; nothing that is asked for."""
    report = prediction._report
    counting = f"convention {clean(report.convention.name)}: {clean(report.convention.title)}"
    return (say(messages.PREDICT_INPUT, shape=input_text(report)),), (counting,)


def _line(prediction: Prediction, row: BlankRow) -> Line:
    numbers = (Cell(_number(prediction, row.keys.get(name, ""))) for name in prediction._blanks.columns)
    label = translate(row.label, prediction.lang) if not row.type else row.label
    return Line((Cell(label), Cell(row.type), Cell(row.settings, title=row.settings), *numbers))


def _number(prediction: Prediction, key: str) -> str:
    """An answer with its mark, and the right number beside one that is not right where that may be seen."""
    if not key:
        return _NOTHING
    verdict = prediction.verdicts.get(key)
    mark = "" if verdict is None else f" {_CHECKED[verdict.is_right]}"
    given = f"{prediction.text_of(key) or _BLANK}{mark}"
    needs_truth = prediction.is_open and not (verdict is not None and verdict.is_right)
    return f"{given} → {truth(prediction, key)}" if needs_truth else given


def truth(prediction: Prediction, key: str) -> str:
    """The right number of a prediction that is open."""
    return number_text(prediction._sheet[key].value) if prediction.is_open else ""


def feedback(prediction: Prediction) -> list[str]:
    """What is said of each wrong answer, and how far it is filled in."""
    told = prediction.verdicts
    wrong = [told[key].text for key in prediction.keys if key in told and not told[key].is_right]
    return [*(f"✗ {entry}" for entry in wrong), *filter(None, [prediction.said])]


def headline(prediction: Prediction) -> str:
    """What stands above the report."""
    told = prediction.verdicts
    all_right = all(key in told and told[key].is_right for key in prediction.keys)
    return translate(messages.PREDICT_ALL_RIGHT if all_right else messages.PREDICT_REVEALED, prediction.lang)


def how(prediction: Prediction) -> list[str]:
    """What to do with the cell below."""
    told = messages.PREDICT_AGAIN if prediction.verdicts else messages.PREDICT_HOW
    return [translate(told, prediction.lang)]


def template(prediction: Prediction) -> str:
    """A cell to copy, with dots for what is not right yet."""
    told, name = prediction.verdicts, _name_of(prediction)
    lines = []
    for row in prediction._blanks.rows:
        left = [column for column, key in row.keys.items() if not (key in told and told[key].is_right)]
        if left:
            dots = ", ".join(f'"{column}": ...' for column in left)
            lines.append(f"    {_quoted(row.name)}: {{{dots}}},")
    taken = [] if cells.name_of(prediction, "") else [f"{name} = _"]
    return "\n".join([*taken, f"{name}.fill({{", *lines, "})"])


def to_reveal(prediction: Prediction) -> str:
    """How to give up."""
    return translate(say(messages.PREDICT_TO_REVEAL, call=f"{_name_of(prediction)}.reveal()"), prediction.lang)


def _name_of(prediction: Prediction) -> str:
    return cells.name_of(prediction, _NAME)


def _quoted(name: str) -> str:
    """The name as Python writes it, in double quotes where that is as good."""
    plain = repr(name)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in name else plain
