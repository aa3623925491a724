"""One case: a fresh copy of its fleet, the program over it, and the answer."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import keyring
from keyring.backends.fail import Keyring

from console.__main__ import main
from tests.contract.documents.cases import FLEETS, Case

FOLDERS = ("state", "scripts", "data", "logs", "config", ".tmp")
"""What a store has even while it is empty. Git keeps no empty folders."""
AGE_S = 2.0
"""How old a planted file is when a case begins."""
LOOK_EVERY_S = 0.02
DROPPED = ("COLABVPS_", "XDG_", "PYTHON_KEYRING", "LC_", "COLUMNS", "LINES")


@dataclass(frozen=True)
class Answer:
    """What a program sees of one run: its exit code, and the lines of standard output.

    A line that is no document stands as it is. Without `--json` the lines are for people,
    and the exit code counts alone. `said` is for the reader of a failure.
    """

    exit_code: int
    documents: list[Any]
    said: str = ""


def run_case(case: Case, folder: Path) -> Answer:
    """Run one case below `folder`, which must be empty."""
    place = folder / "fleet"
    _plant(case, place)
    out, err = _Lines(case.lines), io.StringIO()
    with ExitStack() as around:
        around.callback(time.tzset)
        around.enter_context(patch.dict(os.environ, _environment(case, folder), clear=True))
        time.tzset()
        around.enter_context(patch("socket.gethostname", lambda: "machine"))
        around.enter_context(_in_folder(place))
        around.enter_context(patch.object(sys, "stdin", io.StringIO(case.stdin)))
        around.enter_context(redirect_stdout(out))
        around.enter_context(redirect_stderr(err))
        around.enter_context(_then(case, place))
        # A shell starts its background jobs with SIGINT ignored.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        around.callback(signal.signal, signal.SIGINT, before)
        keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]  # keyring
        code = main(list(case.args))
    lines = out.getvalue().splitlines()[: case.lines] if "--json" in case.args else []
    documents = [_document(_neutral(line, folder)) for line in lines]
    return Answer(code, documents, _neutral(err.getvalue(), folder))


def _plant(case: Case, place: Path) -> None:
    place.mkdir(parents=True)
    for name in case.fleet:
        shutil.copytree(FLEETS / name, place, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for name in FOLDERS if case.fleet else ():
        (place / "shared" / name).mkdir(parents=True, exist_ok=True)
    for path in place.rglob("*"):
        # The modes count in what is published, and a file system's clock is coarse.
        path.chmod(0o755 if path.is_dir() else 0o644)
        written_s = path.stat().st_mtime - AGE_S
        os.utime(path, (written_s, written_s))
    for name in case.without:
        path = place / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _environment(case: Case, folder: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    home = folder / "fleet" / "home"
    home.mkdir(exist_ok=True)
    fixed = {
        "HOME": str(home),
        "TZ": "UTC",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "USER": "operator",
        "LOGNAME": "operator",
    }
    return {**kept, **fixed, **case.env}


@contextmanager
def _in_folder(place: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(place)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _then(case: Case, place: Path) -> Iterator[None]:
    """Around a run in which the agents answer the first order."""
    if not case.then:
        yield
        return
    ended = Event()
    answering = Thread(target=_answer_order, args=(case, place, ended), daemon=True)
    answering.start()
    try:
        yield
    finally:
        ended.set()
        answering.join()


def _answer_order(case: Case, place: Path, ended: Event) -> None:
    orders = place / "shared" / "state" / "orders"
    while not ended.wait(LOOK_EVERY_S):
        found = sorted(orders.glob("*.json")) if orders.is_dir() else []
        if found:
            for name in case.then:
                _put(FLEETS / name, place, found[0].stem)
            return


def _put(layer: Path, place: Path, order: str) -> None:
    """Each file at once, as an agent would write it.

    By name: a move's history, its lease, and the report that says so last.
    """
    for path in sorted(path for path in layer.rglob("*") if path.is_file()):
        to = place / path.relative_to(layer)
        to.parent.mkdir(parents=True, exist_ok=True)
        beside = to.with_name(f".{to.name}.new")
        beside.write_bytes(path.read_bytes().replace(b"ORDER", order.encode()))
        beside.replace(to)


class _Lines(io.StringIO):
    """Standard output, which interrupts the program once it has said enough."""

    def __init__(self, most: int | None) -> None:
        super().__init__()
        self._left = most

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._left is not None and "\n" in text:
            self._left -= 1
            if self._left == 0:
                signal.raise_signal(signal.SIGINT)
        return written


def _neutral(text: str, folder: Path) -> str:
    """The same wherever it ran, and whichever version."""
    return text.replace(str(folder / "fleet"), "<folder>").replace(_version(), "<version>")


def _version() -> str:
    with redirect_stdout(io.StringIO()) as out:
        main(["--version"])
    return out.getvalue().split()[-1]


def _document(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line
