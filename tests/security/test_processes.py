"""Goal: nobody talks to an agent's processes but the agent, and nothing that lies about takes
the place of the program's own code.

Method: a real agent with its guard, started as the console starts one, with modules planted
beside its configuration, in its home and on the search path that are called as ours and as
Python's are; and the sockets of its processes, as the system lists them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

from console.setup.lease_record import create_lease, missing_lease
from sessionlib.clock import SystemClock
from sessionlib.config_loading import parse
from sessionlib.core.messages import Report
from sessionlib.errors import ConfigError
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked
from sessionlib.layout import session_key
from sessionlib.publishing import Publisher
from sessionlib.records import decode
from sessionlib.stores import timing_of
from sessionlib.stores.folder import FolderStore
from tests.e2e.guard_kit import rig_in
from tests.unit.launchers.local_fleet import BODY, Place, place, until

__all__ = ["place"]

PLANTED = ("sitecustomize", "usercustomize", "sessionlib", "yaml", "json", "pydantic", "console")
CANARY = "import os\nopen({!r}, 'a').write(__name__ + str(os.getpid()) + ' ')\n"


def plant(folder: Path, canary: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in PLANTED:
        (folder / f"{name}.py").write_text(CANARY.format(str(canary)))


def test_nothing_beside_the_configuration_is_taken_for_the_program(
    place: Place, tmp_path: Path
) -> None:
    """The folder may be shared, and an agent is started in it."""
    canary = tmp_path / "canary"
    for folder in (tmp_path, place.home, tmp_path / "shared" / "scripts", place.home / "code"):
        plant(folder, canary)
    place.launcher.start("primary")
    place.until_guarded()
    until((place.home / "logs" / "agent.jsonl").exists, "the agent's first line")
    assert not canary.exists(), canary.read_text()


def test_the_guard_takes_no_code_from_the_search_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    plant(tmp_path / "path", canary)
    for name in ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME"):
        monkeypatch.setenv(name, str(tmp_path / "path"))
    monkeypatch.chdir(tmp_path / "path")
    with rig_in(tmp_path / "home") as rig:
        rig.until(lambda _: rig.guarded, "a guard")
        assert len(rig.guards()) == 2
    assert not canary.exists()


def test_no_process_of_a_session_can_be_talked_to(place: Place) -> None:
    """What they say to each other goes through sockets without a name, which they were born
    with: there is no path, no port and no abstract name that another user could open."""
    handle = place.launcher.start("primary")
    place.until_guarded()
    pids = [handle.pid, *(proc.pid for proc in marked(HOME_MARKER, home_mark(place.home)))]
    assert len(pids) >= 3
    sockets = [one for pid in pids for one in psutil.Process(pid).net_connections(kind="all")]
    assert sockets
    assert {str(one.laddr) for one in sockets} <= {"", "()"}
    for path in place.home.rglob("*"):
        assert not path.is_socket(), path
        assert not path.is_fifo(), path


def test_an_agent_says_what_in_the_store_isnt_genuine(place: Place, tmp_path: Path) -> None:
    """Somebody has written there who may not, and an operator has to hear of it."""
    store = FolderStore(tmp_path / "shared", SystemClock())
    store.provision()
    lease = missing_lease(store, timing_of(place.config).ttl_s)
    assert lease is not None
    create_lease(store, lease)
    publisher = Publisher(store, "my-fleet", "0a" * 32, "mallory", 0.0)
    forged = publisher.publish_config(place.config)
    place.launcher.start("primary")

    def alarm() -> str:
        found = store.read(session_key("primary"))
        return (decode(Report, found.data).alarm or "") if found else ""

    said = f"config/{forged.version}.json: it isn't signed by this fleet's key"
    until(lambda: alarm() == said, "it stands in the report")
    lines = (place.home / "logs" / "agent.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines if "not_genuine" in line] == [said]


@pytest.mark.parametrize("name", ["COLABVPS_FLEET_KEY", "COLABVPS_X", "SESSION_EPOCH"])
@pytest.mark.parametrize("where", ["env: {{{}: x}}", "secrets: [{}]"])
def test_a_configuration_sets_none_of_the_programs_own_variables(name: str, where: str) -> None:
    text = BODY.replace("grace: 1s", where.format(name))
    with pytest.raises(ConfigError, match="belongs to this program"):
        parse(text, Path("accounts.yaml"))


def test_a_configurations_variables_reach_the_workload_alone(tmp_path: Path) -> None:
    """PYTHONPATH and LD_PRELOAD among them: what runs there is the operator's own program."""
    with rig_in(tmp_path / "home") as rig:
        before = dict(os.environ)
        rig.serve(env={**rig.workload.spec.env, "MARK": "of the workload"})
        assert dict(os.environ) == before
        for guard in rig.guards():
            assert b"MARK=" not in Path(f"/proc/{guard.pid}/environ").read_bytes()
        (worker, *_) = rig.journal.living()
        assert b"MARK=of the workload" in Path(f"/proc/{worker.pid}/environ").read_bytes()
