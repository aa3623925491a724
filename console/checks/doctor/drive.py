"""The examination of a shared folder in Google Drive: who takes part, and in which order.

A check that can't be made counts as not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from console.checks.doctor import conditional_writes, drive_behaviour
from console.checks.doctor.catalog import CheckResult
from console.checks.doctor.examination import DoctorResult, PlannedExamination
from console.checks.doctor.hangup_client import HangupClient
from console.checks.doctor.result import failed_safety_checks, save_unless_pass_stands
from console.checks.doctor.scratch_folder import Participant, ScratchFolder, open_scratch_folder
from console.errors import Refused
from console.signing.in_force import signing_seed
from console.signing.operator_name import operator_name
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.ports import Store
from sessionlib.signed.doctor_result import StoreCheck, date_text
from sessionlib.stores import checked_folder_of, open_store
from sessionlib.stores.drive import quota_costs, signin_storage
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.opening import credentials, emulator_url
from sessionlib.stores.drive.responses import Trouble
from sessionlib.stores.drive.sharing import read_account
from sessionlib.stores.drive.tree_ids import drive_ids

ROUNDS = 200
RACERS = 8
"""Zero failures in so many rounds bound the rate at 1.5 %, with 95 % confidence; no proof."""
FRESH = 200
"""So many writes of one account are read by the other."""
MAX_TRIES = 40
SECONDS_A_ROUND = 1.25
"""With its share of all else, where a call takes 150 ms: measured over the emulator."""
_A_ROUND = RACERS * (quota_costs.READ + quota_costs.WRITE) + 2 * quota_costs.READ
_A_TRY = quota_costs.READ + quota_costs.WRITE
_ONCE = 3_900
"""All that is done but once, as the emulator has counted it."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What is going to be done."""

    config: Config
    one: Participant
    other: Participant
    rounds: int

    @property
    def units(self) -> int:
        """About what it costs of Google's quota, both accounts together."""
        tries = min(FRESH, self.rounds) + 2 * min(MAX_TRIES, self.rounds)
        return self.rounds * _A_ROUND + tries * _A_TRY + _ONCE

    @property
    def is_conclusive(self) -> bool:
        """Whether it is enough for agents to rely on. What an emulator has passed is worth
        nothing anywhere else, so there the number is the user's."""
        return self.rounds >= ROUNDS or emulator_url() is not None


def prepare(config: Config, names: Sequence[str], rounds: int, clock: Clock) -> Examination:
    """Who takes part: the accounts named, or the first two persons who are signed in here.

    Raises Refused, ConfigError and NotKept.
    """
    wanted = list(names) or _two_kept(config)
    if len(set(wanted)) < 2:
        raise Refused(
            "doctor needs two accounts that are signed in on this machine, and found "
            f"{wanted[0] if wanted else 'none'}: run `colabvps-console login ACCOUNT` for another "
            "one, with its person at the keyboard"
        )
    one, other = (_patient(config, name, clock) for name in wanted[:2])
    return Examination(config, one, other, rounds)


def _patient(config: Config, name: str, clock: Clock) -> Participant:
    plain, hasty = (
        kind(credentials(config, name), clock, emulator_url())
        for kind in (DriveClient, HangupClient)
    )
    return Participant(name, plain, hasty)


def plan(
    config: Config, names: Sequence[str], rounds: int | None, clock: Clock
) -> PlannedExamination:
    """The examination of the shared folder. Its result is signed, for all agents.

    Raises Refused, ConfigError, SecretStorageError and StoreError.
    """
    exam = prepare(config, names, rounds or ROUNDS, clock)
    store = open_store(config, clock)
    seed = signing_seed(config, store)
    minutes = max(1, round(exam.rounds * SECONDS_A_ROUND / 60) + 1)
    asks = (
        f"Make a scratch folder in the shared folder, as {exam.one.name}, and try there, with "
        f"{exam.other.name}, what the fleet relies on: about {minutes} minutes and "
        f"{exam.units:,} of Google's quota units (a user has 325,000 a minute). It is removed "
        "afterwards, and the result is signed and left for all agents."
    )
    return PlannedExamination(
        asks,
        lambda on_progress: examine(exam, clock, on_progress),
        lambda findings: _conclude(exam, findings, store, seed, clock.now().wall),
    )


def _conclude(
    exam: Examination, findings: list[CheckResult], store: Store, seed: str, at: float
) -> DoctorResult:
    bad = failed_safety_checks(findings)
    passed = not bad and exam.is_conclusive
    text = _in_words(bad, exam.rounds, passed=passed)
    folder = checked_folder_of(exam.config)
    if folder is None:
        return DoctorResult(findings, at, passed, False, text)
    where = (folder.fleet, folder.folder_id, folder.lease_id)
    found = StoreCheck(*where, at, passed, bad, exam.rounds, operator_name())
    stands = save_unless_pass_stands(store, found, findings, seed)
    if stands is not None:
        text = f"this changes nothing: doctor passed on {date_text(stands.at)}, and that counts"
    return DoctorResult(findings, at, passed, stands is None, text)


def _in_words(bad: tuple[str, ...], rounds: int, *, passed: bool) -> str:
    if bad:
        return f"automatic takeover is off: {', '.join(bad)}"
    if not passed:
        return f"automatic takeover stays off: {rounds} rounds prove too little"
    return "automatic takeover is on, once the agents have read this (15 minutes at the most)"


def examine(
    exam: Examination, clock: Clock, on_progress: Callable[[str], None]
) -> Iterator[CheckResult]:
    """Make the checks, one by one. Raises Refused where not even a folder can be made."""
    root_id, _ = drive_ids(exam.config)
    try:
        _require_two(exam)
        tries = min(MAX_TRIES, exam.rounds)
        with open_scratch_folder(
            (exam.one, exam.other), root_id, clock, on_progress, tries
        ) as place:
            yield from _checks(exam, place, root_id)
    except Trouble as error:
        raise Refused(f"no scratch folder can be made in the shared folder: {error}") from None


def _two_kept(config: Config) -> list[str]:
    """The first of those who are signed in here, and the next one that is another person's: an
    operator's sign-in may well be the first account's too."""
    found: list[tuple[str, str]] = []
    for name, signin in signin_storage.saved_entries(config):
        if len(found) < 2 and not any(
            signin_storage.is_same(signin.email, email) for _, email in found
        ):
            found.append((name, signin.email))
    return [name for name, _ in found]


def _require_two(exam: Examination) -> None:
    """Raises Refused where both are one account at Google, by Google's own word, and Trouble:
    what one account sees of its own writes tells nothing of two."""
    email = read_account(exam.one.client).email
    if signin_storage.is_same(email, read_account(exam.other.client).email):
        raise Refused(
            f"{exam.one.name} and {exam.other.name} are both signed in as {email}, and doctor "
            "needs two accounts: run `colabvps-console login ACCOUNT` for another one, with its "
            "person at the keyboard"
        )


def _checks(exam: Examination, place: ScratchFolder, root_id: str) -> Iterator[CheckResult]:
    emails = {account.email.casefold(): name for name, account in exam.config.accounts.items()}
    timeout_s = exam.config.timings.timeout_s
    tries: list[tuple[str, Callable[[], CheckResult]]] = [
        ("editors", lambda: conditional_writes.editors(place)),
        ("latency", lambda: drive_behaviour.latency(place, timeout_s)),
        ("stale-etag", lambda: conditional_writes.stale_etag(place, place.one, "stale-etag")),
        ("others-etag", lambda: conditional_writes.stale_etag(place, place.other, "others-etag")),
        ("etag-moves", lambda: conditional_writes.etag_moves(place)),
        ("size", lambda: conditional_writes.size(place)),
        ("race", lambda: conditional_writes.race(place, exam.rounds, RACERS)),
        ("freshness", lambda: drive_behaviour.freshness(place, min(FRESH, exam.rounds))),
        ("own-writes", lambda: drive_behaviour.own_writes(place)),
        ("etag-form", lambda: drive_behaviour.etag_form(place)),
        ("lost-connection", lambda: drive_behaviour.lost_connection(place)),
        ("ids", lambda: drive_behaviour.ids(place)),
        ("gone", lambda: drive_behaviour.gone(place)),
        ("discards", lambda: drive_behaviour.discards(place)),
        ("names", lambda: drive_behaviour.names(place)),
        ("owner", lambda: drive_behaviour.owner(place, root_id, emails)),
    ]
    for check_id, attempt in tries:
        try:
            yield attempt()
        except Trouble as error:
            yield CheckResult(check_id, None, f"couldn't be tried: {error}")
