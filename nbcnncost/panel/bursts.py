"""Requests that come in bursts, as while a slider is dragged: what was asked last is answered, once, and soon."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: So long the first of several requests waits for the others to be read, in seconds; nobody sees it.
_PAUSE = 0.01
#: So long a kernel's other threads get to send what was answered, in seconds.
_TURN = 0.001


class Latest:
    """Calls a function soon, once for all requests that come until then; at once where no event loop runs."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self._answer = answer
        self._waiting: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Ask for an answer to what holds when it is given."""
        if self._waiting is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._answer()
        else:
            self._waiting = loop.call_later(_PAUSE, self.now)

    def now(self) -> None:
        """Answer what still waits, if anything does."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
            self._answer()


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector wait until an answer is sent: with a framework loaded it may take longer than that."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        time.sleep(_TURN)
    finally:
        if was_enabled:
            gc.enable()
