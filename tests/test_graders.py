"""Graders for real: assignments are released, handed in and graded, and the points are those that were deserved."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from handing_in import HERE, filled_in, run

from nbcnncost.course import Course, class_report, collected, conv2d, otter_tests, question, sheet
from nbcnncost.course.grading import variable

pytestmark = pytest.mark.slow

# AlexNet's first layer in another shape, so that no two of its numbers are alike: 96 filters of 3·11·9, strides 4, 3.
LAYER = conv2d(in_channels=3, out_channels=96, kernel_size=(11, 9), stride=(4, 3), input_size=(3, 227, 331))
H, W = (227 - 11) // 4 + 1, (331 - 9) // 3 + 1
PARAMS = 96 * (3 * 11 * 9 + 1)
MACS = H * W * 96 * 3 * 11 * 9
RIGHT = {
    "conv1_h_out": H,
    "conv1_w_out": W,
    "conv1_params": PARAMS,
    "conv1_macs": MACS,
    "conv1_flops": 2 * MACS,
    "conv1_activation_bytes": 4 * 96 * H * W,
    "conv1_weight_bytes": 4 * PARAMS,
}
#: A height that is wrong, and what follows from it.
WRONG_H = 60
CARRIED = {
    **RIGHT,
    "conv1_h_out": WRONG_H,
    "conv1_macs": WRONG_H * W * 96 * 3 * 11 * 9,
    "conv1_flops": 2 * WRONG_H * W * 96 * 3 * 11 * 9,
    "conv1_activation_bytes": 4 * 96 * WRONG_H * W,
}
NOISE = """
import logging, sys, threading, warnings
warnings.simplefilter("error")
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
logging.getLogger("nbcnncost").warning("noise")
warnings.showwarning = lambda *told: print(told, file=sys.stderr)
print("noise", file=sys.stderr)
"""
TEXTS = {
    "conv1_h_out": repr(str(H)),
    "conv1_w_out": repr(f" {W} "),
    "conv1_params": repr(f"{PARAMS:,}"),
    "conv1_macs": repr(f"{MACS:.2e}"),
    "conv1_flops": repr(f"{2 * MACS / 1e6:.4g} M"),
    "conv1_activation_bytes": repr(f"{4 * 96 * H * W:_}"),
    "conv1_weight_bytes": repr(f"{4 * PARAMS / 1e3:.3g}k"),
}
NUMPY = {
    "conv1_h_out": f"__import__('numpy').int64({H})",
    "conv1_w_out": f"__import__('numpy').array({W})",
    "conv1_params": f"__import__('numpy').float64({PARAMS})",
    "conv1_macs": f"__import__('numpy').float32({MACS})",
    "conv1_flops": f"__import__('numpy').int64({MACS}) * 2",
    "conv1_activation_bytes": f"__import__('numpy').prod([4, 96, {H}, {W}])",
    "conv1_weight_bytes": f"__import__('numpy').uint32({4 * PARAMS})",
}
NO_NUMBERS = dict(zip(RIGHT, ["True", "None", "[55]", "float('nan')", "'eins'", "print", "'FAIL'"], strict=True))
OFF_BY_ONE = {name: value + 1 for name, value in RIGHT.items()}
#: A notebook whose own sheet calls everything right, and whose tests give the points themselves.
FOOLED = {
    "sheet": "class Lab:\n    check = staticmethod(lambda *given, **more: 2.0)\n\nlab = Lab()",
    "conv1-params-test": "2.0",
    "conv1-macs-test": "pass",
    "conv1-w_out-answer": f"conv1_w_out = {W + 1}\nlab.check = lambda *given, **more: 2.0",
    "conv1-flops-answer": "conv1_flops = 1\n"
    "def for_grading(*given):\n    return lab\n"
    "from nbcnncost.course import Course\n"
    "lab = Course().use('macs').sheet('convolution', student='easy')",
}
ALL, HALF = 2.0, 1.0

# Each student's notebook: the answers, further changes by cell; and the points in the order of the questions.
SUBMISSIONS = {
    "right": (RIGHT, {}, [ALL] * 7),
    "text": (TEXTS, {}, [ALL] * 7),
    "numpy": (NUMPY, {}, [ALL] * 7),
    "noisy": (RIGHT, {"intro": NOISE, "conv1-h_out-answer": f"conv1_h_out = {H}{NOISE}"}, [ALL] * 7),
    "stub": ({}, {}, [0.0] * 7),
    "no_number": (NO_NUMBERS, {}, [0.0] * 7),
    # The width, the parameters and their bytes do not follow from the height.
    "carried": (CARRIED, {}, [0.0, ALL, ALL, HALF, HALF, HALF, ALL]),
    "fooled": (OFF_BY_ONE, FOOLED, [0.0] * 7),
    "half_fooled": (
        RIGHT,
        {"sheet": FOOLED["sheet"], "conv1-params-answer": "del conv1_params"},
        [ALL, ALL, 0.0, *[ALL] * 4],
    ),
}


def forms(number):
    """A number as a student's version might give it away."""
    plain = str(number)
    spelt = [plain, f"{number:,}", f"{number:_}", f"{number:,}".replace(",", " "), hex(number)]
    hashed = [hashlib.new(name, plain.encode()).hexdigest() for name in ("md5", "sha1", "sha256")]
    return [*spelt, *hashed, base64.b64encode(plain.encode()).decode().rstrip("=")]


def test_what_is_searched_for_would_be_found():
    """A key that is spelt out is found, in any form; a longer number that holds it is none."""
    assert given_away(f"x = {PARAMS:,}", [PARAMS]) == [f"{PARAMS:,}"]
    assert given_away(f"x = 1{PARAMS}0", [PARAMS]) == []


def given_away(text, numbers):
    """The numbers that stand in a text, in the form in which they do."""
    return [
        form
        for number in numbers
        for form in forms(number)
        if re.search(rf"(?<![\w.,]){re.escape(form)}(?!\w|[.,]\d)", text)
    ]


def sources(text):
    """All cells of a notebook's file as text, without ids and checksums."""
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder with three assignments that were released, handed in and graded; with the points."""
    root = tmp_path_factory.mktemp("course")
    assignments = {
        "fixed": sheet({"conv1": LAYER}),
        "each": every_mistake(),
        "own": sheet("convolution"),
    }
    for name, one in assignments.items():
        (root / "source" / name).mkdir(parents=True)
        one.to_nbgrader(root / "source" / name / f"{name}.ipynb", points=2, explain=3)
    script = HERE / "run_nbgrader.py"
    run(root, script, "release", *assignments)
    for name, (answers, cells, _) in SUBMISSIONS.items():
        hand_in(root, "fixed", name, answers, cells)
    hand_in(root, "each", "right", {variable(entry.key): entry.answer for entry in assignments["each"]})
    hand_in(root, "each", "wrong", wrong_answers(assignments["each"]))
    for name, (typed, owner) in OWN.items():
        one = sheet("convolution", student=owner)
        answers = {variable(entry.key): entry.answer for entry in one}
        hand_in(root, "own", name, answers, {"student": f"STUDENT = {typed!r}"})
    points = json.loads(run(root, script, "grade", *assignments))
    return root, points


def hand_in(root, assignment, student, answers, cells=None):
    """Put a student's notebook where nbgrader looks for it."""
    released = (root / "release" / assignment / f"{assignment}.ipynb").read_text(encoding="utf-8")
    if answers:
        cells = {"conv1-explanation": "A filter has 3·11·9 weights.", **(cells or {})}
    folder = root / "submitted" / student / assignment
    folder.mkdir(parents=True)
    (folder / f"{assignment}.ipynb").write_text(filled_in(released, answers, cells), encoding="utf-8")


def every_mistake():
    """A question for each mistake that can be made in any quantity of a layer with groups, each by itself."""
    (drawn,) = sheet("grouped", student="ada")["conv1.macs"].layers
    asked = ("h_out", "params", "macs", "flops", "activation_bytes", "weight_bytes")
    names = [(quantity, wrong.id) for quantity in asked for wrong in question(drawn, quantity).wrong]
    return sheet([question(drawn, quantity, name=f"{name}_{quantity}") for quantity, name in names])


def wrong_answers(one):
    """Every question answered by the mistake that it is named for."""
    found = {}
    for entry in one:
        name = entry.name.removesuffix(f"_{entry.quantity.name}")
        value = next(wrong.value for wrong in entry.wrong if wrong.id == name)
        found[variable(entry.key)] = value if value.denominator == 1 else repr(float(value))
    return found


#: FLOPs are twice the MACs, the bytes of the weights four times their number: half the points for each.
FOLLOW = 2 * HALF
# Who hands in, the id that was typed in the notebook, and whose variant was answered.
OWN = {
    "Bo": (" BO", "bo"),
    "cy": ("", "cy"),
    "dan": ("ada", "ada"),
    "eve": ("eve", "ada"),
}


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_nbgrader_gives_the_points_that_were_deserved(course, student):
    """Right answers of any kind count in full, what follows from an own error half, everything else nothing."""
    _, points = course
    given = points["fixed"][student]
    assert [given[f"{name.replace('_', '-', 1)}-test"][0] for name in RIGHT] == SUBMISSIONS[student][2]
    # An explanation that was written waits for a person; one that was not has no points.
    assert given["conv1-explanation"] == ([None, True] if SUBMISSIONS[student][0] else [0.0, False])


def test_nbgrader_gives_nothing_for_any_mistake(course):
    """Each mistake in each quantity scores nothing, and each question in full when it is answered right."""
    root, points = course
    one = every_mistake()
    tests = {name: given[0] for name, given in points["each"]["wrong"].items() if name.endswith("-test")}
    assert len(tests) == len(one) > 60
    assert set(tests.values()) == {0.0}
    assert {given[0] for name, given in points["each"]["right"].items() if name.endswith("-test")} == {ALL}
    told = json.loads((root / "autograded/wrong/each/each.ipynb").read_text(encoding="utf-8"))
    for cell in told["cells"]:
        test = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if test.endswith("-test"):
            key = next(entry for entry in one if test == f"{entry.key.replace('.', '-')}-test")
            mistake = key.name.removesuffix(f"_{key.quantity.name}")
            (output,) = (output for output in cell["outputs"] if output["output_type"] == "error")
            assert re.search(rf"\[(\S*\|)?{mistake}(\|\S*)?\]", output["evalue"]), output["evalue"]


def test_nbgrader_grades_each_student_by_their_own_variant(course):
    """The id is typed, in any case, or known to the grader; another student's notebook scores nothing.

    Whose numbers are another's has those right that follow from each other, as one's own error carried forward.
    """
    _, points = course
    total = {name: sum(score or 0 for score, _ in given.values()) for name, given in points["own"].items()}
    assert total == {"Bo": 7 * ALL, "cy": 7 * ALL, "dan": 0.0, "eve": FOLLOW}


def test_the_students_version_of_nbgrader_gives_nothing_away(course):
    """No number of the key is in it, in any form, and no formula; the teacher's solutions and hidden tests are gone."""
    root, _ = course
    for name in ("fixed", "each", "own"):
        text = (root / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8")
        assert given_away(sources(text), RIGHT.values()) == []
        assert given_away(text, [number for number in RIGHT.values() if number > 1000]) == []
        for word in ("BEGIN", "for_grading", ".answer", "·C_out", "11·9"):
            assert word not in sources(text)


def test_a_student_who_validates_is_told_what_is_wrong(course):
    """The button Validate runs the checks: it objects to wrong answers, half right ones and empty cells alone."""
    root, _ = course
    notebooks = {name: f"submitted/{name}/fixed/fixed.ipynb" for name in ("right", "carried", "stub")}
    told = json.loads(run(root, HERE / "run_nbgrader.py", "validate", *notebooks.values()))
    assert told[notebooks["right"]] == []
    height, *others = told[notebooks["carried"]]
    assert "conv1.h_out: 60 is wrong; it is too large." in height
    assert [error.partition(";")[0] for error in others] == ["Partial credit"] * SUBMISSIONS["carried"][2].count(HALF)
    assert sum("there is no answer yet" in error for error in told[notebooks["stub"]]) == len(RIGHT)


def test_answers_are_collected_from_what_nbgrader_ran(course):
    """The class report counts the mistakes of everybody whose notebook came to its end."""
    root, _ = course
    found = collected((root / "autograded").glob("*/fixed/fixed.ipynb"))
    assert list(found) == sorted(SUBMISSIONS)
    assert set(found["stub"].values()) == {None}
    report = class_report(
        sheet({"conv1": LAYER}), {name: found[name] for name in ("right", "text", "numpy", "carried")}
    )
    assert report.right == 7 + 7 + 7 + 3
    own = collected((root / "autograded").glob("*/own/own.ipynb"))
    report = class_report(lambda student: sheet("convolution", student=student), {"bo": own["bo"], "cy": own["cy"]})
    assert (report.right, report.wrong) == (14, 0)


def test_one_release_serves_three_hundred_students():
    """Each gets layers of their own, answers them in the same cells, and cannot hand in a neighbour's numbers."""
    found = json.loads(sheet("convolution").to_nbgrader())["cells"]
    texts = {cell["id"]: "".join(cell["source"]) for cell in found}
    previous = {}
    keys = set()
    for number in range(300):
        space = {"STUDENT": f"student{number}"}
        exec(texts["sheet"], space)
        own = {variable(entry.key): entry.answer for entry in space["lab"]}
        exec(texts["conv1-params-test"], space | own)
        exec(texts["conv1-flops-test"], space | own)
        if previous.get("conv1_params") not in (None, own["conv1_params"]):
            with pytest.raises(AssertionError):
                exec(texts["conv1-params-test"], space | previous)
        previous = own
        keys.add(tuple(own.values()))
    assert len(keys) > 290


# What otter gives: the same as nbgrader, for a hidden case has the share of what follows from an own error.
OTTER = ("text", "noisy", "stub", "carried", "fooled")
#: Shares of the points that courses may give; 1/3 is no number that ends.
SHARES = (0, 0.25, 1 / 3, 0.5, 1)
# Otter does not know who hands in: an id is needed, and another student's is not noticed.
OTTER_OWN = {"Bo": 14, "cy": 0, "dan": 14, "eve": FOLLOW}


#: What a student does at home, whose notebook carries its visible tests: the answers are made, then checked.
OTTER_AT_HOME = """
import json, sys
from otter import Notebook
grader = Notebook(nb_path=sys.argv[1])
answers = json.loads(sys.argv[2])
told = [repr(grader.check(name, global_env=answers)) for name in ("conv1_h_out", "conv1_macs", "conv1_params")]
print("~".join(told))
"""


@pytest.fixture(scope="module")
def otter_course(tmp_path_factory):
    """A folder in which otter assigned the fixed assignment and every student's own, and graded submissions."""
    root = tmp_path_factory.mktemp("otter")
    for name, one in {"fixed": sheet({"conv1": LAYER}), "own": sheet("convolution")}.items():
        one.to_otter(root / f"{name}.ipynb", points=2, explain=3, title="The first layer")
        run(root, "-m", "otter", "assign", f"{name}.ipynb", f"dist_{name}")
    points = {}
    for name in OTTER:
        answers, cells, _ = SUBMISSIONS[name]
        changes = {"sheet": FOOLED["sheet"]} if name == "fooled" else {"intro": cells.get("intro", "")}
        write(root, "fixed", name, answers, changes)
    for name in OTTER_OWN:
        typed, owner = OWN[name]
        answers = {variable(entry.key): entry.answer for entry in sheet("convolution", student=owner)}
        write(root, "own", name, {**answers, "STUDENT": repr(typed)})
    for name in ("fixed", "own"):
        (archive,) = (root / f"dist_{name}" / "autograder").glob("*.zip")
        notebooks = sorted(path.name for path in root.glob(f"{name}_*.ipynb"))
        told = run(root, HERE / "run_otter.py", archive, *notebooks)
        points |= json.loads(told.splitlines()[-1])
    return root, points


def write(root, assignment, student, answers, cells=None):
    """A student's notebook beside the others."""
    released = (root / f"dist_{assignment}/student/{assignment}.ipynb").read_text(encoding="utf-8")
    text = filled_in(released, answers, cells)
    Path(root / f"{assignment}_{student}.ipynb").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("student", OTTER)
def test_otter_gives_the_points_that_were_deserved(otter_course, student):
    """Run without its container: as nbgrader does, whatever the notebook's own sheet says."""
    _, points = otter_course
    graded = points[f"fixed_{student}.ipynb"]
    assert [graded[name][0] for name in RIGHT] == SUBMISSIONS[student][2]


def test_otter_gives_the_share_of_the_course(tmp_path):
    """Of 7/3 points for each question: all for what is right, the course's share for what follows from the height."""
    worth_all = 7 / 3
    names = ("right", "text", "numpy", "stub", "no_number", "carried")
    cases = [
        {
            "files": otter_tests(Course().use(carried_share=share).sheet({"conv1": LAYER}), points=worth_all),
            "answers": answers,
        }
        for share in SHARES
        for answers in (SUBMISSIONS[name][0] for name in names)
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    graded = iter(json.loads(run(tmp_path, HERE / "run_otter_tests.py", "cases.json").splitlines()[-1]))
    for share in SHARES:
        worth = {0.0: 0.0, HALF: worth_all * share, ALL: worth_all}
        for name in names:
            given = next(graded)
            expected = [worth[points] for points in SUBMISSIONS[name][2]]
            assert [given[key][0] for key in RIGHT] == pytest.approx(expected, rel=1e-12), (share, name)
            assert [given[key][1] for key in RIGHT] == pytest.approx([worth_all] * 7, rel=1e-12)
            assert len(given["conv1_macs"][2]) == (2 if share else 1)
            assert len(given["conv1_params"][2]) == 1  # nothing goes on into it


def test_otter_tells_what_is_wrong(otter_course):
    """The test's line and the sentences of the check are what a student reads."""
    _, points = otter_course
    assert "there is no answer yet" in points["fixed_stub.ipynb"]["conv1_macs"][1]
    told = points["fixed_carried.ipynb"]["conv1_macs"][1]
    assert "It follows from your answer to conv1.h_out" in told
    assert told.count("Test case failed") == told.count("Test case passed") == 1
    wrong = points["fixed_fooled.ipynb"]["conv1_macs"][1]
    assert wrong.count("conv1.macs: ") == wrong.count("is wrong; it is too large") == 2


def test_a_student_of_otter_is_checked_by_what_can_be_seen(otter_course):
    """The student's own checks hold no hidden case: what follows from an earlier error fails, and says why."""
    root, _ = otter_course
    told = run(root, "-c", OTTER_AT_HOME, root / "dist_fixed/student/fixed.ipynb", json.dumps(CARRIED))
    height, macs, params = told.split("~")
    assert "conv1.h_out: 60 is wrong; it is too large." in height
    assert "It follows from your answer to conv1.h_out, which is wrong [carried]; mend that one first." in macs
    assert macs.count("Test case") == 1
    assert "All test cases passed" in params


def test_otter_grades_the_variant_of_the_id_that_was_typed(otter_course):
    """The layers are drawn for whoever stands in the notebook."""
    _, points = otter_course
    total = {name: sum(score for score, _ in points[f"own_{name}.ipynb"].values()) for name in OTTER_OWN}
    assert total == OTTER_OWN


def test_the_students_version_of_otter_gives_nothing_away(otter_course):
    """No number of the key is in the notebook or in the tests that it carries, and no solution."""
    root, _ = otter_course
    text = (root / "dist_fixed/student/fixed.ipynb").read_text(encoding="utf-8")
    tests = "\n".join(json.loads(text)["metadata"]["otter"]["tests"].values())
    assert given_away(sources(text) + tests, RIGHT.values()) == []
    for word in (".answer", "·C_out", "11·9", "SOLUTION"):
        assert word not in text
