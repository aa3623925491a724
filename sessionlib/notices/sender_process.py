"""The process that hands one notice to apprise, for every receiver at the same time.

Standard input: one JSON object (`urls`, `title`, `body`, `level`). Standard output: one JSON
line for each receiver. Of apprise's own words only a status number goes on: they may hold an
address.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from typing import Any

NICE = 10
"""Loading some hundred services takes a moment of processor time, which the agent comes before."""

_STATUS = re.compile(r"error[=:]\s*(\d{3})\b")
_LOCK = threading.Lock()


class _LogCapture(logging.Handler):
    """Keeps what a service's part of apprise says of failures, to be searched for a status."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = f"{self.said} {record.getMessage()}"[-2_000:]


def main() -> None:
    """Send what standard input says."""
    os.nice(NICE)
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    threads = [
        threading.Thread(target=_send, args=(number, url, asked), daemon=True)
        for number, url in enumerate(asked["urls"])
    ]
    import apprise  # noqa: F401, PLC0415 - once, before the threads do; absent: the exit code says so

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(number: int, url: str, asked: dict[str, Any]) -> None:
    try:
        fate, why = _sent(url, asked)
    except Exception as error:  # noqa: BLE001 - services raise what their libraries raise
        fate, why = "failed", f"its service failed here ({type(error).__name__})"
    with _LOCK:
        os.write(1, json.dumps({"number": number, "fate": fate, "why": why}).encode() + b"\n")


def _sent(url: str, asked: dict[str, Any]) -> tuple[str, str]:
    from apprise import Apprise, AppriseAsset, NotifyFormat  # noqa: PLC0415 - as above

    asset = AppriseAsset(
        app_id="colabvps",
        app_desc="colabvps",
        storage_mode="memory",
        secure_logging=True,
        async_mode=False,
    )
    receiver = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if receiver is None:
        return "unusable", "apprise knows no such address, or a part of it is missing"
    overheard = _LogCapture()
    # One of its own for each: apprise calls services in threads of its own choosing.
    receiver.logger = logging.Logger("receiver", logging.WARNING)
    receiver.logger.addHandler(overheard)
    sender = Apprise(asset=asset)
    sender.add(receiver)
    done = sender.notify(
        body=asked["body"],
        title=asked["title"],
        notify_type=asked["level"],
        body_format=NotifyFormat.TEXT,
        interpret_escapes=False,
    )
    return ("taken", "") if done else ("failed", _why(overheard.said))


def _why(said: str) -> str:
    status = _STATUS.search(said)
    if status is not None:
        return f"the service answers {status[1]}"
    return "no connection, or no answer" if "onnection" in said else "it wasn't taken"
