"""Which objects can be analysed as they are, which after unwrapping, and what to do about the others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from nbcnncost.errors import ModelError

#: Wrappers that call one module and add nothing of their own: where they keep it. They are known by name, since most
#: of them live in parts of the framework that need not be there.
_WRAPPERS = MappingProxyType(
    {
        "DataParallel": "module",
        "DistributedDataParallel": "module",
        "FullyShardedDataParallel": "_fsdp_wrapped_module",
        "CheckpointWrapper": "_checkpoint_wrapped_module",
        "AveragedModel": "module",
        "OptimizedModule": "_orig_mod",
    }
)


def accept(model: Any) -> tuple[nn.Module, tuple[str, ...]]:
    """The module to run and notes for the user; raises :class:`ModelError` with one sentence for what is none."""
    if not isinstance(model, nn.Module):
        raise ModelError(_not_a_module(model))
    inner, notes = _unwrapped(model)
    name = type(inner).__name__
    if isinstance(inner, torch.jit.ScriptModule):
        raise ModelError(
            f"{name} is a TorchScript module, whose layers can't be seen; give the nn.Module it was made from"
        )
    if type(inner).forward is nn.Module.forward and "forward" not in vars(inner):
        raise ModelError(f"{name} has no forward: put its layers into nn.Sequential, or give the model that uses it")
    return inner, notes


def _unwrapped(model: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    notes: list[str] = []
    while True:
        wrapper = next((base.__name__ for base in type(model).__mro__ if base.__name__ in _WRAPPERS), "")
        inner = getattr(model, _WRAPPERS.get(wrapper, ""), None)
        if not isinstance(inner, nn.Module):
            return model, tuple(notes)
        compiled = wrapper == "OptimizedModule"
        notes.append(
            "compiled model: the original module is counted"
            if compiled
            else f"{type(model).__name__}: the module inside is counted, once"
        )
        model = inner


def _not_a_module(model: Any) -> str:  # noqa: C901, PLR0911 -- one sentence for each
    name = getattr(model, "__name__", type(model).__name__)
    if isinstance(model, type) and issubclass(model, nn.Module):
        return f"{name} is a class: call it to get a model, as in {name}(), and give that"
    if isinstance(model, Mapping) and model and all(isinstance(value, Tensor) for value in model.values()):
        return "a state_dict holds weights but no layers: build the model, load_state_dict into it, and give the model"
    if isinstance(model, Mapping) and any(isinstance(value, Mapping) for value in model.values()):
        return "a checkpoint holds weights but no layers: build the model, load_state_dict into it, and give the model"
    if isinstance(getattr(model, "__self__", None), nn.Module):
        return f"{name} is a method of a {type(model.__self__).__name__}: give the module itself"
    if isinstance(model, (list, tuple)) and any(isinstance(entry, nn.Module) for entry in model):
        return f"a {type(model).__name__} of modules has no forward: put them into nn.Sequential(*layers)"
    if isinstance(model, torch.jit.ScriptFunction):
        return "a TorchScript function has no layers to be seen; give the nn.Module it was made from"
    if isinstance(model, torch.export.ExportedProgram):
        return "an ExportedProgram is no module; give its .module(), or the model it was exported from"
    if isinstance(model, Tensor):
        return "a tensor is no model; give an nn.Module, and the tensor as input_data"
    if isinstance(model, str):
        return f"a model is an nn.Module, not the text {model!r}; build it first, as in torchvision.models.resnet18()"
    if callable(model) and hasattr(model, "__name__"):
        return f"{name} is a function: give an nn.Module; if it builds one, call it"
    return f"a model is an nn.Module, not a {type(model).__name__}"
