"""What torchprofile's ``profile_macs`` counts: operations of the graph that jit tracing makes of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from types import MappingProxyType

from nbcnncost.conventions.einsum import einsum_of
from nbcnncost.conventions.graph import Node, factors, graph, shape_products
from nbcnncost.conventions.peer import Part, Peer
from nbcnncost.records import Trace

_GRID: Mapping[object, str] = MappingProxyType({"nearest": "0", 1: "0", "bicubic": "16 * n", 2: "16 * n"})

_CELLS: Mapping[str | None, str] = MappingProxyType(
    {"lstm": "4 * T * F * (I + F) + 3 * T * F", "gru": "3 * T * F * (I + F) + 2 * T * F"}
)


def _convolution(node: Node) -> Part:
    """On output positions always; a transposed one's input channels are what the weight's shape suggests."""
    right = node.by_macs()
    if node.op.kind != "transposed_convolution":
        return right
    dims = dict(node.op.dims)
    channels = "(C_out / g)" if dims["C_in"] == dims["C_out"] else "C_in"
    part = node.by_dims(f"N * OUT * C_out * {channels} * K")
    return part if part.number == right.number else part._replace(fault="transposed")


def _matmul(node: Node) -> Part:
    first, second = factors(node)
    inner = first[-1] if len(second) == 1 or len(first) > 1 else second[-2]
    return node.by_size("n * k", k=inner)


def _einsum(node: Node) -> Part:
    einsum = einsum_of(node.call)
    if "..." in einsum.equation:
        return node.by_size("0", "einsum")
    sizes = {
        index: size
        for term, shape in zip(einsum.terms, einsum.shapes, strict=True)
        for index, size in zip(term, shape, strict=True)
    }
    fault = "" if len(einsum.shapes) == 2 and sizes == einsum.sizes else "einsum"
    return Part(node.place, "n_idx", {"n_idx": prod(sizes.values())}, fault)


def _norm(node: Node) -> Part:
    return node.by_size("n" if node.affine else "0")


def _each(node: Node) -> Part:
    return node.by_size("n")


def _leaky_relu(node: Node) -> Part:
    in_place = bool(node.call.argument(2, "inplace", default=False))
    return node.by_size("0", "in_place") if in_place else node.by_size("n")


def _lstm(trace: Trace, node: Node) -> Iterator[Part]:
    """Each layer and direction; the hidden size is read off the last hidden state, the steps off the output."""
    packed = isinstance(node.call.argument(3, "params"), tuple)
    steps = prod(trace.ops[node.call.start].outputs[0].shape[:2])
    for index in range(node.call.start, node.call.stop):
        op = trace.ops[index]
        if op.kind == "lstm":
            values = dict(op.dims) | ({"T": steps} if packed else {})
            fault = "packed" if packed else "projection" if values["P"] != values["F"] else ""
            yield Part(index, "4 * T * P * (I + P)", values, fault)


def _cell(node: Node) -> Part:
    """The two linear layers of a step, and the products of its gates."""
    return node.by_dims(_CELLS[node.op.kind]) if node.op.kind in _CELLS else node.by_macs()


def _sampling(node: Node) -> Part:
    return node.by_size(_GRID.get(node.call.argument(2, "mode", "bilinear"), "4 * n"))


_COUNTED: Mapping[str, Callable[[Node], Part]] = MappingProxyType(
    {
        "_convolution": _convolution,
        **dict.fromkeys(("linear", "addmm", "addmv", "bmm", "baddbmm", "scaled_dot_product_attention"), Node.by_macs),
        "matmul": _matmul,
        "einsum": _einsum,
        **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), _cell),
        **dict.fromkeys(("batch_norm", "group_norm", "layer_norm", "instance_norm"), _norm),
        **dict.fromkeys(("mul", "mul_", "mean"), _each),
        **{f"{kind}_pool{rank}d": _each for kind in ("avg", "adaptive_avg") for rank in (1, 2, 3)},
        **dict.fromkeys(
            ("local_response_norm", "lp_pool1d", "lp_pool2d", "lp_pool3d"), lambda node: node.by_size("3 * n")
        ),
        "leaky_relu": _leaky_relu,
        "upsample_bilinear2d": lambda node: node.by_size("4 * n"),
        "grid_sample": _sampling,
        "grid_sampler": _sampling,
    }
)
#: What is like something that is counted, and counts nothing.
_MISSED: Mapping[str, str] = MappingProxyType(
    {
        "_convolution_mode": "padding",
        "leaky_relu_": "in_place",
        **dict.fromkeys(("gru", "rnn_tanh", "rnn_relu"), "recurrent"),
        **dict.fromkeys(("mm", "mv", "dot", "inner", "tensordot", "bilinear"), "products"),
        **dict.fromkeys(("linalg_multi_dot", "addbmm", "outer"), "products"),
        **dict.fromkeys(("upsample_linear1d", "upsample_trilinear3d", "upsample_bicubic2d"), "upsampling"),
        **dict.fromkeys(("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"), "upsampling"),
    }
)


def _hears(trace: Trace) -> Iterator[Part]:
    for node in graph(trace):
        count = _COUNTED.get(node.name)
        if count is not None:
            yield count(node)
        elif node.name == "lstm":
            yield from _lstm(trace, node)
        elif node.name in _MISSED:
            yield node.by_size("0", _MISSED[node.name])
        products = shape_products(trace, node)
        if products:
            yield node.by_size("n_shape", "shapes", n_shape=products)._replace(without=(("shapes", "0"),))


torchprofile = Peer(
    name="torchprofile",
    title="torchprofile 0.1: multiply-accumulates, and elements of norms, products, means and average pooling",
    unit="MACs",
    weights=MappingProxyType({"macs": 1}),
    tool="torchprofile.profile_macs",
    version="0.1.0",
    says="MACs",
    doc=(
        "One for each multiply-accumulate of convolutions, linear layers, matrix products, attention and LSTM layers, "
        "and one for each element that a norm with a weight, a product, a mean, average pooling or LeakyReLU gives; "
        "bilinear upsampling and sampling 4 an element, bicubic sampling 16. Biases, sums, other activations and max "
        "pooling count nothing. It goes through the graph that jit tracing makes, from which an operation whose result "
        "nobody uses is dropped: that a trace does not show."
    ),
    hears=_hears,
    faults=MappingProxyType(
        {
            "padding": 'a convolution with its padding given as a word ("same", "valid") counts nothing',
            "transposed": (
                "a transposed convolution is counted on output positions, s times too many along each axis, and its "
                "groups are forgotten where the numbers of channels differ"
            ),
            "recurrent": "a GRU or RNN layer counts nothing, an LSTM layer counts",
            "projection": "an LSTM with a projection counts as if it were as narrow as the projection",
            "packed": "an LSTM on a packed sequence counts its features as steps",
            "products": "torch.mm, bilinear layers, tensordot and products of two vectors or with one count nothing",
            "einsum": (
                'an einsum counts the product of all its indices: nothing with "...", and also where nothing is '
                "multiplied or fewer products would do"
            ),
            "upsampling": "upsampling that is linear in 1-D and 3-D, bicubic or antialiased counts nothing",
            "in_place": "LeakyReLU in place counts nothing",
            "shapes": (
                "products of shape numbers (batch times heads) count as one each; those in a model's own code are in "
                "no trace, and missing here"
            ),
        }
    ),
)
