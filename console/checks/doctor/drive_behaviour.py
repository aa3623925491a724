"""Trying how Drive treats ids, owners, names and lost connections. No safety rests on these."""

from __future__ import annotations

import base64
import math
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from console.checks.doctor.catalog import CheckResult
from console.checks.doctor.scratch_folder import Participant, ScratchFolder
from sessionlib.clock import sleep
from sessionlib.stores.drive import quota_costs
from sessionlib.stores.drive.conditional_write import NOT_FOUND
from sessionlib.stores.drive.files import FOLDER_TYPE
from sessionlib.stores.drive.responses import NoResponse, RequestRefused
from sessionlib.stores.drive.sharing import list_permissions

LAG_S = 60.0
DROPS_IN = 10
"""One lost answer for so many tries of other things."""
SETTLED_S = 1.0
PAUSE_S = 0.2


def freshness(ground: ScratchFolder, times: int) -> CheckResult:
    """What one account reads as soon as the other has written it."""
    return _read_at_once(ground, ground.other, times, "freshness")


def own_writes(ground: ScratchFolder) -> CheckResult:
    """What an account reads as soon as it has written it itself."""
    return _read_at_once(ground, ground.one, ground.tries, "own-writes")


def _read_at_once(
    ground: ScratchFolder, reader: Participant, times: int, check_id: str
) -> CheckResult:
    file_id = ground.new_file(ground.one, "0")
    late, longest_s = 0, 0.0
    for number in range(1, times + 1):
        ground.overwrite(ground.one, file_id, str(number))
        wrote = ground.clock.now()
        lag_s = 0.0
        while ground.read_file(reader, file_id).description != str(number):
            lag_s = max(ground.clock.now().since(wrote), lag_s)
            if lag_s >= LAG_S:
                return CheckResult(check_id, False, f"one write wasn't read for {LAG_S:.0f} s")
        late += lag_s > 0.0
        longest_s = max(longest_s, lag_s)
    if late:
        text = f"{late} of {times} were read late, after {longest_s:.1f} s at the most"
        return CheckResult(check_id, False, text)
    return CheckResult(check_id, True, f"{times} of {times} at once")


def etag_form(ground: ScratchFolder) -> CheckResult:
    file = ground.read_file(ground.one, ground.new_file(ground.one, "form"))
    at = datetime.fromtimestamp(file.modified_s, UTC)
    ms = str(round(at.timestamp() * 1000))
    if file.etag.strip('"') == base64.b64encode(ms.encode()).decode():
        return CheckResult("etag-form", True, "base64 of the time in milliseconds")
    return CheckResult("etag-form", False, f"not the time of its version: {file.etag:.40}")


def lost_connection(ground: ScratchFolder) -> CheckResult:
    """Writes whose answer nobody waits for: what is read then is one of the two, and stays."""
    file_id = ground.new_file(ground.one, "0")
    before, found = "0", 0
    drops = max(1, ground.tries // DROPS_IN)
    for _ in range(drops):
        nonce = secrets.token_hex(8)
        with suppress(NoResponse):
            ground.one.hangup_client.update(file_id, ground.body(nonce), None)
        sleep(SETTLED_S)
        first = ground.read_file(ground.one, file_id).description
        sleep(SETTLED_S)
        if ground.read_file(ground.one, file_id).description != first:
            return CheckResult("lost-connection", False, "a write came long after it was given up")
        if first not in {nonce, before}:
            return CheckResult(
                "lost-connection", False, f"the file says something else: {first:.40}"
            )
        found += first == nonce
        before = first
    text = f"{found} of {drops} writes without an answer were carried out, each told by its nonce"
    return CheckResult("lost-connection", True, text)


def ids(ground: ScratchFolder) -> CheckResult:
    file_id = ground.new_file(ground.one, "once")
    again = {**ground.body("twice"), "id": file_id, **ground.parent_field()}
    ground.one.client.insert(again, None)
    if ground.read_file(ground.one, file_id).description != "once":
        return CheckResult("ids", False, "a repeated insert has written over the file")
    foreign = ground.one.client.new_id()
    try:
        body = {**ground.body("foreign"), "id": foreign, **ground.parent_field()}
        ground.other.client.insert(body, None)
        how = "another account's id may be used"
    except RequestRefused:
        how = "an id is for the account that asked for it"
    return CheckResult("ids", True, f"a repeated insert makes nothing; {how}")


def gone(ground: ScratchFolder) -> CheckResult:
    """What the other account is told of a file in its owner's bin, and of one deleted there."""
    one, other = ground.one, ground.other
    file_id = ground.new_file(one, "here")
    ground.read_file(other, file_id)
    one.client.request(lambda drive: drive.files().trash(fileId=file_id), quota_costs.WRITE)
    try:
        if not ground.read_file(other, file_id).is_trashed:
            return CheckResult(
                "gone", False, "a file in its owner's bin looks as if it were in place"
            )
    except RequestRefused as error:
        if error.answer.status != NOT_FOUND:
            raise
    one.client.delete(file_id)
    try:
        ground.read_file(other, file_id)
    except RequestRefused as error:
        if error.answer.status != NOT_FOUND:
            raise
        return CheckResult("gone", True, "said to be in the bin, then to be gone")
    return CheckResult("gone", False, "a deleted file is still read by its id")


def discards(ground: ScratchFolder) -> CheckResult:
    one, other = ground.one, ground.other
    aside = one.client.new_id()
    folder = {"id": aside, "title": "aside", "mimeType": FOLDER_TYPE, **ground.parent_field()}
    one.client.insert(folder, None)
    file_id = ground.new_file(other, "old")
    may_delete = True
    try:
        one.client.delete(file_id)
    except RequestRefused:
        may_delete = False
    if may_delete:
        return CheckResult(
            "discards", True, "an editor may delete at once what another account owns"
        )
    try:
        one.client.move(file_id, ground.folder_id, aside)
        listed = [file.id for file in other.client.list(aside) if file.is_ours]
        if file_id in listed:
            other.client.delete(file_id)
            return CheckResult("discards", True, "moved aside by one, deleted by its owner")
    except RequestRefused as error:
        return CheckResult("discards", False, f"refused: {error}")
    return CheckResult("discards", False, "its owner doesn't see it where it was moved to")


def names(ground: ScratchFolder) -> CheckResult:
    first, second = (ground.new_file(ground.one, text, "same") for text in "ab")
    for _ in range(ground.tries):
        listed = {file.id for file in ground.one.client.list(ground.folder_id)}
        if {first, second} <= listed:
            return CheckResult("names", True, "both are listed")
        sleep(PAUSE_S)
    return CheckResult("names", None, "they aren't both listed yet")


def latency(ground: ScratchFolder, timeout_s: float) -> CheckResult:
    """How long a read and a write take."""
    file_id = ground.new_file(ground.one, "0")
    calls: dict[str, Callable[[], object]] = {
        "reads": lambda: ground.read_file(ground.one, file_id),
        "writes": lambda: ground.overwrite(ground.one, file_id, secrets.token_hex(8)),
    }
    told, worst_s = [], 0.0
    for name, call in calls.items():
        took = sorted(_took_s(ground, call) for _ in range(ground.tries))
        worst_s = max(worst_s, took[-1])
        told.append(f"{name} {_ms(took, 0.5)}, p99 {_ms(took, 0.99)}")
    text = f"{'; '.join(told)}; of {ground.tries} each"
    return CheckResult("latency", worst_s < timeout_s / 3, text)


def _took_s(ground: ScratchFolder, call: Callable[[], object]) -> float:
    began = ground.clock.now()
    call()
    return ground.clock.now().since(began)


def _ms(took_s: Sequence[float], share: float) -> str:
    """The quantile of sorted durations: the nearest rank, so that it is one of them."""
    return f"{took_s[math.ceil(share * len(took_s)) - 1] * 1000:.0f} ms"


def owner(ground: ScratchFolder, root_id: str, emails: dict[str, str]) -> CheckResult:
    """`emails` are the accounts' names by their addresses, in lower case."""
    rights = list_permissions(ground.one.client, root_id)
    found = next((right.email for right in rights if right.role == "owner"), None)
    if found is None:
        return CheckResult("owner", None, "it can't be seen whose it is")
    name = emails.get(found.casefold())
    if name is not None:
        return CheckResult("owner", False, f"it belongs to {name}, which holds sessions")
    return CheckResult("owner", True, f"it belongs to {found}")
