"""Whether sessions may take over by themselves, as the operator's screens show it.

doctor's finding has to be signed with the key in force, as agents want it. One that can't be read
just now leaves what was known.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.errors import ColabvpsError
from sessionlib.ports import Store
from sessionlib.signed import store_check
from sessionlib.stores import checked_folder_of

EVERY_S = 60.0
"""On Drive each reading costs 10 units: the finding's, and that of whether the key was changed."""


@dataclass
class TakeoverGate:
    """One fleet's, as one console knows it."""

    _why: str | None = "what doctor has found can't be read"
    _read_mono: float = float("-inf")

    def store_unproven(self, store: Store, config: Config, clock: Clock) -> str | None:
        """Why every takeover waits for an operator; None where it needn't."""
        place = checked_folder_of(config)
        if place is None:
            return None
        now_mono = clock.now().mono
        if now_mono - self._read_mono >= EVERY_S:
            # Only then: signatures load what a folder fleet doesn't need.
            from console.signing.in_force import key_in_force  # noqa: PLC0415 - loaded only here

            try:
                key = key_in_force(config, store)
                _, self._why = store_check.read_store_check(store, place, key)
                self._read_mono = now_mono
            except ColabvpsError:
                pass
        return self._why
