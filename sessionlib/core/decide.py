"""What to do next: one table over what an agent is and what it finds.

A pair of member and finding without a rule fails a test. The diagram and the table in
`docs/protocol.md` are drawn from this one. An event makes a new View (`learn`), and `decide`
gives actions for it. Each action is noted in the View as it starts (`begun`), so that deciding
again at once gives nothing new. Its answer is an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from sessionlib.core.actions import Action
from sessionlib.core.orders.ages import without_late
from sessionlib.core.peers import rank_of
from sessionlib.core.rules import primary, standby, stepping_down
from sessionlib.core.rules.common import Rule, RuleContext
from sessionlib.core.values import Instant
from sessionlib.core.view import Finding, Member, View, finding_of, member_of

RULES: Mapping[tuple[Member, Finding], Rule] = {
    (Member.STANDBY, Finding.UNSEEN): standby.watch,
    (Member.STANDBY, Finding.UNREACHABLE): standby.watch,
    (Member.STANDBY, Finding.UNKNOWN): standby.watch,
    (Member.STANDBY, Finding.VACANT): standby.claim_in_turn,
    (Member.STANDBY, Finding.OFFERED): standby.claim_offered,
    (Member.STANDBY, Finding.MINE): standby.adopt,
    (Member.STANDBY, Finding.OTHERS): standby.watch_holder,
    (Member.STANDBY, Finding.STALE): standby.take_over,
    (Member.PRIMARY, Finding.UNSEEN): primary.hold_on,
    (Member.PRIMARY, Finding.UNREACHABLE): primary.hold_on,
    (Member.PRIMARY, Finding.UNKNOWN): primary.stop_renewing,
    (Member.PRIMARY, Finding.VACANT): primary.stop_as_fenced,
    (Member.PRIMARY, Finding.OFFERED): primary.stop_as_fenced,
    (Member.PRIMARY, Finding.MINE): primary.serve,
    (Member.PRIMARY, Finding.OTHERS): primary.stop_as_fenced,
    (Member.PRIMARY, Finding.STALE): primary.stop_as_fenced,
    (Member.QUIESCING, Finding.UNSEEN): stepping_down.quiesce_blind,
    (Member.QUIESCING, Finding.UNREACHABLE): stepping_down.quiesce,
    (Member.QUIESCING, Finding.UNKNOWN): stepping_down.quiesce_blind,
    (Member.QUIESCING, Finding.VACANT): primary.stop_as_fenced,
    (Member.QUIESCING, Finding.OFFERED): primary.stop_as_fenced,
    (Member.QUIESCING, Finding.MINE): stepping_down.quiesce,
    (Member.QUIESCING, Finding.OTHERS): primary.stop_as_fenced,
    (Member.QUIESCING, Finding.STALE): primary.stop_as_fenced,
    (Member.GIVING_UP, Finding.MINE): stepping_down.give_up_again,
    # Whatever else a claimant whose claim is unsettled finds, the record has to be
    # read back first; a giver-up waits for word; the fenced only finish.
    **{(Member.CLAIMING, finding): standby.settle for finding in Finding},
    **{
        (Member.GIVING_UP, finding): stepping_down.wait_for_word
        for finding in Finding
        if finding is not Finding.MINE
    },
    **{(Member.FENCED, finding): stepping_down.finish_fenced for finding in Finding},
}

MISSING = set(product(Member, Finding)) - set(RULES)


def decide(view: View, now: Instant, nonce: str) -> tuple[Action, ...]:
    """What to do at `now`, in order. `nonce` is fresh, for at most one write."""
    view = without_late(view, now)
    rank = rank_of(view, now)
    rule = RULES[member_of(view), finding_of(view, now, rank)]
    return rule(RuleContext(view, now, nonce, rank))
