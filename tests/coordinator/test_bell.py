"""The doorbell, at a real agent's door.

Goal: a standby looks at the store when it rings, and not only when it would have looked
anyway. Method: an agent at life's own pace whose looks are a minute apart, and a bell that we
ring once the lease has been given up.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sessionlib import layout
from sessionlib.clock import SystemClock, sleep
from sessionlib.core.lease import first_record
from sessionlib.core.values import Lease, LeaseState
from sessionlib.records import decode, encode
from sessionlib.signing import new_seed, public_of
from sessionlib.stores.folder import FolderStore
from tests.coordinator.bells import Bell, ringing
from tests.e2e.hazards.kit import environment

POLL_S = 60.0
WITHIN_S = 20.0
ACCOUNTS = {
    "primary": {"email": "a@example.com", "role": "main_worker", "priority": 1},
    "backup1": {"email": "b@example.com", "role": "hot_standby", "priority": 2},
}


@pytest.fixture
def bell() -> Iterator[Bell]:
    with ringing() as bell:
        yield bell


def lease_in(store: FolderStore) -> tuple[Lease, str]:
    found = store.read(layout.LEASE)
    assert found is not None
    return decode(Lease, found.data), found.version


def test_a_standby_claims_at_the_ring_what_it_would_have_seen_a_minute_later(
    tmp_path: Path, bell: Bell
) -> None:
    body = {
        "fleet": "f",
        "store": {"kind": "folder", "path": "shared"},
        "fleet_key": public_of(new_seed()),
        "coordinator": {"url": bell.url},
        "timings": {"poll": f"{POLL_S:g}s"},
        "accounts": ACCOUNTS,
        "workload": {"command": ["sleep", "60"]},
    }
    path = tmp_path / "accounts.yaml"
    path.write_text(yaml.safe_dump(body))
    clock = SystemClock()
    store = FolderStore(tmp_path / "shared", clock)
    store.provision()
    free = first_record("n", 60.0)
    held = replace(
        free, epoch=1, holder="primary", session="s", incarnation="i", state=LeaseState.HELD
    )
    store.create(layout.LEASE, encode(held))
    words = ["agent", "--config", str(path), "--account", "backup1", "--until-eof"]
    agent = subprocess.Popen(
        [sys.executable, "-m", "sessionlib", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment({}),
    )
    try:
        assert bell.heard.wait(WITHIN_S)
        _until(lambda: store.read(layout.session_key("backup1")) is not None)
        # The look at the start, and the one for the stream's opening, are over by now.
        sleep(2.0)
        _, version = lease_in(store)
        given_up = replace(held, holder=None, renewal=1, nonce="m", state=LeaseState.FREE)
        store.replace(layout.LEASE, encode(given_up), version)
        sleep(2.0)
        assert lease_in(store)[0].holder is None, "it looks without a ring, which proves nothing"
        rang = clock.now()
        bell.rung.set()
        _until(lambda: lease_in(store)[0].holder == "backup1")
        assert clock.now().since(rang) < POLL_S / 3
    finally:
        agent.kill()
        agent.wait()
        if agent.stdin is not None:
            agent.stdin.close()


def _until(look: Callable[[], bool]) -> None:
    began = SystemClock().now()
    while not look():
        assert SystemClock().now().since(began) < WITHIN_S, "it never came true"
        sleep(0.02)
