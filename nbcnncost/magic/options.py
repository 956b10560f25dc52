"""What can be written after ``%cnncost``: the options as they are declared, and the help text around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbcnncost.conventions import CONVENTIONS
from nbcnncost.languages import LANGUAGES
from nbcnncost.optimizers import OPTIMIZERS
from nbcnncost.records import ITEM_SIZES
from nbcnncost.views import VIEWS
from nbcnncost.views.columns import ASKABLE, COLUMNS
from nbcnncost.views.fold import SORTABLE

MODES = ("eval", "train", "same")
OPTIMIZER_NAMES = (*OPTIMIZERS, "none")


@dataclass(frozen=True)
class Option:
    """One option as it is declared, shown and completed; without a ``metavar`` it is a switch."""

    short: str
    long: str
    metavar: str
    help: str
    choices: tuple[str, ...] = ()
    repeatable: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """The ways to write it, the short one first."""
        return tuple(flag for flag in (self.short, self.long) if flag)

    @property
    def settings(self) -> dict[str, Any]:
        """What argparse wants to know."""
        if not self.metavar:
            return {"action": "store_true", "help": self.help}
        return {
            "metavar": self.metavar,
            "help": self.help,
            **({"action": "append"} if self.repeatable else {}),
        }


OPTIONS = (
    Option(
        "-i",
        "--input",
        "SHAPE",
        "the input's shape, 1,3,224,224 or 1x3x224x224; 3,224,224 is one image. Repeat it for more inputs; "
        "NAME=SHAPE for a keyword argument of forward. Without it the usual sizes are tried.",
        repeatable=True,
    ),
    Option(
        "-m",
        "--model",
        "EXPR",
        "the model: a name or an expression, such as nets['a'] or Net(10). Repeat it to compare models.",
        repeatable=True,
    ),
    Option("-o", "--out", "VAR", "keep the report, or the comparison, in this variable"),
    Option("-b", "--batch", "N", "the batch size"),
    Option(
        "",
        "--dtype",
        "DTYPE",
        "the input's dtype, such as float16 or int64; for several inputs one, or one for each: float32,int64",
        choices=tuple(ITEM_SIZES),
    ),
    Option(
        "-c",
        "--convention",
        "NAME",
        f"what counts as what: {', '.join(CONVENTIONS)}",
        choices=tuple(CONVENTIONS),
    ),
    Option(
        "",
        "--rule",
        "NAME=VALUE",
        "count a kind otherwise: batch_norm=2 (per output element), batch_norm=folded, bias_additions=1, "
        "dot_products=-1 (2n − 1), comparisons=0, specials=10, or a formula's text. Repeat it for more.",
        repeatable=True,
    ),
    Option("", "--compare", "", "every convention side by side, and why they differ, instead of the layers"),
    Option("-d", "--depth", "N", "fold everything deeper than this; all for every level"),
    Option("-s", "--sort", "COLUMN", f"the largest first, by {', '.join(SORTABLE)}", choices=SORTABLE),
    Option("-n", "--top", "N", "show this many rows, the others as one; all for all"),
    Option("", "--columns", "LIST", f"the columns to show: {','.join(COLUMNS)}", choices=COLUMNS),
    Option("", "--view", "VIEW", "table, chart or both", choices=VIEWS),
    Option("", "--panel", "", "an interactive panel, to explore the layers and to see what changes would cost"),
    Option(
        "",
        "--predict",
        "",
        f"hide the numbers until you have filled them in; --columns then names what is asked for: {','.join(ASKABLE)}",
    ),
    Option(
        "",
        "--mode",
        "MODE",
        "run it in eval (the default) or train mode, or the same as it stands",
        choices=MODES,
    ),
    Option(
        "",
        "--train",
        "",
        "a training step: forward, backward and optimizer, in train mode (--mode train alone counts a forward in it)",
    ),
    Option(
        "",
        "--optimizer",
        "NAME",
        f"the optimizer of a training step: {', '.join(OPTIMIZER_NAMES)}",
        choices=OPTIMIZER_NAMES,
    ),
    Option("", "--input-grad", "", "let a training step compute the gradient of the model's input, too"),
    Option("", "--execute", "", "run a copy for real, for a forward that depends on values"),
    Option(
        "",
        "--lang",
        "LANG",
        f"the language of tables, charts and messages: {', '.join(LANGUAGES)}",
        choices=LANGUAGES,
    ),
    Option("-q", "--quiet", "", "show nothing; the report still is returned, or kept by -o"),
)


DESCRIPTION = """\
What a PyTorch CNN costs: parameters, MACs and FLOPs of each layer, and the formulas behind them.

Above a cell it runs the cell, and takes the model that the last line names, or the only one that the cell
makes:

    %%cnncost -i 3,224,224
    class Net(nn.Module): ...
    net = Net()

In a line the model is named:

    %cnncost net -i 3,224,224
    %cnncost torchvision.models.resnet50() -i 3,224,224
    report = %cnncost nets["small"] -i 8,3,32,32 --train

Several models are compared: two layer by layer, more by their totals:

    %cnncost net_a net_b -i 3,224,224
    %cnncost small medium large -i 3,224,224 --view both

More examples:

    %cnncost net                             an input of a usual size is assumed, and said
    %cnncost net -i 3,32,32 -b 64            a batch of 64
    %cnncost net -i 3,64,64 -i 10            two inputs
    %cnncost net -i image=3,64,64 -i mask=1,64,64
    %cnncost net -i $x.shape                 the shape of the tensor x
    %cnncost net -d 2 -s flops -n 10         the ten costliest blocks, no deeper than two levels
    %cnncost net --view both                 the table and a bar chart
    %cnncost net --panel                     an interactive panel, to explore and to change
    %cnncost net --predict                   a table to fill in, with the numbers hidden until it is
    %cnncost net --train --optimizer adam    a whole training step
    %cnncost net -c macs -o report -q        keep the report, show nothing
    %cnncost net -c thop                     count as another tool does, to the digit
    %cnncost net --compare                   every convention side by side, and why they differ
    %cnncost net --rule batch_norm=2 --rule bias_additions=1
    %cnncost net_a net_b -s params -n 10     the ten layers whose parameters differ most
    %cnncost net_a net_b --train             their training steps, layer by layer

The result is the report: _ holds it afterwards, or `report = %cnncost net`, or -o. It answers more:
report.explain("conv1"), report.by_type(), report.to_pandas(), report.diff(other). The result of several models is
their comparison: comparison.difference, comparison.plot(), comparison.to_csv(). Of two models -d, -s, -n and --columns
say how the difference is shown; its columns are params, frozen, macs, integer_macs, flops and count, with --train also
step and its parts. Of more, -s sorts the models. With --panel the result is the panel: panel.report is what it shows,
panel.state what was made of it; -o keeps the report. With --predict the result, which -o keeps, is the prediction:
prediction.fill(numbers) checks them, prediction.reveal() shows what is right, and then there is prediction.report.
`%config CnnCostMagics` sets the defaults.
"""
