"""A fleet in words that fit 80 columns, and how sentences are broken to fit others.

Each glyph has a word beside it that says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from console.fleet.coordinator import CoordinatorStatus
from console.fleet.readmodel import AccountRow, CheckpointRow, FleetView, MoveRow, StoreRow
from console.fleet.safety import SafetyLevel, safety
from console.text.safe_text import one_line, padded, text_width, wrapped
from console.text.units import ago, duration, size_text
from sessionlib.core.messages import History
from sessionlib.core.session_phases import Phase

__all__ = [
    "SAFETY_TONES",
    "TextLine",
    "ago",
    "checkpoint_text",
    "coordinator_text",
    "duration",
    "fitted",
    "fleet_lines",
    "move_text",
    "phase_glyph",
    "plan_text",
    "role_text",
    "store_text",
    "table",
    "work_text",
]

SAFETY_TONES = {
    SafetyLevel.SAFE: "good",
    SafetyLevel.MOVING: "warn",
    SafetyLevel.PAUSED: "warn",
    SafetyLevel.NOT_SAFE: "bad",
    SafetyLevel.UNKNOWN: "bad",
}
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
class TextLine:
    """One line and how it is meant. A row or a command is `laid_out`: it isn't to be broken."""

    text: str = ""
    tone: str = ""
    laid_out: bool = False


def fleet_lines(view: FleetView, config: str) -> list[TextLine]:
    """The whole picture; `config` is the file's name, for commands to copy."""
    verdict = safety(view)
    lines = [
        TextLine(f"Fleet {view.fleet}   {store_text(view.store)}", "head"),
        TextLine(f"{verdict.word}: {verdict.reason}", SAFETY_TONES[verdict.word]),
        TextLine(_lease(view)),
    ]
    if view.coordinator is not None:
        lines.append(TextLine(coordinator_text(view.coordinator), "dim"))
    if view.handover is not None:
        lines.append(TextLine(f"▲ Handover {plan_text(view.handover)}", "warn"))
    if view.lease.epoch is not None:
        lines.append(TextLine(f"Checkpoint: {checkpoint_text(view.checkpoint)}", "dim"))
    lines += [TextLine(f"! {trouble}", "bad") for trouble in view.troubles]
    lines += [TextLine(), TextLine(_columns(_HEADS), "dim", laid_out=True)]
    lines += [_account(row) for row in view.accounts]
    if view.last_move is not None:
        lines += [TextLine(), TextLine(f"Last move: {move_text(view.last_move)}", "dim")]
    if view.store.reachable and not view.reported:
        lines += [TextLine(), *_first_steps(view, config)]
    return lines


def fitted(lines: Iterable[TextLine], columns: int | None) -> list[TextLine]:
    """The same with every sentence in lines of at most `columns`; as it is without a terminal."""
    if columns is None:
        return list(lines)
    found: list[TextLine] = []
    for line in lines:
        texts = [line.text] if line.laid_out else wrapped(line.text, columns, hang=2)
        found += [replace(line, text=text) for text in texts]
    return found


def move_text(history: History) -> str:
    """One claim in a few words."""
    down = "" if history.downtime_s is None else f", {history.downtime_s:.1f} s down"
    text = (
        f"epoch {history.epoch}, {history.kind}, {history.from_ or 'nobody'} → {history.to}{down}"
    )
    return f"{text} ({history.reason})" if history.reason else text


def coordinator_text(seen: CoordinatorStatus) -> str:
    """What the coordinator says, in one line."""
    if seen.reachable is None:
        return "Coordinator: no answer yet"
    if not seen.reachable:
        return (
            f"Coordinator: out of reach; nothing depends on it ({one_line(seen.error or '', 60)})"
        )
    if seen.primary is not None:
        return f"Coordinator: points at {one_line(seen.primary, 30)}, epoch {seen.epoch}"
    if seen.error is not None:
        return f"Coordinator: answers, and tells this console nothing: {one_line(seen.error, 300)}"
    return "Coordinator: answers, and points at nobody"


def table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> list[str]:
    """Columns as wide as their longest cell, the last one free."""
    harmless = [[one_line(cell, 200) for cell in row] for row in rows]
    widths = [
        max(text_width(row[index]) for row in [heads, *harmless]) for index in range(len(heads) - 1)
    ]
    return [
        "  ".join([*map(padded, row[:-1], widths), row[-1]]).rstrip() for row in [heads, *harmless]
    ]


def phase_glyph(phase: str | None) -> tuple[str, str]:
    """The glyph of a phase, and its tone."""
    return _GLYPHS[Phase(phase)] if phase else ("?", "bad")


def plan_text(move: MoveRow) -> str:
    """A planned move in one line."""
    when = "" if move.left_s is None else f", T-0 in {duration(move.left_s)}"
    asked = ", waits for your word" if move.asked else ""
    left_s = move.latest_safe_s
    safe = "" if left_s is None else f", latest safe start in {duration(left_s)}"
    return f"{move.from_} → {move.to}: {move.phase}{when}{asked}{safe}"


def checkpoint_text(copy: CheckpointRow) -> str:
    """The newest copy of the data in one line."""
    if copy.seq is None:
        # Not that of the interval, which it doesn't wait for.
        return "none yet; the first is made soon after the work begins"
    age = "age not known" if copy.age_s is None else f"{duration(copy.age_s)} old"
    receipt = f", {copy.receipt}" if copy.receipt else ""
    return f"{copy.epoch}.{copy.seq}, {size_text(copy.bytes)}, {age}, durable{receipt}"


def role_text(role: str) -> str:
    """`main worker`."""
    return role.replace("_", " ")


def work_text(row: AccountRow) -> str:
    """What matters most of a session: its work, or how ready it is for it."""
    if row.phase == Phase.COLD:
        return "-"
    word = row.workload if row.is_primary or row.workload != "none" else row.readiness
    return word or "-"


def store_text(store: StoreRow) -> str:
    """Whether the store answers, and how fast."""
    if not store.reachable:
        return f"store {store.kind}: UNREACHABLE"
    return f"store {store.kind}, answers in {(store.latency_s or 0.0) * 1_000:.0f} ms"


def _lease(view: FleetView) -> str:
    lease = view.lease
    if lease.epoch is None:
        return "Lease: not known"
    holder = {"free": "held by nobody", "offered": f"offered by {lease.holder}"}.get(
        lease.state or "", f"held by {lease.holder}"
    )
    valid = {True: "valid", False: "not valid", None: "validity not known"}[lease.valid]
    return f"Lease: epoch {lease.epoch}, {holder}, written {ago(lease.age_s)}, {valid}"


def _account(row: AccountRow) -> TextLine:
    glyph, tone = phase_glyph(row.phase)
    cells = (
        "▶" if row.is_primary else "",
        row.name,
        role_text(row.role),
        f"{glyph} {row.phase or 'not known'}",
        duration(row.remaining_s),
        ago(row.heartbeat_age_s) if row.heartbeat_age_s is not None else _silence_text(row),
        work_text(row),
    )
    return TextLine(_columns(cells), tone, laid_out=True)


def _silence_text(row: AccountRow) -> str:
    return "never" if row.phase == Phase.COLD else "-"


def _columns(cells: Sequence[str]) -> str:
    return " ".join(map(padded, cells, _WIDTHS)).rstrip()


def _first_steps(view: FleetView, config: str) -> list[TextLine]:
    first = view.accounts[0].name
    return [
        TextLine("No agent has reported yet. Start one:"),
        TextLine(
            f"  python -m sessionlib agent --config {config} --account {first}", laid_out=True
        ),
    ]
