"""Fixtures: a store of each kind, a folder store alone, and processes that use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sessionlib.ports import Store
from sessionlib.stores.folder import FolderStore
from tests.contract import adapters
from tests.contract.actors import Actor


@pytest.fixture(params=sorted(adapters.ADAPTERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield adapters.ADAPTERS[request.param](tmp_path)
    if request.param == "drive":
        assert adapters.drives().emulator.defects == [], "nothing was asked that Drive doesn't know"


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return adapters.folder(tmp_path)


@pytest.fixture
def start_actor(folder: FolderStore) -> Iterator[Callable[[], Actor]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Actor(folder.root))
