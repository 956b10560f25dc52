"""What a student computes who makes one mistake, by plain arithmetic on a layer's numbers: no formula of ours is used.

Positions are counted by walking a window along the input; each slip changes the walk or one factor.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

AXES = {"d_out": "d", "h_out": "h", "w_out": "w", "l_out": "l"}


def positions(size, kernel, stride, before, after, dilation):
    """Where a window starts when it walks along a padded line."""
    return len(range(0, before + size + after - dilation * (kernel - 1), stride))


def sizes(v, axis):
    """The output's size along an axis as each slip gives it; ``right`` is without one."""
    i, k, s, p, d = (v[name] for name in (f"{axis.upper()}_in", f"K_{axis}", f"S_{axis}", f"P_{axis}", f"D_{axis}"))
    reach = i + 2 * p - d * (k - 1) - 1
    return {
        "right": positions(i, k, s, p, p, d),
        "stride_ignored": positions(i, k, 1, p, p, d),
        "stride_twice": positions(i, k, s * s, p, p, d),
        "padding_ignored": positions(i, k, s, 0, 0, d),
        "padding_once": positions(i, k, s, p, 0, d),
        "dilation_ignored": positions(i, k, s, p, p, 1),
        "ceil_for_floor": math.ceil(Fraction(reach, s)) + 1,
        "round_for_floor": math.floor(Fraction(reach, s) + Fraction(1, 2)) + 1,
        "first_position_forgotten": positions(i, k, s, p, p, d) - 1,
        "not_rounded": Fraction(reach, s) + 1,
    }


def transposed_sizes(v, axis):
    """The same of a transposed convolution: its last window ends where the output does, less the padding."""
    i, k, s, p, d = (v[name] for name in (f"{axis.upper()}_in", f"K_{axis}", f"S_{axis}", f"P_{axis}", f"D_{axis}"))
    last = max(start + d * tap for start in range(0, i * s, s) for tap in range(k))
    return {"right": last + 1 - 2 * p, "transposed_size_as_conv": positions(i, k, s, p, p, d)}


def halves_and_doubles(quantity, macs, flops=None):
    """MACs, and FLOPs that are twice as many or told, with the 2 between them forgotten, misplaced or taken twice."""
    if quantity == "macs":
        return {"flops_not_macs": 2 * macs, "macs_halved": Fraction(macs, 2)}
    doubled = 2 * (2 * macs if flops is None else flops)
    return {"macs_not_flops": macs, "flops_doubled": doubled}


def _windows(v, work):
    """Work at each output position, with every slip in the number of positions; ``work`` takes that number."""
    along = [sizes(v, axis) for axis in "hw"]
    found = {name: work(math.prod(size[name] for size in along)) for name in along[0]}
    return found | {"input_size_for_output": work(v["H_in"] * v["W_in"])}


def convolution(v, uses):
    """All quantities of a convolution over an image."""
    n, ins, outs, g, b = (v[name] for name in ("N", "C_in", "C_out", "g", "b"))
    kh, kw, dh, dw = v["K_h"], v["K_w"], v["D_h"], v["D_w"]
    own = ins // g

    def macs(where, *, ins=own, outs=outs, kernel=kh * kw, batch=n, uses=uses):
        return uses * batch * where * ins * outs * kernel

    def params(*, ins=own, outs=outs, kernel=kh * kw, bias=b):
        return sum(ins * kernel + bias for _ in range(outs))

    counted = _windows(v, macs)
    here = counted["right"] // macs(1)
    spread = (dh * (kh - 1) + 1) * (dw * (kw - 1) + 1)
    counted |= {
        "training_for_inference": counted["right"] * 3,
        "forgot_input_channels": macs(here, ins=1),
        "forgot_output_channels": macs(here, outs=1),
        "groups_ignored": macs(here, ins=ins),
        "groups_squared": macs(here, outs=outs // g),
        "kernel_one_side": macs(here, kernel=kh),
        "dilation_counted": macs(here, kernel=spread),
        "batch_forgotten": macs(here, batch=1),
        "calls_forgotten": macs(here, uses=1),
    }
    weights = {
        "right": params(),
        "forgot_bias": params(bias=0),
        "bias_though_none": params(bias=1),
        "bias_per_pixel": params(bias=here),
        "bias_on_input_side": sum(outs // g * kh * kw + 1 for _ in range(ins)),
        "forgot_input_channels": params(ins=1),
        "forgot_output_channels": params(outs=1),
        "groups_ignored": params(ins=ins),
        "groups_squared": params(outs=outs // g),
        "kernel_one_side": params(kernel=kh),
        "dilation_counted": params(kernel=spread),
        "image_in_params": here * params(),
        "batch_counted": n * params(),
        "shared_per_call": uses * params(),
    }
    if not b:
        del weights["bias_per_pixel"], weights["bias_on_input_side"], weights["forgot_bias"]
    values = _windows(v, lambda where: n * outs * where) | {"batch_forgotten": outs * here}
    sums = n * here * outs * uses
    if b:
        counted["bias_as_mac"] = uses * n * here * outs * (own * kh * kw + 1)
    return {
        "macs": counted | halves_and_doubles("macs", counted["right"]),
        "flops": {name: 2 * number for name, number in counted.items()}
        | {"two_n_minus_one": 2 * counted["right"] - sums}
        | halves_and_doubles("flops", counted["right"]),
        **_memory(weights, values),
    }


def transposed(v):
    """All quantities of a transposed convolution without groups."""
    ins, outs, kh, kw, b = (v[name] for name in ("C_in", "C_out", "K_h", "K_w", "b"))
    here, there = v["H_in"] * v["W_in"], v["H_out"] * v["W_out"]

    def macs(where=here, ins=ins, outs=outs, kernel=kh * kw):
        return sum(ins * outs * kernel for _ in range(where))

    counted = {
        "right": macs(),
        "training_for_inference": 3 * macs(),
        "forgot_input_channels": macs(ins=1),
        "forgot_output_channels": macs(outs=1),
        "kernel_one_side": macs(kernel=kh),
        "transposed_as_conv": macs(where=there),
        "dilation_counted": macs(kernel=(v["D_h"] * (kh - 1) + 1) * (v["D_w"] * (kw - 1) + 1)),
    }
    weights = {
        "right": ins * outs * kh * kw + b * outs,
        "forgot_bias": ins * outs * kh * kw,
        "bias_per_pixel": ins * outs * kh * kw + there * outs,
        "bias_on_input_side": ins * outs * kh * kw + ins,
        "forgot_input_channels": outs * kh * kw + outs,
        "forgot_output_channels": ins * kh * kw + 1,
        "kernel_one_side": ins * outs * kh + outs,
        "image_in_params": there * (ins * outs * kh * kw + outs),
    }
    if b:
        counted["bias_as_mac"] = macs() + outs * there
    return {
        "macs": counted | halves_and_doubles("macs", macs()),
        "flops": {name: 2 * number for name, number in counted.items()} | halves_and_doubles("flops", macs()),
        **_memory(weights, {"right": outs * there}),
    }


def pool(v, each):
    """FLOPs and memory of a pooling that takes ``each`` operations for an element of a window."""
    n, channels, kh, kw = (v[name] for name in ("N", "C", "K_h", "K_w"))
    counted = _windows(v, lambda where: each * n * channels * where * kh * kw)
    right = counted["right"]
    counted |= {
        "training_for_inference": 3 * right,
        "kernel_one_side": right // kw,
        "window_forgotten": right // (kh * kw),
        "one_operation_each": right // each,
        "dilation_counted": right,
    }
    values = _windows(v, lambda where: n * channels * where)
    return {"flops": counted, **_memory({"right": 0}, values)}


def linear(v):
    """All quantities of a fully connected layer."""
    n, ins, outs = (v[name] for name in ("N", "N_in", "N_out"))
    macs, weights = n * ins * outs, ins * outs + v["b"] * outs
    both = {"right": macs, "training_for_inference": 3 * macs, "batch_forgotten": ins * outs}
    if v["b"]:
        both["bias_as_mac"] = n * outs * (ins + 1)
    return {
        "macs": both | halves_and_doubles("macs", macs),
        "flops": {name: 2 * number for name, number in both.items()}
        | {"two_n_minus_one": n * outs * (ins + ins - 1)}
        | halves_and_doubles("flops", macs),
        **_memory(
            {
                "right": weights,
                "forgot_bias": ins * outs,
                "bias_on_input_side": ins * (outs + 1),
                "batch_counted": n * weights,
            },
            {"right": n * outs, "batch_forgotten": outs},
        ),
    }


def batch_norm(v):
    """All quantities of batch normalization of one image."""
    channels, image = v["C"], v["H"] * v["W"] * v["C"]
    weights = {"right": channels + channels, "bn_4c": 4 * channels, "bn_forgotten": 0}
    flops = {"right": 4 * image, "training_for_inference": 12 * image, "one_operation_each": image}
    return {"flops": flops, **_memory(weights, {"right": image})}


#: How many operations each element takes, from the definitions of the functions.
EACH = {"relu": 1, "leaky_relu": 2, "sigmoid": 4, "tanh": 5, "gelu": 5, "silu": 5, "hardswish": 5}


def activation(v, kind):
    """FLOPs and memory of what costs the same at each element."""
    elements, each = v["n"], EACH[kind]
    flops = {
        "right": each * elements,
        "training_for_inference": 3 * each * elements,
        "one_operation_each": elements,
    }
    return {"flops": flops, **_memory({"right": 0, "relu_has_params": v["C"]}, {"right": elements})}


#: Sets of weights, and what a step takes for each unit beside the products: sums, sigmoids (4), tanh (5), products.
CELLS = {
    "lstm": (4, 4 + 3 * 4 + 2 * 5 + 3 + 1),
    "gru": (3, 3 + 2 * 4 + 5 + 3 + 1 + 1),
}


def recurrent(v, kind):
    """All quantities of an LSTM or GRU, one layer and direction."""
    steps, ins, hidden = v["T"], v["I"], v["F"]
    gates, rest = CELLS[kind]

    def macs(gates=gates, sides=ins + hidden):
        return steps * gates * hidden * sides

    def params(gates=gates, sides=ins + hidden, biases=2):
        return gates * (hidden * sides + biases * hidden)

    beside = rest * steps * hidden
    flops = 2 * macs() + beside
    return {
        "macs": {
            "right": macs(),
            **halves_and_doubles("macs", macs()),
            "training_for_inference": 3 * macs(),
            "gates_forgotten": macs(gates=1),
            "hidden_forgotten": macs(sides=ins),
        },
        "flops": {
            "right": flops,
            **halves_and_doubles("flops", macs(), flops),
            "training_for_inference": 3 * flops,
            "two_n_minus_one": flops - 2 * gates * steps * hidden,
            "hidden_forgotten": 2 * macs(sides=ins) + beside,
        },
        **_memory(
            {
                "right": params(),
                "forgot_bias": params(biases=0),
                "gates_forgotten": params(gates=1),
                "hidden_forgotten": params(sides=ins),
            },
            {"right": steps * hidden},
        ),
    }


def attention(v):
    """MACs, FLOPs and memory of attention: each score is scaled and goes through the softmax (5)."""
    heads, queries, keys, features = v["B"], v["T_q"], v["T_k"], v["E"]
    scores = heads * queries * keys
    macs, beside = scores * features * 2, scores * 6
    flops = 2 * macs + beside
    return {
        "macs": {
            "right": macs,
            "flops_not_macs": 2 * macs,
            "training_for_inference": 3 * macs,
            "one_product": scores * features,
        },
        "flops": {
            "right": flops,
            "macs_not_flops": macs,
            "flops_doubled": 2 * flops,
            "training_for_inference": 3 * flops,
            "two_n_minus_one": flops - scores - heads * queries * features,
            "one_product": 2 * scores * features + beside,
        },
        **_memory({"right": 0}, {"right": heads * queries * features}),
    }


def _memory(weights, values):
    """Parameters and outputs as numbers, bytes and megabytes; ``weights`` and ``values`` have their slips."""
    found = {"params": weights | {"bytes_for_elements": 4 * weights["right"]}}
    found["elements"] = values | {"bytes_for_elements": 4 * values["right"]}
    for name, own, other in (("weight", weights, values), ("activation", values, weights)):
        right = 4 * own["right"]
        in_bytes = {slip: 4 * number for slip, number in own.items()} | {
            "elements_for_bytes": own["right"],
            "bits_for_bytes": 8 * right,
            "weights_for_activations": 4 * other["right"],
        }
        found[f"{name}_bytes"] = in_bytes
        mega = {slip: Fraction(number, 10**6) for slip, number in in_bytes.items()}
        found[f"{name}_mb"] = mega | {"mib_for_mb": Fraction(right, 2**20)}
    return found


def intensity(counted, inputs, n):
    """FLOPs for each byte of what goes in, of the weights and of what comes out, of a batch of ``n``."""
    flops, weights, outputs = (Fraction(counted[name]["right"]) for name in ("flops", "params", "elements"))
    moved = 4 * (inputs + weights + outputs)
    return {
        "right": flops / moved,
        "macs_not_flops": counted["macs"]["right"] / moved,
        "flops_doubled": 2 * flops / moved,
        "training_for_inference": 3 * flops / moved,
        "elements_for_bytes": flops / (inputs + weights + outputs),
        "bits_for_bytes": flops / moved / 8,
        "batch_forgotten": flops / n / (4 * (inputs / Fraction(n) + weights + outputs / n)),
        "weights_not_moved": flops / (4 * (inputs + outputs)),
        "input_not_moved": flops / (4 * (weights + outputs)),
        "output_not_moved": flops / (4 * (inputs + weights)),
        "weights_moved_alone": flops / (4 * weights),
        "bytes_per_flop": moved / flops,
    }


def receptive_field(v):
    """How far the last position sees, by walking back from it to the input, layer by layer."""
    number = sum(name.startswith("K_") for name in v)
    steps = [(v[f"K_{at}"], v[f"S_{at}"], v[f"D_{at}"]) for at in range(1, number + 1)]

    def back(steps):
        seen = {0}
        for kernel, stride, dilation in reversed(steps):
            seen = {start * stride + dilation * tap for start in seen for tap in range(kernel)}
        return max(seen) - min(seen) + 1

    jumps = [math.prod(stride for _, stride, _ in steps[: at + 1]) for at in range(number)]
    below = [1, *jumps[:-1]]
    return {
        "right": back(steps),
        "field_strides_ignored": back([(kernel, 1, dilation) for kernel, _, dilation in steps]),
        "field_dilations_ignored": back([(kernel, stride, 1) for kernel, stride, _ in steps]),
        "field_own_stride": 1 + sum(d * (k - 1) * jump for (k, _, d), jump in zip(steps, jumps, strict=True)),
        "field_kernels_added": 1 + sum(d * k * jump for (k, _, d), jump in zip(steps, below, strict=True)),
        "field_multiplied": math.prod(kernel for kernel, _, _ in steps),
    }


def of_part(part):
    """What each slip gives for one layer: ids with numbers, ``right`` among them."""
    v, kind = part.values, part.kind
    if part.quantity == "receptive_field":
        return receptive_field(v)
    if part.quantity in AXES:
        return (transposed_sizes if kind == "transposed_convolution" else sizes)(v, AXES[part.quantity])
    if part.quantity == "intensity":
        counted = convolution(v, v["u"]) if kind == "convolution" else linear(v)
        inputs = v["N"] * (v["C_in"] * v["H_in"] * v["W_in"] if kind == "convolution" else v["N_in"])
        return intensity(counted, inputs, v["N"])
    if kind in EACH:
        return activation(v, kind)[part.quantity]
    if kind in CELLS:
        return recurrent(v, kind)[part.quantity]
    makers = {
        "convolution": lambda: convolution(v, v["u"]),
        "transposed_convolution": lambda: transposed(v),
        "max_pool": lambda: pool(v, 1),
        "average_pool": lambda: pool(v, 2),
        "linear": lambda: linear(v),
        "batch_norm": lambda: batch_norm(v),
        "attention": lambda: attention(v),
    }
    return makers[kind]()[part.quantity]


def training(question):
    """A step of a chain of layers whose gradients, of weights and of input, are products of the forward's size."""
    forward = [of_part(replace(part, quantity="flops"))["right"] for part in question.below]
    whole, first = sum(forward), forward[0]
    steps = {
        "right": 3 * whole - first,
        "first_gradient_counted": 3 * whole,
        "one_gradient_each": 2 * whole,
        "forward_not_in_step": 2 * whole - first,
    }
    found = {name: Fraction(step, whole) for name, step in steps.items()}
    return found | {"ratio_inverted": 1 / found["right"]}


def slips(question):
    """What each slip gives in a question, made wherever it can be; those that change nothing are left out."""
    if question.quantity.name == "training_ratio":
        return training(question)
    above, below = ([of_part(part) for part in side] for side in (question.parts, question.below))
    names = dict.fromkeys(name for part in (*above, *below) for name in part)

    def total(side, name):
        return sum(Fraction(part.get(name, part["right"])) for part in side)

    found = {name: total(above, name) / (total(below, name) if below else 1) for name in names}
    if below:
        right = found["right"]
        found |= {"ratio_inverted": 1 / right, "ratio_saved_share": 1 - 1 / right}
        if len(below) > 1:
            found["ratio_first_part_alone"] = total(above, "right") / below[0]["right"]
    return {name: value for name, value in found.items() if name == "right" or value != found["right"]}
