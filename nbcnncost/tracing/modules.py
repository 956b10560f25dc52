"""What a model consists of: its modules, their settings in short, and its parameters, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import BuiltinFunctionType, FunctionType, MappingProxyType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized

from nbcnncost.records import ModuleRecord, ParamRecord, TensorSpec
from nbcnncost.tracing.nested import tensors_in
from nbcnncost.tracing.packed import is_quantized, kind_of_layer, packed_params
from nbcnncost.units import shape_text, window_text

_LIBRARIES = ("torch", "torchvision", "timm", "torchaudio")
_LONGEST_SETTINGS = 60
_LONGEST_FACT = 8
_FUNCTIONS = (FunctionType, BuiltinFunctionType)


def spec_of(tensor: Tensor) -> TensorSpec:
    """A tensor's shape and dtype, and how it lies in memory."""
    return _spec(tensor.shape, tensor.dtype, _is_contiguous(tensor))


@lru_cache(maxsize=65536)
def _spec(shape: tuple[int, ...], dtype: torch.dtype, contiguous: bool) -> TensorSpec:
    return TensorSpec(tuple(shape), str(dtype).removeprefix("torch."), contiguous)


def _is_contiguous(tensor: Tensor) -> bool:
    try:
        return tensor.is_contiguous()
    except RuntimeError:  # a sparse tensor has no such order
        return False


def specs_of(value: Any) -> tuple[TensorSpec, ...]:
    """The tensors of a module's inputs or outputs, however they are nested."""
    return (spec_of(value),) if isinstance(value, Tensor) else tuple(map(spec_of, tensors_in(value)))


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
        type_of(module),
        settings_of(module),
        kind.__module__.partition(".")[0] in _LIBRARIES,
        _classes(kind),
        tuple((name, indices[id(child)]) for name, child in module._modules.items() if id(child) in indices),
        tuple((name, params[id(own)]) for name, own in module._parameters.items() if id(own) in params),
        tuple((name, _kept(value)) for name, value in vars(module).items() if _is_fact(name, value)),
    )


def type_of(module: nn.Module) -> str:
    """The class of a module; a quantized layer's has the name of the floating-point one, so it says what it is."""
    if is_parametrized(module):  # its class was made for it, from its own
        return type(module).__mro__[1].__name__
    return str(module._get_name()) if is_quantized(module) else type(module).__name__


def _classes(kind: type[nn.Module]) -> tuple[str, ...]:
    bases = kind.__mro__[: kind.__mro__.index(nn.Module)]
    return tuple(f"{base.__module__}.{base.__qualname__}" for base in bases)


def _is_fact(name: str, value: Any) -> bool:
    if name.startswith("_") or name == "training":  # most names are the framework's own
        return False
    return _is_plain(value) or isinstance(value, _FUNCTIONS)


def _kept(value: Any) -> Any:
    """A function is kept by its name: ``"torch.nn.functional.relu"``."""
    return f"{value.__module__ or 'torch'}.{value.__name__}" if isinstance(value, _FUNCTIONS) else value


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
            if parameter is None or is_lazy(parameter):
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
    for packed in packed_params(model):
        spec = spec_of(packed.tensor)
        records.append(
            ParamRecord(packed.full_name, indices[id(packed.owner)], spec.shape, spec.dtype, trainable=False)
        )
    return records, {key: index for index, key in enumerate(owners)}


def settings_of(module: nn.Module) -> str:
    """How a module is set up, as people write it: ``3×3, s2, p1, g32``."""
    if isinstance(module, ParametrizationList):
        return _names(module)
    if is_parametrized(module):
        return _parametrized(module)
    quantized = _QUANTIZED.get(kind_of_layer(module))
    if quantized is not None:
        return quantized(module)
    for kinds, write in _SETTINGS:
        if isinstance(module, kinds):
            return write(module)
    try:
        text = " ".join(str(module.extra_repr()).split())
    except Exception:  # noqa: BLE001 -- the user's own extra_repr may fail; a label is not worth an error
        return ""
    text = ", ".join(part for part in text.split(", ") if not part.startswith("inplace="))
    return text if len(text) <= _LONGEST_SETTINGS else text[: _LONGEST_SETTINGS - 1] + "…"


def _parametrized(module: Any) -> str:
    """The layer's own settings, then which of its tensors are computed, and how."""
    usual = next((write(module) for kinds, write in _SETTINGS if isinstance(module, kinds)), "")
    computed = (f"{name} by {_names(steps)}" for name, steps in module.parametrizations.items())
    return ", ".join(filter(None, (usual, *computed)))


def _names(steps: ParametrizationList) -> str:
    return ", ".join(type(step).__name__.lstrip("_") for step in steps)


def _convolution(module: Any) -> str:
    window = window_text(
        module.kernel_size,
        stride=module.stride,
        padding=module.padding,
        dilation=module.dilation,
        groups=module.groups,
    )
    return window if _has_bias(module) else f"{window}, no bias"


def _has_bias(module: Any) -> bool:
    """A quantized layer's weights are packed: its bias is a method that unpacks it."""
    if is_parametrized(module, "bias"):  # to look at it would compute it
        return True
    return (module.bias() if callable(module.bias) else module.bias) is not None


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
    return f"{module.in_features}→{module.out_features}" + ("" if _has_bias(module) else ", no bias")


def _recurrent(module: Any) -> str:
    layers = [f"{module.num_layers} layers"] if module.num_layers > 1 else []
    both = ["bidirectional"] if module.bidirectional else []
    return ", ".join([f"{module.input_size}→{module.hidden_size}", *layers, *both])


def _embedding(module: Any) -> str:
    return f"{module.num_embeddings}×{module.embedding_dim}"


_QUANTIZED: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "convolution": _convolution,
        "linear": _linear,
        "embedding": _embedding,
        "recurrent": _recurrent,
        "quantize": lambda module: f"→{str(module.dtype).removeprefix('torch.')}",
    }
)
_POOLS = nn.modules.pooling
#: How the usual classes write their settings; all others do it by their own ``extra_repr``.
_SETTINGS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (nn.modules.conv._ConvNd, _convolution),
    (nn.Linear, _linear),
    (nn.Embedding, _embedding),
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
