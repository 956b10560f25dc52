"""The functions that ptflops replaces while it counts, and what it takes each call of them for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import inf, prod
from types import MappingProxyType
from typing import Any

from nbcnncost.records import FunctionCall, TensorSpec, Trace

#: A formula's text, its symbols, the key of a fault, the number of spatial dimensions.
Counted = tuple[str, dict[str, int], str, int]
_Rule = Callable[[FunctionCall, TensorSpec], Counted | None]


def _elements(call: FunctionCall, y: TensorSpec) -> Counted | None:
    x = call.argument(0, "input")
    return ("n_in", {"n_in": x.numel}, "", 0) if isinstance(x, TensorSpec) else None


def _product(call: FunctionCall, y: TensorSpec) -> Counted | None:
    return _times(call.argument(0, "input"), call.argument(1, "other", call.argument(1, "mat2")))


def _times(x: Any, y: Any) -> Counted | None:
    if not isinstance(x, TensorSpec) or not isinstance(y, TensorSpec):
        return None
    wrong = len(y.shape) < 2 or (len(x.shape) < len(y.shape) > 2) or prod(x.shape[:-2]) < prod(y.shape[:-2])
    return "n_in * p", {"n_in": x.numel, "p": y.shape[-1]}, "broadcast" if wrong else "", 0


def _product_and_sum(call: FunctionCall, y: TensorSpec) -> Counted | None:
    added = call.argument(0, "input")
    first = call.argument(1, "mat1", call.argument(1, "batch1"))
    second = call.argument(2, "mat2", call.argument(2, "batch2"))
    counted = _times(first, second)
    if counted is None or not isinstance(added, TensorSpec):
        return None
    text, values, _, _ = counted
    sums = 0 if dict(call.kwargs).get("beta", 1) == 0 else added.numel
    return f"{text} + n", {**values, "n": sums}, "", 0


def _each(call: FunctionCall, y: TensorSpec) -> Counted | None:
    """The larger of both sizes, dimension by dimension from the first on, where broadcasting goes from the last on."""
    shapes = [value.shape for value in (call.argument(0, "input"), call.argument(1, "other")) if _is_tensor(value)]
    if not shapes:
        return None
    rank = max(map(len, shapes))
    full = [(*shape, *(1,) * (rank - len(shape))) for shape in shapes]
    number = prod(max(sizes) for sizes in zip(*full, strict=True))
    right = [((1,) * (rank - len(shape)) + shape) for shape in shapes]
    wrong = number != prod(max(sizes) for sizes in zip(*right, strict=True))
    return "n", {"n": number}, "broadcast" if wrong else "", 0


def _is_tensor(value: Any) -> bool:
    return isinstance(value, TensorSpec)


def _interpolate(call: FunctionCall, y: TensorSpec) -> Counted | None:
    x = call.argument(0, "input")
    size, scale = call.argument(1, "size"), call.argument(2, "scale_factor")
    rank = len(x.shape) - 2
    area = {"n_in": x.numel} if call.argument(3, "mode") == "area" else {}  # that is adaptive pooling
    text, values = " + n_in" if area else "", dict(area)
    if size is not None:
        sizes = size if isinstance(size, tuple) else (size,) * rank
        return f"n{text}", {**values, "n": prod(sizes) * prod(x.shape[:2])}, "", 0
    factor = Fraction(prod(map(int, scale))) if isinstance(scale, tuple) else Fraction(scale**rank)
    return f"n{text}", {**values, "n": int(x.numel * factor)}, "", 0


def _local_response_norm(call: FunctionCall, y: TensorSpec) -> Counted | None:
    """Inside are two products and a sum, and average pooling over the channels with what is added on both sides."""
    x = call.argument(0, "input")
    values = {"n": x.numel, "C": x.shape[1], "S": call.argument(1, "size")}
    return "3 * n + n / C * (C + S - 1)", values, "", 0


def _power_average(call: FunctionCall, y: TensorSpec) -> Counted | None:
    """Inside are average pooling, ReLU and a product; with an infinite power max pooling alone."""
    counted = _elements(call, y)
    if counted is None or call.argument(1, "norm_type") == inf:
        return counted
    return "n_in + 2 * n", {**counted[1], "n": y.numel}, "", 0


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        **{f"functional.{name}": _elements for name in ("relu", "elu", "relu6", "gelu", "silu", "softmax")},
        **{
            f"{home}.{kind}_pool{rank}d{ending}": _elements
            for home in ("functional", "torch")
            for kind in ("avg", "max", "adaptive_avg", "adaptive_max")
            for rank in (1, 2, 3)
            for ending in ("", "_with_indices")
        },
        "torch.prelu": _elements,
        **{f"functional.lp_pool{rank}d": _power_average for rank in (1, 2, 3)},
        "functional.interpolate": _interpolate,
        "functional.local_response_norm": _local_response_norm,
        **{f"{home}.{name}": _product for home in ("torch", "Tensor") for name in ("matmul", "mm", "bmm")},
        **dict.fromkeys(("torch.addmm", "Tensor.addmm", "torch.baddbmm"), _product_and_sum),
        **{f"{home}.{name}": _each for home in ("torch", "Tensor") for name in ("add", "mul")},
    }
)
#: These keep their activation as it was when they were made: it is not the replaced one.
_KEPT = frozenset({"TransformerEncoderLayer", "TransformerDecoderLayer"})


def counted_functions(trace: Trace) -> Iterator[tuple[FunctionCall, Counted]]:
    """Each call that it hears, with what it counts."""
    for call in trace.functions:
        rule = None if call.operator else _RULES.get(call.name)
        if rule is None or (call.name in ("functional.relu", "functional.gelu") and _type(trace, call) in _KEPT):
            continue
        counted = rule(call, trace.ops[call.stop - 1].outputs[0])
        if counted is not None:
            yield call, counted


def _type(trace: Trace, call: FunctionCall) -> str:
    return trace.modules[trace.calls[call.call].module].type if call.call >= 0 else ""
