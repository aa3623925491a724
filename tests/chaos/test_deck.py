"""Goal: a seed says all of it, nothing asked for is left out in silence, and no kind does nothing.

Method: decks and dice, dealt twice. Nothing is harmed here.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest

from tests.chaos import __main__ as program
from tests.chaos.deck import ALL_KINDS, Hand, deal, dealt, is_of_clocks, parts, possible
from tests.chaos.harms import KINDS, OVERLAP
from tests.chaos.powers import Power
from tests.chaos.verdict import Judged


def played(hand: Hand, seed: int) -> list[tuple[str, float]]:
    """What a hand comes to: each kind, and what its dice show first."""
    rounds = islice(dealt(hand, seed, again=True), 3 * len(hand.kinds))
    return [(kind, chance.random()) for kind, chance in rounds]


def test_the_same_seed_deals_the_same_and_another_one_another() -> None:
    first, again, other = (deal(ALL_KINDS, 4, 3, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert [played(hand, 1) for hand in first] == [played(hand, 1) for hand in again]
    assert [played(hand, 1) for hand in first] != [played(hand, 2) for hand in first]


@pytest.mark.parametrize("fleets", [1, 2, 3, 5])
def test_every_kind_comes_as_often_as_asked(fleets: int) -> None:
    hands = deal(ALL_KINDS, 2, fleets, 7)
    assert len(hands) == max(2, fleets)
    counts = Counter(kind for hand in hands for kind in hand.kinds)
    assert set(counts) == set(ALL_KINDS)
    assert all(count >= 2 for count in counts.values())
    plain = Counter(kind for hand in hands if not hand.clocked for kind in hand.kinds)
    assert plain == {kind: 2 for kind in ALL_KINDS if not is_of_clocks(kind)}


def test_only_a_fleet_with_clocks_of_its_own_gets_the_kinds_about_them() -> None:
    for hand in deal(ALL_KINDS, 1, 4, 1):
        assert hand.clocked == any(map(is_of_clocks, hand.kinds))
    assert [hand.clocked for hand in deal(["sigkill"], 1, 1, 1)] == [False]
    assert [hand.clocked for hand in deal(["clock_step"], 1, 1, 1)] == [True]


def test_what_cant_be_done_here_is_told_apart() -> None:
    assert set(ALL_KINDS) - set(possible(ALL_KINDS, {Power.CLOCKS})) == {"clock_step", "clock_rate"}
    assert possible(ALL_KINDS, ()) == list(ALL_KINDS)


def test_several_at_once_are_of_the_hand_and_each_of_them_comes_once() -> None:
    (hand,) = deal([OVERLAP, "sigkill", "eio", "two_of_three_stopped", "guard"], 20, 1, 3)
    rounds = [(kind, parts(kind, hand, chance)) for kind, chance in dealt(hand, 3, again=False)]
    at_once = [each for kind, each in rounds if kind == OVERLAP]
    assert {frozenset(each) for each in at_once} == {
        frozenset(each) for each in (("sigkill", "eio"), ("sigkill", "guard"), ("eio", "guard"))
    } | {frozenset({"sigkill", "eio", "guard"})}
    assert all(len(each) == len(set(each)) for each in at_once)
    assert all(each == [kind] for kind, each in rounds if kind != OVERLAP)


def test_every_kind_says_what_it_does() -> None:
    harms = [kind.harm for kind in KINDS.values()]
    assert len(set(harms)) == len(harms)


class Played:
    """In place of a run: what it came to is handed in."""

    def __init__(self, judged: list[Judged], failed: list[str], interrupted: bool) -> None:
        self.judged, self.failed, self.interrupted = judged, failed, interrupted
        self.counts: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()

    def play(self) -> None:
        return

    def leftovers(self) -> list[str]:
        return []


GOOD = Judged({"sigkill": [3.0]}, 0.0, True, 0, 0, [0.5], 2, 2)
BAD = Judged({"sigkill": [3.0]}, 0.2, True, 0, 0, [0.5], 2, 2, ["two runs overlapped"])


@pytest.mark.parametrize(
    ("run", "code"),
    [
        (Played([GOOD], [], False), 0),
        (Played([GOOD, BAD], [], False), 1),
        (Played([GOOD], ["fleet 2 ended with code 1, unjudged"], False), 1),
        (Played([GOOD], [], True), 3),
        (Played([BAD], [], True), 1),
    ],
)
def test_the_exit_code_says_what_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: Played, code: int
) -> None:
    monkeypatch.setattr(program, "Run", lambda *_: run)
    monkeypatch.setattr(program, "lacking", dict)
    assert program.main(["--kinds", "sigkill", "--rounds", "1", "--seed", "5"]) == code
    said = capsys.readouterr()
    body = json.loads(said.out)
    assert bool(body["violations"]) == (code == 1)
    assert (body["seed"], body["interrupted"]) == (5, run.interrupted)
    assert '"seed": 5' in said.err


@pytest.mark.parametrize(("times", "said", "code"), [(5, 0, 1), (5, 1, 0), (4, 0, 0)])
def test_harm_that_nobody_notices_is_found(
    monkeypatch: pytest.MonkeyPatch, times: int, said: int, code: int
) -> None:
    run = Played([replace(GOOD, downtimes={"eio": [0.0] * times})], [], False)
    run.heard["EIO"] = said
    monkeypatch.setattr(program, "Run", lambda *_: run)
    monkeypatch.setattr(program, "lacking", dict)
    assert program.main(["--kinds", "eio", "--rounds", "1"]) == code


def test_what_is_left_out_is_said_and_a_machine_set_up_for_all_of_it_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "Run", lambda *_: Played([GOOD], [], False))
    monkeypatch.setattr(program, "lacking", lambda: {Power.CALLS: "needs strace"})
    monkeypatch.delenv("COLABVPS_NO_SKIPS", raising=False)
    args = ["--kinds", "sigkill", "eio", "--rounds", "1"]
    assert program.main(args) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == {"eio": "needs strace"}
    monkeypatch.setenv("COLABVPS_NO_SKIPS", "1")
    assert program.main(args) == 1
