"""The other tools themselves, run beside our conventions for them: `make peers`.

`NBCNNCOST_PEERS=all` takes every model of torchvision, not only one of each family.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from figures import recorded
from runners import ALL, BY_NAME, OFTEN, differences, report_of, runners, why_not

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

RUNNERS = runners()
FIGURES = {name: recorded(name) for name in RUNNERS}


def cases() -> list[object]:
    """Each tool that is here with each model; for one that is not, what is missing."""
    found: list[object] = []
    for tool, runner in RUNNERS.items():
        reason = why_not(BY_NAME[tool], runner)
        if reason:
            found.append(pytest.param(tool, "", marks=pytest.mark.skip(reason), id=tool))
        else:
            found += [(tool, name) for name in ALL if name in OFTEN or os.environ.get("NBCNNCOST_PEERS") == "all"]
    return found


@pytest.mark.parametrize(("tool", "name"), cases())
def test_tool_and_convention_agree(tool, name):
    """The tool, run now, says what was recorded, and our convention says the same, or a table says why not."""
    runner, kept = RUNNERS[tool], FIGURES[tool][name]
    said = runner.figures(ALL[name])
    assert (said.total, said.params) == (kept.total, kept.params)
    assert kept.layers is None or said.layers == kept.layers
    if kept.layers is None and getattr(runner, "CHILDREN_ONLY", False):
        said = replace(said, layers=None)
    assert differences(name, report_of(name), BY_NAME[tool], runner, said) == []
