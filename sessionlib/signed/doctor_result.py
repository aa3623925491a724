"""What `doctor` has found of a shared folder, and what agents may do on the strength of it."""

# The finding is signed, because it allows something. It holds for one folder and one lease file.
# Without a good one nobody takes over on Drive unless an operator approves. Age alone takes
# nothing back.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sessionlib.errors import RecordUnreadable, SignatureInvalid
from sessionlib.layout import CONFIG_VERSIONS, STORE_CHECK
from sessionlib.ports import Store
from sessionlib.signed.records import RecordKind

STALE_AFTER_S = 180 * 86_400.0
"""From then on doctor is better run again: Google may have changed what it does."""
CURE = "run `colabvps-console doctor`"


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """The last word on a folder, in `config/doctor.json`; written by an operator.

    `folder_id` and `lease_id` are Drive's. `failed` names the safety checks that failed. `at`
    is Unix seconds by the operator's wall clock, `by` and `rounds` are for people.
    """

    fleet: str
    folder_id: str
    lease_id: str
    at: float
    passed: bool
    failed: tuple[str, ...]
    rounds: int
    by: str
    signature: str = ""


STORE_CHECKS: RecordKind[StoreCheck] = RecordKind(CONFIG_VERSIONS, "doctor/1", StoreCheck)


@dataclass(frozen=True, slots=True)
class CheckedFolder:
    """Which folder a diagnosis has to be of."""

    fleet: str
    folder_id: str
    lease_id: str


def why_unproven(found: StoreCheck | None, place: CheckedFolder) -> str | None:
    """Why a takeover has to wait for an operator; None where it needn't."""
    if found is None:
        return f"doctor was never run on this folder: {CURE}"
    if (found.fleet, found.folder_id, found.lease_id) != (
        place.fleet,
        place.folder_id,
        place.lease_id,
    ):
        return f"doctor was run on another folder: {CURE}"
    if not found.passed:
        failed = ", ".join(found.failed) or "too few rounds"
        return f"doctor failed on {date_text(found.at)} ({failed}): {CURE}, which says what to do"
    return None


def read_store_check(
    store: Store, place: CheckedFolder, public_key: str | None
) -> tuple[StoreCheck | None, str | None]:
    """What stands in the store, and why a takeover has to wait. Raises StoreError."""
    data = store.read(STORE_CHECK)
    if data is None:
        return None, why_unproven(None, place)
    if public_key is None:
        return None, f"there is no fleet key to check doctor's finding with: {CURE}"
    try:
        found = STORE_CHECKS.decode(data.data)
        STORE_CHECKS.verify(found, public_key)
    except (RecordUnreadable, SignatureInvalid) as error:
        return None, f"what doctor found isn't signed by this fleet's key ({error}): {CURE}"
    return found, why_unproven(found, place)


def date_text(at: float) -> str:
    """A date for people."""
    try:
        return datetime.fromtimestamp(at, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return "an unknown day"
