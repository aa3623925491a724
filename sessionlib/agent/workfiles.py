"""The files and variables through which a workload and its agent know of each other.

What the workload wrote is read within bounds, and rubbish counts as nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sessionlib.agent.log_rotation import LogRotator
from sessionlib.agent.safe_open import open_regular
from sessionlib.core.work import Mode, WorkloadSpec
from sessionlib.guard.client import without_secrets

_STATUS_BYTES = 64 * 1024
_URL_BYTES = 2048
_TEXT_CHARS = 200
_TASKS = 32

Status = tuple[str | None, tuple[str, ...], str | None]
"""Progress, tasks, public URL."""


@dataclass(frozen=True, slots=True)
class WorkloadContext:
    """Where a workload runs and for whom. `deadline_unix_s` is when the session expires."""

    home: Path
    account: str
    session: str
    deadline_unix_s: float


class WorkFiles:
    """One home's paths for one workload."""

    def __init__(self, context: WorkloadContext) -> None:
        self._context = context
        self.home = context.home.resolve()
        self.log = self.home / "logs" / "workload.log"
        self.control = self.home / "run" / "control.json"
        self.url = self.home / "run" / "url"
        self.status = self.home / "run" / "status.json"

    def prepare(self, spec: WorkloadSpec) -> None:
        """Make the folders, and clear what an earlier run said of itself. Raises OSError."""
        for folder in (self.log.parent, self.control.parent, self.home / spec.data):
            folder.mkdir(parents=True, exist_ok=True)
        self.url.unlink(missing_ok=True)
        self.status.unlink(missing_ok=True)

    def environment(
        self, spec: WorkloadSpec, inherited: Mapping[str, str], mode: Mode, epoch: int | None
    ) -> dict[str, str]:
        """The workload's whole environment but for the guard's markers."""
        own = {
            "SESSION_ACCOUNT": self._context.account,
            "SESSION_ID": self._context.session,
            "SESSION_EPOCH": "" if epoch is None else str(epoch),
            "SESSION_MODE": mode.value,
            "SESSION_DATA_DIR": str(self.home / spec.data),
            "SESSION_DEADLINE": str(int(self._context.deadline_unix_s)),
            "SESSION_CONTROL_FILE": str(self.control),
            "SESSION_URL_FILE": str(self.url),
            "SESSION_STATUS_FILE": str(self.status),
        }
        # Its log is read while it runs, and what it had buffered would be lost with it.
        return {"PYTHONUNBUFFERED": "1", **without_secrets(inherited), **spec.env, **own}

    def start_log_rotation(self) -> LogRotator:
        """From now on the log stays below its cap."""
        return LogRotator(self.log)

    def read_status(self) -> Status:
        """What the workload says of itself."""
        progress, tasks = _progress(_read(self.status, _STATUS_BYTES))
        return progress, tasks, _url(_read(self.url, _URL_BYTES))


def _read(path: Path, limit: int) -> str:
    """A small text file; nothing if it is missing, larger, or no regular file."""
    with suppress(OSError, ValueError), open_regular(path) as (fd, _):
        data = os.read(fd, limit + 1)
        return data.decode("utf-8") if len(data) <= limit else ""
    return ""


def _progress(text: str) -> tuple[str | None, tuple[str, ...]]:
    with suppress(ValueError, RecursionError):
        body = json.loads(text)
        if isinstance(body, dict):
            tasks = body.get("tasks")
            listed = tasks[:_TASKS] if isinstance(tasks, list) else []
            said = (_text(task) for task in listed)
            return _text(body.get("progress")), tuple(task for task in said if task)
    return None, ()


def _text(value: object) -> str | None:
    """A short printable text from a text or number; anything else is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    shown = "".join(char for char in str(value)[:_TEXT_CHARS] if char.isprintable())
    return shown or None


def _url(text: str) -> str | None:
    line = text.strip()
    if not line.startswith(("http://", "https://")) or not line.isprintable() or " " in line:
        return None
    return line
