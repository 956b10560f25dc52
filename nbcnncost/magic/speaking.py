"""In which language the magic answers: the line's own, else the one that ``%config`` sets."""

from __future__ import annotations

import copy
import functools
import re
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from nbcnncost.languages import LANGUAGES, translate

_ON_THE_LINE = re.compile(rf"(?:^|\s)--lang(?:\s+|=)[\"']?({'|'.join(LANGUAGES)})\b")


def language_of(line: str, usual: str) -> str:
    """The language of a line, whatever else may be wrong with it."""
    found = _ON_THE_LINE.findall(line)
    return found[-1] if found else usual


def with_help(magic: Callable[..., Any], parser: ArgumentParser, lang: str) -> Callable[..., Any]:
    """The magic with its help text, which ``%cnncost?`` shows, in a language."""
    if lang == LANGUAGES[0]:
        return magic

    @functools.wraps(magic)
    def speaking_magic(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return magic(*args, **kwargs)

    speaking_magic.__doc__ = _translated(parser, lang).format_help()
    return speaking_magic


def _translated(parser: ArgumentParser, lang: str) -> ArgumentParser:
    """A copy of a parser whose help is in a language."""
    other = copy.deepcopy(parser)
    other.description = translate(other.description or "", lang)
    for action in other._actions:
        action.help = translate(action.help or "", lang)
    for group in other._action_groups:
        group.title = translate(group.title or "", lang)
    return other
