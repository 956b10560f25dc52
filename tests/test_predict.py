"""``--predict``: numbers hidden until they are filled in, what is said of them, and what is kept."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
import torch
from IPython.core.error import UsageError
from nbclient import NotebookClient
from shells import run
from torch import nn

from nbcnncost import CostError, cost, course
from nbcnncost.course import Prediction, predict
from nbcnncost.course.prediction_widget import PredictionTable
from nbcnncost.errors import ShapeError

WIDGET = "application/vnd.jupyter.widget-view+json"


class Net(nn.Module):
    """Two convolutions and a head; no number that is asked for is a setting or a size that is told."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 13, 7, stride=2)
        self.conv2 = nn.Conv2d(13, 17, 5, padding=1, bias=False)
        self.head = nn.Linear(17, 11)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv2(self.conv1(x).relu()).mean((2, 3)))


SIZE = (1, 3, 101, 141)
# (101 − 7)/2 + 1 = 48, (141 − 7)/2 + 1 = 68; then 48 + 2 − 5 + 1 = 46 and 66
RIGHT = {
    "conv1.h_out": 48,
    "conv1.w_out": 68,
    "conv1.params": 13 * (3 * 7 * 7 + 1),
    "conv1.macs": 48 * 68 * 13 * 3 * 7 * 7,
    "conv2.h_out": 46,
    "conv2.w_out": 66,
    "conv2.params": 17 * 13 * 5 * 5,
    "conv2.macs": 46 * 66 * 17 * 13 * 5 * 5,
    "head.params": 11 * (17 + 1),
    "head.macs": 11 * 17,
}
RIGHT |= {
    f"total.{name}": sum(value for key, value in RIGHT.items() if key.endswith(name)) for name in ("params", "macs")
}


@pytest.fixture(scope="module")
def report():
    """What the net costs."""
    return cost(Net(), SIZE)


@pytest.fixture
def prediction(report):
    """Nothing filled in yet."""
    return predict(report)


def hidden_in(text: str) -> list[int]:
    """The right numbers that a text has in it, with whatever stands between their digits."""
    bare = re.sub(r"(?<=\d)[,._'\s\u00a0\u2009\u202f](?=\d{3})", "", text)
    return [value for value in RIGHT.values() if re.search(rf"(?<!\d){value}(?!\d)", bare)]


def rounded_in(text: str) -> list[str]:
    """The large right numbers that a text has in it rounded to three digits."""
    shown = [f"{value:.2e}".replace("e+0", "").replace(".", "")[:3] for value in RIGHT.values() if value > 9999]
    return [digits for digits in shown if f"{digits[0]}.{digits[1:]}" in text or f"{digits[:2]}.{digits[2]}" in text]


def sent(table: PredictionTable) -> str:
    """All that a front end is given of a table, and a notebook saves, but for the script and its layout's random id."""
    state = {name: value for name, value in table.get_state().items() if name not in ("_esm", "layout")}
    assert "IPY_MODEL_" not in str(state), "an id has digits of its own"
    return json.dumps(state, ensure_ascii=False)


# What is asked


def test_the_layers_with_something_to_count_are_asked(prediction):
    """Output sizes, parameters and MACs of each, staged, and the totals."""
    assert sorted(prediction.keys) == sorted(RIGHT)
    assert prediction.keys[:4] == ("conv1.h_out", "conv1.w_out", "conv1.params", "conv1.macs")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"columns": ("params",)}, ["conv1.params", "conv2.params", "head.params", "total.params"]),
        ({"columns": ("macs", "params"), "top": 1}, ["conv2.params", "conv2.macs"]),
        ({"columns": ("output",), "top": 2}, ["conv1.h_out", "conv1.w_out", "conv2.h_out", "conv2.w_out"]),
        ({"columns": ("params",), "top": 2, "sort": "params"}, ["conv1.params", "conv2.params"]),
        ({"columns": ("weight_bytes",), "top": 3}, ["conv1.weight_bytes", "conv2.weight_bytes", "head.weight_bytes"]),
    ],
)
def test_columns_and_top_choose(report, options, keys):
    """In call order, the costliest alone, without totals where rows are missing."""
    assert list(predict(report, **options).keys) == keys


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda report: predict(report, columns=("parms",)), "did you mean params?"),
        (lambda report: predict("net"), "not a str"),
        (lambda report: predict(cost(Net(), SIZE, training=True)), "forward run"),
        (lambda report: predict(cost(nn.ReLU(), (1, 3))), "no layer with parameters or MACs"),
        (lambda report: predict(report.counted_as("thop")), "thop counts whole models"),
        (lambda report: predict(report).fill(3), "takes a dict"),
        (lambda report: predict(report).fill({"conv9": {"params": 3}}), "conv9.params"),
        (lambda report: predict(report).report, "the report is hidden"),
    ],
)
def test_what_cannot_be_asked_is_told(report, make, message):
    """One sentence each."""
    with pytest.raises(CostError, match=re.escape(message)):
        make(report)


# What is hidden


def test_nothing_shown_sent_or_saved_has_a_right_number(prediction):
    """Text, page, the table's state: none of the numbers, whole or rounded, also after wrong answers of all steps."""
    table = prediction._table = PredictionTable(prediction)
    for wrong in (None, 1, 2, 3, 4, 5):
        if wrong is not None:
            prediction.fill(dict.fromkeys(RIGHT, wrong))
        page = re.sub(r"<style>.*?</style>", "", prediction._repr_html_())
        for text in (repr(prediction), page, sent(table)):
            assert hidden_in(text) == []
            assert rounded_in(text) == []
    assert "It should be" not in repr(prediction)


def test_the_search_for_numbers_finds_them(prediction):
    """What the test above relies on: once revealed, every number is found everywhere."""
    table = prediction._table = PredictionTable(prediction)
    prediction.reveal()
    for text in (repr(prediction), prediction._repr_html_(), sent(table)):
        assert hidden_in(text) == list(RIGHT.values())
    assert rounded_in(f"{prediction.report!r}")


def test_the_size_of_flattened_maps_is_not_told():
    """How many features come in is the answer above, unless it is a number of channels."""
    flat = nn.Sequential(nn.Conv2d(3, 6, 5), nn.Flatten(), nn.Linear(6 * 28 * 28, 12), nn.Linear(12, 10))
    shown = repr(predict(cost(flat, (1, 3, 32, 32))))
    assert str(6 * 28 * 28) not in shown
    assert "N_in = 12, N_out = 10" in shown


# What is said


def test_all_right_shows_the_report(prediction, report):
    """With the last number the report shows itself."""
    some = {key: value for key, value in RIGHT.items() if key != "total.macs"}
    assert not prediction.fill(some).is_open
    assert prediction.fill({"total": {"macs": f"{RIGHT['total.macs']:,}"}}).is_open
    assert prediction.report is report
    assert repr(report) in repr(prediction)
    assert report._repr_html_() in prediction._repr_html_()
    assert ".fill(" not in repr(prediction)


def test_feedback_climbs_and_names_the_mistake(prediction):
    """Direction; then the mistake; then the formula; never the number before it is revealed."""
    wrongs = [13 * 3 * 7 * 7, 13 * (3 * 7 + 1), 13 * (7 * 7 + 1), 5]
    told = [prediction.fill({"conv1.params": wrong}).verdicts["conv1.params"] for wrong in wrongs]
    assert [len(entry.sentences) for entry in told] == [1, 2, 3, 3]
    assert told[0].diagnosis.id == "forgot_bias"
    assert "[kernel_one_side]" in told[1].text
    again = prediction.fill({"conv1.params": wrongs[0]}).verdicts["conv1.params"]
    assert again.sentences == told[0].sentences
    assert "1,924" in prediction.reveal().verdicts["conv1.params"].text


def test_an_earlier_error_is_carried_forward(prediction):
    """MACs from a wrong size, and totals from several wrong rows, are told to follow from them."""
    macs = 47 * 68 * 13 * 3 * 7 * 7
    prediction.fill({"conv1": {"h_out": 47, "macs": macs, "params": 1911}, "head": {"params": 187}})
    prediction.fill({"total": {"params": 1911 + RIGHT["conv2.params"] + 187}})
    assert prediction.verdicts["conv1.macs"].diagnosis.carried == ("conv1.h_out",)
    assert set(prediction.verdicts["total.params"].diagnosis.carried) == {"conv1.params", "head.params"}


def test_what_is_no_number_gets_a_sentence(prediction):
    """Text, lists, truth values: nothing raises, nothing counts as right; dots stay open."""
    prediction.fill({"conv1": {"h_out": "many", "w_out": True, "params": [1], "macs": ...}})
    assert [prediction.verdicts[key].is_right for key in prediction.keys[:3]] == [False] * 3
    assert "conv1.macs" not in prediction.answers
    assert "0 right, 3 wrong, 9 still open" in repr(prediction)


def test_the_cell_to_copy_runs(prediction):
    """What is printed can be run as it is, and then with numbers; only what is not right yet is asked again."""
    code = repr(prediction).partition("prediction = _\n")[2].rpartition("\n\n")[0]
    exec(code, {"prediction": prediction})
    assert prediction.answers == {}
    for key, value in RIGHT.items():
        column = key.partition(".")[2]
        code = re.sub(rf'("{key.partition(".")[0]}": {{[^\n]*?"{column}": )\.\.\.', rf"\g<1>{value}", code, count=1)
    exec(code.replace(f'"macs": {RIGHT["head.macs"]}', '"macs": ...'), {"prediction": prediction})
    assert not prediction.is_open
    assert '{\n    "head": {"macs": ...},\n})' in repr(prediction)


def test_revealed_numbers_stand_beside_ones_own(prediction):
    """Theirs, and the right one where it differs or nothing was said."""
    prediction.fill({"conv1": {"h_out": 47, "w_out": 68}})
    text = repr(prediction.reveal())
    assert "47 ✗ → 48" in text
    assert "68 ✓" in text
    assert f"… → {RIGHT['conv2.macs']:,}" in text


def test_a_grader_refuses_a_check(prediction, monkeypatch):
    """What does not raise would be full marks."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    for act in (prediction.check, lambda: prediction.fill({"conv1.params": 3})):
        with pytest.raises(CostError, match="under a grader"):
            act()


def test_chinese(report):
    """Table, how to go on, and what is said of an answer."""
    text = repr(predict(report, lang="zh").fill({"conv1.params": 3}))
    assert "参数量" in text
    assert "conv1.params：3 不对，偏小。" in text
    assert not re.search(r"\b(right|wrong|open|run|numbers)\b", text)


# The table of a notebook


@pytest.fixture
def table(prediction):
    """The table, beside its prediction."""
    prediction._table = PredictionTable(prediction)
    return prediction._table


def test_a_front_end_fills_in_and_asks(table, prediction, report):
    """Answers go to Python as written; a check marks them; a changed answer loses its mark."""
    table.set_state({"answers": {"conv1.params": " 1,911 ", "conv1.h_out": "48", "nonsense": "3"}})
    assert prediction.answers == {"conv1.params": " 1,911 ", "conv1.h_out": "48"}
    table._hear(table, {"kind": "check"}, [])
    assert {key: mark["right"] for key, mark in table.marks.items()} == {"conv1.params": False, "conv1.h_out": True}
    table.set_state({"answers": {"conv1.params": "1911", "conv1.h_out": "48"}})
    assert set(table.marks) == {"conv1.h_out"}
    table._hear(table, {"kind": "show"}, [])
    assert table.truths["conv1.params"] == "1,924"
    assert table.report == report._repr_html_()


def test_a_front_end_cannot_say_what_python_says(table, prediction):
    """Marks, truths and the report are not taken from it."""
    table.set_state({"marks": {"conv1.params": {"right": True}}, "report": "<b>", "truths": {"a": "1"}, "answers": 7})
    assert (table.marks, table.report, table.truths) == ({}, "", {})
    assert not prediction.is_open


def test_python_fills_the_table(table, prediction):
    """What a cell fills in stands in the table."""
    prediction.fill({"conv1": {"params": 1924}})
    assert table.answers == {"conv1.params": "1,924"}
    assert table.marks["conv1.params"]["right"] is True


# The magic


@pytest.fixture
def shell(bare_shell):
    """A shell of its own with the extension loaded, and a kernel's name for its cell."""
    bare_shell.user_ns.update(Net=Net, nn=nn, net=Net())
    return bare_shell


@pytest.mark.parametrize(
    "cell",
    [
        "%%cnncost --predict -o kept -i 3,101,141\nmade = Net()",
        "%cnncost net --predict -o kept -i 3,101,141",
        "%config CnnCostMagics.panel = True\n%cnncost net --predict -o kept -i 3,101,141",
    ],
)
def test_the_magic_gives_a_prediction(shell, cell):
    """It is the result and what ``-o`` keeps; the cell has run; no number is printed."""
    done = run(shell, cell)
    assert done.error is None, done.text
    assert isinstance(done.result, Prediction)
    assert shell.user_ns["kept"] is done.result
    assert "made" in shell.user_ns or "%%" not in cell
    assert "kept.fill({" in repr(done.result)
    assert hidden_in(done.text) == []


def test_the_line_chooses_what_is_asked(shell):
    """Columns, top, convention and language."""
    line = "%cnncost net -i 3,101,141 --predict -n 1 --columns output,flops --rule bias_additions=1 --lang zh"
    made = run(shell, line).result
    assert made.keys == ("conv2.h_out", "conv2.w_out", "conv2.flops")
    assert made.lang == "zh"
    assert made.fill({"conv2": {"flops": 2 * RIGHT["conv2.macs"]}}).verdicts["conv2.flops"].is_right


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("net net --predict", "--predict asks about one model; here are 2"),
        ("net --predict --compare", "--predict asks about layers; --compare shows conventions"),
        ("net --predict --panel", "--predict hides what --panel shows; give one of them"),
        ("net --predict --train", "--predict asks about a forward run; leave --train out"),
        ("net --predict --columns input", "--columns has no choice 'input'"),
    ],
)
def test_what_goes_not_together_is_told(shell, line, message):
    """One sentence, as exactly IPython's UsageError."""
    done = run(shell, f"%cnncost {line} -i 3,101,141")
    assert type(done.error) is UsageError
    assert message in str(done.error)


def test_a_run_that_stops_shows_no_numbers(shell):
    """The error alone, without the layers so far."""
    done = run(shell, "%cnncost nn.Sequential(nn.Conv2d(3, 13, 7), nn.Flatten(), nn.Linear(9, 9)) -i 3,50,50 --predict")
    assert isinstance(done.error, ShapeError)
    assert "1,924" not in done.text


@pytest.mark.parametrize("end", ["-q", ";"])
def test_a_quiet_prediction_shows_nothing(shell, end):
    """It is only the result."""
    done = run(shell, f"%cnncost net -i 3,101,141 -o kept --predict {end}")
    assert isinstance(shell.user_ns["kept"], Prediction)
    assert done.error is None
    assert "conv1" not in done.text


def test_a_cell_that_runs_again_keeps_what_was_filled_in(shell):
    """Answers, steps of feedback and what was revealed; for another model only what is still asked."""

    def again(number, cell="%cnncost net -i 3,101,141 --predict"):
        shell.parent_header = {"header": {"msg_id": str(number)}, "metadata": {"cellId": "one"}}
        return run(shell, cell).result

    first = again(1).fill({"conv1": {"params": 1911, "h_out": 48}})
    second = again(2)
    assert second is not first
    assert second.answers == {"conv1.params": 1911, "conv1.h_out": 48}
    assert second.verdicts["conv1.h_out"].is_right
    assert len(second.fill({"conv1.params": 5}).verdicts["conv1.params"].sentences) == 2
    second.reveal()
    assert again(3).is_open
    other = again(4, "%cnncost nn.Conv2d(3, 8, 3) -i 3,101,141 --predict")
    assert (other.answers, other.is_open) == ({}, False)
    assert type(again(5, "%cnncost net -i 3,101,141 --panel")).__name__ == "Panel"


@pytest.mark.slow
def test_a_saved_notebook_holds_no_right_number():
    """With its widgets' states, run by a real kernel: cells, outputs and states, but for the script."""
    making = "import torch\nfrom torch import nn\n%load_ext nbcnncost"
    cell = "%%cnncost -i 3,101,141 --predict -o kept\nnet = nn.Sequential(nn.Conv2d(3, 13, 7, stride=2), nn.ReLU())"
    cells = [making, cell, "kept.fill({'0': {'params': 1911}})"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    NotebookClient(notebook, kernel_name="python3", store_widget_state=True, timeout=60).execute()
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    for state in states.values():
        state["state"].pop("_esm", None)
    assert WIDGET in notebook.cells[1].outputs[0].data
    assert "1,911 is wrong" in json.dumps(states)
    text = re.sub(r"<style>.*?</style>", "", json.dumps(notebook, ensure_ascii=False))
    assert [value for value in hidden_in(text) if value in (48, 68, 1924, RIGHT["conv1.macs"])] == []


def test_the_diagnosis_is_the_courses(report, prediction):
    """What a prediction says of an answer is what a sheet of the same report says."""
    sheet = course.sheet(report)
    for key, wrong in (("conv1.params", 1911), ("conv2.macs", 5), ("head.macs", 2 * 187)):
        assert prediction.fill({key: wrong}).verdicts[key].diagnosis.id == sheet.diagnose(key, wrong).id
