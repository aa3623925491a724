"""Draw the pictures of the documents from a live fleet on this machine.

`python -m tools.pictures` writes `docs/pictures/`: the fleet at rest, a move under
way, an emergency before it is agreed to. Nothing in them is made up: agents run,
orders are given, a primary is killed. They name no font that would have to be
fetched.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from console.demo.demo_fleet import ACCOUNTS, DemoFleet
from console.demo.scenario import Scenario
from console.errors import OutcomeUnknown
from console.fleet.readmodel import FleetView
from console.fleet.safety import SafetyLevel, safety
from console.orders import proposals
from console.orders.screen_orders import OrderService
from console.orders.submit import submit_order
from console.signing.seed_storage import VARIABLE
from console.tui.app import ConsoleApp
from console.tui.dialogs import AskEmergency
from sessionlib.clock import SystemClock
from sessionlib.core.messages import When
from sessionlib.core.values import PlanPhase
from sessionlib.signing import sign

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SIZE = (100, 30)
SCALE = 20.0
HOURS = {"ada": "148h", "bob": "212h", "cleo": "236h"}
"""Made twenty times shorter they are the hours of sessions as people have them."""
TIMINGS = {"scale": SCALE, "ttl": "20m", "renew": "20s"}
"""Nobody takes over for a while, so that an emergency can be looked at."""
MOVE_IN_S = 45.0
LIMIT_S = 120.0


def plain(svg: str) -> str:
    """The picture without fonts that are fetched from somewhere."""
    svg = re.sub(r"@font-face\s*\{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono")
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


class Album:
    """One app over one fleet, and the pictures taken of it."""

    def __init__(self, stage: DemoFleet, folder: Path) -> None:
        self._stage, self._folder = stage, folder
        self.app = ConsoleApp(OrderService(stage.fleet), stage.open_store)

    async def fill(self) -> None:
        """Take them all."""
        async with self.app.run_test(size=SIZE) as pilot:
            await self.until(pilot, lambda view: view.checkpoint.age_s is not None, "a checkpoint")
            await self.until(pilot, _calm, "a fleet at rest")
            self._take("fleet")
            config, look = self._stage.fleet.config, self._stage.read_snapshot()
            proposal = proposals.handover(config, look, "bob", When.LATER, MOVE_IN_S)
            order = replace(proposal.order, by="you@laptop")
            submit_order(self._stage.fleet, sign(order, self._stage.seed))
            await self.until(pilot, _under_way, "a move under way")
            self._take("handover")
            await self.until(pilot, lambda view: view.lease.holder == "bob", "its end")
            await self.until(pilot, _calm, "a fleet at rest")
            self._stage.kill("bob")
            await pilot.press("E")
            await self.until(pilot, lambda _: self._asked(), "a case")
            self._take("emergency")

    async def until(
        self, pilot: Pilot[None], holds: Callable[[FleetView], object], what: str
    ) -> None:
        """Wait for something to be seen. Raises OutcomeUnknown."""
        clock = SystemClock()
        until_mono = clock.now().mono + LIMIT_S
        while not holds(self.app.fleet.view):
            if clock.now().mono > until_mono:
                raise OutcomeUnknown(f"waited {LIMIT_S:.0f} s for {what}, in vain")
            await pilot.pause(0.1)
        await pilot.pause(0.3)

    def _asked(self) -> bool:
        screen = self.app.screen
        is_watched = (
            isinstance(screen, AskEmergency)
            and screen.case.watched_s > screen.case.required_watch_s
        )
        return is_watched and safety(self.app.fleet.view).word is SafetyLevel.NOT_SAFE

    def _take(self, name: str) -> None:
        path = self._folder / f"{name}.svg"
        path.write_text(plain(self.app.export_screenshot(title="colabvps-console")))
        sys.stderr.write(f"{path}\n")


def _calm(view: FleetView) -> bool:
    ready = [row for row in view.accounts if row.readiness == "ready"]
    return view.handover is None and len(ready) == len(ACCOUNTS) and view.lease.valid is True


def _under_way(view: FleetView) -> bool:
    phases = {PlanPhase.WARMING, PlanPhase.SYNCING}
    return view.handover is not None and view.handover.phase in phases


def main(argv: list[str]) -> int:
    """Draw them into the folder that is named, or into the documents'."""
    folder = Path(argv[0]) if argv else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    accounts = {
        name: {**account, "session": {"lifetime": HOURS[name]}}
        for name, account in ACCOUNTS.items()
    }
    changes = {"fleet": "my-fleet", "accounts": accounts, "timings": TIMINGS}
    with DemoFleet(None, SCALE, changes) as stage:
        os.environ[VARIABLE] = stage.seed
        Scenario(stage, lambda _: None).begin()
        asyncio.run(Album(stage, folder).fill())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
