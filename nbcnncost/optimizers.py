"""What an optimizer's step costs: the operations of its definition, at each element of each trained parameter.

``sgd``         w ← w − η·g: a product, a difference.
``momentum``    v ← μ·v + g, w ← w − η·v: two products, two sums.
``adam``        Kingma and Ba 2015, algorithm 1: m ← β₁·m + (1−β₁)·g (2 products, 1 sum); v ← β₂·v + (1−β₂)·g²
                (3 products, 1 sum); m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ) (2 divisions);
                w ← w − η·m̂/(√v̂ + ε) (a root, a sum, a product, a division, a difference).
``adamw``       Loshchilov and Hutter 2019, algorithm 2: as adam, and the decay w ← w − η·λ·w (a product, a
                difference; the factor η·λ is one number for all).

Numbers that are the same for all elements (1−β₁ᵗ) are computed once and cost nothing here. A complex element is two
numbers.
"""

from __future__ import annotations

from types import MappingProxyType

from nbcnncost.records import OpRecord, ParamRecord, TensorSpec
from nbcnncost.work import Formula, Term


def _step(name: str, title: str, why: str, source: str, **per: int) -> Formula:
    return Formula(f"{name}_step", title, (Term("n_p", MappingProxyType(per)),), why, source)


_ADAM = {"multiplications": 2 + 3 + 1, "additions": 1 + 1 + 2, "divisions": 2 + 1, "specials": 1}
_FORMULAS = {
    "sgd": _step("sgd", "SGD step", "w − η·g", "stochastic gradient descent", multiplications=1, additions=1),
    "momentum": _step(
        "momentum", "momentum step", "v = μ·v + g; w − η·v", "SGD with momentum", multiplications=2, additions=2
    ),
    "adam": _step(
        "adam",
        "Adam step",
        "first moment (3), second moment (4), two corrections (2), root, + ε, divide, times η, subtract (5)",
        "Kingma and Ba 2015, algorithm 1",
        **_ADAM,
    ),
    "adamw": _step(
        "adamw",
        "AdamW step",
        "as Adam (14); the weight's decay, times and subtract (2)",
        "Loshchilov and Hutter 2019, algorithm 2",
        **{**_ADAM, "multiplications": 7, "additions": 5},
    ),
}

#: Each optimizer's formula by its name.
OPTIMIZERS = MappingProxyType(_FORMULAS)


def step_of(optimizer: str, param: ParamRecord, index: int) -> OpRecord:
    """An optimizer's work on one parameter; ``index`` is the parameter's place in the trace."""
    formula = OPTIMIZERS[optimizer]
    spec = TensorSpec(param.shape, param.dtype)
    numbers = param.numel * (2 if param.dtype.startswith("complex") else 1)
    return OpRecord(
        op=f"{optimizer} step",
        kind=formula.kind,
        dims=(("n_p", numbers),),
        spatial=0,
        function=f"{optimizer} step",
        group=0,
        call=-1,
        inputs=(),
        outputs=(spec,),
        params=(index,),
        phase="optimizer",
    )
