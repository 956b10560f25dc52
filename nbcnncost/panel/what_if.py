"""What a model would cost if something were otherwise: run again on a copy without weights, never on the user's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbcnncost.errors import CostError, InputError
from nbcnncost.panel.following import Followers
from nbcnncost.panel.layers import MOST, Layer, layers_of
from nbcnncost.panel.state import LayerChange, WhatIf
from nbcnncost.records import Trace
from nbcnncost.report import Report
from nbcnncost.rows import Row
from nbcnncost.source import Source
from nbcnncost.units import exact

if TYPE_CHECKING:
    from torch import nn

    from nbcnncost.tracing.axes import Axes

#: So many what-ifs are remembered: who goes back and forth waits once.
_REMEMBERED = 32
#: So many gates are widened before the rest is left to the user.
_MOST_GATES = 32
DTYPES = ("float32", "float16", "bfloat16", "float64")


@dataclass(frozen=True)
class Answer:
    """What a what-if gives: a report, complete or up to where the run stopped, and why it stopped.

    ``path`` is the layer at which it stopped. Where the what-if could not be tried at all there is no report: what was
    shown stays.
    """

    what_if: WhatIf
    report: Report | None
    message: str = ""
    path: str = ""


class Laboratory:
    """Tries what-ifs on a copy of a report's model that has no weights; the model itself is neither changed nor kept.

    ``reason`` says why nothing but the convention can be changed; it is empty where more can. ``inside`` is where in
    a wrapper the model is; ``is_computed`` says that some weights are no leaves, which the framework does not copy.

    >>> import torch, nbcnncost
    >>> net = torch.nn.Conv2d(3, 64, 7, stride=2, padding=3)
    >>> laboratory = Laboratory(nbcnncost.cost(net, (3, 224, 224)))
    >>> answer = laboratory.ask(WhatIf(layers={"": LayerChange(kernel_size=5, padding=2)}))
    >>> answer.report.total.params == 64*3*5*5 + 64
    True
    """

    def __init__(self, report: Report, model: Any = None) -> None:
        self.report, self.source = report, report.source
        self.reason = self.inside = ""
        self.is_computed = False
        self._traces: OrderedDict[Any, Trace] = OrderedDict()
        self._skeleton: nn.Module | None = None
        self._original: Callable[[], Any] = lambda: None
        try:
            self._copy(report.source.model if model is None else model)
        except CostError as error:
            self.reason = str(error)

    @cached_property
    def layers(self) -> Mapping[str, Layer]:
        """The layers whose settings can be changed, by their paths."""
        return layers_of(self.report.trace)

    @cached_property
    def axes(self) -> Axes | None:
        """Which dimensions of the input can be of another size."""
        if self._skeleton is None:
            return None
        from nbcnncost.tracing.axes import axes_of

        source = self.source
        return axes_of(self._skeleton, source.args, source.kwargs, self.report.trace.batch)

    @property
    def dtype(self) -> str | None:
        """The dtype of the model's weights, where it can be another one."""
        held = {param.dtype for param in self.report.trace.params}
        quantized = any(
            name.startswith("torch.ao.nn") for record in self.report.trace.modules for name in record.classes
        )
        floating = held & set(DTYPES)
        return floating.pop() if len(floating) == len(held) == 1 and not quantized else None

    def ask(self, what_if: WhatIf) -> Answer:
        """The report of a what-if."""
        try:
            own = what_if.convention in (None, self.report.convention.name)
            report = self.report if own else self.report.counted_as(str(what_if.convention))
            trace = self._trace(what_if)
        except CostError as error:
            return Answer(what_if, None, str(error), _path_of(error))
        if trace is not self.report.trace:
            is_sized = (what_if.height, what_if.width, what_if.batch) != (None, None, None)
            notes = trace.notes if is_sized else self.report.notes
            report = replace(report, trace=replace(trace, notes=notes), source=Source())
        failure = trace.failure
        if failure is None or failure == self.report.failure:
            return Answer(what_if, report)
        return Answer(what_if, report, _sentence(trace), failure.path)

    def follow(self, what_if: WhatIf) -> Answer:
        """The same with the layers changed that have to fit what they receive then; ``what_if`` tells which.

        Where something stops the run that is no layer to be made fit, as the sum of two widths, the answer says so.
        """
        try:
            settings = self.settings(what_if)
            followers = Followers(self.layers, {path: what_if.layers[path] for path in settings}, self.report.trace)
            for _ in range(_MOST_GATES):
                trace = self._run(replace(what_if, layers=followers.changes), followers)
                if not followers.widen_gate(trace):
                    break
        except CostError as error:
            return Answer(what_if, None, str(error), _path_of(error))
        changes = {path: change for path, change in followers.changes.items() if self.layers[path].settings(change)}
        answer = self.ask(replace(what_if, layers=changes))
        if answer.message and answer.report is not None and answer.report.failure is not None:
            function = answer.report.failure.function
            if function in ("add", "sub", "mul", "div", "cat"):
                return replace(answer, message=f"{answer.message}; nothing here can follow: change the other side, too")
        return answer

    def sizes(self, what_if: WhatIf) -> dict[str, dict[str, tuple[int, ...]]]:
        """The tensors that a what-if gives other sizes, by layer and name."""
        if self._skeleton is None:
            raise CostError(self.reason)
        from nbcnncost.tracing.edits import Edits, shapes_of

        settings = self.settings(what_if)
        before = {path: shapes_of(self._skeleton.get_submodule(path)) for path in settings}
        with Edits(self._skeleton).made(settings, None):
            after = {path: shapes_of(self._skeleton.get_submodule(path)) for path in settings}
        return {
            path: {name: shape for name, shape in shapes.items() if shape != before[path][name]}
            for path, shapes in after.items()
        }

    def reversed_padding(self, what_if: WhatIf, path: str) -> list[int]:
        """How a convolution keeps its padding for padding modes other than zeros."""
        if self._skeleton is None:
            raise CostError(self.reason)
        from nbcnncost.tracing.edits import Edits

        with Edits(self._skeleton).made(self.settings(what_if), None):
            return list(self._skeleton.get_submodule(path)._reversed_padding_repeated_twice)  # type: ignore[arg-type]

    def is_bare(self, path: str) -> bool:
        """Whether a layer has nothing that a new one would lack: a hook, a forward of its own."""
        if self._skeleton is None:
            return False
        from nbcnncost.tracing.edits import is_bare

        return is_bare(self._skeleton.get_submodule(path))

    def _copy(self, model: Any) -> None:
        """Make the copy to try on; raises where there can be none."""
        name = self.report.model_name
        if self.report.executed:
            raise CostError(
                "the model was run for real (execute=True), which takes its weights: see other settings there"
            )
        if model is None:
            raise CostError(f"{name} is gone: keep the model in a variable, and make the report and its panel again")
        if not (self.source.args or self.source.kwargs):
            self.source = _like_report(self.report)
        import weakref

        from nbcnncost.tracing.models import accept
        from nbcnncost.tracing.skeleton import has_computed_tensors, skeleton_of

        inner = accept(model)[0]
        self._skeleton, self._original = skeleton_of(inner), weakref.ref(inner)
        self.inside = next(path for path, module in model.named_modules() if module is inner)
        self.is_computed = has_computed_tensors(inner)

    def _trace(self, what_if: WhatIf) -> Trace:
        """The trace of a what-if, remembered whatever the convention."""
        if replace(what_if, convention=None).changes_nothing:
            return self.report.trace
        if self.reason:
            raise CostError(self.reason)
        key = self._key(what_if)
        if not any(key):
            return self.report.trace
        if key not in self._traces:
            self._check_copy()
            self._traces[key] = self._run(what_if)
            if len(self._traces) > _REMEMBERED:
                self._traces.popitem(last=False)
        self._traces.move_to_end(key)
        return self._traces[key]

    def _key(self, what_if: WhatIf) -> tuple[tuple[Any, ...], ...]:
        """What of a what-if is really otherwise."""
        self.inputs(what_if)
        before = {**(self.axes.values if self.axes else {}), "dtype": self.dtype, "mode": self.source.options["mode"]}
        asked = {name: getattr(what_if, name) for name in ("batch", "height", "width", "dtype", "mode")}
        other = tuple(entry for entry in asked.items() if entry[1] not in (None, before.get(entry[0])))
        layers = (
            (path, tuple(sorted(layer.items()))) for path, layer in sorted(self.settings(what_if).items()) if layer
        )
        return other, tuple(layers)

    def _check_copy(self) -> None:
        """The copy must do what the model did: a forward may reach the model by another way than its own layers."""
        if not self._traces and _told(replace(self.report, trace=self._run(WhatIf()))) != _told(self.report):
            self.reason = (
                f"a copy of {self.report.model_name} does not run as in this report: the model was changed since, "
                "or its forward reaches it from outside; make the report again"
            )
            raise CostError(self.reason)

    def _run(self, what_if: WhatIf, followers: Followers | None = None) -> Trace:
        """Run the copy with what is otherwise, and leave it as it was."""
        if self._skeleton is None:
            raise CostError(self.reason)
        from nbcnncost.tracing.attempt import trace_again
        from nbcnncost.tracing.edits import Edits
        from nbcnncost.tracing.guard import untouched
        from nbcnncost.tracing.step import Wanted

        settings, (args, kwargs) = self.settings(what_if), self.inputs(what_if)
        options = self.source.options
        wanted = Wanted(options["optimizer"], options["input_grad"]) if options["training"] else None
        mode = self._mode(what_if)
        edits, original = Edits(self._skeleton), self._original()
        with ExitStack() as stack:
            if original is not None:  # a hook of the user's may reach the model itself
                stack.enter_context(untouched(original))
            stack.enter_context(edits.made(settings, what_if.dtype))
            if followers is not None:
                stack.enter_context(edits.adapting(followers.paths, followers.adapted))
            return trace_again(self._skeleton, args, kwargs, mode=mode, wanted=wanted).trace

    def settings(self, what_if: WhatIf) -> dict[str, dict[str, Any]]:
        """The changed layers' settings in their own words; raises for what is wrong with one."""
        from nbcnncost.tracing.lazy import is_lazy_layer

        found = {}
        for path, change in what_if.layers.items():
            layer = self.layers.get(path)
            if layer is None:
                raise _about(path, f"{self.report.model_name} has no layer {path!r} whose settings can be changed")
            if self._skeleton is not None and is_lazy_layer(self._skeleton.get_submodule(path)):
                raise _about(path, f"{layer.name} is lazy: it has no sizes yet; run the model once on a real input")
            try:
                found[path] = layer.settings(change)
            except CostError as error:
                raise _about(path, str(error)) from None
        return found

    def inputs(self, what_if: WhatIf) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The inputs in the sizes and the dtype asked for."""
        from nbcnncost.tracing.axes import resized

        source, axes = self.source, self.axes
        wanted = {name: getattr(what_if, name) for name in ("batch", "height", "width")}
        wanted = {name: size for name, size in wanted.items() if size is not None}
        for name, size in wanted.items():
            if axes is None or name not in axes.places:
                raise InputError(f"the input of {self.report.model_name} has no {name} that can be changed")
            if type(size) is not int or not 1 <= size <= MOST:
                raise InputError(f"the {name} is a whole number from 1 to {exact(MOST)}, not {size!r}")
        if what_if.dtype is not None and (self.dtype is None or what_if.dtype not in DTYPES):
            choices = f"it is one of {', '.join(DTYPES)}" if self.dtype else "these weights keep theirs"
            raise InputError(f"the dtype cannot be {what_if.dtype!r}: {choices}")
        if axes is None or not (wanted or what_if.dtype):
            return source.args, dict(source.kwargs)
        return resized(source.args, source.kwargs, axes, wanted, what_if.dtype)

    def _mode(self, what_if: WhatIf) -> str:
        mode: str = what_if.mode or self.source.options["mode"]
        if mode not in self.modes:
            raise InputError(f"the mode is one of {', '.join(self.modes)}, not {mode!r}")
        return mode

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that this report can be of: a training step runs in train mode."""
        return ("train", "same") if self.report.trace.training is not None else ("eval", "train", "same")


class _LayerError(InputError):
    """What is wrong with the change of one layer."""

    path = ""


def _about(path: str, message: str) -> _LayerError:
    error = _LayerError(message)
    error.path = path
    return error


def _path_of(error: CostError) -> str:
    return error.path if isinstance(error, _LayerError) else ""


def _like_report(report: Report) -> Source:
    """How a report's model was run, by what the report tells: it was read from a file, or made by another what-if."""
    from nbcnncost.tracing.axes import empty_like

    training = report.trace.training
    options = {"mode": report.mode, "execute": report.executed, "training": training is not None}
    optimizer = {} if training is None else {"optimizer": training.optimizer, "input_grad": training.input_grad}
    return Source(empty_like(report.inputs), options={**options, **optimizer})


def _told(report: Report) -> list[Row]:
    """What two runs of the same must agree in; whether a constant comes into a function or is made there is one."""
    return [replace(row, inputs=()) for row in report.rows]


def _sentence(trace: Trace) -> str:
    """Why a run stopped, beginning with the layer."""
    failure = trace.failure
    if failure is None or failure.message.startswith("`") or not failure.path:
        return "" if failure is None else failure.message
    said = failure.message.strip().partition("\n")[0]
    return f"`{failure.path}` ({failure.type}) stops: {said}"


__all__ = ["DTYPES", "Answer", "Laboratory", "LayerChange"]
