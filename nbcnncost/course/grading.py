"""What a generated notebook says to a grader: whose it is, which answers it holds, and a sheet nobody has touched."""

from __future__ import annotations

import json
import os
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from nbcnncost.course.drawing import student_id
from nbcnncost.course.generators import wording
from nbcnncost.course.messages import say
from nbcnncost.course.numerals import NotANumber, read
from nbcnncost.course.sheet import GRADER, Sheet
from nbcnncost.errors import CostError
from nbcnncost.languages import language_here, translate

#: JupyterHub sets it to the name that a student has logged in with.
HUB_USER = "JUPYTERHUB_USER"
#: nbgrader runs a submission in the folder ``autograded/<student>/<assignment>``.
_AUTOGRADED = "autograded"
#: What begins the line that :func:`handed_in` writes.
_MARK = "nbcnncost answers: "


def variable(key: str) -> str:
    """The name of the variable that holds the answer to a question.

    >>> variable("conv1.h_out"), variable("layer1.0.conv1.params"), variable("0.macs")
    ('conv1_h_out', 'layer1_0_conv1_params', 'q_0_macs')
    """
    name = re.sub(r"\W", "_", key)
    return name if name.isidentifier() else f"q_{name}"


def student(typed: Any = "") -> str:
    """Whose variant this is: the id that was typed in, or else the one that JupyterHub or nbgrader knows.

    It is given in small letters, so that one student has one variant however the id is typed. Under nbgrader's
    autograder a submission counts for the student who handed it in, so that another one's id raises
    ``AssertionError`` with a sentence. Without any id there is no variant: that is a ``CostError`` which says where
    to put it.

    >>> student(" Ada ")
    'ada'
    """
    name = "" if typed in (None, ...) else student_id(typed)
    submitted = _submitted_by() if os.environ.get(GRADER) == "autograde" else ""
    if name and submitted and name != submitted:
        sentence = say(wording.OTHER_STUDENT, name=repr(name), submitted=repr(submitted))
        raise AssertionError(translate(sentence, language_here()))
    found = name or submitted or student_id(os.environ.get(HUB_USER, ""))
    if not found:
        raise CostError(translate(wording.NO_STUDENT, language_here()))
    return found


def _submitted_by() -> str:
    """The student in whose folder nbgrader runs this kernel; empty where its folders have other names."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    here = Path.cwd() if shell is None else Path(shell.starting_dir)  # a notebook may have changed its folder
    return student_id(here.parent.name) if here.parent.parent.name == _AUTOGRADED else ""


def for_grading(made: Sheet, answers: Mapping[str, Any]) -> Sheet:
    """A sheet that was just made, told what a notebook's variables (its ``globals()``) answer to its questions.

    What follows from a student's own earlier error is then known, also where the notebook's own sheet was changed.
    """
    made.remember({key: answers.get(variable(key)) for key in made.keys})
    return made


def handed_in(lab: Sheet, answers: Mapping[str, Any]) -> None:
    """Write a notebook's answers on one line, for :func:`collected` to find; what is no number is ``null``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {key: _text(key, answers.get(variable(key))) for key in lab.keys}
    sys.stdout.write(_MARK + json.dumps({"student": lab.student, "answers": found}, ensure_ascii=False) + "\n")


def _text(key: str, answer: Any) -> str | None:
    """An answer that :func:`~nbcnncost.course.numerals.read` reads as the same number, to as many digits."""
    try:
        found = read(key, answer)
    except NotANumber:
        return None
    if isinstance(answer, str):
        return answer.strip()
    if found.digits is None:
        return str(found.value)
    return f"{Decimal(found.value.numerator) / Decimal(found.value.denominator):.{found.digits - 1}e}"


def collected(notebooks: Iterable[str | Path]) -> dict[str, dict[str, str | None]]:
    """The answers in executed notebooks, by student, as :func:`~nbcnncost.course.class_report` takes them.

    ``notebooks`` are paths: ``Path("autograded").glob("*/lab1/lab1.ipynb")``. Whose a notebook is the folder above the
    assignment's says where nbgrader laid them out so, or where the notebook names no student. A notebook that never
    ran to its end is left out, and so is a line that :func:`handed_in` did not write.
    """
    found: dict[str, dict[str, str | None]] = {}
    for path in sorted(map(Path, notebooks)):
        folder = path.resolve().parent.parent
        for line in _printed(path):
            told = _told(line)
            if told is not None:
                found[_owner(told[0], folder)] = told[1]
    return found


def _owner(name: str, folder: Path) -> str:
    """Whose a notebook is: who is named in it, but in nbgrader's folder of somebody else that one."""
    is_other = folder.parent.name == _AUTOGRADED and student_id(name) != student_id(folder.name)
    return folder.name if is_other or not name else name


def _told(line: str) -> tuple[str, dict[str, str | None]] | None:
    """The student and the answers of a line, which may be anybody's; ``None`` where it is none of ours."""
    if not line.startswith(_MARK):
        return None
    try:
        told = json.loads(line.removeprefix(_MARK))
        name, answers = str(told["student"]), told["answers"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return name, {key: answer if isinstance(answer, str) else None for key, answer in answers}


def _printed(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", ()))
    return [line for text in texts for line in text.splitlines()]
