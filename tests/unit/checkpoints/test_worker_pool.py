"""Goal: a machine that starts no more threads delays a copy, and loses nothing by each try."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlib.checkpoints import CheckpointError
from sessionlib.checkpoints.worker_pool import THREADS
from sessionlib.clock import SystemClock
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side, fill
from tests.unit.thread_limit import no_more_threads


@pytest.mark.parametrize("after", range(THREADS))
def test_without_threads_a_copy_fails_with_what_to_do_and_leaves_none_waiting(
    tmp_path: Path, after: int
) -> None:
    here = Side(MemoryStore(SystemClock()), tmp_path)
    fill(here.data, a="1")
    with (
        no_more_threads("checkpoint", after) as started,
        pytest.raises(CheckpointError, match="ulimit -u"),
    ):
        here.copy(1, None)
    assert len(started) == after
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()
    assert here.made(1, None).pointer.epoch == 1
