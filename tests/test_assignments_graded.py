"""The graded assignments under nbgrader itself: it releases the masters, and grades what was handed in."""

from __future__ import annotations

import json
import shutil

import nbformat
import pytest
from handing_in import HERE, filled_in, run

from nbcnncost.course import Course, class_report, collected, sheet
from nbcnncost.course.grading import variable
from tools.assignments import masters, without_key
from tools.notebook_sources import NOTEBOOKS

pytestmark = pytest.mark.slow

MASTERS = {path.stem: path for path in masters() if path.parent.parent == NOTEBOOKS}
LAYERS, DESIGN = "01-own-layers", "02-design-on-a-budget"


def answers_of(student):
    """A student's own questions of both topics, in the notebook's order, with the right answers by variable."""
    entries = [*sheet("convolution", student=student), *sheet("separable", student=student)]
    return {variable(entry.key): f"__import__('fractions').Fraction({str(entry.value)!r})" for entry in entries}


def number(student, key):
    """The right answer to a question of one's own convolution."""
    return sheet("convolution", student=student)[key].answer


#: The questions in the notebook's order: seven about a convolution, six and a ratio about a separable one.
NAMES = list(answers_of("ada"))
DI_H = number("di", "conv1.h_out")
#: A height that is wrong, and what follows from it.
CARRIED_H = {
    "conv1_h_out": f"{DI_H} + 1",
    "conv1_macs": f"{number('di', 'conv1.macs')} // {DI_H} * conv1_h_out",
    "conv1_flops": "2 * conv1_macs",
    "conv1_activation_bytes": f"{number('di', 'conv1.activation_bytes')} // {DI_H} * conv1_h_out",
}
#: A notebook whose own sheets and functions call everything right, and whose tests give the points themselves.
FOOLED = {
    "layers": "class Lab:\n    check = staticmethod(lambda *given, **more: 1.0)\nconvolution = separable = Lab()",
    "check-conv1-params": "1.0",
    "check-dense-macs": "pass",
    "yours-separable-ratio": "separable_ratio = 1\n"
    "student = lambda *typed: 'easy'\nfor_grading = lambda *given: convolution\n"
    "convolution.check = separable.check = lambda *given, **more: 1.0",
}

# Who hands in: what is typed as the id, whose variant is answered, what is answered otherwise, which cells are changed,
# and the points: 14 questions with 1 each.
OWN_LAYERS = {
    "cy": ("", "cy", {}, {}, [1.0] * 14),
    # MACs, FLOPs and the bytes of the output follow from the height.
    "Di": ("di ", "di", CARRIED_H, {}, [0.0, 1.0, 1.0, 0.5, 0.5, 0.5, 1.0, *[1.0] * 7]),
    "ed": ("ed", "ed", dict.fromkeys(NAMES, "7_777_777"), {}, [0.0] * 14),
    "flo": ("flo", "flo", dict.fromkeys(NAMES, "7_777_777"), FOOLED, [0.0] * 14),
    "gil": ("bo", "bo", {}, {}, [0.0] * 14),  # another one's id
    "stub": (None, None, {}, {}, [0.0] * 14),
}

WIDE = """net = nn.Sequential(
    nn.Conv2d(3, 64, 3, stride=2, padding=1),
    *[nn.Conv2d(64, 64, 3, padding=1) for _ in range(3)],
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(64, 10),
)"""
#: Its budgets by hand: 1 for what fits, then parameters, MACs and receptive field, 2 each at most.
WIDE_POINTS = round(
    1
    + 2 * (2 - (64 * (3 * 9 + 1) + 3 * 64 * (64 * 9 + 1) + 10 * (64 + 1)) / 100_000)
    + 2 * max(0, 2 - (16 * 16 * 64 * (3 * 9 + 3 * 64 * 9) + 640) / 10_000_000)
    + 2 * (3 + 3 * 2 * 2) / 31,
    2,
)
#: Small and narrow, with a receptive field of 3; the points for a wide one would have to be made up.
NARROW = """net = nn.Sequential(
    nn.Conv2d(3, 8, 3, stride=2),
    nn.Conv2d(8, 8, 1),
    nn.Conv2d(8, 8, 1),
    nn.Conv2d(8, 64, 1),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(64, 10),
)
"""
SLEEPING = "net.insert(1, nn.MaxPool2d(15, 1))\nnet[1].forward = lambda x: x"
PASSED_BY = "net.insert(1, nn.MaxPool2d(15, 1))\nnet[1].register_forward_hook(lambda layer, given, out: given[0])"
#: A field of 3 + 2·14 = 31 along one side, still of 3 along the other.
TALL = f"{NARROW}net.insert(1, nn.Conv2d(8, 8, (15, 1), padding=(7, 0)))"
FLAT = f"{NARROW}net.insert(1, nn.MaxPool2d((1, 15), 1, (0, 7)))"
LISTED = f"{NARROW}net.insert(1, nn.MaxPool2d([15, 1], 1, [7, 0]))"
GENEROUS = {"rules": "def score(net):\n    return 7.0", "points": "7.0"}

# Who hands in: what is typed as the id, the design, which cells are changed, and the points, of 7.
DESIGNS = {
    "Bo": ("bo", None, {}, 7.0),  # the master's own
    "di": ("di", WIDE, {}, WIDE_POINTS),
    "flo": ("flo", "net = nn.Linear(3, 10)\nscore = lambda net: 7.0", GENEROUS, 0.0),
    "gil": ("bo", None, {}, 0.0),  # another one's id
    "hal": ("hal", NARROW, {}, round(1 + 2 + 2 + 2 * 3 / 31, 2)),
    "ida": ("ida", f"{NARROW}net[0].kernel_size = (31, 31)", {}, 0.0),  # what no weight has
    "jo": ("jo", f"{NARROW}{SLEEPING}", {}, 0.0),
    "kim": ("kim", f"{NARROW}{PASSED_BY}", {}, 0.0),
    "lu": ("lu", TALL, {}, round(1 + 2 + 2 + 2 * 3 / 31, 2)),
    "mo": ("mo", FLAT, {}, round(1 + 2 + 2 + 2 * 3 / 31, 2)),
    "ned": ("ned", LISTED, {}, round(1 + 2 + 2 + 2 * 3 / 31, 2)),
    "stub": (None, "", {}, 0.0),
}


def cell_of(notebook, name):
    """The text of a stored notebook's cell."""
    (text,) = (cell["source"] for cell in notebook["cells"] if cell["id"] == name)
    return text if isinstance(text, str) else "".join(text)


def hand_in(root, assignment, student, answers, cells):
    """Put a student's notebook where nbgrader looks for it."""
    released = (root / "release" / assignment / f"{assignment}.ipynb").read_text(encoding="utf-8")
    folder = root / "submitted" / student / assignment
    folder.mkdir(parents=True)
    (folder / f"{assignment}.ipynb").write_text(filled_in(released, answers, cells), encoding="utf-8")


def typed(name):
    """The cell of the id, filled in."""
    return {} if name is None else {"student": f"STUDENT = {name!r}"}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder in which both assignments were released, handed in and graded; with the points."""
    root = tmp_path_factory.mktemp("course")
    for name, master in MASTERS.items():
        (root / "source" / name).mkdir(parents=True)
        shutil.copy(master, root / "source" / name)
    run(root, HERE / "run_nbgrader.py", "release", *MASTERS)
    for student, (name, owner, others, cells, _) in OWN_LAYERS.items():
        answers = {**answers_of(owner), **others} if owner else {}
        hand_in(root, LAYERS, student, answers, {**typed(name), **cells})
    own = cell_of(json.loads(MASTERS[DESIGN].read_text(encoding="utf-8")), "design")
    for student, (name, design, cells, _) in DESIGNS.items():
        filled = {"design": own if design is None else design} if design != "" else {}
        hand_in(root, DESIGN, student, {}, {**typed(name), **filled, **cells})
    return root, json.loads(run(root, HERE / "run_nbgrader.py", "grade", *MASTERS))


@pytest.mark.parametrize("student", OWN_LAYERS)
def test_everybody_is_graded_by_layers_of_their_own(course, student):
    """Right answers count in full, what follows from an own error half; another one's id gives nothing."""
    _, points = course
    given = points[LAYERS][student]
    assert [given[f"check-{name.replace('_', '-')}"][0] for name in NAMES] == OWN_LAYERS[student][4]


@pytest.mark.parametrize("student", DESIGNS)
def test_designs_have_the_points_of_their_numbers(course, student):
    """A budget that is overrun costs points in proportion, whatever the notebook's own rules say."""
    _, points = course
    assert points[DESIGN][student]["points"][0] == DESIGNS[student][3]


def test_answers_of_both_topics_are_collected(course):
    """The last cell writes down all fourteen, for the report on the class."""
    root, _ = course
    found = collected((root / "autograded").glob(f"*/{LAYERS}/{LAYERS}.ipynb"))
    answers = {name: found[name] for name in ("cy", "di")}  # as typed

    def both(student):
        own = Course()
        return own.sheet([*own.sheet("convolution", student=student), *own.sheet("separable", student=student)])

    report = class_report(both, answers)
    assert (report.right, report.wrong) == (14 + 10, 4)


@pytest.mark.parametrize("name", MASTERS)
def test_what_is_stored_for_students_is_what_nbgrader_releases(course, name):
    """Cell by cell the same texts and marks; nbgrader adds checksums, and what a locked cell is."""
    root, _ = course
    path = root / "release" / name / f"{name}.ipynb"
    released = nbformat.read(path, as_version=4).cells
    ours = without_key(nbformat.read(MASTERS[name], as_version=4)).cells
    for theirs, cell in zip(released, ours, strict=True):
        assert (theirs.id, theirs.cell_type, theirs.source) == (cell.id, cell.cell_type, cell.source)
        marks = theirs.metadata.get("nbgrader", {})
        added = {"checksum", "cell_type"}
        assert {key: value for key, value in marks.items() if key not in added} == cell.metadata.get("nbgrader", {})
        assert theirs.get("outputs", []) == cell.get("outputs", []) == []
