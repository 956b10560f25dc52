"""Products and factorizations of matrices whose number of operations follows from their sizes."""

from __future__ import annotations

from nbcnncost.families.entry import MAC, SUM, formula

_GOLUB = "Golub and Van Loan, Matrix Computations"
_LU = "B * (m * (m - 1) * (2 * m - 1) / 6)"
_PIVOTS = "B * (m * (m - 1) / 2)"

FORMULAS = (
    formula(
        "bilinear",
        "bilinear layer",
        ("N * N_out * I * J", MAC),
        ("N * N_out * J", MAC),
        ("b * N * N_out", {"bias_additions": 1}),
        ("N * N_out * (J + 1)", SUM),
        why="for each output the first input meets the whole matrix, what comes out meets the second",
        params="N_out * I * J + b * N_out",
    ),
    formula(
        "scaled_matmul",
        "matrix product, scaled",
        ("B * m * k * p", MAC),
        ("B * m * p", {"multiplications": 1}),
        ("b * B * m * p", {"bias_additions": 1}),
        ("B * m * p", SUM),
        why="k products summed for each of m·p elements, then scaled",
    ),
    formula(
        "cross",
        "cross product",
        ("n", {"multiplications": 2, "additions": 1}),
        why="two products and their difference",
    ),
    formula(
        "lu",
        "LU factorization",
        (_LU, MAC),
        (_PIVOTS, {"divisions": 1, "comparisons": 1}),
        why="each pivot: found among what is below, which is divided and takes part in the update of what is left",
        source=_GOLUB,
    ),
    formula(
        "determinant",
        "determinant",
        (_LU, MAC),
        (_PIVOTS, {"divisions": 1, "comparisons": 1}),
        ("B * (m - 1)", {"multiplications": 1}),
        why="an LU factorization, then the product of its diagonal",
        source=_GOLUB,
    ),
    formula(
        "cholesky",
        "Cholesky factorization",
        ("B * ((m - 1) * m * (m + 1) / 6)", MAC),
        (_PIVOTS, {"divisions": 1}),
        ("B * m", {"specials": 1}),
        why="each column: products with the columns before, a root on the diagonal, quotients below",
        source=_GOLUB,
    ),
    formula(
        "triangular_solve",
        "triangular solve",
        ("B * p * (m * (m - 1) / 2)", MAC),
        ("B * p * m", {"divisions": 1}),
        why="each right-hand side by substitution: products with what is known, a quotient each",
        source=_GOLUB,
    ),
    formula(
        "lu_solve",
        "solve by triangular factors",
        ("B * p * m * (m - 1)", MAC),
        ("B * p * m", {"divisions": 1}),
        why="each right-hand side by two substitutions, the first without quotients",
        source=_GOLUB,
    ),
    formula(
        "solve",
        "linear system, inverse",
        (_LU, MAC),
        (_PIVOTS, {"divisions": 1, "comparisons": 1}),
        ("B * p * m * (m - 1)", MAC),
        ("B * p * m", {"divisions": 1}),
        why="an LU factorization, then two substitutions for each right-hand side (an inverse has m of them)",
        source=_GOLUB,
    ),
)
