"""Goal: a key is followed by another one only by its own word, once, and not for ever.

Method: chains of keys in a real folder store, some of them forged.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sessionlib.errors import ProgramError
from sessionlib.layout import succession_key
from sessionlib.signed.key_succession import (
    MAX_CHANGES,
    SUCCESSION_RECORDS,
    FollowedKey,
    KeySuccession,
    follow_key_chain,
)
from sessionlib.signing import public_of
from tests.unit.bundles.published_code import Fleet, fleet

__all__ = ["fleet"]

SEEDS = [f"{number:02x}" * 32 for number in range(1, MAX_CHANGES + 4)]
KEYS = [public_of(seed) for seed in SEEDS]


def word(old: int, new: int, **changes: str) -> KeySuccession:
    plain = replace(
        KeySuccession("my-fleet", KEYS[old], KEYS[new], 1_700_000_000.0, "me@here"),
        **changes,  # type: ignore[arg-type]  # texts only
    )
    return SUCCESSION_RECORDS.sign(plain, SEEDS[old])


def put(fleet: Fleet, step: KeySuccession, old: int | None = None) -> None:
    key = succession_key(step.old if old is None else KEYS[old])
    fleet.store.create(key, SUCCESSION_RECORDS.encode(step))


def test_a_key_nobody_follows_is_in_force(fleet: Fleet) -> None:
    assert follow_key_chain(fleet.store, "my-fleet", KEYS[0]).keys[-1] == KEYS[0]


def test_whoever_has_an_old_key_follows_the_chain(fleet: Fleet) -> None:
    put(fleet, word(0, 1))
    put(fleet, word(1, 2))
    assert [follow_key_chain(fleet.store, "my-fleet", key).keys[-1] for key in KEYS[:3]] == [
        KEYS[2]
    ] * 3


@pytest.mark.parametrize(
    "step",
    [
        replace(word(0, 1), new=KEYS[2]),
        SUCCESSION_RECORDS.sign(replace(word(0, 1), signature=""), SEEDS[1]),
        word(0, 1, fleet="other"),
        word(1, 2),
        SUCCESSION_RECORDS.sign(replace(word(0, 1), new="../another place"), SEEDS[0]),
    ],
    ids=["changed", "signed by the new key", "another fleet", "another key's, renamed", "no key"],
)
def test_what_the_old_key_didnt_sign_is_passed_over(fleet: Fleet, step: KeySuccession) -> None:
    put(fleet, step, old=0)
    chain = follow_key_chain(fleet.store, "my-fleet", KEYS[0])
    assert chain.keys == (KEYS[0],)
    assert succession_key(KEYS[0]) in chain.refused


def test_a_torn_word_is_passed_over(fleet: Fleet) -> None:
    fleet.store.create(succession_key(KEYS[0]), b"{")
    assert follow_key_chain(fleet.store, "my-fleet", KEYS[0]).keys[-1] == KEYS[0]


def test_chains_that_go_round_are_refused(fleet: Fleet) -> None:
    put(fleet, word(0, 1))
    put(fleet, word(1, 2))
    put(fleet, word(2, 0))
    with pytest.raises(ProgramError, match="go round"):
        follow_key_chain(fleet.store, "my-fleet", KEYS[0])


def test_chains_are_bounded(fleet: Fleet) -> None:
    for number in range(MAX_CHANGES + 1):
        put(fleet, word(number, number + 1))
    with pytest.raises(ProgramError, match="changed more than 16 times"):
        follow_key_chain(fleet.store, "my-fleet", KEYS[0])
    assert follow_key_chain(fleet.store, "my-fleet", KEYS[1]).keys[-1] == KEYS[MAX_CHANGES + 1]


def test_an_agent_remembers_how_far_it_has_come(fleet: Fleet, tmp_path: Path) -> None:
    put(fleet, word(0, 1))

    def started_with(number: int) -> FollowedKey:
        return FollowedKey(fleet.store, "my-fleet", KEYS[number], tmp_path)

    assert started_with(0).update() == KEYS[1]
    (fleet.folder / "shared" / succession_key(KEYS[0])).unlink()
    again = started_with(0)
    assert again.public == KEYS[1]
    assert again.update() == KEYS[1]
    put(fleet, word(1, 2))
    assert again.update() == KEYS[2]
    # The operator's own word, in the file, is newer than what is remembered.
    assert started_with(3).update() == KEYS[3]
    put(fleet, word(2, 1))
    assert again.update() == KEYS[2]
    assert "go round" in again.refused


def test_what_is_remembered_and_is_no_key_is_forgotten(fleet: Fleet, tmp_path: Path) -> None:
    for public in ("", "../x", f"{KEYS[1]} ", 5, None):
        (tmp_path / "fleet-key.json").write_text(json.dumps({"pinned": KEYS[0], "public": public}))
        assert FollowedKey(fleet.store, "my-fleet", KEYS[0], tmp_path).update() == KEYS[0]
