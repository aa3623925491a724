"""Rules of the lease: who may claim, what is known of a write, when work may go on."""

from __future__ import annotations

from dataclasses import replace

from sessionlib.core import decide as decision
from sessionlib.core import learn as learning
from sessionlib.core import lease as leases
from sessionlib.core import view as views
from sessionlib.core.actions import Action, SetGoal
from sessionlib.core.events import LeaseRead, WriteAnswered, WriteVerdict
from sessionlib.core.lease import Tenure
from sessionlib.core.rules import common, primary, standby, stepping_down
from sessionlib.core.rules.common import RuleContext
from sessionlib.core.values import Identity, Instant, Lease, LeaseState
from sessionlib.core.view import Finding, Member, View, WriteKind
from sessionlib.core.work import Aim, Goal
from tests.simulation.faults import BUSY, LOSSY, PLAIN, ROUGH, SLOW
from tests.simulation.mutants.kinds import Mutant, Patch


def _rule(patch: Patch, member: Member, finding: Finding, rule: common.Rule) -> None:
    patch.set(decision, "RULES", {**decision.RULES, (member, finding): rule})


def live_lease_claimed(patch: Patch) -> None:
    _rule(patch, Member.STANDBY, Finding.OTHERS, standby.claim_now)


def offer_claimed_by_anybody(patch: Patch) -> None:
    plain = views.finding_of

    def finding_of(view: View, now: Instant, rank: int) -> Finding:
        found = plain(view, now, rank)
        offered = view.lease is not None and view.lease.state is LeaseState.OFFERED
        return Finding.OFFERED if found is Finding.OTHERS and offered else found

    patch.set(decision, "finding_of", finding_of)


def epoch_kept_on_claim(patch: Patch) -> None:
    plain = leases.claim

    def claim(lease: Lease, me: Identity, nonce: str, ttl_s: float, *done: str | None) -> Lease:
        return replace(plain(lease, me, nonce, ttl_s, *done), epoch=lease.epoch)

    patch.set(leases, "claim", claim)


def pointer_dropped_on_claim(patch: Patch) -> None:
    plain = leases.claim

    def claim(lease: Lease, me: Identity, nonce: str, ttl_s: float, *done: str | None) -> Lease:
        return replace(plain(lease, me, nonce, ttl_s, *done), checkpoint=None)

    patch.set(leases, "claim", claim)


def conflict_taken_for_success(patch: Patch) -> None:
    plain = learning._write_answered

    def answered(view: View, event: WriteAnswered, now: Instant, chance: str) -> View:
        if event.verdict is WriteVerdict.CONFLICT:
            event = replace(event, verdict=WriteVerdict.DONE, version=view.version)
        return plain(view, event, now, chance)

    patch.set(learning, "_LEARN", {**learning._LEARN, WriteAnswered: answered})


def unknown_taken_for_success(patch: Patch) -> None:
    plain = learning._write_answered

    def answered(view: View, event: WriteAnswered, now: Instant, chance: str) -> View:
        if event.verdict is WriteVerdict.UNKNOWN:
            event = replace(event, verdict=WriteVerdict.DONE, version=view.version)
        return plain(view, event, now, chance)

    patch.set(learning, "_LEARN", {**learning._LEARN, WriteAnswered: answered})


def conflict_taken_as_fenced(patch: Patch) -> None:
    plain = learning._write_answered

    def answered(view: View, event: WriteAnswered, now: Instant, chance: str) -> View:
        fenced = event.verdict is WriteVerdict.CONFLICT and view.tenure is not None
        view = plain(view, event, now, chance)
        return replace(view, fenced=True, tenure=None) if fenced else view

    patch.set(learning, "_LEARN", {**learning._LEARN, WriteAnswered: answered})


def nonce_ignored(patch: Patch) -> None:
    plain = learning._settled

    def settled(view: View, lease: Lease, now: Instant, chance: str) -> View:
        # The record has the epoch that was asked for: it must be ours.
        for write in view.unsettled:
            if write.lease.epoch == lease.epoch:
                mine = replace(write.lease, nonce=lease.nonce)
                believed = (replace(write, lease=mine),)
                return plain(replace(view, lease=mine, unsettled=believed), mine, now, chance)
        return plain(view, lease, now, chance)

    patch.set(learning, "_settled", settled)


def restart_resumes_its_lease(patch: Patch) -> None:
    def is_ours(view: View, lease: Lease) -> bool:
        return lease.holder == view.me.account

    patch.set(views, "is_ours", is_ours)
    patch.set(learning, "is_ours", is_ours)


def found_lease_is_a_tenure(patch: Patch) -> None:
    """A record that names this account is worked under from when it was read."""
    restart_resumes_its_lease(patch)
    plain = learning._lease_read

    def lease_read(view: View, event: LeaseRead, now: Instant, chance: str) -> View:
        after = plain(view, event, now, chance)
        lease = after.lease
        if lease is None or after.tenure or after.spent or lease.holder != after.me.account:
            return after
        if lease.state is not LeaseState.HELD:
            return after
        return replace(after, tenure=Tenure(lease.epoch, now, after.timing.valid_s))

    patch.set(learning, "_LEARN", {**learning._LEARN, LeaseRead: lease_read})


def _works_while_giving_up(patch: Patch, kind: WriteKind) -> None:
    """The offer or vacate seems to have come to nothing, so the work goes on."""

    def work_on(moment: RuleContext) -> tuple[Action, ...]:
        view = moment.view
        if view.spent is not kind or view.write is not None or view.tenure is None:
            return stepping_down.wait_for_word(moment)
        return (SetGoal(Goal(Aim.SERVE, view.tenure.epoch)), *common.read_lease_if_due(moment))

    for finding in (Finding.MINE, Finding.UNREACHABLE):
        _rule(patch, Member.GIVING_UP, finding, work_on)


def work_after_an_unsettled_offer(patch: Patch) -> None:
    _works_while_giving_up(patch, WriteKind.OFFER)


def work_after_an_unsettled_vacate(patch: Patch) -> None:
    _works_while_giving_up(patch, WriteKind.VACATE)


def give_up_before_the_work_has_stopped(patch: Patch) -> None:
    plain = stepping_down.quiesce

    def quiesce(moment: RuleContext) -> tuple[Action, ...]:
        view = moment.view
        early = replace(view, work=replace(view.work, empty=True, goal=Goal(Aim.REST)))
        return plain(replace(moment, view=early))

    _rule(patch, Member.QUIESCING, Finding.MINE, quiesce)


def fenced_works_on(patch: Patch) -> None:
    """Whoever finds the lease with somebody else serves until the deadline, and renews."""

    def serve_on(moment: RuleContext) -> tuple[Action, ...]:
        return primary.serve(moment)

    for finding in (Finding.OTHERS, Finding.STALE):
        _rule(patch, Member.PRIMARY, finding, serve_on)


FAST_MOVES = replace(BUSY, late=0.3, lost=0.25)
LEAVING = replace(BUSY, terms=40, late=0.3, lost=0.35)

LEASE = (
    Mutant("live_lease_claimed", live_lease_claimed, PLAIN),
    Mutant("offer_claimed_by_anybody", offer_claimed_by_anybody, BUSY, fleet={"names": "abc"}),
    Mutant("epoch_kept_on_claim", epoch_kept_on_claim, ROUGH),
    Mutant("pointer_dropped_on_claim", pointer_dropped_on_claim, ROUGH),
    Mutant("conflict_taken_for_success", conflict_taken_for_success, ROUGH),
    Mutant("unknown_taken_for_success", unknown_taken_for_success, LOSSY),
    Mutant("conflict_taken_as_fenced", conflict_taken_as_fenced, replace(PLAIN, touches=30)),
    Mutant("nonce_ignored", nonce_ignored, replace(SLOW, lost=0.3, terms=8)),
    Mutant("found_lease_is_a_tenure", found_lease_is_a_tenure, ROUGH),
    Mutant("work_after_an_unsettled_offer", work_after_an_unsettled_offer, FAST_MOVES),
    Mutant("work_after_an_unsettled_vacate", work_after_an_unsettled_vacate, LEAVING),
    Mutant("give_up_before_the_work_has_stopped", give_up_before_the_work_has_stopped, BUSY),
    Mutant("fenced_works_on", fenced_works_on, ROUGH),
)
