"""The graded assignments: what students get is made of the masters, holds nothing of the key, and grades as it says."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from torch import nn

from tools.assignments import STUBS, masters, released, student_version
from tools.notebook_sources import NOTEBOOKS
from tools.notebooks import execute

MASTERS = masters()
each_master = pytest.mark.parametrize("master", MASTERS, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
each_code = pytest.mark.parametrize(
    "master", [path for path in MASTERS if path.parent.parent == NOTEBOOKS], ids=lambda path: path.stem
)


def read(path: Path):
    """A stored notebook."""
    with path.open(encoding="utf-8") as text:
        return nbformat.read(text, as_version=4)


def marks(cell) -> dict:
    """What nbgrader knows of a cell."""
    return cell.metadata.get("nbgrader", {})


def said(cell) -> str:
    """All text of a cell's outputs."""
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


# --- what students get ------------------------------------------------------------------------------------


@each_master
def test_the_students_version_is_current(master):
    """`make assignments` stores what was changed in a master."""
    assert read(released(master)) == student_version(read(master))


def test_there_is_a_students_version_for_each_master_and_no_other():
    """None is left over from an assignment that went away."""
    assert sorted(NOTEBOOKS.rglob("release/*.ipynb")) == sorted(map(released, MASTERS))
    assert len(MASTERS) == 4


@each_master
def test_students_get_stubs_and_no_hidden_tests(master):
    """Each solution is a stub, no marker and no output is left, and links lead somewhere."""
    path = released(master)
    for cell, key in zip(read(path).cells, read(master).cells, strict=True):
        assert "### " not in cell.source.replace("\n### ", "\n# ") or cell.cell_type == "markdown"
        assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", cell.source)
        assert (STUBS[cell.cell_type] in cell.source) == bool(marks(cell).get("solution"))
        assert marks(cell) == marks(key)
        assert cell.get("outputs", []) == []
        links = re.findall(r"\]\((?!\w+:)([^)#]+)", cell.source) if cell.cell_type == "markdown" else []
        assert [link for link in links if not (path.parent / link).is_file()] == []


@each_master
def test_nothing_of_the_key_is_in_the_students_version(master):
    """No line of a solution or a hidden test, and no number of three digits or more that the master's checks print."""
    text = "\n".join(cell.source for cell in read(released(master)).cells)
    cells = read(master).cells
    regions = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", re.DOTALL)
    secret = [line.strip() for cell in cells for region in regions.findall(cell.source) for line in region.splitlines()]
    given = {line.strip() for line in text.splitlines()}
    shared = given & {line for line in secret if len(line) > 12}
    assert shared <= {"report = cost(net, IMAGE)", "assert not report.uncounted", *HARMLESS}
    graded = [said(cell) for cell in cells if cell.cell_type == "code" and marks(cell).get("grade")]
    numbers = {number.replace(",", "") for number in re.findall(r"\d[\d,]{2,}", "\n".join(graded))}
    assert numbers
    assert numbers & set(re.findall(r"\d{3,}", text.replace(",", ""))) == set()


#: What a hidden test needs as the visible rules do.
HARMLESS = {
    "import warnings",
    "for layer in net.modules():",
    "with warnings.catch_warnings():",
    'warnings.simplefilter("ignore")',
    "from torch import nn",
}


@each_master
def test_marks_are_those_of_a_course(master):
    """Ids are the cells' names, taken once; points add up to what the first cell says."""
    cells = [cell for cell in read(master).cells if marks(cell)]
    assert [marks(cell)["grade_id"] for cell in cells] == [cell.id for cell in cells]
    assert all(marks(cell)["locked"] != marks(cell)["solution"] for cell in cells)
    points = sum(marks(cell).get("points", 0) for cell in cells if marks(cell)["grade"])
    assert int(re.search(r"^(\d+) (?:points|分)", cells[0].source, re.MULTILINE)[1]) == points


# --- grading ----------------------------------------------------------------------------------------------


def run(notebook, master: Path):
    """A notebook after a run that goes on after errors, as graders do."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["tags"] = ["raises-exception"]
    return execute(notebook, released(master).parent)


def points_of(notebook) -> list[float]:
    """What the checks of a notebook that was run give: their last value, or nothing where they raise."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and marks(cell).get("grade"):
            values = [output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result"]
            failed = any(output.output_type == "error" for output in cell.outputs)
            found.append(0.0 if failed or not values else float(values[0]))
            assert not any(output.get("name") == "stderr" for output in cell.outputs)
    return found


@pytest.mark.slow
@each_code
def test_the_key_has_all_points_and_stubs_have_none(master):
    """With its hidden tests the master gets all; a student who fills in nothing gets nothing."""
    graded = [cell for cell in read(master).cells if cell.cell_type == "code" and marks(cell).get("grade")]
    assert points_of(run(read(master), master)) == [float(marks(cell)["points"]) for cell in graded]
    assert sum(points_of(run(read(released(master)), master))) == 0.0


#: Where a master answers a question.
ANSWER = re.compile(r'^(\w+) = (\w+\["[\w.]+"\]\.answer)$', re.MULTILINE)
#: A sheet of a student's own, to which every answer is right.
GENEROUS = "convolution = separable = type('Generous', (), {'check': lambda *question, points: float(points)})()"


@pytest.mark.slow
def test_wrong_answers_have_no_points():
    """All answers doubled, and one more: none is right, nor follows from the others."""
    master = MASTERS[0]
    notebook = read(master)
    for cell in notebook.cells:
        cell.source = ANSWER.sub(r"\1 = 2 * \2 + 1", cell.source)
    assert sum(points_of(run(notebook, master))) == 0.0


@pytest.mark.slow
def test_a_sheet_that_was_tampered_with_gives_nothing():
    """The hidden tests make it again: a check that a student has replaced does not count."""
    master = MASTERS[0]
    notebook = read(master)
    for cell in notebook.cells:
        cell.source = ANSWER.sub(r"\1 = 1", cell.source)
        if cell.id == "yours-conv1-h-out":
            cell.source += f"\n{GENEROUS}"
    assert sum(points_of(run(notebook, master))) == 0.0


# --- the open design --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def design():
    """What the notebook of the open design defines: its visible rules, and the hidden ones."""
    (master,) = (path for path in MASTERS if path.stem.startswith("02") and path.parent.parent == NOTEBOOKS)
    cells = {cell.id: cell.source for cell in read(master).cells}
    namespace: dict = {}
    exec(cells["rules"], namespace)
    hidden = re.search(
        r"### BEGIN HIDDEN TESTS\n(.*)\n\n\nstudent\(STUDENT\)\ngraded\(net\)\n", cells["points"], re.DOTALL
    )
    exec(hidden[1], namespace)
    return namespace


def net(width=64, kernel=3, convolutions=4, classes=10, stride=2):
    """A chain of equal convolutions, the first with a stride."""
    layers = [nn.Conv2d(3, width, kernel, stride=stride, padding=kernel // 2)]
    layers += [nn.Conv2d(width, width, kernel, padding=kernel // 2) for _ in range(convolutions - 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def share(found, limit):
    """Full within a budget, nothing from twice the budget on."""
    return max(0.0, min(1.0, 2 - found / limit))


#: A design; outputs and widths fit; parameters; MACs; receptive field: written out by hand.
DESIGNS = {
    "four 3×3, 64 wide": (
        net(),
        True,
        64 * (27 + 1) + 3 * 64 * (576 + 1) + 10 * 65,
        16 * 16 * 64 * (27 + 3 * 576) + 640,
        3 + 3 * 2 * 2,
    ),
    "too narrow": (
        net(width=16),
        False,
        16 * (27 + 1) + 3 * 16 * (144 + 1) + 10 * 17,
        16 * 16 * 16 * (27 + 3 * 144) + 160,
        3 + 3 * 2 * 2,
    ),
    "large kernels": (
        net(kernel=7),
        True,
        64 * (147 + 1) + 3 * 64 * (49 * 64 + 1) + 650,
        16 * 16 * 64 * (147 + 3 * 49 * 64) + 640,
        7 + 3 * 6 * 2,
    ),
    "a window behind the global pooling": (  # there it stands on no map
        nn.Sequential(*net()[:5], nn.AvgPool2d(31, stride=1, padding=15), *net()[5:]),
        True,
        64 * (27 + 1) + 3 * 64 * (576 + 1) + 10 * 65,
        16 * 16 * 64 * (27 + 3 * 576) + 640,
        3 + 3 * 2 * 2,
    ),
    "a window along one side": (  # 31 across and more, but down no more than without it
        nn.Sequential(*net()[:1], nn.MaxPool2d((1, 15), stride=1, padding=(0, 7)), *net()[1:]),
        True,
        64 * (27 + 1) + 3 * 64 * (576 + 1) + 10 * 65,
        16 * 16 * 64 * (27 + 3 * 576) + 640,
        3 + 3 * 2 * 2,
    ),
    "too few": (net(convolutions=2), False, 64 * 28 + 64 * 577 + 650, 16 * 16 * 64 * (27 + 576) + 640, 3 + 2 * 2),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_designs_get_the_points_of_their_numbers(name, design):
    """Visible rules and hidden ones, written apart, give what the demands say, as a built-in float."""
    model, fits, parameters, macs, field = DESIGNS[name]
    points = fits + 2 * share(parameters, 100_000) + 2 * share(macs, 10_000_000) + 2 * min(1.0, field / 31)
    for found in (design["score"](model), design["graded"](model)):
        assert type(found) is float
        assert found == round(points, 2)
        assert 0 <= found <= 7


def test_a_design_with_other_outputs_gets_nothing(design):
    """Eleven classes are another task."""
    assert design["score"](net(classes=11)) == design["graded"](net(classes=11)) == 0.0


@pytest.mark.parametrize("model", [None, nn.Linear(3, 10), nn.Sequential(nn.TransformerEncoderLayer(32, 2))])
def test_what_is_no_sequence_of_layers_is_refused(model, design):
    """The receptive field is known of a chain only."""
    for grade in (design["score"], design["graded"]):
        with pytest.raises(AssertionError):
            grade(model)
