"""The emulator as a process of its own."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Sequence

from console.emulators.drive.command_line import options
from console.emulators.drive.control_api import PREFIX
from console.emulators.drive.emulator import Emulator
from sessionlib.errors import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal or, if that is asked for, the end of standard input."""
    asked = options(argv)
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    try:
        emulator = Emulator(
            asked.account,
            port=asked.port,
            latency_ms=asked.latency_ms,
            faults=dict(asked.fault),
            seed=asked.seed,
            state=asked.state,
        )
    except ConfigError as error:
        _message(str(error))
        return 2
    except OSError as error:
        _message(f"port {asked.port} can't be listened on ({error.strerror}): name another one")
        return 1
    with emulator:
        print(  # noqa: T201 - the one line that whoever started this waits for
            json.dumps({"url": emulator.url, "control": f"{emulator.url}{PREFIX}"}), flush=True
        )
        if asked.until_eof:
            threading.Thread(target=_watch_input, args=(end,), daemon=True).start()
        end.wait()
    return 0


def _watch_input(end: threading.Event) -> None:
    sys.stdin.buffer.read()
    end.set()


def _message(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
