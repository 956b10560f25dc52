"""Mistakes in what a training step takes beside the forward."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import Mistake, form

_STEP = ("training",)

TRAINING = (
    Mistake(
        "first_gradient_counted",
        "a gradient counted for the network's input",
        "Nothing is learned from the gradient of the images: the first layer has only that of its weights.",
        (form(_STEP, "EVERY"),),
    ),
    Mistake(
        "one_gradient_each",
        "the backward pass taken to cost as much as the forward",
        "Each layer has two gradients, of its weights and of its input, and each costs as much as its forward.",
        (form(_STEP, "2 * (FORWARD)"),),
    ),
    Mistake(
        "forward_not_in_step",
        "the backward pass counted alone",
        "A training step runs forward first, then backward.",
        (form(_STEP, "BACKWARD"),),
    ),
)
