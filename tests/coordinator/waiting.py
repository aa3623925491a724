"""Waiting for what comes about in other processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sessionlib.clock import SystemClock, sleep

WITHIN_S = 60.0


def eventually(look: Callable[[], Any], what: str) -> Any:
    began = SystemClock().now()
    while not (found := look()):
        assert SystemClock().now().since(began) < WITHIN_S, f"never came true: {what}"
        sleep(0.05)
    return found
