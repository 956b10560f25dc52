"""Write docs/conventions.md: what each convention counts, what tools get wrong, and one network in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torchvision

from nbcnncost import cost
from nbcnncost.conventions import CONVENTIONS, Convention, Peer

PAGE = Path(__file__).resolve().parent.parent / "docs" / "conventions.md"
_OPENING = """\
# Conventions: what counts as what

ResNet-50 is 3.8, 4.09, 4.12, 4.14 or 8.2 G depending on whom one asks. A convention says what one operation counts as;
`cost(model, size, convention="thop")`, `report.counted_as("thop")` and `%cnncost net -c thop` count in it, all from one
run. `report.conventions()` and `%cnncost net --compare` set them side by side, and `report.conventions().plot("thop")`
draws the difference. A tool's convention gives that tool's own number to the digit, its faults included; `make peers`
runs the tools themselves beside it. `make pages` writes this page.
"""
_RULES = """\
## Of your own

`textbook.with_rules({"batch_norm": 2, "bias_additions": 1})`, `--rule batch_norm=2 --rule bias_additions=1` in the
magic's line, or `%config CnnCostMagics.rules = "batch_norm=2, bias_additions=1"` for a whole notebook:

| rule | counts |
|---|---|
| `batch_norm=2` | 2 for each output element; any kind can have a number |
| `batch_norm=folded` | nothing where inference folds it into the layer before |
| `bias_additions=1` | one addition for each output of a layer with a bias |
| `dot_products=-1` | n products and n − 1 additions (2n − 1) for each sum |
| `comparisons=0` | no ReLU, no max pooling |
| `specials=10` | ten for an exponential, logarithm or root |
| `convolution="2*N*OUT*C_in*C_out*K"` | a formula in the symbols that `report.explain` shows |

The keys are the kinds of `nbcnncost.formulas.FORMULAS`, the elementary operations of a `Work` tally, or the name of an
operation that no rule knows.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page's text."""
    with torch.device("meta"):
        report = cost(torchvision.models.resnet50(), (1, 3, 224, 224))
    table = report.conventions().to_markdown()
    sections = [_section(entry) for entry in CONVENTIONS.values()]
    return "\n".join([_OPENING, "## ResNet-50 in all of them", "", table, *sections, _RULES])


def _section(convention: Convention) -> str:
    says = f", which it calls {convention.says}" if isinstance(convention, Peer) else ""
    heading = [f"## `{convention.name}`", "", f"{convention.title}. Unit: {convention.unit}{says}.", ""]
    return "\n".join([*heading, convention.doc, "", *_faults(convention)])


def _faults(convention: Convention) -> Iterator[str]:
    faults = convention.faults if isinstance(convention, Peer) else {}
    if faults:
        yield "What it gets wrong:"
        yield ""
        yield from (f"- {sentence}" for sentence in faults.values())
        yield ""


if __name__ == "__main__":
    main()
