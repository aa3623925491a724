"""What comes of an examination, signed and left in the store for the agents.

A safety check that couldn't be made hasn't passed. Only one that has failed takes back an
earlier pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from console.checks.doctor.catalog import CHECKS, CheckResult, advice
from console.errors import OutcomeUnknown, Refused
from console.fleet.json_output import iso
from sessionlib.errors import Conflict, ProgramError, StoreError, Unknown
from sessionlib.layout import STORE_CHECK
from sessionlib.ports import Store
from sessionlib.signed.doctor_result import (
    STORE_CHECKS,
    CheckedFolder,
    StoreCheck,
    read_store_check,
)
from sessionlib.signing import public_of

_TRIES = 3


def failed_safety_checks(findings: Iterable[CheckResult]) -> tuple[str, ...]:
    """The safety checks that aren't known to hold."""
    return tuple(one.id for one in findings if CHECKS[one.id].is_safety and one.ok is not True)


def save_unless_pass_stands(
    store: Store, diagnosis: StoreCheck, findings: Iterable[CheckResult], seed: str
) -> StoreCheck | None:
    """Keep it for the agents, unless a pass stands there that it says nothing against: one that
    was too short, or whose requests were turned away. Then that pass is what is returned.

    Raises Refused or OutcomeUnknown.
    """
    broken = any(CHECKS[one.id].is_safety and one.ok is False for one in findings)
    if not diagnosis.passed and not broken:
        stands = _standing_pass(store, diagnosis, seed)
        if stands is not None:
            return stands
    save_store_check(store, diagnosis, seed)
    return None


def _standing_pass(store: Store, like: StoreCheck, seed: str) -> StoreCheck | None:
    """The pass of the same folder that agents go by now."""
    place = CheckedFolder(like.fleet, like.folder_id, like.lease_id)
    try:
        found, why = read_store_check(store, place, public_of(seed))
    except StoreError as error:
        raise Refused(f"what was found before can't be read: {error}") from None
    return found if why is None else None


def save_store_check(store: Store, diagnosis: StoreCheck, seed: str) -> None:
    """Sign it and put it into the store. Raises Refused or OutcomeUnknown."""
    data = STORE_CHECKS.encode(STORE_CHECKS.sign(diagnosis, seed))
    try:
        for _ in range(_TRIES):
            try:
                found = store.read(STORE_CHECK)
                if found is None:
                    store.create(STORE_CHECK, data)
                else:
                    store.replace(STORE_CHECK, data, found.version)
            except Conflict:
                continue
            return
    except Unknown as error:
        raise OutcomeUnknown(f"the finding may or may not have been kept: {error}") from None
    except (StoreError, ProgramError) as error:
        raise Refused(f"the finding can't be kept: {error}") from None
    raise Refused("somebody else keeps a finding at the same time: run doctor again")


def doctor_document(
    findings: Sequence[CheckResult], at: float, *, passed: bool, kept: bool
) -> dict[str, Any]:
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
                "means": means,
                "cure": cure,
            }
            for one in findings
            for means, cure in [advice(one) or (None, None)]
        ],
    }
