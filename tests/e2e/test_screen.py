"""Goal: an operator at the screen moves the work, calls a move off, and takes the work from a
session that is gone; the fleet does as it was told.

Method: the installed program in a terminal multiplexer, keys typed and lines read
as a person would; the demonstration's agents beneath it. What came about is read
from the fleet, which is judged at its end by its workloads' journal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sessionlib.clock import sleep
from sessionlib.core.messages import MoveKind, When
from tests.e2e.fleet_fixture import LONG_LEASE, Fleet, fleet_in, kill
from tests.needs import needs

PROGRAM = Path(sys.executable).with_name("colabvps-console")
LOOK_S = 0.05
SCALE = 20


@dataclass
class Screen:
    """The program in a terminal of 100x30 that nobody sees."""

    fleet: Fleet
    tmux: list[str]

    def run(self, *words: str) -> str:
        return subprocess.run(
            [*self.tmux, *words], check=True, capture_output=True, text=True
        ).stdout

    def text(self) -> str:
        return self.run("capture-pane", "-p", "-t", "console")

    def press(self, *keys: str) -> None:
        self.run("send-keys", "-t", "console", *keys)

    def write(self, text: str) -> None:
        self.run("send-keys", "-t", "console", "-l", text)

    def until(self, what: str, timeout_s: float = 30.0) -> str:
        """Wait until it can be read."""
        try:
            self.fleet.until(lambda: what in self.text(), f"{what!r} on the screen", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None
        return self.text()

    def confirm(self, question: str) -> None:
        """Agree to a question, as often as it takes until it listens."""
        self.until(question)
        while question in self.text():
            self.press("y")
            sleep(LOOK_S)


@contextmanager
def screen(fleet: Fleet, folder: Path) -> Iterator[Screen]:
    config, seed = fleet.stage.config_path, fleet.stage.seed
    tmux = [needs("tmux", "tmux"), "-S", str(folder / "tmux"), "-f", os.devnull]
    one = Screen(fleet, tmux)
    # Its shell says how it left: tmux itself may miss the end of what it runs.
    command = f"{PROGRAM} --config {config}; echo left with $?; exec sleep 600"
    size = ["-x", "100", "-y", "30"]
    env = {**os.environ, "COLABVPS_FLEET_KEY": seed, "TERM": "xterm-256color"}
    start = ["new-session", "-d", "-s", "console", *size, "sh", "-c", command]
    subprocess.run([*tmux, *start], check=True, env=env)
    try:
        yield one
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def test_an_operator_at_the_screen(tmp_path: Path) -> None:
    with fleet_in(tmp_path, SCALE, {"timings": LONG_LEASE}) as fleet:
        before = fleet.begin()
        old = before.holder or ""
        with screen(fleet, tmp_path) as one:
            one.until(f"held by {old}")
            one.until("ready")
            to = moved_by_hand(fleet, one, old)
            called_off(fleet, one, to)
            taken_from_a_session_that_is_gone(fleet, one, to)
            one.press("q")
            one.until("left with 0")


def moved_by_hand(fleet: Fleet, one: Screen, old: str) -> str:
    epoch = fleet.lease().epoch
    one.press("h")
    one.confirm("Hand over to")
    lease = fleet.works(above=epoch)
    assert (lease.epoch, lease.holder == old) == (epoch + 1, False)
    one.until(f"is the primary: epoch {lease.epoch}")
    one.until("done:")
    assert fleet.history()[lease.epoch].kind is MoveKind.PLANNED
    return lease.holder or ""


def called_off(fleet: Fleet, one: Screen, holder: str) -> None:
    to = fleet.others(holder)[0]
    fleet.until(lambda: fleet.report(to) is not None, f"{to} reports")
    before = fleet.lease()
    order = fleet.order(to, when=When.LATER, after_s=600.0)
    fleet.until(lambda: (plan := fleet.lease().plan) and plan.id == order.id, "a plan")
    one.until(f"──▶ {to}")
    one.press("x")
    one.confirm("Abort the move to")
    one.until(f"the move to {to} is off")
    lease = fleet.works()
    assert (lease.epoch, lease.holder, lease.plan) == (before.epoch, holder, None)


def taken_from_a_session_that_is_gone(fleet: Fleet, one: Screen, holder: str) -> None:
    epoch = fleet.lease().epoch
    kill(fleet, holder)
    one.press("E")
    one.until("Evidence")
    one.until("dead")
    one.press("BTab")
    one.until(f"  Type {holder} to state")
    one.write(holder)
    one.until("Enter gives the order")
    one.press("Enter")
    lease = fleet.works(above=epoch)
    assert (lease.epoch, lease.holder == holder) == (epoch + 1, False)
    assert fleet.history()[lease.epoch].kind is MoveKind.EMERGENCY
    one.until(f"is the primary: epoch {lease.epoch}")
