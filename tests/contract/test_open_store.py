"""Goal: a kind of store is found by its name, and one that can't be opened says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError
from sessionlib.stores import open_store

FILE = """fleet: f
store: {store}
accounts: {{a: {{email: a@example.com, role: main_worker, priority: 1}}}}
workload: {{command: [x]}}
"""


def config(tmp_path: Path, store: str) -> Config:
    path = tmp_path / "accounts.yaml"
    path.write_text(FILE.format(store=store))
    return load(path)


def test_a_folder_is_opened(tmp_path: Path) -> None:
    assert open_store(config(tmp_path, "{kind: folder}"), SystemClock()).kind == "folder"


def test_a_kind_that_is_not_built_in_is_answered_with_those_that_are(tmp_path: Path) -> None:
    there = config(tmp_path, '{kind: objects, url: "s3://bucket/x"}')
    with pytest.raises(ConfigError, match=r"yaml:2: store.kind: .* use folder or drive"):
        open_store(there, SystemClock())


def test_a_drive_without_its_tree_sends_to_init(tmp_path: Path) -> None:
    there = config(tmp_path, "{kind: drive, folder_id: 1AbCdEfGhIjKl}")
    with pytest.raises(ConfigError, match=r"yaml: store.ids: is missing: run .* init"):
        open_store(there, SystemClock())
