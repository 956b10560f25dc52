"""Grades notebooks by otter, without its container: ``run_otter.py autograder.zip notebook…``.

It prints, as JSON, the points of each notebook by question, and what the students are told.
"""

from __future__ import annotations

import json
import sys


def main(autograder, notebooks):
    """Grade all notebooks in this process: importing otter takes as long as grading."""
    from otter.api import grade_submission

    found = {}
    for path in notebooks:
        graded = grade_submission(path, autograder, quiet=True).results
        told = {name: [case.message for case in result.test_case_results] for name, result in graded.items()}
        found[path] = {name: [result.score, "\n".join(told[name])] for name, result in graded.items()}
    sys.stdout.write(f"\n{json.dumps(found)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
