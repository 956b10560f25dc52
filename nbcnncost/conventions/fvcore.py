"""What fvcore's ``FlopCountAnalysis`` counts: a dozen operations of the graph that jit tracing makes of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from types import MappingProxyType

from nbcnncost.conventions.einsum import einsum_of, numpy_cost, printed_cost
from nbcnncost.conventions.graph import Node, factors, graph
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.records import Trace

#: Two equations, with any letters, that are counted as a matrix product; all others as numpy estimates them.
_PRODUCTS: Mapping[str, int] = MappingProxyType({"abc,abd->acd": -1, "abc,adc->adb": 1})


def _of_complex(node: Node) -> Part:
    """Three real convolutions, which is what the framework makes of one."""
    part = node.by_macs()
    return part._replace(text=f"3 * {part.text}")


def _matmul(node: Node) -> Part:
    """The first operand's matrices times the second's columns, however often either is broadcast."""
    first, second = factors(node)
    columns = second[-1] if len(second) > 1 else 1
    part = node.by_size("n_in * p", n_in=prod(first), p=columns)
    return part if part.number == node.result.numel * first[-1] else part._replace(fault="broadcast")


def _einsum(node: Node) -> Part:
    einsum = einsum_of(node.call)
    side = _PRODUCTS.get(einsum.renamed)
    if side is not None:
        first, second = einsum.shapes
        return Part(node.place, "n_in * p", {"n_in": first[0] * first[1] * first[2], "p": second[side]})
    cost = numpy_cost(einsum)
    rounded = printed_cost(einsum)
    right = rounded // 2 == cost // 2 and len(einsum.shapes) > 1
    return Part(node.place, "F_np // 2", {"F_np": rounded}, "" if right else "einsum")


def _batch_norm(node: Node) -> Part:
    factor = (5 if node.call.argument(5, "training") else 2) - (not node.affine) * 1
    return node.by_size(f"{factor} * n_in" if factor > 1 else "n_in")


def _norm(node: Node) -> Part:
    return node.by_size("5 * n_in" if node.affine else "4 * n_in")


def _grid(node: Node) -> Part:
    linear = node.call.argument(2, "mode", "bilinear") in ("bilinear", 0) and len(node.result.shape) == 4
    return node.by_size("4 * n", "" if linear else "grid_sample")


_COUNTED: Mapping[str, Callable[[Node], Part]] = MappingProxyType(
    {
        **dict.fromkeys(("_convolution", "linear", "mm", "addmm", "bmm"), Node.by_macs),
        **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), Node.by_macs),
        "_convolution_of_complex": _of_complex,
        "matmul": _matmul,
        "einsum": _einsum,
        "batch_norm": _batch_norm,
        "group_norm": _norm,
        "layer_norm": _norm,
        "instance_norm": _norm,
        "upsample_nearest2d": lambda node: node.by_size("n"),
        "upsample_bilinear2d": lambda node: node.by_size("4 * n"),
        "adaptive_avg_pool2d": lambda node: node.by_size("n_in"),
        "grid_sample": _grid,
        "grid_sampler": _grid,
    }
)
#: What is like something that is counted, and counts nothing.
_MISSED: Mapping[str, str] = MappingProxyType(
    {
        "_convolution_mode": "padding",
        "scaled_dot_product_attention": "attention",
        **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), "recurrent"),
        **dict.fromkeys(("baddbmm", "addmv", "mv", "dot", "inner", "tensordot", "bilinear"), "products"),
        **dict.fromkeys(("linalg_multi_dot", "addbmm"), "products"),
        **dict.fromkeys(("adaptive_avg_pool1d", "adaptive_avg_pool3d"), "pooling"),
        **dict.fromkeys(("upsample_nearest1d", "upsample_nearest3d", "upsample_linear1d"), "upsampling"),
        **dict.fromkeys(("upsample_trilinear3d", "upsample_bicubic2d"), "upsampling"),
        **{f"_upsample_nearest_exact{rank}d": "upsampling" for rank in (1, 2, 3)},
        **dict.fromkeys(("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"), "upsampling"),
    }
)


def _hears(trace: Trace) -> Iterator[Part]:
    for node in graph(trace):
        count = _COUNTED.get(node.name)
        if count is not None:
            yield count(node)
        elif node.name in _MISSED:
            yield node.by_size("0", _MISSED[node.name])


fvcore = Peer(
    name="fvcore",
    title="fvcore 0.1.5: multiply-accumulates, and elements of norms, 2-D upsampling and 2-D adaptive pooling",
    unit="MACs",
    weights=MappingProxyType({"macs": 1}),
    tool="fvcore.nn.FlopCountAnalysis",
    version="0.1.5.post20221221",
    says="flops",
    doc=(
        "One for each multiply-accumulate of convolutions, linear layers and matrix products; batch normalization is "
        "2 an element (5 in training), other norms 5, without a weight one less; upsampling an image is 1 (nearest) or "
        "4 (bilinear) an element, 2-D adaptive average pooling 1 for each element of its input. Biases, activations, "
        "other pooling and arithmetic count nothing. It goes through the graph that jit tracing makes, from which an "
        "operation whose result nobody uses is dropped: that a trace does not show. Its rows for modules put all that "
        "a shared module does under its first name."
    ),
    hears=_hears,
    faults=MappingProxyType(
        {
            "padding": 'a convolution with its padding given as a word ("same", "valid") counts nothing',
            "attention": "F.scaled_dot_product_attention counts nothing: of attention only the projections are left",
            "recurrent": "an LSTM, GRU or RNN layer counts nothing; the cells count",
            "products": "baddbmm, bilinear layers, tensordot and products with vectors count nothing",
            "broadcast": "a matrix product counts the first operand's matrices alone, also where these are broadcast",
            "einsum": (
                "an einsum counts half of numpy's estimate plus one, rounded to four digits, also where it only sums"
            ),
            "pooling": "adaptive average pooling in 1-D and 3-D counts nothing, in 2-D it counts",
            "upsampling": "upsampling in 1-D and 3-D, bicubic and antialiased counts nothing, in 2-D it counts",
            "grid_sample": "grid_sample counts 4 an element in any mode and for volumes, as if it were bilinear",
        }
    ),
)
