"""Log records of agents and workloads, as they lie in the store; pure.

What no writer of ours makes is still shown, as text of an unknown time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sessionlib.plain_text import plain
from sessionlib.records import bounded, finite, require_shallow

MAX_LINE_BYTES = 16 * 1024
_OWN = ("at", "account", "level", "event", "text")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a log. `at` is Unix seconds by the writer's clock."""

    at: float | None
    account: str
    level: str
    text: str
    event: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def parse_log(data: bytes, account: str) -> Iterator[LogEntry]:
    """What one account's log says, in its own order."""
    for line in data.splitlines():
        if line.strip():
            yield _entry(line[:MAX_LINE_BYTES], account)


def merge_logs(logs: Iterable[list[LogEntry]]) -> list[LogEntry]:
    """Several logs as one, by time; a line without one stays behind the line before it."""
    keyed = []
    for log in logs:
        at = 0.0
        for entry in log:
            at = at if entry.at is None else entry.at
            keyed.append((at, entry))
    return [entry for _, entry in sorted(keyed, key=lambda pair: pair[0])]


def new_entries(known: list[LogEntry], now: list[LogEntry]) -> list[LogEntry]:
    """What `now` has beyond `known`. A store keeps a log's last part, so its start moves on."""
    for cut, entry in enumerate(known):
        length = len(known) - cut
        if now and entry == now[0] and known[cut:] == now[:length]:
            return now[length:]
    return now


def entry_text(entry: LogEntry) -> str:
    """`12:30:05 primary info …`, in the reader's own time zone; one line, whatever is in it."""
    extra = "".join(f" {name}={value}" for name, value in entry.fields.items())
    said = plain(f"{entry.level} {entry.text}{extra}").rstrip()
    return f"{_clock_time(entry.at)} {entry.account} {said}"


def entry_document(entry: LogEntry) -> dict[str, Any]:
    """The same for programs."""
    head = {
        "at": entry.at,
        "account": entry.account,
        "level": entry.level,
        "event": entry.event,
        "text": entry.text,
    }
    return head | entry.fields


def _entry(line: bytes, account: str) -> LogEntry:
    text = line.decode("utf-8", errors="replace")
    record = _record(text)
    if record is None:
        return LogEntry(None, account, "out", text)
    at = record.get("at")
    event = record.get("event")
    return LogEntry(
        at=float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None,
        # The file's place says whose it is; what the line says of that is only a claim.
        account=account,
        level=str(record.get("level", "info")),
        text=str(record.get("text", record.get("event", ""))),
        event=None if event is None else str(event),
        fields={name: value for name, value in record.items() if name not in _OWN},
    )


def _record(text: str) -> dict[str, Any] | None:
    try:
        record = json.loads(text, parse_int=bounded, parse_float=finite, parse_constant=bounded)
        if not isinstance(record, dict):
            return None
        require_shallow(record)
    except (ValueError, RecursionError):
        return None
    return record if "text" in record or "event" in record else None


def _clock_time(at: float | None) -> str:
    if at is None:
        return "--:--:--"
    try:
        return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "??:??:??"
