"""A store that counts and can be meddled with, and two sides of it, for the tests of copies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionlib.clock import SystemClock
from sessionlib.ports import Proof
from sessionlib.stores.memory import MemoryStore
from tests.unit.checkpoints.sessions import Side


class Meddled(MemoryStore):
    """A memory store that counts, and lets a test interfere."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.puts: list[str] = []
        self.before_put: Callable[[str], None] = lambda key: None
        self.after_put: Callable[[str], None] = lambda key: None
        self.md5 = False

    def put(self, key: str, data: bytes) -> None:
        self.before_put(key)
        super().put(key, data)
        self.puts.append(key)
        self.after_put(key)

    def proof(self, key: str) -> Proof | None:
        data = self.get(key)
        if self.md5 and data is not None:
            return Proof(len(data), "md5", hashlib.md5(data, usedforsecurity=False).hexdigest())
        return super().proof(key)


@pytest.fixture
def store() -> Meddled:
    return Meddled()


@pytest.fixture
def here(store: Meddled, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "here")


@pytest.fixture
def there(store: Meddled, tmp_path: Path) -> Side:
    return Side(store, tmp_path / "there")
