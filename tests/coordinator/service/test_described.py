"""Whether the service does what its own description says.

Goal: no answer that isn't described, no body that is described and refused, no 5xx. Method:
schemathesis, all its checks, over a real socket: once with the operator's token and a primary
in place, and once with an account's, for what sessions say. `/api/events` doesn't end, so it
has tests of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.access.policy import ACCESS_BY_ROUTE, RequiredAccess
from tests.coordinator.service.kit import Served, registration, serving

SAID = "^/api/(worker|handover)"
EXAMPLES = 15


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("described")
    many = ("--token-rate", "100000", "--address-rate", "100000")
    with serving(place / "coordinator.db", *many) as served:
        served.post("backup1", "/api/worker/register", registration("backup1", 3))
        yield served


@pytest.mark.parametrize(
    ("account", "paths"), [(None, ("--exclude-path", "/api/events")), ("backup1", ())]
)
def test_nothing_is_other_than_described(
    described: Served, account: str | None, paths: tuple[str, ...], tmp_path: Path
) -> None:
    description = tmp_path / "openapi.json"
    description.write_text(described.get("/openapi.json").text)
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'[auth.openapi.token]\nbearer = "{described.token(account)}"\n')
    words = ("--checks", "all", "--mode", "all", "--seed", "1", "-n", str(EXAMPLES), "--no-color")
    only = paths or ("--include-path-regex", SAID)
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", str(config), "run", str(description), "--url", described.url),
            *words,
            *only,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # That it had enough to say: a run in which every case was skipped is green too.
    passed = re.search(r"generated, (\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 150, done.stdout


def test_every_path_is_described_with_whom_it_lets_in(described: Served) -> None:
    paths = json.loads(described.get("/openapi.json").text)["paths"]
    assert set(paths) == set(ACCESS_BY_ROUTE) - {"/openapi.json"}
    for path, operations in paths.items():
        for operation in operations.values():
            assert ("security" in operation) is (ACCESS_BY_ROUTE[path] is not RequiredAccess.PUBLIC)
            assert operation["summary"]
            assert operation["description"]
