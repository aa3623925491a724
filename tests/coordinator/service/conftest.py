from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coordinator.service.kit import Served, serving


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests of a module that leave it as they found it."""
    with serving(tmp_path_factory.mktemp("coordinator") / "coordinator.db") as served:
        yield served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service of a test's own."""
    with serving(tmp_path / "coordinator.db") as served:
        yield served
