"""What comes of an examination.

Decided here: that a safety check which couldn't be made hasn't passed, and what is signed and
left in the store for the agents. Not decided here: what they make of it
(`sessionlib.kit.clearance`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from console.as_json import iso
from console.doctor.checks import CHECKS, Finding
from console.errors import OutcomeUnknown, Refused
from sessionlib.errors import Conflict, KitError, StoreError, Unknown
from sessionlib.kit.clearance import DOCTOR, Diagnosis
from sessionlib.layout import DIAGNOSIS
from sessionlib.ports import Store

_TRIES = 3


def failed(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The safety checks that aren't known to hold."""
    return tuple(one.id for one in findings if CHECKS[one.id].is_safety and one.ok is not True)


def keep(store: Store, diagnosis: Diagnosis, seed: str) -> None:
    """Sign it and put it into the store. Raises Refused or OutcomeUnknown."""
    data = DOCTOR.encode(DOCTOR.signed(diagnosis, seed))
    try:
        for _ in range(_TRIES):
            try:
                found = store.read(DIAGNOSIS)
                if found is None:
                    store.create(DIAGNOSIS, data)
                else:
                    store.replace(DIAGNOSIS, data, found.version)
            except Conflict:
                continue
            return
    except Unknown as error:
        raise OutcomeUnknown(f"the finding may or may not have been kept: {error}") from None
    except (StoreError, KitError) as error:
        raise Refused(f"the finding can't be kept: {error}") from None
    raise Refused("somebody else keeps a finding at the same time: run doctor again")


def document(findings: Sequence[Finding], at: float, *, passed: bool, kept: bool) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "passed": passed,
        "kept": kept,
        "at": iso(at),
        "checks": [
            {
                "id": one.id,
                "safety": CHECKS[one.id].is_safety,
                "ok": one.ok,
                "says": CHECKS[one.id].says,
                "found": one.text,
                "means": None if one.ok else CHECKS[one.id].means,
                "cure": None if one.ok else CHECKS[one.id].cure,
            }
            for one in findings
        ],
    }
