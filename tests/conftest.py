"""One thread for each process: the nets are small, and workers that share cores wait for each other's threads."""

from __future__ import annotations

import os

# Read when torch is first imported: here, and in the kernels that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
