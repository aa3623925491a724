"""Goal: a kind of store is found by its name, and a wrong name is answered with the right ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlib.clock import SystemClock
from sessionlib.errors import ConfigError
from sessionlib.stores import open_store


def test_open_store_knows_the_kinds_built_in(tmp_path: Path) -> None:
    assert open_store("folder", tmp_path, SystemClock()).kind == "folder"
    with pytest.raises(ConfigError, match="'floppy'; built in: folder"):
        open_store("floppy", tmp_path, SystemClock())
