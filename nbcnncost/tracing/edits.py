"""Changes to the layers of a skeleton: other settings with tensors of the sizes they ask for, and all of it undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from nbcnncost.errors import InputError
from nbcnncost.tracing.calm import Calm

_CONVOLUTION = nn.modules.conv._ConvNd
_TRANSPOSED = nn.modules.conv._ConvTransposeNd
_NORM = nn.modules.batchnorm._NormBase


class Edits:
    """Knows how each layer was before its first change, and puts it back; undoing twice is undoing once.

    Only the skeleton is changed, by giving its layers other tensors; no tensor is ever written to.
    """

    def __init__(self, skeleton: nn.Module) -> None:
        self._skeleton = skeleton
        self._before: dict[int, list[tuple[Any, Any]]] = {}

    @contextmanager
    def made(self, layers: Mapping[str, Mapping[str, Any]], dtype: str | None) -> Iterator[None]:
        """With these settings of layers by their paths, and this dtype, for as long as the block runs."""
        try:
            for path, settings in layers.items():
                self.change(path, settings)
            if dtype is not None:
                self._cast(getattr(torch, dtype))
            yield
        finally:
            with Calm():
                self.undo()

    @contextmanager
    def adapting(
        self, paths: Iterable[str], adapted: Callable[[str, tuple[int, ...]], Mapping[str, Any]]
    ) -> Iterator[None]:
        """Give these layers, when they are called, the settings that ``adapted`` says for their input's shape."""
        handles = []

        def hook(path: str, module: nn.Module, args: tuple[Any, ...]) -> None:
            if args and isinstance(args[0], Tensor):
                with torch._C.DisableTorchFunction():
                    settings = adapted(path, tuple(args[0].shape))
                    if settings:
                        self._change(module, settings)

        try:
            for path in paths:
                module = self._skeleton.get_submodule(path)
                self._remember(module)  # without the hook, so that undoing a change does not bring it back
                handles.append(module.register_forward_pre_hook(partial(hook, path)))
            yield
        finally:
            with Calm():
                for handle in handles:
                    handle.remove()

    def change(self, path: str, settings: Mapping[str, Any]) -> None:
        """Give a layer other settings, in its own words: ``kernel_size``, ``num_features``."""
        try:
            self._change(self._skeleton.get_submodule(path), settings)
        except RuntimeError:  # the framework counts bytes in 64 bits
            raise InputError(
                f"`{path}` cannot be so large: its weights have more elements than can be counted"
            ) from None

    def _change(self, module: nn.Module, settings: Mapping[str, Any]) -> None:
        self._remember(module)
        for name, value in settings.items():
            setattr(module, name, value)
        for kinds, sizes in _SIZES:
            if isinstance(module, kinds):
                _resize(module, sizes(module))
        if isinstance(module, _CONVOLUTION):
            module._reversed_padding_repeated_twice = _reversed_padding(module)

    def undo(self) -> None:
        """Put everything back as it was."""
        for contents in self._before.values():
            for container, before in contents:
                container.clear()
                container.extend(before) if isinstance(container, list) else container.update(before)

    def _cast(self, dtype: torch.dtype) -> None:
        """What ``model.to(dtype)`` does: every floating-point parameter and buffer, tied ones once."""
        made: dict[int, Tensor] = {}
        for module in self._skeleton.modules():
            tensors = [*module._parameters.items(), *module._buffers.items()]
            floating = [(name, held) for name, held in tensors if held is not None and held.is_floating_point()]
            if floating:
                self._remember(module)
            for name, held in floating:
                setattr(module, name, made.setdefault(id(held), _like(held, held.detach().to(dtype))))

    def _remember(self, module: nn.Module) -> None:
        if id(module) not in self._before:
            inside = (value for value in module.__dict__.values() if isinstance(value, (dict, list)))
            self._before[id(module)] = [(value, value.copy()) for value in (module.__dict__, *inside)]


def shapes_of(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shapes of a layer's own tensors."""
    tensors = {**module._parameters, **module._buffers}
    return {name: tuple(held.shape) for name, held in tensors.items() if held is not None and not is_lazy(held)}


def is_bare(module: nn.Module) -> bool:
    """Whether a layer has neither hooks nor a forward of its own."""
    return "forward" not in vars(module) and not any(value for name, value in vars(module).items() if "_hooks" in name)


def _resize(module: nn.Module, sizes: Mapping[str, tuple[int, ...]]) -> None:
    """Give the layer tensors of these sizes in the place of those that have another."""
    for name, shape in sizes.items():
        held = module._parameters.get(name, module._buffers.get(name))
        if held is not None and tuple(held.shape) != shape:
            setattr(module, name, _like(held, torch.empty(shape, dtype=held.dtype, device="meta")))


def _like(held: Tensor, new: Tensor) -> Tensor:
    """The new tensor as a parameter if the one in whose place it comes is one."""
    return nn.Parameter(new, held.requires_grad) if isinstance(held, nn.Parameter) else new


def _reversed_padding(module: Any) -> list[int]:
    """How the framework keeps the padding of a convolution for ``F.pad``: the last axis first, before and after."""
    if module.padding == "valid":
        return [0] * (2 * len(module.kernel_size))
    if module.padding == "same":
        totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return [side for total in reversed(totals) for side in (total // 2, total - total // 2)]
    return [side for size in reversed(module.padding) for side in (size, size)]


def _of_convolution(module: Any) -> dict[str, tuple[int, ...]]:
    first, second = module.out_channels, module.in_channels // module.groups
    if isinstance(module, _TRANSPOSED):
        first, second = module.in_channels, module.out_channels // module.groups
    return {"weight": (first, second, *module.kernel_size), "bias": (module.out_channels,)}


def _of_norm(module: Any) -> dict[str, tuple[int, ...]]:
    return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (module.num_features,))


#: The sizes of a layer's tensors by its settings.
_SIZES: tuple[tuple[Any, Callable[[Any], Mapping[str, tuple[int, ...]]]], ...] = (
    (_CONVOLUTION, _of_convolution),
    (
        nn.Linear,
        lambda module: {"weight": (module.out_features, module.in_features), "bias": (module.out_features,)},
    ),
    (_NORM, _of_norm),
    (nn.GroupNorm, lambda module: dict.fromkeys(("weight", "bias"), (module.num_channels,))),
    (nn.LayerNorm, lambda module: dict.fromkeys(("weight", "bias"), tuple(module.normalized_shape))),
    (nn.PReLU, lambda module: {"weight": (module.num_parameters,)}),
)
