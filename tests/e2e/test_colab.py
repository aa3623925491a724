"""Goal: the agent runs on a Colab VM, on what is there, with nothing else installed.

Method: an environment with the VM's Python and exactly its packages gets the
project's wheel without any dependency, as the VM would; a real agent in it
serves on a folder store, with every import it makes written down, and three of them hand
over to each other on an emulated Drive.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.demo.demo_fleet import DemoFleet
from console.demo.emulated_drive import EmulatedDrive
from console.demo.journal_judge import overlap_s, read_journals, work_transfers
from console.demo.scenario import Scenario
from sessionlib.checkpoints.catalog import verify
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.values import Lease, LeaseState
from sessionlib.layout import LEASE, session_key
from sessionlib.records import decode
from sessionlib.stores.folder import FolderStore
from tests.colab.environment import LISTED, MISSING, environment, find_interpreter, install_wheel

# The first run makes the environment, for which everything has to be fetched.
pytestmark = pytest.mark.timeout(1200)

OF_THE_INTERPRETER = {"__main__", "sitecustomize", "usercustomize", "_sysconfigdata__linux_x86_64"}
LOADED = {"sessionlib", "pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
LOADED |= {"typing_inspection", "yaml", "psutil"}
ABSENT = ("textual", "obstore", "msgspec")
CONFIG = """\
fleet: on-colab
store: {kind: folder, path: VPS_Shared}
timings: {scale: 10}
accounts:
  primary: {email: you@example.com, role: main_worker, priority: 1}
workload:
  command: [sh, -c, 'while :; do date >> "$SESSION_DATA_DIR/ticks.txt"; sleep 0.1; done']
  grace: 5s
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    interpreter = find_interpreter()
    if interpreter is None:
        pytest.skip(MISSING)
    with environment(interpreter) as python:
        install_wheel(python, tmp_path_factory.mktemp("wheel"))
        yield python


def ask(python: Path, code: str) -> Any:
    """What `code` prints, as JSON."""
    done = subprocess.run(
        [python, "-c", code], env=bare(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def bare() -> dict[str, str]:
    """The environment without what would lead to this tree or to a fleet of the user's."""
    ours = ("PYTHONPATH", "COLABVPS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def test_it_has_the_listed_versions_and_lacks_what_a_vm_lacks(python: Path) -> None:
    listed = dict(re.findall(r"^(\S+)==(\S+)$", LISTED.read_text(), re.MULTILINE))
    found = ask(
        python,
        "import json, importlib.metadata as m, importlib.util as u; print(json.dumps("
        f"[{{n: m.version(n) for n in {list(listed)}}}, [u.find_spec(n) for n in {ABSENT}]]))",
    )
    assert found == [listed, [None, None, None]]
    assert len(listed) == 18


def test_every_module_of_sessionlib_can_be_imported(python: Path) -> None:
    names = ask(
        python,
        "import importlib, json, pkgutil, sessionlib; "
        "ms = [m.name for m in pkgutil.walk_packages(sessionlib.__path__, 'sessionlib.')]; "
        "[importlib.import_module(name) for name in ms]; print(json.dumps(ms))",
    )
    assert {"sessionlib.agent.loop", "sessionlib.guard.loop", "sessionlib.signing"} <= set(names)


@dataclass
class Fleet:
    """A fleet of one, and its agent."""

    folder: Path
    python: Path

    def __post_init__(self) -> None:
        self.config = self.folder / "accounts.yaml"
        self.config.write_text(CONFIG)
        # What an operator does, on a machine of their own.
        key = {"COLABVPS_FLEET_KEY": "5e" * 32}
        words = ["init", "--config", str(self.config), "--yes"]
        subprocess.run(
            [sys.executable, "-m", "console", *words], env=bare() | key, check=True, timeout=60
        )
        self.store = FolderStore(self.folder / "VPS_Shared", SystemClock())
        self.said = self.folder / "said.txt"
        self.ticks = self.folder / "work" / "primary" / "data" / "ticks.txt"

    def start(self) -> subprocess.Popen[bytes]:
        words = ["agent", "--config", str(self.config), "--account", "primary"]
        with self.said.open("wb") as said:
            return subprocess.Popen(
                [self.python, "-X", "importtime", "-m", "sessionlib", *words],
                cwd=self.folder,
                env=bare(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def lease(self) -> Lease:
        found = self.store.read(LEASE)
        assert found is not None
        return decode(Lease, found.data)

    def report(self) -> dict[str, Any]:
        found = self.store.read(session_key("primary"))
        return {} if found is None else dict(json.loads(found.data))

    def imported(self) -> set[str]:
        """The top-level names of all that the agent imported."""
        line = r"^import time: +\d+ \| +\d+ \| +(\w+)"
        return set(re.findall(line, self.said.read_text(), re.MULTILINE))

    def told(self) -> str:
        """What the agent said besides."""
        lines = self.said.read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("import time:"))


def test_an_agent_serves_there_and_vacates(python: Path, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, python)
    agent = fleet.start()
    try:
        waited_s = 0.0
        while fleet.report().get("workload") != "serving" or not fleet.ticks.exists():
            assert agent.poll() is None, fleet.told()
            assert waited_s < 60, fleet.told()
            sleep(0.1)
            waited_s += 0.1
        lease = fleet.lease()
        assert (lease.epoch, lease.holder, lease.state) == (1, "primary", LeaseState.HELD)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 0, fleet.told()
    finally:
        agent.kill()
        agent.wait()
    lease = fleet.lease()
    assert (lease.epoch, lease.holder, lease.state) == (1, None, LeaseState.FREE)
    assert lease.checkpoint is not None
    assert lease.checkpoint.bytes > 0
    assert verify(fleet.store, lease.checkpoint.name) == []
    assert fleet.report()["ended"] == "SIGTERM"
    written = fleet.ticks.read_text()
    sleep(0.5)
    assert fleet.ticks.read_text() == written, "the workload is still at work"

    code = "import json, sys; print(json.dumps(sorted(sys.stdlib_module_names)))"
    imported = fleet.imported() - set(ask(python, code)) - OF_THE_INTERPRETER
    assert "sessionlib" in imported
    assert imported - LOADED == set()


def test_a_fleet_of_such_agents_moves_over_drive(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sign-ins, PyDrive2 and all that it needs, in the versions that are there."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with DemoFleet(tmp_path / "fleet", 10.0, None, EmulatedDrive) as stage:
        # From here on whatever is started as an agent is one of that environment.
        monkeypatch.setattr(sys, "executable", str(python))
        play = Scenario(stage, lambda text: None)
        play.begin()
        ran = Path(f"/proc/{stage.pid('ada')}/cmdline").read_bytes()
        assert ran.startswith(os.fsencode(python))
        move = play.hand_over()
    tenures = read_journals(stage.journals)
    assert overlap_s(tenures) == 0
    (passage,) = work_transfers(tenures)
    assert (passage.after.epoch, passage.lost_writes) == (move.epoch, 0)
