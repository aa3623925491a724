"""What lies in an account's home: our own notes of earlier starts, and the workload's word.

The workload runs as the agent's own user and can write to all of it. Nothing
there may keep an agent, or the console's launcher, from starting.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path

from sessionlib.agent.home import Home
from sessionlib.agent.workfiles import Status, WorkFiles, WorkloadContext
from sessionlib.bundles.newest_version import NewestVersionFile
from sessionlib.bundles.setup import is_done
from sessionlib.checkpoints.data_directory import DataDirectory, StemNote
from sessionlib.checkpoints.index_file import load, save
from sessionlib.checkpoints.store_names import checkpoint_number
from sessionlib.clock import boot_id
from sessionlib.core.values import Instant
from sessionlib.errors import SignatureInvalid
from sessionlib.launchers import LaunchHandle
from sessionlib.launchers.handles import last_agent, load_handle, session_in
from sessionlib.signed.key_succession import FollowedKey
from sessionlib.signing import Purpose, verify_bytes
from sessionlib.stores.memory import MemoryStore
from tests.fuzz.target import Target
from tests.fuzz.targets.records import PUBLIC, Stopped
from tests.fuzz.targets.text import is_harmless

NOW = Instant(1_000.0, 1_000.0, 1_000.0)
LIFETIME_S = 43_200.0
BOOT = b"@boot@"
"""Stands for this boot of this machine, which no corpus can know."""
SPOT = "FUZZ_SPOT"
"""The variable that names a folder which whoever starts a fuzzer removes: libFuzzer ends its
process without a word to anybody."""
IN_MEMORY = Path("/dev/shm")


@cache
def _room() -> tempfile.TemporaryDirectory[str]:
    place = os.environ.get(SPOT) or (IN_MEMORY if IN_MEMORY.is_dir() else None)
    return tempfile.TemporaryDirectory(prefix="colabvps-fuzz-", dir=place)


def spot() -> Path:
    """A folder of this process's own, in memory where there is such a place."""
    return Path(_room().name)


@cache
def _home() -> Path:
    """One file under all the names that a home has."""
    home = spot() / "home"
    (home / "code").mkdir(parents=True)
    for name in ("seen.json", "launch.json", "agent.lock", "fleet-key.json", "code/seen.json"):
        (home / name).symlink_to(home / "session.json")
    return home


def _start(data: bytes) -> LaunchHandle | None:
    """Everything that a start, or a look at one, reads in a home."""
    home = _home()
    (home / "session.json").write_bytes(data.replace(BOOT, (boot_id() or "").encode()))
    epoch = Home(home).seen_epoch("fleet")
    assert isinstance(epoch, int)
    last_agent(home)
    handle = load_handle(home, "a")
    session_in(home, None if handle is None else handle.pid)
    NewestVersionFile(home / "code" / "seen.json").recall("fleet")
    assert not is_done(home / "session.json", ("true",))
    key = FollowedKey(MemoryStore(Stopped()), "fleet", PUBLIC, home)
    key.update()
    _is_a_key(key.public)
    # Last, for it writes a session of its own where this is none.
    began = Home(home).session(NOW, LIFETIME_S).began
    assert 0 <= NOW.since(began) < LIFETIME_S
    return handle


def _is_a_key(public: str) -> None:
    try:
        verify_bytes(Purpose.CODE, b"", "", public)
    except SignatureInvalid:
        assert len(bytes.fromhex(public)) == 32


def _handle_holds(handle: LaunchHandle | None) -> None:
    assert handle is None or (handle.account == "a" and handle.home == str(_home()))


def _stem(data: bytes) -> StemNote | None:
    (spot() / "data.stem.json").write_bytes(data)
    return DataDirectory(spot() / "data").read_note()


def _stem_holds(note: StemNote | None) -> None:
    assert note is not None
    assert all(stem is None or checkpoint_number(stem) for stem in note.stems)
    if note.epoch >= 0:
        DataDirectory(spot() / "data").write_note(note)
        assert DataDirectory(spot() / "data").read_note() == note


def _index(data: bytes) -> dict[str, object]:
    """An index of files whose hash is true, as one written by a program that has gone mad."""
    room, root = spot(), spot()
    save(room, root, {})
    head = json.loads((room / "index.jsonl").read_bytes())
    head["sha256"] = hashlib.sha256(data).hexdigest()
    (room / "index.jsonl").write_bytes(json.dumps(head).encode() + b"\n" + data)
    return dict(load(room, root))


@cache
def _workload() -> WorkFiles:
    files = WorkFiles(WorkloadContext(spot(), "a", "s", 0.0))
    files.status.parent.mkdir()
    return files


def _said(data: bytes) -> Status:
    files = _workload()
    files.status.write_bytes(data)
    files.url.write_bytes(data)
    return files.read_status()


def _said_holds(said: Status) -> None:
    progress, tasks, url = said
    assert len(tasks) <= 32
    for text in (progress, *tasks):
        assert text is None or 0 < len(text) <= 200
    for text in (progress, *tasks, url):
        assert text is None or (text.isprintable() and is_harmless(text))
    assert url is None or len(url) <= 2_048


TARGETS = (
    Target(
        "home",
        "agent.home.Home, launchers.handles, signed.key_succession.FollowedKey, "
        "bundles.newest_version.NewestVersionFile, bundles.setup.is_done",
        _start,
        (),
        _handle_holds,
        "json",
    ),
    Target(
        "stem", "checkpoints.data_directory.DataDirectory.read_note", _stem, (), _stem_holds, "json"
    ),
    Target("index", "checkpoints.index_file.load", _index, (), mutator="json"),
    Target("status", "agent.workfiles.WorkFiles.read_status", _said, (), _said_holds, "json"),
)
