"""`coordinator token create`: a new token."""

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

CHANGES = True
EXAMPLES = (
    "colabvps-console coordinator token create ada",
    "colabvps-console coordinator token create --operator --db /var/lib/coordinator.db",
    "export COLABVPS_COORDINATOR_TOKEN=$(colabvps-console coordinator token create bob)",
)


def run(
    ctx: typer.Context,
    account: AccountArgument = None,
    operator: OperatorOption = False,
    db: DbOption = None,
) -> None:
    """It stands alone on standard output's last line, and is shown this once: what is kept
    is a hash. Give it to the account's agent as $COLABVPS_COORDINATOR_TOKEN. Tokens made
    before stay valid, so that one can be changed without a gap; `token revoke` ends them
    all. The operator's may look at everything and speaks for no account.
    """
    context = command_context(ctx)
    context.require_writable("coordinator token create")
    name = token_owner(account, operator=operator)
    place = database(db)
    with service_packages():
        from coordinator import admin  # noqa: PLC0415 - loaded only here
    token = admin.create_token(place, name)
    context.out.message(f"A token for {name or 'the operator'}, in {place}; it is shown this once:")
    context.out.answer(token, {"account": name, "operator": operator, "token": token})
