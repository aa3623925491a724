"""A planned move, drawn: its phases from left to right, and the commit point; pure."""

from __future__ import annotations

from console.fleet.readmodel import FleetView, MoveRow
from console.text.safe_text import text_width
from console.text.units import countdown, duration
from console.tui.styled import Run, Runs, fitted, run, spread, wrapped
from sessionlib.core.values import LeaseState, PlanPhase

STEPS = (
    (PlanPhase.PROPOSED, "T-60", "proposed"),
    (PlanPhase.NOTIFIED, "T-30", "notified"),
    (PlanPhase.WARMING, "T-10", "warming"),
    (PlanPhase.SYNCING, "T-5", "syncing"),
    (PlanPhase.SIGNALLED, "T-2", "signalled"),
    (PlanPhase.QUIESCING, "T-0", "quiesce"),
    (PlanPhase.OFFERED, "T+1", "offered"),
)
COMMIT = len(STEPS) - 2
"""Behind this step stands the commit point, the offer."""

WIDEST = 12
WHAT = {
    PlanPhase.PROPOSED: "waits until its time has come, or until you approve it",
    PlanPhase.NOTIFIED: "the successor knows of it",
    PlanPhase.WARMING: "the successor gets ready: code, environment, newest checkpoint",
    PlanPhase.SYNCING: "changed data is copied while the workload runs",
    PlanPhase.SIGNALLED: "both look closely now",
    PlanPhase.QUIESCING: "the workload stops, and the last of its data is copied",
    PlanPhase.OFFERED: "the lease is offered: from here nobody goes back",
}


def lines(view: FleetView, columns: int) -> list[Runs]:
    """The move in at most `columns`; where there is none, what comes next."""
    move = view.handover
    if move is None:
        return _nothing(view, columns)
    step = columns // len(STEPS)
    found = [spread(_who(move), _when(move), columns)]
    if text_width("".join(text for text, _ in _when(move))) + width_of_who(move) + 2 > columns:
        found.append(fitted(_when(move), columns))
    found += _track(move, min(step, WIDEST)) if step >= 9 else [_short(move, columns)]
    phase = PlanPhase(move.phase)
    found += wrapped(WHAT[phase], "dim", columns)[:2]
    found += _below(move, columns)
    return found


def width_of_who(move: MoveRow) -> int:
    """How much the first line's left part takes."""
    return sum(text_width(text) for text, _ in _who(move))


def _nothing(view: FleetView, columns: int) -> list[Runs]:
    holder = next((row for row in view.accounts if row.is_primary), None)
    if not view.store.reachable or view.lease.epoch is None:
        return [[run("not known", "dim")]]
    if view.lease.state != LeaseState.HELD or holder is None:
        return wrapped("none: there is no primary to move from", "dim", columns)
    how = {
        "auto": "it then moves by itself",
        "approve": "it then asks you",
        "manual": "none is planned by the clock: you order it",
    }[view.policy.handover]
    if view.lease.paused or view.policy.handover == "manual":
        how = "paused: none is planned" if view.lease.paused else how
        return wrapped(f"none; {how}", "dim", columns)
    if holder.remaining_s is None or not holder.lifetime_s:
        return wrapped("none", "dim", columns)
    ahead_s = holder.remaining_s - holder.lifetime_s / 12
    when = f"in {countdown(ahead_s)}" if ahead_s > 0 else "any moment"
    return wrapped(f"none yet; the next is proposed {when}, and {how}", "dim", columns)


def _who(move: MoveRow) -> list[Run]:
    return [
        run(move.from_ or "nobody", "head"),
        (" ──▶ ", "dim"),
        run(move.to, "head"),
        ("  ", ""),
        run(move.phase, "badge-warn"),
    ]


def _when(move: MoveRow) -> list[Run]:
    if move.left_s is None:
        return [("as soon as the successor is ready", "dim")]
    mark = "T-" if move.left_s > 0 else "T+"
    return [(f"{mark}{countdown(abs(move.left_s))}", "head")]


def _track(move: MoveRow, step: int) -> list[Runs]:
    """Three lines: when, the track, the names."""
    now = [phase for phase, _, _ in STEPS].index(PlanPhase(move.phase))
    marks: Runs = []
    track: Runs = []
    names: Runs = []
    for at, (_, mark, name) in enumerate(STEPS):
        tone = "good" if at < now else "warn" if at == now else "dim"
        glyph = "●" if at < now else "◉" if at == now else "○"
        last = at == len(STEPS) - 1
        joint = "" if last else _joint(step - 1, commit=at == COMMIT)
        track += [(glyph, tone), (joint, "good" if at < now else "dim")]
        marks.append(((mark if move.left_s is not None else "").ljust(step), "dim"))
        names.append((name.ljust(step), "head" if at == now else tone))
    return [*([marks] if move.left_s is not None else []), track, names]


def _joint(columns: int, *, commit: bool) -> str:
    if not commit:
        return "─" * columns
    left = (columns - 1) // 2
    return "─" * left + "┃" + "─" * (columns - left - 1)


def _short(move: MoveRow, columns: int) -> Runs:
    now = [phase for phase, _, _ in STEPS].index(PlanPhase(move.phase))
    found: Runs = []
    for at in range(len(STEPS)):
        found.append(
            ("●" if at < now else "◉" if at == now else "○", "good" if at < now else "warn")
        )
        if at < len(STEPS) - 1:
            found.append(("─┃─" if at == COMMIT else "─", "dim"))
    return fitted([*found, ("  ┃ commit point", "dim")], columns)


def _below(move: MoveRow, columns: int) -> list[Runs]:
    if move.phase == PlanPhase.OFFERED:
        note = run("past ┃ commit point: can't be aborted", "warn")
    elif move.asked:
        note = run("waits for your word: a approves, x aborts", "badge-warn")
    else:
        agreed = "approved; " if move.approved else ""
        note = run(f"{agreed}x aborts it, up to the commit point ┃", "dim")
    latest = _latest(move)
    if latest is None:
        return [fitted([note], columns)]
    if text_width(note[0]) + text_width(latest[0]) + 2 <= columns:
        return [spread([note], [latest], columns)]
    return [fitted([note], columns), fitted([latest], columns)]


def _latest(move: MoveRow) -> Run | None:
    left_s = move.latest_safe_s
    if left_s is None:
        return None
    if left_s > 0:
        return run(f"latest safe moment in {duration(left_s)}", "dim")
    return run(f"latest safe moment {duration(-left_s)} ago", "bad")
