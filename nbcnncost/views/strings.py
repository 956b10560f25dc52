"""The user's own strings, as they can be shown."""

from __future__ import annotations

from collections.abc import Callable


def clean(text: str) -> str:
    r"""A user's string on one line, with marks that would act on a terminal or turn text around spelt out.

    >>> clean("conv\n\x1b[31m")
    'conv\\n\\x1b[31m'
    """
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii") for mark in text)


def settings_text(settings: str, say: Callable[[str], str]) -> str:
    """A layer's settings, of which words alone have another language."""
    return ", ".join(map(say, settings.split(", ")))
