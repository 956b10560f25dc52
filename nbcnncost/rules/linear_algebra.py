"""Products and factorizations of matrices."""

from __future__ import annotations

from math import prod
from types import MappingProxyType

from torch import Tensor

from nbcnncost.expressions import named
from nbcnncost.rules.call import (
    Call,
    Described,
    Rule,
    by_name,
    described,
    is_of_whole_numbers,
    matrices,
    unknown,
    window_settings,
)

_ITERATES = "it iterates until it converges: how often depends on the values"
_BY_ROUTINE = "its count depends on the routine that a device has for it"


def _product(x: Tensor, y: Tensor, bias: bool) -> Described:
    rows = x.shape[-2] if x.dim() > 1 else 1
    inner, columns = x.shape[-1], y.shape[-1] if y.dim() > 1 else 1
    kind = "integer_matmul" if is_of_whole_numbers(x) else "matmul"
    return described(kind, {"B": matrices(x), "m": rows, "k": inner, "p": columns, "b": int(bias)})


def _matmul(call: Call) -> Described:
    return _product(call.args[0], call.args[1], bias=False)


def _matmul_add(call: Call) -> Described:
    """Added to ``beta`` times a first tensor (not at 0, where that is not even read), and scaled by ``alpha``."""
    x, y, beta, alpha = call.args[1], call.args[2], call.kwargs.get("beta", 1), call.kwargs.get("alpha", 1)
    plain = _product(x, y, bias=beta != 0)
    return plain if alpha == 1 or plain.kind != "matmul" else plain._replace(kind="scaled_matmul")


def _summed_products(call: Call) -> Described:
    """A batch of products summed up is one product with all their inner sizes in a row."""
    x, y = call.args[1:3]
    dims = {"B": 1, "m": x.shape[1], "k": x.shape[0] * x.shape[2], "p": y.shape[2]}
    alpha, beta = call.kwargs.get("alpha", 1), call.kwargs.get("beta", 1)
    return described("matmul" if alpha == 1 else "scaled_matmul", dims | {"b": int(beta != 0)})


def _outer_add(call: Call) -> Described:
    x, y, alpha = call.args[1], call.args[2], call.kwargs.get("alpha", 1)
    dims = {"B": 1, "m": x.shape[0], "k": 1, "p": y.shape[0], "b": int(call.kwargs.get("beta", 1) != 0)}
    return described("matmul" if alpha == 1 else "scaled_matmul", dims)


def _grouped_product(call: Call) -> Described:
    """Matrices in groups: each row meets the one matrix of its group, however many rows a group has."""
    x, y = call.args[:2]
    batch = x.shape[0] if x.dim() == y.dim() == 3 else 1
    rows = x.shape[-2] if x.dim() == 2 or y.dim() == 3 else prod(x.shape[:-1])
    dims = {"B": batch, "m": rows, "k": x.shape[-1], "p": y.shape[-1], "b": int(call.argument(3, "bias") is not None)}
    return described("matmul", dims)


def _steps_first_convolution(call: Call) -> Described:
    x, weight = call.args[:2]
    dims = {"N": x.shape[1], "C_in": weight.shape[1], "C_out": weight.shape[2], "g": 1, "b": 1}
    dims |= named("K", (weight.shape[0],)) | named("OUT", (call.output.shape[0],)) | named("IN", (x.shape[0],))
    return described("convolution", dims | window_settings(1, 1, call.argument(3, "pad", 0), 1), 1)


def _affine_grid(call: Call) -> Described:
    """The place of each pixel, with a 1 behind it, by a matrix for each image."""
    matrix, out = call.args[0], call.output
    dims = {"B": out.shape[0], "m": prod(out.shape[1:-1]), "k": matrix.shape[-1], "p": matrix.shape[-2], "b": 0}
    return described("matmul", dims)


def _trilinear(call: Call) -> Described:
    """As ``bilinear`` calls it: inputs N×·×I×· and N×·×·×J, weight ·×N_out×I×J."""
    x, weight, y = call.args[:3]
    outputs, first, second = weight.shape[-3:]
    dims = {"N": x.numel() // first if first else 0, "I": first, "J": second, "N_out": outputs, "b": 0}
    if tuple(call.args[6]) != (2, 3) or y.shape[-1] != second:
        return Described(None, reason="no formula is known for it but in a bilinear layer")
    return described("bilinear", dims)


def _square(kind: str) -> Rule:
    """By the size of the square matrices that come first."""
    return lambda call: described(kind, {"B": matrices(call.args[0]), "m": call.args[0].shape[-1]})


def _factorized(call: Call) -> Described:
    x = call.args[0]
    if x.shape[-1] != x.shape[-2]:
        return Described(None, reason="a formula is known for square matrices only")
    return _square("lu")(call)


def _inverse(call: Call) -> Described:
    x = call.args[0]
    return described("solve", {"B": matrices(x), "m": x.shape[-1], "p": x.shape[-1]})


def _system(kind: str, matrix: int, right: int) -> Rule:
    """By the matrix and the right-hand sides, which may be a single vector."""

    def rule(call: Call) -> Described:
        square, sides = call.args[matrix], call.args[right]
        if not call.kwargs.get("left", True) or call.kwargs.get("unitriangular"):
            return Described(None, reason="no formula is known for these settings")
        batch, size = matrices(square), square.shape[-1]
        columns = sides.numel() // (batch * size) if batch * size else 0
        return described(kind, {"B": batch, "m": size, "p": columns})

    return rule


def _diagonal_sum(call: Call) -> Described:
    return described("sum", {"n_in": min(call.args[0].shape)})


RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **by_name("mm bmm mv dot vdot matmul _int_mm", _matmul),
        **by_name("addmm baddbmm addmv", _matmul_add),
        "addbmm": _summed_products,
        "addr": _outer_add,
        "_grouped_mm": _grouped_product,
        "conv_tbc": _steps_first_convolution,
        "_trilinear": _trilinear,
        "affine_grid_generator": _affine_grid,
        "trace": _diagonal_sum,
        "linalg_cross": lambda call: Described("cross", (("n", call.output.numel()),)),
        **by_name("linalg_lu_factor_ex linalg_lu", _factorized),
        **by_name("_linalg_det _linalg_slogdet", _square("determinant")),
        "linalg_cholesky_ex": _square("cholesky"),
        "linalg_inv_ex": _inverse,
        "_linalg_solve_ex": _system("solve", 0, 1),
        "linalg_lu_solve": _system("lu_solve", 0, 2),
        "linalg_solve_triangular": _system("triangular_solve", 0, 1),
        **by_name(
            "_linalg_svd _linalg_eigh linalg_eig _linalg_eigvals linalg_matrix_exp linalg_matrix_sqrth "
            "linalg_polar linalg_pinv",
            unknown(_ITERATES),
        ),
        **by_name("linalg_qr geqrf ormqr linalg_householder_product linalg_lstsq", unknown(_BY_ROUTINE)),
    }
)
