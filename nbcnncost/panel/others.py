"""One row of a report in every convention: each one's number, how far it is from the report's own, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from nbcnncost.conventions import CONVENTIONS, Convention, Part, Peer, symbol_values
from nbcnncost.expressions import Expression
from nbcnncost.panel.payload import exact_number
from nbcnncost.symbols import SYMBOLS
from nbcnncost.units import exact
from nbcnncost.views import mathml
from nbcnncost.views.numbers import ratio
from nbcnncost.views.strings import clean

if TYPE_CHECKING:
    from nbcnncost.layout import Place
    from nbcnncost.records import OpRecord, Trace
    from nbcnncost.report import Report

#: A row with more different formulas than this has none shown: a container, say.
_MOST_FORMULAS = 2


class _Tally(NamedTuple):
    """What one convention counts at a row: a number, how many operations it lacks, and the formulas that add up."""

    number: int
    unknown: int
    formulas: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """All digits, with what is not known."""
        if not self.unknown:
            return exact(self.number)
        return f"{exact(self.number)} + ?" if self.number else "?"

    @property
    def key(self) -> str:
        """The formulas, products with their factors in order; empty where there is none to show."""
        return " + ".join(text if "+" in text else "·".join(sorted(text.split("·"))) for text in self.formulas)

    @property
    def mathml(self) -> str:
        """The formulas as one sum."""
        return mathml.math("<mo>+</mo>".join(map(mathml.formula, self.formulas, self.formulas.values())))


class Others:
    """A report's rows in all conventions; each tool's numbers are worked out once, when they are first asked for."""

    def __init__(self, report: Report) -> None:
        self._trace = report.trace
        self._own = report.convention
        named = [entry for name, entry in CONVENTIONS.items() if name != self._own.name]
        self._conventions = (self._own, *named)

    def of(self, leaves: Sequence[Place]) -> tuple[list[dict[str, Any]], list[tuple[str, str, str]]]:
        """The conventions of a row that consists of these places, the report's own first, and the symbols they use.

        Each has its ``name``, ``unit``, ``number`` and that as ``text``, its ``ratio`` to the report's own, a ``note``,
        what the tool ``says`` for the unit, and its formula as ``mathml``, or whose formula it is ``like``.
        """
        failed = any(place.failed for place in leaves)
        tallies = [(entry, self._tally(entry, leaves)) for entry in self._conventions]
        own = tallies[0][1]
        forward = self._tally(self._own, leaves, whole=False)
        first: dict[str, str] = {}
        shown = []
        for entry, tally in tallies:
            like = first.setdefault(tally.key, entry.name) if tally.key else entry.name
            formula = tally.mathml if tally.key and like == entry.name else ""
            made = self._shown(entry, tally, own if entry.counts_steps else forward, failed=failed)
            shown.append({**made, "mathml": formula, "like": "" if like == entry.name else like})
        return shown, [symbol for _, tally in tallies for symbol in _symbols(tally)]

    def _shown(self, entry: Convention, tally: _Tally, own: _Tally, *, failed: bool) -> dict[str, Any]:
        notes = tally.notes
        if self._trace.training is not None and not entry.counts_steps:
            notes = ("of the forward alone", *notes)
        if own.number and not (failed or tally.number or tally.unknown or tally.notes):
            notes = (*notes, "counts nothing here")
        return {
            "name": clean(entry.name),
            "unit": entry.unit,
            "says": entry.says if isinstance(entry, Peer) and entry.says != entry.unit else "",
            "number": None if failed else exact_number(tally.number),
            "text": "?" if failed else tally.text,
            "ratio": "" if failed or tally.unknown or own.unknown else ratio(tally.number, own.number),
            "note": "; ".join(notes),
        }

    def _tally(self, entry: Convention, leaves: Sequence[Place], *, whole: bool = True) -> _Tally:
        """What a convention counts; without ``whole`` of the forward alone."""
        ops = [index for place in leaves for index in place.ops]
        step = [index for place in leaves for index in place.step] if whole and entry.counts_steps else []
        tally = self._heard(entry, ops, step) if isinstance(entry, Peer) else self._counted(entry, ops, step)
        return tally._replace(formulas={}) if step else tally

    def _counted(self, entry: Convention, ops: Sequence[int], step: Sequence[int]) -> _Tally:
        forward, besides = self._counts[entry.name]
        numbers = [*(forward[index] for index in ops), *(besides[index] for index in step)]
        known = [number for number in numbers if number is not None]
        reckoned = (found for index in ops for found in entry.reckon(self._trace, index))
        formulas = _formulas((found.expression, found.values) for found in reckoned if found.number)
        return _Tally(sum(known), len(numbers) - len(known), formulas, ())

    def _heard(self, peer: Peer, ops: Sequence[int], step: Sequence[int]) -> _Tally:
        forward, besides, several = self._parts[peer.name]
        parts = [part for index in ops for part in forward.get(index, ())]
        more = [part for index in step for part in besides.get(index, ())]
        number = sum(part.number for part in (*parts, *more))
        records = self._trace.ops
        formulas = _formulas((part.expression, {**symbol_values(records[part.op]), **part.values}) for part in parts)
        notes = dict.fromkeys([*_elsewhere(self._trace, several, set(ops)), *_faults(peer, [*parts, *more])])
        return _Tally(number, 0, formulas, tuple(notes))

    @cached_property
    def _counts(self) -> dict[str, tuple[tuple[int | None, ...], tuple[int | None, ...]]]:
        """What each operation counts as by rules, in the forward and in the rest of a training step."""
        plain = [entry for entry in self._conventions if not isinstance(entry, Peer)]
        return {entry.name: (entry.counts(self._trace), entry.step_counts(self._trace)) for entry in plain}

    @cached_property
    def _parts(self) -> dict[str, tuple[dict[int, list[Part]], dict[int, list[Part]], list[Part]]]:
        """What each tool adds up by operation, in the forward and besides it, and what of that is of whole modules."""
        found = {}
        for peer in (entry for entry in self._conventions if isinstance(entry, Peer)):
            heard = list(peer.hears(self._trace))
            several = [part for part in heard if part.stop > part.op + 1]
            found[peer.name] = _by_op(heard), _by_op(peer.step_parts(self._trace)), several
        return found


def _elsewhere(trace: Trace, several: Iterable[Part], own: set[int]) -> Iterator[str]:
    """That a tool's number for a whole module stands at one of its operations, here or in another row."""
    for part in several:
        spanned = range(part.op, part.stop)
        if own.isdisjoint(spanned) or not part.number:
            continue
        if part.op not in own:
            yield "counted with the module around it, in that module's first row"
        elif any(place not in own and _computes(trace.ops[place]) for place in spanned):
            yield "its one number for the whole module around it stands in this row"


def _symbols(tally: _Tally) -> Iterator[tuple[str, str, str]]:
    """The symbols of the formulas, each with its meaning and its value."""
    for values in tally.formulas.values():
        yield from ((name, SYMBOLS.get(name, ""), exact(value)) for name, value in values.items())


def _formulas(found: Iterable[tuple[Expression | None, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """The different formulas as they are shown, each with the symbols that it uses; none where they are too many."""
    shown: dict[str, dict[str, int]] = {}
    for formula, values in found:
        text = "" if formula is None else formula.symbols(values)
        if text in ("", "0", *shown):
            continue
        if len(shown) == _MOST_FORMULAS:
            return {}
        shown[text] = {name: value for name, value in values.items() if _stands_in(name, text)}
    return shown


def _stands_in(name: str, text: str) -> bool:
    for mark in "·+−/()⌊⌋ ":
        text = text.replace(mark, "\n")
    return name in text.split("\n")


def _faults(peer: Peer, parts: Iterable[Part]) -> Iterator[str]:
    """A sentence for each thing that a tool gets wrong, or chooses to do otherwise, in these parts."""
    sentences = {**peer.choices, **peer.faults}
    for part in parts:
        if part.fault in sentences:
            yield sentences[part.fault]
        before = part.number
        for key, left in part.corrected():
            if left.number != before and key in sentences:
                yield sentences[key]
            before = left.number


def _by_op(parts: Iterable[Part]) -> dict[int, list[Part]]:
    found: dict[int, list[Part]] = {}
    for part in parts:
        found.setdefault(part.op, []).append(part)
    return found


def _computes(op: OpRecord) -> bool:
    return op.kind not in ("movement", "random", "integer")
