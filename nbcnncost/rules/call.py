"""What a rule is: from one operation as it ran to its kind and the dimensions that the formula needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

from torch import Tensor

from nbcnncost.expressions import named
from nbcnncost.records import Dims


class Described(NamedTuple):
    """The kind of an operation, its formula's symbols, and the number of spatial dimensions.

    Where the kind is ``None``, ``reason`` says why nothing is known.
    """

    kind: str | None
    dims: Dims = ()
    spatial: int = 0
    reason: str = ""


class Call(NamedTuple):
    """One operation as it ran."""

    args: Sequence[Any]
    kwargs: dict[str, Any]
    outputs: tuple[Tensor, ...]
    function: str

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


Rule = Callable[[Call], Described]


def described(kind: str, dims: dict[str, int], spatial: int = 0) -> Described:
    """A kind with its symbols in a dict."""
    return Described(kind, tuple(dims.items()), spatial)


def each(kind: str) -> Rule:
    """Counted at each element of the output; of all outputs, where there are several."""
    return lambda call: Described(kind, (("n", sum(out.numel() for out in call.outputs)),))


def each_output(kind: str) -> Rule:
    """Counted at each element of the first output; what else there is (statistics, indices) comes with it."""
    return lambda call: Described(kind, (("n", call.output.numel()),))


def each_input(kind: str) -> Rule:
    """Counted at each element of the (first) input."""
    return lambda call: Described(kind, (("n_in", call.args[0].numel()),))


def zero(kind: str) -> Rule:
    """Counted as nothing, by rule."""
    return lambda call: Described(kind)


def unknown(reason: str) -> Rule:
    """Not counted, for a reason that the user is told."""
    return lambda call: Described(None, reason=reason)


def by_name(names: str, rule: Rule) -> dict[str, Rule]:
    """One rule for all operations of these names."""
    return dict.fromkeys(names.split(), rule)


def by_rank(prefix: str, rule: Callable[[int], Rule]) -> dict[str, Rule]:
    """A rule for each number of spatial dimensions that ends the name."""
    return {f"{prefix}{rank}d": rule(rank) for rank in (1, 2, 3)}


def sizes(value: Any, spatial: int) -> tuple[int, ...]:
    """A setting along each axis; a single number holds for all."""
    values = (value,) * spatial if isinstance(value, int) else tuple(value)
    return values if len(values) == spatial else values * spatial


def window_settings(spatial: int, stride: Any, padding: Any, dilation: Any) -> dict[str, int]:
    """What the output size follows from, besides input and kernel size."""
    settings = (("S", stride), ("P", padding), ("D", dilation))
    return {name: size for word, value in settings for name, size in named(word, sizes(value, spatial)).items()}


def matrices(x: Tensor) -> int:
    """How many matrices a batch holds."""
    return prod(x.shape[:-2])


def halvings(size: int) -> int:
    """How often something of this size is halved until one is left: the logarithm to base 2, rounded up."""
    return max(size - 1, 0).bit_length()


def is_of_whole_numbers(tensor: Tensor) -> bool:
    """Whether a tensor holds whole numbers or booleans."""
    return not (tensor.is_floating_point() or tensor.is_complex())


def tensors_of(args: Sequence[Any], kwargs: dict[str, Any]) -> Iterable[Tensor]:
    """The tensors among an operation's arguments, one level of lists deep, as operations have them."""
    for value in (*args, *kwargs.values()) if kwargs else args:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (entry for entry in value if isinstance(entry, Tensor))
