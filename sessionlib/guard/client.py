"""The agent's end of the guard: start it, talk to it, notice that it is lost.

Nothing of a lost guard is left before anybody is told.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sessionlib
from sessionlib.clock import Clock, SystemClock
from sessionlib.errors import ColabvpsError
from sessionlib.guard.channel import Channel
from sessionlib.guard.policy import Limits
from sessionlib.guard.silence import LOOKS, SilenceDetector
from sessionlib.guard.sweep import GUARD_MARKER, HOME_MARKER, home_mark, sweep
from sessionlib.guard.wire import Command, Garbled, GuardEvent, KeepAlive, Started

_BOOT_S = 10.0
"""How long a guard may take to say its first word on a busy machine."""
_END_S = 5.0

# Isolated and without `site`: nothing that is installed beside us, and no file of the
# working directory, can come between, and it starts in half the time.
_CODE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from sessionlib.guard.__main__ import main; main(sys.argv[2:])"
)


class GuardError(ColabvpsError):
    """No guard can be had, and so no workload."""


@dataclass(frozen=True, slots=True)
class GuardLost:
    """The guard has ended or been ended, and nothing below it is left."""

    why: str


class GuardClient:
    """One guard. `on_event` is called in a thread of this class and must only pass on.

    After `GuardLost` nothing more comes, and another client is needed. `cleared`
    says that nothing of an earlier agent is left in this home.
    """

    def __init__(
        self,
        *,
        home: Path,
        limits: Limits,
        on_event: Callable[[GuardEvent | GuardLost], None],
        clock: Clock | None = None,
    ) -> None:
        self._home = home.resolve()
        self._limits = limits
        self._on_event = on_event
        self._clock: Clock = clock or SystemClock()
        self._mark = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._closing = False
        self.cleared = False

    @property
    def markers(self) -> dict[str, str]:
        """What the environment of everything below this guard has to hold."""
        return {GUARD_MARKER: self._mark, HOME_MARKER: home_mark(self._home)}

    def start(self) -> None:
        """Clear the home of what an earlier agent left, then start. Raises GuardError."""
        if not sweep(HOME_MARKER, home_mark(self._home), patience_s=0):
            raise GuardError("processes of an earlier agent of this home don't end")
        self.cleared = True
        try:
            self._channel = Channel(self._started())
        except OSError as error:
            raise GuardError(f"the guard can't be started: {error}") from error
        self._reader = threading.Thread(target=self._read, name="guard", daemon=True)
        self._reader.start()

    def _started(self) -> socket.socket:
        ours, guards = socket.socketpair()
        try:
            with guards:
                self._process = self._popen(guards)
        except OSError:
            ours.close()
            raise
        return ours

    def _popen(self, sock: socket.socket) -> subprocess.Popen[bytes]:
        logs = self._home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        root = str(Path(sessionlib.__file__).parents[1])
        limits = self._limits
        words = (
            *(root, sock.fileno(), os.getpid()),
            *(limits.margin_s, limits.kill_after_s, limits.silence_s),
        )
        with (logs / "guard.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CODE, *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={**without_secrets(os.environ), **self.markers},
                pass_fds=[sock.fileno()],
                start_new_session=True,
            )

    def send(self, command: Command) -> None:
        """Never waits. What a lost guard can't be told any more is dropped; GuardLost follows.
        Raises Garbled for what no message can hold."""
        with self._lock:
            if self._channel is not None and not self._channel.closed:
                self._channel.send(command)

    def close(self) -> bool:
        """End the guard and everything below it; False if something doesn't end."""
        self._closing = True
        if self._reader is None or self._channel is None:
            return True
        with self._lock:
            self._channel.hang_up()
        self._reader.join(_END_S * 2)
        return not self._reader.is_alive()

    def _read(self) -> None:
        why = self._relay_events()
        self._kill_remains()
        if not self._closing:
            self._on_event(GuardLost(why))

    def _relay_events(self) -> str:
        """Pass on what the guard says, until it is lost. Returns why it is."""
        limit_s = self._limits.silence_s
        silence = SilenceDetector(_BOOT_S, self._clock.now())
        look_s = limit_s / LOOKS
        while not self._closing:
            try:
                messages, closed = self._poll(look_s)
            except Garbled as error:
                return f"the guard can't be understood: {error}"
            if any(isinstance(message, Started) for message in messages):
                silence = SilenceDetector(limit_s, self._clock.now())
            now = self._clock.now()
            silence.note_look(bool(messages), now)
            for message in messages:
                if isinstance(message, GuardEvent) and not isinstance(message, KeepAlive):
                    self._on_event(message)
            if closed:
                return "the guard ended"
            if silence.lost(now):
                return "the guard fell silent"
        return "closed"

    def _poll(self, wait_s: float) -> tuple[list[GuardEvent | Command], bool]:
        channel = self._channel
        assert channel is not None  # noqa: S101 - set before this thread was started
        poll = select.poll()
        poll.register(channel, channel.mask)
        poll.poll(wait_s * 1000)
        with self._lock:
            channel.flush()
        return list(channel.receive()), channel.closed

    def _kill_remains(self) -> None:
        """Make sure that nothing is left of the guard, however long that takes."""
        process = self._process
        assert process is not None and self._channel is not None  # noqa: S101, PT018 - as above
        with self._lock:
            self._channel.close()
        if self._closing:
            # End-of-file: it kills everything and ends by itself.
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)
        process.send_signal(signal.SIGKILL)
        process.wait()
        patience_s = self._limits.silence_s / LOOKS
        while not sweep(GUARD_MARKER, self._mark, patience_s, clock=self._clock):
            patience_s = 0.0


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what is the agent's own."""
    return {name: value for name, value in environ.items() if not name.startswith("COLABVPS_")}
