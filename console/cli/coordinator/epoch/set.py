"""`coordinator epoch set`: what the coordinator takes for the highest epoch."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.coordinator.common import DbOption, database, service_packages
from console.cli.options import command_context
from console.errors import AlreadySo

CHANGES = True
EXAMPLES = (
    "colabvps-console coordinator epoch set 7",
    "colabvps-console coordinator epoch set 7 --db /var/lib/coordinator.db --yes",
)


def run(
    ctx: typer.Context,
    epoch: Annotated[
        int, typer.Argument(metavar="EPOCH", min=0, help="The lease's epoch, as `status` shows it.")
    ],
    db: DbOption = None,
) -> None:
    """For a coordinator that was told of an epoch which never was: from then on all that
    sessions say is answered 409. The right one stands in the store; `status` shows it.
    The store isn't touched, and who works doesn't change.
    """
    context = command_context(ctx)
    context.require_writable("coordinator epoch set")
    with service_packages():
        from coordinator import admin  # noqa: PLC0415 - loaded only here
    known = admin.read_fence(database(db))
    if known.epoch == epoch:
        raise AlreadySo(f"epoch {epoch} is the highest known already")
    holder = f", held by {known.holder}" if known.holder else ""
    context.out.ask(
        f"The highest epoch known in {database(db)} is {known.epoch}{holder}. Set it to {epoch}.\n"
        + (_LOWER if epoch < known.epoch else _HIGHER),
        yes=context.yes,
    )
    admin.set_epoch(database(db), epoch)
    context.out.answer(
        f"the highest epoch known is {epoch} now", {"epoch": epoch, "before": known.epoch}
    )


_LOWER = (
    "Warning: fencing at this door goes back with it. A session that lost the lease since "
    "then may pass for the primary until the one that has it registers: set it to what the store "
    "says, and to nothing else."
)
_HIGHER = (
    "Warning: every session that knows a lower epoch is refused from then on, the real primary "
    "too: set it to what the store says, and to nothing else."
)
