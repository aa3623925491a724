"""What the commands of the coordinator share: its database, and an error for missing packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from console.errors import Refused, WrongUse
from sessionlib.extras import needed

VARIABLE = "COLABVPS_COORDINATOR_DB"
DbOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="DB",
        help=f"Its database: a file, or an SQLAlchemy URL; else ${VARIABLE}, the user's state.",
    ),
]
AccountArgument = Annotated[
    str | None, typer.Argument(metavar="ACCOUNT", help="Whose: a name from the configuration.")
]
OperatorOption = Annotated[bool, typer.Option("--operator", help="The operator's own.")]


def database(named: str | None) -> str:
    """The database that is meant."""
    state = Path(platformdirs.user_state_dir("colabvps", appauthor=False))
    return named or os.environ.get(VARIABLE) or str(state / "coordinator.db")


def token_owner(account: str | None, *, operator: bool) -> str | None:
    """The account that is meant; None for the operator. Raises WrongUse."""
    if (account is None) is not operator:
        raise WrongUse("name an account, or pass --operator: one of the two")
    return account


@contextmanager
def service_packages() -> Iterator[None]:
    """Around imports of the service. Raises Refused where what it needs isn't installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in {"sessionlib", "console"}:
            raise
        raise Refused(
            f"the coordinator's own packages aren't installed here ({error.name} is missing); it "
            f"{needed('coordinator')}"
        ) from None
