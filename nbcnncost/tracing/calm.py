"""Ctrl-C waits for the few moments in which things are set up or put back."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Calm:
    """A ``with`` block that Ctrl-C does not interrupt: it takes effect right after the block.

    Only the main thread hears signals, so elsewhere there is nothing to do.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._pending = False

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if self._before is not None:  # None: the handler is not Python's, and raises nothing in Python
                signal.signal(signal.SIGINT, self._note)

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            if self._pending:
                signal.raise_signal(signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._pending = True
