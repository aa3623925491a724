"""Moves and kills of real agents over an emulated Drive, one after the other.

A whole fleet of ordinary agents works over the emulator, far away (`--latency-ms`) and with
every fault that a store may have and be got over; now and then it is full for a while.
Planned moves are ordered as an operator would, primaries are killed, and the workload's own
journal judges: never two at work at once, epochs rise, and no move in order loses a write.
Progress goes to standard error; the last line, on standard output, is one JSON document. Exit
code 1 for anything that doesn't hold.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from console.demo.demo_fleet import ACCOUNTS, DemoFleet
from console.demo.emulated_drive import EmulatedDrive
from console.demo.journal_judge import (
    WorkPeriod,
    epochs_rise,
    overlap_s,
    read_journals,
    work_transfers,
)
from console.demo.scenario import WORK_BETWEEN_S, Scenario
from console.emulators.drive.faults.kinds import HOPELESS, KINDS
from console.errors import OutcomeUnknown, Refused
from console.orders import outcomes, proposals
from console.orders.outcomes import OrderOutcome
from console.orders.submit import submit_order
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.messages import MoveKind
from sessionlib.errors import StoreError
from sessionlib.signing import sign

FULL = "full"
"""A Drive that is full stays so until somebody makes room, so it is no matter of dice."""
FULL_EVERY = 10
FULL_S = 20.0
"""So many rounds apart, and for so long at life's own pace."""
EPILOG = """\
examples:
  python -m tests.drive.soak --moves 3 --kills 2 --scale 10
  python -m tests.drive.soak --moves 100 --kills 100                 about an hour
  python -m tests.drive.soak --moves 20 --kills 0 --rate 0 --scale 1  downtime at life's own pace
"""
LOOK_S = 0.5
WAIT_S = 60.0
TRIES = 10
"""So often a move is ordered anew where it was refused or came to nothing."""


def main() -> int:
    options = _options()
    faults = {kind: options.rate for kind in KINDS if kind not in HOPELESS | {FULL}}
    began = SystemClock().now()
    with tempfile.TemporaryDirectory(prefix="colabvps-soak-") as place:
        drive: list[EmulatedDrive] = []

        def premises(folder: Path, emails: Mapping[str, str]) -> EmulatedDrive:
            made = EmulatedDrive(folder, emails, options.latency_ms, {}, options.seed)
            drive.append(made)
            return made

        folder = options.dir or Path(place) / "fleet"
        with DemoFleet(folder, options.scale, None, premises) as stage:
            # Setting up is another test's business.
            drive[0].control("faults", faults if options.rate else {})
            soak = Soak(stage, drive[0], _tell)
            try:
                soak.play(options.moves, options.kills)
            except (Refused, OutcomeUnknown) as error:
                soak.failures.append(f"{error}; {_picture(stage)}")
            drive[0].control("faults", dict.fromkeys(faults, 0.0))
            report = drive[0].control("report")
        # The fleet's folder is there for as long as this block lasts.
        tenures = read_journals(stage.journals)
    found = _judged(soak, tenures)
    took_s = SystemClock().now().since(began)
    given = {"seed": options.seed, "rate": options.rate, "latency_ms": options.latency_ms}
    document = {
        **given,
        "scale": options.scale,
        **found,
        "faults": report.get("faults", {}),
        "defects": report.get("defects", []),
        "took_s": round(took_s),
    }
    print(json.dumps(document), flush=True)  # noqa: T201 - the result
    return 1 if found["violations"] or document["defects"] else 0


class Soak:
    """One fleet, moved and killed over and over."""

    def __init__(self, stage: DemoFleet, drive: EmulatedDrive, tell: Callable[[str], None]) -> None:
        self._stage = stage
        self._drive = drive
        self._play = Scenario(stage, lambda text: None)
        self._tell = tell
        self.kinds: dict[int, MoveKind] = {}
        self.refused = 0
        self.filled = 0
        self._why = ""
        self.failures: list[str] = []

    def play(self, moves: int, kills: int) -> None:
        """Moves and kills by turns, as far as there are both. Raises what no retry cures."""
        self._play.begin()
        for number in range(max(moves, kills)):
            if number < moves:
                self._move()
            if number < kills:
                self._kill()
            if number % FULL_EVERY == 1:
                self._fill()
            if number % 10 == 9:
                self._tell(f"{number + 1} rounds: {len(self.kinds)} moved, {self.refused} refused")

    def _move(self) -> None:
        for _ in range(TRIES):
            self._play.wait_until(self._play.all_report, WAIT_S, "the standbys to report")
            ended = self._ordered()
            if ended is not None and ended.done and ended.move is not None:
                self.kinds[ended.move.epoch] = ended.move.kind
                sleep(WORK_BETWEEN_S)
                return
            # A standby that can't be heard for a moment is no successor; nothing happened.
            self.refused += 1
        raise Refused(f"a move was refused {TRIES} times, the last time: {self._why}")

    def _ordered(self) -> OrderOutcome | None:
        """What became of one order; None for one that may never have been given."""
        stage = self._stage
        snapshot = stage.read_snapshot()
        lease = snapshot.lease.value
        if lease is None or lease.holder is None:
            self._why = snapshot.error or snapshot.lease.error or "nobody holds the lease"
            return None
        names = list(ACCOUNTS)
        to = names[(names.index(lease.holder) + 1) % len(names)]
        is_given = True
        try:
            order = sign(proposals.handover(stage.fleet.config, snapshot, to).order, stage.seed)
            submit_order(stage.fleet, order)
        except (Refused, StoreError) as error:
            self._why = str(error)
            return None
        except OutcomeUnknown:
            is_given = False
        until_mono = stage.fleet.clock.now().mono + WAIT_S
        while stage.fleet.clock.now().mono < until_mono:
            outcome = outcomes.judge(order, stage.read_snapshot())
            self._why = outcome.text
            if isinstance(outcome, OrderOutcome):
                return outcome
            sleep(LOOK_S)
        if is_given:
            raise OutcomeUnknown(f"order {order.id} has not ended after {WAIT_S:.0f} s")
        return None

    def _fill(self) -> None:
        """No new file and no content fits, and then somebody makes room."""
        self._drive.control("faults", {FULL: 1.0})
        sleep(FULL_S / self._stage.fleet.config.timings.scale)
        self._drive.control("faults", {FULL: 0.0})
        self.filled += 1

    def _kill(self) -> None:
        move = self._play.kill_primary()
        self.kinds[move.epoch] = move.kind


def _picture(stage: DemoFleet) -> str:
    """What the operator sees at a moment, for who wants to know why."""
    snapshot = stage.read_snapshot()
    said = [
        f"{name}: {seen.error or (seen.value and seen.value.member)}, {seen.age_s or 0:.1f} s old"
        for name, seen in snapshot.reports.items()
    ]
    return "; ".join([snapshot.error or "the store answers", *said])


def _judged(soak: Soak, tenures: list[WorkPeriod]) -> dict[str, Any]:
    found = work_transfers(tenures)
    planned = [p for p in found if soak.kinds.get(p.after.epoch) is MoveKind.PLANNED]
    taken = [p for p in found if soak.kinds.get(p.after.epoch) is MoveKind.TAKEOVER]
    violations = list(soak.failures)
    overlap = overlap_s(tenures)
    if overlap > 0:
        violations.append(f"two copies of the work ran at once, for {overlap:.3f} s")
    if not epochs_rise(tenures):
        violations.append("an epoch came twice, or after a higher one")
    lost = sum(passage.lost_writes for passage in planned)
    if lost:
        violations.append(f"moves in order lost {lost} writes")
    return {
        "planned": len(planned),
        "takeovers": len(taken),
        "other_moves": len(found) - len(planned) - len(taken),
        "refused": soak.refused,
        "times_full": soak.filled,
        "overlap_s": round(overlap, 3),
        "planned_downtime_s": _spread([passage.downtime_s for passage in planned]),
        "takeover_downtime_s": _spread([passage.downtime_s for passage in taken]),
        "violations": violations,
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {"median": round(statistics.median(values), 3), "most": round(max(values), 3)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.drive.soak",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--moves", type=int, default=100, help="planned moves (default: 100)")
    parser.add_argument("--kills", type=int, default=100, help="of the primary (default: 100)")
    parser.add_argument("--latency-ms", type=float, default=150.0, help="of each call")
    parser.add_argument(
        "--rate", type=float, default=0.01, help="of each kind of fault, by request (default: 0.01)"
    )
    parser.add_argument("--scale", type=float, default=8.0, help="how much faster than life")
    parser.add_argument("--dir", type=Path, help="where the fleet's folder is made, and kept")
    parser.add_argument("--seed", type=int, default=0, help="of the faults' dice")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
