"""What compares vectors: distances and similarities of ``n`` pairs with ``V`` coordinates each."""

from __future__ import annotations

from nbcnncost.families.entry import formula

FORMULAS = (
    formula(
        "distance",
        "Euclidean distance",
        ("n * V", {"additions": 2, "multiplications": 1}),
        ("n", {"specials": 1}),
        why="each coordinate: difference, square, sum; then the root",
    ),
    formula(
        "distance_1",
        "Manhattan distance",
        ("n * V", {"additions": 2, "comparisons": 1}),
        why="each coordinate: difference, absolute, sum",
    ),
    formula(
        "distance_0",
        "Hamming distance",
        ("n * V", {"additions": 2, "comparisons": 1}),
        why="each coordinate: difference, compare with 0, sum",
    ),
    formula(
        "distance_max",
        "largest difference",
        ("n * V", {"additions": 1, "comparisons": 2}),
        why="each coordinate: difference, absolute, compare",
    ),
    formula(
        "distance_p",
        "distance of any order",
        ("n * V", {"additions": 2, "comparisons": 1, "specials": 1}),
        ("n", {"specials": 1}),
        why="each coordinate: difference, absolute, power, sum; then the root",
    ),
    formula(
        "cosine_similarity",
        "cosine similarity",
        ("n * V", {"multiplications": 3, "additions": 3}),
        ("n", {"specials": 2, "comparisons": 2, "multiplications": 1, "divisions": 1}),
        why="a product's sum and two norms: 6 for each coordinate; 2 roots, 2 compared with ε, product, quotient",
    ),
)
