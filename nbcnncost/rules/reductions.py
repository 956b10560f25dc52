"""Norms, orders, scattered sums and distances."""

from __future__ import annotations

from math import inf, prod
from types import MappingProxyType
from typing import Any

import torch

from nbcnncost.rules.call import Call, Described, Rule, by_name, described, each, each_input, halvings

_NORMS = MappingProxyType({2: "norm", 1: "norm_1", 0: "norm_0", inf: "norm_max", -inf: "norm_max"})
_DISTANCES = MappingProxyType({2: "distance", 1: "distance_1", 0: "distance_0", inf: "distance_max"})
#: What a scattered reduction does with each value that it takes.
_SCATTERED = MappingProxyType(
    {
        **dict.fromkeys(("add", "sum"), "sum"),
        **dict.fromkeys(("multiply", "prod"), "product"),
        "mean": "mean",
        **dict.fromkeys(("amax", "amin", "max", "min"), "extreme"),
    }
)


def _norm(call: Call) -> Described:
    order = call.argument(1, "ord", call.kwargs.get("p", 2))
    kind = _NORMS.get(2 if order is None else order, "norm_p")
    dims = {"n_in": call.args[0].numel()}
    return described(kind, dims | {"n": call.output.numel()} if kind in ("norm", "norm_p") else dims)


def distance(order: float, pairs: int, coordinates: int) -> Described:
    """So many distances of vectors."""
    return described(_DISTANCES.get(order, "distance_p"), {"n": pairs, "V": coordinates})


def _distance(call: Call) -> Described:
    return distance(call.argument(2, "p", 2), call.output.numel(), call.args[0].shape[-1])


def _own_distances(call: Call) -> Described:
    return distance(call.argument(1, "p", 2), call.output.numel(), call.args[0].shape[-1])


def _total_distance(call: Call) -> Described:
    return distance(call.argument(2, "p", 2), 1, call.args[0].numel())


def _log_sum_exp(call: Call) -> Described:
    return described("logsumexp", {"n_in": call.args[0].numel(), "n": call.output.numel()})


def _sort(call: Call) -> Described:
    """``sort.stable`` has the flag ``stable`` before the axis, by keyword."""
    x = call.args[0]
    axis = call.argument(1, "dim", -1)
    length = x.shape[axis] if x.dim() else 1
    return described("sort", {"n_in": x.numel(), "s": halvings(length)})


def _unique(call: Call) -> Described:
    count = call.args[0].numel()
    return described("sort", {"n_in": count, "s": halvings(count)})


def _search(ordered: int) -> Rule:
    """Each value finds its place among those in order, of which there is one more than there are of them."""
    return lambda call: described("search", {"n": call.output.numel(), "s": halvings(call.args[ordered].shape[-1] + 1)})


def _scatter(source: int, name: str) -> Rule:
    """Each value of the source is added to, or otherwise combined with, what stands at its place."""

    def rule(call: Call) -> Described:
        reduce: Any = call.argument(source + 1, "reduce", call.kwargs.get("reduce", "sum"))
        values = call.argument(source, name)
        index = call.args[2]
        count = values.numel() if isinstance(values, torch.Tensor) and name == "source" else index.numel()
        return described(_SCATTERED[reduce], {"n_in": count})

    return rule


def _index_add(call: Call) -> Described:
    kind = "sum" if call.argument(4, "alpha", 1) == 1 else "mean"
    return described(kind, {"n_in": call.argument(3, "source").numel()})


def _scatter_maybe(call: Call) -> Described:
    return _scatter(3, "src")(call) if "reduce" in call.kwargs else Described("movement")


def _put(call: Call) -> Described:
    """Values put at places are moved; accumulated, each is added."""
    *_, values = call.args[:3]
    if not call.argument(3, "accumulate", False):
        return Described("movement")
    return described("sum", {"n_in": _taken(call) if isinstance(call.args[1], (list, tuple)) else values.numel()})


def _taken(call: Call) -> int:
    """How many elements the indices address."""
    x, indices = call.args[0], [index for index in call.args[1] if index is not None]
    if any(index.dtype == torch.bool for index in indices):
        raise ValueError("a mask addresses as many elements as it is true")
    kept = [size for place, size in enumerate(x.shape) if place >= len(call.args[1]) or call.args[1][place] is None]
    together: tuple[int, ...] = torch.broadcast_shapes(*(index.shape for index in indices))  # type: ignore[no-untyped-call]
    return int(prod(together) * prod(kept))


def _embedding_bag(call: Call) -> Described:
    table, indices = call.args[:2]
    mode, weights = call.argument(4, "mode", 0), call.argument(6, "per_sample_weights")
    kinds = {0: "embedding_bag" if weights is None else "embedding_bag_weighed", 1: "embedding_bag_weighed"}
    return described(kinds.get(mode, "embedding_bag_max"), {"n_in": indices.numel() * table.shape[1]})


def _weight_norm(call: Call) -> Described:
    return described("weight_norm", {"n": call.args[0].numel(), "n_g": call.args[1].numel()})


def _renorm(call: Call) -> Described:
    x, order, axis = call.args[:3]
    if order != 2:
        return Described(None, reason="no formula is known for an order other than 2")
    return described("renorm", {"n": x.numel(), "n_g": x.shape[axis]})


#: Floating-point arithmetic; on whole numbers it is index arithmetic.
ARITHMETIC: MappingProxyType[str, Rule] = MappingProxyType(
    {
        "prod": each_input("product"),
        "cumprod": each("multiply"),
        **by_name("logaddexp logaddexp2 logcumsumexp _logcumsumexp", each("log_add_exp")),
        "logsumexp": _log_sum_exp,
        **by_name("linalg_vector_norm norm", _norm),
        **by_name("sort argsort msort", _sort),
        "searchsorted": _search(0),
        "bucketize": _search(1),
        **by_name("_unique2 unique_dim _unique", _unique),
        **by_name("nonzero nonzero_static unique_consecutive nanmedian isin equal", each_input("extreme")),
        "mode": _sort,
        "scatter_add": _scatter(3, "src"),
        "scatter_reduce": _scatter(3, "src"),
        "scatter": _scatter_maybe,
        "index_reduce": _scatter(3, "source"),
        "index_add": _index_add,
        **by_name("index_put _index_put_impl _unsafe_index_put put", _put),
    }
)

RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **by_name("_cdist_forward _euclidean_dist", _distance),
        "_pdist_forward": _own_distances,
        "dist": _total_distance,
        **by_name("_embedding_bag _embedding_bag_forward_only", _embedding_bag),
        "_weight_norm_interface": _weight_norm,
        "renorm": _renorm,
    }
)
