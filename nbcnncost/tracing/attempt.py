"""From what the user gives to a trace: the model accepted, its inputs made or assumed, the run, and why it stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import nn

from nbcnncost.errors import CostError, InputError, ShapeError
from nbcnncost.records import Failure, Trace
from nbcnncost.tracing.diagnosis import diagnose, find_mismatch, where
from nbcnncost.tracing.inputs import Inputs, check_call, customary_shapes, first_layer, from_data, from_sizes
from nbcnncost.tracing.models import accept
from nbcnncost.tracing.run import Run, run
from nbcnncost.units import shape_text


def trace_model(
    model: Any,
    sizes: Any,
    *,
    input_data: Any,
    dtypes: Any,
    batch_size: int | None,
    mode: str,
    execute: bool,
) -> tuple[Trace, Exception | None]:
    """The trace of one run, and what stopped it: a :class:`CostError` where that is understood."""
    module, notes = accept(model)
    device = _device(module) if execute else "meta"
    if sizes is None and input_data is None:
        done = _assumed(module, dtypes, batch_size, mode, execute, device)
    else:
        if input_data is not None:
            inputs = from_data(module, input_data, keep=execute, batch_size=batch_size, dtypes=dtypes)
        else:
            inputs = from_sizes(module, sizes, dtypes, batch_size, device)
        check_call(module, inputs)
        done = run(module, *inputs[:2], mode=mode, execute=execute, notes=inputs.notes)
        if done.error is not None and inputs.notes and first_layer(module) is None:
            done = _as_given(module, sizes, dtypes, batch_size, mode, execute, device, done)
    trace = replace(done.trace, notes=(*notes, *done.trace.notes))
    if done.error is None:
        return trace, None
    error = diagnose(done)
    if isinstance(error, ShapeError):
        error = _with_other_input(error, module, done, mode)
    if error is not None:
        error.__cause__ = done.error
    message = str(error) if error is not None else f"{type(done.error).__name__}: {done.error}"
    path, kind = ("", "") if done.culprit is None else (done.culprit.path, trace.modules[done.culprit.module].type)
    return replace(trace, failure=Failure(path, kind, message)), error or done.error


def _as_given(
    module: nn.Module, sizes: Any, dtypes: Any, batch_size: int | None, mode: str, execute: bool, device: str, done: Run
) -> Run:
    """Where no layer tells how many dimensions it takes, a shape may have had its batch already."""
    inputs = from_sizes(module, sizes, dtypes, batch_size, device, add_batch=False)
    again = run(module, *inputs[:2], mode=mode, execute=execute)
    return done if again.error is not None else again


def _device(module: nn.Module) -> str:
    parameter = next(module.parameters(), None)
    return "cpu" if parameter is None else str(parameter.device)


def _assumed(module: nn.Module, dtypes: Any, batch_size: int | None, mode: str, execute: bool, device: str) -> Run:
    """The run on the customary input that fits; the note says which it is, and which others do not fit."""
    failed: list[tuple[tuple[int, ...], Run]] = []
    shapes = list(customary_shapes(module))
    for place, shape in enumerate(shapes):
        inputs = from_sizes(module, shape, dtypes, batch_size, "meta")
        tried = run(module, inputs.args, {}, mode=mode, execute=False)
        values_needed = tried.error is not None and find_mismatch(tried) is None and _reads_values(tried)
        if tried.error is not None and not values_needed:
            failed.append((shape, tried))
            continue
        others = [shape_ for shape_, _ in failed]
        note = _assumption(inputs, failed, None if others else _alternative(module, shapes[place + 1 :], dtypes, mode))
        if execute:
            inputs = from_sizes(module, shape, dtypes, batch_size, device)
            return run(module, inputs.args, {}, mode=mode, execute=True, notes=(note,))
        return tried._replace(trace=replace(tried.trace, notes=(note,)))
    raise _none_fits(module, failed)


def _reads_values(tried: Run) -> bool:
    error = diagnose(tried)
    return error is not None and not isinstance(error, ShapeError)


def _alternative(module: nn.Module, shapes: list[tuple[int, ...]], dtypes: Any, mode: str) -> str:
    """Whether the next customary size fits too: then the assumed one is a choice, and the user should know."""
    if not shapes or len(shapes[0]) != 4:
        return ""
    inputs = from_sizes(module, shapes[0], dtypes, None, "meta")
    tried = run(module, inputs.args, {}, mode=mode, execute=False)
    size = shape_text(shapes[0][2:])
    return f"{size} fits too" if tried.error is None else f"{size} does not fit: {_reason(tried)}"


def _assumption(inputs: Inputs, failed: list[tuple[tuple[int, ...], Run]], alternative: str | None) -> str:
    note = f"no input given: assumed {shape_text(inputs.args[0].shape)}"
    if failed:
        shape, tried = failed[0]
        size = shape_text(shape[2:] if len(shape) > 3 else shape)
        return f"{note}; {size} does not fit: {_reason(tried)}"
    return f"{note}; {alternative}" if alternative else note


def _reason(tried: Run) -> str:
    mismatch = find_mismatch(tried)
    return f"{where(tried)} {mismatch.fact}" if mismatch is not None else _first_sentence(tried.error)


def _first_sentence(error: Exception | None) -> str:
    return str(error).strip().split("\n")[0].split(". ")[0] or type(error).__name__


def _none_fits(module: nn.Module, failed: list[tuple[tuple[int, ...], Run]]) -> CostError:
    shapes = ", ".join(shape_text(shape) for shape, _ in failed)
    error = InputError(
        f"no input given, and none of the usual ones fits {type(module).__name__} (tried {shapes}; "
        f"the first stops because {_reason(failed[0][1])}); give one: -i 1,3,224,224, or input_size=(1, 3, 224, 224)"
    )
    error.__cause__ = failed[0][1].error
    return error


def _with_other_input(error: CostError, module: nn.Module, done: Run, mode: str) -> CostError:
    """Add the input that would fit, where there is one of the usual sizes."""
    other = None
    if len(done.trace.inputs) == 1 and not done.trace.executed:
        other = _fitting(module, done.trace.inputs[0].shape, mode)
    if other is None:
        return error
    link = " or" if ";" in str(error) and "too small" not in str(error) else ";"
    return type(error)(f"{error}{link} change the input to {shape_text(other)}")


def _fitting(module: nn.Module, shape: tuple[int, ...], mode: str) -> tuple[int, ...] | None:
    for usual in customary_shapes(module):
        candidate = (shape[0] if len(usual) == len(shape) else 1, *usual[1:])
        inputs = from_sizes(module, candidate, None, None, "meta")
        if candidate != shape and run(module, inputs.args, {}, mode=mode, execute=False).error is None:
            return candidate
    return None
