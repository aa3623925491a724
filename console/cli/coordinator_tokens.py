"""The coordinator's tokens, kept on this machine for a fleet's accounts and its operator.

A token is read without being shown. It is kept only if the coordinator knows it, or can't be
asked.
"""

from __future__ import annotations

from console.cli.options import CommandContext
from console.errors import Refused, WrongUse
from sessionlib import secret_storage
from sessionlib.config import Config
from sessionlib.coordinator import tokens

MAX_TOKEN = 1_000


def keep_token(context: CommandContext, config: Config, account: str) -> None:
    """Read a token and keep it. Raises WrongUse, Refused, NotKept."""
    url = config.coordinator.url
    if url is None:
        raise WrongUse(
            f"{config.path}: coordinator.url: there is none, so there is nobody to speak to: write "
            "where the coordinator is first"
        )
    _check(config, account)
    secret_storage.check()
    token = context.out.read_secret(f"Token that the coordinator has made for {account}: ").strip()
    if not 0 < len(token) <= MAX_TOKEN or not token.isascii() or not token.isprintable():
        raise Refused("that is no token: `colabvps-console coordinator token create` makes one")
    doubt = _doubt(url, token)
    secret_storage.save(tokens.keyring_entry(config.fleet, account), token)
    if doubt:
        context.out.message(f"{doubt}: whether it knows this token isn't known")
    context.out.answer(
        f"the coordinator's token of {account} is kept in {secret_storage.describe_storage()}",
        {"account": account, "coordinator": url, "kept_in": secret_storage.describe_storage()},
    )


def forget_tokens(context: CommandContext, config: Config, account: str | None) -> None:
    """Forget an account's token on this machine, or all. Raises Refused, NotKept."""
    if account is not None:
        _check(config, account)
    names = [account] if account is not None else [*config.accounts, tokens.OPERATOR]
    kept = [
        name
        for name in names
        if secret_storage.find(tokens.keyring_entry(config.fleet, name)) is not None
    ]
    if kept:
        context.out.ask(
            f"Forget the coordinator's tokens of {', '.join(kept)} on this machine. They stay "
            "valid: `colabvps-console coordinator token revoke` ends them.",
            yes=context.yes,
        )
    for name in kept:
        secret_storage.delete(tokens.keyring_entry(config.fleet, name))
    text = f"forgotten here: {', '.join(kept)}" if kept else "no token is kept here"
    context.out.answer(text, {"forgotten": kept})


def _check(config: Config, account: str) -> None:
    """Raises ConfigError for nobody of the fleet."""
    if account != tokens.OPERATOR:
        config.account(account)


def _doubt(url: str, token: str) -> str | None:
    """Why it couldn't be asked whether it knows the token. Raises Refused if it doesn't."""
    from sessionlib.coordinator import client  # noqa: PLC0415 - loaded only here

    asking = client.CoordinatorClient(url, token)
    try:
        known = asking.is_token_accepted()
    except client.CoordinatorUnavailable as error:
        return str(error)
    finally:
        asking.close()
    if not known:
        raise Refused(
            "the coordinator doesn't know this token: nothing was kept; "
            "`colabvps-console coordinator token create` makes a new one"
        )
    return None
