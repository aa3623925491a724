"""Goal: the operators' seed, a service's token, the workload's secrets and the tokens in the
addresses of notices stay where they belong.

Method: a real fleet of three, started and ordered about as an operator does who has all of
them in the environment, with recognisable values; a program with set-up and a step that
makes its data whole; settings published and the work moved. All the while every
process's command line is read; afterwards every file that came to be, in store, homes,
logs, temporary folder and the user's own, is searched.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sessionlib.guard.sweep import GUARD_MARKER, HOME_MARKER, home_mark, marked
from tests.e2e.fleet_fixture import Fleet, fleet_in
from tests.environs import environ_of
from tests.security.file_search import files_with

ROOT = Path(__file__).parents[2]
TOKEN = "coordinator-token-" + "7c" * 16
SECRET = "workload-secret-" + "9d" * 16
NOTICE = "notice-token-" + "4e" * 16
CONTROL = "what-everybody-may-see-" + "3b" * 8
LOOK_EVERY_S = 0.03
SETUP = "import os, sys; sys.exit('API_TOKEN' not in os.environ)"
COMMANDS = (
    ("publish", "--yes"),
    ("key", "show"),
    ("handover", "--to", "bob", "--yes", "--wait"),
    ("logs",),
    ("notify-test", "--json"),
)


@dataclass
class Watch:
    """Reads the command lines of all processes, over and over."""

    needles: tuple[bytes, ...]
    found: list[bytes] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    words = (process / "cmdline").read_bytes()
                    self.found += [words for one in self.needles if one in words]

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def console(fleet: Fleet, user: Path, *words: str) -> str:
    """All that the program prints when an operator runs it, with everything in the environment."""
    ran = subprocess.run(
        [sys.executable, "-m", "console", *words, "--config", str(fleet.stage.config_path)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(user),
            "XDG_STATE_HOME": str(user / "state"),
            "XDG_CONFIG_HOME": str(user / "config"),
            "TMPDIR": str(user),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        },
        cwd=user,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_no_secret_is_where_it_does_not_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", SECRET)
    monkeypatch.setenv("COLABVPS_COORDINATOR_TOKEN", TOKEN)
    # Nobody listens there: what is said of a failure holds nothing of the address either.
    monkeypatch.setenv("COLABVPS_TEST_NOTICE", f"json://user:{NOTICE}@127.0.0.1:9/{NOTICE}")
    user = tmp_path / "user"
    user.mkdir()
    changes = {
        "workload": {
            "secrets": ["API_TOKEN"],
            "setup": [sys.executable, "-c", SETUP],
        },
        "notices": {"urls": ["${COLABVPS_TEST_NOTICE}"]},
        "checkpoint": {"every": "20s", "prepare": [sys.executable, "-c", SETUP]},
    }
    talk: dict[str, str] = {}
    with fleet_in(tmp_path, scale=20, changes=changes) as fleet:
        seed = fleet.stage.seed
        monkeypatch.setenv("COLABVPS_FLEET_KEY", seed)
        needles = tuple(text.encode() for text in (seed, TOKEN, SECRET, NOTICE))
        watch = Watch((*needles, CONTROL.encode()))
        with watch.watching():
            lease = fleet.begin("ada", "bob")
            check_environments(fleet, seed)
            talk = {" ".join(words): console(fleet, user, *words) for words in COMMANDS}
            assert fleet.works(above=lease.epoch).holder == "bob"
            fleet.until(lambda: "json://127.0.0.1" in log_of(fleet, "bob"), "it is told of")
            shown = subprocess.Popen(
                [sys.executable, "-c", "input()", CONTROL], stdin=subprocess.PIPE
            )
            fleet.until(lambda: watch.found, "what is searched for is found where it is shown")
            shown.communicate(b"\n")
        # Nothing else was shown by anybody at any time.
        assert {words.split(b"\0")[-2] for words in watch.found} == {CONTROL.encode()}
    assert "published" in talk["publish --yes"]
    assert '"url": "json://127.0.0.1", "accepted": false' in talk["notify-test --json"]
    assert "bob serves" in talk["handover --to bob --yes --wait"]
    # The one file of the demonstration's that is for the operator.
    assert set(files_with(tmp_path, needles)) == {str(fleet.stage.operators_file)}
    assert fleet.stage.operators_file.stat().st_mode & 0o777 == 0o600
    for words, text in talk.items():
        assert not [needle for needle in needles if needle.decode() in text], words
    assert list(tmp_path.rglob("core*")) == []


def log_of(fleet: Fleet, account: str) -> str:
    return (fleet.stage.home(account) / "logs" / "agent.jsonl").read_text()


def check_environments(fleet: Fleet, seed: str) -> None:
    """What the sessions were born with: the workload its own secret, and nobody what is the
    operators' alone, the seed and the token that the coordinator knows them by."""
    (worker, *_) = fleet.workload("ada")
    seen = environ_of(worker.pid)
    assert seen["API_TOKEN"] == SECRET
    ours = {name for name in seen if name.startswith("COLABVPS_")}
    assert ours == {GUARD_MARKER, HOME_MARKER}
    below = marked(HOME_MARKER, home_mark(fleet.stage.home("ada")))
    for pid in (fleet.stage.pid("ada"), *(proc.pid for proc in below)):
        with suppress(FileNotFoundError, ProcessLookupError):
            values = environ_of(pid).values()
            assert seed not in values
            assert TOKEN not in values
            # The agent tells the operator; what it starts has no business there.
            knows = any(NOTICE in value for value in values)
            assert knows is (pid == fleet.stage.pid("ada"))
