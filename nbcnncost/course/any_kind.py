"""A layer of any kind in the table of formulas, by its symbols: what it needs, what else may be said, what not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from nbcnncost.course import messages
from nbcnncost.course.elements import output_text
from nbcnncost.course.layers import Layer, check_setting, plain_kind
from nbcnncost.course.messages import say
from nbcnncost.errors import InputError
from nbcnncost.expressions import axes, expression
from nbcnncost.kinds import FORMULAS

#: What an output's size follows from, besides the kernel and what the formula has.
_WINDOWS = MappingProxyType(
    {
        **dict.fromkeys(("convolution", "max_pool", "average_pool"), ("{axis}_in", "S_{a}", "P_{a}", "D_{a}")),
        "transposed_convolution": ("S_{a}", "P_{a}", "D_{a}", "O_{a}"),
    }
)
#: What one number is, where it is no float32.
_DTYPES = MappingProxyType({"complex_": "complex64", "quantized_": "quint8"})
_MOST_AXES = 3
#: Strides; a window of nothing would divide by 0, too.
_DIVISORS = ("S_", "K_", "D_")


def layer(kind: str, *, spatial: int = 0, **symbols: int) -> Layer:
    """A layer of any kind in the table of formulas, by its symbols; ``spatial`` is the number of its axes.

    The symbols are those of its formula. With input size, stride, padding and dilation of each axis the output's size
    can be asked, too; ``n`` says how many numbers come out where no other symbol does.

    >>> layer("matmul", B=2, m=3, k=4, p=5, b=0).values["m"]
    3
    """
    if kind not in tuple(FORMULAS):
        raise InputError(say(messages.NO_KIND, kind=repr(kind)))
    if spatial not in range(_MOST_AXES + 1):
        raise InputError(say(messages.NO_SPATIAL, spatial=repr(spatial)))
    _check_symbols(kind, spatial, symbols)
    for name, value in symbols.items():
        check_setting(name, value, least=int(name == "g" or name.startswith(_DIVISORS)))
    _check_groups(symbols)
    dtype = next((dtype for prefix, dtype in _DTYPES.items() if kind.startswith(prefix)), "float32")
    return Layer(kind, tuple(symbols.items()), spatial, dtype=dtype)


def _check_symbols(kind: str, spatial: int, symbols: Mapping[str, int]) -> None:
    """Refuse a symbol that the kind does not have, and that one is missing that it needs."""
    needed, window = needed_symbols(kind, spatial), _window(kind, spatial)
    for name in symbols:
        if name not in possible_symbols(kind, spatial):
            raise InputError(_not_there(kind, spatial, name))
    for name in (*needed, *(window if symbols.keys() & set(window) else ())):
        if name not in symbols:
            raise InputError(say(messages.NO_SYMBOL, kind=kind, symbols=", ".join(needed), missing=name))


def _check_groups(symbols: Mapping[str, int]) -> None:
    for name in ("C_in", "C_out"):
        if symbols.get(name, 0) % symbols.get("g", 1):
            raise InputError(say(messages.NO_GROUPS, groups=symbols["g"], channels=symbols[name]))


def possible_symbols(kind: str, spatial: int) -> tuple[str, ...]:
    """All symbols that may be said of a kind, those first that it needs."""
    return (*needed_symbols(kind, spatial), *_window(kind, spatial), *_further(kind, spatial))


def needed_symbols(kind: str, spatial: int) -> tuple[str, ...]:
    """The symbols that a kind's numbers are made of."""
    formula = FORMULAS[kind]
    return _names(*(term.base for term in formula.terms), formula.params or "0", spatial=spatial)


def _names(*texts: str, spatial: int) -> tuple[str, ...]:
    return tuple({name: None for text in texts for name in expression(text, spatial).code.co_names})


def _window(kind: str, spatial: int) -> tuple[str, ...]:
    """The symbols that are said together, or not at all: those of the output's size."""
    words = _WINDOWS.get(plain_kind(kind), ())
    return tuple(word.format(axis=axis, a=axis.lower()) for word in words for axis in axes(spatial))


def _further(kind: str, spatial: int) -> Iterator[str]:
    """Symbols that may be said: of what comes out, and of what a mistake takes for more or less than there is."""
    yield from _names(output_text(kind), spatial=spatial)
    if needed_symbols(kind, spatial) == ("n",):
        yield "C"
    if kind == "dropout":
        yield "q"


def _not_there(kind: str, spatial: int, name: str) -> str:
    """What to say of a symbol that a kind does not have, or not with this number of axes."""
    symbols = ", ".join(needed_symbols(kind, spatial))
    for other in range(1, _MOST_AXES + 1):
        if name in (*needed_symbols(kind, other), *_window(kind, other)):
            return say(messages.OTHER_SPATIAL, kind=kind, symbols=symbols, name=name, spatial=other)
    return say(messages.NOT_A_SYMBOL if symbols else messages.NO_SYMBOLS, kind=kind, symbols=symbols, name=name)
