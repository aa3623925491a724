"""`coordinator token create`: a new token."""

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

CHANGES = True
EXAMPLES = (
    "colabvps-console coordinator token create primary",
    "colabvps-console coordinator token create --operator --db /var/lib/coordinator.db",
    "export COLABVPS_COORDINATOR_TOKEN=$(colabvps-console coordinator token create backup1)",
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
    desk = desk_of(ctx)
    desk.may_change("coordinator token create")
    name = whose(account, operator=operator)
    place = database(db)
    token = service("administering").create_token(place, name)
    desk.out.tell(f"A token for {name or 'the operator'}, in {place}; it is shown this once:")
    desk.out.answer(token, {"account": name, "operator": operator, "token": token})
