"""Goal: nothing that somebody else wrote is obeyed where it is printed, nor looks like our word.

Method: a fleet in which every text of every record and log is hostile, shown by every
command; and files whose mistakes are quoted. What reaches the terminal is looked at
character by character, and for lines that begin as ours do.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path

import pytest

from console.__main__ import main as console_main
from console.fleet.snapshot import parse_record
from console.orders.coldstart import _at_work
from sessionlib import layout
from sessionlib.__main__ import main as agent_main
from sessionlib.agent.logs import AgentLog
from sessionlib.checkpoints.store_names import BLOBS
from sessionlib.clock import SystemClock
from sessionlib.core.messages import History, MoveKind, Order, OrderAction, Receipt, Report
from sessionlib.core.narrate import LogLine
from sessionlib.core.values import Lease
from sessionlib.records import encode
from sessionlib.stores.memory import MemoryStore
from tests.security.hostile import (
    EVIL,
    HOSTILE_LEASE,
    KEPT,
    OBEYED,
    evil,
    evil_report,
    harmless,
    texts_in,
)
from tests.unit.checkpoints.manifest_builder import GOOD, file_line, publish
from tests.unit.console.fleet_on_disk import LEASE, FleetOnDisk, fleet, moved, serving

__all__ = ["fleet"]


@pytest.fixture
def evil_fleet(fleet: FleetOnDisk) -> FleetOnDisk:
    fleet.put_lease(HOSTILE_LEASE)
    fleet.put_report(
        evil_report("primary", member="primary", session=HOSTILE_LEASE.session),
        evil_report("backup1"),
        evil_report("backup2", ended=EVIL),
    )
    fleet.put_history(evil(History(4, MoveKind.PLANNED, "x", "y", 1.0, 1.0, "r")))
    fleet.store.create(layout.history_key(3), EVIL.encode())
    for account in ("primary", "backup1", "mallory"):
        log = json.dumps({"at": 1.0, "level": EVIL, "text": EVIL, "event": EVIL, EVIL: EVIL})
        fleet.store.put(layout.log_key(account, "agent.jsonl"), f"{log}\n{EVIL}".encode())
        fleet.store.put(layout.log_key(account, "workload.log"), EVIL.encode())
    return fleet


COMMANDS = (
    (),
    ("status",),
    ("history",),
    ("logs",),
    ("logs", "backup1"),
    ("paths",),
    ("key", "show"),
    ("checkpoint", "list"),
    ("checkpoint", "verify"),
    ("publish", "--yes"),
    ("handover", "--to", "backup1", "--yes"),
    ("handover", "--to", "backup2", "--yes"),
    ("stop", "backup1", "--yes"),
    ("approve", "--yes"),
    ("abort", "--yes"),
    ("pause", "--yes"),
    ("checkpoint", "now", "--yes"),
    ("emergency", "--to", "backup1", "--confirm-stopped", "primary", "--yes"),
    ("coldstart", "--yes", "--timeout", "0.1"),
)


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_no_command_shows_it_as_anything_but_text(
    evil_fleet: FleetOnDisk, args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.orders.emergency_case.required_watch_s", lambda *_: 0.0)
    monkeypatch.setattr("console.cli.ordering.LOOK_EVERY_S", 0.01)
    _, out, err = evil_fleet.run(*args)
    harmless(out)
    harmless(err)
    _, out, err = evil_fleet.run(*args, "--json")
    assert out.count("\n") <= 1
    harmless(err)
    for text in texts_in(json.loads(out)):
        assert OBEYED.search(text) is None


def test_the_commands_did_show_it(evil_fleet: FleetOnDisk) -> None:
    """Else the test above would find nothing in nothing."""
    for args in (("status",), ("history",), ("logs",), ("stop", "backup1", "--yes")):
        _, out, err = evil_fleet.run(*args)
        assert args[0] == "stop" or KEPT in out + err, args


def test_what_is_waited_for_is_told_in_one_line(
    evil_fleet: FleetOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receipt with the reason why an order is refused is somebody else's word."""
    monkeypatch.setattr(
        "console.orders.proposals.common.secrets.token_hex", lambda count: "ab" * count
    )
    words = (Receipt("ab" * 8, "refused", EVIL),)
    evil_fleet.put_report(replace(evil_report("backup1"), receipts=words))
    code, out, err = evil_fleet.run("pause", "--yes", "--wait", "--timeout", "1s")
    assert code == 1
    assert KEPT in out
    harmless(out + err)


@pytest.mark.parametrize("kind", [Lease, Report, History, Order])
def test_every_text_of_every_record_is_one_harmless_line_once_it_is_read(kind: type) -> None:
    order = Order("o", "f", OrderAction.PAUSE, "a", 1, "i", 1, "by")
    examples = {
        Lease: HOSTILE_LEASE,
        Report: evil(evil_report("primary")),
        History: evil(moved(3)),
        Order: evil(order),
    }
    example = examples[kind]
    read = parse_record(kind, encode(example))
    before, after = list(texts_in(example)), list(texts_in(read))
    assert len(before) == len(after) > 3
    for text in after:
        harmless(text)
        assert text.count("\n") == 0


def test_a_manifest_with_names_for_a_terminal_is_told_in_one_line(fleet: FleetOnDisk) -> None:
    store = MemoryStore(SystemClock())
    name = EVIL.replace("/", "").replace("\x00", "")[:200]
    pointer = publish(store, [*GOOD[:3], file_line(name)])
    for key in store.list("data/"):
        data = store.get(key)
        assert data is not None
        fleet.store.put(key, data)
    blob = next(key for key in store.list(BLOBS) if (store.get(key) or b"") == b"content")
    fleet.store.put(blob, b"Content")
    fleet.put_lease(replace(LEASE, checkpoint=pointer))
    code, out, err = fleet.run("checkpoint", "verify")
    assert code == 1
    assert "it holds parts of evil" in err
    harmless(out + err)


@pytest.mark.parametrize("place", ["fleet", "email", "owner", "key"])
def test_an_error_that_quotes_the_configuration_is_text(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file may come from somebody else: agent and console quote what is wrong with it."""
    quoted = json.dumps(EVIL)
    lines = {
        "fleet": f"fleet: {quoted}",
        "email": f"accounts: {{p: {{email: {quoted}, role: main_worker, priority: 1}}}}",
        "owner": f"accounts: {{p: {{email: a@b.c, role: {quoted}, priority: 1}}}}",
        "key": f"{quoted}: 1",
    }
    good = {
        "fleet": "fleet: f",
        "store": "store: {kind: folder}",
        "accounts": "accounts: {p: {email: a@b.c, role: main_worker, priority: 1}}",
        "workload": "workload: {command: [a]}",
    }
    name = {"email": "accounts", "owner": "accounts"}.get(place, place)
    path = tmp_path / "accounts.yaml"
    path.write_text("\n".join({**good, name: lines[place]}.values()) + "\n")
    runs: tuple[tuple[Callable[[list[str]], int], list[str]], ...] = (
        (agent_main, ["agent", "--config", str(path), "--account", "p"]),
        (console_main, ["status", "--config", str(path)]),
    )
    for main, words in runs:
        assert main(words) == 2
        said = capsys.readouterr().err
        assert "evil" in said
        harmless(said)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x", True),
        ("http://127.0.0.1:1", True),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        (" https://a", False),
        (EVIL, False),
    ],
)
def test_only_web_addresses_are_shown_as_addresses(url: str, shown: bool) -> None:
    """A terminal makes links of what looks like one; whoever wrote the report chose it."""
    told = _at_work(LEASE, replace(serving("primary", 4), url=url))
    assert (url in told.text) is shown


def test_what_the_agent_prints_is_text(tmp_path: Path) -> None:
    """Its lines on the terminal quote leases, plans and orders of others."""
    err = io.StringIO()
    with redirect_stderr(err):
        log = AgentLog(tmp_path, "primary")
        log.write(LogLine("warning", "alarm", EVIL), epoch=3)
        log.close()
    assert "evil" in err.getvalue()
    harmless(err.getvalue())
    (line,) = (tmp_path / "agent.jsonl").read_text().splitlines()
    assert json.loads(line)["text"] == EVIL
    assert line.isascii()
