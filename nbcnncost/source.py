"""Where a report comes from: what it takes to run its model once more, with something changed."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False, repr=False)
class Source:
    """The model of a run, as long as somebody else keeps it alive, and how it was run.

    ``args`` and ``kwargs`` are what it was called with, tensors without their values; ``options`` are the other
    arguments of :func:`~nbcnncost.api.attempt`: mode, execute, training, optimizer, input_grad. A copy is the same
    source; one that is read from a file has forgotten everything.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    reference: Callable[[], Any] = lambda: None

    @property
    def model(self) -> Any:
        """The model, or ``None`` where it is gone."""
        return self.reference()

    def __copy__(self) -> Source:
        return self

    def __deepcopy__(self, memo: Mapping[int, Any]) -> Source:
        return self

    def __reduce__(self) -> tuple[type[Source], tuple[()]]:
        return Source, ()


def source_of(model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], options: Mapping[str, Any]) -> Source:
    """The source of a run of this model."""
    return Source(args, kwargs, options, weakref.ref(model))
