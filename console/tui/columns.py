"""The fleet's table: its columns, which of them fit, and what stands in a cell; pure.

Every glyph has its word beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from console.fleet.fleet_text import phase_glyph, role_text
from console.fleet.readmodel import AccountRow
from console.text.units import ago, countdown, duration
from console.tui.styled import Run, cell, harmless
from sessionlib.core.session_phases import Phase

GAP = 1
EXTRA = 8
"""Columns of this rank and above are only there where there is room to spare."""
LIVE = frozenset({"left", "bar", "heard"})
"""What changes every second; the rest only when something has happened."""


@dataclass(frozen=True, slots=True)
class Column:
    """`rank`: the higher, the sooner it gives way. It takes `least` to `most` columns, and is
    comfortable with `good`; extras come once all others are comfortable."""

    name: str
    head: str
    rank: int
    least: int
    good: int
    most: int
    text: Callable[[AccountRow, int], Run]


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column where it stands: `at` columns from the left, `columns` wide."""

    column: Column
    at: int
    columns: int


def place_columns(rows: Sequence[AccountRow], columns: int) -> tuple[PlacedColumn, ...]:
    """The columns that fit, from left to right, all of the room given out."""
    all_columns = _columns(max([7, *(len(row.name) for row in rows[:200])]))
    chosen: list[Column] = []
    room = columns
    for column in sorted(all_columns, key=lambda column: column.rank):
        if column.rank >= EXTRA:
            spare = sum(one.good - one.least for one in chosen if one.rank < EXTRA)
        else:
            spare = 0
        need = column.least + (GAP if chosen else 0)
        if need + spare > room and chosen:
            break
        chosen.append(column)
        room -= need
    chosen.sort(key=all_columns.index)
    wide = {column.name: column.least for column in chosen}
    for most in ("good", "most"):
        for column in sorted(chosen, key=lambda column: (column.name != "work", column.rank)):
            more = max(0, min(room, getattr(column, most) - wide[column.name]))
            wide[column.name] += more
            room -= more
    result, at = [], 0
    for column in chosen:
        result.append(PlacedColumn(column, at, wide[column.name]))
        at += wide[column.name] + GAP
    return tuple(result)


def live_span(columns: Sequence[PlacedColumn]) -> tuple[int, int] | None:
    """Where the columns that change every second stand: from, to (not included)."""
    live = [one for one in columns if one.column.name in LIVE]
    return (live[0].at, live[-1].at + live[-1].columns) if live else None


def heading_line(columns: Sequence[PlacedColumn]) -> str:
    """The line above the rows."""
    return (" " * GAP).join(cell(one.column.head, one.columns) for one in columns)


def row_runs(row: AccountRow, columns: Sequence[PlacedColumn]) -> list[Run]:
    """One row; each cell as wide as its column."""
    found: list[Run] = []
    for one in columns:
        if found:
            found.append((" " * GAP, ""))
        text, tone = one.column.text(row, one.columns)
        found.append((cell(text, one.columns), tone))
    return found


def bar(part: float, columns: int) -> str:
    """A line that drains from the right: heavy is what is left, light what is gone."""
    halves = round(max(0.0, min(1.0, part)) * columns * 2)
    full, half = divmod(halves, 2)
    return "━" * full + "╸" * half + "─" * (columns - full - half)


def _columns(name: int) -> list[Column]:
    return [
        Column("mark", "", 0, 1, 1, 1, _mark),
        Column("name", "ACCOUNT", 0, min(name, 14), min(name, 20), min(name, 32), _name),
        Column("priority", "#", 7, 2, 2, 2, lambda row, _: (str(row.priority), "dim")),
        Column("role", "ROLE", 6, 4, 11, 11, _role),
        Column("phase", "PHASE", 1, 11, 11, 11, _phase),
        Column("left", "LEFT", 2, 8, 8, 8, _left),
        Column("bar", "", 5, 6, 16, 40, _bar),
        Column("heard", "HEARD", 3, 7, 7, 7, _heard),
        Column("ready", "READY", 4, 7, 7, 7, _ready),
        Column("work", "WORK", 4, 8, 26, 40, _work),
        Column("email", "E-MAIL", EXTRA, 20, 24, 32, lambda row, _: (row.email, "dim")),
        Column("owner", "OWNER", EXTRA + 1, 12, 16, 24, _owner),
    ]


def _role(row: AccountRow, columns: int) -> Run:
    role = role_text(row.role)
    return (role if len(role) <= columns else role.partition(" ")[0], "dim")


def _owner(row: AccountRow, _: int) -> Run:
    return (harmless(row.owner or "-"), "dim")


def _mark(row: AccountRow, _: int) -> Run:
    return ("▶" if row.is_primary else " ", "good")


def _name(row: AccountRow, _: int) -> Run:
    return (row.name, "head" if row.is_primary else "")


def _phase(row: AccountRow, _: int) -> Run:
    glyph, tone = phase_glyph(row.phase)
    return (f"{glyph} {row.phase or 'not known'}", tone)


def _left(row: AccountRow, _: int) -> Run:
    if row.remaining_s is None:
        return ("", "")
    return (countdown(row.remaining_s), phase_glyph(row.phase)[1] if row.phase else "dim")


def _bar(row: AccountRow, columns: int) -> Run:
    if row.remaining_s is None or not row.lifetime_s:
        return ("", "")
    return (bar(row.remaining_s / row.lifetime_s, columns), phase_glyph(row.phase)[1])


def _heard(row: AccountRow, _: int) -> Run:
    if row.heartbeat_age_s is None:
        return ("never" if row.phase == Phase.COLD else "-", "dim")
    return (duration(row.heartbeat_age_s), "bad" if row.phase in {None, Phase.LOST} else "dim")


def _ready(row: AccountRow, _: int) -> Run:
    tones = {"ready": "good", "warming": "warn", "cold": "dim"}
    return (row.readiness or "-", tones.get(row.readiness or "", "dim"))


def _work(row: AccountRow, _: int) -> Run:
    if row.phase == Phase.COLD or row.workload is None:
        return ("-", "dim")
    if row.workload == "none":
        return (harmless(row.preparing or "-"), "dim")
    tone = "good" if row.workload == "serving" else "" if row.workload == "warm" else "warn"
    said = f" · {row.progress}" if row.progress else ""
    return (harmless(row.workload + said), tone)


def details(row: AccountRow) -> list[tuple[str, str]]:
    """All that a row knows, in words."""
    return [
        ("e-mail", row.email),
        ("owner", row.owner or "-"),
        ("role", f"{role_text(row.role)}, priority {row.priority}"),
        ("phase", row.phase or "not known"),
        (
            "left",
            countdown(row.remaining_s)
            + (f" of {duration(row.lifetime_s)}, by its lifetime" if row.lifetime_s else ""),
        ),
        ("heard", ago(row.heartbeat_age_s)),
        ("epoch", "-" if row.epoch is None else str(row.epoch)),
        ("readiness", " · ".join(filter(None, (row.readiness or "not known", row.preparing)))),
        ("workload", " · ".join(filter(None, (row.workload or "not known", row.progress)))),
        ("asks", row.asks or "nothing"),
    ]
