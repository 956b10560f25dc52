"""How tools hear that put functions of their own in the place of PyTorch's: calflops, DeepSpeed.

Such a tool hears what Python calls as ``torch.nn.functional.relu``, ``torch.add`` or ``x.add(y)``. It does not hear
``x + y``, nor a function that was stored before the tool came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from nbcnncost.conventions.peer import Part
from nbcnncost.records import FunctionCall, ModuleCall, ModuleRecord, Trace

#: What a tool adds up at one call of a function.
FunctionRule = Callable[[FunctionCall, Trace], Iterable[Part]]

_ATTENTION = "torch.nn.modules.activation.MultiheadAttention"
_IDLE = frozenset({"movement", "integer", "random"})
_NO_VALUES: Mapping[str, int] = MappingProxyType({})


def hear(trace: Trace, rules: Mapping[str, FunctionRule]) -> Iterator[Part]:
    """What the rules say of each function that was called; an operator (``x + y``) is called ``"operator.add"``."""
    stored: dict[int, frozenset[str]] = {}
    fast = _on_the_fast_path(trace)
    for function in trace.functions:
        name = f"operator.{function.name.rpartition('.')[2]}" if function.operator else function.name
        rule = rules.get(name)
        if rule is None:
            continue
        module = trace.calls[function.call].module if function.call >= 0 else 0
        if module not in stored:
            stored[module] = _stored_functions(trace.modules[module])
        if name.rpartition(".")[2] in stored[module]:
            yield Part(anchor(function, trace), "0", _NO_VALUES, "stored")
        elif function.call in fast:
            yield Part(anchor(function, trace), "0", _NO_VALUES, "fast_path")
        else:
            yield from rule(function, trace)


def hear_each_parent(trace: Trace, rules: Mapping[str, FunctionRule]) -> Iterator[Part]:
    """The same for a tool that adds up from parent to child: what several parents share counts several times."""
    times = _times_added(trace)
    for part in hear(trace, rules):
        yield part
        if times:
            again = part._replace(fault="shared", without=(("shared", "0"),))
            yield from (again for _ in range(times[_heard_in(trace, part.op, times)] - 1))


def unheard(fault: str) -> FunctionRule:
    """A function that the tool does not hear, though it counts the same under another name."""

    def rule(function: FunctionCall, trace: Trace) -> Iterable[Part]:
        index = anchor(function, trace)
        return () if trace.ops[index].kind == "integer" else (Part(index, "0", _NO_VALUES, fault),)

    return rule


def anchor(function: FunctionCall, trace: Trace) -> int:
    """The operation that a function's number belongs to: the first that computes."""
    if function.stop == function.start + 1:
        return function.start
    indices = range(function.start, function.stop)
    return next((index for index in indices if trace.ops[index].kind not in _IDLE), function.start)


def _stored_functions(module: ModuleRecord) -> frozenset[str]:
    """PyTorch's functions that are attributes of a module (``self.act = F.relu``): they are as they were before."""
    words = (value for _, value in module.facts if isinstance(value, str) and value.startswith("torch."))
    return frozenset(word.rpartition(".")[2] for word in words)


def _on_the_fast_path(trace: Trace) -> frozenset[int]:
    """Calls of attention that PyTorch makes in one piece, as nothing until then is trained: no function is called."""
    trained = {index for index, param in enumerate(trace.params) if param.trainable}
    if len(trained) == len(trace.params):
        return frozenset()
    first = next((index for index, op in enumerate(trace.ops) if not trained.isdisjoint(op.params)), len(trace.ops))
    return frozenset(
        call.index for call in trace.calls if call.start <= first and _is_fast(call, trace.modules[call.module], trace)
    )


def _is_fast(call: ModuleCall, module: ModuleRecord, trace: Trace) -> bool:
    """Whether it is self-attention as the fast path takes it: in a batch, with an even number of heads."""
    if _ATTENTION not in module.classes or len(call.inputs) != 3:
        return False
    own = [module, *(trace.modules[index] for _, index in module.children)]
    params = {name: trace.params[index] for record in own for name, index in record.params}
    return (
        len({spec.shape for spec in call.inputs}) == 1
        and len(call.inputs[0].shape) == 3
        and "in_proj_weight" in params
        and "bias_k" not in params
        and not any(param.trainable for param in params.values())
        and bool(module.fact("batch_first"))
        and not module.fact("add_zero_attn")
        and int(str(module.fact("num_heads", 1))) % 2 == 0
    )


def _times_added(trace: Trace) -> Counter[int]:
    """How often each module is met on the way down from the root; empty where no module is shared."""
    times: Counter[int] = Counter()
    if all(len(module.paths) == 1 for module in trace.modules):
        return times
    ahead = [0]
    while ahead:
        module = ahead.pop()
        times[module] += 1
        ahead += {index for _, index in trace.modules[module].children}
    return times


def _heard_in(trace: Trace, op: int, times: Mapping[int, int]) -> int:
    """The module that an operation is added up in: not one that a forward makes, but the one around it."""
    call = trace.ops[op].call
    while call >= 0 and trace.calls[call].module not in times:
        call = trace.calls[call].parent
    return trace.calls[call].module if call >= 0 else 0
