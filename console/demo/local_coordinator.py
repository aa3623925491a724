"""The coordinator of a demonstration: the service as anybody would start it, on a free port.

Each account has a token of its own, and the operator another. It ends with the demonstration.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from console.errors import Refused
from sessionlib.coordinator import TOKEN_VARIABLE

WAIT_S = 20.0
_UNTIL_EOF = """
import os, signal, sys, threading
def end():
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=end, daemon=True).start()
from console.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
"""The program, which ends when its starter does."""
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOST_AFTER_S = 45.0
MIN_LOST_AFTER_S = 3.0


@contextmanager
def _signals_wait() -> Iterator[None]:
    """Let a signal that ends the demonstration come once this is over.

    Its handler raises. In the midst of a database's own code that is logged there, as a fault.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LocalCoordinator:
    """A service for as long as a demonstration lasts. Raises Refused where it can't start."""

    def __init__(self, folder: Path, accounts: Iterable[str], scale: float) -> None:
        try:
            from coordinator.admin import create_token  # noqa: PLC0415 - loaded only here
        except ModuleNotFoundError as error:
            raise Refused(f"the coordinator isn't installed ({error.name})") from None
        db = folder / "coordinator.db"
        with _signals_wait():
            self._tokens = {name: create_token(str(db), name) for name in accounts}
            self.operators_token: str = create_token(str(db), None)
        lost_after_s = max(MIN_LOST_AFTER_S, LOST_AFTER_S / scale)
        words = ["serve", "--json", "--port", "0", "--db", str(db), "--public-primary"]
        words += ["--lost-after", f"{lost_after_s:g}", "--token-rate", "200"]
        self._log = (folder / "coordinator.log").open("ab")
        self._process = subprocess.Popen(
            # -P: no file beside the configuration can take the place of one of ours.
            [sys.executable, "-P", "-c", _UNTIL_EOF, "coordinator", *words],
            # A pipe is never written to: it closes when this process ends, however it does.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # Ctrl-C is for the demonstration, which ends this one last.
            start_new_session=True,
        )
        out = self._process.stdout
        line = out.readline() if out is not None else b""
        try:
            self.url = str(json.loads(line)["url"])
        except (ValueError, LookupError, TypeError):
            self.close()
            raise Refused(f"the coordinator didn't start: see {folder}/coordinator.log") from None

    def environment(self, account: str) -> dict[str, str]:
        """What an account's agent has to have in its environment."""
        return {TOKEN_VARIABLE: self._tokens[account]}

    def close(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(WAIT_S)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._log.close()
