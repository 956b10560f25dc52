"""``%cnncost`` and ``%%cnncost`` in a shell of IPython's, without a kernel."""

from __future__ import annotations

import inspect
import re
import sys
from types import SimpleNamespace

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from shells import run

import nbcnncost
from nbcnncost.comparison import Comparison
from nbcnncost.conventions import CONVENTIONS
from nbcnncost.errors import CostError, InputError, ModelError, ShapeError
from nbcnncost.magic import CnnCostMagics
from nbcnncost.magic.body import CellSyntaxError, ends_silenced
from nbcnncost.magic.completion import offers
from nbcnncost.magic.options import OPTIONS
from nbcnncost.magic.reading import read_options
from nbcnncost.magic.words import is_silenced, words_of
from nbcnncost.report import Report
from nbcnncost.side_by_side import SideBySide

NET = """\
class Net(nn.Module):
    def __init__(self, out=4):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, out)

    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))
"""


@pytest.fixture
def shell(bare_shell):
    """A shell of its own with the extension loaded and ``nn`` imported."""
    bare_shell.run_cell("import torch\nfrom torch import nn", store_history=True)
    return bare_shell


def report_of(shell, cell):
    """The report that a cell gives."""
    done = run(shell, cell)
    assert done.error is None, done.text
    assert isinstance(done.result, Report)
    return done.result


# What it gives


def test_a_cell_gives_the_report_of_the_model_it_makes(shell):
    """The magic above a cell runs it and reports on its model, with the numbers one expects."""
    report = report_of(shell, f"%%cnncost -i 3,32,32\n{NET}net = Net()")
    assert report.model_name == "Net"
    assert report.inputs[0].shape == (1, 3, 32, 32)
    assert report["conv"].macs == 30 * 30 * 8 * 3 * 3 * 3
    assert shell.user_ns["_"] is report
    assert "net" in shell.user_ns


def test_the_same_cell_works_without_the_magic(shell):
    """Deleting the magic's line leaves a working cell, which binds the same names."""
    cell = f"\n{NET}net = Net()\nwidth = net.conv.out_channels"
    run(shell, "%%cnncost" + cell)
    assert shell.user_ns.pop("width") == 8
    assert run(shell, cell).error is None
    assert shell.user_ns["width"] == 8


def test_a_line_gives_the_report_of_an_existing_model(shell):
    """The three entrances give one result."""
    run(shell, f"{NET}net = Net()")
    by_line = report_of(shell, "%cnncost net -i 3,32,32")
    by_assignment = run(shell, "kept = %cnncost net -i 3,32,32\nkept").result
    by_function = nbcnncost.cost(shell.user_ns["net"], (3, 32, 32))
    assert by_line.rows == by_assignment.rows == by_function.rows
    assert report_of(shell, f"%%cnncost -i 3,32,32\n{NET}Net()").rows == by_line.rows


def test_out_keeps_the_report(shell):
    """``-o`` binds the very report that is shown."""
    report = report_of(shell, f"%%cnncost -o kept -i 3,32,32\n{NET}Net()")
    assert shell.user_ns["kept"] is report


@pytest.mark.parametrize(
    "cell",
    [
        f"%%cnncost -q -o kept\n{NET}Net()",
        f"%%cnncost -o kept\n{NET}Net();",
        f"%%cnncost -o kept\n{NET}net = Net();  # done",
        "%cnncost nn.Conv2d(3, 8, 3) -o kept -q",
        "%cnncost nn.Conv2d(3, 8, 3) -o kept;",
        "kept = %cnncost nn.Conv2d(3, 8, 3) -q",
        "kept = %cnncost nn.Conv2d(3, 8, 3);",
        f"%%time\n%%cnncost -o kept -q\n{NET}Net()",
    ],
)
def test_quiet_shows_nothing_and_keeps_the_report(shell, cell):
    """With ``-q`` or ``;`` nothing is shown, but the variable holds the report, which shows itself later."""
    done = run(shell, cell)
    assert done.error is None, done.text
    assert "Out[" not in done.text
    assert done.shown == []
    assert isinstance(shell.user_ns["kept"], Report)
    assert "Out[" in run(shell, "kept").text


def test_quiet_hides_its_own_report_only(shell):
    """After a quiet magic other values of the same cell are shown, and the next cell shows everything."""
    hook = sys.displayhook
    assert "Out[" in run(shell, "%cnncost nn.Conv2d(3, 8, 3) -q\n6 * 7").text
    assert sys.displayhook is hook
    shell.run_line_magic("cnncost", "nn.Conv2d(3,8,3) -q")
    assert sys.displayhook is hook, "outside of a cell there is nothing to hide, and nothing to put back"


def test_other_last_values_are_shown_before_the_report(shell):
    """A last expression that is no model is shown as it would be without the magic, unless ``;`` ends it."""

    def shown(line, last):
        return [output.data for output in run(shell, f"%%cnncost {line}\n{NET}net = Net()\n{last}").shown]

    assert shown("", "'hello'") == [{"text/plain": "'hello'"}]
    assert shown("-q", "'hello'") == [{"text/plain": "'hello'"}]
    assert shown("", "'hello';") == shown("", "net") == shown("", "None") == shown("net", "Net") == []


def test_a_training_step(shell):
    """``--train`` counts forward, backward and optimizer; ``--mode train`` a forward alone."""
    run(shell, "conv = nn.Conv2d(3, 8, 3)")
    report = report_of(shell, "%cnncost conv -i 1,3,8,8 --train --input-grad --optimizer momentum")
    product = 6 * 6 * 3 * 8 * 3 * 3
    assert report.mode == "train"
    assert [part.macs for part in (report.total.forward, report.total.backward)] == [product, 2 * product]
    assert report.total.optimizer.flops == 4 * (3 * 8 * 3 * 3 + 8)
    assert report_of(shell, "%cnncost conv -i 1,3,8,8 --mode train").total.parts is None


def test_options_reach_the_report(shell):
    """Batch, mode, dtype, convention and look are those of the line."""
    run_as = "-i 3,32,32 -b 8 --train --dtype float64 -c macs"
    look_as = "-d 1 -s flops -n 5 --columns params,flops --view both"
    report = shell.run_cell_magic("cnncost", f"{run_as} {look_as}", f"{NET}net = Net().double()")
    assert report.inputs[0].shape == (8, 3, 32, 32)
    assert (report.inputs[0].dtype, report.mode, report.convention.name) == ("float64", "train", "macs")
    look = report.look
    assert (look.depth, look.sort, look.top, look.view) == (1, "flops", 5, "both")
    assert look.columns == ("params", "flops")


def test_several_inputs_and_inputs_by_name(shell):
    """``-i`` may be repeated, and name the arguments of forward."""
    two = (
        "class Two(nn.Module):\n"
        "    def forward(self, image, mask):\n"
        "        return nn.functional.relu(image) * mask\n"
        "two = Two()"
    )
    run(shell, two)
    shapes = [spec.shape for spec in report_of(shell, "%cnncost two -i 1,3,8,8 -i 1x1x8x8").inputs]
    assert shapes == [(1, 3, 8, 8), (1, 1, 8, 8)]
    named = report_of(shell, "%cnncost two -i mask=1,1,8,8 -i image=1,3,8,8")
    assert {spec.shape for spec in named.inputs} == set(shapes)


def test_a_shape_can_come_from_a_variable(shell):
    """IPython fills in ``$name`` and ``{expression}``, tuples and ``torch.Size`` included."""
    run(shell, "x = torch.zeros(2, 3, 16, 16); shape = (3, 20, 20); conv = nn.Conv2d(3, 8, 3)")
    assert report_of(shell, "%cnncost conv -i $x.shape").inputs[0].shape == (2, 3, 16, 16)
    assert report_of(shell, "%cnncost conv -i {shape}").inputs[0].shape == (1, 3, 20, 20)


def test_a_model_inside_a_function(shell):
    """In a function the line magic sees the function's own variables."""
    run(shell, "def measure(inner):\n    return get_ipython().run_line_magic('cnncost', 'inner -i 3,8,8')")
    assert report_of(shell, "measure(nn.Conv2d(3, 4, 3))").total.params == 3 * 4 * 9 + 4


def test_nothing_of_the_model_changes(shell):
    """The model's mode is as before, and so is every weight."""
    run(shell, f"{NET}net = Net()")
    net = shell.user_ns["net"]
    before = {name: entry.clone() for name, entry in net.state_dict().items()}
    report_of(shell, "%cnncost net -i 3,32,32")
    assert net.training
    assert all(entry.equal(before[name]) for name, entry in net.state_dict().items())


# Which model


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ("net = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("a = b = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("a = nn.Linear(4, 4)\nb = nn.Conv2d(3, 8, 3)\na", "Linear"),
        ("if True:\n    for i in [1]:\n        net = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("(net := nn.Conv2d(3, 8, 3)).eval()", "Conv2d"),
        ("old = old.eval()", "Linear"),
        ("exec('net = nn.Conv2d(3, 8, 3)')", "Conv2d"),
        ("conv = nn.Conv2d(3, 8, 3)\nnet = nn.Sequential(conv, nn.ReLU())", "Sequential"),
        ("net = nn.Conv2d(3, 8, 3)\nloss = nn.CrossEntropyLoss()\nprint('made')", "Conv2d"),
        ("act = nn.ReLU()", "ReLU"),
        ("_net = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("def build():\n    conv = nn.Linear(2, 2)\n    return nn.Conv2d(3, 8, 3)\nnet = build()", "Conv2d"),
        ("%time net = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("\n\n# a comment\n\nnet = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("from __future__ import annotations\nnet = nn.Conv2d(3, 8, 3)", "Conv2d"),
        ("net = nn.Conv2d(3, 8, 3)\ndel old", "Conv2d"),
    ],
)
def test_the_model_that_a_cell_means(shell, body, model):
    """The last expression's Module, else the only one that the cell made, parts and losses aside."""
    run(shell, "old = nn.Linear(4, 4)")
    assert report_of(shell, f"%%cnncost\n{body}").model_name == model


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "a = nn.Conv2d(3, 8, 3)\nb = nn.Linear(4, 4)",
            "makes 2 models: name one, as in %%cnncost a; there are a, b",
        ),
        (NET, "Net is a class: call it, as in net = Net(), or name a model, as in %%cnncost net"),
        (f"{NET}Net", "Net is a class"),
        ("x = 1", "the cell makes no model (torch.nn.Module): name one, as in %%cnncost old; there is old"),
        ("del old", "make one, as in net = Net(), and name it, as in %%cnncost net"),
        ("# nothing", "makes no model"),
        ("models = [nn.Conv2d(3, 8, 3)]", "makes no model"),
        ("import asyncio\nawait asyncio.sleep(0)", "%%cnncost cannot await"),
        ("async with x:\n    pass", "%%cnncost cannot await"),
    ],
)
def test_a_cell_without_one_model_gets_a_sentence(shell, body, message):
    """No model, two models or a class instead of an instance: one sentence names what there is."""
    run(shell, "old = nn.Linear(4, 4)")
    done = run(shell, f"%%cnncost\n{body}")
    assert type(done.error) is UsageError
    assert message in str(done.error)
    assert done.text.count("\n") <= 1


def test_a_named_model_comes_before_the_last_expression(shell):
    """``-m`` and the positional expression may name any model, also one the cell has just made."""
    body = "a = nn.Conv2d(3, 8, 3)\nb = {'small': nn.Linear(4, 4)}\na"
    assert report_of(shell, f"%%cnncost b['small']\n{body}").model_name == "Linear"
    assert report_of(shell, f"%%cnncost -m \"b['small']\"\n{body}").model_name == "Linear"
    assert report_of(shell, "%cnncost nn.Sequential(nn.Linear(4, 4), nn.ReLU()) -i 1, 4").total.params == 20


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("", UsageError, "no model is given: name one, as in %cnncost net; there is net"),
        ("nte", UsageError, "there is no nte; did you mean net?"),
        ("net.cnov", UsageError, "net.cnov: AttributeError"),
        ("nets['b']", UsageError, "nets['b']: KeyError: 'b'"),
        ("Net(1, 2, 3)", UsageError, "Net(1, 2, 3): TypeError"),
        ("net = 3", UsageError, "is no Python expression"),
        ("net -m net", UsageError, "the model is named twice"),
        ("net -o net", UsageError, "--out net would replace the model itself"),
        ("Net", ModelError, "Net is a class"),
        ("net.state_dict()", ModelError, "state_dict"),
        ("torch.zeros(1)", ModelError, "tensor"),
        ("path", ModelError, "net.pt"),
        ("len", ModelError, "len"),
        ("None", ModelError, "NoneType"),
        ("nn.LazyLinear(3)", CostError, "lazy"),
        ("nn.Embedding(10, 4) -i 3 --dtype float32", CostError, ""),
    ],
)
def test_what_is_no_model_gets_a_sentence(shell, line, error, message):
    """A wrong name or a thing that is no model gives one line, never a traceback of ours."""
    run(shell, f"{NET}net = Net()\nnets = {{'a': net}}\npath = 'net.pt'")
    done = run(shell, f"%cnncost {line}")
    if error is UsageError:
        assert type(done.error) is UsageError
    elif message:
        assert isinstance(done.error, error)
    assert message in str(done.error)
    if message:
        assert done.text.rstrip("\n").count("\n") == 0, done.text


# Options


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("net --bacth 3", "there is no option --bacth; did you mean --batch?"),
        ("net --bacth=3", "there is no option --bacth; did you mean --batch?"),
        ("net -h", "there is no option -h"),
        ("net -x 3", "there is no option -x"),
        ("net —view table", "plain hyphen"),
        ("net -i", "-i/--input"),
        ("net -i 3,a,2", "cannot read the shape '3,a,2'"),
        ("net -i 3,-4", "at least 1"),
        ("net -i 0,3", "at least 1"),
        ("net -i shape", "a variable is written $shape"),
        ("net -i (3, 4", "a ) is missing"),
        ("net['a'", "a ] is missing"),
        ("net['a", "a ' is missing"),
        ("net -m 'a", "a ' is missing"),
        ("net -i 3,4 -i a=3,4", "either always"),
        ("net -i a=3,4 -i a=3,4", "--input a is given twice"),
        ("net -b many", "--batch wants a whole number from 1, not 'many'"),
        ("net -b 0", "--batch wants"),
        ("net -b all", "--batch wants"),
        ("net -d 0", "--depth wants a whole number from 1 or all, not '0'"),
        ("net -n -3", "--top wants a whole number"),
        ("net -n ²", "--top wants a whole number"),
        (
            "net --view tabel",
            "--view has no choice 'tabel'; did you mean table? There are table, chart, both",
        ),
        ("net -c fvcoer", "--convention has no choice 'fvcoer'; did you mean fvcore? There are textbook, macs"),
        ("net -s flop", "did you mean flops?"),
        ("net --columns params,flop", "did you mean flops?"),
        ("net --dtype float31", "did you mean float32?"),
        ("net --mode evil", "did you mean eval?"),
        ("net --train --mode eval", "exclude each other"),
        ("net --train --optimizer adan", "did you mean adam?"),
        ("net --optimizer adam", "--optimizer belongs to a training step: add --train"),
        ("net --input-grad", "--input-grad belongs to a training step: add --train"),
        ("net -o 3x", "--out wants the name of a variable"),
        ("net -o import", "--out wants the name of a variable"),
        ("net -o 'a; b'", "--out wants the name of a variable"),
        ("net -i $nothing", "the line still holds a $"),
        ("$nothing -i 3,4", "the line still holds a $"),
    ],
)
def test_a_wrong_option_gets_a_sentence(shell, line, message):
    """Each mistake is told in one line, as exactly IPython's UsageError, and nothing runs."""
    done = run(shell, f"%%cnncost {line}\nran = True")
    assert type(done.error) is UsageError
    assert message in str(done.error)
    assert done.text.rstrip("\n").count("\n") == 0
    assert "ran" not in shell.user_ns, "options are read before the cell runs"


def read(line, **defaults):
    """The options of a line."""
    usual = dict.fromkeys(("batch", "dtype", "depth", "sort", "top", "columns", "quiet", "panel"))
    usual |= {"convention": "textbook", "rules": "", "view": "table", "mode": "eval", "optimizer": "sgd", "lang": "en"}
    parser = vars(CnnCostMagics.cnncost)["parser"]
    return read_options(parser, line, SimpleNamespace(**(usual | defaults)))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("-i 3,224,224", "inputs", (3, 224, 224)),
        ("-i 1x3x224x224", "inputs", (1, 3, 224, 224)),
        ("-i 1×3×224×224", "inputs", (1, 3, 224, 224)),
        ("-i 3, 224, 224 net", "inputs", (3, 224, 224)),
        ("-i 3 x 224 x 224", "inputs", (3, 224, 224)),
        ("-i (3, 224, 224)", "inputs", (3, 224, 224)),
        ("--input=[3,224,224]", "inputs", (3, 224, 224)),
        ("-i '3, 224, 224'", "inputs", (3, 224, 224)),
        ("-i 784", "inputs", (784,)),
        ("-i 3,8,8 -i 10", "inputs", [(3, 8, 8), (10,)]),
        ("-i x=3,8,8 -i y=(1, 2)", "inputs", {"x": (3, 8, 8), "y": (1, 2)}),
        ("", "inputs", None),
        ("-i 3,8 net", "models", ("net",)),
        ("net -i 3,8", "models", ("net",)),
        ("-q net", "models", ("net",)),
        ("Net(3, 10) -d 2", "models", ("Net(3, 10)",)),
        ("net  # the small one", "models", ("net",)),
        ("nets['a b'] -q", "models", ("nets['a b']",)),
        ("-m 'net'", "models", ("net",)),
        ("net;", "models", ("net",)),
        ("", "models", ()),
        ("-d all", "depth", None),
        ("-d 3", "depth", 3),
        ("-n all", "top", sys.maxsize),
        ("--columns params,flops,", "columns", ("params", "flops")),
        ("--dtype torch.float16", "dtypes", ["float16"]),
        ("--dtype float32,int64", "dtypes", ["float32", "int64"]),
        ("--conv macs", "convention", "macs"),
        ("--train", "mode", "train"),
        ("--train", "training", True),
        ("--mode train", "training", False),
        ("--train --mode same", "mode", "same"),
        ("--mode same", "mode", "same"),
        ("--train", "optimizer", "sgd"),
        ("--train --optimizer none", "optimizer", None),
        ("--train --input-grad", "input_grad", True),
        ("-qb2", "batch", 2),
    ],
)
def test_what_a_line_says(line, name, value):
    """Shapes in every spelling, expressions with spaces, options short, long and abbreviated."""
    assert getattr(read(line), name) == value


def test_words_stay_together():
    """Brackets and quotes hold words together; a comment and the last ``;`` do not count."""
    assert words_of("""f(a, "b )") -m 'x y' z['#'];  # all""") == ['f(a, "b )")', "-m", "x y", "z['#']"]
    assert is_silenced("net -q;  # c")
    assert not is_silenced("net -q  # c;")
    assert ends_silenced("x = 1;\n# done\n")
    assert not ends_silenced("x = ';'\n")
    assert not ends_silenced("x = (")


# Defaults


def test_config_sets_defaults(shell):
    """``%config`` changes what a line leaves open; the line still has the last word."""
    run(shell, "conv = nn.Conv2d(3, 8, 3)")
    for setting in (
        "convention='macs'",
        "depth=2",
        "columns='params,macs'",
        "mode='train'",
        "optimizer='adam'",
        "batch=4",
        "top=7",
    ):
        run(shell, f"%config CnnCostMagics.{setting}")
    report = report_of(shell, "%cnncost conv -i 3,8,8")
    assert (report.convention.name, report.mode, report.inputs[0].shape[0]) == ("macs", "train", 4)
    assert (report.look.depth, report.look.columns, report.look.top) == (2, ("params", "macs"), 7)
    assert report.trace.training is None
    assert report_of(shell, "%cnncost conv -i 3,8,8 --train").trace.training.optimizer == "adam"
    report = report_of(shell, "%cnncost conv -i 3,8,8 -c textbook -b 1 --mode eval -d all")
    assert (report.convention.name, report.mode, report.inputs[0].shape[0]) == ("textbook", "eval", 1)
    assert report.look.depth is None
    run(shell, "%config CnnCostMagics.quiet = True")
    assert "Out[" not in run(shell, "%cnncost conv -i 3,8,8").text


@pytest.mark.parametrize("setting", ["convention='fv'", "depth=0", "columns='flop'", "view=3", "batch='a'"])
def test_a_bad_config_value_does_not_break_the_next_load(shell, setting):
    """A bad value is refused; the extension still loads afterwards, says so once and uses its defaults."""
    run(shell, f"%config CnnCostMagics.{setting}")
    name, value = setting.split("=")
    shell.run_line_magic("unload_ext", "nbcnncost")
    shell.config.CnnCostMagics[name] = eval(value)
    with pytest.warns(UserWarning, match="defaults are used") as warned:
        shell.run_line_magic("load_ext", "nbcnncost")
    assert len(warned) == 1
    assert report_of(shell, "%cnncost nn.Conv2d(3, 8, 3)").convention.name == "textbook"
    assert sum(isinstance(entry, CnnCostMagics) for entry in shell.configurables) == 1


# Loading


def traces_of_ours(shell):
    """How much of the extension is in the shell, place by place."""
    manager = shell.magics_manager
    return (
        sum("cnncost" in manager.magics[kind] for kind in ("line", "cell")),
        sum("CnnCost" in name for name in manager.registry),
        sum(isinstance(entry, CnnCostMagics) for entry in shell.configurables),
        sum(getattr(entry, "matcher_identifier", "") == "nbcnncost" for entry in shell.Completer.custom_matchers),
    )


def test_unload_takes_everything_away(shell):
    """After unloading nothing is left; loading again, or twice, gives one magic."""
    assert traces_of_ours(shell) == (2, 1, 1, 1)
    shell.run_line_magic("unload_ext", "nbcnncost")
    assert traces_of_ours(shell) == (0, 0, 0, 0)
    nbcnncost.unload_ipython_extension(shell)
    nbcnncost.load_ipython_extension(shell)
    nbcnncost.load_ipython_extension(shell)
    assert traces_of_ours(shell) == (2, 1, 1, 1)
    shell.run_line_magic("reload_ext", "nbcnncost")
    assert traces_of_ours(shell) == (2, 1, 1, 1)


def test_loading_prints_nothing(shell):
    """There is no banner."""
    shell.run_line_magic("unload_ext", "nbcnncost")
    assert run(shell, "%load_ext nbcnncost").text == ""


def test_help_shows_every_option_with_examples(shell):
    """``%cnncost?`` and ``%%cnncost?`` document each option and show how it is used."""
    for question in ("%cnncost?", "%%cnncost?"):
        text = run(shell, question).text
        assert all(flag in text for option in OPTIONS for flag in option.flags)
        assert "%%cnncost -i 3,224,224" in text
        assert "not found" not in text


def test_the_examples_in_the_help_can_be_read():
    """Every example line of the help is one that the options accept."""
    lines = [line.strip() for line in inspect.getdoc(CnnCostMagics.cnncost).splitlines()]
    examples = [
        line.partition("cnncost ")[2].split("   ")[0] for line in lines if "%cnncost " in line[:20] and "[-" not in line
    ]
    assert len(examples) > 8
    for example in examples:
        read(example.replace("$x.shape", "(1, 3)"))


def test_public_names_are_there_and_no_others():
    """Every public name can be had from the package, and a wrong one is told as usual."""
    assert set(nbcnncost.__all__) <= set(dir(nbcnncost))
    assert all(getattr(nbcnncost, name) is not None for name in nbcnncost.__all__ if name != "__version__")
    assert nbcnncost.conventions.CONVENTIONS["macs"] is nbcnncost.conventions.macs
    with pytest.raises(AttributeError, match="no attribute 'csot'"):
        nbcnncost.csot  # noqa: B018 -- the attribute alone is the test


# Several models

PAIR = """\
from torch import nn
a = nn.Conv2d(3, 8, 3)
b = nn.Conv2d(3, 8, 5)
c = nn.Sequential(a, nn.ReLU())
d = nn.Sequential(a, b)
"""


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("a b -i 3,32,32", ("a", "b")),
        ("-i 3,32,32 a b", ("a", "b")),
        ("a, b -i 3,32,32", ("a", "b")),
        ("a, b, c -i 3,32,32", ("a", "b", "c")),
        ("(a, b) -i 3,32,32", ("a", "b")),
        ("-m a -m b -i 3,32,32", ("a", "b")),
        ("c[0] nn.Conv2d(3, 8, 5) -i 3,32,32", ("c[0]", "nn.Conv2d(3, 8, 5)")),
        ("a a -i 3,32,32", ("Conv2d (1)", "Conv2d (2)")),
        ("a b c -i 3,32,32", ("a", "b", "c")),
    ],
)
def test_several_models_are_compared(shell, line, labels):
    """Each word, or what commas separate, is a model; its words are what it is called."""
    run(shell, PAIR)
    comparison = run(shell, f"%cnncost {line}").result
    assert isinstance(comparison, Comparison)
    assert comparison.labels == labels
    assert comparison.reports[0].total.macs == 30 * 30 * 8 * 3 * 3 * 3
    assert shell.user_ns["_"] is comparison


def test_a_pair_shows_what_differs(shell):
    """Two models: the totals and the difference; more: the totals alone."""
    run(shell, PAIR)
    assert "\na → b\n" in run(shell, "%cnncost a b -i 3,32,32").text
    shown = run(shell, "%cnncost a b c -i 3,32,32").text
    assert "3 models" in shown
    assert "→" not in shown


def test_models_named_above_a_cell_are_compared(shell):
    """The cell runs first, so that what it makes can be named."""
    comparison = run(shell, f"%%cnncost a b -i 3,32,32\n{PAIR}").result
    assert comparison.difference.total.params == 8 * 3 * (5 * 5 - 3 * 3)


def test_reports_are_compared_as_they_are(shell):
    """A report keeps its own input and convention."""
    run(shell, f"{PAIR}\nr = %cnncost a -i 3,9,9 -c macs -q\ns = %cnncost a -i 3,8,8 -c macs -q")
    comparison = run(shell, "%cnncost r s -i 3,32,32").result
    assert comparison.difference.total.macs == (6 * 6 - 7 * 7) * 8 * 3 * 3 * 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b -i 3,32,32 -c macs", "MACs before"),
        ("a c -i 3,32,32 -n 1", "the largest difference of FLOPs first"),
        ("a b -i 3,32,32 -s params", "the largest difference of parameters first"),
        ("a b -i 3,32,32 --columns params,frozen", "frozen before"),
        ("a b -i 3,32,32 --mode train", "train mode"),
        ("a b -i 3,32,32 -d 1", "down to depth 1"),
        ("a b c -i 3,32,32 -s params", "totals, by parameters, largest first"),
        ("a b -i 3,32,32 -b 5", "input 5×3×32×32"),
    ],
)
def test_options_reach_the_comparison(shell, line, words):
    """Each model is run with the line's options, and the difference looks as asked for."""
    run(shell, PAIR)
    assert words in run(shell, f"%cnncost {line}").text


#: The forward, the weights' gradients, sgd's product and difference for each parameter.
STEP_A = 2 * (2 * 30 * 30 * 8 * 3 * 3 * 3) + 2 * 8 * (3 * 3 * 3 + 1)
STEP_B = 2 * (2 * 28 * 28 * 8 * 3 * 5 * 5) + 2 * 8 * (3 * 5 * 5 + 1)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b --train", rf"\n~ Conv2d .* {STEP_A:,} +{STEP_B:,} +\+{STEP_B - STEP_A:,} "),
        ("a b --train -s step", "the largest difference of FLOPs of the training step first"),
        ("a b --train --columns step", r"\nlayer +step before +step after +Δ step +change\n"),
        ("a b --train --columns optimizer", rf"\ntotal +{2 * 8 * 28} +{2 * 8 * 76:,} +\+{2 * 8 * (76 - 28)}\n"),
        ("a b --train --optimizer adam", r"train mode, training step \(adam\)"),
        ("a c b --train -s step", r"FLOPs of a training step \(textbook\), largest first\n.*\n.*\n.*\nb .*\nc .*\na "),
        ("a r --train", "only the forward is compared: r has no training step"),
    ],
)
def test_training_steps_are_compared(shell, line, words):
    """With ``--train`` the steps stand side by side, and their differences; more models are sorted by them."""
    run(shell, f"{PAIR}\nr = %cnncost b -i 3,32,32 -q")
    assert re.search(words, run(shell, f"%cnncost {line} -i 3,32,32").text)


def test_a_comparison_can_be_a_chart(shell):
    """``--view`` shows the bars of a difference, or a scatter of more models."""
    run(shell, PAIR)
    for line, kind in (("a b", "Bar"), ("a b c", "Scatter")):
        comparison = run(shell, f"%cnncost {line} -i 3,32,32 --view chart").result
        assert f'alt="{kind} chart.' in comparison._repr_html_()


@pytest.mark.parametrize("line", ["a b -q -o kept", "a b -o kept;", "kept = %cnncost a b -q"])
def test_a_quiet_comparison_is_kept(shell, line):
    """With ``-q`` or ``;`` nothing is shown, but the variable holds the comparison."""
    run(shell, PAIR)
    done = run(shell, line if "%" in line else f"%cnncost {line}")
    assert done.error is None, done.text
    assert "Out[" not in done.text
    assert isinstance(shell.user_ns["kept"], Comparison)


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("a b c -n 3", UsageError, "--top is for the difference of two models; here are 3"),
        ("a b c -d 1", UsageError, "--depth is for the difference of two models; here are 3"),
        ("a b c --columns macs", UsageError, "--columns is for the difference of two models; here are 3"),
        (
            "a b c -s frozen",
            UsageError,
            "--sort of a comparison is one of params, macs, integer_macs, flops, count, step; not",
        ),
        (
            "a b -s input",
            UsageError,
            "--sort of a comparison is one of params, frozen, macs, integer_macs, flops, count, fo",
        ),
        (
            "a b --columns macs,type",
            UsageError,
            "--columns of a difference are params, frozen, macs, integer_macs, flops, count, forward, recomputed, ",
        ),
        ("a b -i 3,32,32 -s step", CostError, "a: step belongs to a training step: ask for it with --train"),
        ("a b c -i 3,32,32 -s step", CostError, "a: step belongs to a training step: ask for it with --train"),
        ("a nope", UsageError, "there is no nope"),
        ("a 7 -i 3,8,8", ModelError, "7: "),
        ("a b -i 3,4,4", ShapeError, "b: "),
        ("a b -o b", UsageError, "--out b would replace the model itself"),
        ("a b -m c", UsageError, "the model is named twice"),
        ("a b = 3", UsageError, "is no Python expression"),
    ],
)
def test_what_cannot_be_compared_gets_a_sentence(shell, line, error, message):
    """What a comparison does not have is refused before anything runs; a failing model is named."""
    run(shell, PAIR)
    done = run(shell, f"%cnncost {line}")
    assert type(done.error) is error
    assert message in str(done.error)


def test_defaults_that_do_not_suit_a_comparison_are_left_out(shell):
    """What ``%config`` sets for reports stops no comparison."""
    run(shell, PAIR)
    run(shell, "%config CnnCostMagics.columns = 'type,params'\n%config CnnCostMagics.sort = 'input'")
    run(shell, "%config CnnCostMagics.top = 5\n%config CnnCostMagics.depth = 2")
    assert run(shell, "%cnncost a b -i 3,32,32").result.difference.look.columns == ("params",)
    assert len(run(shell, "%cnncost a b c -i 3,32,32").result.rows) == 3


def test_a_failing_model_shows_its_part(shell):
    """The layers up to where one of several models stopped are shown, and the error names it."""
    run(shell, PAIR)
    done = run(shell, "%cnncost a d -i 3,32,32")
    assert isinstance(done.error, ShapeError)
    assert str(done.error).startswith("d: ")
    assert done.error.report["0"].macs == 30 * 30 * 8 * 3 * 3 * 3
    assert any("✗ fails here" in output.data["text/plain"] for output in done.shown)


# Errors of the user's code


def lines_of(text):
    """The marked lines of a traceback: ``----> 4 1/0`` gives ``4 1/0``."""
    marked = [line.partition("> ")[2] for line in text.splitlines() if line.startswith("---")]
    return [" ".join(line.split()) for line in marked if line]


@pytest.mark.parametrize(
    ("cell", "marked"),
    [
        ("%%cnncost\nx = 1\n1/0", "3 1/0"),
        ("%%cnncost\n\n\nx = 1\n1/0\n", "5 1/0"),
        ("%%time\n%%cnncost\nx = 1\n1/0", "4 1/0"),
        ("%%cnncost\nx = 1\n\nfor i in [1]:\n    1/0\nx = 2", "5 1/0"),
    ],
)
def test_an_error_in_the_cell_stands_on_its_own_line(shell, cell, marked):
    """The user's traceback names the notebook's line, and none of our files."""
    done = run(shell, cell)
    assert "ZeroDivisionError: division by zero" in done.text
    assert done.error is not None or "%%time" in cell, "%%time of IPython 8 keeps the error to itself"
    assert lines_of(done.text)[-1] == marked
    assert "nbcnncost" not in done.text


@pytest.mark.parametrize(
    ("cell", "line", "word"),
    [
        ("%%cnncost\nx = 1\nif x\n    y", 3, "if x"),
        ("%%cnncost\n\nx = = 1", 3, "x = = 1"),
        ("%%cnncost\nx = 1\n  y = 2", 3, "y = 2"),
        ("%%cnncost\nx = 1\nreturn x", 3, "return x"),
        ("%%cnncost\nx = '''\n\n", 2, "x = '''"),
    ],
)
def test_a_syntax_error_stands_on_its_own_line(shell, cell, line, word):
    """What Python cannot read is shown as for any cell: the line, a mark and the reason, no traceback."""
    done = run(shell, cell)
    assert isinstance(done.error, CellSyntaxError)
    assert f"line {line}" in done.text
    assert word in done.text
    assert "nbcnncost" not in done.text
    assert done.error.__cause__.lineno == line


def test_source_of_what_the_cell_defines_is_found(shell):
    """``inspect.getsource`` works for functions of a cell under the magic, now and after later cells."""
    run(shell, f"%%cnncost -i 3,32,32\n{NET}net = Net()")
    run(shell, "1 + 1")
    assert "self.head(self.conv(x)" in inspect.getsource(shell.user_ns["Net"].forward)


FAILING = """\
class Bad(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        x = self.conv(x)
        {statement}
bad = Bad()
"""


def test_what_a_forward_raises_passes_through(shell):
    """The layers so far are shown, then the user's own exception on its own line, without frames of ours."""
    done = run(shell, "%%cnncost -i 3,8,8\n" + FAILING.format(statement="raise RuntimeError('oh no')"))
    assert type(done.error) is RuntimeError
    assert lines_of(done.text)[-1] == "9 raise RuntimeError('oh no')"
    assert "nbcnncost/" not in done.text
    assert len(done.shown) == 1


def test_a_partial_report_is_not_shown_when_quiet(shell):
    """``-q`` shows no partial table either, and a failed run binds nothing."""
    done = run(shell, "%%cnncost -q -o kept -i 3,8,8\n" + FAILING.format(statement="raise RuntimeError('oh no')"))
    assert type(done.error) is RuntimeError
    assert done.shown == []
    assert "kept" not in shell.user_ns


def test_a_wrong_shape_shows_the_layers_up_to_it(shell):
    """A ShapeError is one line, after the table up to the failing layer."""
    done = run(shell, "%cnncost nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(9, 9)) -i 3,8,8")
    assert isinstance(done.error, ShapeError)
    assert done.error.report.rows
    assert len(done.shown) == 1
    assert "Traceback" not in done.text
    assert done.text.rstrip().splitlines()[-1].startswith("ShapeError: ")


def test_input_that_does_not_suit_gets_a_sentence(shell):
    """What cost() has to say about inputs passes through as one line."""
    done = run(shell, "%cnncost nn.Conv2d(3, 8, 3) -i 1,3,8,8 --dtype float32,int64")
    assert isinstance(done.error, InputError)
    assert done.text.rstrip("\n").count("\n") == 0


@pytest.mark.parametrize("where", ["forward", "cell"])
def test_an_interrupt_passes_through(shell, where):
    """Ctrl-C in the cell or in the model's forward stops the cell, and leaves the model as it was."""
    if where == "forward":
        body = FAILING.format(statement="raise KeyboardInterrupt")
    else:
        body = FAILING.format(statement="pass") + "raise KeyboardInterrupt"
    done = run(shell, f"%%cnncost -i 3,8,8\n{body}")
    assert isinstance(done.error, KeyboardInterrupt)
    bad = shell.user_ns["bad"]
    assert bad.training
    assert not bad._forward_hooks
    assert not bad.conv._forward_hooks


def test_an_error_in_making_the_model_passes_through(shell):
    """An exception inside the constructor that a line calls is the user's own, with its traceback."""
    run(shell, "class Bad(nn.Module):\n    def __init__(self):\n        self.size = 1 / 0")
    done = run(shell, "%cnncost Bad()")
    assert isinstance(done.error, ZeroDivisionError)
    assert lines_of(done.text)[-1] == "3 self.size = 1 / 0"


def test_hostile_names_stay_harmless(shell):
    """A module's strange name or repr changes nothing about which model is meant, and breaks no message."""
    run(
        shell,
        "class Odd(nn.Module):\n"
        "    def __repr__(self): raise RuntimeError\n"
        "    def __eq__(self, other): raise RuntimeError\n"
        "    __hash__ = nn.Module.__hash__\n"
        "    def forward(self, x): return x * 2\n"
        "Odd.__name__ = '<img src=x onerror=alert(1)>'\n",
    )
    report = report_of(shell, "%%cnncost -i 1,3,4,4\nodd = Odd()\ntwin = odd")
    assert report.model_name.startswith("<img")
    done = run(shell, "%%cnncost\na = Odd()\nb = Odd()")
    assert "the cell makes 2 models" in str(done.error)


def test_no_torch_no_model(shell, monkeypatch):
    """Where torch was never imported there can be no model, and the magic does not import it to find out."""
    monkeypatch.delitem(sys.modules, "torch.nn")
    assert "makes no model" in str(run(shell, "%%cnncost\nx = 1").error)
    assert "torch.nn" not in sys.modules


# Completion


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%cnncost --vi", ["--view"]),
        ("%%cnncost --vi", ["--view"]),
        ("x = %cnncost --vi", ["--view"]),
        ("%cnncost net --view ", ["table", "chart", "both"]),
        ("%cnncost net --view=c", ["chart"]),
        ("%cnncost net -c m", ["macs"]),
        ("%cnncost net --train --optimizer ad", ["adam", "adamw"]),
        ("%cnncost net -s flops_", ["flops_share"]),
        ("%cnncost net --columns params,cou", ["count"]),
        ("%cnncost net --dtype int6", ["int64"]),
        ("%cnncost n", ["net"]),
        ("%cnncost net n", ["net"]),
        ("%cnncost net, n", ["net"]),
        ("%cnncost -m n", ["net"]),
        ("%cnncost -d 2 n", ["net"]),
        ("%cnncost net -q --t", ["--top", "--train"]),
        ("%cnncost nothing_like_it", []),
        ("%cnncost net -i 3", ["3,224,224", "3,32,32"]),
        ("%cnncost net -i ", ["3,224,224", "3,32,32", "1,28,28", "1,32,32"]),
    ],
)
def test_tab_offers_what_fits(line, expected):
    """Options, their choices, and the Modules in the namespace."""
    from torch import nn

    offer = offers(line, {"net": nn.Linear(1, 1), "number": 3, "_net": nn.Linear(1, 1), "nn": nn})
    assert offer is not None
    assert offer.texts == expected


@pytest.mark.parametrize("line", ["cnn", "x = 3", "%cnncost net.co", "%cnncost -m nets[", "%cnncost -o x"])
def test_tab_leaves_the_rest_to_ipython(line):
    """Attributes, indices and other lines are completed as ever."""
    assert offers(line, {}) is None


def completions(shell, text):
    """What the shell's own completer offers at the end of the text."""
    with provisionalcompleter():
        return [entry.text for entry in shell.Completer.completions(text, len(text))]


def test_tab_in_the_shell(shell):
    """IPython's completer gives exactly our offers in our line, and its own elsewhere."""
    run(shell, "net = nn.Conv2d(3, 8, 3)\nnumber = 5")
    assert completions(shell, "%cnncost net --view ") == ["table", "chart", "both"]
    assert completions(shell, "%cnncost n") == ["net"]
    flags = {flag for option in OPTIONS for flag in option.flags}
    assert set(completions(shell, "%%cnncost ")) == flags | {"net"}
    assert "number" in completions(shell, "%%cnncost net\nnum")
    assert "table" not in completions(shell, "%%cnncost --view\nta")
    assert any("conv" in text or "weight" in text for text in completions(shell, "%cnncost net.wei"))


# Conventions


def test_compare_shows_every_convention(shell):
    """`--compare` gives the table of conventions; `-o` keeps it, `-q` hides it."""
    run(shell, f"{NET}net = Net()")
    done = run(shell, "%cnncost net -i 3,32,32 --compare -o table")
    assert isinstance(done.result, SideBySide)
    assert shell.user_ns["table"] is done.result
    assert [entry.name for entry in done.result] == list(CONVENTIONS)
    assert "why" not in run(shell, "%cnncost net -i 3,32,32 --compare -q").text


def test_rules_in_the_line_and_in_config(shell):
    """`--rule` counts a kind otherwise, and so does `%config`; the line has the last word."""
    run(shell, "net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())")
    elements = 4 * 30 * 30
    plain = 2 * 27 * elements + 4 * elements + elements
    assert report_of(shell, "%cnncost net -i 3,32,32").total.flops == plain
    line = "%cnncost net -i 3,32,32 --rule batch_norm=2 --rule bias_additions=1"
    assert report_of(shell, line).total.flops == plain - 2 * elements + elements
    run(shell, "%config CnnCostMagics.rules = 'batch_norm=folded, dot_products=-1'")
    assert report_of(shell, "%cnncost net -i 3,32,32").total.flops == plain - 4 * elements - elements
    assert (
        report_of(shell, "%cnncost net -i 3,32,32 --rule batch_norm=2").total.flops == plain - 2 * elements - elements
    )
    assert report_of(shell, "%cnncost net -i 3,32,32 -c flop_counter_mode").total.flops == 2 * 27 * elements


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("batch_norm", "--rule is written NAME=VALUE, as in --rule batch_norm=2, not 'batch_norm'"),
        ("=2", "--rule is written NAME=VALUE"),
        ("batchnorm=2", "--rule: there is no kind 'batchnorm' to make a rule for; did you mean 'batch_norm'?"),
        ("relu=2**n", "--rule: rule for relu: a formula has only"),
        ("relu=1 -c flop_counter_mode", "--rule: flop_counter_mode counts as"),
    ],
)
def test_a_wrong_rule_is_told(shell, rule, message):
    """In one line, as exactly IPython's UsageError."""
    run(shell, "net = nn.Linear(2, 3)")
    done = run(shell, f"%cnncost net --rule {rule}")
    assert type(done.error) is UsageError
    assert message in str(done.error)


def test_a_wrong_rule_in_config_is_refused(shell, caplog):
    """`%config` says what is wrong and keeps what it had."""
    run(shell, "%config CnnCostMagics.rules = 'batchnorm=2'")
    assert "did you mean 'batch_norm'?" in caplog.text
    run(shell, "net = nn.Linear(2, 3)")
    assert report_of(shell, "%cnncost net -i 1,2").convention.name == "textbook"


@pytest.mark.parametrize(
    ("options", "table", "chart"),
    [("", True, ""), ("--view chart", False, "Bar chart."), ("--view both -c thop", True, "Waterfall chart.")],
)
def test_compare_shows_a_chart_where_asked(shell, options, table, chart):
    """`--view` works as for a report; with `-c` the chart goes from ours to that convention."""
    run(shell, "net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())")
    page = run(shell, f"%cnncost net -i 3,32,32 --compare {options}").result._repr_html_()
    assert ("<table" in page) is table
    assert chart in page


@pytest.mark.parametrize("option", ["--depth 1", "--sort macs", "--top 3", "--columns macs"])
def test_compare_has_no_layers_to_choose_among(shell, option):
    """An option that would do nothing is refused, before the model runs."""
    run(shell, "net = nn.Linear(2, 3)")
    done = run(shell, f"%cnncost net -i 1,2 --compare {option}")
    assert type(done.error) is UsageError
    assert f"{option.partition(' ')[0]} is for the table of layers" in str(done.error)


def test_compare_is_for_one_model(shell):
    """Several models have a comparison of their own."""
    run(shell, "a, b = nn.Linear(2, 3), nn.Linear(2, 4)")
    done = run(shell, "%cnncost a b --compare")
    assert type(done.error) is UsageError
    assert "--compare sets one model's conventions side by side; here are 2 models" in str(done.error)


def test_defaults_about_steps_are_for_steps(shell):
    """A `%config` that sorts by the training step, or shows it, does not stop a line that asks for no step."""
    run(shell, "net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))")
    run(shell, "%config CnnCostMagics.sort = 'step'")
    run(shell, "%config CnnCostMagics.columns = 'params,step,step_share'")
    assert report_of(shell, "%cnncost net -i 1,4").look.sort is None
    assert report_of(shell, "%cnncost net -i 1,4").look.columns == ("params",)
    step = report_of(shell, "%cnncost net -i 1,4 --train")
    assert (step.look.sort, step.look.columns) == ("step", ("params", "step", "step_share"))
    assert "ask for it with --train" in str(run(shell, "%cnncost net -i 1,4 -s step").error)


# The panel


@pytest.mark.parametrize(
    "cell",
    [
        f"%%cnncost --panel -o kept -i 3,32,32\n{NET}net = Net()",
        f"{NET}net = Net()\n%cnncost net --panel -o kept -i 3,32,32",
        f"%config CnnCostMagics.panel = True\n{NET}net = Net()\n%cnncost net -o kept -i 3,32,32",
    ],
)
def test_a_panel_is_the_result_and_out_keeps_the_report(shell, cell):
    """The panel shows the report that ``-o`` keeps; ``_`` is the panel."""
    done = run(shell, cell)
    assert done.error is None, done.text
    assert type(done.result).__name__ == "Panel"
    assert shell.user_ns["_"] is done.result
    assert done.result.report is shell.user_ns["kept"]
    assert isinstance(shell.user_ns["kept"], Report)
    assert done.result.report["conv"].macs == 30 * 30 * 8 * 3 * 3 * 3


def test_a_panel_of_a_model_without_a_name_can_be_changed(shell):
    """The model lives no longer than the cell, the panel's copy as long as the panel."""
    panel = run(shell, f"%%cnncost --panel -i 3,32,32\n{NET}Net()").result
    shell.run_cell("_ = __ = ___ = None")
    assert panel.controls["reason"] == ""
    assert panel.controls["height"]["value"] == 32


def test_a_panel_looks_as_the_line_says(shell):
    """Sort and columns are the panel's first view."""
    panel = run(shell, "%cnncost nn.Conv2d(3, 8, 3) -i 3,32,32 --panel -s params --columns params,macs").result
    assert (panel.view.sort, panel.view.columns) == ("params", ("params", "macs"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a b --panel", "--panel shows one model; here are 2"),
        ("a b c --panel", "--panel shows one model; here are 3"),
        ("a --compare --panel", "--panel is for the table of layers; --compare shows conventions"),
    ],
)
def test_a_panel_is_of_one_model(shell, line, message):
    """One sentence says so, before anything runs."""
    run(shell, PAIR)
    done = run(shell, f"%cnncost {line} -i 3,32,32")
    assert type(done.error) is UsageError
    assert message in str(done.error)


def test_a_default_panel_leaves_comparisons_alone(shell):
    """With the panel as a default, what is no report of one model shows itself as before."""
    run(shell, f"{PAIR}\n%config CnnCostMagics.panel = True")
    assert isinstance(run(shell, "%cnncost a b -i 3,32,32").result, Comparison)
    assert isinstance(run(shell, "%cnncost a --compare -i 3,32,32").result, SideBySide)


def test_a_run_that_stops_shows_no_panel(shell):
    """The layers so far are shown as without the panel, and the error is raised."""
    done = run(shell, "%cnncost nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(9, 9)) -i 3,8,8 --panel")
    assert isinstance(done.error, ShapeError)
    assert [sorted(output.data) for output in done.shown] == [["text/html", "text/plain"]]


@pytest.mark.parametrize("line", ["--panel -q", "--panel;"])
def test_a_quiet_panel_shows_nothing(shell, line):
    """With ``-q`` or ``;`` it is only the result."""
    done = run(shell, f"%cnncost nn.Conv2d(3, 8, 3) -i 3,8,8 {line}")
    assert done.error is None, done.text
    assert "Out[" not in done.text
    assert done.shown == []
