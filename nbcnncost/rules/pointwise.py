"""Element-wise operations that take more than one elementary operation, by their settings."""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.rules.call import Call, Described, Rule, by_name, each


def _added(call: Call) -> Described:
    """``alpha`` times the other is a product more."""
    return each("add" if call.argument(2, "alpha", 1) == 1 else "multiply_add")(call)


def _scaled(plain: str, scaled: str) -> Rule:
    """With a ``value`` other than 1 a product more."""
    return lambda call: each(plain if call.argument(3, "value", 1) == 1 else scaled)(call)


def _logit(call: Call) -> Described:
    return each("logit")(call) if call.argument(1, "eps") is None else Described(None, reason="with eps no formula")


ARITHMETIC: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **by_name("add sub rsub subtract", _added),
        "cumsum": each("add"),
        "addcmul": _scaled("multiply_add", "scaled_multiply_add"),
        "addcdiv": _scaled("divide_add", "scaled_divide_add"),
        "lerp": each("lerp"),
        "hypot": each("hypot"),
        "floor_divide": each("divide"),
        **by_name("xlogy special_xlog1py", each("times_log")),
        "logit": _logit,
        "hardshrink": each("hardshrink"),
        "softshrink": each("softshrink"),
        **by_name(
            "acosh asinh atanh erfc erfinv lgamma digamma polygamma mvlgamma i0 igamma igammac sinc angle",
            each("special"),
        ),
    }
)
