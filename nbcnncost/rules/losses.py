"""Losses that are one operation; others consist of operations that are counted on their own."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from nbcnncost.rules.call import Call, Described, Rule, described, unknown

_NONE, _MEAN = 0, 1
_BY_TARGETS = "its work depends on the values of the targets"


def _reduction(reduction: int, weights: Any = None) -> dict[str, int]:
    """How often each value is summed, and weighed: by the mean's 1/n, and by a weight of its own."""
    return {"n_sum": int(reduction != _NONE), "n_w": int(reduction == _MEAN) + int(weights is not None)}


def _loss(kind: str, reduction: int, weight: int | None = None) -> Rule:
    """A loss over all elements, whose reduction and weights are the arguments at these places."""

    def rule(call: Call) -> Described:
        weights = None if weight is None else call.argument(weight, "weight")
        if call.argument(3, "pos_weight") is not None and kind == "binary_cross_entropy_with_logits":
            return Described(None, reason="with pos_weight no formula is known")
        dims = {"n_in": call.args[0].numel()} | _reduction(call.argument(reduction, "reduction", _MEAN), weights)
        return described(kind, dims)

    return rule


def _picked(call: Call) -> Described:
    """With weights the mean is by their sum: a further sum in place of the product with 1/n."""
    reduction, weights = call.argument(3, "reduction", _MEAN), call.argument(2, "weight")
    dims = {"N": call.args[1].numel()} | _reduction(reduction, weights)
    if reduction == _MEAN and weights is not None:
        dims |= {"n_sum": 2, "n_w": 1}
    return described("nll_loss", dims)


def _margins(call: Call) -> Described:
    x, weights = call.args[0], call.argument(4, "weight")
    dims = {"N": x.shape[0] if x.dim() > 1 else 1, "C": x.shape[-1], "squared": int(call.argument(2, "p", 1) == 2)}
    return described("multi_margin_loss", dims | _reduction(call.argument(5, "reduction", _MEAN), weights))


RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        "mse_loss": _loss("mse_loss", 2),
        "smooth_l1_loss": _loss("smooth_l1_loss", 2),
        "huber_loss": _loss("huber_loss", 2),
        "soft_margin_loss": _loss("soft_margin_loss", 2),
        "binary_cross_entropy": _loss("binary_cross_entropy", 3, 2),
        "binary_cross_entropy_with_logits": _loss("binary_cross_entropy_with_logits", 4, 2),
        "nll_loss_forward": _picked,
        "nll_loss2d_forward": _picked,
        "nll_loss": _picked,
        "multi_margin_loss": _margins,
        "multilabel_margin_loss_forward": unknown(_BY_TARGETS),
        "_ctc_loss": unknown(_BY_TARGETS),
        "_cudnn_ctc_loss": unknown(_BY_TARGETS),
    }
)
