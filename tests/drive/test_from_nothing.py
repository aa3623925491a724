"""Goal: what docs/drive.md has a person type leads from nothing to a shared folder and back, and
no secret is left anywhere on the way.

Method: the commands as processes, on a machine without a keyring, with `$BROWSER`, over
the emulator; then every file and every word of them is looked through.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.emulators.drive import running_emulator
from sessionlib.config_loading import load
from sessionlib.stores.drive.tree_ids import drive_ids
from tests.drive.signing_in import CONFIG, PASSPHRASE, console, ended_at, eventually, machine
from tests.drive.tiny_google import CLIENT

OPERATOR = "o@example.com"
WORK = "env > $SESSION_DATA_DIR/.env; mv $SESSION_DATA_DIR/.env $SESSION_DATA_DIR/env; sleep 60"


@contextmanager
def agent(name: str, env: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """An account's agent; at the end it is told to stop, and waited for."""
    words = ("--config", "accounts.yaml", "--account", name, "--until-eof")
    process = subprocess.Popen(
        [sys.executable, "-m", "sessionlib", "agent", *words],
        cwd=folder,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def ended(process: subprocess.Popen[str], typed: str | None = None) -> str:
    """What it said on standard output, once it has ended well."""
    out, err = process.communicate(typed, timeout=60)
    assert process.returncode == 0, err
    return out


def test_from_nothing_to_a_shared_folder_and_back(tmp_path: Path) -> None:
    config = tmp_path / "accounts.yaml"
    config.write_text(CONFIG.replace('[sleep, "60"]', f"[sh, -c, {json.dumps(WORK)}]"))
    (tmp_path / "client_secret.json").write_text(json.dumps(CLIENT))
    client = ("--client", "client_secret.json")
    said: list[str] = []
    with running_emulator(accounts=[OPERATOR, "a@example.com", "b@example.com"]) as emulator:
        env = machine(tmp_path, emulator.url)

        def run(*words: str) -> str:
            said.append(ended(console(*words, env=env, folder=tmp_path)))
            return said[-1]

        signed_in = json.loads(run("login", "operator", *client, "--yes", "--json"))
        assert signed_in["email"] == OPERATOR
        (tmp_path / "client_secret.json").unlink()
        assert len(json.loads(run("init", "--yes", "--json"))["did"]) == 6
        drive_ids(load(config))
        process = console("login", "backup1", "--no-browser", "--yes", env=env, folder=tmp_path)
        assert process.stderr is not None
        url = next(line.strip() for line in process.stderr if "state=" in line)
        said.append(ended(process, f"{ended_at(url)}\n"))
        with agent("backup1", env, tmp_path) as working:
            # Its workload writes its own environment, once it has the lease.
            seen = eventually((tmp_path / "work/backup1/data/env").read_text)
            assert "COLABVPS_PASSPHRASE" not in seen
            status = json.loads(run("status", "--json"))
            assert status["lease"]["holder"] == "backup1"
        assert working.returncode == 0
        secrets = [*emulator.grants.refreshes, CLIENT["installed"]["client_secret"], PASSPHRASE]
        assert len(secrets) == 4
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {"typed", "accounts.yaml"} <= {path.name for path in files}
        said += [path.read_text(errors="replace") for path in files]
        assert [one for one in secrets if any(one in text for text in said)] == []
        out = json.loads(run("logout", "--yes", "--json"))
        assert [one["revoked"] for one in out["signed_out"]] == [True, True]
        assert emulator.grants.refreshes == {}
        assert emulator.defects == []
    kept = [path.name for path in (tmp_path / "config" / "colabvps" / "secrets").iterdir()]
    assert kept == ["fleet-key%3Amy-fleet.json"]


def test_leaving_the_browsers_question_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "accounts.yaml").write_text(CONFIG)
    (tmp_path / "client_secret.json").write_text(json.dumps(CLIENT))
    words = ("login", "primary", "--client", "client_secret.json", "--yes", "--json")
    # The browser asks a server that doesn't answer with a way back: nothing listens there.
    env = {**machine(tmp_path, "http://127.0.0.1:9"), "BROWSER": "true"}
    process = console(*words, env=env, folder=tmp_path)
    assert process.stderr is not None
    assert any("state=" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, json.loads(out)["exit_code"]) == (130, 130), err
    assert list((tmp_path / "config" / "colabvps" / "secrets").iterdir()) == []
