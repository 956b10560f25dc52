"""Three listeners to one run: module calls, Python functions, tensor operations. They record and change nothing."""

from __future__ import annotations

import inspect
import re
import sys
import threading
import types
from contextlib import ExitStack
from math import prod
from types import GeneratorType, TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.parameter import is_lazy
from torch.overrides import (
    TorchFunctionMode,
    _get_current_function_mode_stack,
    _pop_mode,
    _pop_mode_temporarily,
    _push_mode,
)
from torch.utils._python_dispatch import TorchDispatchMode

from nbcnncost.aten import Call, Described, describe, tensors_of
from nbcnncost.composites import describe_whole, is_whole
from nbcnncost.quantized import concerns, describe_quantized, describe_recurrent, is_recurrent
from nbcnncost.tracing.memory import ShapeMemory, rebuild
from nbcnncost.tracing.naming import WITH_OPERATOR, home_of, is_operator, label_of
from nbcnncost.tracing.quantized import result_without_values
from nbcnncost.tracing.recorder import Recorder
from nbcnncost.tracing.roles import RECURRENT
from nbcnncost.tracing.twins import Twins, is_sparse, replaced

#: A constant that a forward makes (a mask, positions) keeps its values up to this many elements.
_LARGEST_CONSTANT = 1 << 20
_META = torch.device("meta")
_LIFT = torch.ops.aten.lift_fresh.default
_DETACH = torch.ops.aten.detach.default
_ALIGNED = torch.ops.aten._nested_tensor_from_mask_left_aligned.default
#: Which argument holds lengths whose values shape the result: they stay real.
_LENGTHS = types.MappingProxyType(
    {torch.ops.aten._pack_padded_sequence.default: 1, torch.ops.aten._pad_packed_sequence.default: 1}
)
_IS_ALL_TRUE: Any = torch._is_all_true
_TRUE = torch.tensor(data=True, device="cpu")
_CONVOLUTION = torch.ops.aten.convolution.default
_LAYER_NORM = torch.ops.aten.native_layer_norm.default  # takes float32 weights with half-precision inputs
_ONE_DTYPE = frozenset(
    {_CONVOLUTION, _LAYER_NORM, *(getattr(torch.ops.aten, name).default for name in ("mm", "addmm", "bmm", "baddbmm"))}
)
#: Products of sparse tensors that give dense ones.
_SPARSE_PRODUCTS = frozenset(
    getattr(torch.ops.aten, name).default for name in ("mm", "mv", "addmm", "addmv", "_sparse_addmm")
)
_POP_MODE = inspect.unwrap(_pop_mode_temporarily).__code__
#: How a checkpoint stops computing again once it has all it needs.
_STOPS_EARLY = "_StopRecomputationError"
#: What has then been computed nearly all: the steps of a recurrent layer, attention (a fused kernel does it whole).
_DONE_BY_THEN = frozenset({*RECURRENT, "scaled_dot_product_attention"})
_SET_DATA: Any = vars(Tensor.__base__)["data"].__set__
#: Complaints that go away where all tensors are twins: of mixed devices, and of what autocast made of the real ones.
_MIXED = re.compile(r"same device|on device|devices? .*meta|meta.* device|type .*should be the same|same dtype")
#: Shapes are the same in every run, so what was learnt about an operation serves them all.
_MEMORY = ShapeMemory()


class NeedsValues(RuntimeError):  # noqa: N818 -- named as the CostError that it becomes
    """An operation's result depends on values that the run does not have."""


class ModuleListener:
    """Hears every module call of this thread through the framework's global hooks."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._thread = threading.get_ident()
        self._outer = sys.exc_info()[1]
        self._handles: list[Any] = []

    def __enter__(self) -> ModuleListener:  # noqa: PYI034 -- typing.Self begins with Python 3.11
        self._handles.append(register_module_forward_pre_hook(self._enter))
        self._handles.append(register_module_forward_hook(self._leave, always_call=True))
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _enter(self, module: nn.Module, args: Any) -> None:
        if threading.get_ident() == self._thread and not self._recorder.asleep:
            named = _calling().f_locals.get("kwargs")
            with torch._C.DisableTorchFunction():
                self._recorder.enter(module, (args, named) if type(named) is dict and named else args)

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        recorder = self._recorder
        if threading.get_ident() == self._thread and recorder.stack and not recorder.asleep:
            error = sys.exc_info()[1] if output is None else None
            with torch._C.DisableTorchFunction():  # looking at a shape is no call of the model's
                recorder.leave(output, error if error is not self._outer else None)


def _calling() -> types.FrameType:
    """The framework's call of a global hook, which hands on no keyword arguments but has them at hand."""
    return sys._getframe(2)


#: Attribute access: nothing is computed.
_SILENT = frozenset({"get", "set", "size", "dim", "is_contiguous", ""})


def _transparent(func: types.FunctionType) -> types.FunctionType:
    """A copy of a framework function that does not hand itself to the listeners, so that they hear what it calls."""
    quiet = {**func.__globals__, "has_torch_function": lambda *_: False}
    copy = types.FunctionType(func.__code__, quiet, func.__name__, func.__defaults__, func.__closure__)
    copy.__kwdefaults__ = func.__kwdefaults__
    return copy


_ATTENTION: Any = functional.multi_head_attention_forward
#: Functions written in Python whose inner calls are wanted, each with the copy that shows them.
_OPAQUE = types.MappingProxyType({_ATTENTION: _transparent(_ATTENTION)})
_BACKWARD: Any = torch.autograd.backward
#: The backward pass as no function of the model's: what a checkpoint computes in it again is heard.
run_backward: Any = _transparent(_BACKWARD)


class FunctionListener(TorchFunctionMode):
    """Hears the name under which Python asked for an operation."""

    def __init__(self, recorder: Recorder, twins: Twins | None) -> None:
        super().__init__()
        self._recorder = recorder
        self._twins = twins

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is _BACKWARD:
            with self:
                return run_backward(*args, **kwargs)
        label = label_of(func)
        recorder = self._recorder
        if recorder.asleep or (label in _SILENT and func is not _SET_DATA):
            return func(*args, **kwargs)
        outer, start = recorder.function, len(recorder.ops)
        if not outer:
            recorder.group += 1
        recorder.function = label
        if recorder.stand_in is not None:
            args, kwargs = replaced(recorder.stand_in, args), replaced(recorder.stand_in, kwargs)
        try:
            result = self._call(func, label, args, kwargs)
        except Exception as error:
            recorder.accuse(label, args, kwargs, error)
            raise
        finally:
            recorder.function = outer
        if len(recorder.ops) > start:
            operator = label in WITH_OPERATOR and is_operator(func, sys._getframe(1))
            recorder.called(home_of(func), start, args, kwargs, operator=operator)
        return result

    def _call(self, func: Any, label: str, args: Any, kwargs: Any) -> Any:
        if func in _OPAQUE:
            with self:
                return _OPAQUE[func](*args, **kwargs)
        whole = is_whole(label, args, kwargs) and not str(func).startswith("quantized.")
        if whole and not self._recorder.paused and not _inside_functorch():
            return self._composite(func, label, args, kwargs)
        twins, before = self._twins, len(self._recorder.ops)
        if twins is None:
            return func(*args, **kwargs)
        if func is _SET_DATA and twins.has_values(args[0]):
            return twins.replace(*args)
        if func is _SET_DATA:
            args = twins.swap(args)
        if func is _IS_ALL_TRUE:  # a distribution checks its arguments: without values nothing is wrong
            args = (_TRUE if args[0].device.type == "meta" else args[0],)
        try:
            return func(*args, **kwargs)
        except RuntimeError as error:
            if not _MIXED.search(str(error)):
                raise
        # Some functions compare their tensors' devices before any operation is heard: again, with twins for all.
        self._recorder.forget(before)
        return func(*twins.swap(args), **twins.swap(kwargs))

    def _composite(self, func: Any, label: str, args: Any, kwargs: Any) -> Any:
        """Run a function that is recorded as a whole."""
        recorder, twins = self._recorder, self._twins
        recorder.paused += 1
        try:
            result = (
                func(*args, **kwargs) if twins is None else func(*_without_lengths(twins, args), **twins.swap(kwargs))
            )
        except Exception as error:
            if type(error).__name__ == _STOPS_EARLY and label in _DONE_BY_THEN:
                self._record_whole(label, args, kwargs, None)
            raise
        finally:
            recorder.paused -= 1
        self._record_whole(label, args, kwargs, result)
        return result

    def _record_whole(self, label: str, args: Any, kwargs: Any, result: Any) -> None:
        inputs, outputs = tuple(tensors_of(args, kwargs)), tuple(tensors_of((result,), {}))
        for described in describe_whole(label, args, kwargs, result):
            self._recorder.add(f"{label}.composite", described, inputs, outputs)


class OperationListener(TorchDispatchMode):
    """Hears every tensor operation; unless the run is for real, gives it twins without values to work on."""

    supports_higher_order_operators = True

    def __init__(self, recorder: Recorder, twins: Twins | None) -> None:
        super().__init__()
        self._recorder = recorder
        self._twins = twins

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Otherwise the first operation imports the whole compiler, which takes longer than any run."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if isinstance(func, torch._ops.HigherOrderOperator):
            return self._of_functions(func, args, kwargs)
        if func is _DETACH and is_lazy(args[0]):  # a lazy layer asks for its weight's device
            return func(*args, **kwargs)
        if func is _ALIGNED:  # whether padding could be packed away: a short cut that would hide the layers inside
            return False
        if torch.is_inference_mode_enabled():  # only there do composite operations arrive whole
            with self:
                whole = func.decompose(*args, **kwargs)
            if whole is not NotImplemented:
                return whole
        tensors = tuple(tensors_of(args, kwargs))
        if is_recurrent(func) or concerns(func, tensors):
            return self._quantized(func, args, kwargs, tensors)
        result, described = self._run(func, args, kwargs, tensors)
        if not (self._recorder.paused or self._recorder.asleep):
            outputs = tuple(tensors_of((result,), {}))
            if described is None:
                described = describe(func, Call(args, kwargs, outputs, self._recorder.function))
            self._recorder.add(str(func), described, tensors, outputs)
        return result

    def _of_functions(self, func: Any, args: Any, kwargs: Any) -> Any:
        """``torch.cond``, ``flex_attention``: what runs inside is not heard."""
        if self._twins is not None:
            raise NeedsValues(func.name())
        result = func(*args, **kwargs)
        if not (self._recorder.paused or self._recorder.asleep):
            described = Described(None, reason="a function of functions, in which no operation is heard")
            inputs, outputs = tuple(tensors_of(args, kwargs)), tuple(tensors_of((result,), {}))
            self._recorder.add(f"higher_order.{func.name()}.default", described, inputs, outputs)
        return result

    def _quantized(self, func: Any, args: Any, kwargs: Any, tensors: tuple[Tensor, ...]) -> Any:
        """An operation on quantized tensors, or on their packed weights."""
        if self._twins is None:
            result = func(*args, **kwargs)
        else:
            self._note_writes(self._twins, func, args)
            try:
                result = result_without_values(func, args, kwargs)
            except NotImplementedError as error:
                raise NeedsValues(str(func)) from error
        if not (self._recorder.paused or self._recorder.asleep):
            call = Call(args, kwargs, tuple(tensors_of((result,), {})), self._recorder.function)
            parts = describe_recurrent(func, call) if is_recurrent(func) else [describe_quantized(func, call)]
            for described in parts:
                self._recorder.add(str(func), described, tensors, call.outputs)
        return result

    def _note_writes(self, twins: Twins, func: Any, args: Any) -> None:
        if func._schema.is_mutable:
            for argument, value in zip(func._schema.arguments, args, strict=False):
                if argument.alias_info is not None and argument.alias_info.is_write and isinstance(value, Tensor):
                    twins.wrote(value)

    def _run(self, func: Any, args: Any, kwargs: Any, tensors: tuple[Tensor, ...]) -> tuple[Any, Described | None]:
        twins = self._twins
        if twins is None:
            return func(*args, **kwargs), None
        if not any(tensor.device.type == "meta" for tensor in tensors):
            readable = self._readable(func, args, kwargs, tensors)
            if readable is not None:
                result = func(*readable[0], **_small(func, *readable))
                twins.add_fresh(result)
                return result, None
        args, kwargs = self._without_values(func, args, kwargs, tensors)
        key = _MEMORY.key((func, self._recorder.function, torch.get_default_dtype()), func, args, kwargs)
        known = None if key is None else _MEMORY.recall(key)
        if known is not None:
            form, described = known
            return rebuild(form, args), described
        result = _shape_of_result(func, args, kwargs)
        twins.add_fresh(result)  # a packed sequence's batch sizes are real
        described = describe(func, Call(args, kwargs, tuple(tensors_of((result,), {})), self._recorder.function))
        if key is not None:
            _MEMORY.remember(key, args, result, described)
        return result, described

    def _readable(self, func: Any, args: Any, kwargs: Any, tensors: tuple[Tensor, ...]) -> tuple[Any, Any] | None:
        """The arguments to compute with for real, if all their values are known and few.

        Constants made in this run are computed with, and the user's own counters and scales, on copies; larger
        tensors of the user's are read only where their values are needed (``.item()``, ``nonzero``).
        """
        twins = self._twins
        if twins is None or func is _LIFT:  # torch.tensor(0.5) in a forward: made by no operation
            return args, kwargs
        if all(twins.followed(tensor) is not None for tensor in tensors):
            return twins.follow(args), twins.follow(kwargs)
        return (args, kwargs) if _wants_values(func) and all(map(twins.has_values, tensors)) else None

    def _without_values(self, func: Any, args: Any, kwargs: Any, tensors: tuple[Tensor, ...]) -> tuple[Any, Any]:
        """The arguments with twins in place of real tensors, and nothing sent to another device."""
        twins = self._twins
        if twins is None:
            return args, kwargs
        if kwargs.get("device") is not None:
            kwargs = {**kwargs, "device": _META}
        if all(tensor.device.type == "meta" for tensor in tensors):
            return args, kwargs
        self._note_writes(twins, func, args)
        if func is torch.ops.aten.index.Tensor:
            args = (args[0], twins.masks_as_places(args[1]))
        kept = _LENGTHS.get(func)
        swapped = [value if place == kept else twins.swap(value) for place, value in enumerate(args)]
        return swapped, twins.swap(kwargs)


def listen(recorder: Recorder, twins: Twins | None) -> ExitStack:
    """All three listeners, for one ``with`` statement."""
    stack = ExitStack()
    stack.enter_context(ModuleListener(recorder))
    stack.enter_context(OperationListener(recorder, twins))
    stack.callback(_reset_function_modes, _get_current_function_mode_stack())
    FunctionListener(recorder, twins).__enter__()
    return stack


def _reset_function_modes(before: list[Any]) -> None:
    """Leave the modes as they were; an interrupt inside the framework may have lost or doubled one of them."""
    while _get_current_function_mode_stack():
        _pop_mode()
    for mode in before:
        _push_mode(mode)


def _inside_functorch() -> bool:
    """Under ``torch.vmap`` Python sees one sample's shapes; the operations below it have them all."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def _without_lengths(twins: Twins, args: Any) -> list[Any]:
    """Twins for all arguments but whole numbers: a packed sequence's lengths shape the result."""
    return [value if isinstance(value, Tensor) and value.dtype == torch.int64 else twins.swap(value) for value in args]


def close_interrupted(traceback: TracebackType | None) -> None:
    """Close what the framework left half open where it was interrupted, while nothing else holds it.

    Python functions of the framework take a mode off its stack for as long as they call it. Interrupted at the very
    end of that, they would put it back whenever the traceback is freed, long after the run.
    """
    while traceback is not None:
        holder = traceback.tb_frame.f_locals.get("self")
        generator = getattr(holder, "gen", None)
        if isinstance(generator, GeneratorType) and generator.gi_code is _POP_MODE:
            generator.close()
        traceback = traceback.tb_next


def _shape_of_result(func: Any, args: Any, kwargs: Any) -> Any:
    try:
        if func is torch.ops.aten.as_strided.default:  # a remembered tensor's memory ends with its own elements
            return torch.empty_strided(args[1], args[2], dtype=args[0].dtype, device=_META)
        _refuse(func, args)
        return func(*args, **kwargs)
    except (NotImplementedError, RuntimeError) as error:
        if func in _SPARSE_PRODUCTS and any(map(is_sparse, tensors_of(args, kwargs))):
            return func(*map(_dense, args), **kwargs)
        if _wants_values(func) or "meta tensors" in str(error):
            raise NeedsValues(str(func)) from error
        raise


def _refuse(func: Any, args: Any) -> None:
    """Raise for what the framework checks only where it computes."""
    if func in _ONE_DTYPE:
        dtypes = {value.dtype for value in args if isinstance(value, Tensor)}
        halves = func is _LAYER_NORM and args[0].dtype in (torch.float16, torch.bfloat16)
        if len(dtypes) > 1 and not halves:
            raise RuntimeError(f"expected all tensors to have the same dtype, but got {', '.join(map(str, dtypes))}")
    if func is _CONVOLUTION and args[6] and args[0].shape[1] != args[1].shape[0]:
        raise RuntimeError(f"expected an input with {args[1].shape[0]} channels, but got {args[0].shape[1]}")
    if func is _CONVOLUTION and not args[6]:
        windows = zip(args[0].shape[2:], args[1].shape[2:], args[4], args[5], strict=False)
        if any(size + 2 * padding < dilation * (kernel - 1) + 1 for size, kernel, padding, dilation in windows):
            raise RuntimeError("the kernel can't be greater than the padded input")


def _dense(value: Any) -> Any:
    """In the place of a sparse tensor a dense one, to find out which shape comes out."""
    sparse = isinstance(value, Tensor) and is_sparse(value)
    return torch.empty(value.shape, dtype=value.dtype, device=_META) if sparse else value


def _wants_values(func: Any) -> bool:
    tags = func.tags
    return torch.Tag.data_dependent_output in tags or torch.Tag.dynamic_output_shape in tags


def _small(func: Any, args: Any, kwargs: Any) -> Any:
    """Large constants need no values: they are made on the meta device."""
    sizes = next((value for value in args if isinstance(value, (list, tuple)) and value), ())
    elements = prod(sizes) if all(isinstance(size, int) for size in sizes) else 0
    return {**kwargs, "device": _META} if elements > _LARGEST_CONSTANT and "device" in kwargs else kwargs
