"""What agent, guard and reaper say to each other: one JSON object a line, read strictly.

A line that doesn't read is a bug in this project and raises Garbled. The guard then kills
everything, for it can't know what it was told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NoReturn

from sessionlib.core.values import Instant
from sessionlib.core.work import Mode

MAX_LINE_BYTES = 8 * 1024 * 1024
"""More than the kernel takes as arguments and environment together."""


class Garbled(ValueError):
    """A line that no writer of ours makes."""


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start the workload; `env` is the whole of its environment and may hold secrets."""

    mode: Mode
    epoch: int | None
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str] = field(repr=False)
    grace_s: float
    log_path: str
    control_path: str


@dataclass(frozen=True, slots=True)
class Activate:
    """Turn the standby that runs into an active workload."""

    epoch: int


@dataclass(frozen=True, slots=True)
class LeaseGrant:
    """A lease write has succeeded: `epoch` may work for `valid_s` from `sent`."""

    epoch: int
    sent: Instant
    valid_s: float


@dataclass(frozen=True, slots=True)
class Freeze:
    """Trust no lease write sent at `at` or before."""

    at: Instant


@dataclass(frozen=True, slots=True)
class Stop:
    """End the workload: SIGTERM, its grace, SIGKILL; or SIGKILL at once."""

    kill: bool


@dataclass(frozen=True, slots=True)
class Started:
    """The guard is up."""

    guard: int
    reaper: int


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Sent all the time, in every direction but to the guard from the agent."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """The workload's program runs as process `pid`."""

    pid: int


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """The program could not be started; nothing of it runs."""

    reason: str


@dataclass(frozen=True, slots=True)
class Activated:
    """The standby has been told to work under `epoch`."""

    epoch: int


@dataclass(frozen=True, slots=True)
class SpawnRefused:
    """A Spawn that would have run for effect without a right to. Every Spawn is answered
    by exactly one of Refused, SpawnFailed and, in the end, Emptied."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotActivated:
    """An Activate that came too late or without a right to; what runs goes on as it was."""

    reason: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The main process ended; below 0 it is the signal's number. Others may be left."""

    code: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """Every process of the workload is stopped."""

    why: str


@dataclass(frozen=True, slots=True)
class Thawed:
    """The workload runs again."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """No process of the workload is left."""


Command = Spawn | Activate | LeaseGrant | Freeze | Stop
GuardEvent = (
    Started
    | KeepAlive
    | Spawned
    | SpawnFailed
    | Activated
    | SpawnRefused
    | NotActivated
    | Exited
    | Frozen
    | Thawed
    | Emptied
)
GuardMessage = Command | GuardEvent

# The tags are the protocol: a guard may be older than its agent. The classes may be renamed.
_KINDS: Mapping[str, type[Any]] = {
    "Spawn": Spawn,
    "Activate": Activate,
    "Grant": LeaseGrant,
    "Freeze": Freeze,
    "Stop": Stop,
    "Started": Started,
    "Alive": KeepAlive,
    "Spawned": Spawned,
    "SpawnFailed": SpawnFailed,
    "Activated": Activated,
    "Refused": SpawnRefused,
    "NotActivated": NotActivated,
    "Exited": Exited,
    "Frozen": Frozen,
    "Thawed": Thawed,
    "Emptied": Emptied,
}
_TAGS: Mapping[type[Any], str] = {kind: tag for tag, kind in _KINDS.items()}


def encode(message: GuardMessage) -> bytes:
    """One line. ASCII throughout, so that names that aren't UTF-8 survive as surrogates."""
    body = {"is": _TAGS[type(message)], **asdict(message)}
    line = json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(line) >= MAX_LINE_BYTES:
        raise Garbled(f"{_TAGS[type(message)]} of {len(line)} bytes, more than {MAX_LINE_BYTES}")
    return line + b"\n"


def decode(line: bytes) -> GuardMessage:
    """Read one line. Raises Garbled."""
    try:
        body = json.loads(line, parse_constant=_no_constant)
        kind = _KINDS[body.pop("is")]
        names = {item.name: str(item.type) for item in fields(kind)}
        values = {name: _READERS[what](body.pop(name)) for name, what in names.items()}
        message: GuardMessage = kind(**values, **body)
    except Garbled:
        raise
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        ArithmeticError,
        RecursionError,
    ) as error:
        # The line itself isn't quoted: it may carry the workload's secrets.
        raise Garbled(f"{len(line)} bytes that are no message: {type(error).__name__}") from None
    return message


def _no_constant(name: str) -> NoReturn:
    # NaN would make every comparison with a deadline false.
    raise Garbled(f"{name} in a message")


def _int(value: Any) -> int:
    if type(value) is not int:
        raise Garbled("not a whole number")
    return value


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise Garbled("not a number")
    return float(value)


def _str(value: Any) -> str:
    if type(value) is not str:
        raise Garbled("not a text")
    return value


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise Garbled("neither true nor false")
    return value


def _instant(value: Any) -> Instant:
    if set(value) != {"boot", "mono", "wall"}:
        raise Garbled("not an instant")
    return Instant(**{name: _number(part) for name, part in value.items()})


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "int": _int,
    "float": _number,
    "str": _str,
    "bool": _bool,
    "int | None": lambda value: None if value is None else _int(value),
    "tuple[str, ...]": lambda value: tuple(_str(part) for part in value),
    "Mapping[str, str]": lambda value: {_str(name): _str(part) for name, part in value.items()},
    "Mode": Mode,
    "Instant": _instant,
}
