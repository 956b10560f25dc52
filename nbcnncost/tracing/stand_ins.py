"""Tensors in the place of the model's own for a training run, in which each operation becomes part of a graph."""

from __future__ import annotations

from torch import Tensor, nn

from nbcnncost.tracing.twins import without_values


class StandIns:
    """For each tensor of the model another, so that neither a gradient nor a graph ever reaches the user's.

    Everything shares its values with the model's tensor, and keeps its own history. But unless the run is for real
    (``values``), what needs a gradient has none: a gradient without values belongs to a tensor without.
    """

    def __init__(self, *, values: bool) -> None:
        self._values = values
        self._known: dict[int, tuple[Tensor, Tensor]] = {}

    def of(self, tensor: Tensor) -> Tensor:
        """What stands in for a tensor; whole numbers have no gradient and stay."""
        if not (tensor.is_floating_point() or tensor.is_complex()):
            return tensor
        known = self._known.get(id(tensor))
        if known is None:
            known = self._known[id(tensor)] = (tensor, self._made(tensor))
        return known[1]

    def of_leaf(self, tensor: Tensor) -> Tensor:
        """The same for what no module holds: a trainable tensor in a closure, or made in the forward."""
        if self._values or not tensor.requires_grad or not tensor.is_leaf or tensor.device.type == "meta":
            return tensor
        return self.of(tensor)

    def indices(self, params: dict[int, int]) -> dict[int, int]:
        """The parameters' indices by the identity of what stands in for them."""
        return {id(self._known[key][1]): index for key, index in params.items() if key in self._known}

    def with_gradient(self) -> list[int]:
        """The identities of those that got a gradient."""
        return [id(other) for _, other in self._known.values() if other.is_leaf and other.grad is not None]

    def _made(self, tensor: Tensor) -> Tensor:
        trains = tensor.requires_grad and tensor.is_leaf
        other = tensor.data if self._values or not trains else without_values(tensor)
        return nn.Parameter(other, trains) if isinstance(tensor, nn.Parameter) else other.requires_grad_(trains)
