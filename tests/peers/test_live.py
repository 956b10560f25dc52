"""The other tools themselves, run beside our conventions for them: `make peers`.

`NBCNNCOST_PEERS=all` takes every model of torchvision, not only one of each family.
"""

from __future__ import annotations

import os

import pytest
from figures import recorded
from runners import ALL, BY_NAME, OFTEN, differences, report_of, runners, why_not

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

RUNNERS = runners()
FIGURES = {name: recorded(name) for name in RUNNERS}
NAMES = [name for name in ALL if name in OFTEN or os.environ.get("NBCNNCOST_PEERS") == "all"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tool", RUNNERS)
def test_tool_and_convention_agree(tool, name):
    """The tool, run now, says what was recorded, and our convention says the same, or a table says why not."""
    runner, peer = RUNNERS[tool], BY_NAME[tool]
    reason = why_not(peer, runner.VERSION)
    if reason:
        pytest.skip(reason)
    said, kept = runner.figures(ALL[name]), FIGURES[tool][name]
    assert (said.total, said.params) == (kept.total, kept.params)
    assert kept.layers is None or said.layers == kept.layers
    assert differences(name, report_of(name), peer, runner, said) == []
