"""`logout`: sign-ins to Google taken back, and forgotten here; so are the coordinator's tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from console.cli.coordinator_tokens import forget_tokens
from console.cli.options import command_context
from console.config_file import find_config
from console.errors import Refused
from console.setup.google.oauth_client import forget_client, kept_client
from console.setup.google.revocation import revoke
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.stores.drive import signin_storage
from sessionlib.stores.drive.opening import emulator_url
from sessionlib.stores.drive.signin_storage import SignIn

CHANGES = True
EXAMPLES = (
    "colabvps-console logout bob",
    "colabvps-console logout --only-here",
    "colabvps-console logout --yes --json",
    "colabvps-console logout bob --coordinator",
)


def run(
    ctx: typer.Context,
    account: Annotated[
        str | None,
        typer.Argument(metavar="[ACCOUNT]", help="Whose sign-in; else all, and the OAuth client."),
    ] = None,
    only_here: Annotated[
        bool,
        typer.Option("--only-here", help="Forget it on this machine, and don't tell Google."),
    ] = False,
    coordinator: Annotated[
        bool,
        typer.Option("--coordinator", help="Forget the coordinator's token, or all, instead."),
    ] = False,
) -> None:
    """Google takes the sign-in back, and with it what this account has allowed the same
    OAuth client on other machines. An agent that uses one of them loses the store. With
    --only-here it is forgotten on this machine alone, and stays valid.
    """
    context = command_context(ctx)
    context.require_writable("logout")
    config = load(find_config(context.config))
    if coordinator:
        forget_tokens(context, config, account)
        return
    if account is None:
        kept = list(signin_storage.saved_entries(config))
        has_client = kept_client(config.fleet) is not None
    else:
        signin_storage.email_of(config, account)
        found = signin_storage.load(config.fleet, account)
        kept, has_client = [] if found is None else [(account, found)], False
    if not kept and not has_client:
        text = f"{account or 'nobody'} is {'not ' if account else ''}signed in here"
        context.out.answer(text, _document([], client=False))
        return
    context.out.ask("\n".join(_asks(kept, only_here=only_here, client=has_client)), yes=context.yes)
    did = [_ended(config, name, signin, only_here=only_here) for name, signin in kept]
    if has_client:
        forget_client(config.fleet)
    text = ", ".join(one["account"] for one in did) or "the OAuth client"
    context.out.answer(f"signed out here: {text}", _document(did, client=has_client))


def _asks(kept: list[tuple[str, SignIn]], *, only_here: bool, client: bool) -> Iterator[str]:
    for name, signin in kept:
        yield f"Forget the sign-in of {name} as {signin.email} on this machine."
    if client:
        yield "Forget the OAuth client on this machine."
    if kept and not only_here:
        yield (
            "Google takes the sign-ins back, also what these accounts have allowed the same OAuth "
            "client on other machines: agents there lose the store. --only-here leaves them."
        )


def _ended(config: Config, name: str, signin: SignIn, *, only_here: bool) -> dict[str, Any]:
    was_valid = False
    if not only_here:
        try:
            was_valid = revoke(signin, emulator_url())
        except Refused as error:
            raise Refused(
                f"{name} stays signed in here: {error}. Try again; or forget it with --only-here, "
                "and remove the app's access at https://myaccount.google.com/connections"
            ) from None
    signin_storage.delete(config.fleet, name)
    return {"account": name, "email": signin.email, "revoked": was_valid}


def _document(did: list[dict[str, Any]], *, client: bool) -> dict[str, Any]:
    return {"signed_out": did, "client_forgotten": client}
