"""Whether the workload is ready: an HTTP answer of the 2xx family, or a file since the start."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path

EVERY_S = 0.05
TIMEOUT_S = 2.0

Check = Callable[[], bool]


def http_check(url: str) -> Check:
    """Ready once a GET of `url` is answered 2xx. Redirects aren't followed, and no proxy of
    the environment is asked: the question is whether this very process serves. Raises
    ValueError for what is no address."""
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port
    secure = parts.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def check() -> bool:
        connection = connect(host, port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path)
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()

    return check


def file_check(path: Path) -> Check:
    """Ready once `path` is there and isn't what stood there when this was called: an
    earlier run's file says nothing of this one, and to delete it isn't for us."""
    before = _identity(path)

    def check() -> bool:
        return _identity(path) not in {None, before}

    return check


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns)


class Probe:
    """Asks in a thread of its own until the answer is yes, and calls `on_ready` once."""

    def __init__(self, check: Check, on_ready: Callable[[Probe], None]) -> None:
        self._check = check
        self._on_ready = on_ready
        self._cancelled = threading.Event()
        threading.Thread(target=self._ask, name="probe", daemon=True).start()

    def _ask(self) -> None:
        while not self._check():
            if self._cancelled.wait(EVERY_S):
                return
        if not self._cancelled.is_set():
            self._on_ready(self)

    def cancel(self) -> None:
        self._cancelled.set()
