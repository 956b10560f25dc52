"""What a panel sends, in its report's language: all else of the panel is English, and this is the edge."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from nbcnncost.languages import LANGUAGES, speaker
from nbcnncost.views.strings import settings_text

Say = Callable[[str], str]
#: What the script asks for beside its own sentences: labels, and what tables call the same.
ASKED = (
    *("height", "width", "depth", "length", "resolution", "batch", "dtype", "mode", "convention"),
    *("symbol", "value", "meaning", "number", "ratio", "layer", "total", "kernel", "stride", "padding", "dilation"),
    *("groups", "parameters", "input", "output", "matrix", "removed", "shared", "what the symbols mean"),
)
#: In a formula what is no symbol: a unit behind its space, and how many summands are left out. Layers keep their names.
_WORDS = re.compile("(?<=<mtext>)(\N{NO-BREAK SPACE}?)([^<]*)(?=</mtext>)")
_OTHERS = re.compile(r"\b[0-9]+ others\b")


def details(made: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A row's details: headings, reasons, sources, what symbols mean, and what there is to say of other conventions."""
    say = speaker(lang)
    if not made or lang == LANGUAGES[0]:
        return dict(made)
    return {
        **made,
        "settings": settings_text(made["settings"], say),
        "lines": [_line(line, say) for line in made["lines"]],
        "glossary": [{**entry, "means": say(entry["means"])} for entry in made["glossary"]],
        "source": made["source"] and {**made["source"], "file": say(made["source"]["file"])},
        "conventions": [
            {**entry, "note": _each(entry["note"], say), "says": say(entry["says"])} for entry in made["conventions"]
        ],
    }


def controls(made: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The labels of what can be changed, why something cannot be, and a sentence for each change."""
    say = speaker(lang)
    if not made or lang == LANGUAGES[0]:
        return dict(made)
    labelled = {key: _labelled(entry, say) for key, entry in made.items() if isinstance(entry, dict) and key != "layer"}
    layer, convention = made["layer"], made["convention"]
    choices = [[name, say(title)] for name, title in convention["choices"]]
    return {
        **made,
        **labelled,
        "convention": {**convention, "choices": choices},
        "layer": layer and {**layer, "fields": [_labelled(field, say) for field in layer["fields"]]},
        "reason": say(made["reason"]),
        "changes": [{**change, "text": _change(change, say)} for change in made["changes"]],
    }


def status(made: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What does not work."""
    error = made["error"]
    said = {key: speaker(lang)(text) for key, text in (error or {}).items() if key in ("message", "still") and text}
    return {**made, "error": error and {**error, **said}}


def answer(made: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What is said to a request; files are the report's own."""
    return {**made, "text": speaker(lang)(made["text"])} if made["kind"] == "said" else dict(made)


def _line(line: Mapping[str, str], say: Say) -> dict[str, str]:
    """One explained number: its symbols and numbers are the same in all languages."""

    def shown(found: re.Match[str]) -> str:
        space, words = found.groups()
        return space + (say(words) if space else _OTHERS.sub(lambda others: say(others[0]), words))

    label, bracket, title = line["heading"].partition(" (")
    heading = f"{say(label)}（{say(title.removesuffix(')'))}）" if bracket else say(label)
    text = _OTHERS.sub(lambda found: say(found[0]), line["text"])
    said = {"heading": heading, "text": text, "mathml": _WORDS.sub(shown, line["mathml"])}
    return {**line, **said, "why": say(line["why"]), "source": say(line["source"])}


def _each(notes: str, say: Say) -> str:
    """Several notes behind each other."""
    return say("; ").join(map(say, notes.split("; ")))


def _labelled(entry: Mapping[str, Any], say: Say) -> dict[str, Any]:
    return {**entry, "label": say(entry["label"])} if "label" in entry else dict(entry)


def _change(change: Mapping[str, str], say: Say) -> str:
    """``conv1: kernel 7×7 → 5×5, stride 2 → 1``, of a layer or of the whole model: ``batch: 1 → 8``."""
    about, _, told = change["text"].rpartition(": ")
    if "path" not in change:
        return f"{say(about)}{say(': ')}{told}"
    return f"{about}{say(': ')}{say(', ').join(_setting(part, say) for part in told.split(', '))}"


def _setting(told: str, say: Say) -> str:
    before, arrow, after = told.partition(" → ")
    label, _, value = before.rpartition(" ")
    return f"{say(label)} {value}{arrow}{after}"
