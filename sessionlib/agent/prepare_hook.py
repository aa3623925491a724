"""Asking the workload to make its data whole before it is copied: `checkpoint.prepare`.

Decided here: where and as whom the command runs, how long it may take, and that a
copy isn't made where it fails. Not decided here: what the command does; the
workload goes on meanwhile. Once it is stopped, the command may wait for it in vain,
and is called off.
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
"""Given the epoch, and what says whether the copy was called off meanwhile."""


def make_prepare_hook(
    argv: tuple[str, ...], home: Path, files: WorkFiles, spec: Callable[[], WorkloadSpec]
) -> PrepareHook:
    """A call that runs `argv` beside the workload of an epoch. It raises KitError; Cancelled,
    which is one, where it was called off."""
    runner = SetupRunner(home, TIMEOUT_S, name="prepare")

    def prepare(epoch: int, called_off: Callable[[], bool]) -> None:
        now = spec()
        env = files.environment(now, os.environ, Mode.ACTIVE, epoch)
        runner.run(SetupJob(argv, home / now.cwd, env, f"prepare at epoch {epoch}"), called_off)

    return prepare
