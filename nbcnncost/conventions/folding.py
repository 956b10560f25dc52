"""Which batch normalizations vanish for inference: scale and shift go into the weights of the layer before.

Not so where the statistics are the batch's own, or where something else than a convolution or linear layer comes
before (DenseNet normalizes a concatenation).
"""

from __future__ import annotations

from nbcnncost.records import OpRecord, Trace

#: The word for it in a rule: ``textbook.with_rules({"batch_norm": FOLDED})``.
FOLDED = "folded"
_TAKES_SCALE = frozenset({"convolution", "transposed_convolution", "linear"})


def folds(trace: Trace, index: int) -> bool:
    """Whether the operation is a batch normalization that can be folded into the one before it."""
    op = trace.ops[index]
    before = _before(trace, index) if op.kind == "batch_norm" else None
    if before is None or before.kind not in _TAKES_SCALE or op.inputs[:1] != before.outputs[:1]:
        return False
    return not _uses_its_own_statistics(trace, index)


def added_bias(trace: Trace, index: int) -> str:
    """The formula of the bias that folding gives to a layer which had none; "0" where it had one."""
    before = _before(trace, index)
    return "0" if before is not None and dict(before.dims).get("b") else "n"


def _before(trace: Trace, index: int) -> OpRecord | None:
    """The operation that ran before; the framework may set memory aside in between."""
    return next((op for op in reversed(trace.ops[:index]) if op.kind != "random"), None)


def _uses_its_own_statistics(trace: Trace, index: int) -> bool:
    for function in trace.functions:
        if function.start <= index < function.stop and function.name.endswith(".batch_norm"):
            return bool(function.argument(5, "training", default=False))
    return trace.mode == "train"
