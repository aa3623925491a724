"""`logs`: what agents and workloads have logged."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.options import Desk, desk_of
from console.fleet.fleet import Fleet, open_fleet
from console.fleet.logs import Entry, document, entries, human, merged, news
from console.timeouts import within
from sessionlib.clock import sleep
from sessionlib.errors import StoreError
from sessionlib.layout import log_key

EXAMPLES = (
    "colabvps-console logs",
    "colabvps-console logs primary --workload --follow",
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
    desk = desk_of(ctx)
    fleet = open_fleet(desk)
    if account is not None:
        fleet.config.account(account)
    names = fleet.config.by_priority() if account is None else [account]
    name = "workload.log" if workload else "agent.jsonl"
    logs = {account: _read(fleet, account, name) for account in names}
    last = merged(logs.values())
    _print(desk, last[len(last) - min(lines, len(last)) :], follow=follow)
    if not last and not follow:
        desk.out.tell("Nothing logged yet: an agent's log reaches the store while it runs.")
    if follow:
        _follow(desk, fleet, name, logs)


def _follow(desk: Desk, fleet: Fleet, name: str, logs: dict[str, list[Entry]]) -> None:
    while True:
        sleep(LOOK_EVERY_S)
        added = []
        for account, known in logs.items():
            try:
                now = _read(fleet, account, name)
            except StoreError as error:
                desk.out.tell(f"the store can't be reached ({error}); still trying")
                continue
            added.append(news(known, now))
            logs[account] = now
        _print(desk, merged(added), follow=True)


def _read(fleet: Fleet, account: str, name: str) -> list[Entry]:
    key, timeout_s = log_key(account, name), fleet.config.timings.timeout_s
    size = within(timeout_s, lambda: fleet.store.has(key))
    if size is not None and size > MAX_BYTES:
        text = f"{key} in the store has {size} bytes, and no agent writes as many: not shown"
        return [Entry(None, account, "error", text)]
    data = within(timeout_s, lambda: fleet.store.get(key))
    return list(entries(data or b"", account))


def _print(desk: Desk, found: list[Entry], *, follow: bool) -> None:
    if not desk.out.json:
        for entry in found:
            desk.out.line(human(entry))
    elif follow:
        for entry in found:
            desk.out.document(document(entry))
    else:
        desk.out.document([document(entry) for entry in found])
