"""Machines that start no more threads, for tests of what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_more_threads(name: str, after: int = 0) -> Iterator[list[threading.Thread]]:
    """Of the threads called `name` so many start, which are listed, and then no further one."""
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def scarce(thread: threading.Thread) -> None:
        if thread.name == name:
            if len(started) == after:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", scarce)
        yield started
