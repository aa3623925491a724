"""Whether sessions may take over by themselves, as the screens show it.

Doctor's result must be signed with the key in force, as agents require. An unreadable result
leaves the last one. `sessionlib.signed.doctor_result` decides what a result allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.errors import ColabvpsError
from sessionlib.ports import Store
from sessionlib.signed import doctor_result
from sessionlib.stores import checked_folder_of

EVERY_S = 60.0
"""On Drive each reading costs 10 units: one for the result, one for a change of the key."""


@dataclass
class TakeoverGate:
    """The last known answer for one fleet."""

    _why: str | None = "what doctor has found can't be read"
    _read_mono: float = float("-inf")

    def store_unproven(self, store: Store, config: Config, clock: Clock) -> str | None:
        """The reason why every takeover waits for an operator; None if takeovers are allowed."""
        place = checked_folder_of(config)
        if place is None:
            return None
        now_mono = clock.now().mono
        if now_mono - self._read_mono >= EVERY_S:
            # Only then: signatures load what a folder fleet doesn't need.
            from console.signing.in_force import key_in_force  # noqa: PLC0415 - loaded only here

            try:
                key = key_in_force(config, store)
                _, self._why = doctor_result.read_store_check(store, place, key)
                self._read_mono = now_mono
            except ColabvpsError:
                pass
        return self._why
