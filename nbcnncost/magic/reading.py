"""What a line after ``%cnncost`` asks for: the values of its options, read and checked.

A wrong option is IPython's ``UsageError``, of exactly that class: a subclass would print a traceback.
"""

from __future__ import annotations

import difflib
import keyword
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError

from nbcnncost.conventions import CONVENTIONS, Convention, Peer, Rule
from nbcnncost.errors import CostError, InputError
from nbcnncost.languages import LANGUAGES
from nbcnncost.magic.options import MODES, OPTIMIZER_NAMES, OPTIONS
from nbcnncost.magic.words import elements, is_expression, unquoted, words_of
from nbcnncost.parts import STEP
from nbcnncost.records import ITEM_SIZES
from nbcnncost.shapes import parse_shape
from nbcnncost.views import VIEWS
from nbcnncost.views.columns import ASKABLE, COLUMNS
from nbcnncost.views.fold import SORTABLE

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Options:
    """What one line asks for, checked; what it leaves open comes from the ``%config`` defaults."""

    models: tuple[str, ...]
    inputs: Shape | list[Shape] | dict[str, Shape] | None
    out: str | None
    batch: int | None
    dtypes: list[str] | None
    convention: str | Convention
    compare: bool
    depth: int | None
    sort: str | None
    top: int | None
    columns: tuple[str, ...] | None
    view: str
    mode: str
    execute: bool
    training: bool
    optimizer: str | None
    input_grad: bool
    quiet: bool
    panel: bool
    predict: bool
    lang: str
    #: Which of the looks, and whether a panel, the line itself asks for.
    given: frozenset[str] = frozenset()
    #: What a prediction asks for, where the line says it.
    asked: tuple[str, ...] | None = None

    @property
    def look(self) -> dict[str, Any]:
        """What the report's ``with_look`` takes."""
        return {name: getattr(self, name) for name in _LOOKS}


_LOOKS = ("depth", "sort", "top", "columns", "view", "lang")


def read_options(parser: ArgumentParser, line: str, defaults: Any) -> Options:
    """The options of a line; ``defaults`` has the attributes that ``%config CnnCostMagics`` sets."""
    try:
        given, extra = parser.parse_known_args(words_of(line))
        _reject_unknown(extra)
        return _checked(given, [*given.words, *extra], defaults)
    except UsageError as error:
        if "$" in line or "{" in line:
            raise UsageError(f"{error}; {_UNEXPANDED}") from None
        raise


_UNEXPANDED = (
    "the line still holds a $ or { : a $name or {expression} is replaced by its value only where "
    "all of them in the line can be"
)


def _reject_unknown(words: Sequence[str]) -> None:
    """An option that argparse does not know stands among the words it left over."""
    word = next((word for word in words if word.startswith("-")), None)
    if word is None:
        return
    name = word.partition("=")[0]
    near = difflib.get_close_matches(name, [flag for option in OPTIONS for flag in option.flags], n=1)
    hint = f"did you mean {near[0]}? (%cnncost? shows them all)" if near else "%cnncost? shows all there are"
    raise UsageError(f"there is no option {name}; {hint}")


def _checked(given: Any, words: list[str], defaults: Any) -> Options:
    return Options(
        models=_models(words, given.model or []),
        inputs=_inputs(given.input or []),
        out=_variable(given.out),
        batch=_count("--batch", given.batch, defaults.batch),
        dtypes=_names("--dtype", given.dtype or defaults.dtype, tuple(ITEM_SIZES)),
        convention=_convention(given, defaults),
        compare=given.compare,
        depth=_count("--depth", given.depth, defaults.depth, everything=None),
        sort=_sort(given, defaults.sort),
        top=_count("--top", given.top, defaults.top, everything=sys.maxsize),
        columns=None if given.predict else _columns(given, defaults.columns),
        view=one_of("--view", given.view or defaults.view, VIEWS),
        mode=_mode(given, defaults.mode),
        execute=given.execute,
        training=_training(given),
        optimizer=_optimizer(given, defaults.optimizer),
        input_grad=_input_grad(given),
        quiet=given.quiet or defaults.quiet,
        panel=_panel(given, defaults.panel),
        predict=given.predict,
        lang=one_of("--lang", given.lang or defaults.lang, LANGUAGES),
        given=frozenset(name for name in (*_LOOKS, "panel") if getattr(given, name)),
        asked=tuple(_names("--columns", given.columns, ASKABLE) or ()) or None if given.predict else None,
    )


def _panel(given: Any, default: bool) -> bool:
    """Whether to show a panel; what the line says goes before the default."""
    if given.panel and given.predict:
        raise UsageError("--predict hides what --panel shows; give one of them")
    return given.panel or (default and not given.predict)


def _training(given: Any) -> bool:
    if given.train and given.predict:
        raise UsageError("--predict asks about a forward run; leave --train out")
    return bool(given.train)


def _sort(given: Any, default: str | None) -> str | None:
    """What to sort by; a default that is about training steps is for these alone."""
    if given.sort:
        return one_of("--sort", given.sort, SORTABLE)
    return None if default in STEP and not given.train else default


def _columns(given: Any, default: str) -> tuple[str, ...] | None:
    """The columns to show; of defaults those about training steps are for these alone."""
    if given.columns:
        return read_columns(given.columns)
    names = read_columns(default) or ()
    return tuple(name for name in names if given.train or name.removesuffix("_share") not in STEP) or None


def _models(words: Sequence[str], named: Sequence[str]) -> tuple[str, ...]:
    """The models' expressions, from each ``-m`` or from the words that belong to no option."""
    if named and words:
        raise UsageError(f"the model is named twice, as {' '.join(words)} and by --model {named[0]}: name it once")
    whole = " ".join(words)
    if whole and is_expression(whole):
        return elements(whole)
    parts = [word.rstrip(",") for word in named or words]
    if all(map(is_expression, parts)):
        return tuple(parts)
    dashed = next((word for word in words if word.startswith(("–", "—", "−"))), None)
    if dashed is not None:  # what word processors make of a hyphen
        raise UsageError(f"an option begins with a plain hyphen (-), not as in {dashed}")
    wrong = next(part for part in parts if not is_expression(part)) if named else whole
    raise UsageError(f"{wrong!r} is no Python expression; name the model, as in %cnncost net")


def _inputs(texts: Iterable[str]) -> Shape | list[Shape] | dict[str, Shape] | None:
    named: dict[str, Shape] = {}
    shapes: list[Shape] = []
    for text in texts:
        keyword_input = re.fullmatch(r"\s*([^\W\d]\w*)\s*=(.*)", text, re.DOTALL)
        if keyword_input is None:
            shapes.append(_shape(text))
        elif keyword_input[1] in named:
            raise UsageError(f"--input {keyword_input[1]} is given twice")
        else:
            named[keyword_input[1]] = _shape(unquoted(keyword_input[2].strip()))
    if named and shapes:
        raise UsageError("give --input either always as NAME=SHAPE or always as a SHAPE alone, not both")
    return named or (shapes[0] if len(shapes) == 1 else shapes) or None


def _shape(text: str) -> Shape:
    try:
        return parse_shape(re.sub(r"^\s*torch\.Size\b", "", text))
    except InputError as error:
        hint = f"; a variable is written ${text}" if text.isidentifier() else ""
        raise UsageError(f"--input: {error}{hint}") from None


def _convention(given: Any, defaults: Any) -> str | Convention:
    name = one_of("--convention", given.convention or defaults.convention, tuple(CONVENTIONS))
    usual = [] if isinstance(CONVENTIONS[name], Peer) else split_rules(defaults.rules)
    rules = read_rules([*usual, *(given.rule or [])])
    try:
        return CONVENTIONS[name].with_rules(rules) if rules else name
    except CostError as error:
        raise UsageError(f"--rule: {error}") from None


def split_rules(text: str) -> list[str]:
    """The rules of a comma-separated list; a formula has no commas."""
    return [rule for rule in text.split(",") if rule.strip()]


def read_rules(texts: Iterable[str]) -> dict[str, Rule]:
    """The rules of ``NAME=VALUE`` texts, of two with one name the later one."""
    rules: dict[str, Rule] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in unquoted(text.strip()).partition("="))
        if not (equals and name and value):
            raise UsageError(f"--rule is written NAME=VALUE, as in --rule batch_norm=2, not {text!r}")
        rules[name] = int(value.replace("−", "-")) if re.fullmatch(r"[-−]?[0-9]+", value) else value
    return rules


def _variable(name: str | None) -> str | None:
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UsageError(f"--out wants the name of a variable; {name!r} is none")
    return name


def _count(flag: str, text: str | None, default: int | None, everything: int | None = 0) -> int | None:
    """A whole number from 1; ``everything`` is what the word ``all`` stands for (0: not allowed)."""
    if text is None:
        return default
    if text == "all" and everything != 0:
        return everything
    if not re.fullmatch(r"[0-9]+", text) or int(text) < 1:
        word = " or all" if everything != 0 else ""
        raise UsageError(f"{flag} wants a whole number from 1{word}, not {text!r}")
    return int(text)


def one_of(flag: str, text: str, choices: Sequence[str]) -> str:
    """The text if it is one of the choices; the error names the one that is close."""
    if text in choices:
        return text
    near = difflib.get_close_matches(text.lower(), choices, n=1)
    hint = f"did you mean {near[0]}? There" if near else "there"
    raise UsageError(f"{flag} has no choice {text!r}; {hint} are {', '.join(choices)}")


def _names(flag: str, text: str | None, choices: Sequence[str]) -> list[str] | None:
    """The comma-separated names of a list, each one of the choices; ``None`` for no text."""
    if not text:
        return None
    names = [name.strip().removeprefix("torch.") for name in text.split(",")]
    return [one_of(flag, name, choices) for name in names if name] or None


def read_columns(text: str | None) -> tuple[str, ...] | None:
    """The columns of a comma-separated list; ``None`` stands for the usual ones."""
    names = _names("--columns", text, COLUMNS)
    return None if names is None else tuple(names)


def _mode(given: Any, default: str) -> str:
    mode = None if given.mode is None else one_of("--mode", given.mode, MODES)
    if not given.train:
        return mode or default
    if mode == "eval":
        raise UsageError("--train and --mode eval exclude each other: a training step runs in train mode")
    return mode or "train"


def _optimizer(given: Any, default: str) -> str | None:
    if given.optimizer is not None and not given.train:
        raise UsageError("--optimizer belongs to a training step: add --train")
    name = one_of("--optimizer", given.optimizer or default, OPTIMIZER_NAMES)
    return None if name == "none" else name


def _input_grad(given: Any) -> bool:
    if given.input_grad and not given.train:
        raise UsageError("--input-grad belongs to a training step: add --train")
    return bool(given.input_grad)
