"""What the panel must show, from the report's rows alone: a second way to the same numbers.

Plain loops over ``report.rows``, by the paths of the layers; the panel adds up in its own tree.
"""

from __future__ import annotations

import re


def names(rows) -> list[str]:
    """What the rows are called: their paths, with a number behind from the second call on."""
    seen, made = {}, []
    for row in rows:
        seen[row.path] = seen.get(row.path, 0) + 1
        made.append(row.path if seen[row.path] == 1 else f"{row.path} ({seen[row.path]})")
    return made


def tree_names(report) -> list[str]:
    """What the rows of the whole tree are called, from top to bottom."""
    return names(report.tree())


def leaves(report) -> dict[str, object]:
    """The layers by their names."""
    return dict(zip(names(report.rows), report.rows, strict=True))


def containers(report) -> dict[str, object]:
    """The containers by their paths; none is called twice in the models of these tests."""
    return {row.path: row for row in report.tree() if not row.is_leaf}


def keeps(report, name: str, row, text: str = "", types=()) -> bool:
    """Whether a filter keeps a layer: it, or what it is in, has each word, and one of the types.

    Paths alone are asked for a word that one of them has.
    """
    places = {name: row} | {path: place for path, place in containers(report).items() if name.startswith(f"{path}.")}
    paths = " ".join(places).lower()
    said = paths + " ".join(f" {place.type} {place.settings}" for place in places.values()).lower()
    known = " ".join(tree_names(report)).lower()
    return all(word in (paths if word in known else said) for word in text.lower().split()) and (
        not types or any(place.type in types for place in places.values())
    )


def sums(report, key: str, text: str = "", types=()) -> dict[str, int]:
    """What each kept layer has of a number, and each container of it the sum; ``""`` is the total."""
    kept = {name: row.number(key) for name, row in leaves(report).items() if keeps(report, name, row, text, types)}
    inside = {path: [kept[name] for name in kept if name.startswith(f"{path}.")] for path in containers(report)}
    return {"": sum(kept.values()), **kept, **{path: sum(numbers) for path, numbers in inside.items() if numbers}}


def natural(text: str) -> list:
    """How people sort words that hold numbers."""
    parts = filter(None, re.split(r"(\d+)", text))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in parts]
