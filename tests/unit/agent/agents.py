"""Agents as they are built, not started: over a folder, or over a store of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessionlib.agent import start
from sessionlib.agent.loop import Agent
from sessionlib.clock import SystemClock
from sessionlib.config_loading import parse
from sessionlib.core.actions import Action
from sessionlib.ports import Store
from sessionlib.stores.folder import FolderStore

CONFIG = """
fleet: f
store: {kind: folder, path: store}
timings: {scale: 20}
accounts:
  a: {email: a@example.com, role: main_worker, priority: 1}
workload:
  command: [sleep, "60"]
"""


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


def agent(folder: Path, text: str = CONFIG) -> Agent:
    path = folder / "accounts.yaml"
    path.write_text(text)
    FolderStore(folder / "store", SystemClock()).provision()
    return start.build(parse(text, path), "a", terminal=False)


def begin(agent: Agent, action: Action, now_mono: float | None = None) -> None:
    """Have the agent's executor begin this, at its clock's present or at `now_mono`."""
    now = agent.clock.now()
    now = now if now_mono is None else replace(now, mono=now_mono)
    agent.executor.begin(action, agent.view, now)
