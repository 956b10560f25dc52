"""Slips in an output's size, where it is asked and where it goes on into other numbers."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import COUNTS, OUTPUTS, TRANSPOSED, WINDOWS, Form, Mistake, form
from nbcnncost.course.quantities import SIZES
from nbcnncost.course.rewriting import for_axis

_REACH = "A_in + 2 * P_s - D_s * (K_s - 1) - 1"


def _size_slip(text: str, over: str = "") -> tuple[Form, ...]:
    """A slip in an output size: where the size is asked, and where it goes on into other numbers."""
    asked = (
        form((name,), for_axis(text, axis), over=for_axis(over, axis), kinds=WINDOWS) for name, axis in SIZES.items()
    )
    divided = f"OVER * [{over}]" if over else ""
    put = {"OUT": f"[{text}]"}
    return (*asked, form((*COUNTS, *OUTPUTS), parts=put, kinds=WINDOWS, needs=("sized",), over=divided))


SIZE_SLIPS = (
    Mistake(
        "stride_ignored",
        "the stride ignored",
        "The window moves by the stride, so there are fewer positions.",
        _size_slip("A_in + 2 * P_s - D_s * (K_s - 1)"),
    ),
    Mistake(
        "stride_twice",
        "divided by the stride twice",
        "The stride divides once along each axis.",
        _size_slip(f"({_REACH}) // (S_s * S_s) + 1"),
    ),
    Mistake(
        "padding_ignored",
        "the padding ignored",
        "Padding makes the input larger before the window moves over it.",
        _size_slip("(A_in - D_s * (K_s - 1) - 1) // S_s + 1"),
    ),
    Mistake(
        "padding_once",
        "the padding counted on one side only",
        "The padding stands on both sides: 2·P.",
        _size_slip("(A_in + P_s - D_s * (K_s - 1) - 1) // S_s + 1"),
    ),
    Mistake(
        "dilation_ignored",
        "the dilation ignored in the output's size",
        "A dilated kernel reaches over D·(K − 1) + 1 positions.",
        _size_slip("(A_in + 2 * P_s - (K_s - 1) - 1) // S_s + 1"),
    ),
    Mistake(
        "ceil_for_floor",
        "rounded up, not down",
        "A window that does not fit any more is left out: the division rounds down.",
        _size_slip(f"({_REACH} + S_s - 1) // S_s + 1"),
    ),
    Mistake(
        "round_for_floor",
        "rounded to the nearest, not down",
        "A window that does not fit any more is left out: the division rounds down.",
        _size_slip(f"(2 * ({_REACH}) + S_s) // (2 * S_s) + 1"),
    ),
    Mistake(
        "not_rounded",
        "not rounded down",
        "There is no part of a position: the division rounds down.",
        _size_slip(f"{_REACH} + S_s", over="S_s"),
    ),
    Mistake(
        "first_position_forgotten",
        "the + 1 forgotten",
        "The first position counts, too; the division counts the steps after it.",
        _size_slip(f"({_REACH}) // S_s"),
    ),
    Mistake(
        "transposed_size_as_conv",
        "the size of a convolution's output taken for that of a transposed one",
        "A transposed convolution goes the other way: (H_in − 1)·S − 2·P + D·(K − 1) + 1.",
        tuple(
            form((name,), for_axis(f"({_REACH}) // S_s + 1", axis), kinds=TRANSPOSED) for name, axis in SIZES.items()
        ),
    ),
)
