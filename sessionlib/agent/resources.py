"""What the session uses of its machine. A figure that can't be had is None; asking never waits.

Nothing in this project moves because of them.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from sessionlib.clock import sleep
from sessionlib.core.messages import Resources

GPU_EVERY_S = 15.0
_GPU_TIMEOUT_S = 5.0
_GPU_QUERY = ("--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")


class ResourceMeter:
    """CPU since the last reading, memory and disk now, GPU as of some seconds ago.

    The GPU's tool can take seconds to answer, so a thread asks it; there is
    none where the tool isn't installed.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._gpu_pct: float | None = None
        _try(lambda: psutil.cpu_percent(None))
        tool = shutil.which("nvidia-smi")
        if tool is not None:
            threading.Thread(target=self._watch_gpu, args=(tool,), daemon=True).start()

    def read(self) -> Resources:
        return Resources(
            cpu_pct=_try(lambda: psutil.cpu_percent(None)),
            memory_pct=_try(lambda: psutil.virtual_memory().percent),
            disk_pct=_try(lambda: psutil.disk_usage(str(self._home)).percent),
            gpu_pct=self._gpu_pct,
        )

    def _watch_gpu(self, tool: str) -> None:
        while True:
            self._gpu_pct = gpu_pct(tool)
            sleep(GPU_EVERY_S)


def gpu_pct(tool: str) -> float | None:
    """The busiest GPU's load, or None."""
    with suppress(OSError, subprocess.SubprocessError, ValueError):
        answer = subprocess.run(
            [tool, *_GPU_QUERY], capture_output=True, timeout=_GPU_TIMEOUT_S, check=True
        )
        return max(float(line) for line in answer.stdout.splitlines()[:64])
    return None


def _try(read: Callable[[], float]) -> float | None:
    # What psutil raises differs between systems and containers, and no report is worth a crash.
    with suppress(Exception):
        return read()
    return None
