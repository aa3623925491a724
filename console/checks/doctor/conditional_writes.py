"""Trying the conditional write, which the lease rests on.

A request that was turned away for its rate counts neither as kept nor as broken.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from console.checks.doctor.catalog import CheckResult
from console.checks.doctor.scratch_folder import CHANGED, Participant, ScratchFolder
from sessionlib.stores.drive.content import MAX_INLINE_BYTES
from sessionlib.stores.drive.responses import RequestRefused, Trouble

FAST_WRITES = 12
TOLD_EVERY = 20
START_S = 60.0
MOST_ROUNDS = 2
"""So many times the number that is wanted, where answers are lost."""


def stale_etag(ground: ScratchFolder, writer: Participant, check_id: str) -> CheckResult:
    """A write of the first account on a version that `writer` has replaced."""
    one = ground.one
    file_id = ground.new_file(one, "first")
    old = ground.read_file(one, file_id).etag
    ground.overwrite(writer, file_id, "second")
    answer = ground.write_if_match(one, file_id, "third", old)
    says = ground.wait_for_text(one, file_id, ("second", "third"))
    if answer is None or says == "third":
        return CheckResult(check_id, False, f"it was carried out; the file says {says!r}")
    if answer.status != CHANGED:
        return CheckResult(
            check_id, None, f"it was answered with {answer.status}, which tells nothing"
        )
    if says != "second":
        return CheckResult(check_id, None, f"refused with 412, and the file still says {says!r}")
    return CheckResult(check_id, True, "refused with 412, and the value kept")


def etag_moves(ground: ScratchFolder) -> CheckResult:
    """Each version has an ETag of its own, for both accounts, also where writes follow fast."""
    one, other = ground.one, ground.other
    file_id = ground.new_file(one, "0")
    etags = [ground.read_file(other, file_id).etag]
    for number in range(1, FAST_WRITES + 1):
        text = str(number)
        ground.overwrite(one, file_id, text)
        seen = _etag_of(ground, other, file_id, text)
        if seen is not None:
            etags.append(seen)
    if len(etags) < FAST_WRITES / 2:
        return CheckResult("etag-moves", None, "too few of the writes could be read back")
    if len(set(etags)) < len(etags):
        return CheckResult("etag-moves", False, "two versions had one ETag")
    return CheckResult("etag-moves", True, f"{len(etags)} versions, each with an ETag of its own")


def _etag_of(ground: ScratchFolder, by: Participant, file_id: str, text: str) -> str | None:
    """The ETag of the version that says `text`, once it can be read."""
    for _ in range(FAST_WRITES):
        file = ground.read_file(by, file_id)
        if file.description == text:
            return file.etag
    return None


def size(ground: ScratchFolder) -> CheckResult:
    text = '{"x": "' + "é" * ((MAX_INLINE_BYTES - 9) // 2) + '"}'
    file_id = ground.new_file(ground.one, text)
    if ground.wait_for_text(ground.other, file_id, (text,)) != text:
        return CheckResult("size", False, f"{len(text.encode())} bytes did not come back whole")
    return CheckResult("size", True, f"{len(text.encode())} bytes came back whole")


def editors(ground: ScratchFolder) -> CheckResult:
    for owner, writer in ((ground.one, ground.other), (ground.other, ground.one)):
        file_id = ground.new_file(owner, "made")
        try:
            ground.overwrite(writer, file_id, "changed")
        except RequestRefused as error:
            return CheckResult("editors", False, f"{writer.name} can't: {error}")
        if ground.wait_for_text(owner, file_id, ("changed",)) != "changed":
            return CheckResult(
                "editors", False, f"{writer.name} can't change what {owner.name} made"
            )
    return CheckResult("editors", True, "both can")


@dataclass
class _RaceRound:
    """What the racers of one round were told."""

    won: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    def violation(self, stands: str, racers: int) -> str | None:
        """What is wrong with it, `stands` being what the file says afterwards."""
        if len(self.won) > 1:
            return f"{len(self.won)} of {racers} writes succeeded"
        # Where nobody was told so: it was sent twice on its way, or its answer was lost. Beside
        # one that succeeded there is no excuse: two were carried out over one version.
        if self.won and stands in (*self.refused, *self.unclear):
            return "one write was told that it had succeeded, and another stands"
        return None


def race(ground: ScratchFolder, rounds: int, racers: int) -> CheckResult:
    """All write over one version at once, half of them for each account, until so many `rounds`
    had one winner that stands: those in which an answer was lost prove nothing."""
    file_id = ground.new_file(ground.one, "start")
    clear = number = 0
    while clear < rounds:
        number += 1
        if number > rounds * MOST_ROUNDS:
            text = f"only {clear} of {number - 1} rounds had a winner that was told so"
            return CheckResult("race", None, text)
        told = _one_round(ground, file_id, racers)
        names = (*told.won, *told.refused, *told.unclear)
        stands = ground.wait_for_text(ground.one, file_id, names)
        wrong = told.violation(stands, racers)
        if wrong is not None:
            return CheckResult("race", False, f"in round {number} {wrong}")
        clear += stands in told.won
        if number % TOLD_EVERY == 0:
            ground.on_progress(f"race: {clear} of {rounds} rounds")
    more = f", and {number - rounds} that prove nothing" if number > rounds else ""
    return CheckResult("race", True, f"{rounds} rounds of {racers} writes, one winner each{more}")


def _one_round(ground: ScratchFolder, file_id: str, racers: int) -> _RaceRound:
    etag = ground.read_file(ground.one, file_id).etag
    told, lock = _RaceRound(), threading.Lock()
    start = threading.Barrier(racers)

    def run(patient: Participant) -> None:
        nonce = secrets.token_hex(8)
        # A connection of its own, open already: what races is the writes.
        with patient.client.time_limit(START_S):
            _warm_up(ground, patient, file_id)
            start.wait(START_S)
            try:
                answer = ground.write_if_match(patient, file_id, nonce, etag)
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


def _warm_up(ground: ScratchFolder, patient: Participant, file_id: str) -> None:
    try:
        ground.read_file(patient, file_id)
    except Trouble:
        return
