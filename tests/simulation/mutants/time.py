"""Rules of time: how long a lease is valid, how long it is watched, by which clock."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core import learn as learning
from sessionlib.core import view as views
from sessionlib.core.events import LeaseRead
from sessionlib.core.lease import Watch
from sessionlib.core.timing import Timing
from sessionlib.core.values import UNKNOWN_HOLDER, Instant, Lease
from sessionlib.core.view import Finding, LeaseReadStatus, View, Write
from sessionlib.guard import policy
from sessionlib.guard.policy import Custody
from tests.simulation.clocks import Clocks
from tests.simulation.faults import CLOCKS, PLAIN, ROUGH, SLOW, Odds
from tests.simulation.mutants.kinds import Mutant, Patch

CUT_OFF = replace(PLAIN, partitions=60, operators=0, kills=0, terms=0, freezes=0, guard_late=1.0)


def margin_left_out(patch: Patch) -> None:
    patch.set(Timing, "valid_s", property(lambda timing: 0.99 * timing.ttl_s))


def validity_of_one_more_renewal(patch: Patch) -> None:
    patch.set(Timing, "valid_s", property(lambda timing: timing.ttl_s + timing.renew_s))


def validity_from_the_answer(patch: Patch) -> None:
    plain = learning._committed

    def committed(view: View, write: Write, now: Instant, chance: str) -> View:
        return plain(view, replace(write, sent=now), now, chance)

    patch.set(learning, "_committed", committed)


def guards_deadline_ignored(patch: Patch) -> None:
    plain = policy._objection

    def objection(custody: Custody, epoch: int | None, now: Instant) -> str | None:
        why = plain(custody, epoch, now)
        return None if why == "the lease's deadline has passed" else why

    patch.set(policy, "_objection", objection)


def monotonic_clock_alone(patch: Patch) -> None:
    patch.set(Instant, "since", lambda now, earlier: now.mono - earlier.mono)


def wall_clock_alone(patch: Patch) -> None:
    patch.set(Instant, "since", lambda now, earlier: now.wall - earlier.wall)


def impatient(patch: Patch) -> None:
    patch.set(Timing, "patience_s", lambda timing, ttl_s, rank: 0.5 * ttl_s)


def readers_own_ttl(patch: Patch) -> None:
    patch.set(Timing, "patience_s", lambda timing, ttl_s, rank: 1.01 * timing.ttl_s)


def watch_that_is_ripe_at_once(patch: Patch) -> None:
    patch.set(learning, "update_watch", lambda watch, lease, now, failed: Watch(lease.mark, -1e12))


def wall_clock_for_the_monotonic_one(patch: Patch) -> None:
    plain = Clocks._instant

    def instant(clocks: Clocks, t: float) -> Instant:
        now = plain(clocks, t)
        return replace(now, mono=now.wall)

    patch.set(Clocks, "_instant", instant)
    patch.set(Clocks, "slept", lambda clocks, t, for_s: None)


def renewals_not_watched(patch: Patch) -> None:
    def watched(watch: Watch | None, lease: Lease, now_mono: float, failed: bool) -> Watch:
        mark = (*lease.mark[:3], lease.renewal)
        if watch is None or watch.mark[:3] != mark[:3]:
            return Watch(mark, now_mono)
        return replace(watch, mark=mark)

    patch.set(learning, "update_watch", watched)


def version_watched(patch: Patch) -> None:
    plain = learning._lease_read

    def lease_read(view: View, event: object, now: Instant, chance: str) -> View:
        after = plain(view, event, now, chance)  # type: ignore[arg-type]  # passed on as it is
        if after.watch is not None and after.version != view.version:
            return replace(after, watch=Watch(after.watch.mark, now.mono))
        return after

    patch.set(learning, "_LEARN", {**learning._LEARN, LeaseRead: lease_read})


def remade_record_claimed_at_once(patch: Patch) -> None:
    plain = Watch.stale_from_mono

    def ripe_mono(watch: Watch, lease: Lease, timing: Timing, rank: int) -> float:
        return -1e12 if lease.holder == UNKNOWN_HOLDER else plain(watch, lease, timing, rank)

    patch.set(Watch, "stale_from_mono", ripe_mono)


def _blind_as(patch: Patch, sight: LeaseReadStatus) -> None:
    patch.set(views, "_BLIND", {**views._BLIND, sight: Finding.STALE})


def torn_read_is_dead(patch: Patch) -> None:
    _blind_as(patch, LeaseReadStatus.UNREADABLE)


def missing_is_dead(patch: Patch) -> None:
    _blind_as(patch, LeaseReadStatus.MISSING)


def unreachable_is_dead(patch: Patch) -> None:
    _blind_as(patch, LeaseReadStatus.UNREACHABLE)


TORN = replace(PLAIN, torn=0.2)
RECORDS = replace(PLAIN, losses=6.0)
TOUCHED: Odds = replace(PLAIN, touches=60, kills=6)

TIME = (
    Mutant("margin_left_out", margin_left_out, CUT_OFF, first=80),
    Mutant("validity_of_one_more_renewal", validity_of_one_more_renewal, ROUGH),
    Mutant(
        "validity_from_the_answer",
        validity_from_the_answer,
        replace(SLOW, guard_late=0.8),
        first=25,
    ),
    Mutant("guards_deadline_ignored", guards_deadline_ignored, ROUGH),
    Mutant("monotonic_clock_alone", monotonic_clock_alone, CLOCKS),
    Mutant("wall_clock_alone", wall_clock_alone, CLOCKS),
    Mutant("wall_clock_for_the_monotonic_one", wall_clock_for_the_monotonic_one, CLOCKS),
    Mutant("impatient", impatient, ROUGH),
    Mutant("readers_own_ttl", readers_own_ttl, ROUGH, fleet={"ttls_s": {"b": 30.0}}),
    Mutant("watch_that_is_ripe_at_once", watch_that_is_ripe_at_once, ROUGH),
    Mutant("renewals_not_watched", renewals_not_watched, ROUGH),
    Mutant("version_watched", version_watched, TOUCHED, fleet={"names": ("a", "b")}),
    Mutant("remade_record_claimed_at_once", remade_record_claimed_at_once, RECORDS),
    Mutant("torn_read_is_dead", torn_read_is_dead, TORN),
    Mutant("missing_is_dead", missing_is_dead, TORN),
    Mutant("unreachable_is_dead", unreachable_is_dead, CUT_OFF),
)
