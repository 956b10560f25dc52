"""Mistakes in recurrent layers and attention."""

from __future__ import annotations

from nbcnncost.course.mistakes.form import ALL, COUNTS, RECURRENT, WEIGHTS, Mistake, form

SEQUENCES = (
    Mistake(
        "gates_forgotten",
        "one gate counted",
        "An LSTM has four sets of weights, a GRU three.",
        (
            form(("macs", *WEIGHTS), parts={"4": "1", "8": "2"}, kinds=("lstm",)),
            form(("macs", *WEIGHTS), parts={"3": "1", "6": "2"}, kinds=("gru",)),
        ),
    ),
    Mistake(
        "hidden_forgotten",
        "the product with the hidden state forgotten",
        "Each step takes the input and the last hidden state.",
        (form(ALL, parts={"I + P": "I", "I + F": "I"}, kinds=RECURRENT),),
    ),
    Mistake(
        "one_product",
        "one of attention's two products forgotten",
        "Queries meet keys, and then the scores meet the values.",
        (form(COUNTS, parts={"E + E_v": "E"}, kinds=("attention",)),),
    ),
)
