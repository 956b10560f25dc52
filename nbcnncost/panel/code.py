"""A what-if as Python: the same changes on a copy of the user's model, and its cost."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from nbcnncost.errors import CostError
from nbcnncost.panel.layers import Layer
from nbcnncost.panel.state import WhatIf
from nbcnncost.panel.what_if import Laboratory
from nbcnncost.records import ModuleRecord, Trace

_LISTS = ("Sequential", "ModuleList")
#: What a layer is made with: arguments by position, then by name with what they are where they are not given.
_ARGUMENTS: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = MappingProxyType(
    {
        "convolution": (
            ("in_channels", "out_channels"),
            {"kernel_size": None, "stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1},
        ),
        "linear": (("in_features", "out_features"), {}),
        "norm": (("num_features",), {"eps": 1e-5, "momentum": 0.1}),
        "group_norm": (("num_groups", "num_channels"), {"eps": 1e-5}),
        "layer_norm": (("normalized_shape",), {"eps": 1e-5}),
        "prelu": (("num_parameters",), {}),
    }
)


def code(laboratory: Laboratory, what_if: WhatIf, name: str = "net") -> str:
    """Python that makes the changes on a copy of the model that ``name`` stands for, and says what it costs then.

    >>> import torch, nbcnncost
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 64, 7, stride=2, padding=3))
    >>> laboratory = Laboratory(nbcnncost.cost(net, (3, 224, 224)))
    >>> print(code(laboratory, WhatIf.read({"layers": {"0": {"kernel_size": 5, "padding": 2}}})))
    import copy
    <BLANKLINE>
    from torch import nn
    <BLANKLINE>
    from nbcnncost import cost
    <BLANKLINE>
    changed = copy.deepcopy(net)
    changed[0] = nn.Conv2d(3, 64, kernel_size=5, stride=2, padding=2)
    report = cost(changed, (1, 3, 224, 224))
    """
    edits = [line for path in what_if.layers for line in _edit(laboratory, what_if, path)]
    if what_if.dtype not in (None, laboratory.dtype):
        edits.append(f"changed.to(torch.{what_if.dtype})")
    if edits and laboratory.is_computed:
        raise CostError(
            f"{laboratory.report.model_name} holds weights that are computed from others, so the framework does not "
            "copy it: build the model once more, and change that one"
        )
    subject = f"{name}.{laboratory.inside}" if laboratory.inside else name
    body = [f"changed = copy.deepcopy({subject})", *edits] if edits else []
    body.append(f"report = cost({'changed' if edits else name}, {', '.join(_arguments(laboratory, what_if))})")
    text = "\n".join(body)
    blocks = [
        ["import copy"] if edits else [],
        [
            *(["import torch"] if "torch." in text.replace("torch.nn", "") else []),
            *(["from torch import nn"] if "nn." in text.replace("torch.nn", "") else []),
        ],
        ["from nbcnncost import cost"],
        body,
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _edit(laboratory: Laboratory, what_if: WhatIf, path: str) -> Iterator[str]:
    """The lines that change one layer: a new one in its place, or other settings where that would lack something."""
    layer, settings = laboratory.layers[path], laboratory.settings(what_if)[path]
    sizes = laboratory.sizes(what_if)[path]
    place = access(laboratory.report.trace, path)
    if sizes and _is_plain(laboratory, layer, what_if):
        yield _put(laboratory.report.trace, path, _made(laboratory.report.trace, layer, settings))
        return
    if len(settings) + len(sizes) > 1 and path:
        yield f"layer = {place}"
        place = "layer"
    for name, value in settings.items():
        yield f"{place}.{name} = {value!r}"
    for name, shape in sizes.items():
        new = f"{place}.{name}.new_empty({', '.join(map(str, shape))})"
        is_parameter = name in dict(layer.record.params)
        yield f"{place}.{name} = " + (f"nn.Parameter({new}, {place}.{name}.requires_grad)" if is_parameter else new)
    if "padding" in settings and layer.record.fact("padding_mode", "zeros") != "zeros":
        yield f"{place}._reversed_padding_repeated_twice = {laboratory.reversed_padding(what_if, path)}"


def _is_plain(laboratory: Laboratory, layer: Layer, what_if: WhatIf) -> bool:
    """Whether a new layer by its constructor is the same as the old one but for its settings."""
    record, trace = layer.record, laboratory.report.trace
    kinds = (layer.kind.name, "convolution" if layer.kind.name == "transposed" else "")
    known = record.classes[0].startswith("torch.nn.modules.") and record.type in _CLASSES
    own = [trace.params[index] for _, index in record.params]
    alike = len({(param.trainable, param.dtype) for param in own}) <= 1
    by_mode = (what_if.mode or trace.mode) != "same"  # a new layer is in train mode
    is_made = any(kind in _ARGUMENTS for kind in kinds)
    return known and alike and by_mode and is_made and len(record.paths) == 1 and laboratory.is_bare(layer.path)


_CLASSES = frozenset(
    {
        *(f"{kind}{rank}d" for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm") for rank in (1, 2, 3)),
        *("Linear", "GroupNorm", "LayerNorm", "PReLU"),
    }
)


def _made(trace: Trace, layer: Layer, settings: Mapping[str, Any]) -> str:
    """The call that makes a layer like this one with other settings."""
    record, kind = layer.record, "convolution" if layer.kind.name == "transposed" else layer.kind.name
    facts = {**dict(record.facts), **settings}
    own = dict(record.params)
    positions, named = _ARGUMENTS[kind]
    arguments = [_short(facts[name]) for name in positions]
    arguments += [f"{key}={_short(facts[key])}" for key, usual in named.items() if _differs(facts, key, usual)]
    arguments += _flags(record, layer.kind.name, own)
    held = [trace.params[index] for index in own.values()]
    if held and held[0].dtype != "float32":
        arguments.append(f"dtype=torch.{held[0].dtype}")
    frozen = ".requires_grad_(False)" if held and not held[0].trainable else ""
    return f"nn.{record.type}({', '.join(arguments)}){frozen}"


def _flags(record: ModuleRecord, kind: str, own: Mapping[str, int]) -> Iterator[str]:
    """What a layer was made without."""
    if kind in ("convolution", "transposed", "linear"):
        if "bias" not in own:
            yield "bias=False"
        if record.fact("padding_mode", "zeros") != "zeros":
            yield f"padding_mode={record.fact('padding_mode')!r}"
    usual = not record.type.startswith("InstanceNorm")
    for name in ("affine", "elementwise_affine", "track_running_stats"):
        value = record.fact(name)
        if value is not None and value is not (usual if name != "elementwise_affine" else True):
            yield f"{name}={value}"
    if kind == "layer_norm" and "weight" in own and "bias" not in own:
        yield "bias=False"


def _differs(facts: Mapping[str, Any], name: str, usual: Any) -> bool:
    if name not in facts:
        return False
    value = facts[name]
    return value != usual and not (isinstance(value, tuple) and set(value) == {usual})


def _short(value: Any) -> str:
    """One number where all axes agree."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return repr(value)


def access(trace: Trace, path: str, root: str = "changed") -> str:
    """The expression for a module by its path: ``changed.layer1[0].conv2``."""
    text, records = root, {place: record for record in trace.modules for place in record.paths}
    above = ""
    for name in path.split(".") if path else ():
        step = _step(records.get(above), name)
        if not step:
            return f"{root}.get_submodule({path!r})"
        text += step
        above = f"{above}.{name}" if above else name
    return text


def _step(parent: ModuleRecord | None, name: str) -> str:
    """How a child is reached from its parent; empty where neither a name nor an index does."""
    containers = () if parent is None else tuple(entry.rpartition(".")[2] for entry in parent.classes)
    if "ModuleDict" in containers:
        return f"[{name!r}]"
    if name.isdigit() and parent is not None and any(entry in containers for entry in _LISTS):
        position = [child for child, _ in parent.children].index(name)
        return f"[{position}]"
    return f".{name}" if name.isidentifier() and not keyword.iskeyword(name) else ""


def _put(trace: Trace, path: str, made: str) -> str:
    """The line that puts a new module in a module's place."""
    place = access(trace, path)
    if place.endswith(f".get_submodule({path!r})"):
        above, _, name = path.rpartition(".")
        return f"setattr({access(trace, above)}, {name!r}, {made})"
    return f"{place} = {made}"


def _arguments(laboratory: Laboratory, what_if: WhatIf) -> Iterator[str]:
    """The arguments of ``cost`` after the model."""
    report, options = laboratory.report, laboratory.source.options
    args, kwargs = laboratory.inputs(what_if)
    yield from _inputs(args, kwargs)
    training, mode = bool(options.get("training")), what_if.mode or options.get("mode", report.mode)
    if mode != ("train" if training else "eval"):
        yield f"mode={mode!r}"
    convention = what_if.convention or report.convention.name
    if convention != "textbook":
        yield f"convention={convention!r}"
    if options.get("execute"):
        yield "execute=True"
    if training:
        yield "training=True"
        if options["optimizer"] != "sgd":
            yield f"optimizer={options['optimizer']!r}"
        if options["input_grad"]:
            yield "input_grad=True"


def _inputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Iterator[str]:
    """The input as shapes where it consists of tensors without values, else as it is."""
    values = [*args, *kwargs.values()]
    if not (args and kwargs) and all(_is_empty(value) for value in values):
        shapes = [tuple(value.shape) for value in values]
        if kwargs:
            yield repr(dict(zip(kwargs, shapes, strict=True)))
        else:
            yield repr(shapes[0] if len(shapes) == 1 else shapes)
        dtypes = [str(value.dtype).removeprefix("torch.") for value in values]
        if set(dtypes) != {"float32"}:
            yield f"dtypes={(dtypes[0] if len(set(dtypes)) == 1 else dtypes)!r}"
        return
    given = [*map(_literal, args), *([_literal(dict(kwargs))] if kwargs else [])]
    yield f"input_data=({', '.join(given)},)"


def _is_empty(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "device") and value.device.type == "meta"


def _literal(value: Any) -> str:
    """A value as Python: a tensor without values as an empty one, a list or dict as such of literals."""
    if _is_empty(value):
        return f"torch.empty({tuple(value.shape)}, dtype={value.dtype}, device='meta')"
    if hasattr(value, "shape") and hasattr(value, "tolist"):
        return f"torch.tensor({value.tolist()}, dtype={value.dtype})"
    if type(value) in (list, tuple):
        inside = ", ".join(map(_literal, value))
        return f"[{inside}]" if type(value) is list else f"({inside},)" if value else "()"
    if type(value) is dict:
        return f"{{{', '.join(f'{name!r}: {_literal(entry)}' for name, entry in value.items())}}}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    raise CostError(
        f"an input is a {type(value).__name__}, which cannot be written as code: change a copy of the model"
    )
