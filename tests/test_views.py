"""Text, HTML and charts: what they show, and that they say the same."""

import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
import torch
import torchvision
from matplotlib.figure import Figure
from torch import nn

from nbcnncost import cost
from nbcnncost.api import attempt
from nbcnncost.units import exact
from nbcnncost.views import charts, columns, explain, fold, html, table, text

HOSTILE = "<img src=x onerror=alert(1)>"
ANSI = "$x^2$\n\x1b[31m赤"
VOID = {"br", "img"}


class Everything(nn.Module):
    """Shared, frozen, unused, hostile, unknown: one of each."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.mix = nn.Conv2d(8, 8, 3, padding=1)
        self.add_module(HOSTILE, nn.Linear(8, 8))
        self.add_module(ANSI, nn.Conv2d(8, 8, 1, bias=False))
        self.inner = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.spare = nn.Linear(5, 5)
        self.conv.requires_grad_(requires_grad=False)

    def forward(self, x):
        x = self.mix(self.mix(self.conv(x))) + 1
        x = getattr(self, HOSTILE)(getattr(self, ANSI)(x).mean((2, 3)))
        return self.inner(x) + torch.linalg.matrix_exp(torch.eye(8))[0]


class Stops(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
        self.fc = nn.Linear(5, 2)

    def forward(self, x):
        return self.fc(self.body(x).flatten(1))


@cache
def report_of(name):
    """The report of one of the nets, made once."""
    if name == "trained":
        return cost(torchvision.models.resnet18(), (1, 3, 224, 224), training=True)
    if name == "everything":
        with pytest.warns(UserWarning, match="without a rule"):
            return cost(Everything(), (3, 16, 16))
    if name == "stops":
        return attempt(Stops(), (1, 1, 8, 8)).report
    if name in ("flat", "parametrized"):
        layers = [layer for size in range(10, 60) for layer in (nn.Linear(size, size + 1), nn.ReLU())]
        if name == "parametrized":
            layers = [nn.Flatten(), *map(nn.utils.parametrizations.weight_norm, layers[::2])]
        return cost(nn.Sequential(*layers), (1, 10))
    if name == "single":
        return cost(nn.Conv2d(3, 64, 7, stride=2, padding=3), (1, 3, 224, 224))
    return cost(getattr(torchvision.models, name)(), (1, 3, 224, 224))


REPORTS = ("everything", "trained", "stops", "flat", "single", "resnet50", "mobilenet_v2", "vit_b_16")
LOOKS = {
    "default": {},
    "depth": {"depth": 1},
    "top": {"top": 5},
    "sort": {"sort": "params"},
    "everything": {"depth": 99},
    "few": {"limit": 12},
    "columns": {"columns": ("type", "calls", "count", "output", "params_share", "share", "frozen")},
}


class Reader(HTMLParser):
    """The cells of a table, and whether every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.rows, self.words = [], set(), set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def read(markup):
    """The reader of some HTML, after it has read all of it."""
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", REPORTS)
def test_text_and_html_show_the_same_cells(name, look):
    """Every cell that both views have reads the same, row by row; only words are shortened in the text."""
    report = report_of(name)
    content = table.build(report, **LOOKS[look])
    wanted = [[cell.text for cell in line.cells] for line in (*content.body, content.total)]
    rows = read(html.table(report, **LOOKS[look])).rows[1:]
    shown = [[cell.replace("\xa0", " ").lstrip("·\N{EM SPACE}") for cell in row] for row in rows]
    assert shown == wanted
    lines = [line for line in text.table(report, **LOOKS[look]).split("\n") if not set(line) <= {"─"}]
    start = next(index for index, line in enumerate(lines) if line.startswith("layer  "))
    head = lines[start].split()
    keys = [column.key for column in content.columns]
    plain = [key for key in keys if key not in ("layer", "type", "input", "output")]
    if look != "columns":
        plain = [key for key in plain if key not in columns.DISPENSABLE]
    for line, cells in zip(lines[start + 1 :], wanted, strict=False):
        kept = [cells[keys.index(key)] for key in plain]
        assert all(cell in line for cell in kept), (line, kept)
    assert len(head) >= len(plain)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", REPORTS)
def test_shown_rows_add_up_to_the_total(name, look):
    """Whatever is folded, the rows that are not sums of others add up to the total."""
    report = report_of(name)
    content = table.build(report, **LOOKS[look])
    leaves = [line.entry.row for line in content.body if not line.is_sum]
    for key in ("params", "trainable", "macs", "flops", "count", "unknown"):
        assert sum(getattr(row, key) or 0 for row in leaves) == (getattr(report.total, key) or 0)


@pytest.mark.parametrize("limit", [3, 7, 12, 25, 60])
@pytest.mark.parametrize("name", ["flat", "resnet50", "mobilenet_v2", "vit_b_16"])
def test_no_more_rows_than_the_limit(name, limit):
    """The limit holds unless the model's own top level is longer, and nothing is opened in vain."""
    rows = table.build(report_of(name), limit=limit).body
    assert len(rows) <= max(limit, 2)
    assert all(line.entry.folded or not fold.is_other(line.entry.row) for line in rows)


def test_what_is_folded_is_said():
    """The footnote says how many rows are folded away and how to see them."""
    shown = text.table(report_of("resnet50"))
    assert (
        "139 of 199 rows are folded away inside 16 containers marked ▸; -d all, or with_look(depth=4), shows all"
        in shown
    )
    assert "folded" not in text.table(report_of("resnet50"), depth=4)


def test_top_rows_come_with_the_rest():
    """``top`` shows the largest rows by their full paths, then one row for all others."""
    content = table.build(report_of("resnet50"), top=3, sort="params")
    names = [line.cells[0].text for line in content.body]
    assert names[:3] == ["layer4.0.conv2", "layer4.1.conv2", "layer4.2.conv2"]
    assert re.fullmatch(r"other \(\d+ layers\)", names[3])
    assert "layers by parameters, largest first" in text.table(report_of("resnet50"), top=3, sort="params")


def test_the_top_rows_of_a_training_step_are_by_the_step():
    """What the shares and bars are of, in the table as in the chart; the forward alone would have another order."""
    report = report_of("trained")
    content = table.build(report, top=9)
    steps = [line.entry.row.step.count for line in content.body[:-1]]
    assert content.caption == "layers by the training step, largest first"
    assert steps == sorted((row.step.count for row in report.rows), reverse=True)[:9]


def test_the_header_says_what_was_counted_and_how():
    """Model, input, batch, mode, convention, totals exact and short."""
    shown = text.table(report_of("resnet50"))
    for words in (
        "ResNet · input 1×3×224×224 float32 · batch 1 · eval mode",
        "25,557,032 (25.6 M) parameters · 4,089,184,256 (4.09 G) MACs",
        "convention textbook: ",
        "53 convolutions",
    ):
        assert words in shown


def test_a_macs_convention_is_the_headline():
    """A convention that counts MACs has its share beside them, and the FLOPs say whose they are."""
    content = table.build(report_of("resnet50").counted_as("macs"))
    assert [column.header for column in content.columns] == [
        *("layer", "type", "parameters", "share", "MACs", "share"),
        *("FLOPs (textbook)", "share", "input", "output"),
    ]
    assert content.columns[5].key == "share"


def test_special_rows_are_marked():
    """Shared, unused, unknown and frozen layers say so."""
    shown = text.table(report_of("everything"))
    for words in ("mix ×2 ", "mix (2 of 2) ", " shared ", "spare (not called)", " frozen ", " + ?"):
        assert words in shown
    row = next(line for line in shown.split("\n") if line.startswith("linalg_matrix_exp()"))
    assert row.split()[-5:] == ["?", "?", "?", "8×8", "8×8"]
    assert "(822 trainable, 224 frozen)" in shown


def test_a_stopped_run_ends_at_the_failing_layer():
    """The failing layer is marked once, and the header says why the run stopped."""
    shown = text.table(report_of("stops"))
    assert shown.count("✗ fails here") == 1
    assert re.search(r"^fc ✗ fails here ", shown, re.MULTILINE)
    assert "✗ stopped at fc: " in shown


@pytest.mark.parametrize("name", REPORTS)
def test_text_is_plain_and_narrow(name):
    """No control characters, no trailing spaces, at most 120 columns, the same each time."""
    shown = text.table(report_of(name))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert all(line == line.rstrip() for line in shown.split("\n"))
    assert max(map(text.width, shown.split("\n"))) <= text.WIDTH
    assert shown == text.table(report_of(name))


def test_users_strings_are_escaped():
    """A module's name is text, never markup, a control sequence or mathematics."""
    markup = html.table(report_of("everything"))
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup
    assert "\x1b" not in markup
    assert "mathjax_ignore" in markup
    assert "\\n\\x1b[31m赤" in "".join(read(markup).words)


@pytest.mark.parametrize("name", REPORTS)
def test_html_survives_a_sanitizer(name):
    """A table with caption and scopes, without ids, scripts or anything that has to run."""
    reader = read(html.table(report_of(name)))
    assert {"table", "caption", "thead", "tbody", "tfoot", "th", "td"} <= reader.tags
    assert not reader.tags & {"script", "svg", "link", "button"}
    assert not {entry for entry in reader.attributes if entry == "id" or entry.startswith(("on", "data-", "aria"))}
    assert html.table(report_of(name)) == html.table(report_of(name))


def test_resnet50_is_small():
    """The HTML of ResNet-50's report stays under 40 KB."""
    assert len(report_of("resnet50")._repr_html_().encode()) < 40_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["nope"]}, "there is no column 'nope'; there are: type, "),
        ({"sort": "nope"}, "cannot sort by 'nope'"),
    ],
)
def test_unknown_columns_are_named(options, words):
    """A column that does not exist is answered with those that do."""
    with pytest.raises(ValueError, match=words):
        text.table(report_of("single"), **options)


@pytest.mark.parametrize("column", fold.SORTABLE)
def test_every_column_can_be_sorted_by(column):
    """Sorting works by each column that a table may have."""
    report = report_of("trained" if column.removesuffix("_share") in columns.STEP else "everything")
    content = table.build(report, sort=column, limit=99)
    assert len(content.body) == len(report.rows)


def test_numbers_too_long_are_short_with_the_exact_number_beside():
    """From 12 digits on a column shows three digits and a prefix; the cell's title has them all."""
    report = cost(nn.Conv2d(64, 64, 3, padding=1), (512, 64, 224, 224))
    cell = table.build(report, columns=["flops"]).body[0].cells[1]
    assert cell.text == "1.89 T"
    assert cell.title == exact(report.total.flops)


def test_explanations_say_the_same_in_all_forms():
    """The formula, its numbers and the result stand in text, HTML and LaTeX."""
    told = report_of("single").explain("")
    shown, markup, formulas = explain.text(told), read(explain.html(told)), explain.latex(told)
    assert "2·H_out·W_out·C_in·C_out·K_h·K_w = 2·112·112·3·64·7·7 = 236,027,904 FLOPs" in shown
    words = "".join(markup.words)
    assert "2·Hout·Wout·Cin·Cout·Kh·Kw = 2·112·112·3·64·7·7 = 236,027,904 FLOPs" in words
    assert formulas.startswith("$$")
    assert "236{,}027{,}904" in formulas
    assert r"2 \cdot H_{out} \cdot W_{out}" in formulas


def test_explanations_escape_names():
    """A hostile path is text in an explanation too."""
    told = report_of("everything").explain(HOSTILE)
    assert "<img" not in explain.html(told)
    assert HOSTILE in explain.text(told)


def test_several_operations_are_summed():
    """Where a layer runs several operations, the explanation adds them up."""
    report = report_of("vit_b_16")
    path = "encoder.layers.encoder_layer_0.self_attention"
    assert f"together: {exact(report[path].flops)} FLOPs" in explain.text(report.explain(path))


@pytest.mark.parametrize("by", ["layer", "type"])
@pytest.mark.parametrize("column", charts.COLUMNS)
def test_charts_are_figures_with_a_description(column, by):
    """Every column can be drawn by layer and by type; the bars are at most 30 and one for the rest."""
    report = report_of("trained" if column == "step" else "resnet50")
    figure = charts.bar_chart(report, column=column, by=by, top=50)
    assert isinstance(figure, Figure)
    assert len(figure.axes[0].patches) <= 31
    chart = charts.chart(report, column=column, by=by)
    assert repr(chart).startswith("Bar chart. ResNet, input 1×3×224×224: ")


def test_bars_add_up():
    """The bars and the one for the rest add up to the total."""
    figure = charts.bar_chart(report_of("resnet50"), top=10)
    assert sum(bar.get_width() for bar in figure.axes[0].patches) == report_of("resnet50").total.flops
    assert figure.axes[0].get_yticklabels()[-1].get_text().startswith("other (")


@pytest.mark.parametrize("column", ["flops", "macs", "params"])
@pytest.mark.parametrize("name", ["resnet50", "vit_b_16", "flat", "parametrized"])
def test_chart_and_table_leave_out_the_same_layers(name, column):
    """Both show the same layers and call the others by their number, those without work or parameters included."""
    report = report_of(name)
    rows = [line.cells[0].text for line in table.build(report, sort=column, top=3).body]
    labels = charts.bar_chart(report, column=column, top=3).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == [text.shorten(row, charts.LONGEST_LABEL) for row in rows]
    assert rows[-1].startswith("other (")


def test_a_chart_counts_all_layers_that_it_does_not_show():
    """ResNet-50 has 53 convolutions, 53 batch norms, 49 ReLUs, 16 additions, 2 poolings, a flatten, a linear layer."""
    layers = 53 + 53 + 49 + 16 + 2 + 1 + 1
    assert f"other ({layers - 10} layers)" in charts.chart(report_of("resnet50"), top=10).alt
    assert f"other ({layers - 10} layers)" in text.table(report_of("resnet50"), top=10)


def test_one_layer_more_than_asked_for_is_shown():
    """A bar for "other (1 layer)" would take the place of that layer's own."""
    report = cost(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4)), (1, 2))
    labels = charts.bar_chart(report, top=1).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["1", "0"]


def test_a_small_chart_is_in_call_order():
    """With few layers the bars stand as the layers run."""
    labels = charts.bar_chart(report_of("stops"), column="macs").axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["body.0", "fc"]


def test_a_chart_displays_itself_the_same_each_time():
    """PNG, HTML with alternative text and plain text, byte for byte; SVG too."""
    first, second = (charts.chart(report_of("everything")) for _ in range(2))
    bundle = first._repr_mimebundle_()
    assert bundle == second._repr_mimebundle_() == first._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert 'alt="Bar chart. Everything' in bundle["text/html"]
    assert "<img src" not in bundle["text/html"].replace("&lt;img src", "")
    assert first._repr_svg_() == second._repr_svg_() == first._repr_svg_()


def test_charts_change_no_setting():
    """The settings of matplotlib are the user's, before and after, and have no effect on the picture."""
    before = charts.chart(report_of("everything"))._repr_png_()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "figure.dpi": 30}):
        settings = dict(mpl.rcParams)
        assert charts.chart(report_of("everything"))._repr_png_() == before
        assert dict(mpl.rcParams) == settings


def test_charts_leave_pyplot_alone():
    """Drawing imports no pyplot: no backend is chosen, no window can open."""
    program = (
        "import sys, torch, nbcnncost\n"
        "chart = nbcnncost.cost(torch.nn.Conv2d(3, 8, 3), (1, 3, 8, 8)).plot()\n"
        "chart._repr_mimebundle_()\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_chart_can_be_saved(tmp_path):
    """The ending of the file says what is written."""
    chart = charts.chart(report_of("single"))
    for ending, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        chart.savefig(tmp_path / f"chart{ending}")
        assert (tmp_path / f"chart{ending}").read_bytes().startswith(start)


@pytest.mark.parametrize("options", [{"column": "nope"}, {"by": "nope"}])
def test_unknown_charts_are_answered(options):
    """A chart that does not exist is answered with those that do."""
    with pytest.raises(ValueError, match="chart"):
        charts.bar_chart(report_of("single"), **options)
