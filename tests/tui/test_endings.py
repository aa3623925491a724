"""Goal: however the console ends, the terminal is given back, and nothing secret is printed.

Method: the real program in a real pseudo-terminal; what it prints, how it leaves
the terminal's settings, its exit code.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from sessionlib.clock import sleep
from tests.tui.terminal import (
    CURSOR_SHOWN,
    ENTERED,
    LEFT,
    MOUSE_OFF,
    PROGRAM,
    Terminal,
    plain,
    terminal,
)
from tests.unit.console.fleet_on_disk import SEED, FleetOnDisk, fleet

__all__ = ["fleet"]


def assert_given_back(one: Terminal) -> None:
    assert one.output.rindex(LEFT) > one.output.rindex(ENTERED)
    assert MOUSE_OFF in one.output[one.output.index(ENTERED) :]
    assert one.output.rindex(CURSOR_SHOWN) > one.output.rindex(b"\x1b[?25l")
    assert one.attributes() == one.before


def test_q_leaves(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    with terminal(PROGRAM, fleet.folder) as one:
        one.settled("held by primary")
        one.type("q")
        assert one.code() == 0
        assert_given_back(one)
        assert plain(one.output[one.output.rindex(LEFT) :]) == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(fleet: FleetOnDisk, number: signal.Signals) -> None:
    fleet.at_work()
    with terminal(PROGRAM, fleet.folder) as one:
        one.settled("held by primary")
        one.process.send_signal(number)
        assert one.code() == 128 + number
        assert_given_back(one)


@pytest.mark.parametrize("ignored", [None, signal.SIGHUP])
def test_a_terminal_that_is_gone_ends_it(
    fleet: FleetOnDisk, ignored: signal.Signals | None
) -> None:
    fleet.at_work()
    with terminal(PROGRAM, fleet.folder, ignore=ignored) as one:
        one.settled("held by primary")
        one.hang_up()
        assert one.code() != 0


SCRIPT = """
import os, sys, threading
from pathlib import Path
from console.tui.app import ConsoleApp
from console.tui.poller import Poller
from console.fleet.fleet import Fleet
from console.orders.screen_orders import OrderService
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load

clock = SystemClock()
secret = "ghp_" + "s3cr3t" * 8
config = load("accounts.yaml")

class Hanging:
    kind = "folder"
    def read(self, key):
        token = secret
        print("", end="", flush=True)
        threading.Event().wait()

class Broken:
    kind = "folder"
    def read(self, key):
        token = secret
        raise ZeroDivisionError("token " + token + " in " + str(Path.home()))

how = sys.argv[1]
store = {"hang": Hanging, "crash": Broken, "panic": Hanging, "widget": Hanging}[how]()
app = ConsoleApp(OrderService(Fleet(config, store, clock)), lambda: store)
if how == "panic":
    from rich.traceback import Traceback
    def panic():
        token = secret
        try:
            raise ZeroDivisionError(token)
        except ZeroDivisionError:
            app.panic(Traceback(show_locals=True))
    app.set_timer = app.set_timer
    app.call_later(panic)
if how == "widget":
    def tick():
        token = secret
        raise ZeroDivisionError(token)
    app.tick = tick
app.run()
sys.exit(app.return_code)
"""


def script(how: str) -> list[str]:
    return [sys.executable, "-c", SCRIPT, how]


def test_calls_that_never_come_back_dont_keep_it(fleet: FleetOnDisk) -> None:
    with terminal(script("hang"), fleet.folder) as one:
        one.settled("UNKNOWN")
        one.type("q")
        assert one.code(5.0) == 0
        assert_given_back(one)


@pytest.mark.parametrize("how", ["crash", "panic", "widget"])
def test_a_crash_prints_a_sentence_and_keeps_a_redacted_report(
    fleet: FleetOnDisk, how: str
) -> None:
    with terminal(script(how), fleet.folder) as one:
        assert one.code() == 1
        assert_given_back(one)
        after = one.output[one.output.rindex(LEFT) :].decode()
        assert "Sorry, something went wrong" in after
        assert "Traceback" not in after
        assert "s3cr3t" not in one.output.decode(errors="replace")
        said = re.sub(r"\s+", "", after)
        found = re.search(r"whatisknownofitisin(/\S+?\.txt)", said)
        assert found is not None, after
        report = Path(found[1])
        assert oct(report.stat().st_mode & 0o777) == "0o600"
        kept = report.read_text()
        assert "s3cr3t" not in kept
        if how != "panic":
            assert "ZeroDivisionError" in kept
            assert " in " in kept


def test_no_colour_means_none(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    with terminal(PROGRAM, fleet.folder, NO_COLOR="1") as one:
        one.settled("held by primary")
        one.type("j")
        sleep(0.2)
        one.type("q")
        assert one.code() == 0
        coloured = re.findall(
            rb"\x1b\[[0-9;]*\b(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m", one.output
        )
        assert coloured == []
    with terminal(PROGRAM, fleet.folder) as one:
        one.settled("held by primary")
        assert b"\x1b[38;2;" in one.output or b";38;2;" in one.output


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cant_draw_gets_a_table(fleet: FleetOnDisk, term: str) -> None:
    fleet.at_work()
    with terminal(PROGRAM, fleet.folder, TERM=term) as one:
        assert one.code() == 0
        assert ENTERED not in one.output
        assert b"ACCOUNT" in one.output
        assert b"\x1b" not in one.output


def test_without_a_configuration_the_way_to_one_is_shown(tmp_path: Path) -> None:
    with terminal(PROGRAM, tmp_path, XDG_CONFIG_HOME=tmp_path / "none") as one:
        one.settled("There is no fleet yet")
        one.settled("colabvps-console demo")
        one.settled("colabvps-console init")
        one.type("q")
        assert one.code() == 0
        assert_given_back(one)


def test_a_bad_configuration_is_told_before_the_screen(fleet: FleetOnDisk) -> None:
    fleet.config_path.write_text("fleet: 5\n")
    with terminal(PROGRAM, fleet.folder) as one:
        assert one.code() == 2
        assert ENTERED not in one.output
        assert b"accounts.yaml:1: fleet" in one.output


def test_the_key_reaches_no_terminal(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    with terminal(PROGRAM, fleet.folder, COLABVPS_FLEET_KEY=SEED) as one:
        one.settled("held by primary")
        one.type("?")
        one.settled("Orders")
        one.type("q")
        one.type("q")
        assert one.code() == 0
        assert SEED.encode() not in one.output
        assert os.environ.get("COLABVPS_FLEET_KEY") == SEED
