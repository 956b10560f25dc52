"""What other tools said, recorded with their versions, against our conventions for them: equal to the digit."""

from __future__ import annotations

import pytest
from figures import recorded, version_of
from runners import ALL, BY_NAME, OFTEN, differences, report_of, runners

#: What our own convention cannot count, and what the framework warns of, is not what is asked here.
pytestmark = pytest.mark.filterwarnings("ignore")

RUNNERS = {name: runner for name, runner in runners().items() if recorded(name)}
FIGURES = {name: recorded(name) for name in RUNNERS}


def names() -> list[object]:
    """Every probe and model; those that take long are marked."""
    return [pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow) for name in ALL]


@pytest.mark.parametrize("name", names())
def test_conventions_say_what_the_tools_said(name):
    """Total, parameters and layers are each tool's own, to the digit, from one trace; or a table says why not."""
    report = report_of(name)
    wrong = {
        tool: differences(name, report, BY_NAME[tool], runner, FIGURES[tool][name]) for tool, runner in RUNNERS.items()
    }
    assert {tool: what for tool, what in wrong.items() if what} == {}


@pytest.mark.parametrize("tool", RUNNERS)
def test_figures_are_complete_and_of_one_version(tool):
    """Each probe and model is recorded, and the convention, the figures and what runs the tool name one version."""
    assert sorted(ALL.keys() - FIGURES[tool].keys()) == []
    assert version_of(tool) == RUNNERS[tool].VERSION == BY_NAME[tool].version
    assert ".".join(BY_NAME[tool].version.split(".")[:2]) in BY_NAME[tool].title


@pytest.mark.parametrize("tool", RUNNERS)
def test_exceptions_have_a_subject_and_a_reason(tool):
    """Each exception is about a probe or model that there is, and says why in words."""
    for key, reason in RUNNERS[tool].EXCEPTIONS.items():
        assert key.removesuffix("/params").removesuffix("/layers") in ALL
        assert len(reason.split()) > 3, key


@pytest.mark.parametrize("tool", BY_NAME)
def test_faults_have_a_sentence(tool):
    """What a convention marks as a tool's fault is a fault that it has a sentence for."""
    peer = BY_NAME[tool]
    marked = {part.fault for name in OFTEN for part in peer.hears(report_of(name).trace)}
    assert marked - peer.faults.keys() - {""} == set()
