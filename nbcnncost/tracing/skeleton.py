"""A copy of a model without its weights, which can be changed and run as one likes: the user's stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import CellType, FunctionType, MethodType
from typing import Any

import torch
from torch import ScriptObject, Tensor, nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from nbcnncost.errors import ModelError
from nbcnncost.tracing.guard import untouched
from nbcnncost.tracing.lazy import new_lazy_tensor, new_lazy_tensors
from nbcnncost.tracing.twins import without_values

#: Counters and scales of one element, and so many whole numbers (indices, masks), keep their values: a forward may
#: depend on them.
_TINY, _FEW = 1, 1 << 16
_COPY: Any = Tensor.__deepcopy__
_DATA: Any = vars(Tensor.__base__)["data"].__get__


def skeleton_of(model: nn.Module) -> nn.Module:
    """A deep copy in which each tensor is one of its shape without values; tied ones stay tied, gradients go.

    Packed weights of quantized layers are shared with the model, since nothing can be written to them. Raises
    :class:`~nbcnncost.errors.ModelError` for a model that holds what cannot be copied.
    """
    functions: list[_Rebound] = []
    with untouched(model):
        memo = _memo(model)
        for function in _functions(model):
            if id(function) not in memo and any(map(_belongs_to_a_module, _captured(function))):
                functions.append(_Rebound(function))
                memo[id(function)] = functions[-1].made
        try:
            with _WithoutValues():
                made = copy.deepcopy(model, memo)
                for rebound in functions:
                    rebound.bind(memo)
        except Exception as error:
            message = " ".join(str(error).split())
            raise ModelError(f"{type(model).__name__} cannot be copied to be changed ({message})") from error
    return made


def has_computed_tensors(model: nn.Module) -> bool:
    """Whether a module holds a tensor that was computed from others (an old ``weight_norm``): no plain copy has it."""
    values = (value for module in model.modules() for value in vars(module).values())
    return any(isinstance(value, Tensor) and not value.is_leaf for value in values)


class _WithoutValues(TorchFunctionMode):
    """Copies tensors that nobody has found before without their values, wherever in an object they are."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is _COPY:
            tensor, memo = args
            with torch._C.DisableTorchFunction():
                return memo.setdefault(id(tensor), _twin(tensor))
        if func == _DATA:  # of a parameter, by its own way of copying
            with torch._C.DisableTorchFunction():
                return _twin(args[0].detach())
        return func(*args, **(kwargs or {}))


class _Rebound:
    """A function that captured modules of the model, made anew so that it can capture their copies."""

    def __init__(self, function: FunctionType) -> None:
        self._function = function
        captured = function.__closure__ or ()
        self._cells = tuple(CellType() if _belongs_to_a_module(_content(cell)) else cell for cell in captured)
        self.made = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, self._cells or None
        )
        self.made.__kwdefaults__ = function.__kwdefaults__
        self.made.__dict__.update(function.__dict__)

    def bind(self, memo: dict[int, Any]) -> None:
        """Capture the copies of what the function captured of the model; all else it shares with the new one."""
        self.made.__defaults__ = tuple(_of_copy(value, memo) for value in self._function.__defaults__ or ()) or None
        for cell, old in zip(self._cells, self._function.__closure__ or (), strict=True):
            if cell is not old:
                cell.cell_contents = _of_copy(old.cell_contents, memo)


def _of_copy(value: Any, memo: dict[int, Any]) -> Any:
    return copy.deepcopy(value, memo) if _belongs_to_a_module(value) else value


def _belongs_to_a_module(value: Any) -> bool:
    return isinstance(value, nn.Module) or (isinstance(value, MethodType) and isinstance(value.__self__, nn.Module))


def _captured(function: FunctionType) -> tuple[Any, ...]:
    return (*(function.__defaults__ or ()), *map(_content, function.__closure__ or ()))


def _content(cell: CellType) -> Any:
    """What a function captured; nothing where the name has no value yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _functions(model: nn.Module) -> Iterator[FunctionType]:
    """The functions that modules have as hooks or as attributes (a forward of their own)."""
    for module in model.modules():
        for value in list(vars(module).values()):
            inside = value.values() if isinstance(value, dict) else (value,)
            yield from (entry for entry in inside if isinstance(entry, FunctionType))


def _memo(model: nn.Module) -> dict[int, Any]:
    """What stands in the copy for each tensor of the modules, for packed weights and random generators."""
    memo: dict[int, Any] = new_lazy_tensors(model, "meta")
    for module in model.modules():
        for value in (*module._parameters.values(), *module._buffers.values(), *vars(module).values()):
            if id(value) in memo or value is None:
                continue
            if isinstance(value, Tensor):
                memo[id(value)] = _twin(value)
            elif isinstance(value, ScriptObject):
                memo[id(value)] = value
            elif isinstance(value, torch.Generator):
                memo[id(value)] = value.clone_state()
    return memo


def _twin(tensor: Tensor) -> Tensor:
    """A tensor without values, or a small one whose values a forward may depend on; a parameter stays one."""
    if is_lazy(tensor):
        return new_lazy_tensor(tensor, "meta")
    plain, is_parameter = tensor.detach(), isinstance(tensor, nn.Parameter)
    made = plain.clone() if _keeps_values(tensor, is_parameter=is_parameter) else without_values(plain)
    if is_parameter:
        return nn.Parameter(made, tensor.requires_grad)
    return made.requires_grad_() if tensor.is_leaf and tensor.requires_grad else made


def _keeps_values(tensor: Tensor, *, is_parameter: bool) -> bool:
    if tensor.device.type == "meta":
        return False
    whole = not (tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized)
    return tensor.numel() <= (_FEW if whole and not is_parameter else _TINY)
