"""One run of a model, recorded: the model is called once, on tensors without values, and left as it was."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from nbcnncost.errors import ModelError
from nbcnncost.records import ModuleCall, ModuleRecord, Trace
from nbcnncost.tracing.batch import batch_of_inputs
from nbcnncost.tracing.calm import Calm
from nbcnncost.tracing.guard import Keeper, set_mode, untouched
from nbcnncost.tracing.lazy import copied_without_values, has_lazy_layers, new_lazy_tensors
from nbcnncost.tracing.listeners import close_interrupted, listen
from nbcnncost.tracing.modules import contents_of, specs_of, type_of
from nbcnncost.tracing.nested import replaced
from nbcnncost.tracing.recorder import Blame, Recorder
from nbcnncost.tracing.stand_ins import StandIns
from nbcnncost.tracing.step import Wanted, go_back, prepared
from nbcnncost.tracing.training import TrainingRecorder
from nbcnncost.tracing.twins import Twins

#: Modes, hooks and random states are the process's, so two threads take turns.
_ONE_AT_A_TIME = threading.RLock()
#: The runs under way, the innermost last; only whoever holds the lock changes it.
_RUNNING: list[Recorder] = []


class Run(NamedTuple):
    """What a run gave: the trace (up to the error, if there was one), the error, and where it arose.

    ``inputs`` are the arguments it was made with, by position and by name.
    """

    trace: Trace
    error: Exception | None
    culprit: ModuleCall | None
    blame: Blame | None
    inputs: tuple[tuple[Any, ...], dict[str, Any]]


def run(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    mode: str,
    execute: bool,
    notes: tuple[str, ...] = (),
    wanted: Wanted | None = None,
) -> Run:
    """Call ``model(*args, **kwargs)`` once and record it; a training step if one is ``wanted``.

    An exception of the model's own forward is given back in the :class:`Run`; Ctrl-C passes through.
    """
    lazy, given = has_lazy_layers(model), model
    if execute:
        model = _copied(model)
    elif lazy:
        model = copied_without_values(model)
    if lazy:  # a first run gives the copy its sizes (up to an error, if there is one), and is forgotten
        _run(model, args, kwargs, mode=mode, execute=execute, notes=notes, guarded=given)
    return _run(model, args, kwargs, mode=mode, execute=execute, notes=notes, guarded=model, wanted=wanted)


def _run(
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    mode: str,
    execute: bool,
    notes: tuple[str, ...],
    guarded: nn.Module,
    wanted: Wanted | None = None,
) -> Run:
    """One call of the model; ``guarded`` is the model that is put back as it was after it."""
    modules, indices, params, param_indices = contents_of(model)
    given, twins = (args, kwargs), None if execute else Twins()
    with nullcontext() if wanted is None else torch.inference_mode(mode=False):
        if twins is not None:
            args, kwargs = replaced((args, kwargs), twins.own)
        if wanted is not None:
            args, kwargs = prepared((args, kwargs), input_grad=wanted.input_grad, values=execute)
    stand_ins = None if wanted is None else StandIns(values=execute)
    session = _Session(model, guarded, mode, twins, stand_ins)
    try:
        recorder = session.begin(modules, indices, param_indices)
        error = _error_of(model, args, kwargs, recorder)
        session.end()
    except BaseException as interrupt:
        close_interrupted(interrupt.__traceback__)
        session.end()
        raise
    calls, culprit = recorder.finished_calls(error)
    training = None
    if isinstance(recorder, TrainingRecorder) and wanted is not None and stand_ins is not None and error is None:
        training = recorder.finished(wanted, params, stand_ins.with_gradient())
    inputs = specs_of((args, kwargs))
    trace = Trace(
        model_name=type_of(model),
        mode=mode,
        executed=execute,
        inputs=inputs,
        modules=tuple(recorder.modules),
        params=tuple(params),
        calls=calls,
        ops=tuple(recorder.ops),
        functions=tuple(recorder.functions),
        notes=notes,
        batch=batch_of_inputs(inputs, recorder.batch),
        training=training,
    )
    return Run(trace, error, culprit, recorder.blame, given)


def _error_of(model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], recorder: Recorder) -> Exception | None:
    """Call the model, and in a training step go back; give back what it raises: that is the user's to see."""
    try:
        outputs = model(*args, **kwargs)
        if isinstance(recorder, TrainingRecorder):
            go_back(model, outputs, recorder)
    except Exception as error:  # noqa: BLE001 -- whatever a forward raises
        return error
    return None


class _Session:
    """What is set up for a run, and put back after it. Both may be called again where they were interrupted."""

    def __init__(
        self, model: nn.Module, guarded: nn.Module, mode: str, twins: Twins | None, stand_ins: StandIns | None
    ) -> None:
        self._model, self._guarded, self._mode, self._twins = model, guarded, mode, twins
        self._stand_ins = stand_ins
        self._stack = ExitStack()

    def begin(self, modules: list[ModuleRecord], indices: dict[int, int], params: dict[int, int]) -> Recorder:
        """Wait for other runs, remember how everything is, set the mode, and listen."""
        with Calm():
            self._stack.enter_context(_ONE_AT_A_TIME)
            keeper = self._stack.enter_context(untouched(self._guarded))
            if self._twins is not None:
                self._stack.callback(self._twins.reset_versions)
            self._stack.enter_context(_uncompiled())
            recorder = self._recorder(keeper, modules, indices, params)
            self._stack.enter_context(_turn(recorder))
            set_mode(self._model, self._mode)
            self._stack.enter_context(listen(recorder, self._twins))
        return recorder

    def _recorder(
        self, keeper: Keeper, modules: list[ModuleRecord], indices: dict[int, int], params: dict[int, int]
    ) -> Recorder:
        if self._stand_ins is None:
            self._stack.enter_context(torch.no_grad())
            return Recorder(modules, indices, params, keeper.keep)
        self._stack.enter_context(torch.inference_mode(mode=False))
        self._stack.enter_context(torch.enable_grad())
        self._stack.enter_context(torch.autograd.set_detect_anomaly(mode=False))  # which looks at values
        keeper.put(self._stand_ins.of)
        params = self._stand_ins.indices(params)
        return TrainingRecorder(modules, indices, params, keeper.keep, stand_ins=self._stand_ins)

    def end(self) -> None:
        """Put everything back."""
        with Calm():
            self._stack.close()


def _uncompiled() -> AbstractContextManager[Any]:
    """Compiled parts of a model run as they were written: to compile them takes long, and costs are the original's."""
    set_stance = getattr(sys.modules.get("torch._dynamo"), "set_stance", None)
    return nullcontext() if set_stance is None else set_stance("force_eager")


@contextmanager
def _turn(recorder: Recorder) -> Iterator[None]:
    """A forward may itself ask what another model costs: then the outer run does not hear the inner one."""
    outer = _RUNNING[-1] if _RUNNING else None
    if outer is not None:
        outer.asleep = True
    _RUNNING.append(recorder)
    try:
        yield
    finally:
        _RUNNING.pop().asleep = True
        if outer is not None:
            outer.asleep = False


def _copied(model: nn.Module) -> nn.Module:
    """A run for real may write to buffers, so it works on a copy."""
    computed: dict[int, Any] = {  # weights that an old-style weight_norm computes are no leaves, which copying refuses
        id(value): value.detach().clone()
        for module in model.modules()
        for value in module.__dict__.values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    try:
        return copy.deepcopy(model, computed | new_lazy_tensors(model))
    except Exception as error:
        raise ModelError(
            f"{type(model).__name__} cannot be copied ({error}), and running it for real could change it; "
            "leave execute out to count it without running it"
        ) from error
