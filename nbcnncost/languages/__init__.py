"""What the package says, in other languages.

Whoever computes or raises says it in English; at the edge, where it is shown, :func:`translate` looks the finished text
up. A language is a folder with a read-only dict of English templates and what they are in it; what has no entry (a
layer's name, a framework's own message) stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache, partial

from nbcnncost.languages.here import language_here
from nbcnncost.languages.templates import Template
from nbcnncost.languages.zh import ZH
from nbcnncost.languages.zh.panel import PANEL

__all__ = ["LANGUAGES", "catalogue", "errors_in", "language_here", "speaker", "translate", "words"]

#: The languages by their codes; the first is the one in which everything is written.
LANGUAGES = ("en", "zh")
#: No text of ours has so many ends of sentences in it; what has is somebody's own, with a sentence of ours around it.
_MANY_ENDS = 16


def catalogue(lang: str) -> Mapping[str, str]:
    """The templates of a language by their English ones."""
    return {"zh": ZH}[lang]


@lru_cache(maxsize=4096)
def translate(text: str, lang: str) -> str:
    """A finished English text in another language; what has no entry stays as it is.

    >>> translate("there is no view 'tabel'; there are: table, chart, both", "zh")
    "没有 'tabel' 这种视图；可选的有：table, chart, both"
    >>> translate("conv1", "zh"), translate("total", "en")
    ('conv1', 'total')
    """
    if lang == LANGUAGES[0] or not text:
        return text
    entry = catalogue(lang).get(text)
    if entry is not None:
        return entry
    if text.count("; ") + text.count(": ") >= _MANY_ENDS:
        return _filled(text, lang, strictly=False) or text
    return (
        _side_by_side(text, lang)
        or _by_template(text, lang, strictly=True)
        or _one_after_the_other(text, lang)
        or _by_template(text, lang, strictly=False)
        or text
    )


def speaker(lang: str) -> Callable[[str], str]:
    """:func:`translate` into one language."""
    return partial(translate, lang=lang)


@contextmanager
def errors_in(lang: str, *kinds: type[Exception]) -> Iterator[None]:
    """Let the errors of these kinds that leave say their sentence in a language; they stay the same errors."""
    try:
        yield
    except kinds as error:
        if error.args:
            error.args = (translate(str(error), lang), *error.args[1:])
            error.__dict__["lang"] = lang
        raise


def words(lang: str, texts: Iterable[str] = ()) -> dict[str, str]:
    """What a script in the browser says, and these texts besides, with what they are in a language.

    A script fills the holes of its texts itself. In English it needs no words.

    >>> said = words("zh", ["layer", "total"])
    >>> said["layer"], said["total"], said["Copied {0}."]
    ('层', '合计', '已复制 {0}。')
    """
    known: Mapping[str, str] = PANEL if lang == "zh" else {}
    return {**known, **{text: known.get(text) or translate(text, lang) for text in texts}}


@cache
def _templates(lang: str) -> tuple[Template, ...]:
    """The templates with holes, those with the most words of their own first."""
    made = (Template(english, other) for english, other in catalogue(lang).items() if "{" in english)
    return tuple(sorted(made, key=lambda template: template.weight, reverse=True))


def _by_template(text: str, lang: str, *, strictly: bool) -> str | None:
    """A sentence whose holes are filled, alone or behind the name of what it is about."""
    return _filled(text, lang, strictly=strictly) or _labelled(text, lang)


def _filled(text: str, lang: str, *, strictly: bool) -> str | None:
    """A sentence whose holes are filled; ``None`` where it is no such one."""
    found = (
        template.said(text, lambda part: translate(part, lang), strictly=strictly) for template in _templates(lang)
    )
    return next((said for said in found if said is not None), None)


def _labelled(text: str, lang: str) -> str | None:
    """A sentence behind the name of what it is about: ``net_a: all parameters of Net are frozen``."""
    label, colon, sentence = text.partition(": ")
    said = translate(sentence, lang) if colon and "; " not in label else sentence
    return f"{label}：{said}" if said != sentence else None


def _side_by_side(text: str, lang: str) -> str | None:
    """Texts with a dot between them, each for itself; ``None`` where none of them has an entry."""
    pieces = text.split(" · ")
    said = [translate(piece, lang) for piece in pieces] if len(pieces) > 1 else pieces
    return " · ".join(said) if said != pieces else None


def _one_after_the_other(text: str, lang: str) -> str | None:
    """Sentences behind each other, each as long as it can be; ``None`` where none of them has an entry."""
    pieces = text.split("; ")
    if len(pieces) == 1:
        return None
    said: list[str] = []
    start = 0
    while start < len(pieces):
        longer = ("; ".join(pieces[start:stop]) for stop in range(len(pieces), start, -1))
        sentence = next((sentence for sentence in longer if _entry(sentence, lang)), pieces[start])
        said.append(_entry(sentence, lang) or translate(sentence, lang))
        start += sentence.count("; ") + 1
    return "；".join(said) if said != pieces else None


@lru_cache(maxsize=4096)
def _entry(sentence: str, lang: str) -> str | None:
    """What pieces are together, as one sentence."""
    return catalogue(lang).get(sentence) or _by_template(sentence, lang, strictly=True)
