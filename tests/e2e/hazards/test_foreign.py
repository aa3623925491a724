"""Hazards 1, 6, 14 and 16: foreign zones, signals by hand, and programs that lie in the store.

Goal: a signal file that is old, foreign or a test moves nothing, whatever time it
names, by the store's clock alone; what lies in the store is data and never run; and
no time zone, nor the lack of one, changes what agents and console do. Method: the
shared fleet, whose agents live in the first time zone of the day and in one that
doesn't exist.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sessionlib.clock import SystemClock, sleep
from tests.e2e.hazards.conftest import ZONES
from tests.e2e.hazards.damage import clear
from tests.e2e.hazards.kit import Fleet, environment, until

AGES_S = {"fresh": 0.0, "old": 86_400.0 + 300.0, "from the future": -3_600.0}
STALE_S = 11 * 60.0
RUNS = "import pathlib\npathlib.Path({!r}).write_text('was here')\n"


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that whatever is executed would make."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "something from the store was executed"


def origins_signal(age_s: float, **more: object) -> dict[str, object]:
    """What the origin's primary leaves for its backups: the time is naive, and local."""
    at = datetime.fromtimestamp(SystemClock().now().wall - age_s, UTC).replace(tzinfo=None)
    return {
        "action": "start_session",
        "primary_ending": True,
        "timestamp": at.isoformat(),
        "state_file": "/content/drive/MyDrive/VPS_Shared/state/session_state.json",
        **more,
    }


def test_no_stale_or_foreign_signal_moves_anything(fleet: Fleet, canary: Path) -> None:
    """The origin took what a file said of its own time, so that a stale one turned fresh
    again each day; and anything of that name for a signal, tests among them."""
    before = fleet.lease()
    signal = fleet.root / "state" / "handover_signal.json"
    stale = [origins_signal(age_s) for age_s in AGES_S.values()]
    stale.append({"action": "start_session", "to": "backup1", "takeover": True, "epoch": 99})
    foreign: list[dict[str, object]] = [
        {"action": "exec", "command": ["touch", str(canary)], "script": RUNS.format(str(canary))},
        {"primary_ending": True},
    ]
    for body, age_s in [*((body, STALE_S) for body in stale), *((body, 0.0) for body in foreign)]:
        leave(signal, body, age_s)
        sleep(2 * fleet.timing.poll_s)
        plan = fleet.lease().plan
        assert plan is None, (body, plan)
        assert signal.exists()
    leave(signal, origins_signal(0.0, test=True), 0.0)
    until(lambda: told_of_test(fleet), "the test of a signal is seen")
    clear(signal)
    after = fleet.served()
    assert (after.epoch, after.incarnation, after.plan) == (before.epoch, before.incarnation, None)
    assert fleet.works()


def leave(signal: Path, body: dict[str, object], age_s: float) -> None:
    """A signal file, whole from the first moment on and as old as it is to be."""
    draft = signal.with_suffix(".draft")
    draft.write_text(json.dumps(body, indent=2))
    at_s = SystemClock().now().wall - age_s
    os.utime(draft, (at_s, at_s))
    draft.replace(signal)


def told_of_test(fleet: Fleet) -> bool:
    report = fleet.report("primary")
    receipts = report.receipts if report else ()
    return any(one.id.startswith("sig-") and "a test" in one.why for one in receipts)


def test_nothing_that_lies_in_the_store_is_executed(fleet: Fleet, canary: Path) -> None:
    script = RUNS.format(str(canary))
    planted: dict[str, str | bytes] = {
        "scripts/colab_server.py": script,
        "scripts/main_server.py": script,
        "scripts/server.py": script,
        "scripts/sitecustomize.py": script,
        "scripts/counter.py": script,
        "sessionlib/__init__.py": script,
        "config/accounts.yaml": f"fleet: !!python/object/apply:os.system ['touch {canary}']\n",
        "data/state.pkl": pickle.dumps(_Runs(str(canary))),
        "data/0.tar": pickle.dumps(_Runs(str(canary))),
        "state/session_state.json": pickle.dumps(_Runs(str(canary))),
        "state/orders/ffffffffffffffff.json": pickle.dumps(_Runs(str(canary))),
        "state/sessions/intruder.json": pickle.dumps(_Runs(str(canary))),
        "logs/primary/hook.py": script,
    }
    for key, body in planted.items():
        path = fleet.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        path.chmod(0o777)
    fleet.hand_over("backup1")
    fleet.hand_over("primary")
    for command in ("status", "history", "logs", "paths"):
        assert fleet.console(command, "--json")[0] == 0
    for key in planted:
        clear(fleet.root / key)


class _Runs:
    """Unpickled, this makes a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self._path}",)


@pytest.mark.parametrize("line", ["fleet: {}", "workload: {}", "fleet_key: {}"])
def test_tags_in_a_configuration_are_refused_and_not_obeyed(
    fleet: Fleet, canary: Path, tmp_path: Path, line: str
) -> None:
    tag = f"!!python/object/apply:os.system ['touch {canary}']"
    name = line.partition(":")[0]
    lines = fleet.config_path.read_text().splitlines()
    kept = [each for each in lines if each.partition(":")[0] != name]
    path = tmp_path / "accounts.yaml"
    path.write_text("\n".join([line.format(tag), *kept]))
    words = ["agent", "--config", str(path), "--account", "primary"]
    agent = subprocess.run(
        [sys.executable, "-m", "sessionlib", *words],
        env=environment({}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert agent.returncode == 2
    assert "python/object/apply:os.system isn't read" in agent.stderr
    assert "Traceback" not in agent.stderr


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """This process, and with it the console, in another time zone."""
    for name in ("TZ", "TZDIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "zone",
    [
        {},
        {"TZ": "Pacific/Kiritimati"},
        {"TZ": "Pacific/Marquesas", "TZDIR": "/nonexistent"},
        {"TZ": "<+99>-24:59:59"},
        {"TZ": ":/etc/passwd"},
    ],
    indirect=True,
    ids=["unset", "kiritimati", "no-tzdata", "odd", "no-zone"],
)
def test_no_zone_changes_what_the_console_says(fleet: Fleet, zone: None) -> None:
    status = fleet.status()
    assert status["lease"]["valid"] is True
    assert all(row["phase"] == "Fresh" for row in status["accounts"])
    assert all(row["heartbeat_age_s"] < 60 for row in status["accounts"])
    code, out, _ = fleet.console("history", "--json")
    newest = datetime.fromisoformat(json.loads(out)[0]["at"])
    assert code == 0
    assert abs(newest.timestamp() - SystemClock().now().wall) < 300
    for command in ("status", "history", "logs"):
        assert fleet.console(command)[0] == 0


def test_agents_in_foreign_zones_move_the_work_to_each_other(fleet: Fleet) -> None:
    for name, zone in ZONES.items():
        environ = Path(f"/proc/{fleet.pid(name)}/environ").read_bytes().split(b"\0")
        assert f"TZ={zone['TZ']}".encode() in environ
    there, back = fleet.hand_over("backup1"), fleet.hand_over("primary")
    assert abs(there.at - back.at) < 60
    until(fleet.serving, "the work goes on")
