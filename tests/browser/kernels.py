"""Python's side of a panel that is shown in Jupyter: questions to the kernel that runs it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from jupyter_client.blocking import BlockingKernelClient

TIMEOUT = 60


class Kernel:
    """A second client of a running kernel, beside the front end."""

    def __init__(self, runtime: Path):
        newest = max(runtime.glob("kernel-*.json"), key=lambda file: file.stat().st_mtime)
        self.id = newest.stem.removeprefix("kernel-")
        self.client = BlockingKernelClient()
        self.client.load_connection_info(json.loads(newest.read_text(encoding="utf-8")))
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def run(self, code: str) -> None:
        """Run code that leaves no trace in the notebook."""
        reply = self.client.execute_interactive(code, store_history=False, timeout=TIMEOUT, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply["content"]

    def value(self, expression: str) -> object:
        """What a plain expression is worth there."""
        reply = self.client.execute_interactive(
            "", store_history=False, timeout=TIMEOUT, user_expressions={"it": f"repr({expression})"}
        )
        found = reply["content"]["user_expressions"]["it"]
        assert found["status"] == "ok", found
        return ast.literal_eval(ast.literal_eval(found["data"]["text/plain"]))

    def close(self) -> None:
        """Leave the kernel to its front end."""
        self.client.stop_channels()
