"""What Tab offers after ``%cnncost``: our options, their choices, and the Modules that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from IPython.core.error import TryNext

from nbcnncost.magic.models import modules_in
from nbcnncost.magic.options import OPTIONS, Option

_LINE = re.compile(r"\s*(?:[^\s=%][^=%]*=\s*)?%%?cnncost\s+([^\n]*)")
_LISTS = ("--columns", "--dtype")


class Offer(NamedTuple):
    """The texts that fit, and the piece of the line which they are to replace."""

    texts: list[str]
    fragment: str


def offers(line: str, namespace: Mapping[str, Any]) -> Offer | None:
    """What fits at the end of a line, or ``None`` where IPython itself knows better.

    >>> offers("%cnncost --view ch", {})
    Offer(texts=['chart'], fragment='ch')
    """
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    *before, word = re.split(r"\s+", found[1])
    flag, equals, value = word.partition("=")
    if equals and flag.startswith("--"):
        option, word = _option(flag), value
    else:
        option = _option(before[-1]) if before else None
    if option is not None and option.metavar:
        return _values(option, word, namespace)
    if not word.startswith("-") and re.search(r"\W", word):  # an attribute, an index, a call: plain Python
        return None
    flags = [flag for option in OPTIONS for flag in reversed(option.flags)]
    texts = [] if word.startswith("-") else list(modules_in(namespace))
    return Offer([text for text in [*texts, *flags] if text.startswith(word)], word)


#: The inputs that courses and papers use.
_SHAPES = ("3,224,224", "3,32,32", "1,28,28", "1,32,32")


def _option(flag: str) -> Option | None:
    return next((option for option in OPTIONS if flag in option.flags), None)


def _values(option: Option, word: str, namespace: Mapping[str, Any]) -> Offer | None:
    """The values that fit after an option."""
    if option.long == "--model":
        return None if re.search(r"\W", word) else _beginning(list(modules_in(namespace)), word)
    if option.long == "--input":
        return Offer([shape for shape in _SHAPES if shape.startswith(word)], word)
    if not option.choices:
        return None
    return _beginning(option.choices, word.rpartition(",")[2] if option.long in _LISTS else word)


def _beginning(texts: list[str] | tuple[str, ...], word: str) -> Offer:
    return Offer([text for text in texts if text.startswith(word)], word)


def install(shell: Any) -> Callable[[], None]:
    """Let the shell's completer ask us; what is returned takes that back."""
    completer: Any = shell.Completer
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:  # before IPython 8.6
        return _install_hook(shell)

    @context_matcher(identifier="nbcnncost")  # type: ignore[untyped-decorator]
    def matcher(context: Any) -> Any:
        offer = offers(context.text_until_cursor, shell.user_ns)
        if offer is None:
            return {"completions": []}
        completions = [SimpleCompletion(text, type="magic") for text in offer.texts]
        return {
            "completions": completions,
            "suppress": True,
            "matched_fragment": offer.fragment,
            "ordered": True,
        }

    completer.custom_matchers.append(matcher)

    def remove() -> None:
        if matcher in completer.custom_matchers:
            completer.custom_matchers.remove(matcher)

    return remove


def _install_hook(shell: Any) -> Callable[[], None]:
    """The same for older IPythons, whose completer adds what it finds itself."""

    def hook(_: Any, event: Any) -> list[str]:
        offer = offers(event.text_until_cursor, shell.user_ns)
        if offer is None:
            raise TryNext
        return offer.texts

    shell.set_hook("complete_command", hook, re_key=_LINE.pattern)

    def remove() -> None:
        shell.strdispatchers["complete_command"].regexs.pop(re.compile(_LINE.pattern), None)

    return remove
