"""What the checkpoint commands share: which checkpoint is meant, and how far the work is.

Its beginning names one, such as `7-3`. Without a name it is the lease's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from console.errors import Refused, WrongUse
from console.fleet.fleet import Fleet
from console.fleet.looking import try_read_from_store
from console.text.output import Output
from console.timeouts import within
from sessionlib.checkpoints import catalog
from sessionlib.core.values import Lease
from sessionlib.layout import LEASE

STEP = 0.1


def current_of(fleet: Fleet) -> str | None:
    """The checkpoint that the lease points at, if any. Raises Unreachable."""
    seen = within(
        fleet.config.timings.timeout_s, lambda: try_read_from_store(fleet.store, Lease, LEASE)
    )
    if seen.value is None or seen.value.checkpoint is None:
        return None
    return seen.value.checkpoint.name


def resolve_name(fleet: Fleet, name: str | None) -> str:
    """The one checkpoint that the command line means. Raises WrongUse, Refused, Unreachable."""
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
    """Tells how far it is, at each tenth. From several threads."""
    lock = threading.Lock()
    told = [0.0]

    def tell(done: int, of: int) -> None:
        share = done / of if of else 1.0
        with lock:
            if share < told[0] + STEP:
                return
            told[0] = share - share % STEP
            out.message(f"{doing} {size(done)} of {size(of)}")

    return tell


def size(size_bytes: int) -> str:
    """`2.1 GB`, `340 MB`, `12.5 kB`, `7 B`."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= factor:
            value = size_bytes / factor
            return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    return f"{size_bytes} B"
