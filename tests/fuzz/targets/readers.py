"""What agents and the console make of records that read: they may be absurd, and mustn't hurt.

An agent learns and decides with them, as a standby and as a primary; the console
shows them. Three records, one a line: the lease, the other account's report, and
the history of the lease's epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from console.fleet import json_output
from console.fleet.changes import events_between
from console.fleet.fleet_text import fleet_lines
from console.fleet.readmodel import FleetView, fleet_view
from console.fleet.snapshot import Reading, Snapshot, reject_foreign_report, try_read_from_store
from console.text.output import _harmless
from console.text.safe_text import harmless_lines
from console.tui import columns, render, timeline
from console.tui.styled import Runs
from sessionlib import layout
from sessionlib.agent.lease_io import read_lease
from sessionlib.agent.mailbox_io import Mailbox
from sessionlib.config_loading import parse
from sessionlib.core.actions import WriteLease
from sessionlib.core.decide import decide
from sessionlib.core.learn import begun, learn
from sessionlib.core.messages import History, Report
from sessionlib.core.report import ReportExtras, report_of
from sessionlib.core.values import MAX_EPOCH, Lease
from sessionlib.core.view import View
from sessionlib.ports import Store
from sessionlib.records import MAX_NUMBER, decode, encode
from sessionlib.stores.memory import MemoryStore
from tests.fuzz.examples import CONFIGURATION, HERE
from tests.fuzz.target import Target
from tests.fuzz.targets.records import PUBLIC, Stopped
from tests.fuzz.targets.text import is_harmless
from tests.unit.core.views import ME, OTHER, at, held_by, seen, serving

_CONFIG = parse(CONFIGURATION, HERE)
_COLUMNS = 80


def _store(data: bytes) -> Store:
    store = MemoryStore(Stopped())
    for key, line in zip((layout.LEASE, layout.session_key("b")), data.split(b"\n"), strict=False):
        store.create(key, line)
    lease = read_lease(store).lease
    if lease is not None and data.count(b"\n") >= 2:
        store.create(layout.history_key(lease.epoch), data.split(b"\n")[2])
    return store


def _decided(view: View, store: Store) -> None:
    """A few turns with the lease and the notes as they stand."""
    for event in (
        read_lease(store),
        Mailbox(store, fleet="fleet", public_key=PUBLIC, accounts=("a", "b"), account="a").read(),
    ):
        for turn in range(3):
            now = at(10.0 + 70.0 * turn)
            view = learn(view, event, now, "chance")
            for action in decide(view, now, "chance"):
                view = begun(view, action, now)
                if isinstance(action, WriteLease) and _has_numbers_left(action.write.lease):
                    written = action.write.lease
                    assert decode(Lease, encode(written)) == written
            report = report_of(view, now, 1, ReportExtras())
            assert decode(Report, encode(report)) == report


def _has_numbers_left(written: Lease) -> bool:
    """What follows on the highest number that a record may hold can't be read by anybody."""
    return written.epoch <= MAX_EPOCH and written.renewal <= MAX_NUMBER


def _agents(store: Store) -> None:
    """Both sides of an agent: one that waits, and one that serves."""
    _decided(seen(held_by(OTHER)), store)
    _decided(serving(lease=held_by(ME)), store)


def _look(store: Store) -> Snapshot:
    lease = try_read_from_store(store, Lease, layout.LEASE)
    reports = {
        name: reject_foreign_report(
            name, try_read_from_store(store, Report, layout.session_key(name))
        )
        for name in _CONFIG.accounts
    }
    last: Reading[History] = Reading()
    if lease.value is not None:
        last = try_read_from_store(store, History, layout.history_key(lease.value.epoch))
    return Snapshot("memory", 0.001, None, lease, reports, last, answered_s=0.0)


def _shown(store: Store) -> None:
    """Everything that the command line and the screen say of it."""
    snapshot = _look(store)
    view = fleet_view(_CONFIG, snapshot)
    for line in fleet_lines(view, "accounts.yaml"):
        assert is_harmless(harmless_lines(line.text).replace("\n", ""))
    json.dumps(_harmless(json_output.status_document(view)), allow_nan=False)
    if view.last_move is not None:
        json.dumps(_harmless(json_output.move_document(view.last_move)), allow_nan=False)
    for event in (*events_between(None, snapshot), *events_between(Snapshot("memory"), snapshot)):
        assert event.text
    for runs in _drawn(view):
        for text, _ in runs:
            assert is_harmless(text), text


def _drawn(view: FleetView) -> Iterator[Runs]:
    yield from render.header(view, _COLUMNS, read_only=False, orders=1, short=False)
    yield from render.checkpoint(view, _COLUMNS)
    yield from render.troubles(view, Reading(), _COLUMNS)
    yield from timeline.lines(view, _COLUMNS)
    places = columns.place_columns(view.accounts, _COLUMNS)
    for row in view.accounts:
        yield columns.row_runs(row, places)


TARGETS = (
    Target("agent", "core.learn, core.decide, core.report", _store, (), _agents, "json"),
    Target(
        "screen",
        "console.fleet.readmodel, words, changes, documents; console.tui",
        _store,
        (),
        _shown,
        "json",
    ),
)
