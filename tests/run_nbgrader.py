"""Runs nbgrader in the course folder that it is started in: ``run_nbgrader.py (release | grade | validate) name…``.

``release`` makes the students' version of each assignment; ``grade`` runs every submission of them and prints, as
JSON, each student's points cell by cell; ``validate`` does what the button of that name does to each notebook, and
prints what it objects to. One process for all: starting nbgrader takes longer than a submission.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(what, names):
    """Release the assignments, grade what was handed in, or validate notebooks."""
    if what == "validate":
        sys.stdout.write(json.dumps({name: objections(name) for name in names}))
        return
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    settings = {"root": str(Path.cwd()), "course_id": "course"}
    api = NbGraderAPI(config=Config({"CourseDirectory": settings, "NbGraderAPI": {"log_level": "ERROR"}}))
    if what == "release":
        for name in names:
            demand(api.generate_assignment(name))
        return
    found = {}
    for name in names:
        found[name] = {}
        for folder in sorted(Path("submitted").glob(f"*/{name}")):
            student = folder.parent.name
            demand(api.autograde(name, student))
            with api.gradebook as book:
                grades = book.find_submission(name, student).notebooks[0].grades
                found[name][student] = {grade.name: [grade.auto_score, grade.needs_manual_grade] for grade in grades}
    sys.stdout.write(json.dumps(found))


def objections(path):
    """What a student is told who validates a notebook: the messages of cells that failed."""
    from nbgrader.validator import Validator

    return [cell["error"] for cell in Validator().validate(path).get("failed", [])]


def demand(result):
    """Stop, with what nbgrader says, where a step fails."""
    if not result["success"]:
        raise SystemExit(result.get("error") or result.get("log"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
