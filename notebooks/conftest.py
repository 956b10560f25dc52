"""What nbval leaves out: a student's version stops at its first stub by design; tests/test_assignments.py runs it."""

collect_ignore_glob = ["**/release/*.ipynb"]
