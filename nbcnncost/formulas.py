"""The formulas: what each kind of layer costs, from its sizes alone. No torch is needed here.

One table, ``FORMULAS`` (in :mod:`nbcnncost.kinds`), defines every kind; the functions here build the symbols from a
layer's settings, in the layer's own words and keyword-only. Each gives a :class:`~nbcnncost.work.Count`:

>>> c = convolution(input_size=(224, 224), in_channels=3, out_channels=64, kernel_size=7, stride=2, padding=3)
>>> c.output_size, c.work.macs, c.params
((112, 112), 118013952, 9472)

Where the textbook's formulas come from: Ye Tingyun, "How to estimate a CNN's computation and parameters
accurately". One multiply-accumulate is one multiplication and one addition.
"""

from __future__ import annotations

from collections.abc import Sequence

from nbcnncost.expressions import named
from nbcnncost.kinds import FORMULAS
from nbcnncost.symbols import SYMBOLS
from nbcnncost.work import CATEGORIES, Count, Formula, Work

__all__ = [
    "CATEGORIES",
    "FORMULAS",
    "SYMBOLS",
    "Count",
    "Formula",
    "Work",
    "attention",
    "average_pool",
    "batch_norm",
    "convolution",
    "elementwise",
    "linear",
    "matmul",
    "max_pool",
    "output_size",
    "recurrent",
    "transposed_convolution",
]

Sizes = int | Sequence[int]


def output_size(
    input_size: int,
    *,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """The output's size along one dimension: ``floor((in + 2P − D·(K − 1) − 1)/S) + 1``.

    With ``ceil_mode`` (pooling) the division rounds up, but a window that would start beyond the input and its
    left padding is left out, as PyTorch does.

    >>> output_size(227, kernel_size=11, stride=4), output_size(224, kernel_size=7, stride=2, padding=3)
    (55, 112)
    """
    if min(input_size, kernel_size, stride, dilation) < 1 or padding < 0:
        raise ValueError("sizes, stride and dilation are at least 1, padding at least 0")
    reach = input_size + 2 * padding - dilation * (kernel_size - 1) - 1
    size = (reach + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (size - 1) * stride >= input_size + padding:
        size -= 1
    if size < 1:
        raise ValueError(
            f"a kernel of {kernel_size} (dilation {dilation}) does not fit into {input_size} + 2·{padding} positions"
        )
    return size


def _each_axis(value: Sizes, spatial: int) -> tuple[int, ...]:
    values = (value,) * spatial if isinstance(value, int) else tuple(value)
    if len(values) != spatial:
        raise ValueError(f"{spatial} numbers are needed, one for each spatial dimension, not {values}")
    return values


def _output_sizes(
    input_size: tuple[int, ...],
    kernel_size: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool = False,
) -> tuple[int, ...]:
    spatial = _spatial(input_size)
    settings = (_each_axis(value, spatial) for value in (kernel_size, stride, padding, dilation))
    return tuple(
        output_size(size, kernel_size=k, stride=s, padding=p, dilation=d, ceil_mode=ceil_mode)
        for size, k, s, p, d in zip(input_size, *settings, strict=True)
    )


def _spatial(input_size: tuple[int, ...]) -> int:
    if not 1 <= len(input_size) <= 3:
        raise ValueError(f"a layer has 1, 2 or 3 spatial dimensions, not the {len(input_size)} of {input_size}")
    return len(input_size)


def _check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    if groups < 1 or in_channels % groups or out_channels % groups:
        raise ValueError(f"{groups} groups do not divide {in_channels} input and {out_channels} output channels")


def _count(kind: str, dims: dict[str, int], spatial: int = 0, out: tuple[int, ...] = ()) -> Count:
    return Count(FORMULAS[kind], tuple(dims.items()), spatial, out)


def convolution(
    *,
    input_size: Sequence[int],
    in_channels: int,
    out_channels: int,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    bias: bool = True,
    batch: int = 1,
) -> Count:
    """A convolution over ``input_size`` (one number for each spatial dimension: 1, 2 or 3).

    >>> convolution(input_size=(28, 28), in_channels=192, out_channels=32, kernel_size=5, padding=2).work.macs
    120422400
    """
    size = tuple(input_size)
    _check_groups(in_channels, out_channels, groups)
    out = _output_sizes(size, kernel_size, stride, padding, dilation)
    dims = {"N": batch, "C_in": in_channels, "C_out": out_channels, "g": groups, "b": int(bias)}
    dims |= named("OUT", out) | named("K", _each_axis(kernel_size, len(size)))
    return _count("convolution", dims, len(size), out)


def transposed_convolution(
    *,
    input_size: Sequence[int],
    in_channels: int,
    out_channels: int,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    bias: bool = True,
    batch: int = 1,
) -> Count:
    """A transposed convolution: counted on its *input* positions.

    >>> c = transposed_convolution(input_size=(7, 7), in_channels=8, out_channels=4, kernel_size=2, stride=2)
    >>> c.output_size, c.work.macs
    ((14, 14), 6272)
    """
    size = tuple(input_size)
    _check_groups(in_channels, out_channels, groups)
    spatial = _spatial(size)
    kernel = _each_axis(kernel_size, spatial)
    settings = (_each_axis(value, spatial) for value in (stride, padding, output_padding, dilation))
    out = tuple(
        (i - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for i, k, s, p, extra, d in zip(size, kernel, *settings, strict=True)
    )
    if min(out) < 1:
        raise ValueError(f"the output would have {out} positions; there must be at least 1 along each axis")
    dims = {"N": batch, "C_in": in_channels, "C_out": out_channels, "g": groups, "b": int(bias)}
    dims |= named("IN", size) | named("OUT", out) | named("K", kernel)
    return _count("transposed_convolution", dims, spatial, out)


def linear(*, in_features: int, out_features: int, bias: bool = True, batch: int = 1) -> Count:
    """A fully connected layer; ``batch`` is the product of all leading dimensions.

    >>> linear(in_features=25088, out_features=4096).params
    102764544
    """
    return _count("linear", {"N": batch, "N_in": in_features, "N_out": out_features, "b": int(bias)})


def matmul(*, m: int, k: int, n: int, batch: int = 1) -> Count:
    """``batch`` products of an m×k with a k×n matrix.

    >>> matmul(m=2, k=3, n=4, batch=5).work.macs
    120
    """
    return _count("matmul", {"B": batch, "m": m, "k": k, "p": n, "b": 0})


def attention(
    *,
    queries: int,
    keys: int,
    features: int,
    value_features: int | None = None,
    heads: int = 1,
    batch: int = 1,
) -> Count:
    """Scaled dot-product attention; ``features`` are those of one head.

    >>> attention(queries=197, keys=197, features=64, heads=12).work.macs
    59610624
    """
    value_features = features if value_features is None else value_features
    return _count("attention", {"B": batch * heads, "T_q": queries, "T_k": keys, "E": features, "E_v": value_features})


def _pool(
    kind: str,
    input_size: Sequence[int],
    channels: int,
    kernel_size: Sizes,
    stride: Sizes | None,
    rest: tuple[Sizes, Sizes, bool, int],
) -> Count:
    padding, dilation, ceil_mode, batch = rest
    size = tuple(input_size)
    out = _output_sizes(size, kernel_size, kernel_size if stride is None else stride, padding, dilation, ceil_mode)
    dims = {"N": batch, "C": channels} | named("OUT", out) | named("K", _each_axis(kernel_size, len(size)))
    return _count(kind, dims, len(size), out)


def max_pool(
    *,
    input_size: Sequence[int],
    channels: int,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    batch: int = 1,
) -> Count:
    """Max pooling; without ``stride`` the windows lie side by side.

    >>> max_pool(input_size=(112, 112), channels=64, kernel_size=3, stride=2, padding=1).work.comparisons
    1806336
    """
    return _pool("max_pool", input_size, channels, kernel_size, stride, (padding, dilation, ceil_mode, batch))


def average_pool(
    *,
    input_size: Sequence[int],
    channels: int,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    batch: int = 1,
) -> Count:
    """Average pooling: two operations for each element of each window.

    >>> average_pool(input_size=(7, 7), channels=512, kernel_size=7).work
    Work(additions=25088, multiplications=25088)
    """
    return _pool("average_pool", input_size, channels, kernel_size, stride, (padding, 1, ceil_mode, batch))


def batch_norm(*, channels: int, input_size: Sequence[int] = (), batch: int = 1) -> Count:
    """Batch normalization over ``input_size`` (empty after a linear layer).

    >>> batch_norm(channels=64, input_size=(112, 112)).params
    128
    """
    size = tuple(input_size)
    return _count("batch_norm", {"N": batch, "C": channels} | named("X", size), len(size), size)


def elementwise(kind: str, *, elements: int) -> Count:
    """A kind that costs the same at each element: activations, softmax, residual sums, dropout.

    >>> elementwise("sigmoid", elements=10).work
    Work(additions=20, divisions=10, specials=10)
    """
    formula = FORMULAS.get(kind)
    if formula is None or any(term.base not in ("n", "n_in") for term in formula.terms):
        raise ValueError(f"{kind!r} is no kind that is counted per element; see formulas.FORMULAS")
    return _count(kind, {"n": elements, "n_in": elements})


def recurrent(kind: str, *, inputs: int, hidden: int, steps: int, bias: bool = True, batch: int = 1) -> Count:
    """One layer and one direction of ``"lstm"``, ``"gru"``, ``"rnn_tanh"`` or ``"rnn_relu"``.

    >>> recurrent("lstm", inputs=28, hidden=128, steps=28).work.macs
    2236416
    """
    if kind not in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        raise ValueError(f"{kind!r} is no recurrent layer: lstm, gru, rnn_tanh or rnn_relu")
    return _count(kind, {"T": steps * batch, "I": inputs, "F": hidden, "P": hidden, "b": int(bias)})
