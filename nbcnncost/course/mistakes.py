"""The mistakes that students make in counting, each as a formula beside the right one.

A mistake has a stable id, so that a teacher can count it. Its forms say, for each quantity, what becomes of the right
formula: what is put in the place of a part of it, or of all of it (:mod:`nbcnncost.course.rewriting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from nbcnncost.course.parts import Part
from nbcnncost.course.quantities import SIZES
from nbcnncost.course.rewriting import Ratio, Rewrite, for_axis

_COUNTS = ("macs", "flops")
_WEIGHTS = ("params", "weight_bytes", "weight_mb")
_OUTPUTS = ("elements", "activation_bytes", "activation_mb")
_BYTES = ("activation_bytes", "weight_bytes", "activation_mb", "weight_mb")
_ALL = (*_COUNTS, *_WEIGHTS)
_CONVOLUTIONS = ("convolution",)
_TRANSPOSED = ("transposed_convolution",)
_FILTERS = (*_CONVOLUTIONS, *_TRANSPOSED)
_POOLS = ("max_pool", "average_pool", "adaptive_max_pool", "adaptive_average_pool")
_NORMS = ("batch_norm", "instance_norm", "group_norm")
_WINDOWS = (*_CONVOLUTIONS, *_POOLS)
_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_PREFIXES = ("quantized_", "dynamic_", "complex_", "deform_")


#: What a mistake hinges on: a symbol's beginning, and the value with which there is nothing to be mistaken about.
_HINGES = MappingProxyType(
    {
        **dict.fromkeys(("groups_ignored", "groups_squared"), ("g", 1)),
        **dict.fromkeys(("dilation_counted", "dilation_ignored", "field_dilations_ignored"), ("D_", 1)),
        **dict.fromkeys(("stride_ignored", "stride_twice", "field_strides_ignored", "field_own_stride"), ("S_", 1)),
        **dict.fromkeys(("ceil_for_floor", "round_for_floor", "not_rounded"), ("S_", 1)),
        **dict.fromkeys(("kernel_one_side", "window_forgotten"), ("K_", 1)),
        **dict.fromkeys(("padding_ignored", "padding_once"), ("P_", 0)),
        **dict.fromkeys(("batch_counted", "batch_forgotten"), ("N", 1)),
        **dict.fromkeys(("shared_per_call", "calls_forgotten"), ("u", 1)),
    }
)


@dataclass(frozen=True)
class Form:
    """What a mistake makes of the formula of some quantities; of some kinds of layers only, where ``kinds`` says so.

    ``needs`` are symbols that must not be 0 (a bias that is forgotten must be there), ``absent`` one that must be.
    """

    quantities: tuple[str, ...]
    rewrite: Rewrite
    kinds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    absent: str = ""

    def of(self, part: Part, right: Ratio) -> Ratio | None:
        """The wrong formula; ``None`` where the mistake cannot be made."""
        if part.quantity not in self.quantities or (self.kinds and _plain(part.kind) not in self.kinds):
            return None
        if not all(part.values.get(symbol) for symbol in self.needs) or part.values.get(self.absent):
            return None
        made = self.rewrite(right, part.context, part.spatial)
        return made if made is not None and part.knows(made) else None


@dataclass(frozen=True)
class Mistake:
    """A mistake: its id, what was done, and why it is wrong."""

    id: str
    title: str
    why: str
    forms: tuple[Form, ...] = ()

    def is_open(self, part: Part) -> bool:
        """Whether the layer has what the mistake is about: groups, a stride, a padding that could be forgotten."""
        hinge = _HINGES.get(self.id)
        if hinge is None:
            return True
        prefix, usual = hinge
        return any(value > usual for symbol, value in part.values.items() if symbol.startswith(prefix))

    def of(self, part: Part, right: Ratio | None = None) -> Ratio | None:
        """The formula with this mistake in it: of the part's right formula, or of one with another mistake."""
        right = part.right if right is None else right
        return next((found for form in self.forms if (found := form.of(part, right)) is not None), None)

    def keeps(self, part: Part) -> bool:
        """Whether the right formula stays in there, so that another mistake can be made beside this one."""
        return any(form.rewrite.keeps for form in self.forms if form.of(part, part.right) is not None)

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that it can be made in."""
        return tuple(dict.fromkeys(name for form in self.forms for name in form.quantities))


def _plain(kind: str) -> str:
    """Quantized, dynamic and complex layers are counted as their plain layer is."""
    for prefix in _PREFIXES:
        kind = kind.removeprefix(prefix)
    return kind


def _form(
    quantities: tuple[str, ...],
    whole: str = "RIGHT",
    parts: Mapping[str, str] = MappingProxyType({}),
    *,
    kinds: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    absent: str = "",
    over: str = "",
) -> Form:
    return Form(quantities, Rewrite(whole, MappingProxyType(dict(parts)), over), kinds, needs, absent)


def _size_slip(text: str, over: str = "") -> tuple[Form, ...]:
    """A slip in an output size: where the size is asked, and where it goes on into other numbers."""
    asked = (
        _form((name,), for_axis(text, axis), over=for_axis(over, axis), kinds=_WINDOWS) for name, axis in SIZES.items()
    )
    if over:
        return tuple(asked)
    return (*asked, _form((*_COUNTS, *_OUTPUTS), parts={"OUT": f"[{text}]"}, kinds=_WINDOWS, needs=("sized",)))


_REACH = "A_in + 2 * P_s - D_s * (K_s - 1) - 1"

_UNITS = (
    Mistake(
        "macs_not_flops",
        "multiply-accumulates counted, not FLOPs",
        "One multiply-accumulate is a multiplication and an addition: 2 FLOPs.",
        (_form(("flops",), "MACS"),),
    ),
    Mistake(
        "flops_not_macs",
        "FLOPs counted, not multiply-accumulates",
        "A multiplication with its addition is one MAC.",
        (_form(("macs",), "2 * (RIGHT)"),),
    ),
    Mistake(
        "two_n_minus_one",
        "n − 1 additions counted for a sum of n products",
        "The formulas of this course count one addition for each product, 2·n in all.",
        (_form(("flops",), "SUMS"),),
    ),
    Mistake(
        "training_for_inference",
        "a training step counted, not the forward alone",
        "Forward and backward together take about three times the forward; the forward was asked.",
        (_form(_COUNTS, "3 * (RIGHT)"),),
    ),
    Mistake(
        "mib_for_mb",
        "2²⁰ bytes taken for a megabyte",
        "1 MB is 10⁶ bytes; 2²⁰ bytes are 1 MiB.",
        (_form(("activation_mb", "weight_mb"), over="1048576"),),
    ),
    Mistake(
        "bytes_for_elements",
        "bytes given, not numbers",
        "How many numbers there are was asked, not how many bytes they take.",
        (_form(("elements", "params"), "e * (RIGHT)"),),
    ),
    Mistake(
        "elements_for_bytes",
        "numbers given, not bytes",
        "Each number takes several bytes: 4 in float32.",
        (_form(_BYTES, parts={"e": "1"}),),
    ),
    Mistake(
        "bits_for_bytes",
        "bits given, not bytes",
        "A byte has 8 bits; a float32 has 32 bits, that is 4 bytes.",
        (_form(_BYTES, "8 * (RIGHT)"),),
    ),
    Mistake(
        "weights_for_activations",
        "the memory of the weights and that of the activations taken for each other",
        "Activations are what comes out of a layer, weights are its parameters.",
        (
            _form(("activation_bytes", "activation_mb"), "e * (PARAMS)"),
            _form(("weight_bytes", "weight_mb"), "e * (ELEMENTS)"),
        ),
    ),
)

_BIASES = (
    Mistake(
        "forgot_bias",
        "the bias forgotten",
        "Each output channel (or output feature) has one bias.",
        (_form(_WEIGHTS, parts={"b": "0"}, needs=("b",)),),
    ),
    Mistake(
        "bias_though_none",
        "a bias counted where there is none",
        "The layer has no bias.",
        (_form(_WEIGHTS, parts={"b": "1"}, absent="b"),),
    ),
    Mistake(
        "bias_per_pixel",
        "a bias counted for each output position",
        "All positions of an output channel share one bias.",
        (_form(_WEIGHTS, parts={"b": "OUT"}, needs=("b",), kinds=_FILTERS),),
    ),
    Mistake(
        "bias_on_input_side",
        "the bias added on the input side",
        "There is one bias for each output, not for each input.",
        (
            _form(_WEIGHTS, parts={"(N_in + b) * N_out": "N_in * (N_out + b)"}, needs=("b",)),
            _form(_WEIGHTS, parts={"(K * (C_in / g) + b) * C_out": "(K * (C_out / g) + b) * C_in"}, needs=("b",)),
            _form(
                _WEIGHTS,
                parts={"K * C_in * (C_out / g) + b * C_out": "(K * (C_out / g) + b) * C_in"},
                needs=("b",),
            ),
        ),
    ),
)

_CHANNELS = (
    Mistake(
        "forgot_input_channels",
        "the input channels forgotten: a filter thought to be as flat as its kernel",
        "A filter goes through all input channels (of its group).",
        (
            _form(_ALL, parts={"C_in / g": "1"}, kinds=_CONVOLUTIONS),
            _form(_ALL, parts={"C_in": "1"}, kinds=_TRANSPOSED),
        ),
    ),
    Mistake(
        "forgot_output_channels",
        "the output channels forgotten: one filter counted",
        "There is one filter for each output channel.",
        (
            _form(_ALL, parts={"C_out": "1"}, kinds=_CONVOLUTIONS),
            _form(_ALL, parts={"C_out / g": "1", "C_out": "1"}, kinds=_TRANSPOSED),
        ),
    ),
    Mistake(
        "groups_ignored",
        "the groups ignored",
        "With groups a filter sees only the input channels of its group: C_in/g.",
        (
            _form(_ALL, parts={"C_in / g": "C_in"}, kinds=_CONVOLUTIONS),
            _form(_ALL, parts={"C_out / g": "C_out"}, kinds=_TRANSPOSED),
        ),
    ),
    Mistake(
        "groups_squared",
        "input and output channels both divided by the groups",
        "Each group has C_in/g inputs and C_out/g outputs, but there are g groups: one g remains.",
        (
            _form(_ALL, parts={"C_out": "(C_out / g)"}, kinds=_CONVOLUTIONS),
            _form(_ALL, parts={"C_in": "(C_in / g)"}, kinds=_TRANSPOSED),
        ),
    ),
)

_KERNELS = (
    Mistake(
        "kernel_one_side",
        "K taken for K·K",
        "A kernel has as many elements as all its sides multiplied.",
        (_form((*_COUNTS, *_WEIGHTS), parts={"K": "<K_s>"}),),
    ),
    Mistake(
        "window_forgotten",
        "the window forgotten: one operation counted for each output",
        "Every element of each window is looked at.",
        (_form(_COUNTS, parts={"K": "1"}, kinds=_POOLS),),
    ),
    Mistake(
        "dilation_counted",
        "the gaps of a dilated kernel counted as work",
        "Dilation spreads the kernel's elements; there are no more of them.",
        (_form((*_COUNTS, *_WEIGHTS), parts={"K": "[D_s * (K_s - 1) + 1]"}, needs=("sized",)),),
    ),
    Mistake(
        "input_size_for_output",
        "the input's size taken for the output's",
        "The kernel is applied once for each output position.",
        (_form((*_COUNTS, *_OUTPUTS), parts={"OUT": "IN"}, kinds=_WINDOWS, needs=("sized",)),),
    ),
    Mistake(
        "transposed_as_conv",
        "a transposed convolution counted on its output positions",
        "In a transposed convolution each input position meets the whole kernel.",
        (_form(_COUNTS, parts={"IN": "OUT"}, kinds=_TRANSPOSED),),
    ),
    Mistake(
        "image_in_params",
        "H·W in a count of parameters",
        "A filter's weights are shared by all positions.",
        (_form(_WEIGHTS, "OUT * (RIGHT)", kinds=_FILTERS),),
    ),
)

_SIZE_SLIPS = (
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
            _form((name,), for_axis(f"({_REACH}) // S_s + 1", axis), kinds=_TRANSPOSED) for name, axis in SIZES.items()
        ),
    ),
)

_WITHOUT_PARAMETERS = (
    Mistake(
        "pool_has_params",
        "parameters counted in a pooling",
        "Pooling takes a maximum or mean; nothing in it is learned.",
        (_form(_WEIGHTS, parts={"0": "C * K"}, kinds=_POOLS),),
    ),
    Mistake(
        "relu_has_params",
        "parameters counted in an activation",
        "An activation is a fixed function; nothing in it is learned.",
        (_form(_WEIGHTS, parts={"0": "C"}, needs=("pointwise",)),),
    ),
    Mistake(
        "dropout_shrinks",
        "fewer numbers counted after a dropout",
        "Dropout sets numbers to zero; they are still there.",
        (_form(_OUTPUTS, parts={"n": "n * q // 100"}, kinds=("dropout",)),),
    ),
    Mistake(
        "one_operation_each",
        "one operation counted for each element",
        "The layer's definition takes several operations for each element.",
        (_form(("flops",), "BASE", absent="has_macs"),),
    ),
)

_NORMALIZATIONS = (
    Mistake(
        "bn_4c",
        "running statistics counted as parameters",
        "Mean and variance are kept, not learned: scale and shift are the parameters, 2·C.",
        (_form(_WEIGHTS, parts={"2 * C": "4 * C"}, kinds=_NORMS),),
    ),
    Mistake(
        "bn_forgotten",
        "the parameters of normalization forgotten",
        "Each channel has a scale and a shift.",
        (_form(_WEIGHTS, parts={"2 * C": "0"}, kinds=_NORMS),),
    ),
)

_CALLS = (
    Mistake(
        "batch_counted",
        "parameters counted for each sample of the batch",
        "All samples share the parameters.",
        (_form(_WEIGHTS, "N * (RIGHT)", needs=("N",)),),
    ),
    Mistake(
        "batch_forgotten",
        "one sample counted, not the batch",
        "The work and the output grow with the batch.",
        (
            _form((*_COUNTS, *_OUTPUTS), parts={"N": "1"}),
            _form((*_COUNTS, *_OUTPUTS), "(RIGHT) / N", needs=("N",)),
        ),
    ),
    Mistake(
        "shared_per_call",
        "shared parameters counted once for each call",
        "A layer that is called again uses the same parameters.",
        (_form(_WEIGHTS, "u * (RIGHT)", needs=("u",)),),
    ),
    Mistake(
        "calls_forgotten",
        "the work of a layer that is called again counted once",
        "Each call computes, whatever it shares with others.",
        (_form(_COUNTS, parts={"u": "1"}),),
    ),
)

_SEQUENCES = (
    Mistake(
        "gates_forgotten",
        "one gate counted",
        "An LSTM has four sets of weights, a GRU three.",
        (
            _form(("macs", *_WEIGHTS), parts={"4": "1", "8": "2"}, kinds=("lstm",)),
            _form(("macs", *_WEIGHTS), parts={"3": "1", "6": "2"}, kinds=("gru",)),
        ),
    ),
    Mistake(
        "hidden_forgotten",
        "the product with the hidden state forgotten",
        "Each step takes the input and the last hidden state.",
        (_form(_ALL, parts={"I + P": "I", "I + F": "I"}, kinds=_RECURRENT),),
    ),
    Mistake(
        "one_product",
        "one of attention's two products forgotten",
        "Queries meet keys, and then the scores meet the values.",
        (_form(_COUNTS, parts={"E + E_v": "E"}, kinds=("attention",)),),
    ),
)

_FIELDS = (
    Mistake(
        "field_strides_ignored",
        "the strides below ignored",
        "After a stride one step is several input positions: each layer adds (K − 1) times all strides below it.",
        (_form(("receptive_field",), "STRIDELESS"),),
    ),
    Mistake(
        "field_own_stride",
        "each layer's own stride counted in what it adds",
        "A layer's own stride widens the steps of those above it, not its own.",
        (_form(("receptive_field",), "OWNSTRIDE"),),
    ),
    Mistake(
        "field_kernels_added",
        "K added for each layer, not K − 1",
        "The first position is shared: each layer adds K − 1.",
        (_form(("receptive_field",), "KERNELS"),),
    ),
    Mistake(
        "field_dilations_ignored",
        "the dilations ignored",
        "A dilated kernel reaches over D·(K − 1) + 1 positions.",
        (_form(("receptive_field",), "UNDILATED"),),
    ),
    Mistake(
        "field_multiplied",
        "the kernels multiplied",
        "Receptive fields add up; only strides multiply.",
        (_form(("receptive_field",), "MULTIPLIED"),),
    ),
)

#: Mistakes of a ratio of two amounts: they have no form of their own, the question makes them (its two sums).
RATIO_MISTAKES = (
    Mistake(
        "ratio_inverted",
        "divided the other way round",
        "How many times as much the first takes: the first is divided by the second.",
    ),
    Mistake(
        "ratio_saved_share",
        "the saved share given, not the ratio",
        "The ratio was asked; the saved share is 1 − second/first.",
    ),
    Mistake(
        "ratio_first_part_alone",
        "only the first layer of the second design counted",
        "All layers that take the place of the first design count.",
    ),
)

#: Every mistake by its id.
MISTAKES = MappingProxyType(
    {
        entry.id: entry
        for entry in (
            *_UNITS,
            *_BIASES,
            *_CHANNELS,
            *_KERNELS,
            *_SIZE_SLIPS,
            *_WITHOUT_PARAMETERS,
            *_NORMALIZATIONS,
            *_CALLS,
            *_SEQUENCES,
            *_FIELDS,
            *RATIO_MISTAKES,
        )
    }
)
