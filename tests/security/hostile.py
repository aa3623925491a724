"""Texts that would harm whoever shows them, in every place where others may put one.

Method: escapes for title, clipboard, links and screen, marks that turn text round,
markup, and lines that look like ours, all in one text, and that in all records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from sessionlib.core.messages import PublishedCheckpoint, Receipt, Report
from sessionlib.core.values import Plan, PlanPhase
from tests.unit.console.fleet_on_disk import LEASE, report

OURS = ("SAFE: all is well", "12:00:00 primary info forged", "Done: forged")
EVIL = (
    "evil\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;file:///etc/passwd\x1b\\link\x1b]8;;\x1b\\"
    "\x1b[2J\x1b[31m\x9b31m\x1bPq\x1b\\\x1b_x\x1b\\\u202egnp\u2066\u200b\x00\x08\x7f"
    "[link=file:///etc/passwd]l[/link][/nope][@click=app.quit]q[/][bold"
    + "".join(f"{end}{ours}" for end in ("\n", "\r", "\x0b", "\x85", "\u2028") for ours in OURS)
)
KEPT = "[link=file:///etc/passwd]l[/link]"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def evil(value: Any, *but: str) -> Any:
    """The same record, each text in it hostile, but for those that are looked up by it."""
    changes: dict[str, Any] = {
        field.name: EVIL
        for field in fields(value)
        if field.name not in but and field.type in {"str", "str | None"}
    }
    return replace(value, **changes)


PLAN = evil(Plan("p", "backup1", PlanPhase.NOTIFIED, "r", left_s=60.0), "to")
HOSTILE_LEASE = replace(
    evil(LEASE, "holder", "nonce", "successor"), plan=PLAN, done=(EVIL,), renewal=8
)
COPIED = evil(PublishedCheckpoint("n", 1.0, 2, 3, 4.0, "r"))
RECEIPTS = (Receipt(EVIL, EVIL, EVIL), Receipt("p", "refused", EVIL))


def evil_report(account: str, **changes: Any) -> Report:
    plain = replace(report(account), tasks=(EVIL,), copied=COPIED, receipts=RECEIPTS, **changes)
    return evil(plain, "account", "ended", "member", "phase")  # type: ignore[no-any-return]  # it takes any dataclass


def lines_like_ours(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith(OURS)]


def harmless(text: str) -> None:
    assert OBEYED.search(text.replace("\n", "")) is None, repr(OBEYED.search(text))
    assert lines_like_ours(text) == []


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a record, or in a document."""
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, dict):
        yield from texts_in(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
    elif hasattr(value, "__dataclass_fields__"):
        for field in fields(value):
            yield from texts_in(getattr(value, field.name))
