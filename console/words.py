"""A fleet in words that fit 80 columns.

Decided here: glyphs, each beside a word that says the same; ages and lengths of
time; the table. Not decided here: what is true (`readmodel`), and whether
colours are used (`output`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.readmodel import AccountRow, FleetView
from console.safe_text import one_line, padded, width
from sessionlib.core.lifecycle import Phase
from sessionlib.core.notes import History

_GLYPHS = {
    Phase.FRESH: ("●", "good"),
    Phase.ACTIVE: ("●", "good"),
    Phase.WARNING: ("▲", "warn"),
    Phase.HANDOVER: ("▲", "warn"),
    Phase.EXPIRED: ("✖", "bad"),
    Phase.COLD: ("○", "dim"),
    Phase.STARTING: ("◌", "warn"),
    Phase.LOST: ("?", "bad"),
    Phase.FENCED: ("■", "bad"),
}
_WIDTHS = (2, 19, 11, 12, 7, 9, 9)
_HEADS = ("", "ACCOUNT", "ROLE", "PHASE", "LEFT", "HEARD", "WORK")


@dataclass(frozen=True, slots=True)
class Line:
    """One line and how it is meant."""

    text: str = ""
    tone: str = ""


def fleet_lines(view: FleetView, config: str) -> list[Line]:
    """The whole picture; `config` is the file's name, for commands to copy."""
    lines = [Line(f"Fleet {view.fleet}   {_store(view)}", "head"), Line(_lease(view))]
    if view.handover is not None:
        move = view.handover
        lines.append(Line(f"▲ Handover {move.from_} → {move.to}: {move.phase}", "warn"))
    lines += [Line(f"! {trouble}", "bad") for trouble in view.troubles]
    lines += [Line(), Line(_columns(_HEADS), "dim")]
    lines += [_account(row) for row in view.accounts]
    if view.last_move is not None:
        lines += [Line(), Line(f"Last move: {move_text(view.last_move)}", "dim")]
    if view.store.reachable and not view.reported:
        lines += [Line(), *_first_steps(view, config)]
    return lines


def move_text(history: History) -> str:
    """One claim in a few words."""
    down = "" if history.downtime_s is None else f", {history.downtime_s:.1f} s down"
    text = (
        f"epoch {history.epoch}, {history.kind}, {history.from_ or 'nobody'} → {history.to}{down}"
    )
    return f"{text} ({history.reason})" if history.reason else text


def length(seconds: float | None) -> str:
    """`7h12m`, `3m20s`, `12s`; `-` where it isn't known."""
    if seconds is None:
        return "-"
    whole = int(max(0.0, seconds))
    hours, minutes, rest = whole // 3_600, whole // 60 % 60, whole % 60
    if hours >= 100:
        return f"{hours // 24}d{hours % 24:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def ago(seconds: float | None) -> str:
    """`3s ago`; `never` where there is nothing to be old."""
    return "never" if seconds is None else f"{length(seconds)} ago"


def table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> list[str]:
    """Columns as wide as their longest cell, the last one free."""
    harmless = [[one_line(cell, 200) for cell in row] for row in rows]
    widths = [
        max(width(row[index]) for row in [heads, *harmless]) for index in range(len(heads) - 1)
    ]
    return [
        "  ".join([*map(padded, row[:-1], widths), row[-1]]).rstrip() for row in [heads, *harmless]
    ]


def _store(view: FleetView) -> str:
    if not view.store.reachable:
        return f"store {view.store.kind}: UNREACHABLE"
    latency_ms = (view.store.latency_s or 0.0) * 1_000
    return f"store {view.store.kind}, answers in {latency_ms:.0f} ms"


def _lease(view: FleetView) -> str:
    lease = view.lease
    if lease.epoch is None:
        return "Lease: not known"
    holder = {"free": "held by nobody", "offered": f"offered by {lease.holder}"}.get(
        lease.state or "", f"held by {lease.holder}"
    )
    valid = {True: "valid", False: "not valid", None: "validity not known"}[lease.valid]
    return f"Lease: epoch {lease.epoch}, {holder}, written {ago(lease.age_s)}, {valid}"


def _account(row: AccountRow) -> Line:
    glyph, tone = _GLYPHS[Phase(row.phase)] if row.phase else ("?", "bad")
    cells = (
        "▶" if row.is_primary else "",
        row.name,
        row.role.replace("_", " "),
        f"{glyph} {row.phase or 'not known'}",
        length(row.remaining_s),
        ago(row.heartbeat_age_s) if row.heartbeat_age_s is not None else _unheard(row),
        _work(row),
    )
    return Line(_columns(cells), tone)


def _unheard(row: AccountRow) -> str:
    return "never" if row.phase == Phase.COLD else "-"


def _work(row: AccountRow) -> str:
    if row.phase == Phase.COLD:
        return "-"
    word = row.workload if row.is_primary or row.workload != "none" else row.readiness
    return word or "-"


def _columns(cells: Sequence[str]) -> str:
    return " ".join(map(padded, cells, _WIDTHS)).rstrip()


def _first_steps(view: FleetView, config: str) -> list[Line]:
    first = view.accounts[0].name
    return [
        Line("No agent has reported yet. Start one:"),
        Line(f"  python -m sessionlib agent --config {config} --account {first}"),
    ]
