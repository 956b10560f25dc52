"""Operations that take values between the pixels, or put values back on top of each other."""

from __future__ import annotations

from types import MappingProxyType

from torch import Tensor

from nbcnncost.expressions import named
from nbcnncost.rules.call import Call, Described, Rule, by_name, described, each_input, halvings, sizes, unknown

_LINEAR, _NEAREST, _CUBIC = range(3)
_CLIPPED, _MIRRORED = 1, 2
_BY_VALUES = "how many values each bin holds depends on the boxes' values"


def _grid_sample(call: Call) -> Described:
    x, out = call.args[0], call.output
    mode, padding = call.argument(2, "interpolation_mode", _LINEAR), call.argument(3, "padding_mode", 0)
    spatial = x.dim() - 2
    kinds = {_LINEAR: {2: "grid_sample_bilinear", 3: "grid_sample_trilinear"}[spatial]}
    kind = (kinds | {_NEAREST: "grid_sample_nearest", _CUBIC: "grid_sample_bicubic"})[mode]
    dims = {"N": out.shape[0], "C": out.shape[1], "A": spatial} | named("OUT", tuple(out.shape[2:]))
    if mode != _CUBIC:  # whose neighbours are kept inside by their whole numbers
        dims |= {"clip": int(padding in (_CLIPPED, _MIRRORED)), "mirror": int(padding == _MIRRORED)}
    return described(kind, dims, spatial)


def _antialias(taps: int) -> Rule:
    """Resizing in which a window has so many taps, or as many times more as the image shrinks."""

    def rule(call: Call) -> Described:
        x, out = call.args[0], call.output
        aligned, scales = (
            call.argument(2, "align_corners"),
            (call.argument(3, "scales_h"), call.argument(4, "scales_w")),
        )
        pairs = zip(x.shape[2:], out.shape[2:], scales, strict=True)
        windows = tuple(_true_windows(n, m, _step(n, m, aligned, factor), taps) for n, m, factor in pairs)
        dims = {"N": out.shape[0], "C": out.shape[1]} | named("OUT", tuple(out.shape[2:])) | named("WINDOWS", windows)
        return described("upsample_antialias", dims, 2)

    return rule


def _step(size: int, wanted: int, aligned: bool, factor: float | None) -> float:
    """Input positions for each output position."""
    if aligned:
        return (size - 1) / (wanted - 1) if wanted > 1 else 0.0
    return 1 / factor if factor else size / wanted


def _true_windows(size: int, wanted: int, step: float, taps: int) -> int:
    """The sizes of all windows, summed, each cut off at the borders."""
    reach = taps / 2 * max(step, 1.0)
    centres = [step * (place + 0.5) for place in range(wanted)]
    return sum(min(int(centre + reach + 0.5), size) - max(int(centre - reach + 0.5), 0) for centre in centres)


def _deform_convolution(call: Call) -> Described:
    x, weight, out = call.args[0], call.args[1], call.output
    groups, offset_groups, masked = call.args[11:14]
    dims = {"N": out.shape[0], "C_in": x.shape[1], "C_out": weight.shape[0], "g": groups, "G": offset_groups, "b": 1}
    dims |= named("K", tuple(weight.shape[2:])) | named("OUT", tuple(out.shape[2:])) | {"mask": int(masked)}
    return described("deform_convolution", dims, 2)


def _roi_align(aligned: int | None = None) -> Rule:
    def rule(call: Call) -> Described:
        boxes, out, samples = call.args[1], call.output, call.args[5]
        if samples <= 0:
            return Described(None, reason="how many points are sampled depends on the boxes; give sampling_ratio")
        shifted = int(call.args[6]) if aligned is None else aligned
        dims = {"R": boxes.shape[0], "C": out.shape[1], "S_b": samples, "aligned": shifted, "widened": 1 - shifted}
        return described("roi_align", dims | named("OUT", tuple(out.shape[2:])), 2)

    return rule


def _suppression(call: Call) -> Described:
    boxes: Tensor = call.args[0]
    return described("nms", {"R": boxes.shape[0], "s": halvings(boxes.shape[0])})


def _fractional_pool(spatial: int) -> Rule:
    """Windows of one size, at places that are drawn."""

    def rule(call: Call) -> Described:
        out = call.output
        batch, channels = (out.shape[0], out.shape[1]) if out.dim() == spatial + 2 else (1, out.shape[0])
        dims = {"N": batch, "C": channels} | named("OUT", tuple(out.shape[-spatial:]))
        return described("max_pool", dims | named("K", sizes(call.args[1], spatial)), spatial)

    return rule


RULES: MappingProxyType[str, Rule] = MappingProxyType(
    {
        **by_name("grid_sampler grid_sampler_2d grid_sampler_3d cudnn_grid_sampler", _grid_sample),
        "_upsample_bilinear2d_aa": _antialias(2),
        "_upsample_bicubic2d_aa": _antialias(4),
        "_upsample_lanczos2d_aa": _antialias(6),
        **by_name("col2im unfold_backward", each_input("fold")),
        "fractional_max_pool2d": _fractional_pool(2),
        "fractional_max_pool3d": _fractional_pool(3),
        "torchvision::deform_conv2d": _deform_convolution,
        "torchvision::roi_align": _roi_align(),
        "torchvision::ps_roi_align": _roi_align(aligned=1),
        "torchvision::nms": _suppression,
        **by_name("torchvision::roi_pool torchvision::ps_roi_pool", unknown(_BY_VALUES)),
    }
)
