"""What the functions are called that a listener hears: in people's words, in full, and as the code wrote them."""

from __future__ import annotations

import dis
import types
from functools import lru_cache
from typing import Any

#: What Python's operators are called, in the words people use.
_OPERATOR_NAMES = types.MappingProxyType(
    {
        **{name: word for word in ("add", "sub", "mul", "matmul", "pow") for name in (word, f"i{word}", f"r{word}")},
        **dict.fromkeys(("truediv", "itruediv", "rtruediv", "rdiv", "idiv"), "div"),
        "getitem": "index",
        "setitem": "assign",
    }
)


@lru_cache(maxsize=4096)
def label_of(func: Any) -> str:
    """The name people know; of an exported program's operation (``conv2d.default``) without the overload."""
    name = str(getattr(func, "__name__", "")).partition(".")[0].strip("_")
    return _OPERATOR_NAMES.get(name, name)


#: Methods that an operator calls as well: the framework hears no difference, the code that called shows it.
WITH_OPERATOR = frozenset({"add", "sub", "mul", "div", "matmul", "pow"})


def is_operator(func: Any, frame: types.FrameType) -> bool:
    """Whether the code that is running in a frame has just used an operator, as in ``x + y`` or ``sum([x, y])``."""
    if dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith(("BINARY", "INPLACE")):
        return True
    return isinstance(func, types.MethodDescriptorType) and func.__name__ not in frame.f_code.co_names


@lru_cache(maxsize=4096)
def home_of(func: Any) -> str:
    """Where a function is at home, and its name: ``"functional.relu"``, ``"torch.add"``, ``"Tensor.add"``."""
    module, name = getattr(func, "__module__", None) or "", getattr(func, "__name__", "")
    if module in ("torch.nn.functional", "torch._C._nn"):
        return f"functional.{name}"
    if isinstance(func, (types.MethodDescriptorType, types.WrapperDescriptorType)) or module == "torch._tensor":
        return f"Tensor.{name}"
    return f"torch.{name}" if module in ("", "torch", "torch.functional") else f"{module}.{name}"
