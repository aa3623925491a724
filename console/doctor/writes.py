"""Trying the conditional write: what the lease rests on.

Decided here: what counts as kept and what as broken. An answer that says nothing, as one of
a request turned away for its rate, counts for neither.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from console.doctor.checks import Finding
from console.doctor.ground import CHANGED, Ground, Patient
from sessionlib.stores.drive.content import MAX_INLINE_BYTES
from sessionlib.stores.drive.verdicts import Refused, Trouble

FAST_WRITES = 12
TOLD_EVERY = 20
START_S = 60.0


def stale_etag(ground: Ground, writer: Patient, check_id: str) -> Finding:
    """A write of the first account on a version that `writer` has replaced."""
    one = ground.one
    file_id = ground.new_file(one, "first")
    old = ground.look(one, file_id).etag
    ground.put(writer, file_id, "second")
    answer = ground.write(one, file_id, "third", old)
    now = ground.look(one, file_id)
    if answer is None or now.description != "second":
        return Finding(check_id, False, f"it was carried out; the file says {now.description!r}")
    if answer.status != CHANGED:
        return Finding(check_id, None, f"it was answered with {answer.status}, which tells nothing")
    return Finding(check_id, True, "refused with 412, and the value kept")


def etag_moves(ground: Ground) -> Finding:
    """Each version has an ETag of its own, for both accounts, also where writes follow fast."""
    one, other = ground.one, ground.other
    file_id = ground.new_file(one, "0")
    etags = [ground.look(other, file_id).etag]
    for number in range(1, FAST_WRITES + 1):
        text = str(number)
        ground.put(one, file_id, text)
        seen = _seen(ground, other, file_id, text)
        if seen is not None:
            etags.append(seen)
    if len(etags) < FAST_WRITES / 2:
        return Finding("etag-moves", None, "too few of the writes could be read back")
    if len(set(etags)) < len(etags):
        return Finding("etag-moves", False, "two versions had one ETag")
    return Finding("etag-moves", True, f"{len(etags)} versions, each with an ETag of its own")


def _seen(ground: Ground, by: Patient, file_id: str, text: str) -> str | None:
    """The ETag of the version that says `text`, once it can be read."""
    for _ in range(FAST_WRITES):
        file = ground.look(by, file_id)
        if file.description == text:
            return file.etag
    return None


def size(ground: Ground) -> Finding:
    text = '{"x": "' + "é" * ((MAX_INLINE_BYTES - 9) // 2) + '"}'
    file_id = ground.new_file(ground.one, text)
    if ground.look(ground.other, file_id).description != text:
        return Finding("size", False, f"{len(text.encode())} bytes did not come back whole")
    return Finding("size", True, f"{len(text.encode())} bytes came back whole")


def editors(ground: Ground) -> Finding:
    for owner, writer in ((ground.one, ground.other), (ground.other, ground.one)):
        file_id = ground.new_file(owner, "made")
        try:
            ground.put(writer, file_id, "changed")
        except Refused as error:
            return Finding("editors", False, f"{writer.name} can't: {error}")
        if ground.look(owner, file_id).description != "changed":
            return Finding("editors", False, f"{writer.name} can't change what {owner.name} made")
    return Finding("editors", True, "both can")


@dataclass
class _Round:
    """What the racers of one round were told."""

    won: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)


def race(ground: Ground, rounds: int, racers: int) -> Finding:
    """All write over one version at once, `rounds` times, half of them for each account."""
    file_id = ground.new_file(ground.one, "start")
    unclear = none = 0
    for number in range(1, rounds + 1):
        told = _one_round(ground, file_id, racers)
        stands = ground.look(ground.one, file_id).description
        if len(told.won) > 1:
            text = f"in round {number} {len(told.won)} of {racers} writes succeeded"
            return Finding("race", False, text)
        if told.won and stands != told.won[0] and stands not in told.unclear:
            text = f"in round {number} one write was told that it had succeeded, and another stands"
            return Finding("race", False, text)
        # One that was refused and stands was sent twice on its way: the first did it.
        unclear += bool(told.unclear) or stands in told.refused
        none += not told.won
        if number % TOLD_EVERY == 0:
            ground.tell(f"race: {number} of {rounds} rounds")
    if none > rounds / 2:
        return Finding("race", None, f"in {none} of {rounds} rounds nobody was told of a success")
    more = f", {unclear} with answers that say nothing" if unclear else ""
    return Finding("race", True, f"{rounds} rounds of {racers} writes, one winner each{more}")


def _one_round(ground: Ground, file_id: str, racers: int) -> _Round:
    etag = ground.look(ground.one, file_id).etag
    told, lock = _Round(), threading.Lock()
    start = threading.Barrier(racers)

    def run(patient: Patient) -> None:
        nonce = secrets.token_hex(8)
        # A connection of its own, open already: what races is the writes.
        with patient.client.within(START_S):
            _warm(ground, patient, file_id)
            start.wait(START_S)
            try:
                answer = ground.write(patient, file_id, nonce, etag)
            except Trouble:
                outcome = told.unclear
            else:
                is_refusal = answer is not None and answer.status == CHANGED
                outcome = (
                    told.won if answer is None else told.refused if is_refusal else told.unclear
                )
            with lock:
                outcome.append(nonce)

    patients = [(ground.one, ground.other)[number % 2] for number in range(racers)]
    threads = [threading.Thread(target=run, args=(patient,), daemon=True) for patient in patients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def _warm(ground: Ground, patient: Patient, file_id: str) -> None:
    try:
        ground.look(patient, file_id)
    except Trouble:
        return
