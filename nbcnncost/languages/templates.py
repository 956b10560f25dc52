"""One sentence in two languages: an English template, found again in a finished text, and its translation.

A hole is ``{name}``: what stands in it (a layer's name, a number, a piece of code) is taken over as it is. What kind of
hole it is may follow a colon:

- ``{why:text}`` is translated itself, and may be empty; ``{side:word}`` is a single word that is, ``{what:phrase}`` are
  some, with nothing but spaces between them, and ``{layer:layer}`` is a layer with its type, or a model's forward;
- ``{names:list}`` is a list of such texts, ``{titles:either}`` are some with a stroke between them, and
  ``{near:choice}`` are some with an "or" between them;
- ``{name:topic}`` is a topic's name, whose entry begins with ``#``, or such a text;
- ``{counted:tally}`` is a list whose entries have templates of their own, which begin with ``#``;
- ``{operations:noun}`` is a word in the singular or plural;
- ``{model:name}`` has no spaces in it, ``{by:convention}`` no brackets, and ``{source:code}`` may hold anything;
- ``{size:number}`` is digits alone, ``{size:shape}`` a shape, ``{work:amount}`` a number with its prefix.

``layer(s)`` stands for ``layer`` and ``layers``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
        "phrase": r"[\w ]+",
        "layer": r"`[^`]*`(?: \([^()]*\))?|the forward of \S+|\S+",
        "choice": ".+?",
        "topic": ".+?",
        "name": r"\S+",
        "convention": "[A-Za-z][^()]*",
        "code": ".*?",
        "tally": ".+?",
        "either": ".+?",
        "number": "[0-9][0-9,]*",
        "amount": r"[0-9?][0-9.,]*(?: [kMGTPE])?(?: \([^()]*\))?(?: \+ \?)?",
        "shape": "[0-9?][0-9×?]*|scalar",
    }
)
_COMMA = "、"
_OR = " 或 "
#: What is somebody's own, whatever is written in it.
_OWN = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\([^()]*\)|\[[^][]*\]|\{[^{}]*\}""")
_WIDE = re.compile("[\u4e00-\u9fff，。；：、？！（）]")
#: How a Latin word, a number or what stands in brackets or quotes ends and begins.
_LAST, _FIRST = re.compile(r"[A-Za-z0-9)\]'\"`]\Z"), re.compile(r"[A-Za-z0-9(\['\"`]")

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

    def said(self, text: str, translate: Translator, *, strictly: bool = False) -> str | None:
        """A finished text in the other language; ``None`` where it is not this sentence.

        Strictly, what is taken over as it is holds no end of a sentence, and no bracket that does not end in it.
        """
        if not all(literal in text for literal in self.literals):
            return None
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        kept = (value for name, value in found.groupdict().items() if not self.kinds[name])
        if strictly and any(map(_goes_on, kept)):
            return None
        values = {name: _filled(value, self.kinds[name], translate) for name, value in found.groupdict().items()}
        said = ""
        for literal, name, _, _ in Formatter().parse(self.other):
            for part in (literal, values.get(name or "", "")):
                said = _joined(said, part)
        return said


def _goes_on(value: str) -> bool:
    """Whether something ends within a text, outside of quotes and brackets; or a bracket does behind it."""
    before = ""
    while before != value:
        before, value = value, _OWN.sub("", value)
    return any(mark in value for mark in ("; ", ": ", "(", "[", "{"))


def _joined(before: str, after: str) -> str:
    """Two texts that meet: a space between Chinese and a Latin word, a number or a name, none within Chinese."""
    left, right = before.rstrip(" "), after.lstrip(" ")
    if len(before) - len(left) + len(after) - len(right) == 1 and _is_wide(left[-1:]) and _is_wide(right[:1]):
        return left + right
    return before + _space(before, after) + after


def _is_wide(mark: str) -> bool:
    return bool(_WIDE.match(mark))


def _space(before: str, after: str) -> str:
    """The space between a Chinese word and a Latin one, a number, a bracket or a quote, where two texts meet."""
    chinese = [bool(mark) and "\u4e00" <= mark <= "\u9fff" for mark in (before[-1:], after[:1])]
    latin = [bool(_LAST.search(before)), bool(_FIRST.match(after))]
    return " " if (chinese[0] and latin[1]) or (latin[0] and chinese[1]) else ""


def _filled(value: str, kind: str, translate: Translator) -> str:
    """What stands in a hole, in the other language."""
    return _FILLED[kind](value, translate) if kind in _FILLED else value


def _said(value: str, translate: Translator) -> str:
    return translate(value)


def _listed(value: str, translate: Translator) -> str:
    return _COMMA.join(map(translate, value.split(", ")))


def _either(value: str, translate: Translator) -> str:
    return " / ".join(_together(part, translate) for part in value.split(" / "))


def _together(text: str, translate: Translator) -> str:
    """A text, or several with a plus between them."""
    said = translate(text)
    return said if said != text else " + ".join(map(translate, text.split(" + ")))


def _choice(value: str, translate: Translator) -> str:
    return _OR.join(map(translate, value.split(" or ")))


def _tally(value: str, translate: Translator) -> str:
    entries = re.split(r", (?![^()]*\))", value)
    return _COMMA.join(translate(f"#{entry}").removeprefix("#") for entry in entries)


def _noun(value: str, translate: Translator) -> str:
    said = translate(value)
    return said if said != value else translate(value.removesuffix("s"))


def _topic(value: str, translate: Translator) -> str:
    said = translate(f"#{value}")
    return said if said != f"#{value}" else translate(value)


#: How each kind of hole is filled whose text is not taken over as it is.
_FILLED: Mapping[str, Callable[[str, Translator], str]] = MappingProxyType(
    {
        **dict.fromkeys(("text", "word", "phrase", "layer"), _said),
        "list": _listed,
        "either": _either,
        "choice": _choice,
        "tally": _tally,
        "noun": _noun,
        "topic": _topic,
    }
)
