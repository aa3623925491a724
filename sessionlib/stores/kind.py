"""What a session has to know of one kind of store: the type of the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlib.clock import Clock
from sessionlib.core.timing import Timing
from sessionlib.ports import Store

if TYPE_CHECKING:
    # Reading a configuration takes more than a record does.
    from sessionlib.config import Config
    from sessionlib.signed.doctor_result import CheckedFolder

REPORT_S = 15.0


def _nothing(_config: Config) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreKind:
    """One kind of store. A record is all that has to be written beside the adapter itself.

    `open` gives the store as an account sees it (None: as whoever is signed in here), not
    touched yet; it raises ConfigError. It imports the adapter, so that nobody loads what
    another kind needs.
    """

    name: str
    """The word for it in `store.kind`."""
    title: str
    """What it is, for people: "a folder"."""
    open: Callable[[Config, Clock, str | None], Store]
    report_s: float = REPORT_S
    """How often a session reports; rarer where a store allows few writes."""
    mailbox_s: tuple[float, ...] = ()
    """How often a holder, and a standby, reads its mailbox; empty for the usual durations."""
    checked_folder: Callable[[Config], CheckedFolder | None] = _nothing
    """What `doctor` has to have passed on before takeovers go by themselves; None: nothing."""
    local_folder: Callable[[Config], Path | None] = _nothing
    """Its folder on this machine; None where it isn't on this machine."""
    address: Callable[[Config], str | None] = _nothing
    """Where it is, in one word for people; None where the configuration doesn't say yet."""

    def timing(self, config: Config) -> Timing:
        """The lease's durations for a fleet on this kind of store, scaled."""
        return config.timings.timing(self.report_s, *self.mailbox_s)
