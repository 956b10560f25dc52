"""Exact fractions as text, and text and scalars as exact fractions: how an answer is read and written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

from nbcnncost.course import messages
from nbcnncost.course.messages import say
from nbcnncost.errors import CostError
from nbcnncost.units import exact

#: An answer that is rounded shows at least as many significant digits.
LEAST_DIGITS = 3
#: No answer is as large as that; Python would refuse to write it out.
_MOST_DIGITS = 100
_MOST = 10**_MOST_DIGITS
#: What was given is named in a sentence with so many characters.
_LONGEST = 40
#: No "B": a billion, or bytes.
_SUFFIXES = {"k": 3, "K": 3, "M": 6, "G": 9, "T": 12}
#: What groups digits is left out; signs that only look different (a full-width comma, a typographic minus) are not.
_WRITTEN = str.maketrans("，．＋－−", ",.+--", " \t\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}_'’")
_NUMBER = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)?(\.\d*)?(?:[eE]([+-]?\d{1,2}))?([kKMGT]?)")
#: Text that is nearly a number, and the sentence that says what is to be changed.
_NEARLY = (
    (re.compile(r"[+-]?\d[\d.,]*[eE][+-]?\d{3,}"), messages.NOT_FINITE),
    (re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d{1,2})?[kKMGT]?"), messages.A_DECIMAL_COMMA),
    (re.compile(r"[\d.,()+*/·×x^-]*\d[)]*(?:\*\*|[+*/·×x^-])[\d.,()+*/·×x^-]*\d[)]*"), messages.A_CALCULATION),
    (re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d{1,2})?[^\W\d][\w/]*"), messages.A_UNIT),
)
_POWER = re.compile(r"(.*?)(?:\*|·|×|x)10(?:\^|\*\*)([+-]?\d{1,2})")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
#: Floats with fewer bits than Python's know a number to so many significant binary digits.
_FLOAT_BITS = {"float32": 24, "float16": 11, "bfloat16": 8}
#: Python's own keep so many decimal digits of what was computed: 64.1 * 1e6 is 64099999.99999999.
_FLOAT_DIGITS = 15


class NotANumber(CostError):  # noqa: N818 -- what was given is that, as ValuesNeeded is
    """What was given as an answer is no number; the message says why, and what to give."""


@dataclass(frozen=True)
class Answer:
    """A student's number: exact, or to some significant ``digits``, as it was written.

    ``bits`` are the significant binary digits of a float that has fewer of them than Python's own. ``is_padded`` says
    that some digits are zeros that may have been written: a float keeps none.
    """

    value: Fraction
    text: str
    digits: int | None = None
    bits: int | None = None
    is_padded: bool = False

    def is_exactly(self, value: Fraction) -> bool:
        """Whether this is the number; a float may be off by what floats are."""
        if self.value == value:
            return True
        if self.bits is not None:
            return abs(self.value - value) * (1 << self.bits) <= abs(value)
        return self.digits is not None and value != 0 and abs(self.value / value - 1) < Fraction(1, 10**12)

    def rounds(self, value: Fraction) -> bool:
        """Whether this is the number, rounded to as many digits as were written: three or more."""
        digits = self._digits_for(value)
        return digits is not None and digits >= LEAST_DIGITS and self._is_near(value, digits)

    def is_coarsely(self, value: Fraction) -> bool:
        """Whether this is the number, rounded to too few digits to tell."""
        digits = self._digits_for(value)
        return digits is not None and digits < LEAST_DIGITS and self._is_near(value, digits)

    def cuts(self, value: Fraction) -> bool:
        """Whether this is the number with its last digits cut off, where rounding would have given another one."""
        digits = self._digits_for(value)
        if digits is None or digits < LEAST_DIGITS or self.is_padded or self.bits or value <= 0:
            return False
        return self.value == cut(value, digits) != value and not self._is_near(value, digits)

    def _digits_for(self, value: Fraction) -> int | None:
        """The digits that were written; a whole number is exact, but where the value is none it must be rounded."""
        if self.digits is None and value.denominator != 1 and self.value.denominator == 1:
            return len(str(abs(self.value.numerator)))
        return self.digits

    def _is_near(self, value: Fraction, digits: int) -> bool:
        """Whether this is within half a unit of the last digit: Python rounds halves to even, people up.

        Just below a power of ten a number has finer digits than above it: 9.996e3 is not 10,000 in four digits.
        """
        if not value or not self.value:
            return False
        given = rounded(self.value, digits) if self.bits else self.value  # without what its binary form adds
        magnitude = min(_magnitude(abs(value)), _magnitude(abs(given)))
        return abs(given - value) * 2 <= Fraction(10) ** (magnitude - digits)


def rounded(value: Fraction, digits: int) -> Fraction:
    """A number to so many significant digits, halves away from zero.

    >>> rounded(Fraction(105415200), 3), rounded(Fraction(-5, 2), 1)
    (Fraction(105000000, 1), Fraction(-3, 1))
    """
    if value == 0:
        return value
    power = _magnitude(abs(value)) - digits
    unit = Fraction(10) ** power
    whole = math.floor(abs(value) / unit + Fraction(1, 2))
    return (whole * unit) if value > 0 else -(whole * unit)


def cut(value: Fraction, digits: int) -> Fraction:
    """A number of so many significant digits and no more: what comes after them is left out.

    >>> cut(Fraction(140_553_600), 3), cut(Fraction(-8846, 1000), 3)
    (Fraction(140000000, 1), Fraction(-221, 25))
    """
    if value == 0:
        return value
    unit = Fraction(10) ** (_magnitude(abs(value)) - digits)
    return math.trunc(value / unit) * unit


def half_unit(value: Fraction, digits: int) -> Fraction:
    """How far a number that is rounded to so many significant digits may be from this one.

    >>> half_unit(Fraction(34944), 3)
    Fraction(50, 1)
    """
    return Fraction(10) ** (_magnitude(abs(value)) - digits) / 2


def _magnitude(value: Fraction) -> int:
    """How many digits stand before the point; 0 for 0.1 up to 1."""
    power = len(str(value.numerator)) - len(str(value.denominator))
    return power + (value >= Fraction(10) ** power)


def number_text(value: Fraction) -> str:
    """A number as it is shown: all digits of a whole one, four significant digits of another.

    >>> number_text(Fraction(34944)), number_text(Fraction(4608, 521))
    ('34,944', '8.845')
    """
    if value.denominator == 1:
        return exact(int(value))
    near = rounded(value, 4 if abs(value) < 1000 else max(_magnitude(abs(value)), 4) + 2)
    with localcontext() as context:
        context.prec, context.rounding = 60, ROUND_HALF_UP
        decimal = Decimal(near.numerator) / Decimal(near.denominator)
    text = f"{decimal:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read(key: str, given: Any) -> Answer:
    """A student's answer as a number; raises :class:`NotANumber` with a sentence for what is none.

    Whole numbers and fractions are exact; text with a point, an exponent or a suffix, and floats, may be rounded.

    >>> read("q", "34,944").value, read("q", "1.05e8").digits, read("q", "118 M").digits
    (Fraction(34944, 1), 3, 3)
    """
    try:
        return _read_text(key, str.__str__(given)) if isinstance(given, str) else _read_object(key, given)
    except NotANumber:
        raise
    except Exception:  # noqa: BLE001 -- an object of the student's own may raise anything
        raise NotANumber(say(messages.NO_NUMBER, key=key, given=type(given).__name__)) from None


def _read_object(key: str, given: Any) -> Answer:
    """What is no text, as a number; its own methods may do anything."""
    shape = tuple(getattr(given, "shape", ()) or ())
    if shape or isinstance(given, (list, tuple, set, dict)):
        raise NotANumber(say(messages.AN_ARRAY, key=key, shape=shape or (len(given),)))
    kind = str(getattr(given, "dtype", type(given).__name__)).removeprefix("torch.")
    if isinstance(given, bool) or kind.startswith("bool"):
        raise NotANumber(say(messages.A_TRUTH_VALUE, key=key))
    if given is None or given is NotImplemented or given is Ellipsis:
        raise NotANumber(say(messages.NO_ANSWER, key=key))
    given = _plain(given)
    if isinstance(given, (Integral, Rational)):
        value = Fraction(int(given.numerator), int(given.denominator))
        if max(abs(value.numerator), value.denominator) >= _MOST:
            raise NotANumber(say(messages.NOT_FINITE, key=key, given="this number"))
        return Answer(value, number_text(value))
    if isinstance(given, (Decimal, Real)):
        return _read_float(key, given, kind)
    raise NotANumber(say(messages.NO_NUMBER, key=key, given=shortened(given)))


def _plain(given: Any) -> Any:
    """A numpy or torch scalar as a number of Python's; one without a value (on meta, say) stays as it is."""
    if not (hasattr(given, "dtype") and hasattr(given, "item")):
        return given
    try:
        return given.item()
    except (RuntimeError, TypeError, ValueError):
        return given


def _read_float(key: str, given: Decimal | Real, kind: str) -> Answer:
    if not (_is_written_out(given) if isinstance(given, Decimal) else math.isfinite(given)):
        raise NotANumber(say(messages.NOT_FINITE, key=key, given=shortened(given)))
    if isinstance(given, Decimal):
        digits, is_padded = _padded(str(given))
        return Answer(Fraction(given), str(given), digits, is_padded=is_padded)
    number = float(given)
    bits = _FLOAT_BITS.get(kind)
    written = _fewest_digits(number, bits) if bits else f"{number:.{_FLOAT_DIGITS}g}"
    digits, is_padded = _padded(written)
    value = Fraction(number) if bits else Fraction(written)
    return Answer(value, f"{number:,.{_FLOAT_DIGITS}g}", digits, bits, is_padded)


def _fewest_digits(number: float, bits: int) -> str:
    """The shortest text that a float of so many bits cannot tell from itself: 12.98 is 12.979999542236328 in 24."""
    value = Fraction(number)
    texts = (f"{number:.{digits}g}" for digits in range(LEAST_DIGITS, _FLOAT_DIGITS))
    return next(text for text in texts if abs(Fraction(text) - value) * (1 << bits) <= abs(value))


def _is_written_out(given: Decimal) -> bool:
    """Whether a decimal is a number with no more digits than anybody writes."""
    return given.is_finite() and abs(given.adjusted()) < _MOST_DIGITS


def _padded(text: str) -> tuple[int, bool]:
    """The digits of a float's text, three at least, since it keeps no zeros at its end: 1e8 may be 1.00e8."""
    digits = _digits(text)
    return max(digits, LEAST_DIGITS), digits < LEAST_DIGITS


def _digits(text: str) -> int:
    """The significant digits of a float's text, without zeros at its end, which may be none."""
    return len(text.lower().partition("e")[0].replace(".", "").strip("+-").strip("0"))


def _read_text(key: str, given: str) -> Answer:
    text = given.strip().translate(_WRITTEN)
    if not text:
        raise NotANumber(say(messages.NO_ANSWER, key=key))
    if re.fullmatch(r"[+-]?\d{1,30}/\d{1,30}", text) and int(text.partition("/")[2]):
        return Answer(Fraction(text), _as_written(given))
    power = _POWER.fullmatch(text.translate(_SUPERSCRIPTS) if "^" in text or "*" in text else _with_caret(text))
    match = _NUMBER.fullmatch(f"{power[1]}e{power[2]}" if power else text)
    if match is None or not (match[2] or (match[3] or ".") != "."):
        raise NotANumber(say(_sentence(text), key=key, given=shortened(given)))
    sign, whole, part, exponent, suffix = match.groups(default="")
    whole = whole.replace(",", "")
    if len(whole) + len(part) > _MOST_DIGITS:
        raise NotANumber(say(messages.NOT_FINITE, key=key, given=shortened(given)))
    shift = int(exponent or 0) + _SUFFIXES.get(suffix, 0)
    value = Fraction(f"{sign}{whole or 0}{part if part != '.' else ''}") * Fraction(10) ** shift
    is_exact = not (part or exponent or suffix)
    written = len((whole + part.lstrip(".")).lstrip("0"))
    return Answer(value, _as_written(given), None if is_exact else written)


def _as_written(given: str) -> str:
    """A number's text as sentences repeat it: on one line, and no longer than a line."""
    text = " ".join(given.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"


def _sentence(text: str) -> str:
    """What to say of text that is no number; of a long one only that."""
    if len(text) > _MOST_DIGITS:
        return messages.NO_NUMBER
    return next((sentence for form, sentence in _NEARLY if form.fullmatch(text)), messages.NO_NUMBER)


def _with_caret(text: str) -> str:
    """``1.05·10⁸`` with its exponent written as ``^8``."""
    return re.sub(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)$", lambda match: f"10^{match[1].translate(_SUPERSCRIPTS)}", text)


def shortened(given: Any) -> str:
    """Something that was given, as a sentence names it.

    >>> shortened("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
    """
    text = repr(given)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…"
