"""What is fuzzed: a reader, what it may raise, and what holds of all that it accepts.

Decided here: the shape of a target, and the one way in which an input is judged,
whoever has made it. Imports nothing of the product: it must be instrumented first.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"
MAX_REASON_CHARS = 400
"""A reason ends up in a report, beside others: see `records.MAX_RECORD_BYTES`."""


@dataclass(frozen=True)
class Target:
    """One reader of what others can write.

    `read` may raise one of `refuses` and nothing else; `holds` gets what it has
    returned, and may raise nothing: it fails an assertion where a property doesn't
    hold. `of` names the functions of the product. `mutator` is one of `mutating`'s, for formats
    that libFuzzer's own changes seldom leave whole. `longest` is libFuzzer's bound on
    an input, in bytes. `also` are libraries that are instrumented as well.
    """

    name: str
    of: str
    read: Callable[[bytes], Any]
    refuses: tuple[type[Exception], ...] = ()
    holds: Callable[[Any], None] = lambda value: None
    mutator: str = ""
    longest: int = 2_048
    longest_reason: int = MAX_REASON_CHARS
    also: tuple[str, ...] = ()

    def accepts(self, data: bytes) -> bool:
        """Whether it reads `data`. Raises whatever shows a fault."""
        try:
            value = self.read(data)
        except self.refuses as refusal:
            reason = str(refusal)
            assert reason, "refused without a reason"
            assert len(reason) <= self.longest_reason, f"{len(reason)} characters of reason"
            return False
        self.holds(value)
        return True


@dataclass(frozen=True)
class Finding:
    """An input under which a target failed, and how."""

    target: str
    data: bytes = field(repr=False)
    error: str


def fault(target: Target, data: bytes) -> str | None:
    """How the target fails under `data`, as `OverflowError: …`; None if it doesn't."""
    try:
        target.accepts(data)
    except Exception as error:  # noqa: BLE001 - any is a finding
        return f"{type(error).__name__}: {error}"[:300]
    return None


def kept(name: str) -> Mapping[str, bytes]:
    """The corpus of a target: what was put there by hand, and what was learnt."""
    folder = CORPUS / name
    if not folder.is_dir():
        return {}
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    lines = learnt(found.pop(LEARNT, b""))
    return {**found, **lines}


LEARNT = "learnt.txt"
"""Inputs that reached more code than those before them: one a line, as Python writes bytes."""


def learnt(text: bytes) -> dict[str, bytes]:
    """The inputs in a file of them, by their line."""
    lines = text.decode("ascii").splitlines()
    return {f"{LEARNT}:{number}": literal_eval(line) for number, line in enumerate(lines, 1)}
