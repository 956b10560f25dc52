"""Reading an input's shape as people write it: ``3,224,224``, ``1x3x224x224``, ``(1, 3, 224, 224)``."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Sequence
from operator import index

from nbcnncost.errors import InputError

_SEPARATORS = re.compile(r"\s*[,x×*X\s]\s*")


def parse_shape(text: str) -> tuple[int, ...]:
    """The numbers of a shape; raises :class:`InputError` with what it should look like.

    >>> parse_shape("1,3,224,224"), parse_shape("3x32x32"), parse_shape("(1, 784)")
    ((1, 3, 224, 224), (3, 32, 32), (1, 784))
    """
    inner = text.strip().strip("()[]").strip().strip(",")
    parts = _SEPARATORS.split(inner) if inner else []
    if not parts or not all(re.fullmatch(r"-?\d+", part) for part in parts):
        raise InputError(f"cannot read the shape {text!r}; write it as 1,3,224,224 or 3x224x224")
    return check_shape([int(part) for part in parts])


def check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape as a tuple of whole numbers, each at least 1."""
    try:
        sizes = tuple(index(size) for size in shape)
    except TypeError:
        raise InputError(
            f"a shape consists of whole numbers, such as (1, 3, 224, 224); not so {reprlib.repr(shape)}"
        ) from None
    if not sizes:
        raise InputError("an empty shape has no elements; write it as 1,3,224,224")
    if min(sizes) < 1:
        raise InputError(f"every size is at least 1; not so in {sizes}")
    if len(sizes) > 8 or max(sizes) > 10**9:
        raise InputError(f"{sizes} is no input's shape; write it as 1,3,224,224")
    return sizes
