"""What is remembered of a start, in its home: a handle is on disk before anything is started.

What can't be read counts as not known.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from sessionlib.clock import boot_id
from sessionlib.launchers import LaunchHandle
from sessionlib.layout import AGENT_LOCK, SESSION_FILE
from sessionlib.records import read_object

NAME = "launch.json"
_SCHEMA = "launch/1"
_KINDS: dict[str, tuple[type, ...]] = {
    "account": (str,),
    "home": (str,),
    "nonce": (str,),
    "machine": (str, type(None)),
    "pid": (int, type(None)),
    "start": (int, type(None)),
}


def save_handle(handle: LaunchHandle) -> None:
    """Write a handle over the last one of its home; it is on the disk when this returns.
    Raises OSError."""
    home = Path(handle.home)
    draft = home / f".{NAME}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"schema": _SCHEMA, **asdict(handle)}))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(home / NAME)
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_handle(home: Path, account: str) -> LaunchHandle | None:
    """The last handle of a home; None where there is none that can be read."""
    with suppress(OSError, ValueError):
        body = read_object((home / NAME).read_bytes())
        values: dict[str, Any] = {
            field.name: body.get(field.name) for field in fields(LaunchHandle)
        }
        fits = all(isinstance(values[name], kinds) for name, kinds in _KINDS.items())
        if body.get("schema") == _SCHEMA and fits and values["account"] == account:
            # A home that was moved is where it is now.
            return LaunchHandle(**{**values, "home": str(home)})
    return None


def this_machine() -> str | None:
    """Where process numbers mean what they mean here: this boot, and this namespace of them."""
    boot = boot_id()
    try:
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it names no file
    except OSError:
        return None
    return None if boot is None else f"{boot} {namespace}"


def session_in(home: Path, pid: int | None) -> str | None:
    """The id of the session whose agent was process `pid`, if that was the last agent to run
    in this home and on this boot; None where that isn't certain."""
    with suppress(OSError, ValueError):
        if pid is None or last_agent(home) != pid:
            return None
        body = read_object((home / SESSION_FILE).read_bytes())
        name = body.get("id")
        if isinstance(name, str) and body.get("boot_id") == boot_id():
            return name
    return None


def last_agent(home: Path) -> int | None:
    """The process that an agent of this home last was."""
    with suppress(OSError, ValueError):
        return int((home / AGENT_LOCK).read_text()[:20])
    return None
