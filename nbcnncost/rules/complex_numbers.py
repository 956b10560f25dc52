"""Complex numbers: the same operations, each of which takes several real ones."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from torch import Tensor

from nbcnncost.rules.call import Call, Described, Rule, by_name, each, zero

_REASON = "no formula is known for it on complex numbers"
#: Kinds on real numbers and what they are on complex ones.
_KINDS = MappingProxyType(
    {
        **{kind: f"complex_{kind}" for kind in ("convolution", "transposed_convolution", "linear", "matmul")},
        "add": "complex_add",
        "sum": "complex_sum",
        "mean": "complex_mean",
    }
)
#: Kinds that are the same on complex numbers: nothing is computed, or the formula is of complex numbers anyway.
_SAME = frozenset({"movement", "random", "integer", "embedding", "fft", "fft_real"})


def _times(call: Call) -> Described:
    both = all(_is_complex(value) for value in call.args[:2])
    return each("complex_multiply" if both else "complex_scale")(call)


def _over(call: Call) -> Described:
    return each("complex_divide" if _is_complex(call.args[1]) else "complex_shrink")(call)


def _is_complex(value: object) -> bool:
    return value.is_complex() if isinstance(value, Tensor) else isinstance(value, complex)


def _power(call: Call) -> Described:
    return each("complex_multiply")(call) if call.args[1] == 2 else Described(None, reason=_REASON)


#: Operations that are looked up by their own name where complex numbers go in or come out.
RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        "mul": _times,
        "div": _over,
        "square": each("complex_multiply"),
        "pow": _power,
        "reciprocal": each("complex_reciprocal"),
        "abs": each("modulus"),
        "angle": each("special"),
        "polar": each("polar"),
        "exp": each("complex_exp"),
        "cumsum": each("complex_add"),
        "neg": each("complex_add"),
        "_conj_physical": each("add"),
        **by_name("conj_physical", each("add")),
        "complex": zero("movement"),
    }
)


def is_complex(tensors: Iterable[Tensor]) -> bool:
    """Whether any of these holds complex numbers."""
    return any(tensor.is_complex() for tensor in tensors)


def of_complex(real: Described) -> Described:
    """What an operation is on complex numbers that is this on real ones."""
    if real.kind is None or real.kind in _SAME:
        return real
    kind = _KINDS.get(real.kind)
    return Described(None, reason=_REASON) if kind is None else real._replace(kind=kind)
