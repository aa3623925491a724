"""The status page of a living fleet.

Goal: a move that is ordered on the command line changes the page that somebody has open, by
itself; and once the coordinator is gone the page doesn't go on as if nothing were. Method: the
demonstration's agents over a folder and its coordinator, the console's own command as a process,
and Debian's chromium.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx

from console.demo.demo_fleet import ACCOUNTS, DemoFleet
from console.demo.scenario import Scenario
from sessionlib.coordinator import TOKEN_VARIABLE
from tests.coordinator.page.chromium import Browser

SCALE = 20.0
HURRY = 5.0
WITHIN_S = 60.0
SAYS_WHERE = 'printf "https://%s.example" "$SESSION_ACCOUNT" >"$SESSION_URL_FILE"; exec "$@"'
TODAY = "document.querySelector('svg rect:last-of-type title').textContent"
MOVES = "document.querySelectorAll('tbody tr').length"


def order(stage: DemoFleet, *words: str) -> dict[str, object]:
    """What the command line ends with, from an operator's terminal."""
    assert stage.coordinator is not None
    done = subprocess.run(
        [sys.executable, "-m", "console", *words, "--config", str(stage.config_path), "--json"],
        env={
            **os.environ,
            "COLABVPS_FLEET_KEY": stage.seed,
            TOKEN_VARIABLE: stage.coordinator.operators_token,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_move_on_the_command_line_changes_the_open_page(tmp_path: Path, browser: Browser) -> None:
    command = ["sh", "-c", SAYS_WHERE, "sh", sys.executable, "counter.py"]
    changes = {"workload": {"command": command}}
    with DemoFleet(tmp_path / "fleet", SCALE, changes, coordinated=True) as stage:
        assert stage.coordinator is not None
        old = Scenario(stage, lambda text: None).begin()
        new = next(account for account in reversed(list(ACCOUNTS)) if account != old)
        with browser.page(390, 800) as page:
            page.hurry(HURRY)
            page.open(f"{stage.coordinator.url}/")
            page.until("document.querySelector('h1').textContent === 'Up'")
            page.until("document.querySelector('a.go') !== null")
            page.tell("window.stayed = true")
            assert page.tell(MOVES) == 0
            assert page.tell(TODAY).endswith(": 0")
            went = httpx.get(page.tell("document.querySelector('a.go').href"))
            assert went.headers["location"] == f"https://{old}.example/"
            since = page.tell("document.querySelector('dl time').dateTime")

            moved = order(stage, "handover", "--to", new, "--yes", "--wait")
            assert moved["outcome"] == "done", moved

            page.until(f"{MOVES} === 1")
            assert page.text("h1") == "Up"
            assert page.tell(TODAY).endswith(": 1")
            assert page.text("tbody tr td:nth-child(2)") == "planned"
            assert page.tell("document.querySelector('dl time').dateTime") > since
            went = httpx.get(page.tell("document.querySelector('a.go').href"))
            assert went.headers["location"] == f"https://{new}.example/"

            stage.coordinator.close()
            page.until("document.querySelector('.unheard').checkVisibility()")
            assert page.tell("window.stayed") is True
            assert page.loads() == 1
