"""What a model consists of: its modules, their settings in short, and its parameters, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn

from nbcnncost.records import ModuleRecord, ParamRecord, TensorSpec
from nbcnncost.units import shape_text, window_text

_LIBRARIES = ("torch", "torchvision", "timm", "torchaudio")
_LONGEST_SETTINGS = 60
_LONGEST_FACT = 8


def spec_of(tensor: Tensor) -> TensorSpec:
    """A tensor's shape and dtype."""
    return _spec(tensor.shape, tensor.dtype)


@lru_cache(maxsize=65536)
def _spec(shape: tuple[int, ...], dtype: torch.dtype) -> TensorSpec:
    return TensorSpec(tuple(shape), str(dtype).removeprefix("torch."))


def specs_of(value: Any) -> tuple[TensorSpec, ...]:
    """The tensors of a module's inputs or outputs, however they are nested in tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return (spec_of(value),)
    if isinstance(value, dict):
        return tuple(spec for entry in value.values() for spec in specs_of(entry))
    if isinstance(value, (tuple, list)):
        return tuple(spec for entry in value for spec in specs_of(entry))
    if hasattr(value, "__dataclass_fields__"):
        return tuple(spec for name in value.__dataclass_fields__ for spec in specs_of(getattr(value, name)))
    return ()


def module_record(
    index: int,
    module: nn.Module,
    paths: tuple[str, ...],
    indices: Mapping[int, int] = MappingProxyType({}),
    params: Mapping[int, int] = MappingProxyType({}),
) -> ModuleRecord:
    """One module as it is set up; ``indices`` and ``params`` are those of its model, by identity."""
    kind = type(module)
    return ModuleRecord(
        index,
        paths,
        kind.__name__,
        settings_of(module),
        kind.__module__.partition(".")[0] in _LIBRARIES,
        _classes(kind),
        tuple((name, indices[id(child)]) for name, child in module._modules.items() if id(child) in indices),
        tuple((name, params[id(own)]) for name, own in module._parameters.items() if id(own) in params),
        tuple((name, value) for name, value in vars(module).items() if _is_fact(name, value)),
    )


def _classes(kind: type[nn.Module]) -> tuple[str, ...]:
    bases = kind.__mro__[: kind.__mro__.index(nn.Module)]
    return tuple(f"{base.__module__}.{base.__qualname__}" for base in bases)


def _is_fact(name: str, value: Any) -> bool:
    return name != "training" and not name.startswith("_") and _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) <= _LONGEST_FACT and all(map(_is_plain, value))
    return value is None or type(value) in (int, float, str, bool)


def contents_of(
    model: nn.Module,
) -> tuple[list[ModuleRecord], dict[int, int], list[ParamRecord], dict[int, int]]:
    """Every module once with all its paths, every parameter once with all its names; and their indices by identity."""
    paths: dict[int, list[str]] = {}
    modules: dict[int, nn.Module] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        paths.setdefault(id(module), []).append(path)
        modules[id(module)] = module
    indices = {key: index for index, key in enumerate(modules)}
    params, places = _list_params(model, indices)
    records = [
        module_record(index, modules[key], tuple(paths[key]), indices, places) for index, key in enumerate(modules)
    ]
    return records, indices, params, places


def _list_params(model: nn.Module, indices: dict[int, int]) -> tuple[list[ParamRecord], dict[int, int]]:
    names: dict[int, list[str]] = {}
    owners: dict[int, tuple[nn.Module, Tensor]] = {}
    for prefix, module in model.named_modules(remove_duplicate=False):
        for name, parameter in cast("dict[str, Tensor | None]", module._parameters).items():
            if parameter is None:
                continue
            names.setdefault(id(parameter), []).append(f"{prefix}.{name}" if prefix else name)
            owners.setdefault(id(parameter), (module, parameter))
    records = []
    for key, (module, parameter) in owners.items():
        spec = spec_of(parameter)
        first, *aliases = names[key]
        records.append(
            ParamRecord(first, indices[id(module)], spec.shape, spec.dtype, parameter.requires_grad, tuple(aliases))
        )
    return records, {key: index for index, key in enumerate(owners)}


def settings_of(module: nn.Module) -> str:
    """How a module is set up, as people write it: ``3×3, s2, p1, g32``."""
    for kinds, write in _SETTINGS:
        if isinstance(module, kinds):
            return write(module)
    try:
        text = " ".join(str(module.extra_repr()).split())
    except Exception:  # noqa: BLE001 -- the user's own extra_repr may fail; a label is not worth an error
        return ""
    text = ", ".join(part for part in text.split(", ") if not part.startswith("inplace="))
    return text if len(text) <= _LONGEST_SETTINGS else text[: _LONGEST_SETTINGS - 1] + "…"


def _convolution(module: Any) -> str:
    window = window_text(
        module.kernel_size,
        stride=module.stride,
        padding=module.padding,
        dilation=module.dilation,
        groups=module.groups,
    )
    return window if module.bias is not None else f"{window}, no bias"


def _pooling(module: Any) -> str:
    kernel = _each_axis(module.kernel_size, _rank(module))
    dilation = getattr(module, "dilation", 1)
    window = window_text(kernel, stride=module.stride, padding=module.padding, dilation=dilation)
    return f"{window}, ceil" if module.ceil_mode else window


def _rank(module: nn.Module) -> int:
    """The spatial dimensions that a pooling layer's class is named for."""
    ending = next(base.__name__[-2:] for base in type(module).__mro__ if base.__name__[-2:] in ("1d", "2d", "3d"))
    return int(ending[0])


def _each_axis(value: Any, rank: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def _adaptive(module: Any) -> str:
    sizes = ("?" if size is None else str(size) for size in _each_axis(module.output_size, _rank(module)))
    return f"→{'×'.join(sizes)}"


def _linear(module: Any) -> str:
    return f"{module.in_features}→{module.out_features}" + ("" if module.bias is not None else ", no bias")


def _recurrent(module: Any) -> str:
    layers = [f"{module.num_layers} layers"] if module.num_layers > 1 else []
    both = ["bidirectional"] if module.bidirectional else []
    return ", ".join([f"{module.input_size}→{module.hidden_size}", *layers, *both])


_POOLS = nn.modules.pooling
#: How the usual classes write their settings; all others do it by their own ``extra_repr``.
_SETTINGS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (nn.modules.conv._ConvNd, _convolution),
    (nn.Linear, _linear),
    (nn.Embedding, lambda module: f"{module.num_embeddings}×{module.embedding_dim}"),
    (nn.Flatten, lambda module: "" if (module.start_dim, module.end_dim) == (1, -1) else module.extra_repr()),
    (nn.modules.batchnorm._NormBase, lambda module: str(module.num_features)),
    ((_POOLS._AdaptiveAvgPoolNd, _POOLS._AdaptiveMaxPoolNd), _adaptive),
    ((_POOLS._MaxPoolNd, _POOLS._AvgPoolNd), _pooling),
    (nn.GroupNorm, lambda module: f"{module.num_channels}, g{module.num_groups}"),
    (nn.LayerNorm, lambda module: shape_text(module.normalized_shape)),
    (nn.LocalResponseNorm, lambda module: f"window {module.size}"),
    (nn.modules.rnn.RNNBase, _recurrent),
    (nn.PReLU, lambda module: "" if module.num_parameters == 1 else str(module.num_parameters)),
)
