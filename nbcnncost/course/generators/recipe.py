"""A sheet as the code that makes it again: what a student's notebook holds in the place of its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from nbcnncost.conventions import CONVENTIONS, Convention
from nbcnncost.course import building
from nbcnncost.course.generators import wording
from nbcnncost.course.generators.layer_code import layer_code
from nbcnncost.course.layers import Layer
from nbcnncost.course.making import Course
from nbcnncost.course.messages import say
from nbcnncost.course.quantities import QUANTITIES
from nbcnncost.course.questions import Question
from nbcnncost.course.settings import Settings
from nbcnncost.course.sheet import Sheet
from nbcnncost.course.topics import TOPICS
from nbcnncost.errors import CostError
from nbcnncost.languages import LANGUAGES

_INDENT = " " * 4
#: Conventions that a course may change rules of.
_BASES = ("textbook", "macs", "paper")


@dataclass(frozen=True)
class Recipe:
    """Code that binds ``lab``: what it imports from where, and its lines.

    ``is_drawn`` says that each student gets layers of their own: the code then reads ``STUDENT``.
    """

    imports: tuple[tuple[str, tuple[str, ...]], ...]
    lines: tuple[str, ...]
    is_drawn: bool = False

    def code(self, *more: str) -> str:
        """The code; ``more`` are further functions of the course to be imported."""
        found = dict(self.imports)
        found["nbcnncost.course"] = (*found.get("nbcnncost.course", ()), *more)
        lines = [f"from {module} import {', '.join(sorted(set(names)))}" for module, names in found.items() if names]
        return "\n".join([*lines, "", *self.lines])


def recipe(sheet: Sheet, setup: str = "") -> Recipe:
    """The code that makes a sheet again, with the same questions and answers.

    ``setup`` is code of the teacher's own, for a sheet about a model: it binds ``lab``.
    """
    if setup:
        if "lab" not in setup:
            raise CostError(wording.NO_LAB)
        return Recipe((), tuple(setup.strip().splitlines()), "STUDENT" in setup)
    course = _course(sheet.settings)
    found = None if course is None else _of_topic(sheet) or _of_layers(sheet) or _of_questions(sheet)
    if course is None or found is None:
        raise CostError(wording.NO_RECIPE)
    names, text, is_drawn = found
    shared = ("nbcnncost.conventions", tuple(name for name in _BASES if f"{name}.with_rules" in course))
    lines = (f"course = {course}", f"lab = {text}")
    return Recipe((shared, ("nbcnncost.course", ("Course", *names))), lines, is_drawn)


Found = tuple[Sequence[str], str, bool]


def is_drawn(sheet: Sheet) -> bool:
    """Whether a sheet stands for a variant of each student's own: a topic's, made without a student."""
    return not sheet.student and _of_topic(sheet) is not None


def _of_topic(sheet: Sheet) -> Found | None:
    if sheet.name not in TOPICS:
        return None
    whole = Course(sheet.settings).sheet(sheet.name, student=sheet.student)
    chosen = () if len(whole) == len(sheet) else _asked(sheet)
    if not {entry.quantity.name for entry in whole}.issuperset(chosen):
        return None
    if not _agree(sheet, Course(sheet.settings).sheet(sheet.name, student=sheet.student, ask=chosen)):
        return None
    more = f", ask={_row(chosen)}" if chosen else ""
    if sheet.student:
        return (), f"course.sheet({quoted(sheet.name)}, student={quoted(sheet.student)}{more})", False
    return ("student",), f"course.sheet({quoted(sheet.name)}, student=student(STUDENT){more})", True


def _asked(sheet: Sheet) -> tuple[str, ...]:
    """What a sheet asks for."""
    return tuple(name for name in QUANTITIES if any(entry.quantity.name == name for entry in sheet.questions))


def _of_layers(sheet: Sheet) -> Found | None:
    """A sheet of layers by their names."""
    named: dict[str, tuple[Layer, ...]] = {}
    for question in sheet.questions:
        if question.below or question.quantity.name == "receptive_field":
            return None
        if question.name != "total" and len(question.layers) > len(named.get(question.name, ())):
            named[question.name] = question.layers
    for chosen in ((), _asked(sheet)):
        if named and _agree(sheet, Course(sheet.settings).sheet(named, ask=chosen)):
            return _written(named, [f"{_INDENT}ask={_row(chosen)},"] if chosen else [])
    return None


def _written(named: Mapping[str, Sequence[Layer]], more: Sequence[str]) -> Found | None:
    names, lines = set[str](), []
    for name, layers in named.items():
        found = _row_of(layers)
        if found is None:
            return None
        names |= found[0]
        lines.append(f"{_INDENT * 2}{quoted(name)}: {found[1]},")
    body = "\n".join(["course.sheet(", f"{_INDENT}{{", *lines, f"{_INDENT}}},", *more, ")"])
    return sorted(names), body, False


def _of_questions(sheet: Sheet) -> Found | None:
    """A sheet of any questions, each made by itself."""
    names, lines = set[str](), []
    for question in sheet.questions:
        found = _question(question)
        if found is None:
            return None
        names |= found[0]
        lines.append(f"{_INDENT * 2}{found[1]},")
    body = "\n".join(["course.sheet(", f"{_INDENT}[", *lines, f"{_INDENT}],", ")"])
    return sorted(names), body, False


def _question(question: Question) -> tuple[set[str], str] | None:
    """A question as code, if it is the same question again."""
    name, quantity, layers = question.name, question.quantity.name, question.layers
    if quantity == "ratio":
        return _ratio(question)
    made = building.question(name, layers, quantity, question.convention)
    found = _row_of(layers)
    if made is None or made.value != question.value or found is None:
        return None
    if quantity == "receptive_field":
        return found[0], f"course.receptive_field({found[1]}, name={quoted(name)})"
    return found[0], f"course.question({found[1]}, {quoted(quantity)}, name={quoted(name)})"


def _ratio(question: Question) -> tuple[set[str], str] | None:
    layers, of = question.layers, question.parts[0].quantity
    for split in range(1, len(layers)):
        first, second = layers[:split], layers[split:]
        sides = (_row_of(first), _row_of(second))
        if sides[0] is None or sides[1] is None:
            return None
        made = building.ratio(question.name, first, second, of, question.convention)
        if made.said_in(question.lang).about == question.about:
            text = f"{sides[0][1]}, {sides[1][1]}, of={quoted(of)}, name={quoted(question.name)}"
            return sides[0][0] | sides[1][0], f"course.saving({text})"
    return None


def _row_of(layers: Sequence[Layer]) -> tuple[set[str], str] | None:
    """One layer, or a list of several, as code with the functions that it calls."""
    found = [layer_code(layer) for layer in layers]
    known = [entry for entry in found if entry is not None]
    if len(known) != len(layers):
        return None
    text = known[0][1] if len(known) == 1 else f"[{', '.join(call for _, call in known)}]"
    return {name for name, _ in known}, text


def _agree(sheet: Sheet, other: Sheet) -> bool:
    return [(entry.key, entry.value) for entry in sheet] == [(entry.key, entry.value) for entry in other]


def _course(settings: Settings) -> str | None:
    """The course as code; ``None`` where its convention has rules that no text says."""
    usual = Settings(lang=LANGUAGES[0])  # whatever notebook this is made in
    given = []
    if settings.convention != usual.convention:
        text = _convention(settings.convention)
        if text is None:
            return None
        given.append(text)
    others = (entry.name for entry in fields(Settings) if entry.name != "convention")
    changed = {name: getattr(settings, name) for name in others if getattr(settings, name) != getattr(usual, name)}
    given += [f"{name}={_literal(value)}" for name, value in changed.items()]
    return f"Course().use({', '.join(given)})" if given else "Course()"


def _convention(convention: Convention) -> str | None:
    """A convention by its name, or by what it changes in another."""
    for name, base in CONVENTIONS.items():
        if convention == base:
            return quoted(name)
    for name in _BASES:
        base = CONVENTIONS[name]
        weights = {key: weight for key, weight in convention.weights.items() if base.weights.get(key) != weight}
        rules = {key: rule for key, rule in convention.rules.items() if base.rules.get(key) != rule}
        changed = {**weights, **rules}
        if not any(map(callable, rules.values())) and base.with_rules(changed, name=convention.name) == convention:
            text = ", ".join(f"{quoted(key)}: {_literal(rule)}" for key, rule in changed.items())
            return f"{name}.with_rules({{{text}}}, name={quoted(convention.name)})"
    return None


def _literal(value: object) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def _row(names: Sequence[str]) -> str:
    return f"({', '.join(map(quoted, names))},)"


def quoted(text: str) -> str:
    """A text as it stands in code, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


def variant_only(sheet: Sheet) -> None:
    """Refuse a sheet that has no numbers of its own, where numbers are written out."""
    if is_drawn(sheet):
        raise CostError(say(wording.NO_STUDENTS, topic=repr(sheet.name)))
