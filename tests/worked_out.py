"""Lines of an explanation, worked out."""

from __future__ import annotations

import re


def evaluate(shown: str) -> int:
    """The value of a line as a reader would work it out; ⌊…⌋ rounds down, other divisions are exact."""
    python = shown.replace("·", "*").replace("−", "-").replace(",", "")
    python = re.sub(r"⌊(.*)/(\d+)⌋", r"((\1)//\2)", python)
    value = eval(python)
    assert value == int(value)
    return int(value)
