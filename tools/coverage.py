"""Which operations of timm's models have no rule: ``python tools/coverage.py [NUMBER OF MODELS]``.

The models are taken from all of timm's families in turns and run without values. One line for each model that has such
an operation, then their number and share; more than 1 % is a failure.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import timm
import torch

from nbcnncost import Report, UncountedOpWarning
from nbcnncost.api import attempt

MODELS = 320
ALLOWED = 0.01


def families() -> dict[str, list[str]]:
    """The names of the models, by the module that defines them."""
    return {family: timm.list_models(module=family) for family in timm.list_modules()}


def in_turns(lists: Sequence[Sequence[str]], number: int) -> list[str]:
    """The first of each list, then the second of each, … until there are so many."""
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*lists))
    return list(itertools.islice((name for name in rounds if name is not None), number))


def report_of(name: str) -> Report:
    """A timm model's report at its own input size; raises what stopped the run."""
    with torch.device("meta"):  # no weights are made, since none are needed
        model: Any = timm.create_model(name, pretrained=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncountedOpWarning)
        report, error = attempt(model, (1, *model.pretrained_cfg["input_size"]))
    if error is not None:
        raise error
    return report


def gaps(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The models with operations without a rule, or that could not be run, each with what is wrong."""
    for name in names:
        try:
            uncounted = report_of(name).uncounted
        except Exception as error:  # noqa: BLE001 -- whatever a model raises is a gap
            yield name, f"stopped: {type(error).__name__}: {str(error).splitlines()[0]}"
            continue
        if uncounted:
            yield name, ", ".join(f"{entry.count}× {entry.op} ({entry.reason})" for entry in uncounted)


def main(number: int) -> int:
    """Print the table; 1 where too many models have gaps."""
    names = in_turns(list(families().values()), number)
    found = []
    for name, what in gaps(names):
        print(f"{name:44} {what}", flush=True)
        found.append(name)
    share = len(found) / len(names)
    of = f"of {len(names)} models of {len(families())} families"
    print(f"{len(found)} {of} have operations without a rule ({share:.1%})")
    return int(share > ALLOWED)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else MODELS))
