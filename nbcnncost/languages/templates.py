"""One sentence in two languages: an English template, found again in a finished text, and its translation.

A hole is ``{name}``: what stands in it (a layer's name, a number, a piece of code) is taken over as it is. What kind of
hole it is may follow a colon:

- ``{why:text}`` is translated itself, and may be empty; ``{verb:word}`` is a single word that is;
- ``{names:list}`` is a list of such texts, ``{titles:either}`` are some with a stroke between them;
- ``{counted:tally}`` is a list whose entries have templates of their own, which begin with ``#``;
- ``{operations:noun}`` is a word in the singular or plural;
- ``{size:number}`` is digits alone, ``{size:shape}`` a shape, ``{work:amount}`` a number with its prefix.

``layer(s)`` stands for ``layer`` and ``layers``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from string import Formatter
from types import MappingProxyType

_PLURAL = "(s)"
#: What may stand in each kind of hole.
_PATTERNS = MappingProxyType(
    {
        "": ".+?",
        "text": ".*?",
        "list": ".+?",
        "noun": ".+?",
        "word": r"\w+",
        "tally": ".+?",
        "either": ".+?",
        "number": "[0-9][0-9,]*",
        "amount": r"[0-9?][0-9.,]*(?: [kMGTPE])?(?: \([^()]*\))?(?: \+ \?)?",
        "shape": "[0-9?][0-9×?]*|scalar",
    }
)
_COMMA = "、"

Translator = Callable[[str], str]


class Template:
    """An English template and what it is in another language, its holes in whatever order."""

    def __init__(self, english: str, other: str) -> None:
        self.english, self.other = english, other
        self._pieces = tuple((text, name, kind) for text, name, kind, _ in Formatter().parse(english))

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each hole by its name."""
        return {name: kind or "" for _, name, kind in self._pieces if name is not None}

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """What stands between the holes."""
        return tuple(part for text, _, _ in self._pieces for part in text.split(_PLURAL) if part)

    @property
    def weight(self) -> tuple[int, int]:
        """How much of it is its own words: the heavier of two that fit is meant."""
        return sum(map(len, self.literals)), -len(self.kinds)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = []
        for text, name, kind in self._pieces:
            parts.append(re.escape(text).replace(re.escape(_PLURAL), "s?"))
            if name is not None:
                parts.append(f"(?P<{name}>{_PATTERNS[kind or '']})")
        return re.compile("".join(parts), re.DOTALL)

    def said(self, text: str, translate: Translator) -> str | None:
        """A finished text in the other language; ``None`` where it is not this sentence."""
        if not all(literal in text for literal in self.literals):
            return None
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        values = {name: _filled(value, self.kinds[name], translate) for name, value in found.groupdict().items()}
        said = ""
        for literal, name, _, _ in Formatter().parse(self.other):
            for part in (literal, values.get(name or "", "")):
                said += _space(said, part) + part
        return said


def _space(before: str, after: str) -> str:
    """The space between a Chinese word and a Latin one or a number, where two texts meet."""
    marks = before[-1:], after[:1]
    ideographs = ["\u4e00" <= mark <= "\u9fff" for mark in marks]
    latin = [mark.isascii() and mark.isalnum() for mark in marks]
    return " " if (ideographs[0] and latin[1]) or (latin[0] and ideographs[1]) else ""


def _filled(value: str, kind: str, translate: Translator) -> str:
    """What stands in a hole, in the other language."""
    if kind in ("text", "word"):
        return translate(value)
    if kind == "list":
        return _COMMA.join(map(translate, value.split(", ")))
    if kind == "either":
        return " / ".join(_together(part, translate) for part in value.split(" / "))
    if kind == "tally":
        entries = re.split(r", (?![^()]*\))", value)
        return _COMMA.join(translate(f"#{entry}").removeprefix("#") for entry in entries)
    if kind == "noun":
        said = translate(value)
        return said if said != value else translate(value.removesuffix("s"))
    return value


def _together(text: str, translate: Translator) -> str:
    """A text, or several with a plus between them."""
    said = translate(text)
    return said if said != text else " + ".join(map(translate, text.split(" + ")))
