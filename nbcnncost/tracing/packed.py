"""The parameters of quantized layers, which are packed into objects of the framework's and are no ``nn.Parameter``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import ScriptObject, Tensor, nn

from nbcnncost.quantized import Packed, is_packed, is_packed_cell, unpacked, unpacked_cell

#: Modules that only hold a layer's packed weights.
_HOLDERS = frozenset({"LinearPackedParams", "EmbeddingPackedParams", "PackedParameter"})


class PackedParam(NamedTuple):
    """One tensor of a layer's packed weights: the layer, its path, and the tensor's name in it."""

    owner: nn.Module
    path: str
    name: str
    tensor: Tensor

    @property
    def full_name(self) -> str:
        """The path and the name."""
        return f"{self.path}.{self.name}" if self.path else self.name


def packed_params(model: nn.Module) -> Iterator[PackedParam]:
    """The weights and biases of quantized layers, each once, as if they were ordinary parameters."""
    modules = dict(model.named_modules())
    for path, module in modules.items():
        held = [(name, value) for name, value in vars(module).items() if isinstance(value, ScriptObject)]
        layer = _layer(path, modules) if held else ""
        for attribute, value in held:
            for name, tensor in _tensors(attribute, value, path.removeprefix(layer).strip(".")):
                yield PackedParam(modules[layer], layer, name, tensor)


def kind_of_layer(module: nn.Module) -> str:
    """What a quantized layer is without its quantization; empty for every other module.

    The framework gives these layers no base class in common with the floating-point ones, only their attributes.
    """
    if not is_quantized(module):
        return ""
    known = (
        ("convolution", ("in_channels", "kernel_size")),
        ("linear", ("in_features", "out_features")),
        ("embedding", ("num_embeddings", "embedding_dim")),
        ("recurrent", ("input_size", "num_layers", "batch_first")),
        ("quantize", ("scale", "zero_point", "dtype")),
    )
    return next((kind for kind, names in known if all(hasattr(module, name) for name in names)), "")


def is_quantized(module: nn.Module) -> bool:
    """Whether a module's class is one of the framework's quantized layers."""
    return type(module).__module__.startswith(("torch.ao.nn.quantized", "torch.ao.nn.intrinsic.quantized"))


def is_holder(module: nn.Module) -> bool:
    """Whether a module only holds another's packed weights."""
    return type(module).__name__ in _HOLDERS


def _layer(path: str, modules: dict[str, nn.Module]) -> str:
    """The path of the layer whose weights a module holds."""
    while path and (is_holder(modules[path]) or path.endswith("._all_weight_values")):
        path = path.rpartition(".")[0]
    return path


def _tensors(attribute: str, value: Any, inside: str) -> Iterator[tuple[str, Tensor]]:
    """The names and tensors in an attribute that holds packed weights; of another there are none."""
    if is_packed(value):
        yield from _named(unpacked(value), attribute.partition("_packed_weight")[2])
    elif is_packed_cell(value):
        number = inside.rpartition(".")[2]
        for part, packed in zip(("_ih", "_hh"), unpacked_cell(value), strict=True):
            yield from _named(packed, f"{part}_{number}")


def _named(packed: Packed, ending: str) -> Iterator[tuple[str, Tensor]]:
    yield f"weight{ending}", packed.weight
    if packed.bias is not None:
        yield f"bias{ending}", packed.bias
