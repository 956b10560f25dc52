"""How a sheet counts FLOPs, in the sentences that stand above its questions."""

from __future__ import annotations

from collections.abc import Iterator

from nbcnncost.conventions import Convention
from nbcnncost.course.generators import wording
from nbcnncost.course.messages import say
from nbcnncost.course.quantities import OF_FLOPS, counting_flops
from nbcnncost.course.questions import Question
from nbcnncost.course.sheet import Sheet
from nbcnncost.languages import translate


def counting(sheet: Sheet) -> str:
    """By which convention FLOPs are counted, and what that means; empty where none are asked for.

    >>> from nbcnncost.course import linear, sheet
    >>> counting(sheet({"fc": linear(in_features=400, out_features=120)}))
    'FLOPs are counted by the convention textbook. 1 MAC = 2 FLOPs; additions of a bias are left out.'
    """
    asked = [question for question in sheet if _asks_for_flops(question)]
    if not asked:
        return ""
    by = counting_flops(sheet.settings.convention)
    has_rules = any(layer.kind in by.rules for question in asked for layer in question.layers)
    told = [say(wording.CONVENTION, convention=by.name), *([] if has_rules else _meaning(by))]
    lang = sheet.settings.lang
    return ("" if lang == "zh" else " ").join(translate(sentence, lang) for sentence in told)


def _asks_for_flops(question: Question) -> bool:
    """Whether FLOPs are asked for, alone or in a ratio."""
    return any(part.quantity in OF_FLOPS for part in question.parts)


def _meaning(by: Convention) -> Iterator[str]:
    """What a convention without a rule for the kind of layer counts for a multiply-accumulate, a bias and a sum."""
    told = wording.BIAS_COUNTED if by.weights.get("bias_additions") else wording.BIAS_LEFT_OUT
    yield say(told, flops=by.weights.get("macs", 0))
    if by.weights.get("dot_products") == -1:
        yield wording.ONE_ADDITION_LESS
