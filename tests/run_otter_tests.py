"""Grades answers by otter's test files, without a notebook: ``run_otter_tests.py cases.json``.

A case has ``files``, the texts of test files by name, and ``answers``, code by the names of variables. Printed are, as
JSON, each case's points by question, those that are possible, and what is told.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path


def main(cases):
    """Run each case's files on its answers, as otter does after it ran a notebook."""
    from otter.test_files import ExceptionTestFile

    found = []
    for case in cases:
        answers = {name: eval(str(text)) for name, text in case["answers"].items()}
        graded = {}
        for name, text in case["files"].items():
            test = ExceptionTestFile.from_string(text)
            with contextlib.redirect_stdout(io.StringIO()):
                test.run(dict(answers))
            told = [result.message for result in test.test_case_results]
            graded[name.removesuffix(".py")] = [test.score, test.possible, told]
        found.append(graded)
    sys.stdout.write(f"\n{json.dumps(found)}")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
