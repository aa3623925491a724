"""A fleet that lives for as long as somebody watches it.

Sessions have different lengths, so that one after another comes to its end. A fresh one starts a
little later, as the account's person would start it. The agents' own plans make the moves, and
whoever sits at the keys.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from console.demo.demo_fleet import ACCOUNTS, FIRST_CLAIM_S, DemoFleet
from sessionlib.errors import ColabvpsError

SCALE = 180.0
"""Twelve hours in four minutes."""

FRESH_AFTER_S = 12.0
"""How long an account is without a session: long enough to see a takeover, or to declare an
emergency."""

LIFETIMES = {"ada": "12h", "bob": "18h", "cleo": "24h"}
CHANGES: Mapping[str, Any] = {
    "accounts": {
        name: {**account, "session": {"lifetime": LIFETIMES[name]}}
        for name, account in ACCOUNTS.items()
    },
    "policy": {"handover": "approve", "on_no_answer": "proceed"},
    "checkpoint": {"every": "30m"},
}
_LOOK_S = 0.5


class SessionRestarter:
    """Keeps the sessions of a stage coming, in a thread of its own."""

    def __init__(self, stage: DemoFleet) -> None:
        self._stage = stage
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="life", daemon=True)

    def begin(self) -> None:
        """Start the first account's session, and see to all from then on."""
        self._stage.start(next(iter(ACCOUNTS)))
        self._thread.start()

    def end(self) -> None:
        """Start nothing any more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        # The first to serve is the one whose session ends first.
        self._stage.wait_until_held(FIRST_CLAIM_S, self._ended.is_set)
        clock = self._stage.fleet.clock
        gone_mono = dict.fromkeys(ACCOUNTS, float("-inf"))
        while not self._ended.wait(_LOOK_S):
            now_mono = clock.now().mono
            for account in ACCOUNTS:
                if self._stage.is_running(account):
                    gone_mono.pop(account, None)
                elif now_mono - gone_mono.setdefault(account, now_mono) >= FRESH_AFTER_S:
                    self._start(account)

    def _start(self, account: str) -> None:
        try:
            self._stage.start(account)
        except ColabvpsError:
            # Something of the last one is still there: it is tried again with the next look.
            return
