"""A real terminal around the real program: a pseudo-terminal whose other end is the test."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sessionlib.clock import SystemClock, sleep

ROOT = Path(__file__).parents[2]
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_ON, MOUSE_OFF = b"\x1b[?1000h", b"\x1b[?1000l"
CURSOR_SHOWN = b"\x1b[?25h"
CLOCK = SystemClock()


class Terminal:
    """One program in one terminal."""

    def __init__(
        self,
        command: Sequence[str],
        env: dict[str, str],
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        ignore: signal.Signals | None = None,
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

        def become_the_terminals() -> None:
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            if ignore is not None:
                signal.signal(ignore, signal.SIG_IGN)

        self.began_s = CLOCK.now().mono
        self.process = subprocess.Popen(
            list(command),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
            preexec_fn=become_the_terminals,  # noqa: PLW1509 - this process starts no thread before
        )
        self.before = termios.tcgetattr(theirs)
        self._theirs: int | None = theirs
        self.output = b""
        self.painted: list[tuple[float, int]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 65_536)
            except OSError:
                return
            if not data:
                return
            self.output += data
            self.painted.append((CLOCK.now().mono, len(self.output)))

    def until(self, what: bytes | Callable[[], bool], timeout_s: float = 15.0) -> None:
        """Wait until it was printed, or is so."""
        holds = what if callable(what) else lambda: what in self.output
        until_s = CLOCK.now().mono + timeout_s
        while not holds():
            assert CLOCK.now().mono < until_s, f"{what!r} never came:\n{self.output[-3_000:]!r}"
            sleep(0.01)

    def settled(self, what: str, timeout_s: float = 15.0) -> None:
        """Wait until the text of some line has it, whatever colours stand between."""
        self.until(lambda: what in plain(self.output), timeout_s)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def attributes(self) -> list[object]:
        """How the terminal is set now."""
        assert self._theirs is not None
        return list(termios.tcgetattr(self._theirs))

    def code(self, timeout_s: float = 15.0) -> int:
        """The exit code, once it has ended."""
        code = self.process.wait(timeout_s)
        self._thread.join(0.5)
        return code

    def hang_up(self) -> None:
        """The terminal is gone, as when an SSH connection breaks."""
        if self._theirs is not None:
            os.close(self._theirs)
            self._theirs = None
        os.close(self._ours)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for end in (self._theirs, self._ours):
            if end is not None:
                try:
                    os.close(end)
                except OSError:
                    continue


@contextmanager
def terminal(
    command: Sequence[str], folder: Path, /, size: tuple[int, int] = (80, 24), **options: object
) -> Iterator[Terminal]:
    """A program in a terminal, ended at the end. Other options: `ignore`, and variables."""
    ignore = options.pop("ignore", None)
    env = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    env |= {name: str(value) for name, value in options.items()}
    one = Terminal(command, env, folder, size, ignore)  # type: ignore[arg-type]  # a signal or None
    try:
        yield one
    finally:
        one.close()


PROGRAM = [sys.executable, "-m", "console"]


def plain(output: bytes) -> str:
    """The text of what was printed, colours and moves taken out."""
    text = output.decode(errors="replace")
    kept: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\x1b":
            at += 1
            if at < len(text) and text[at] == "[":
                at += 1
                while at < len(text) and not "@" <= text[at] <= "~":
                    at += 1
            at += 1
            continue
        kept.append(text[at])
        at += 1
    return "".join(kept)
