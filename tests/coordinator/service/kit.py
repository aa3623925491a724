"""A coordinator as a process of its own, and what sessions say to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from coordinator.admin import create_token

WITHIN_S = 30.0
Json = dict[str, Any]


@dataclass
class Served:
    """A running service, its database, and a token for each of those who need one."""

    db: Path
    options: tuple[str, ...] = ()
    url: str = ""
    tokens: dict[str | None, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        words = ("coordinator", "serve", "--json", "--port", "0", "--db", str(self.db))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", *words, *self.options],
            stdout=subprocess.PIPE,
            stderr=self.log.open("a"),
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.url = json.loads(line)["url"]

    @property
    def log(self) -> Path:
        return self.db.with_suffix(".log")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        code = process.wait(WITHIN_S)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def token(self, account: str | None) -> str:
        """An account's token; None is the operator."""
        if account not in self.tokens:
            self.tokens[account] = create_token(str(self.db), account)
        return self.tokens[account]

    def client(self, account: str | None = None, *, token: str | None = None) -> httpx.Client:
        bearer = token or self.token(account)
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {bearer}"}, timeout=WITHIN_S
        )

    def post(self, account: str, path: str, body: Json) -> httpx.Response:
        with self.client(account) as client:
            return client.post(path, json=body)

    def get(self, path: str, account: str | None = None) -> httpx.Response:
        with self.client(account) as client:
            return client.get(path)


ACCOUNTS = ("primary", "backup1", "backup2")


@contextmanager
def serving(db: Path, *options: str) -> Iterator[Served]:
    """A service over `db`, with tokens for a fleet of three and the operator."""
    served = Served(db, options)
    for account in (*ACCOUNTS, None):
        served.token(account)
    served.start()
    try:
        yield served
    finally:
        served.kill()


def beat(account: str, epoch: int, status: str = "standby", **more: Any) -> Json:
    """A heartbeat as an agent sends it."""
    return {
        "worker_id": f"{account}-1",
        "account": account,
        "epoch": epoch,
        "status": status,
        "session_remaining": 10.5,
        "timestamp": "2026-01-01T00:00:00.000+00:00",
        **more,
    }


def registration(account: str, epoch: int, **more: Any) -> Json:
    """A registration as an agent sends it."""
    return {
        "worker_id": f"{account}-1",
        "worker_url": f"https://{account}.example",
        "capabilities": {
            "cpu_cores": 2,
            "ram_gb": 12.7,
            "gpu_available": False,
            "worker_type": "colab",
        },
        "account": account,
        "epoch": epoch,
        "takeover": False,
        "previous_session": None,
        **more,
    }


def phase(account: str, epoch: int, name: str, to: str = "backup1", **more: Any) -> Json:
    """A move's phase as an agent sends it."""
    return {
        "worker_id": f"{account}-1",
        "account": account,
        "epoch": epoch,
        "plan": "p1",
        "from": account,
        "to": to,
        "phase": name,
        "left_s": None,
        **more,
    }
