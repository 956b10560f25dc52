"""Several models beside each other: their totals, what they are called, and their charts."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import warnings
from functools import cache

import pytest
import torch
import torchvision
from nets import Body
from test_views import read
from torch import nn

from nbcnncost import CostError, compare, cost
from nbcnncost.api import attempt
from nbcnncost.errors import InputError, ModelError, ShapeError
from nbcnncost.labels import labels_of
from nbcnncost.views import comparison as view
from nbcnncost.views import grid, text
from nbcnncost.views.charts import Chart

HOSTILE = ("<img src=x onerror=alert(1)>", "x" * 500, "\u202eעברית 😀 $x^2$\n\x1b[31m")
#: What torchvision's own pages say of these models: parameters, and GFLOPS (which are multiply-accumulates).
PUBLISHED = {
    "alexnet": (61_100_840, 0.71),
    "vgg16": (138_357_544, 15.47),
    "vgg16_bn": (138_365_992, 15.47),
    "resnet18": (11_689_512, 1.81),
    "resnet50": (25_557_032, 4.09),
    "resnet152": (60_192_808, 11.51),
    "mobilenet_v2": (3_504_872, 0.3),
    "mobilenet_v3_small": (2_542_856, 0.06),
    "densenet121": (7_978_856, 2.83),
    "efficientnet_b0": (5_288_548, 0.39),
    "squeezenet1_1": (1_235_496, 0.35),
    "shufflenet_v2_x1_0": (2_278_604, 0.14),
}


def conv(kernel):
    """One convolution of 3 to 8 channels."""
    return nn.Conv2d(3, 8, kernel)


@cache
def dozen():
    """Twelve models of torchvision, made without their weights."""
    with torch.device("meta"):
        models = [getattr(torchvision.models, name)() for name in PUBLISHED]
    return compare(*models, input_size=(3, 224, 224), labels=tuple(PUBLISHED))


def three():
    """Three convolutions on 10×10, the last of them three times as dear as the first, and hostile names."""
    models = [nn.Conv2d(3, width, 3) for width in (2, 4, 6)]
    return compare(*models, input_size=(3, 10, 10), labels=HOSTILE)


# What it holds


@pytest.mark.slow
def test_totals_are_those_of_each_model():
    """Each model's line has the numbers of its own report, and those that its authors publish."""
    comparison = dozen()
    for row, (params, giga) in zip(comparison.rows, PUBLISHED.values(), strict=True):
        assert row.total.params == params
        assert round(row.total.macs / 1e9, 2) == giga
    assert [row.label for row in comparison.rows] == list(PUBLISHED)
    assert comparison["resnet18"].total.params == 11_689_512


def test_ratios_are_multiples_of_the_first():
    """Two, four and six filters: the work of one, two and three."""
    assert [row.ratio for row in three().rows] == [1.0, 2.0, 3.0]
    assert [line.cells[-1].text for line in view.build(three()).body] == ["1.00×", "2.00×", "3.00×"]


def test_a_pair_has_a_difference():
    """Two models have every difference, more of them none."""
    comparison = compare(conv(3), conv(5), input_size=(3, 32, 32), labels=("three", "five"))
    assert comparison.difference.total.params == 8 * 3 * (5 * 5 - 3 * 3)
    assert comparison.difference.total.macs == 28 * 28 * 8 * 3 * 5 * 5 - 30 * 30 * 8 * 3 * 3 * 3
    assert comparison.difference.labels == ("three", "five")
    with pytest.raises(CostError, match="a difference has two sides; here are 3"):
        _ = three().difference


def test_models_pairs_and_reports_can_be_mixed():
    """A model takes the common options, a pair has its own input, a report stays as it is."""
    net = conv(3)
    report = cost(net, (2, 3, 8, 8), mode="train", convention="macs")
    comparison = compare(net, (net, (3, 16, 16)), report, input_size=(3, 32, 32), batch_size=4)
    assert [entry.inputs[0].shape for entry in comparison.reports] == [(4, 3, 32, 32), (4, 3, 16, 16), (2, 3, 8, 8)]
    assert comparison.reports[2] is report
    assert [entry.convention.name for entry in comparison.reports] == ["textbook", "textbook", "macs"]


def test_options_reach_every_model():
    """Mode, convention, dtypes and input data are those of ``cost``."""
    one, other = (conv(kernel).double() for kernel in (3, 5))
    both = compare(one, other, input_size=(3, 9, 9), dtypes="float64", mode="train", convention="macs")
    assert {(entry.mode, entry.unit, entry.inputs[0].dtype) for entry in both.reports} == {("train", "MACs", "float64")}
    both = compare(conv(3), conv(5), input_data=torch.empty(2, 3, 9, 9))
    assert {entry.inputs[0].shape for entry in both.reports} == {(2, 3, 9, 9)}


@pytest.mark.parametrize(
    ("reports", "labels"),
    [
        (lambda: [cost(conv(3), (3, 8, 8)), cost(nn.Linear(3, 3), (1, 3))], ("Conv2d", "Linear")),
        (lambda: [cost(conv(3), (3, n, n)) for n in (8, 9)], ("Conv2d at 1×3×8×8", "Conv2d at 1×3×9×9")),
        (
            lambda: [cost(conv(3), (3, 8, 8), mode=mode) for mode in ("eval", "train", "same")],
            ("Conv2d in eval mode", "Conv2d in train mode", "Conv2d in each module's own mode"),
        ),
        (
            lambda: [cost(conv(3), (3, 8, 8), convention=name) for name in ("textbook", "macs")],
            ("Conv2d by textbook", "Conv2d by macs"),
        ),
        (
            lambda: [cost(conv(kernel), (3, 8, 8)) for kernel in (3, 5)],
            ("Conv2d with 224 parameters", "Conv2d with 608 parameters"),
        ),
        (lambda: [cost(conv(3), (3, 8, 8))] * 2, ("Conv2d (1)", "Conv2d (2)")),
        (
            lambda: [cost(conv(3), (3, 8, 8)), cost(conv(3), (3, 9, 9)), cost(nn.Linear(3, 3), (1, 3))],
            ("Conv2d at 1×3×8×8", "Conv2d at 1×3×9×9", "Linear"),
        ),
    ],
)
def test_labels_say_what_tells_models_apart(reports, labels):
    """The class's name where that is enough, else the first of the facts that differ."""
    assert labels_of(reports()) == labels


# What it refuses


@pytest.mark.parametrize(
    ("models", "options", "error", "words"),
    [
        ((), {}, CostError, "give the models to compare"),
        (([conv(3), conv(5)],), {}, CostError, r"give models one by one, as in compare\(\*models\)"),
        (([conv(3), conv(5), conv(7)],), {}, CostError, "give models one by one"),
        ((conv(3), conv(3)), {"labels": ["a"]}, CostError, "labels are 2 different names"),
        ((conv(3), conv(3)), {"labels": ["a", "a"]}, CostError, "labels are 2 different names"),
        ((conv(3), conv(3)), {"labels": "ab"}, CostError, "labels are 2 different names"),
        ((conv(3), 7), {"input_size": (3, 8, 8)}, ModelError, "model 2, int: "),
        ((conv(3), conv(9)), {"input_size": (3, 8, 8)}, ShapeError, "model 2, Conv2d: "),
        ((conv(3), conv(9)), {"input_size": (3, 8, 8), "labels": ["a", "b"]}, ShapeError, "^b: "),
        ((conv(3),), {"input_size": "x"}, InputError, "model 1, Conv2d: "),
        ((conv(3),), {"convention": "nope"}, CostError, "there is no convention 'nope'"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(models, options, error, words):
    """The error says which model it is about, and keeps its kind."""
    with pytest.raises(error, match=words):
        compare(*models, **options)


def test_a_report_has_its_input_already():
    """A size beside a report is a misunderstanding."""
    with pytest.raises(CostError, match="a report has its input already"):
        compare((cost(conv(3), (3, 8, 8)), (3, 9, 9)))


def test_a_failing_model_keeps_its_partial_report():
    """The named error holds the layers up to where the run stopped."""
    with pytest.raises(ShapeError) as caught:
        compare(conv(3), nn.Sequential(conv(3), nn.Linear(5, 5)), input_size=(3, 8, 8))
    assert caught.value.report["0"].macs == 6 * 6 * 8 * 3 * 3 * 3


def test_what_a_forward_raises_passes_through():
    """An error of the user's own code is the user's own."""

    def forward(net, x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        compare(Body(forward), input_size=(3, 8, 8))


# What is shown


def test_the_table_says_in_the_header_what_all_share():
    """Input, mode and convention stand in the header when they are the same, else in columns."""
    shown = repr(three())
    assert "3 models\ninput 1×3×10×10 float32 · eval mode\n" in shown
    assert re.search("^model +parameters +MACs +FLOPs +FLOPs ÷ first$", shown, re.MULTILINE)
    net = conv(3)
    mixed = compare(
        cost(net, (3, 8, 8)), cost(net, (3, 9, 9), mode="train", convention="macs"), net, input_size=(3, 8, 8)
    )
    keys = [column.key for column in view.build(mixed).columns]
    assert keys == ["model", "input", "mode", "convention", "params", "macs", "flops", "ratio"]
    assert mixed.main == "flops"


def test_two_models_show_their_difference_too():
    """Below the totals stands what differs, without saying the same again."""
    comparison = compare(conv(3), conv(5), input_size=(3, 32, 32), labels=("three", "five"))
    shown = repr(comparison)
    assert shown.startswith("2 models\n")
    assert "\n\nthree → five\n" in shown
    assert shown.count("convention textbook") == 1
    assert comparison._repr_html_().count("<table>") == 2


def test_text_and_html_show_the_same():
    """Every cell of the table reads the same in both, but for words that are shortened."""
    for comparison in (dozen(), three()):
        content = view.build(comparison)
        cells = [[cell.replace("\xa0", " ") for cell in row] for row in read(grid.html(content)).rows][1:]
        assert cells == [[cell.text for cell in line.cells] for line in content.body]
        rows = grid.text(content).split("\n")
        for row, line in zip(rows[-len(content.body) :], content.body, strict=True):
            assert all(cell.text in row for cell in line.cells[1:]), row


def test_names_are_text():
    """A label is never markup, a control sequence or mathematics, and a long one does not break the table."""
    shown, markup = repr(three()), three()._repr_html_()
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", shown + markup)
    assert max(map(text.width, shown.split("\n"))) <= text.WIDTH


def test_models_are_sorted_when_asked():
    """The largest first by a column; the ratio still is to the first that was given."""
    comparison = three().with_look(sort="params")
    assert [row.label for row in comparison.rows] == [HOSTILE[2], HOSTILE[1], HOSTILE[0]]
    assert [row.ratio for row in comparison.rows] == [3.0, 2.0, 1.0]
    assert "totals, by parameters, largest first" in repr(comparison)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ({"sort": "input"}, "models are sorted by: params, macs, integer_macs, flops, count; not by 'input'"),
        ({"sort": "step"}, "step belongs to a training step: ask for it with --train, or training=True"),
        ({"top": 3}, "are for the difference of two models"),
        ({"columns": ["macs"]}, "are for the difference of two models"),
        ({"view": "nope"}, "there is no view 'nope'"),
    ],
)
def test_unknown_looks_are_answered(look, words):
    """What a table of totals does not have is answered with a sentence."""
    with pytest.raises(CostError, match=words):
        three().with_look(**look)


def test_a_pair_looks_as_its_difference():
    """Of two models sort, top, columns and everything are for the difference."""
    pair = compare(conv(3), conv(5), input_size=(3, 32, 32)).with_look(columns=["params"], everything=True)
    assert "all layers, in call order" in repr(pair)
    assert "parameters before" in repr(pair)
    assert "MACs before" not in repr(pair)


# Training steps and integer multiply-accumulates


def steps(*reports):
    """Three linear layers on one sample; the second has most weights, but none that is trained."""
    still = nn.Linear(8, 60).requires_grad_(requires_grad=False)
    models = (nn.Linear(8, 10), nn.Sequential(nn.Linear(8, 8), nn.ReLU(), still), nn.Linear(8, 40), *reports)
    return compare(*models, input_size=(1, 8), training=True, labels=("a", "b", "c", *"defg"[: len(reports)]))


#: Forward; the weights' gradients; sgd's product and difference for each parameter. In b the input's gradient through
#: the second layer and the ReLU, too.
A = 2 * 8 * 10 + 2 * 8 * 10 + 2 * 9 * 10
B = (2 * 8 * 8 + 8 + 2 * 8 * 60) + (2 * 8 * 60 + 8) + 2 * 8 * 8 + 2 * 9 * 8
C = 2 * 8 * 40 + 2 * 8 * 40 + 2 * 9 * 40


def test_training_steps_are_compared():
    """The options of ``cost`` reach every model; the table has a step and compares by it."""
    comparison = steps()
    assert [row.number("step") for row in comparison.rows] == [A, B, C]
    assert (comparison.main, [row.ratio for row in comparison.rows]) == ("step", [1, B / A, C / A])
    shown = repr(comparison)
    assert "input 1×8 float32 · train mode, training step (sgd)\n" in shown
    assert re.search("^model +parameters +MACs +FLOPs +step +step ÷ first$", shown, re.MULTILINE)
    assert re.search(rf"^b .* {B:,} +{B / A:.2f}×$", shown, re.MULTILINE)
    both = compare(nn.Linear(8, 4), nn.Linear(8, 4), input_size=(1, 8), training=True, optimizer=None, input_grad=True)
    assert [report.total.step.macs for report in both.reports] == [3 * 8 * 4] * 2
    assert "train mode, training step (no optimizer, gradient of the input, too)" in repr(both)


def test_training_steps_sort_the_models():
    """A model may have the dearest forward and not the dearest step."""
    assert [row.label for row in steps().with_look(sort="step").rows] == ["b", "c", "a"]
    assert B > C
    assert "by FLOPs of a training step (textbook), largest first" in repr(steps().with_look(sort="step"))


@pytest.mark.slow
def test_the_scatter_can_be_of_the_training_step():
    """The points stand at the steps, or at the forwards when asked."""
    for column, wanted in ((None, [A, B, C]), ("step", [A, B, C]), ("flops", [160, 128 + 8 + 960, 640])):
        points = steps().plot(column=column).figure.axes[0].collections[0].get_offsets()
        assert [int(y) for _, y in points] == wanted
    assert repr(steps().plot()).startswith("Scatter chart. FLOPs of a training step (textbook) against parameters")
    work = steps().plot("bars").figure.axes[0].containers[1]
    assert [bar.get_width() for bar in work] == [A / B, 1, C / B]


def test_a_forward_among_training_steps_has_none():
    """Its step is blank, not zero; models are compared by what all of them have."""
    forward = cost(nn.Linear(8, 10), (1, 8))
    comparison = steps(forward)
    assert (comparison.main, comparison.rows[3].ratio) == ("flops", 1)
    assert [row.label for row in comparison.with_look(sort="step").rows] == ["b", "c", "a", "d"]
    assert [line.cells[-2].text for line in view.build(comparison).body] == [f"{A:,}", f"{B:,}", f"{C:,}", ""]
    assert [model["step"] for model in comparison.to_dict()["models"]] == [A, B, C, None]
    assert list(csv.DictReader(io.StringIO(comparison.to_csv())))[3]["step"] == ""
    assert comparison.to_pandas()["step"].isna().tolist() == [False, False, False, True]


def test_steps_in_different_units_say_which():
    """A number of MACs beside one of FLOPs names its unit."""
    step = cost(nn.Linear(8, 10), (1, 8), training=True, convention="macs")
    comparison = steps(step)
    assert (comparison.main, comparison.rows[3].number("step")) == ("flops", 2 * 8 * 10)
    assert [line.cells[-2].text for line in view.build(comparison).body][::3] == [f"{A} FLOPs", "160 MACs"]


def test_integer_macs_have_a_column_where_there_are_any():
    """Of a quantized model, and of it alone."""
    net = nn.Sequential(nn.Linear(8, 10))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the framework deprecates its quantization, for its users to know
        whole = torch.ao.quantization.quantize_dynamic(net, {nn.Linear})
    comparison = compare(net, net, whole, input_size=(1, 8))
    assert re.search("^model +parameters +MACs +integer MACs +FLOPs ", repr(comparison), re.MULTILINE)
    assert [row.total.integer_macs for row in comparison.with_look(sort="integer_macs").rows] == [8 * 10, 0, 0]
    assert "integer MACs" not in repr(steps())


@pytest.mark.filterwarnings("ignore::nbcnncost.errors.UncountedOpWarning")
def test_what_is_not_known_is_said():
    """A model with an operation that has no rule has no ratio, and a line on what is left out."""

    def forward(net, x):
        return torch.linalg.matrix_exp(net.fc(x))

    fc = nn.Linear(4, 4)
    comparison = compare(fc, Body(forward, fc=fc), nn.Sequential(fc), input_size=(4, 4))
    assert [row.ratio for row in comparison.rows] == [1.0, None, 1.0]
    shown = repr(comparison)
    assert re.search(r"^Body +20 +64 \+ \? +128 \+ \? +\?$", shown, re.MULTILINE)
    assert "? Body has operations without a rule, left out: linalg_matrix_exp" in shown


def test_a_run_that_stopped_is_said():
    """The report of a run that stopped can be compared; the header says that it is no whole."""
    stopped = attempt(nn.Sequential(conv(3), nn.Linear(5, 5)), (3, 8, 8)).report
    shown = repr(compare(stopped, conv(3), input_size=(3, 8, 8)))
    assert "✗ Sequential stopped" in shown


# Charts


@pytest.mark.slow
def test_labels_of_a_scatter_do_not_overlap():
    """Twelve models, each with its label: none stands on another one or outside, axes are logarithmic."""
    chart = dozen().plot()
    (axes,) = chart.figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    points = axes.collections[0].get_offsets()
    assert {(int(x), int(y)) for x, y in points} == {(row.total.params, row.total.flops) for row in dozen().rows}
    assert [label.get_text() for label in axes.texts] == [
        row.label for row in sorted(dozen().rows, key=lambda row: -row.total.flops)
    ]
    boxes = [label.get_window_extent() for label in axes.texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert all(chart.figure.bbox.x0 <= box.x0 and box.x1 <= chart.figure.bbox.x1 for box in boxes)


def test_narrow_spans_stand_on_plain_axes():
    """Numbers that are less than ten times apart need no logarithm."""
    (axes,) = three().plot().figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")


def test_bars_are_parts_of_the_largest():
    """Two bars for each model; the largest of each kind is whole."""
    params, work = dozen().plot("bars").figure.axes[0].containers
    assert len(params) == len(work) == 12
    assert max(bar.get_width() for bar in params) == max(bar.get_width() for bar in work) == 1
    assert params[0].get_width() == 61_100_840 / 138_365_992


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["scatter", "bars"])
@pytest.mark.parametrize("column", [None, "macs"])
def test_charts_are_the_same_each_time(kind, column):
    """Byte for byte, with a description that names every model, and names as text."""
    first, second = (three().plot(kind, column=column) for _ in range(2))
    assert isinstance(first, Chart)
    assert first._repr_mimebundle_() == second._repr_mimebundle_()
    assert first._repr_svg_() == first._repr_svg_()
    assert HOSTILE[0] in repr(first)
    assert "<img src=x" not in first._repr_html_()
    assert ("MACs" if column else "FLOPs") in repr(first)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("nope",), "there is no chart 'nope'; there are: scatter, bars"),
        (("bars", "params"), "'flops' or 'macs'"),
        (("bars", "step"), "the work is 'flops' or 'macs', not 'step'"),
    ],
)
def test_unknown_charts_are_answered(options, words):
    """A chart that does not exist is answered with those that do."""
    kind, *column = options
    with pytest.raises(CostError, match=words):
        three().plot(kind, **({"column": column[0]} if column else {}))


def test_one_model_can_be_compared_with_none():
    """A single model has a line and a point."""
    alone = compare(conv(3), input_size=(3, 8, 8))
    assert repr(alone).startswith("1 model\n")
    assert repr(alone.plot()).startswith("Scatter chart. FLOPs (textbook) against parameters, 1 model. Conv2d 224 ")


def test_views_show_table_chart_or_both():
    """Three models show a scatter, two the bars of their difference."""
    shown = three().with_look(view="chart")._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html", "image/png"}
    assert 'alt="Scatter chart.' in shown["text/html"]
    pair = compare(conv(3), conv(5), input_size=(3, 32, 32)).with_look(view="both")._repr_html_()
    assert 'alt="Bar chart. Conv2d with 224 parameters → Conv2d with 608 parameters' in pair


# Exports


def test_exports_have_one_line_a_model(tmp_path):
    """Dictionary, JSON, CSV, Markdown and DataFrame have the same models and numbers."""
    comparison = three()
    plain = comparison.to_dict()
    assert json.loads(comparison.to_json(tmp_path / "c.json")) == plain
    assert [entry["macs"] for entry in plain["models"]] == [8 * 8 * width * 3 * 3 * 3 for width in (2, 4, 6)]
    assert plain["difference"] is None
    lines = list(csv.DictReader(io.StringIO(comparison.to_csv(tmp_path / "c.csv"))))
    assert [line["label"] for line in lines] == list(HOSTILE)
    assert [int(line["params"]) for line in lines] == [width * 3 * 3 * 3 + width for width in (2, 4, 6)]
    assert list(comparison.to_pandas()["flops"]) == [row.total.flops for row in comparison.rows]
    assert comparison.to_markdown().count("\n| ") == 4


LATEX = r"""% 2 models
% input 1×8 float32 · train mode, training step (sgd)
% convention textbook: FLOPs by the textbook's formulas, 1 MAC = 2 FLOPs
% gradients of the sum of all outputs
\begin{tabular}{lrrrrr}
\toprule
model & parameters & MACs & FLOPs & step & step $\div$ first \\
\midrule
50\% & 90 & 80 & 160 & 500 & 1.00$\times$ \\
a\_b & 360 & 320 & 640 & 2,000 & 4.00$\times$ \\
\bottomrule
\end{tabular}
"""


def test_latex(tmp_path):
    """A tabular with booktabs' rules, one line a model, under the header as comments."""
    models = (nn.Linear(8, 10), nn.Linear(8, 40))
    pair = compare(*models, input_size=(1, 8), training=True, labels=("50%", "a_b"))
    assert [row.number("step") for row in pair.rows] == [A, C]
    assert pair.to_latex(tmp_path / "c.tex") == (tmp_path / "c.tex").read_text() == LATEX


def test_the_export_of_a_pair_holds_its_difference():
    """What differs goes with the totals."""
    pair = compare(conv(3), conv(5), input_size=(3, 32, 32))
    assert pair.to_dict()["difference"] == pair.difference.to_dict()
