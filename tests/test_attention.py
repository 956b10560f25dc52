"""Attention in every form: what is counted does not depend on the way in, on the device, or on a short cut."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from nets import Body
from torch import Tensor, nn
from twin_layers import Function

from nbcnncost import cost
from nbcnncost.errors import ValuesNeeded

BATCH, HEADS, QUERIES, KEYS, WIDTH = 2, 4, 5, 7, 8
QUERY, KEY = torch.ones(BATCH, HEADS, QUERIES, WIDTH), torch.ones(BATCH, HEADS, KEYS, WIDTH)
SCORES = BATCH * HEADS * QUERIES * KEYS
#: Two products; each score is scaled (1) and goes through the softmax (5).
PLAIN = 2 * SCORES * (WIDTH + WIDTH) + 6 * SCORES


def both(model: nn.Module, *inputs: Any, **named: Any) -> tuple[Any, Any]:
    """Kinds and dimensions without values and for real, in evaluation."""
    traces = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for execute in (False, True):
            data = (*inputs, named) if named else inputs
            traces.append(cost(model, input_data=data, execute=execute).trace)
    return tuple([(op.kind, op.dims) for op in trace.ops if op.dims or op.kind is None] for trace in traces)


KERNEL = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
# how attention is called, and what it costs
WAYS: dict[str, tuple[Any, tuple[Tensor, ...], int]] = {
    "plain": (lambda q, k: F.scaled_dot_product_attention(q, k, k), (QUERY, KEY), PLAIN),
    # the full matrix is computed, or at least allowed for: what lies above the diagonal is counted too
    "causal": (
        lambda q, k: F.scaled_dot_product_attention(q, k, k, is_causal=True),
        (QUERY, KEY),
        PLAIN,
    ),
    "grouped queries": (
        lambda q, k: F.scaled_dot_product_attention(q, k, k, enable_gqa=True),
        (QUERY, KEY[:, :2].contiguous()),
        PLAIN,
    ),
    "one query for all images": (lambda q, k: F.scaled_dot_product_attention(q, k, k), (QUERY[:1], KEY), PLAIN),
    "added mask": (
        lambda q, k, m: F.scaled_dot_product_attention(q, k, k, attn_mask=m),
        (QUERY, KEY, torch.ones(QUERIES, KEYS)),
        PLAIN + SCORES,
    ),
    "mask of booleans": (
        lambda q, k, m: F.scaled_dot_product_attention(q, k, k, attn_mask=m),
        (QUERY, KEY, torch.ones(QUERIES, KEYS, dtype=torch.bool)),
        PLAIN + SCORES,
    ),
    "by the kernel's name": (lambda q, k: KERNEL(q, k, k), (QUERY, KEY), PLAIN),
}


@pytest.mark.parametrize("name", WAYS)
def test_attention_costs_the_same_on_values_and_without(name):
    """The products of all queries with all keys, written out."""
    run, inputs, flops = WAYS[name]
    without, real = both(Function(run), *inputs)
    assert without == real
    assert cost(Function(run), input_data=inputs).total.flops == flops


class Attend(nn.Module):
    """Self-attention with its masks as arguments."""

    def __init__(self, *, weights: bool = True, average: bool = True, **settings: Any) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, **settings)
        self.options = {"need_weights": weights, "average_attn_weights": average}

    def forward(self, x: Tensor, mask: Tensor | None = None, padding: Tensor | None = None) -> Tensor:
        return self.attention(x, x, x, attn_mask=mask, key_padding_mask=padding, **self.options)[0]


X, MASK = torch.ones(3, 3, 8), torch.zeros(3, 3)
MASKS = {
    "none": {},
    "added": {"mask": MASK},
    "booleans": {"mask": MASK.bool()},
    "padding": {"padding": MASK.bool()},
}


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("weights", [False, True])
def test_multihead_attention_is_the_same_on_values_and_without(masks, batch_first, weights):
    """Whatever the masks, the order of the axes, and whether the weights are wanted."""
    without, real = both(Attend(weights=weights, batch_first=batch_first), X, **MASKS[masks])
    assert without == real
    assert None not in dict(without)


@pytest.mark.parametrize(
    "settings", [{"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 8, "vdim": 8}, {"average": False}]
)
def test_its_settings_do_not_matter_either(settings):
    """Biases of key and value, a zero more, sizes of their own, weights of each head."""
    without, real = both(Attend(**settings), X)
    assert without == real
    assert None not in dict(without)


def causal() -> Tensor:
    """Nothing after one's own place."""
    return torch.full((3, 3), -torch.inf).triu(1)


# how an encoder is called; a mask whose values are looked at is made in the forward, as models make it
ENCODER: dict[str, Any] = {
    "plain": lambda encoder, x: encoder(x),
    "mask": lambda encoder, x: encoder(x, mask=torch.zeros(3, 3)),
    "causal mask": lambda encoder, x: encoder(x, mask=causal()),
    "said to be causal": lambda encoder, x: encoder(x, mask=causal(), is_causal=True),
    "padding": lambda encoder, x: encoder(x, src_key_padding_mask=torch.tensor([[False, False, True]] * 3)),
}


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("name", ENCODER)
def test_the_encoders_short_cut_hides_nothing(name, batch_first, norm_first):
    """In evaluation torch has a fast path past the layers inside; the layers are counted all the same."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=batch_first, norm_first=norm_first)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=not norm_first)
    without, real = both(Body(lambda net, x: ENCODER[name](net.encoder, x), encoder=encoder), X)
    assert without == real
    linear = [dict(dims)["N_out"] for kind, dims in without if kind == "linear"]
    assert linear == [3 * 8, 8, 16, 8] * 2


def test_an_encoder_that_looks_whether_a_given_mask_is_causal_says_so():
    """Of a mask that is handed in no values are known."""
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, enable_nested_tensor=False)
    with pytest.raises(ValuesNeeded, match="execute=True"):
        cost(encoder, input_data=(X, {"mask": MASK}))
    assert cost(encoder, input_data=(X, {"mask": MASK}), execute=True).uncounted == ()
