"""What differs between two rows of the same layer, in words: ``3×3 → 5×5``, ``s1 → s2``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbcnncost.records import TensorSpec
from nbcnncost.rows import Row
from nbcnncost.units import exact, shapes_text

_KERNEL = re.compile(r"k\d+|\d+(?:×\d+)+")
_LETTER = re.compile(r"([spdg])(?:\d|\(|=)")
#: What a setting is where it is not written.
_USUAL = {"s": "s1", "p": "p0", "d": "d1", "g": "g1", "no bias": "bias", "ceil": "no ceil"}


def changes(before: Row, after: Row) -> tuple[str, ...]:
    """Everything but names and numbers in which the two differ; settings first, then shapes."""
    found = list(setting_changes(before, after))
    if (before.role == "unused") != (after.role == "unused"):
        # Shapes and work of a layer that is not called are none, which says no more.
        return (*found, "not called any more" if after.role == "unused" else "called now")
    if before.params == after.params and before.trainable != after.trainable:
        found.append(f"trainable {_from_to(exact(before.trainable), exact(after.trainable))}")
    found += shape_changes(before, after)
    return tuple(found)


def setting_changes(before: Row, after: Row) -> tuple[str, ...]:
    """How type and settings differ."""
    if before.type != after.type:
        return (_from_to(*(f"{row.type} {row.settings}".strip() for row in (before, after))),)
    return tuple(settings_changes(before.settings, after.settings))


def settings_changes(before: str, after: str) -> list[str]:
    """How two texts of settings differ, piece by piece.

    >>> settings_changes("3×3, s2, p1", "5×5, p1, no bias"), settings_changes("400→120", "400→84")
    (['3×3 → 5×5', 's2 → s1', 'bias → no bias'], ['from 400→120 to 400→84'])
    """
    old, new = _pieces(before), _pieces(after)
    found = []
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            usual = _USUAL.get(name, "none")
            found.append(_from_to(old.get(name, usual), new.get(name, usual)))
    return found


def shape_changes(before: Row, after: Row) -> list[str]:
    """How inputs and outputs differ, in shape or else in dtype."""
    sides = (("input", before.inputs, after.inputs), ("output", before.outputs, after.outputs))
    return [f"{side} {_from_to(*_specs(old, new))}" for side, old, new in sides if old != new]


def _specs(before: Sequence[TensorSpec], after: Sequence[TensorSpec]) -> tuple[str, str]:
    shapes = [shapes_text([spec.shape for spec in specs]) or "none" for specs in (before, after)]
    if shapes[0] == shapes[1]:
        shapes = [", ".join(dict.fromkeys(spec.dtype for spec in specs)) for specs in (before, after)]
    return shapes[0], shapes[1]


def _pieces(settings: str) -> dict[str, str]:
    """The settings by what they set: the kernel, a letter, a name, else their place."""
    pieces: dict[str, str] = {}
    for place, piece in enumerate(settings.split(", ") if settings else []):
        letter = _LETTER.match(piece)
        name = str(place)
        if _KERNEL.fullmatch(piece):
            name = "kernel"
        elif letter is not None:
            name = letter[1]
        elif piece in _USUAL:
            name = piece
        elif "=" in piece:
            name = piece.partition("=")[0]
        pieces[name] = piece
    return pieces


def _from_to(before: str, after: str) -> str:
    """An arrow between the two, unless one of them has an arrow of its own."""
    if before.startswith("→") and after.startswith("→"):
        before, after = before[1:], after[1:]
    return f"from {before} to {after}" if "→" in before + after else f"{before} → {after}"
