"""What the panel tells of one row: formulas that say what they said as text, shapes, source, other conventions."""

from __future__ import annotations

import inspect
import json
import linecache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from nets import Body
from torch import nn
from worked_out import evaluate

from nbcnncost import cost
from nbcnncost.conventions import CONVENTIONS
from nbcnncost.explain import Line
from nbcnncost.panel.details import Details, details_of
from nbcnncost.panel.sources import class_named, source_of
from nbcnncost.views import mathml

TAGS = {"math", "mi", "mn", "mo", "msub", "mtable", "mtd", "mtext", "mtr"}
EVIL = 'a<b onclick="x">&amp;</math><script>\N{RIGHT-TO-LEFT OVERRIDE}€\n$x$'


def read(element: ElementTree.Element) -> str:
    """What a piece of MathML says, in the words of a formula's text; the rows of a table are equal."""
    if element.tag == "msub":
        return "_".join(map(read, element))
    if element.tag == "mtable":
        return "\n".join("".join(map(read, row)) for row in element)
    assert element.tag in TAGS
    return (element.text or "") + "".join(map(read, element))


def steps_of(shown: str) -> list[str]:
    """The steps of an equation, without the spaces that are only for the eye."""
    plain = read(ElementTree.fromstring(shown)).replace("\N{NO-BREAK SPACE}", " ")
    return [step.removeprefix("=") for step in plain.split("\n")]


LAYERS = [
    (nn.Conv2d(64, 64, 3, padding=1), (2, 64, 56, 56)),
    (nn.Conv2d(32, 64, 3, stride=2, groups=32, bias=False), (1, 32, 57, 41)),
    (nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1, groups=2), (3, 8, 7, 9)),
    (nn.Conv3d(2, 4, (1, 2, 3), stride=(1, 2, 1)), (1, 2, 5, 6, 7)),
    (nn.Linear(400, 120), (5, 400)),
    (nn.MaxPool2d(3, 2, 1), (2, 5, 17, 13)),
    (nn.AdaptiveMaxPool2d(3), (1, 5, 7, 8)),
    (nn.GroupNorm(2, 6), (2, 6, 5, 4)),
    (nn.LSTM(5, 7, num_layers=2, bidirectional=True), (4, 2, 5)),
    (nn.PReLU(), (2, 3, 4, 5)),
]


@pytest.mark.parametrize(("layer", "size"), LAYERS, ids=[repr(layer) for layer, _ in LAYERS])
@pytest.mark.parametrize("convention", ["textbook", "thop", "ptflops"])
def test_mathml_says_what_the_text_says(layer, size, convention):
    """Read back, the symbols are those of the text, and what stands in numbers works out to the result."""
    report = cost(layer, size, convention=convention)
    explained = report.explain(report.rows[0].path)
    for line in explained.lines:
        left, *_ = steps = steps_of(mathml.line(line))
        expected = [step.replace(" ", "") for step in (line.symbols, line.numbers) if step]
        if line.title == "output size":
            assert left.startswith(f"{line.label}=")
            steps[0] = left.removeprefix(f"{line.label}=")
        assert steps[-1].replace(",", "") == f"{line.result} {line.unit}".strip()
        assert steps[:-1] == list(dict.fromkeys(step for step in expected if step != str(line.result)))
        if line.label != "parameters" or "·" in line.symbols:
            assert evaluate(line.numbers.replace(" ", "")) == line.result


def test_mathml_lets_nothing_of_a_users_string_act():
    """Names and units from a user's code are words inside, whatever they are made of."""
    line = Line(EVIL, EVIL, EVIL, EVIL, 3, EVIL, "", "", where=((EVIL, EVIL, EVIL), ("a", EVIL, "1")))
    found = ElementTree.fromstring(mathml.line(line))
    assert {element.tag for element in found.iter()} <= TAGS
    assert all(set(element.attrib) <= {"display", "stretchy"} for element in found.iter())
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in mathml.line(line)
    assert steps_of(mathml.equation("", [mathml.quantity("1,234", EVIL)]))[0].startswith("1,234 a<b onclick=")


def attention() -> tuple[nn.Module, tuple[int, ...]]:
    """A net with attention, an LSTM, a function of its own, and an operation that no rule knows."""

    def run(self, x):
        x = self.attend(x, x, x)[0]
        return torch.linalg.matrix_exp(self.out(self.recur(x)[0]) + 1)

    layers = {
        "attend": nn.MultiheadAttention(16, 4, batch_first=True),
        "recur": nn.LSTM(16, 8),
        "out": nn.Linear(8, 10),
    }
    return Body(run, **layers), (2, 10, 16)


def blocks() -> tuple[nn.Module, tuple[int, ...]]:
    """A net with containers in containers, and a layer that is called twice."""
    shared = nn.Conv2d(8, 8, 3, padding=1, groups=4)
    block = nn.Sequential(nn.Conv2d(3, 8, 5, stride=2), nn.BatchNorm2d(8), nn.ReLU(), shared, shared)
    return nn.Sequential(block, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)), (2, 3, 33, 21)


@pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning")
@pytest.mark.parametrize(("net", "training"), [(attention, False), (blocks, False), (blocks, True)])
@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_other_conventions_of_a_row_are_those_of_the_whole_report(net, training, name):
    """A row's number in a convention is the one that the report counted by it has there; so containers add up."""
    model, size = net()
    report = cost(model, size, training=training)
    details, other = Details(report), report.counted_as(name)
    for row_id, row in zip(details.ids, other.tree(), strict=True):
        entry = next(entry for entry in details.of(row_id)["conventions"] if entry["name"] == name)
        whole = row.forward if row.parts is None else row.step
        assert entry["number"] == (whole.count or 0)
        lacks = 0 if other.convention.is_whole else whole.unknown
        assert entry["text"] == (
            f"{whole.count:,} + ?" if lacks and whole.count else "?" if lacks else f"{whole.count:,}"
        )


def test_what_a_tool_does_otherwise_is_said():
    """A fault, a number of the forward alone, nothing counted, a module's one number: each has its sentence."""
    model, size = attention()
    with pytest.warns(match="without a rule"):
        report = cost(model, size)
    notes = {entry["name"]: entry["note"] for entry in details_of(report, "attend")["conventions"]}
    assert "attention" in notes["thop"]
    assert notes["textbook"] == ""
    model, size = blocks()
    step = {entry["name"]: entry for entry in details_of(cost(model, size, training=True), "3")["conventions"]}
    assert step["fvcore"]["note"] == "of the forward alone"
    assert step["ptflops"]["note"] == "of the forward alone; one image instead of the batch"
    assert step["fvcore"]["says"] == "flops"
    norm = {entry["name"]: entry["note"] for entry in details_of(cost(model, size), "0.1")["conventions"]}
    assert norm["paper"] == "counts nothing here"


def test_conventions_with_one_formula_share_it():
    """A formula that another convention has, in whatever order its factors stand, is not sent again."""
    report = cost(nn.Sequential(nn.Conv2d(3, 8, 5)), (1, 3, 32, 32))
    entries = {entry["name"]: entry for entry in details_of(report, "0")["conventions"]}
    assert entries["textbook"]["mathml"]
    assert entries["fvcore"]["like"] == "macs"
    assert entries["fvcore"]["mathml"] == ""
    assert steps_of(entries["thop"]["mathml"]) == ["n·C_in·K_h·K_w"]
    assert entries["thop"]["ratio"] == "0.500×"


def test_every_symbol_that_is_shown_is_in_the_glossary():
    """Also those that only another convention's formula uses."""
    report = cost(nn.Sequential(nn.Conv2d(4, 8, 5, groups=2)), (2, 4, 32, 32))
    details = details_of(report, "0")
    shown = [entry["mathml"] for entry in (*details["lines"], *details["conventions"]) if entry["mathml"]]
    symbols = {read(found) for text in shown for found in ElementTree.fromstring(text).iter("msub")}
    symbols |= {
        found.text for text in shown for found in ElementTree.fromstring(text).iter("mi") if found.text in "Nng"
    }
    explained = {steps_of(entry["mathml"])[0]: entry["value"] for entry in details["glossary"]}
    assert symbols <= explained.keys()
    assert explained["C_in"] == "4"
    assert explained["n"] == f"{2 * 8 * 28 * 28:,}"
    assert all(entry["means"] for entry in details["glossary"])


def test_a_container_tells_what_it_is_the_sum_of():
    """Its lines add up, its children's shares make a whole, and it has its own class's source."""
    model, size = blocks()
    details = details_of(cost(model, size), "0", model)
    conv, norm, relu = 2 * 8 * 15 * 9 * 2 * 3 * 5 * 5, 4 * 2 * 8 * 15 * 9, 2 * 8 * 15 * 9
    twice = 2 * 8 * 15 * 9 * 2 * 2 * 3 * 3
    assert [line["heading"] for line in details["lines"]] == ["parameters", "FLOPs"]
    assert steps_of(details["lines"][1]["mathml"])[-1] == f"{conv + norm + relu + 2 * twice:,} FLOPs"
    for line in details["lines"]:
        *_, numbers, result = steps_of(line["mathml"])
        assert evaluate(numbers) == evaluate(result.split()[0])
    assert [child["id"] for child in details["children"]] == ["0.0", "0.1", "0.2", "0.3", "0.4"]
    assert sum(child["share"] for child in details["children"]) == pytest.approx(1)
    assert details["source"]["code"] == "class Sequential(Module):"
    assert details["source"]["forward"].startswith("def forward(self, input):")


def test_what_a_layer_does_in_several_operations_is_summed():
    """Attention's own number is the sum of its operations; a training step's of all its parts."""
    model, size = blocks()
    step = details_of(cost(model, size, training=True), "3")["lines"][-1]
    product, update = 2 * 2 * 8 * 4, 2 * (8 * 4 + 4)  # the forward and two gradients; the textbook leaves biases out
    assert step["heading"] == "FLOPs of the training step"
    assert evaluate(steps_of(step["mathml"])[0]) == 3 * product + update
    layer = Body(lambda self, x: self.attend(x, x, x)[0], attend=nn.MultiheadAttention(16, 4, batch_first=True))
    report = cost(layer, (2, 10, 16))
    whole = details_of(report, "attend")["lines"][-1]
    assert steps_of(whole["mathml"])[-1] == f"{report['attend'].flops:,} FLOPs"
    assert evaluate(steps_of(whole["mathml"])[0]) == report["attend"].flops


def test_a_container_of_many_shows_the_largest_apart():
    """The rest stands as one summand, and the sum is still the sum."""
    model = nn.Sequential(nn.Sequential(*(nn.Linear(width, width + 1) for width in range(4, 16))))
    details = details_of(cost(model, (1, 4)), "0")
    names, numbers, result = steps_of(details["lines"][1]["mathml"])
    assert names == "9+10+11+9 others"
    assert evaluate(numbers) == sum(2 * width * (width + 1) for width in range(4, 16))
    assert result == f"{evaluate(numbers):,} FLOPs"


KERNELS = [
    (nn.Conv2d(8, 16, 3, 2, padding=1, groups=2), (1, 8, 33, 20), "convolution", ([3, 3], 4, 16, 2, [2, 2], [1, 1])),
    (nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1), (1, 8, 7, 9), "transposed", ([4, 4], 8, 6, 1, [2, 2], [1, 1])),
    (nn.Conv1d(4, 6, 5, dilation=2), (1, 4, 33), "convolution", ([5], 4, 6, 1, [1], [0])),
    (nn.MaxPool2d((3, 2), 2), (1, 5, 16, 12), "pooling", ([3, 2], 1, 0, 1, [2, 2], [0, 0])),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "size", "kind", "kernel"), KERNELS, ids=[repr(case[0]) for case in KERNELS])
def test_shapes_say_what_to_draw(layer, size, kind, kernel):
    """The input, the window and how it moves, the output as torch computes it."""
    shapes = details_of(cost(nn.Sequential(layer), size), "0")["shapes"]
    assert shapes["kind"] == kind
    assert shapes["input"] == [list(size)]
    assert shapes["output"] == [list(layer(torch.zeros(size)).shape)]
    found = shapes["kernel"]
    assert tuple(found[key] for key in ("size", "channels", "count", "groups", "stride", "padding")) == kernel


def test_a_linear_layers_matrix_is_its_kernel_and_a_sum_has_none():
    """What has no window is drawn without one."""
    linear = details_of(cost(nn.Sequential(nn.Linear(400, 120)), (5, 400)), "0")["shapes"]
    assert linear["kernel"] == {"size": [], "channels": 400, "count": 120, "groups": 1}
    added = details_of(cost(Body(lambda self, x: x + x), (5, 400)), "add()")["shapes"]
    assert (added["kernel"], added["kind"], added["input"]) == (None, "other", [[5, 400], [5, 400]])


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.MultiheadAttention, nn.Sequential, nn.LSTM, nn.ReLU, Body])
def test_the_source_line_is_where_the_class_begins(kind):
    """Its file by the dotted name, and the line that the file really has there."""
    found = source_of(kind)
    lines, start = inspect.getsourcelines(kind)
    assert (found["file"], found["line"], found["code"]) == (kind.__module__, start, lines[0].strip())


def test_a_class_of_a_cell_has_the_cells_line():
    """Its text is where Python keeps what was run; a class made by hand has none."""
    name, text = (
        "<ipython-input-7-0123456789ab>",
        "import x\n\n\nclass Mine:\n    def forward(self, x):\n        return x\n",
    )
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    space = {"__name__": "__main__"}
    exec(compile(text.replace("import x", ""), name, "exec"), space)
    found = source_of(space["Mine"], with_forward=True)
    assert (found["line"], found["code"]) == (4, "class Mine:")
    assert found["forward"] == "def forward(self, x):\n    return x"
    assert name not in found["file"]
    assert source_of(type("Made", (), {"__module__": "nowhere"})) is None


def test_a_model_that_is_gone_still_has_its_library_classes():
    """Classes are found by their names where no model is given, and nothing is imported for that."""
    assert class_named("torch.nn.modules.conv.Conv2d") is nn.Conv2d
    assert class_named("not.there.Net") is None
    model, size = blocks()
    report = cost(model, size)
    assert details_of(report, "3")["source"] == details_of(report, "3", model)["source"]


def test_details_are_plain_and_name_no_folder_of_this_machine():
    """They become JSON as they are; hostile names stand there as text."""
    model = Body(lambda self, x: getattr(self, EVIL.replace(".", ""))(x), **{EVIL: nn.Linear(4, 2)})
    details = Details(cost(model, (1, 4)), model)
    stored = json.dumps([details.of(row_id) for row_id in details.ids])
    assert str(Path(torch.__file__).parent) not in stored
    assert str(Path(__file__).parent) not in stored
    assert details.of(EVIL)["title"].startswith('a<b onclick="x">')


def test_rows_that_are_not_there_have_no_details():
    """Nothing selected, or a row that the last change removed."""
    report = cost(nn.Linear(4, 2), (1, 4))
    assert details_of(report, "") == {}
    assert details_of(report, "gone") == {}
    assert details_of(report, "Linear")["type"] == "Linear"


def test_a_layer_whose_weight_is_computed_is_explained_as_one():
    """A container that is one layer to its user has the layer's own formulas, and its parts as children."""
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(8, 4)))
    details = details_of(cost(model, (1, 8)), "0", model)
    assert "2·N_in·N_out=2·8·4=64" in [line["text"].replace(" ", "").removesuffix("FLOPs") for line in details["lines"]]
    assert details["children"]
    assert details["source"]["code"] == "class Linear(Module):"
