"""What the tests of code bundles share: a fleet's store, its operator, and programs to publish."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from sessionlib.bundles.packing import PackedArchive, list_entries, pack
from sessionlib.bundles.preparer import ProgramPreparer
from sessionlib.bundles.records import PublishedCode
from sessionlib.bundles.setup import SetupRunner
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import parse
from sessionlib.publishing import Publisher
from sessionlib.signing import public_of
from sessionlib.stores.folder import FolderStore

SEED = "5e" * 32
OTHER_SEED = "0a" * 32
PUBLIC = public_of(SEED)


def packed(folder: Path) -> tuple[PackedArchive, io.BytesIO]:
    into = io.BytesIO()
    done = pack(folder, list_entries(folder), into, lambda _: None)
    into.seek(0)
    return done, into


def no_progress(_done: int, _total: int) -> None:
    """Nobody looks."""


@dataclass
class Fleet:
    """A folder with a configuration, a program in `app`, and a provisioned store."""

    folder: Path

    def __post_init__(self) -> None:
        self.app.mkdir(parents=True)
        (self.app / "main.py").write_text("print('one')\n")
        self.store.provision()

    @property
    def app(self) -> Path:
        return self.folder / "app"

    @property
    def home(self) -> Path:
        return self.folder / "work" / "primary"

    @property
    def store(self) -> FolderStore:
        return FolderStore(self.folder / "shared", SystemClock())

    def config(self, workload: str = "code: app", fleet: str = "my-fleet") -> Config:
        text = (
            f"fleet: {fleet}\n"
            "store: {kind: folder, path: shared}\n"
            "accounts: {primary: {email: a@example.com, role: main_worker, priority: 1}}\n"
            f"workload: {{command: [python, main.py], {workload}}}\n"
        )
        return parse(text, self.folder / "accounts.yaml")

    def publisher(self, seed: str = SEED, fleet: str = "my-fleet") -> Publisher:
        return Publisher(self.store, fleet, seed, "me@here", 1_700_000_000.0)

    def publish(self, *setup: str, seed: str = SEED, fleet: str = "my-fleet") -> PublishedCode:
        done, archive = packed(self.app)
        return self.publisher(seed, fleet).publish_code(done, archive, setup, no_progress)

    def kits(
        self, workload: str = "code: app", public: str | None = PUBLIC, timeout_s: float = 60.0
    ) -> ProgramPreparer:
        self.home.mkdir(parents=True, exist_ok=True)
        setup = SetupRunner(self.home, timeout_s)
        return ProgramPreparer(self.store, self.home, self.config(workload), public, setup)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)
