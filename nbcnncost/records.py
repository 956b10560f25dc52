"""The facts of one run: what ran, with which shapes, inside which module. No cost is known here.

Everything is frozen and plain, so a trace can be kept, compared and re-counted in any convention
long after the model is gone, and without torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

#: Bytes of one element, by the dtype's name without its ``torch.`` prefix.
ITEM_SIZES: dict[str, int] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "complex128": 16,
    "complex64": 8,
    "complex32": 4,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint64": 8,
    "uint32": 4,
    "uint16": 2,
    "uint8": 1,
    "bool": 1,
}

Dims = tuple[tuple[str, int], ...]
#: A setting as it can be kept: a number, a word, or a sequence of these.
Plain = int | float | str | bool | None | tuple["Plain", ...]

#: What a training step consists of beside its forward: what gradient checkpointing computes a second time, the
#: gradients of what flows through the layers and of the weights, and the optimizer's work.
PHASES = ("recomputed", "backward_inputs", "backward_weights", "optimizer")


@dataclass(frozen=True)
class TensorSpec:
    """The shape and dtype of a tensor, without its values.

    ``contiguous`` says whether its elements lie in memory in their order; specs that differ only there are equal.

    >>> TensorSpec((1, 3, 224, 224), "float32").numel
    150528
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    contiguous: bool = field(default=True, compare=False, repr=False)

    @property
    def numel(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The size in bytes; 8-bit float formats and other one-byte types count one byte an element."""
        return self.numel * ITEM_SIZES.get(self.dtype, 1)


@dataclass(frozen=True)
class OpRecord:
    """One tensor operation as it ran.

    ``kind`` names the formula that may count it (``"convolution"``, ``"relu"``), or is ``None`` where no
    formula knows the operation; ``reason`` then says why. ``dims`` are that formula's symbols with their values
    (``("H_out", 56)``); ``spatial`` is the number of spatial dimensions that the formula's ``OUT``, ``IN``, ``K`` and
    ``X`` expand to.
    ``function`` is the Python name the user wrote (``"adaptive_avg_pool2d"``) and ``group`` numbers that
    function's call, so that the pieces of one call can be put together again.

    ``phase`` is ``"forward"``, or in a training step one of :data:`PHASES`; ``origin`` is then the place in the
    trace of the forward operation that it belongs to (-1 for an optimizer's step, which has a parameter instead).
    """

    op: str
    kind: str | None
    dims: Dims
    spatial: int
    function: str
    group: int
    call: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    params: tuple[int, ...] = ()
    phase: str = "forward"
    origin: int = -1
    reason: str = ""


@dataclass(frozen=True)
class Gradient:
    """A gradient that a backward pass computed: of which argument of an operation, with how many elements.

    ``role`` is the argument's part in the operation (``"input"``, ``"weight"``, ``"bias"``, ``"query"``);
    ``of_parameter`` is true where the argument is a parameter itself.
    """

    role: str
    elements: int
    of_parameter: bool = False


@dataclass(frozen=True)
class Training:
    """What a training step does besides its forward.

    ``ops`` are its operations with their phases; ``optimizer`` is the optimizer's name, ``None`` for none;
    ``input_grad`` says whether the model's inputs needed a gradient.
    """

    ops: tuple[OpRecord, ...]
    optimizer: str | None
    input_grad: bool


@dataclass(frozen=True)
class FunctionCall:
    """One Python function or tensor method that was called, as the code wrote it.

    ``name`` says where it is at home (``"functional.relu"``, ``"torch.add"``, ``"Tensor.add"``); ``operator`` is true
    where the code wrote an operator (``x + y``) instead. In ``args`` and ``kwargs`` each tensor is its
    :class:`TensorSpec`. Its operations are those from ``start`` up to ``stop``.
    """

    name: str
    call: int
    start: int
    stop: int
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...] = ()
    operator: bool = False

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or by name."""
        return self.args[position] if len(self.args) > position else dict(self.kwargs).get(name, default)


@dataclass(frozen=True)
class ModuleCall:
    """One call of one module: where it stands in the tree, and what went in and came out.

    ``parent`` is the index of the calling module's call (-1 for the root); ``module`` is the index of the
    module itself, which several calls may share. ``number`` counts this module's calls from 1; ``start`` is how
    many operations had run before it, which puts calls and operations into one order.
    """

    index: int
    parent: int
    module: int
    path: str
    number: int
    start: int = 0
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class ParamRecord:
    """One parameter tensor, listed once however many names it has."""

    name: str
    module: int
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    aliases: tuple[str, ...] = ()

    @property
    def numel(self) -> int:
        """The number of elements."""
        return prod(self.shape)


@dataclass(frozen=True)
class ModuleRecord:
    """One module of the model, called or not.

    ``paths`` are all the names it can be reached by; ``settings`` say how it is set up ("3×3, s2, p1");
    ``from_library`` is true for a class that a library defines, false for one the user wrote. ``classes`` are its
    class and that one's bases, in full (``"torch.nn.modules.conv.Conv2d"``); ``children`` and ``params`` are its own,
    each a name with an index into the trace; ``facts`` its plain attributes (``("kernel_size", (3, 3))``), functions
    by their names (``("activation", "torch.nn.functional.relu")``).
    """

    index: int
    paths: tuple[str, ...]
    type: str
    settings: str
    from_library: bool
    classes: tuple[str, ...] = ()
    children: tuple[tuple[str, int], ...] = ()
    params: tuple[tuple[str, int], ...] = ()
    facts: tuple[tuple[str, Plain], ...] = ()

    def fact(self, name: str, default: Plain = None) -> Plain:
        """One of its plain attributes."""
        return dict(self.facts).get(name, default)


@dataclass(frozen=True)
class Failure:
    """Where a run stopped and why; ``message`` is a sentence for the user.

    ``function`` is what failed in a container's own forward (``"add"``); empty where a layer failed.
    """

    path: str
    type: str
    message: str
    function: str = ""


@dataclass(frozen=True)
class Trace:
    """Everything that one run of a model showed: the facts that every convention counts from.

    ``batch`` is the number of samples in the inputs, ``None`` where that can't be told.
    """

    model_name: str
    mode: str
    executed: bool
    inputs: tuple[TensorSpec, ...]
    modules: tuple[ModuleRecord, ...]
    params: tuple[ParamRecord, ...]
    calls: tuple[ModuleCall, ...]
    ops: tuple[OpRecord, ...]
    functions: tuple[FunctionCall, ...] = ()
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
    batch: int | None = None
    training: Training | None = None
