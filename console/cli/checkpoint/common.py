"""What the checkpoint commands share: the checkpoint that is meant, and progress messages.

A checkpoint may be named by its beginning, such as `7-3`. Without a name the lease's is meant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from console.bounded_calls import within
from console.errors import Refused, WrongUse
from console.fleet.fleet import Fleet
from console.fleet.snapshot import try_read_from_store
from console.text.output import Output
from console.text.units import size_text
from sessionlib.checkpoints import catalog
from sessionlib.core.values import Lease
from sessionlib.layout import LEASE

STEP = 0.1


def current_of(fleet: Fleet) -> str | None:
    """The checkpoint that the lease points at; None without one. Raises Unreachable."""
    seen = within(
        fleet.config.timings.timeout_s, lambda: try_read_from_store(fleet.store, Lease, LEASE)
    )
    if seen.value is None or seen.value.checkpoint is None:
        return None
    return seen.value.checkpoint.name


def resolve_name(fleet: Fleet, name: str | None) -> str:
    """The full name of the checkpoint that is meant. Raises WrongUse, Refused, Unreachable."""
    if name is None:
        current = current_of(fleet)
        if current is None:
            raise Refused("the lease points at no checkpoint: name one of `checkpoint list`")
        return current
    known = within(fleet.config.timings.timeout_s, lambda: catalog.list_names(fleet.store))
    found = [one for one in known if one == name or one.startswith(f"{name}-")]
    if not found:
        raise WrongUse(f"there is no checkpoint {name!r:.80}: `checkpoint list` shows them")
    if len(found) > 1:
        raise WrongUse(f"{name!r:.80} may be each of {', '.join(found)}: name one in full")
    return found[0]


def progress_messages(out: Output, doing: str) -> Callable[[int, int], None]:
    """Make a callback that tells the progress at each tenth; safe to call from several threads."""
    lock = threading.Lock()
    told = [0.0]

    def tell(done: int, of: int) -> None:
        share = done / of if of else 1.0
        with lock:
            if share < told[0] + STEP:
                return
            told[0] = share - share % STEP
            out.message(f"{doing} {size_text(done)} of {size_text(of)}")

    return tell
