"""From what the user gives to a trace: the model accepted, its inputs made or assumed, the run, and why it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from torch import nn

from nbcnncost.errors import CostError, InputError, ShapeError
from nbcnncost.records import Failure, Trace
from nbcnncost.tracing.customary import customary_shapes, first_layer
from nbcnncost.tracing.diagnosis import diagnose, find_mismatch, where
from nbcnncost.tracing.images import takes_images
from nbcnncost.tracing.inputs import Inputs, bound, from_data, of_shape, readings, remembered
from nbcnncost.tracing.models import accept
from nbcnncost.tracing.run import Run, run
from nbcnncost.tracing.step import Wanted
from nbcnncost.units import shape_text


class Traced(NamedTuple):
    """The trace of one run, what stopped it, and the arguments it was made with, without values.

    ``error`` is a :class:`CostError` where the reason is understood.
    """

    trace: Trace
    error: Exception | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def trace_model(
    model: Any,
    sizes: Any,
    *,
    input_data: Any,
    dtypes: Any,
    batch_size: int | None,
    mode: str,
    execute: bool,
    wanted: Wanted | None = None,
) -> Traced:
    """One run of a model, complete or up to where it stops.

    Where a training step is ``wanted``, it runs on the inputs on which the forward alone has run before, or has failed
    for a reason of its own: one may need gradients (a hook on a tensor, a gradient as a part of the loss).
    """
    module, notes = accept(model)
    device = _device(module) if execute else "meta"
    if sizes is None and input_data is None:
        done = _assumed(module, dtypes, batch_size, mode, execute, device)
    elif input_data is not None:
        images = takes_images(module)
        given = from_data(input_data, keep=execute, batch_size=batch_size, dtypes=dtypes, images=images)
        done = _first_that_runs(module, given, mode, execute)
    else:
        done = _first_that_runs(module, readings(module, sizes, dtypes, batch_size, device), mode, execute)
    if wanted is not None and (done.error is None or diagnose(done) is None):
        args, kwargs = done.inputs
        done = run(module, args, kwargs, mode=mode, execute=execute, notes=done.trace.notes, wanted=wanted)
    return _traced(done, diagnose(done), notes, advise=lambda error: _with_other_input(error, module, done, mode))


def trace_again(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, mode: str, wanted: Wanted | None = None
) -> Traced:
    """One run of a module on the arguments of an earlier one, or on such as are made after them."""
    done = run(module, args, kwargs, mode=mode, execute=False, wanted=wanted)
    return _traced(done, diagnose(done))


def _traced(
    done: Run,
    error: CostError | None,
    notes: tuple[str, ...] = (),
    advise: Callable[[CostError], CostError] = lambda error: error,
) -> Traced:
    """What a run gave, and why it stopped; ``advise`` says of a shape that does not fit what else would."""
    trace = replace(done.trace, notes=(*notes, *done.trace.notes))
    args, kwargs = remembered(done.inputs)
    if done.error is None:
        return Traced(trace, None, args, kwargs)
    if isinstance(error, ShapeError):
        error = advise(error)
    if error is not None:
        error.__cause__ = done.error
    said = error or done.error
    message = str(said) if isinstance(said, CostError) else f"{type(said).__name__}: {said}"
    path, kind = ("", "") if done.culprit is None else (done.culprit.path, trace.modules[done.culprit.module].type)
    function = done.blame.function if done.blame is not None and done.blame.error is done.error else ""
    return Traced(replace(trace, failure=Failure(path, kind, message, function)), error or done.error, args, kwargs)


def _first_that_runs(module: nn.Module, candidates: Iterator[Inputs], mode: str, execute: bool) -> Run:
    """The run on the first inputs that the model takes; where it takes none, on the likeliest."""
    likeliest = unfit = None
    for inputs in candidates:
        try:
            args, kwargs, notes = bound(module, inputs)
        except InputError as error:
            unfit = unfit or error
            continue
        done = run(module, args, kwargs, mode=mode, execute=execute, notes=notes)
        if done.error is None:
            return done
        likeliest = likeliest or done
    if likeliest is None:
        raise unfit or InputError("no input given")
    return likeliest


def _device(module: nn.Module) -> str:
    parameter = next(module.parameters(), None)
    return "cpu" if parameter is None else str(parameter.device)


def _assumed(module: nn.Module, dtypes: Any, batch_size: int | None, mode: str, execute: bool, device: str) -> Run:
    """The run on the customary input that fits; the note says which it is, and which others do not fit."""
    failed: list[tuple[tuple[int, ...], Run]] = []
    shapes = list(customary_shapes(module))
    for place, shape in enumerate(shapes):
        inputs = of_shape(module, shape, dtypes, batch_size, "meta")
        tried = run(module, inputs.args, {}, mode=mode, execute=False)
        if _is_too_small_or_large(tried):
            failed.append((shape, tried))
            continue
        alternative = "" if failed else _alternative(module, shapes[place + 1 :], dtypes, mode)
        note = _assumption(inputs, failed, alternative)
        if execute:
            inputs = of_shape(module, shape, dtypes, batch_size, device)
            return run(module, inputs.args, {}, mode=mode, execute=True, notes=(note,))
        return tried._replace(trace=replace(tried.trace, notes=(note,)))
    raise _none_fits(module, failed)


def _is_too_small_or_large(tried: Run) -> bool:
    """Whether another size may do better: not where values are needed, or the dtype is another."""
    error = diagnose(tried)
    return tried.error is not None and (error is None or isinstance(error, ShapeError))


def _alternative(module: nn.Module, shapes: list[tuple[int, ...]], dtypes: Any, mode: str) -> str:
    """Whether the next customary size fits too: then the assumed one is a choice, and the user should know."""
    if not shapes or len(shapes[0]) != 4:
        return ""
    inputs = of_shape(module, shapes[0], dtypes, None, "meta")
    tried = run(module, inputs.args, {}, mode=mode, execute=False)
    size = shape_text(shapes[0][2:])
    if tried.error is None:
        return f"{size} fits too"
    return f"{size} does not fit: {_reason(tried)}" if _is_too_small_or_large(tried) else ""


def _assumption(inputs: Inputs, failed: list[tuple[tuple[int, ...], Run]], alternative: str) -> str:
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
    if not failed:
        return InputError(
            f"no input given, and the first layer of {type(module).__name__} is lazy: it takes what it is given, so "
            f"nothing tells the size; give one: {_how_to_give(module)}"
        )
    most = 4
    shapes = ", ".join(shape_text(shape) for shape, _ in failed[:most])
    shapes += f" and {len(failed) - most} more" if len(failed) > most else ""
    error = InputError(
        f"no input given, and none of the usual ones fits {type(module).__name__} (tried {shapes}; "
        f"the first stops because {_reason(failed[0][1])}); give one: {_how_to_give(module)}"
    )
    error.__cause__ = failed[0][1].error
    return error


def _how_to_give(module: nn.Module) -> str:
    first = first_layer(module)
    if first is None or first.kind != "convolution":
        return "-i 1,784 on the magic's line, or input_size=(1, 784)"
    sizes = ("LENGTH",) if first.spatial == 1 else ("DEPTH", "HEIGHT", "WIDTH")[-first.spatial :]
    shape = ", ".join(("1", str(first.channels), *sizes))
    return f"-i {shape.replace(', ', ',')} on the magic's line, or input_size=({shape})"


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
        inputs = of_shape(module, candidate, None, None, "meta")
        if candidate != shape and run(module, inputs.args, {}, mode=mode, execute=False).error is None:
            return candidate
    return None
