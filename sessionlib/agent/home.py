"""The agent's own folder, and the session that lives in it: one agent at a time.

It remembers the session's beginning and the highest epoch ever seen. It says nothing of the
lease: a restarted agent is a new incarnation whatever it finds here.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sessionlib.clock import boot_id, sleep
from sessionlib.core.values import Instant
from sessionlib.errors import ColabvpsError
from sessionlib.layout import AGENT_LOCK, SESSION_FILE
from sessionlib.records import read_object

_UPTIME = Path("/proc/uptime")
_TRIES = 5
_PAUSE_S = 0.01


class HomeTaken(ColabvpsError):
    """Another agent runs in this home."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of an account's compute: its id, and when it began by this machine's clocks."""

    id: str
    began: Instant


class Home:
    """An account's folder on this machine, locked while an agent runs in it."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: TextIO | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def lock(self) -> None:
        """Take the home. Raises HomeTaken, naming the process, if an agent has it.

        The lock goes with the process: nothing has to be cleaned up after a kill.
        """
        # What set-up and workload print is for nobody else on this machine.
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.path / AGENT_LOCK).open("a+")
        if not _try_lock(lock):
            lock.seek(0)
            other = lock.read(20).strip() or "unknown"
            lock.close()
            raise HomeTaken(
                f"{self.path} is in use by another agent (process {other}): "
                "an account has one agent at a time: stop that one first, or start this one "
                "for another account"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def unlock(self) -> None:
        """Give the home back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def session(self, now: Instant, lifetime_s: float) -> Session:
        """The session this start belongs to: the last one if it can still be running, else a
        new one. By the boot-time clock of the same boot only: wall clocks get stepped."""
        known = self._read(SESSION_FILE)
        boot = boot_id() or "unknown"
        if known.get("boot_id") == boot and not known.get("ended"):
            began_boot = known.get("began_boot")
            name = known.get("id")
            if isinstance(began_boot, int | float) and isinstance(name, str):
                age_s = now.boot - began_boot
                if 0 <= age_s < lifetime_s:
                    return Session(name, _back(now, age_s))
        session = Session(secrets.token_hex(4), _back(now, _machine_age_s()))
        self._write(
            SESSION_FILE,
            {"id": session.id, "boot_id": boot, "began_boot": session.began.boot},
        )
        return session

    def end_session(self) -> None:
        """Note that this session is over, so that the next start is a new one."""
        self._write(SESSION_FILE, {**self._read(SESSION_FILE), "ended": True})

    def seen_epoch(self, fleet: str) -> int:
        """The highest epoch this home has seen in `fleet`; 0 where it has seen none."""
        known = self._read("seen.json")
        epoch = known.get("epoch")
        return epoch if known.get("fleet") == fleet and isinstance(epoch, int) else 0

    def remember_epoch(self, fleet: str, epoch: int) -> None:
        """Remember the highest epoch seen, so that a restart still notices a rollback."""
        self._write("seen.json", {"fleet": fleet, "epoch": epoch})

    def _read(self, name: str) -> dict[str, Any]:
        # Nothing here may keep an agent from starting: without it we only know less.
        with contextlib.suppress(OSError, ValueError):
            return read_object((self.path / name).read_bytes())
        return {}

    def _write(self, name: str, body: dict[str, Any]) -> None:
        draft = self.path / f".{name}.{os.getpid()}"
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(body))
            draft.replace(self.path / name)


def _try_lock(lock: TextIO) -> bool:
    """Take the lock; who only tests whether it is free is waited for."""
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        sleep(_PAUSE_S)
    return False


def _back(now: Instant, age_s: float) -> Instant:
    return Instant(now.boot - age_s, now.mono - age_s, now.wall - age_s)


def is_on_colab() -> bool:
    """Whether this machine is a Colab notebook's: others set the one sign, but not both."""
    return "COLAB_RELEASE_TAG" in os.environ and Path("/var/colab/hostname").exists()


def _machine_age_s() -> float:
    """How old the session is when its first agent starts.

    On Colab the machine lives as long as the session, and its uptime may exceed
    the assigned time, which is the safe side; anywhere else a session begins now.
    """
    if not is_on_colab():
        return 0.0
    try:
        return float(_UPTIME.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
