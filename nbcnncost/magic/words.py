"""A magic's line cut into words, as Python would: brackets and quotes hold together what stands in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from IPython.core.error import UsageError

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_SHAPE_PIECE = re.compile(r"[\d,x×*X()\[\]]+")
_SEPARATOR = re.compile(r"[,x×*X]")


def words_of(line: str) -> list[str]:
    """The words of a line, without quotes around them, its comment and a ``;`` at its end.

    >>> words_of("Net(3, 10) -i 3, 224, 224 -o 'small';  # a comment")
    ['Net(3, 10)', '-i', '3,224,224', '-o', 'small']
    """
    words = _split(line)
    if words:
        words[-1] = words[-1].rstrip(";")
    return [_bare(word) for word in _joined_shapes(word for word in words if word)]


def is_silenced(line: str) -> bool:
    """Whether the line ends in ``;``, IPython's sign for showing nothing."""
    words = _split(line)
    return bool(words) and words[-1].endswith(";")


def unquoted(word: str) -> str:
    """A word without the quotes around it, if they are around all of it."""
    quoted = len(word) > 1 and word[0] in "\"'" and word.find(word[0], 1) == len(word) - 1
    return word[1:-1] if quoted else word


def is_expression(text: str) -> bool:
    """Whether Python can read the text as one expression."""
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def elements(expression: str) -> tuple[str, ...]:
    """The expressions that commas separate, each as it is written; else the expression itself.

    >>> elements("net, nets[0, 1], Net(3, 10)"), elements("Net(3, 10)")
    (('net', 'nets[0, 1]', 'Net(3, 10)'), ('Net(3, 10)',))
    """
    text = expression.strip()
    tree = ast.parse(text, mode="eval").body
    if not isinstance(tree, ast.Tuple) or any(isinstance(part, ast.Starred) for part in tree.elts):
        return (text,)
    parts = (ast.get_source_segment(text, part) for part in tree.elts)
    return tuple(part for part in parts if part) or (text,)


def _bare(word: str) -> str:
    option = re.match(r"--[\w-]+=", word)
    return word if option is None and word[:1] not in ("'", '"') else _unquoted_value(word, option)


def _unquoted_value(word: str, option: re.Match[str] | None) -> str:
    return unquoted(word) if option is None else option[0] + unquoted(word[option.end() :])


def _split(line: str) -> list[str]:
    words = [""]
    open_brackets: list[str] = []
    quote = ""
    for letter in line:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _CLOSING:
            open_brackets.append(_CLOSING[letter])
        elif open_brackets and letter == open_brackets[-1]:
            open_brackets.pop()
        elif letter == "#" and not words[-1] and not open_brackets:
            break
        elif letter.isspace() and not open_brackets:
            if words[-1]:
                words.append("")
            continue
        words[-1] += letter
    if quote or open_brackets:
        raise UsageError(f"a {quote or open_brackets[-1]} is missing at the end of: {words[-1]}")
    return [word for word in words if word]


def _joined_shapes(words: Iterable[str]) -> list[str]:
    """The words, where ``-i 3, 224, 224`` is given its shape as one."""
    joined: list[str] = []
    in_shape = False
    for word in words:
        continues = in_shape and _SHAPE_PIECE.fullmatch(word)
        if continues and (_SEPARATOR.match(word) or _SEPARATOR.match(joined[-1][-1:])):
            joined[-1] += word
            continue
        in_shape = word in ("-i", "--input") or (in_shape and joined[-1] in ("-i", "--input"))
        joined.append(word)
    return joined
