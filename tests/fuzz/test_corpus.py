"""Goal: nothing that was ever found comes back.

Method: each input of the kept corpus through its target, the findings of the past
among them, each under a name that tells what it was; and the machinery itself on a
reader that is known to be wrong.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz import mutating
from tests.fuzz.shrinking import shrunk
from tests.fuzz.table import TARGETS
from tests.fuzz.target import CORPUS, Target, fault, kept, learnt


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_corpus_shows_no_fault(name: str) -> None:
    target = TARGETS[name]
    corpus = kept(name)
    faults = {which: fault(target, data) for which, data in corpus.items()}
    assert {which: why for which, why in faults.items() if why} == {}
    # A reader that took nothing, or everything, would be tested by nothing.
    verdicts = {target.accepts(data) for data in corpus.values()}
    assert verdicts == ({True, False} if target.refuses else {True})


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", [name for name, one in TARGETS.items() if one.mutator == "json"])
def test_json_with_something_else_in_one_place(name: str) -> None:
    """The fuzzer's own changes, a few of them: enough to see that they lead somewhere."""
    chance = random.Random(name)
    corpus = list(kept(name).values())
    for _ in range(60):
        data = chance.choice(corpus)
        for _ in range(chance.randrange(1, 4)):
            data = mutating.changed(data, chance) or data
        why = fault(TARGETS[name], data[: TARGETS[name].longest])
        assert why is None, (why, data)


def _wrong(data: bytes) -> int:
    """Fails for what holds a 7 somewhere before an 8."""
    if not data.isdigit():
        raise ValueError("no number")
    return 1 // (1 - (b"7" in data.partition(b"8")[0] and b"8" in data))


WRONG = Target("wrong", "nothing", _wrong, (ValueError,))


def test_a_fault_is_one_and_a_refusal_is_none() -> None:
    assert fault(WRONG, b"12") is None
    assert fault(WRONG, b"x") is None
    assert str(fault(WRONG, b"178")).startswith("ZeroDivisionError")


def test_a_refusal_without_a_reason_or_with_an_endless_one_is_a_fault() -> None:
    def refuses(data: bytes) -> None:
        raise ValueError(data.decode())

    target = Target("wordy", "nothing", refuses, (ValueError,))
    assert fault(target, b"why") is None
    assert "without a reason" in str(fault(target, b""))
    assert "characters of reason" in str(fault(target, b"x" * 1_000))


def test_a_property_that_doesnt_hold_is_a_fault_whatever_it_raises() -> None:
    def holds(value: bytes) -> None:
        raise ValueError("of the sort that a reader may raise")

    assert fault(Target("held", "nothing", bytes, (ValueError,), holds), b"x") is not None


def test_a_finding_is_made_small() -> None:
    assert shrunk(WRONG, b"1234567890" * 20) == b"78"
    assert shrunk(WRONG, b"12") == b"12"


def test_what_was_learnt_is_read_as_it_was_written(tmp_path: Path) -> None:
    inputs = [b"", b"a\n", b"\x00'\"\xff"]
    text = "".join(f"{data!r}\n" for data in inputs).encode()
    assert list(learnt(text).values()) == inputs
