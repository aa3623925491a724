"""`logs`: what agents and workloads have logged."""

from __future__ import annotations

from typing import Annotated

import typer

from console.bounded_calls import within
from console.cli.options import CommandContext, command_context
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.logs import (
    LogEntry,
    entry_document,
    entry_text,
    merge_logs,
    new_entries,
    parse_log,
)
from sessionlib.clock import sleep
from sessionlib.errors import StoreError
from sessionlib.layout import log_key

EXAMPLES = (
    "colabvps-console logs",
    "colabvps-console logs ada --workload --follow",
)
LOOK_EVERY_S = 1.0
MAX_BYTES = 1024 * 1024
"""Far more than an agent ships; a file of that name that is larger is somebody else's."""


def run(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Whose; else everybody's, by time.")
    ] = None,
    workload: Annotated[
        bool, typer.Option("--workload", help="The workload's output, not the agent's log.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many, the last.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is added, until ctrl-c.")
    ] = False,
) -> None:
    """As far as they have reached the store. With --follow, --json prints one document for
    each line.
    """
    context = command_context(ctx)
    fleet = open_fleet(context.config)
    if account is not None:
        fleet.config.account(account)
    names = fleet.config.by_priority() if account is None else [account]
    name = "workload.log" if workload else "agent.jsonl"
    logs = {account: _read(fleet, account, name) for account in names}
    last = merge_logs(logs.values())
    _print(context, last[len(last) - min(lines, len(last)) :], follow=follow)
    if not last and not follow:
        context.out.message("Nothing logged yet: an agent's log reaches the store while it runs.")
    if follow:
        _follow(context, fleet, name, logs)


def _follow(
    context: CommandContext, fleet: Fleet, name: str, logs: dict[str, list[LogEntry]]
) -> None:
    while True:
        sleep(LOOK_EVERY_S)
        added = []
        for account, known in logs.items():
            try:
                now = _read(fleet, account, name)
            except StoreError as error:
                context.out.message(f"the store can't be reached ({error}); still trying")
                continue
            added.append(new_entries(known, now))
            logs[account] = now
        _print(context, merge_logs(added), follow=True)


def _read(fleet: Fleet, account: str, name: str) -> list[LogEntry]:
    key, timeout_s = log_key(account, name), fleet.config.timings.timeout_s
    size = within(timeout_s, lambda: fleet.store.has(key))
    if size is not None and size > MAX_BYTES:
        text = f"{key} in the store has {size} bytes, and no agent writes as many: not shown"
        return [LogEntry(None, account, "error", text)]
    data = within(timeout_s, lambda: fleet.store.get(key))
    return list(parse_log(data or b"", account))


def _print(context: CommandContext, found: list[LogEntry], *, follow: bool) -> None:
    if not context.out.json:
        for entry in found:
            context.out.line(entry_text(entry))
    elif follow:
        for entry in found:
            context.out.document(entry_document(entry))
    else:
        context.out.document([entry_document(entry) for entry in found])
