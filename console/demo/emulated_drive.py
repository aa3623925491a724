"""A demonstration's store in a Drive of its own: the emulator, in a process beside the fleet."""

# Everything goes the way it goes with Google. `init` makes the folder, its tree and its sharing.
# Each account is signed in with a token that this machine keeps, encrypted, below the fleet's own
# folder. doctor has its say before anybody may take over. Only the browser is left out.

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from console.checks.doctor import drive as doctor
from console.checks.doctor import result
from console.errors import Refused
from console.setup.founding import drive as founding
from sessionlib import secret_storage
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.ports import Store
from sessionlib.signed.doctor_result import StoreCheck
from sessionlib.stores import checked_folder_of, open_store
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.opening import EMULATOR_VARIABLE
from sessionlib.stores.drive.signin_storage import OPERATOR, SignIn

OPERATOR_EMAIL = "operator@example.com"
LATENCY_MS = 20.0
ROUNDS = 5
"""Of doctor's race: what an emulator has passed lets agents take over nowhere else."""
WAIT_S = 20.0
NAME = "Google Drive, emulated here"


class EmulatedDrive:
    """An emulator for as long as the demonstration lasts. `emails` are the accounts' by name."""

    def __init__(
        self,
        folder: Path,
        emails: Mapping[str, str],
        latency_ms: float = LATENCY_MS,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        self._emails = {OPERATOR: OPERATOR_EMAIL, **emails}
        self._before: dict[str, str | None] = {}
        words = [f"--latency-ms={latency_ms:g}", f"--seed={seed}", "--until-eof"]
        words += [f"--fault={kind}={rate:g}" for kind, rate in (faults or {}).items()]
        words += [f"--account={email}" for email in self._emails.values()]
        self._process = subprocess.Popen(
            # -P: no file beside the configuration can take the place of one of ours.
            [sys.executable, "-P", "-m", "console.emulators.drive", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C is for the demonstration, which ends this one last.
            start_new_session=True,
        )
        try:
            self.url = self._address()
            self._set(EMULATOR_VARIABLE, self.url)
            self._set(secret_storage.VARIABLE, secrets.token_hex(16))
            self._set("XDG_CONFIG_HOME", str(folder / "settings"))
        except BaseException:
            self.close()
            raise

    def settings(self) -> dict[str, Any]:
        return {"kind": "drive"}

    def provision(self, config: Config, clock: Clock, seed: str) -> Config:
        for name, email in self._emails.items():
            told = self.control("token", {"email": email})
            kept = SignIn(
                email,
                told["client_id"],
                told["client_secret"],
                told["refresh_token"],
                clock.now().wall,
            )
            signin_storage.save(config.fleet, name, kept)
        for step in founding.steps(founding.inspect_folder(config), mail=False):
            step.do()
        config = load(config.path)
        _examine(config, clock, seed)
        return config

    def open(self, config: Config, clock: Clock) -> Store:
        return open_store(config, clock)

    def environment(self) -> dict[str, str]:
        return {name: os.environ[name] for name in self._before}

    def control(self, name: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the emulator itself is asked, at its own door."""
        data = None if body is None else json.dumps(body).encode()
        with urlopen(f"{self.url}/control/{name}", data, timeout=WAIT_S) as answer:  # noqa: S310 - our own child's address, on this machine
            return json.loads(answer.read())

    def close(self) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _set(self, name: str, value: str) -> None:
        """For this process and all that it starts, until `close`."""
        self._before.setdefault(name, os.environ.get(name))
        os.environ[name] = value

    def _address(self) -> str:
        out = self._process.stdout
        line = out.readline() if out is not None else b""
        try:
            return str(json.loads(line)["url"])
        except (ValueError, LookupError, TypeError):
            raise Refused("the emulator of Google Drive didn't start") from None


def _examine(config: Config, clock: Clock, seed: str) -> None:
    exam = doctor.prepare(config, [], ROUNDS, clock)
    findings = list(doctor.examine(exam, clock, lambda text: None))
    bad = result.failed_safety_checks(findings)
    place = checked_folder_of(config)
    if place is not None:
        where = (place.fleet, place.folder_id, place.lease_id)
        found = StoreCheck(*where, clock.now().wall, not bad, bad, ROUNDS, "demo")
        result.save_store_check(open_store(config, clock), found, seed)
