"""`preflight`: whether everything is ready for sessions to begin."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from console.bounded_calls import within
from console.checks.preflight.fleet import (
    KeyStatus,
    PreflightFacts,
    account_items,
    fleet_items,
    rule_for,
)
from console.checks.preflight.items import FLEET, ItemStatus, PreflightItem, preflight_document
from console.checks.preflight.services import service_items
from console.checks.preflight.store_access import fleet_access
from console.cli.options import CommandContext, command_context
from console.config_file import find_config
from console.errors import FAILED, Refused
from console.fleet.fleet import Fleet
from console.fleet.snapshot import Snapshot, history_epochs, try_read_from_store
from console.signing.in_force import key_state
from console.signing.seed_storage import find_seed
from console.store_kinds import console_kind_of
from console.text.safe_text import one_line, wrapped
from sessionlib.bundles.records import CODE_RECORDS
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load
from sessionlib.core.messages import History, MoveKind
from sessionlib.errors import ConfigError, ProgramError, StoreError
from sessionlib.layout import history_key
from sessionlib.signed import doctor_result
from sessionlib.signed.fleet_config import CONFIG_RECORDS, describe_difference
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import public_of
from sessionlib.stores import checked_folder_of, open_store

if TYPE_CHECKING:
    from sessionlib.config import Config
    from sessionlib.ports import Store

CHANGES = True
EXAMPLES = ("colabvps-console preflight", "colabvps-console preflight --json")
_TONES = {
    ItemStatus.OK: "good",
    ItemStatus.WARN: "warn",
    ItemStatus.FAIL: "bad",
    ItemStatus.UNKNOWN: "dim",
}
_MOST = 2_000
_MOVES = 10
"""So many moves are looked at for one that was planned."""


def run(ctx: typer.Context) -> None:
    """Looks at the store, the key, the published program and settings. For each account it
    looks at its owner, its sign-in and its agent's report. Writes a
    scratch file and removes it, but not with --read-only. Exit code 1 if something fails;
    what can't be seen from this machine is unknown, and fails nothing.
    """
    context = command_context(ctx)
    config = load(find_config(context.config))
    items = []
    for item in _items(config, writes=not context.read_only):
        items.append(item)
        if context.out.json:
            context.out.message(f"{item.of}, {item.what}: {item.word.value}")
        else:
            _show(context, item, first=len(items) < 2 or items[-2].of != item.of)
    rule = rule_for(config, signs_in_to_google=console_kind_of(config).signs_in_to_google)
    if context.out.json:
        context.out.document(preflight_document(items, rule))
    else:
        _close(context, items, rule)
    if any(item.word is ItemStatus.FAIL for item in items):
        raise typer.Exit(FAILED)


def _items(config: Config, *, writes: bool) -> Iterator[PreflightItem]:
    clock = SystemClock()
    kind = console_kind_of(config)
    yield from fleet_access(config, clock, kind.access_cure, writes=writes)
    found = _gather_facts(config, clock)
    yield from fleet_items(config, found)
    yield from service_items(config)
    for name in config.by_priority():
        yield from account_items(config, name, found)
        yield from kind.account_items(config, name, clock, writes=writes)


def _gather_facts(config: Config, clock: SystemClock) -> PreflightFacts:
    code = settings = diagnosis = planned = None
    try:
        store = open_store(config, clock)
    except ConfigError as error:
        snapshot, held = (
            Snapshot(config.store.kind, error=str(error)),
            _key_status_from_file(config),
        )
    else:
        snapshot, held = Fleet(config, store, clock).read_snapshot(), _key_status(config, store)
        planned = _planned(config, store, snapshot)
        if held.in_force is not None:
            code, settings, diagnosis = _published(config, store, held.in_force)
    now_wall = clock.now().wall
    return PreflightFacts(
        snapshot, now_wall, _free_bytes(config), held, code, settings, diagnosis, planned
    )


def _planned(config: Config, store: Store, snapshot: Snapshot) -> History | None:
    """The newest planned move, if it is one of the last ones."""
    if not snapshot.reachable or _is_planned(snapshot.last_move.value):
        return snapshot.last_move.value

    def found() -> History | None:
        moves = (
            try_read_from_store(store, History, history_key(epoch))
            for epoch in history_epochs(store)[:_MOVES]
        )
        return next((one.value for one in moves if _is_planned(one.value)), None)

    try:
        return within(config.timings.timeout_s, found)
    except StoreError:
        return None


def _is_planned(move: History | None) -> bool:
    return move is not None and move.kind is MoveKind.PLANNED


def _free_bytes(config: Config) -> int | None:
    try:
        return shutil.disk_usage(config.folder).free
    except OSError:
        return None


def _key_status(config: Config, store: Store) -> KeyStatus:
    """The key that is in force by now, and whether this machine has its secret half."""
    try:
        state = key_state(config, store)
    except Refused:
        return _key_status_from_file(config)
    except (StoreError, ProgramError) as error:
        return replace(_key_status_from_file(config), error=str(error))
    seed = state.seed_for(state.current) or next(iter(state.seeds), None)
    public = None if seed is None else public_of(seed.value)
    return KeyStatus(state.current, public, state.chain.refused or None)


def _key_status_from_file(config: Config) -> KeyStatus:
    """The same by the file, where the store can't tell."""
    try:
        seed = find_seed(config.fleet)
    except Refused as error:
        return KeyStatus(config.fleet_key, error=str(error))
    return KeyStatus(config.fleet_key, None if seed is None else public_of(seed))


def _published(
    config: Config, store: Store, key: str
) -> tuple[str | None, str | None, doctor_result.StoreCheck | None]:
    """The newest program, how the settings compare, and what doctor has found."""
    try:
        code = VersionSeries(store, CODE_RECORDS, config.fleet).newest(key)
        settings = describe_difference(
            config, VersionSeries(store, CONFIG_RECORDS, config.fleet).newest(key)
        )
        place = checked_folder_of(config)
        found = None if place is None else doctor_result.read_store_check(store, place, key)[0]
    except StoreError:
        return None, None, None
    return None if code is None else code.label, settings, found


def _show(context: CommandContext, item: PreflightItem, *, first: bool) -> None:
    if first:
        context.out.line("The fleet" if item.of == FLEET else item.of, "head")
    lines = _column(context, item.text, 25)
    context.out.line(f"  {item.word.value:<8} {item.what:<13} {lines[0]}", _TONES[item.word])
    for line in lines[1:]:
        context.out.line(f"{'':25}{line}")
    if item.word is not ItemStatus.OK and item.cure:
        for number, line in enumerate(_column(context, item.cure, 28)):
            context.out.line(f"{'':25}{'-> ' if number == 0 else '   '}{line}", "dim")


def _column(context: CommandContext, text: str, at: int) -> list[str]:
    return wrapped(one_line(text, _MOST), context.out.table_columns - at, in_column=True)


def _close(context: CommandContext, items: list[PreflightItem], rule: str | None) -> None:
    counts = {word: sum(item.word is word for item in items) for word in ItemStatus}
    if rule is not None:
        context.out.line()
        for line in wrapped(rule, context.out.table_columns):
            context.out.line(line, "warn")
    context.out.line()
    told = ", ".join(f"{count} {word.value}" for word, count in counts.items() if count)
    ready = counts[ItemStatus.FAIL] == 0
    context.out.line(f"{'Ready' if ready else 'Not ready'}: {told}.", "good" if ready else "bad")
