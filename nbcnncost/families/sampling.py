"""Values taken between the pixels: grids, deformed kernels, boxes; and values put back on top of each other.

A sampled value is interpolated like an upsampled one (bilinear: 4 products and 3 sums). But here the weights follow
from the data: at each place an axis costs a product and a sum (to pixels), the whole part, the fraction and its
complement; then the neighbours' weights are products, shared by all channels.
"""

from __future__ import annotations

from nbcnncost.families.entry import MAC, SUM, formula

_OUTSIDE = "; beyond the border 2 more an axis, mirrored 8"

FORMULAS = (
    formula(
        "grid_sample_nearest",
        "grid sampling, nearest",
        ("A * N * OUT", {"multiplications": 1, "additions": 1, "comparisons": 1}),
        ("clip * A * N * OUT", {"comparisons": 2}),
        ("mirror * A * N * OUT", {"additions": 3, "comparisons": 2, "divisions": 1}),
        why="values are copied; each coordinate to pixels (2) and rounded" + _OUTSIDE,
    ),
    formula(
        "grid_sample_bilinear",
        "grid sampling, bilinear",
        ("N * OUT * C", {"multiplications": 4, "additions": 3}),
        ("N * OUT", {"multiplications": 2 * 1 + 4, "additions": 2 * 3, "comparisons": 2 * 1}),
        ("clip * N * OUT", {"comparisons": 2 * 2}),
        ("mirror * N * OUT", {"additions": 2 * 3, "comparisons": 2 * 2, "divisions": 2 * 1}),
        why="a value: 4 products + 3 sums; a place: 5 for each of 2 coordinates, 4 weights" + _OUTSIDE,
    ),
    formula(
        "grid_sample_trilinear",
        "grid sampling, trilinear",
        ("N * OUT * C", {"multiplications": 8, "additions": 7}),
        ("N * OUT", {"multiplications": 3 * 1 + 4 + 8, "additions": 3 * 3, "comparisons": 3 * 1}),
        ("clip * N * OUT", {"comparisons": 3 * 2}),
        ("mirror * N * OUT", {"additions": 3 * 3, "comparisons": 3 * 2, "divisions": 3 * 1}),
        why="a value: 8 products + 7 sums; a place: 5 for each of 3 coordinates, 12 products for 8 weights" + _OUTSIDE,
    ),
    formula(
        "grid_sample_bicubic",
        "grid sampling, bicubic",
        ("N * OUT * C", {"multiplications": 16, "additions": 15}),
        ("N * OUT", {"multiplications": 2 * (1 + 12) + 16, "additions": 2 * (2 + 13), "comparisons": 2 * 1}),
        why="a value: 16 products + 15 sums; a place: 29 for each of 2 coordinates (4 cubics: 25), 16 weights",
    ),
    formula(
        "upsample_antialias",
        "resizing, antialiased",
        ("N * C * WINDOWS", {"multiplications": 1}),
        ("N * C * (WINDOWS - OUT)", {"additions": 1}),
        why="each output weighs its true window, which grows where the image shrinks",
    ),
    formula(
        "deform_convolution",
        "deformable convolution",
        ("N * OUT * (C_in / g) * C_out * K", MAC),
        ("N * OUT * K * C_in", {"multiplications": 4, "additions": 3}),
        ("N * OUT * K * G", {"multiplications": 4, "additions": 2 * 3, "comparisons": 2 * 1}),
        ("mask * N * OUT * K * C_in", {"multiplications": 1}),
        ("b * N * OUT * C_out", {"bias_additions": 1}),
        ("N * OUT * C_out", SUM),
        why="a convolution of sampled values: 7 each; 12 for each place of the kernel and group of offsets; the mask",
        params="(K * (C_in / g) + b) * C_out",
    ),
    formula(
        "roi_align",
        "RoI align",
        ("R * OUT * S_b * S_b * C", {"multiplications": 4 + 1, "additions": 3 + 1}),
        ("R * OUT * S_b * S_b", {"multiplications": 2 * 1 + 4, "additions": 2 * 3, "comparisons": 2 * 1}),
        ("R", {"multiplications": 4, "additions": 2, "divisions": 2}),
        ("aligned * R", {"additions": 4}),
        ("widened * R", {"comparisons": 2}),
        why="sampled values: 7 and 2 for the average; 14 for each sampled point; a box scaled (4), its bins (4); "
        "shifted by half a pixel (4), or else at least one pixel wide (2)",
    ),
    formula(
        "nms",
        "non-maximum suppression",
        ("R", {"additions": 2, "multiplications": 1}),
        ("R * s", {"comparisons": 1}),
        ("R * (R - 1) / 2", {"comparisons": 7, "additions": 4, "multiplications": 1, "divisions": 1}),
        why="areas (3), sorting by halves, then the overlap of each pair (13), as if none were left out on the way",
    ),
    formula(
        "fold",
        "fold (col2im)",
        ("n_in", {"additions": 1}),
        why="each value of each block is added to its place",
    ),
)
