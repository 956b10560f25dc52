"""Complex numbers and Fourier transforms, in real operations.

A complex sum is 2 sums; a complex product 4 products and 2 sums, and so a complex multiply-accumulate is 4 real ones.
"""

from __future__ import annotations

from nbcnncost.families.entry import each, formula

_COOLEY_TUKEY = "Cooley and Tukey 1965; 5·n·log₂ n as in FFTW's benchmark"
_FOUR = {"macs": 4}
_TWO_SUMS = {"dot_products": 2}

FORMULAS = (
    formula(
        "complex_convolution",
        "convolution of complex numbers",
        ("N * OUT * (C_in / g) * C_out * K", _FOUR),
        ("b * N * OUT * C_out", {"bias_additions": 2}),
        ("N * OUT * C_out", _TWO_SUMS),
        why="a convolution whose multiply-accumulates are 4 real ones each",
    ),
    formula(
        "complex_transposed_convolution",
        "transposed convolution of complex numbers",
        ("N * IN * C_in * (C_out / g) * K", _FOUR),
        ("b * N * OUT * C_out", {"bias_additions": 2}),
        why="a transposed convolution whose multiply-accumulates are 4 real ones each",
    ),
    formula(
        "complex_linear",
        "fully connected layer of complex numbers",
        ("N * N_in * N_out", _FOUR),
        ("b * N * N_out", {"bias_additions": 2}),
        ("N * N_out", _TWO_SUMS),
        why="every input meets every output in 4 real multiply-accumulates",
    ),
    formula(
        "complex_matmul",
        "matrix product of complex numbers",
        ("B * m * k * p", _FOUR),
        ("b * B * m * p", {"bias_additions": 2}),
        ("B * m * p", _TWO_SUMS),
        why="a matrix product whose multiply-accumulates are 4 real ones each",
    ),
    each("complex_add", "complex add, subtract", "real and imaginary part", additions=2),
    each("complex_multiply", "complex multiply", "4 products, 2 sums", multiplications=4, additions=2),
    each("complex_scale", "complex times real", "real and imaginary part", multiplications=2),
    each("complex_shrink", "complex divided by real", "real and imaginary part", divisions=2),
    each(
        "complex_divide",
        "complex divide",
        "times the conjugate (6), its square (3), two quotients",
        multiplications=6,
        additions=3,
        divisions=2,
    ),
    each(
        "complex_reciprocal",
        "complex reciprocal",
        "the square of the modulus (3), negate, two quotients",
        multiplications=2,
        additions=2,
        divisions=2,
    ),
    each("complex_sum", "complex sum over an axis", "real and imaginary part", base="n_in", additions=2),
    each(
        "complex_mean",
        "complex mean over an axis",
        "real and imaginary part, weighed and added",
        base="n_in",
        additions=2,
        multiplications=2,
    ),
    each("modulus", "modulus", "two squares, their sum, the root", multiplications=2, additions=1, specials=1),
    each("complex_exp", "complex exponential", "exp, cosine, sine, two products", specials=3, multiplications=2),
    each("polar", "from modulus and angle", "cosine, sine, two products", specials=2, multiplications=2),
    formula(
        "fft",
        "Fourier transform",
        ("N * M * s", {"multiplications": 2, "additions": 3}),
        ("N * M * Q", {"multiplications": 4, "additions": 4}),
        ("n_w * N * M", {"multiplications": 2}),
        why="each halving: M/2 complex products (6), M complex sums (2); a prime q > 2: q − 1 of both at each point",
        source=_COOLEY_TUKEY,
    ),
    formula(
        "fft_real",
        "Fourier transform of real numbers",
        ("N * (M / 2) * s", {"multiplications": 2, "additions": 3}),
        ("N * M * Q", {"multiplications": 2, "additions": 2}),
        ("n_w * N * M", {"multiplications": 1}),
        why="half of a complex transform: the other half is its mirror image",
        source=_COOLEY_TUKEY,
    ),
)
