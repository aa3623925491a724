"""What fuzzing has learnt, kept: few and short inputs that reach what a long run has reached.

Decided here: that an input is worth keeping if it goes a way from line to line that no
shorter one goes, and how many are kept. They stand in the corpus's `learnt.txt`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from tests.fuzz.running import CACHE, ROOT
from tests.fuzz.target import CORPUS, LEARNT, Target, fault, kept

MOST_INPUTS = 120
MOST_BYTES = 700
_OURS = (f"{ROOT}/sessionlib", f"{ROOT}/console")

Way = tuple[str, int, int]
"""From one line of a file to another."""


def learn(target: Target) -> int:
    """Choose from all that was found so far; how many are kept."""
    grown = CACHE / "corpus" / target.name
    inputs = {path.read_bytes() for path in grown.iterdir()} if grown.is_dir() else set()
    by_hand = {data for name, data in kept(target.name).items() if not name.startswith(LEARNT)}
    known: set[Way] = set()
    for data in by_hand:
        known |= ways(target, data)
    chosen: list[bytes] = []
    for data in sorted(inputs - by_hand, key=lambda data: (len(data), data)):
        if len(data) > MOST_BYTES or len(chosen) == MOST_INPUTS:
            break
        new = ways(target, data) - known
        if new:
            known |= new
            chosen.append(data)
    place = CORPUS / target.name / LEARNT
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(f"{data!r}\n" for data in chosen))
    return len(chosen)


def ways(target: Target, data: bytes) -> set[Way]:
    """Every step from line to line in the product that `data` leads to."""
    found: set[Way] = set()

    def called(frame: FrameType, _what: str, _value: Any) -> Callable[..., Any] | None:
        name = frame.f_code.co_filename
        if not name.startswith(_OURS):
            return None
        last = 0

        def stepped(frame: FrameType, what: str, _value: Any) -> Callable[..., Any]:
            nonlocal last
            if what == "line":
                found.add((name, last, frame.f_lineno))
                last = frame.f_lineno
            return stepped

        return stepped

    before = sys.gettrace()
    sys.settrace(called)
    try:
        fault(target, data)
    finally:
        sys.settrace(before)
    return found
