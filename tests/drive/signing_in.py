"""A fleet whose store is in Drive, Google's sign-in, and somebody with a browser."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from console.__main__ import main
from sessionlib import secret_storage
from sessionlib.clock import sleep
from tests.drive.tiny_google import CLIENT, Google
from tests.unit.fake_keyrings import FakeKeyring

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
CONFIG = """\
fleet: my-fleet
store: {kind: drive}
accounts:
  primary: {email: a@example.com, role: main_worker, priority: 1}
  backup1: {email: b@example.com, role: hot_standby, priority: 2}
workload: {command: [sleep, "60"]}
"""
PASSPHRASE = "open-sesame-secret"  # noqa: S105 - opens nothing
BROWSER = f"""\
#!{sys.executable}
import os, pathlib, sys, urllib.request
pathlib.Path(os.environ["HOME"], "typed").open("a").write(" ".join(sys.argv))
print("Opening in existing browser session.")
print(urllib.request.urlopen(sys.argv[1]).read())
"""


@dataclass
class OperatorConsole:
    """One machine: a configuration, a keyring, and the program."""

    folder: Path
    google: Google
    keyring: FakeKeyring
    capture: pytest.CaptureFixture[str]

    def __post_init__(self) -> None:
        self.config.write_text(CONFIG)
        self.client.write_text(json.dumps(CLIENT))

    @property
    def config(self) -> Path:
        return self.folder / "accounts.yaml"

    @property
    def client(self) -> Path:
        return self.folder / "client_secret.json"

    def run(self, *args: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self.capture.readouterr()
        code = main([*args, "--config", str(self.config)])
        return code, *self.capture.readouterr()

    def run_json(self, *args: str) -> tuple[int, Any, str]:
        code, out, err = self.run(*args, "--json")
        assert out.count("\n") == 1
        return code, json.loads(out), err

    def login(self, account: str, *more: str) -> tuple[int, str, str]:
        """Sign in with the client's file."""
        return self.run("login", account, "--client", str(self.client), "--yes", *more)

    def kept(self) -> set[str]:
        """The names of what the keyring holds."""
        return {name for service, name in self.keyring.kept if service == secret_storage.SERVICE}


def visit_beside(url: str) -> None:
    """A browser that follows where it is sent, in a thread of its own."""
    threading.Thread(target=_visit, args=(url,), daemon=True).start()


def _visit(url: str) -> None:
    with suppress(OSError), urllib.request.urlopen(url, timeout=10) as page:  # noqa: S310 - our own
        page.read()


def ended_at(url: str) -> str:
    """The address that a browser stands at when nobody listens where it was sent."""

    class Standing(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *words: Any) -> None:
            """Go nowhere."""

    try:
        urllib.request.build_opener(Standing).open(url, timeout=10)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("sent nowhere")


def machine(folder: Path, google_url: str) -> dict[str, str]:
    """The environment of a machine without a keyring, with a browser of its own."""
    browser = folder / "browser"
    browser.write_text(BROWSER)
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "BROWSER": str(browser),
        "COLABVPS_DRIVE_EMULATOR": google_url,
        "COLABVPS_PASSPHRASE": PASSPHRASE,
    }


def console(*args: str, env: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    """The program, as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "console", *args],
        cwd=folder,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def eventually(look: Callable[[], T]) -> T:
    """What `look` returns once it can."""
    for _ in range(600):
        with suppress(OSError):
            return look()
        sleep(0.05)
    return look()
