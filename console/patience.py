"""Calls that may never come back, such as those to a shared folder whose server is gone.

Decided here: that the operator gets an answer in time, at the price of a thread
that is left behind. Not decided here: how long is long enough.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from sessionlib.errors import StoreError, Unreachable

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T], verdict: type[StoreError] = Unreachable) -> T:
    """The call's result or exception; `verdict` where neither came in time."""
    answers: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(1)

    def run() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            answers.put((None, error))

    # A daemon: a thread that hangs in the kernel must not keep the program from ending.
    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise verdict(f"no answer within {timeout_s:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # T may itself be None
