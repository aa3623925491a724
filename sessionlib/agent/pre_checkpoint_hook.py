"""`checkpoint.prepare`: the command by which a workload makes its data whole before it is copied.

Where it fails no copy is made. The workload goes on meanwhile. Once the workload is stopped, the
command may wait for it in vain, and is cancelled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sessionlib.agent.workfiles import WorkFiles
from sessionlib.bundles.setup import SetupJob, SetupRunner
from sessionlib.core.work import Mode, WorkloadSpec

TIMEOUT_S = 5 * 60.0
"""A command that takes longer hangs; the interval until the next try is as long."""

PrepareHook = Callable[[int, Callable[[], bool]], None]
"""Takes the epoch, and a function that says whether the copy is cancelled by now."""


def make_prepare_hook(
    argv: tuple[str, ...], home: Path, files: WorkFiles, spec: Callable[[], WorkloadSpec]
) -> PrepareHook:
    """A call that runs `argv` beside the workload of an epoch. It raises ProgramError; when it
    is cancelled, PreparationCancelled."""
    runner = SetupRunner(home, TIMEOUT_S, name="prepare")

    def prepare(epoch: int, is_cancelled: Callable[[], bool]) -> None:
        now = spec()
        env = files.environment(now, os.environ, Mode.ACTIVE, epoch)
        runner.run(SetupJob(argv, home / now.cwd, env, f"prepare at epoch {epoch}"), is_cancelled)

    return prepare
