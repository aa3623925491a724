"""The other accounts: who is alive by our own stopwatch, who is ranked first, who should succeed.

Ranks only spread claims out in time. Two agents that disagree race for one conditional write, and
one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sessionlib.core.messages import Report
from sessionlib.core.values import Instant, Role
from sessionlib.core.view import Member, Peer, View, named_holder

GRACE_BEATS = 3
"""So many missed reports make a peer one that can't be counted on."""


def is_alive(peer: Peer, now: Instant, slack_s: float) -> bool:
    """Whether the peer's report changed lately. `slack_s` is how rarely we read it."""
    if peer.ended or peer.member == Member.FENCED:
        return False
    return now.mono - peer.changed_mono <= GRACE_BEATS * peer.every_s + slack_s


def rank_of(view: View, now: Instant) -> int:
    """How many standbys are ranked before this one, by priority, then by name.

    Before the first claim nobody has reported yet, so every account of the
    fleet counts; afterwards only those that are alive, and never the holder.
    """
    lease = view.lease
    first = lease is not None and lease.epoch == 0
    holder = named_holder(lease) if lease is not None else None
    mine = (view.me.priority, view.me.account)
    return sum(
        1
        for peer in view.peers.values()
        if (peer.priority, peer.account) < mine
        and peer.account != holder
        and (
            (first and peer.role is not Role.COLD_BACKUP)
            or is_alive(peer, now, view.timing.slack_s)
        )
    )


def successors(view: View, now: Instant, need_s: float) -> list[Peer]:
    """Who could take over, best first: alive, with `need_s` of its session left."""
    able = [
        peer
        for peer in view.peers.values()
        if is_alive(peer, now, view.timing.slack_s) and peer.remaining_s > need_s
    ]
    return sorted(able, key=lambda peer: (peer.priority, peer.account))


def update_peers(
    peers: Mapping[str, Peer], reports: Mapping[str, tuple[Report, float]], now: Instant
) -> dict[str, Peer]:
    """The peers after `reports` (each with its age in seconds) were read at `now`.

    Accounts that aren't the fleet's are passed over.
    """
    after = dict(peers)
    for account, (report, age_s) in reports.items():
        peer = peers.get(account)
        if peer is None or report.account != account:
            continue
        beat = (report.incarnation, report.beat)
        after[account] = replace(
            peer,
            beat=beat,
            # A report that we meet for the first time may be days old.
            changed_mono=peer.changed_mono if beat == peer.beat else now.mono - age_s,
            every_s=report.every_s,
            member=report.member,
            readiness=report.readiness,
            plan=report.plan,
            remaining_s=report.remaining_s,
            ended=report.ended is not None,
            fetched=report.fetched,
            preparing=report.preparing is not None,
        )
    return after
