"""`coordinator token revoke`: no token of an account is valid any more."""

from __future__ import annotations

import typer

from console.cli.coordinator.common import (
    AccountArgument,
    DbOption,
    OperatorOption,
    database,
    service,
    whose,
)
from console.cli.options import desk_of
from console.errors import AlreadySo

CHANGES = True
EXAMPLES = (
    "colabvps-console coordinator token revoke backup1",
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
    desk = desk_of(ctx)
    desk.may_change("coordinator token revoke")
    name = whose(account, operator=operator)
    who = name or "the operator"
    desk.out.ask(f"Make all tokens of {who} invalid, in {database(db)}.", yes=desk.yes)
    count = service("administering").revoke_tokens(database(db), name)
    if not count:
        raise AlreadySo(f"{who} has no token here")
    some = "1 token" if count == 1 else f"{count} tokens"
    desk.out.answer(f"{some} of {who} revoked", {"account": name, "revoked": count})
