"""Numbers and shapes as text."""

from __future__ import annotations

from collections.abc import Sequence

_SI = ((10**18, "E"), (10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_IEC = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def exact(number: int) -> str:
    """All digits, in groups of three.

    >>> exact(1814073344)
    '1,814,073,344'
    """
    return f"{number:,}"


def _three_digits(scaled: float) -> str:
    """Three significant digits of a number from 1 up to (not including) 1000."""
    decimals = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
    return f"{scaled:.{decimals}f}"


def si(number: int) -> str:
    """Three significant digits with an SI prefix (powers of 1000); below 1000 all digits.

    >>> si(1814073344), si(231_211_008), si(999_999), si(512), si(0)
    ('1.81 G', '231 M', '1.00 M', '512', '0')
    """
    if number < 0:
        return "-" + si(-number)
    if number < 1000:
        return str(number)
    for index, (size, prefix) in enumerate(_SI):
        if number >= size:
            text = _three_digits(number / size)
            if text == "1000" and index:
                return f"1.00 {_SI[index - 1][1]}"
            return f"{text} {prefix}"
    raise AssertionError("unreachable: every number from 1000 has a prefix")


def iec(size: int) -> str:
    """Bytes with an IEC prefix (powers of 1024), one decimal.

    >>> iec(102_228_128), iec(512)
    ('97.5 MiB', '512 B')
    """
    for unit, prefix in _IEC:
        if size >= unit:
            return f"{size / unit:.1f} {prefix}"
    return f"{size} B"


def percent(part: int, whole: int) -> str:
    """A share with one decimal; a share that is not zero never reads as ``0.0 %``.

    >>> percent(118013952, 1814073344), percent(1, 10**9), percent(0, 5), percent(0, 0)
    ('6.5 %', '<0.1 %', '0 %', '0 %')
    """
    if part == 0 or whole == 0:
        return "0 %"
    share = 100 * part / whole
    return "<0.1 %" if share < 0.05 else f"{share:.1f} %"


def shape_text(shape: Sequence[int]) -> str:
    """A shape as people write it; a tensor without dimensions is a scalar.

    >>> shape_text((1, 3, 224, 224)), shape_text(())
    ('1×3×224×224', 'scalar')
    """
    return "×".join(map(str, shape)) if len(shape) else "scalar"


def shapes_text(shapes: Sequence[Sequence[int]]) -> str:
    """Several shapes, comma separated.

    >>> shapes_text([(1, 64), (1, 32)])
    '1×64, 1×32'
    """
    return ", ".join(shape_text(shape) for shape in shapes)


def window_text(
    kernel: Sequence[int],
    *,
    stride: Sequence[int] | int = 1,
    padding: Sequence[int] | int | str = 0,
    dilation: Sequence[int] | int = 1,
    groups: int = 1,
) -> str:
    """How a sliding window is set up, in short; what is as usual is left out, and axes that agree are said once.

    >>> window_text((3, 3), stride=2, padding=(1, 1), groups=32), window_text((5,)), window_text((1, 7), padding=(0, 3))
    ('3×3, s2, p1, g32', 'k5', '1×7, p(0×3)')
    """
    parts = [shape_text(kernel) if len(kernel) > 1 else f"k{kernel[0]}"]
    for letter, setting, usual in (("s", stride, 1), ("p", padding, 0), ("d", dilation, 1), ("g", groups, 1)):
        if isinstance(setting, str):
            parts.append(f"{letter}={setting}")
            continue
        values = (setting,) if isinstance(setting, int) else tuple(setting)
        if any(value != usual for value in values):
            parts.append(f"{letter}{values[0]}" if len(set(values)) == 1 else f"{letter}({shape_text(values)})")
    return ", ".join(parts)


def plural(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it needs one.

    >>> plural(1, "convolution"), plural(53, "convolution"), plural(2, "batch norm")
    ('1 convolution', '53 convolutions', '2 batch norms')
    """
    return f"{exact(number)} {noun}" if number == 1 else f"{exact(number)} {noun}s"
