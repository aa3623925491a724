"""`demo`: a fleet on this machine that needs nothing set up, and the judgement on it.

Exit code 0 only if never two copies of the work ran at once and every planned move lost nothing.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from console.demo import session_restarter as lives
from console.demo.demo_fleet import ACCOUNTS, DemoFleet
from console.demo.demo_store import DemoStore
from console.demo.journal_judge import (
    WorkPeriod,
    WorkTransfer,
    epochs_rise,
    overlap_s,
    read_journals,
    work_transfers,
)
from console.demo.scenario import Scenario
from console.errors import FAILED
from console.fleet.snapshot import history_epochs, try_read_from_store
from console.signing.seed_storage import VARIABLE
from console.text.output import Output, is_screen
from sessionlib.coordinator import TOKEN_VARIABLE
from sessionlib.core.messages import History, MoveKind
from sessionlib.extras import needed
from sessionlib.layout import history_key

DONE = 0
SCALE = 20.0
"""How fast a performance is: the leases' fastest."""


def run(  # noqa: PLR0913 - the command's options
    *,
    out: Output,
    headless: bool,
    handovers: int,
    kill_primary: bool,
    scale: float | None,
    folder: Path | None,
    store: str = "folder",
) -> int:
    """Perform, judge and report; the exit code."""
    # An ordinary end on these too: leaving the `with` is what cleans up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    lively = not headless and not out.json and is_screen(sys.stdout)
    changes = lives.CHANGES if lively else None
    if store == "drive-emulator":
        out.message("starting an emulator of Google Drive: nothing here reaches Google")
    premises = _premises(store)
    speed = scale or (lives.SCALE if lively else SCALE)
    coordinated = _has_coordinator(out)
    with DemoFleet(folder, speed, changes, premises, coordinated=coordinated) as stage:
        if stage.coordinator is not None:
            out.message(f"the status page, for who uses the work: {stage.coordinator.url}/")
            # The console's own, as an operator would have it.
            os.environ[TOKEN_VARIABLE] = stage.coordinator.operators_token
        if lively:
            moves = _watch(out, stage)
        else:
            moves = _perform(Scenario(stage, out.message), handovers, kill_primary=kill_primary)
        tenures = read_journals(stage.journals)
    if not stage.is_temporary:
        out.message(f"everything is kept in {stage.folder}")
    return _report(out, moves, tenures)


def _has_coordinator(out: Output) -> bool:
    if find_spec("fastapi") is not None:
        return True
    out.message(f"no coordinator: it {needed('coordinator')}")
    return False


def _premises(store: str) -> Callable[[Path, Mapping[str, str]], DemoStore] | None:
    if store == "folder":
        return None
    from console.demo.emulated_drive import EmulatedDrive  # noqa: PLC0415 - loaded only here

    return EmulatedDrive


def _watch(out: Output, stage: DemoFleet) -> list[History]:
    """Show the fleet until the operator leaves; the moves that were made meanwhile."""
    out.message(f"The fleet is in {stage.folder}. To give it orders from another terminal:")
    out.message(f"  . {stage.operators_file}")
    # The screen signs its orders with the key that it finds as any console would.
    os.environ[VARIABLE] = stage.seed
    from console.tui.run import watch  # noqa: PLC0415 - loaded only here

    life = lives.SessionRestarter(stage)
    life.begin()
    try:
        watch(stage.fleet, stage.open_store)
    finally:
        life.end()
    # Before the sessions end: nobody is to take over from one that is being cleared away.
    store = stage.fleet.store
    seen = [
        try_read_from_store(store, History, history_key(epoch)).value
        for epoch in history_epochs(store)
    ]
    return [move for move in seen if move is not None and move.epoch > 1]


def _perform(play: Scenario, handovers: int, *, kill_primary: bool) -> list[History]:
    play.begin()
    moves = [play.hand_over() for _ in range(handovers)]
    if kill_primary:
        moves.append(play.kill_primary())
    return moves


def _report(out: Output, moves: list[History], tenures: list[WorkPeriod]) -> int:
    kinds = {move.epoch: move.kind for move in moves}
    found = work_transfers(tenures)
    told = [_transfer_document(passage, kinds) for passage in found]
    judged = {
        "handovers": told,
        "accounts": {account: _account(account, tenures) for account in ACCOUNTS},
    }
    if out.json:
        out.document(judged)
    else:
        _table(out, told)
    lost = [p for p in found if p.lost_writes and kinds.get(p.after.epoch) is MoveKind.PLANNED]
    overlapped = overlap_s(tenures) > 0
    fell = not epochs_rise(tenures)
    missing = {move.epoch for move in moves} - {passage.after.epoch for passage in found}
    if overlapped:
        out.message("two copies of the work ran at once", "bad")
    if fell:
        out.message("an epoch came twice, or after a higher one", "bad")
    if lost:
        out.message("a planned move lost writes", "bad")
    if missing:
        out.message(f"no work was done under epoch {min(missing)}", "bad")
    return FAILED if overlapped or fell or lost or missing else DONE


def _transfer_document(passage: WorkTransfer, kinds: dict[int, MoveKind]) -> dict[str, Any]:
    return {
        "kind": kinds.get(passage.after.epoch, MoveKind.TAKEOVER).value,
        "from": passage.before.account,
        "to": passage.after.account,
        "epoch": passage.after.epoch,
        "downtime_s": round(passage.downtime_s, 3),
        "overlap_s": round(passage.overlap_s, 3),
        "lost_writes": passage.lost_writes,
    }


def _account(account: str, tenures: list[WorkPeriod]) -> dict[str, Any]:
    own = [tenure for tenure in tenures if tenure.account == account]
    return {
        "tenures": len(own),
        "served_s": round(sum(t.last.at_s - t.first.at_s for t in own), 3),
        "writes": sum(len(tenure.ticks) for tenure in own),
    }


def _table(out: Output, told: list[dict[str, Any]]) -> None:
    out.line("As the workload's own ticks have it:", "head")
    out.line(f"{'EPOCH':<7}{'KIND':<10}{'FROM':<10}{'TO':<10}{'DOWN':>8}{'OVERLAP':>9}{'LOST':>6}")
    for row in told:
        out.line(
            f"{row['epoch']:<7}{row['kind']:<10}{row['from']:<10}{row['to']:<10}"
            f"{row['downtime_s']:>7.2f}s{row['overlap_s']:>8.2f}s{row['lost_writes']:>6}"
        )
    if not told:
        out.line("Nothing moved.")
