"""An agent as it is built, over a store that a test has planted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sessionlib.agent import start
from sessionlib.agent.loop import Agent
from sessionlib.config_loading import parse
from sessionlib.ports import Store


@contextmanager
def agent_over(store: Store, folder: Path, changes: Mapping[str, Any]) -> Iterator[Agent]:
    """The agent of account a, not started; `changes` are sections of its configuration."""
    body = {
        "fleet": "fleet",
        "store": {"kind": "folder", "path": "shared"},
        "accounts": {"a": {"email": "a@example.com", "role": "main_worker", "priority": 1}},
        "workload": {"command": ["true"]},
        **changes,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start, "_store", lambda *words: store)
        settings = parse(json.dumps(body), folder / "accounts.yaml")
        agent = start.build(settings, "a", folder / "home", terminal=False)
    try:
        yield agent
    finally:
        agent.home.unlock()
