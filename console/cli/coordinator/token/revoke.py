"""`coordinator token revoke`: no token of an account is valid any more."""

from __future__ import annotations

import typer

from console.cli.coordinator.common import (
    AccountArgument,
    DbOption,
    OperatorOption,
    database,
    service_packages,
    token_owner,
)
from console.cli.options import command_context
from console.errors import AlreadySo

CHANGES = True
EXAMPLES = (
    "colabvps-console coordinator token revoke bob",
    "colabvps-console coordinator token revoke --operator --yes",
)


def run(
    ctx: typer.Context,
    account: AccountArgument = None,
    operator: OperatorOption = False,
    db: DbOption = None,
) -> None:
    """All of them, and streams that were opened with them end. The account's session works
    on undisturbed: it isn't seen any more, and nothing else.
    """
    context = command_context(ctx)
    context.require_writable("coordinator token revoke")
    name = token_owner(account, operator=operator)
    who = name or "the operator"
    context.out.ask(f"Make all tokens of {who} invalid, in {database(db)}.", yes=context.yes)
    with service_packages():
        from coordinator import admin  # noqa: PLC0415 - loaded only here
    count = admin.revoke_tokens(database(db), name)
    if not count:
        raise AlreadySo(f"{who} has no token here")
    some = "1 token" if count == 1 else f"{count} tokens"
    context.out.answer(f"{some} of {who} revoked", {"account": name, "revoked": count})
