"""What the gradients of the kinds in ``families/`` cost; `backward` has the rules that they follow."""

from __future__ import annotations

from nbcnncost.pieces import ADD, BIAS, MAC, PRODUCT, again, each, layer, piece

_SAMPLES = "N * OUT * C"
_PLACES = "N * OUT"
_TAPS = "N * OUT * K * C_in"
_WEIGHED = {"multiplications": 1, "additions": 1}
_BY_CORNERS = "each output's gradient, weighed and added"
_SCALED = "to the grid's units; beyond the border passed on between two bounds, mirrored with a sign"

_SAMPLING = (
    piece("grid_sample_nearest", "input", "each output's gradient is added to where it was taken", (_SAMPLES, ADD)),
    piece("grid_sample_nearest", "grid", "a rounded coordinate has no gradient"),
    piece(
        "grid_sample_bilinear", "input", f"{_BY_CORNERS}, 4 times", (_SAMPLES, {"multiplications": 4, "additions": 4})
    ),
    piece(
        "grid_sample_bilinear",
        "grid",
        f"2 coordinates: 2 differences of neighbours, weighed and summed (5), times the gradient, summed; {_SCALED}",
        (_SAMPLES, {"multiplications": 2 * 3, "additions": 2 * 4}),
        (_PLACES, {"multiplications": 2}),
        ("clip * N * OUT", {"comparisons": 2 * 2}),
        ("mirror * N * OUT", {"multiplications": 2}),
    ),
    piece(
        "grid_sample_trilinear", "input", f"{_BY_CORNERS}, 8 times", (_SAMPLES, {"multiplications": 8, "additions": 8})
    ),
    piece(
        "grid_sample_trilinear",
        "grid",
        "3 coordinates: 4 differences of neighbours, weighed and summed (11), times the gradient, summed; "
        f"4 products of the others' weights and a product {_SCALED}",
        (_SAMPLES, {"multiplications": 3 * 5, "additions": 3 * 8}),
        (_PLACES, {"multiplications": 3 * (4 + 1)}),
        ("clip * N * OUT", {"comparisons": 3 * 2}),
        ("mirror * N * OUT", {"multiplications": 3}),
    ),
    piece(
        "grid_sample_bicubic", "input", f"{_BY_CORNERS}, 16 times", (_SAMPLES, {"multiplications": 16, "additions": 16})
    ),
    piece(
        "grid_sample_bicubic",
        "grid",
        "2 coordinates: 16 neighbours weighed and summed (31), times the gradient, summed; a place: the derivatives "
        "of 4 cubics (14), 16 weights, a product to the grid's units",
        (_SAMPLES, {"multiplications": 2 * 17, "additions": 2 * 16}),
        (_PLACES, {"multiplications": 2 * (8 + 16 + 1), "additions": 2 * 6}),
    ),
    piece("upsample_antialias", "", "each element of each window gets its share, added", ("N * C * WINDOWS", _WEIGHED)),
    piece(
        "deform_convolution",
        "input offset mask",
        f"of the sampled values: {PRODUCT}",
        ("N * OUT * (C_in / g) * C_out * K", MAC),
        once=True,
    ),
    piece(
        "deform_convolution",
        "input",
        "each sampled value's gradient, by the mask, weighed and added, 4 times",
        (_TAPS, {"multiplications": 4, "additions": 4}),
        (f"mask * {_TAPS}", {"multiplications": 1}),
    ),
    piece(
        "deform_convolution",
        "offset",
        "2 coordinates of each sampled value: 2 differences of neighbours, weighed and summed (5), times the value's "
        "gradient by the mask, summed",
        (_TAPS, {"multiplications": 2 * 3, "additions": 2 * 4}),
        (f"mask * {_TAPS}", {"multiplications": 1}),
    ),
    piece("deform_convolution", "mask", "the gradient times the value, summed over the channels", (_TAPS, _WEIGHED)),
    piece(
        "deform_convolution",
        "weight",
        f"{PRODUCT}: the output's gradient meets the sampled values",
        ("N * OUT * (C_in / g) * C_out * K", MAC),
    ),
    piece("deform_convolution", "bias", "the output's gradient, summed", ("N * OUT * C_out", BIAS)),
    piece(
        "roi_align",
        "input",
        "each output's gradient, its average's share (1), weighed and added, 4 times for each sampled point",
        ("R * OUT * C", {"multiplications": 1}),
        ("R * OUT * S_b * S_b * C", {"multiplications": 4, "additions": 4}),
    ),
)

_LINEAR_ALGEBRA = (
    piece(
        "bilinear",
        "first",
        "the gradient times the second input; what comes out meets the whole matrix",
        ("N * N_out * J", {"multiplications": 1}),
        ("N * N_out * I * J", MAC),
    ),
    piece("bilinear", "second", "the gradient meets the products of the first input", ("N * N_out * J", MAC)),
    piece(
        "bilinear",
        "weight",
        "the gradient times the second input; what comes out meets the first",
        ("N * N_out * J", {"multiplications": 1}),
        ("N * N_out * I * J", MAC),
    ),
    piece("bilinear", "bias", "the output's gradient, summed", ("N * N_out", BIAS)),
    piece(
        "scaled_matmul",
        "input",
        f"the gradient, scaled; {PRODUCT}",
        ("B * m * p", {"multiplications": 1}),
        ("B * m * k * p", MAC),
    ),
    piece("scaled_matmul", "bias", "the output's gradient, summed", ("B * m * p", BIAS)),
    each(
        "cross", "the cross product with the other: two products and their difference", multiplications=2, additions=1
    ),
    piece(
        "determinant",
        "",
        "gradient times determinant; the transposed inverse by the factors at hand, times that",
        ("B * m * m * (m - 1)", MAC),
        ("B * m * m", {"divisions": 1, "multiplications": 1}),
        ("B", {"multiplications": 1}),
    ),
    piece(
        "solve",
        "matrix right",
        "the transposed system by the factors at hand: two substitutions for each right-hand side",
        ("B * p * m * (m - 1)", MAC),
        ("B * p * m", {"divisions": 1}),
        once=True,
    ),
    piece(
        "solve",
        "matrix",
        "product with the solution, negated",
        ("B * m * m * p", MAC),
        ("B * m * m", ADD),
    ),
)

_COMPLEX = (
    *layer("complex_convolution", "N * OUT * (C_in / g) * C_out * K", "N * OUT * C_out", macs=4, sums=2),
    *layer("complex_transposed_convolution", "N * IN * C_in * (C_out / g) * K", "N * OUT * C_out", macs=4, sums=2),
    *layer("complex_linear", "N * N_in * N_out", "N * N_out", macs=4, sums=2),
    *layer("complex_matmul", "B * m * k * p", "B * m * p", macs=4, sums=2),
    each("complex_add", "passed on"),
    each("complex_multiply", "a complex product with the other's conjugate", multiplications=4, additions=2),
    each("complex_scale", "both parts times the real factor", roles="input", multiplications=2),
    each("complex_scale", "two products, summed", roles="factor", multiplications=2, additions=1),
    each("complex_shrink", "both parts divided", roles="input", divisions=2),
    each("complex_shrink", "−Re(ȳ·gradient), divided: two products, their sum, negated", roles="divisor",
         multiplications=2, additions=2, divisions=1),
    each("complex_divide", "a complex quotient with the conjugate", roles="input", multiplications=6, additions=3,
         divisions=2),
    each("complex_divide", "a complex product with ȳ (6), negated (2), a quotient (11)", roles="divisor",
         multiplications=4 + 6, additions=2 + 2 + 3, divisions=2),
    each("complex_reciprocal", "−ȳ²·gradient: two complex products, negated", multiplications=8, additions=4 + 2),
    each("complex_sum", "copied to each element"),
    each("complex_mean", "each element gets its share", base="n_in", multiplications=2),
    each("modulus", "gradient/y, times both parts", divisions=1, multiplications=2),
    each("complex_exp", "a complex product with the result's conjugate", multiplications=4, additions=2),
    each("polar", "the gradient's share along the direction: two products, summed", roles="modulus", multiplications=2,
         additions=1),
    each("polar", "the gradient's share across the direction: two products, their difference", roles="angle",
         multiplications=2, additions=1),
    again("fft", "the adjoint transform, of the same size"),
    again("fft_real", "the adjoint transform, of the same size"),
)  # fmt: skip

_PAIRS = (
    piece("distance", "", "each coordinate: the difference times gradient/y, added", ("n * V", _WEIGHED),
          ("n", {"divisions": 1})),
    piece("distance_1", "", "each coordinate: the gradient with the difference's sign, added",
          ("n * V", {"comparisons": 1, "multiplications": 1, "additions": 1})),
    piece("distance_0", "", "a number of differences has no gradient"),
    piece("distance_max", "", "each coordinate: compared with the largest, the gradient with its sign, added",
          ("n * V", {"comparisons": 2, "multiplications": 1, "additions": 1})),
    piece("distance_p", "", "each coordinate: (difference/y)ᵖ⁻¹·gradient with the difference's sign, added",
          ("n * V", {"divisions": 1, "specials": 1, "comparisons": 1, "multiplications": 2, "additions": 1})),
    piece("cosine_similarity", "", "each coordinate: the other times g/(‖x‖·‖y‖), less its own times g·cos/‖x‖²",
          ("n * V", {"multiplications": 2, "additions": 1}), ("n", {"multiplications": 1, "divisions": 2})),
)  # fmt: skip

_REDUCTIONS = (
    each("logsumexp", "exp(x − y)·gradient", base="n_in", additions=1, specials=1, multiplications=1),
    each("log_add_exp", "exp(x − y)·gradient", additions=1, specials=1, multiplications=1),
    each("sort", "gradients move back, nothing is computed"),
    each("norm_0", "a number of elements has no gradient"),
    each("norm_max", "compared with the largest, the gradient with the element's sign", base="n_in", comparisons=2,
         multiplications=1),
    each("norm_p", "(|x|/y)ᵖ⁻¹·gradient with the element's sign", base="n_in", divisions=1, specials=1, comparisons=1,
         multiplications=2),
    each("embedding_bag_weighed", "each value's gradient, weighed, is added to its row", roles="weight", base="n_in",
         multiplications=1, additions=1),
    each("embedding_bag_weighed", "each value times the gradient, summed", roles="sample_weights", base="n_in",
         multiplications=1, additions=1),
    each("embedding_bag_max", "each output's gradient is added where its maximum was", additions=1),
    piece("weight_norm", "direction", "(g/‖v‖)·(gradient − v·Σ v·gradient/‖v‖²)",
          ("n", {"multiplications": 3, "additions": 2}), ("n_g", {"multiplications": 1, "divisions": 1})),
    piece("weight_norm", "length", "Σ v·gradient/‖v‖", ("n", _WEIGHED), ("n_g", {"divisions": 1})),
)  # fmt: skip

_ELEMENTS = (
    each("divide_add", "passed on", roles="input"),
    each("divide_add", "the gradient divided", roles="numerator", divisions=1),
    each("divide_add", "−(x/y)·gradient, divided", roles="divisor", additions=1, multiplications=1, divisions=1),
    each("scaled_divide_add", "passed on", roles="input"),
    each("scaled_divide_add", "the gradient scaled and divided", roles="numerator", multiplications=1, divisions=1),
    each("scaled_divide_add", "−(x/y)·gradient, scaled and divided", roles="divisor", additions=1, multiplications=2,
         divisions=1),
    each("times_log", "the logarithm times the gradient", roles="input", multiplications=1),
    each("times_log", "(x/y)·gradient", roles="logarithm", divisions=1, multiplications=1),
    each("soft_margin_loss", "−y·e/(1 + e)·gradient, with the exponential and its sum at hand", base="n_in",
         multiplications=2, additions=1, divisions=1),
    piece("multi_margin_loss", "", "every other class: passed on where above 0 (times 2·z if p is 2), subtracted from "
          "the right one's; the mean's share",
          ("N * (C - 1)", {"comparisons": 1, **_WEIGHED}), ("squared * N * (C - 1)", {"multiplications": 1})),
    each("fake_quantize", "passed on between the bounds: two comparisons", comparisons=2),
)  # fmt: skip

#: The pieces of each kind's backward pass.
GRADIENTS = (*_SAMPLING, *_LINEAR_ALGEBRA, *_COMPLEX, *_PAIRS, *_REDUCTIONS, *_ELEMENTS)
