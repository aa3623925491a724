"""The sign-ins to Google that this machine keeps, one for each account of a fleet.

One counts only while it is the configured account's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import google.oauth2.credentials

from sessionlib import secret_storage
from sessionlib.config import Config
from sessionlib.errors import ConfigError
from sessionlib.secret_storage import SecretStorageError

OPERATOR = "operator"
"""Who uses the console, and owns the shared folder: not one of the accounts that hold sessions."""
SCHEMA = 1
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class SignIn:
    """What an account has allowed. `at_s` is when, in Unix seconds by this machine's clock."""

    email: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    at_s: float


def load(fleet: str, account: str) -> SignIn | None:
    """What is kept for an account, None where nothing is. Raises NotKept."""
    text = secret_storage.find(entry_of(fleet, account))
    if text is None:
        return None
    try:
        fields = json.loads(text)
        if fields.pop("schema") != SCHEMA:
            raise SecretStorageError(
                f"the sign-in of {account} was kept by another version: sign in again"
            )
        signin = SignIn(**fields)
        texts = (signin.email, signin.client_id, signin.client_secret, signin.refresh_token)
        if all(isinstance(text, str) for text in texts) and isinstance(signin.at_s, float):
            return signin
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    raise SecretStorageError(f"what is kept as the sign-in of {account} is none: sign in again")


def save(fleet: str, account: str, signin: SignIn) -> None:
    """Keep it, over the one before. Raises NotKept."""
    secret_storage.save(entry_of(fleet, account), json.dumps({"schema": SCHEMA, **asdict(signin)}))


def delete(fleet: str, account: str) -> None:
    """Remove it; no error where there is none. Raises NotKept."""
    secret_storage.delete(entry_of(fleet, account))


def entry_of(fleet: str, account: str) -> str:
    """What it is kept as."""
    return f"google:{fleet}:{account}"


def is_same(one: str, other: str) -> bool:
    """Whether two addresses are one: Google writes them as their owner once did."""
    return one.casefold() == other.casefold()


def names(config: Config) -> list[str]:
    """All who may sign in: the operator, and the accounts by priority."""
    accounts = config.by_priority()
    return accounts if OPERATOR in accounts else [OPERATOR, *accounts]


def email_of(config: Config, account: str) -> str | None:
    """The address that an account has to sign in with; None for the operator's own, which may
    be any. Raises ConfigError for a name that isn't there."""
    if account == OPERATOR and OPERATOR not in config.accounts:
        return None
    return config.account(account).email


def require_usable(config: Config, account: str | None) -> tuple[str, SignIn] | None:
    """The sign-in to use as `account`, and under which name it is kept.

    Where none is named: the operator's, else the first by priority of those who are signed in
    here. None where nobody is. Raises NotKept, and ConfigError for one of another address.
    """
    for name in names(config) if account is None else [account]:
        signin = load(config.fleet, name)
        if signin is not None:
            _check(config, name, signin)
            return name, signin
    return None


def saved_entries(config: Config) -> Iterator[tuple[str, SignIn]]:
    """Every sign-in that is kept here, with its name. Raises NotKept."""
    for name in names(config):
        signin = load(config.fleet, name)
        if signin is not None:
            yield name, signin


class StoredCredentials(google.oauth2.credentials.Credentials):
    """google-auth's, without a token as yet, which know whose they are and since when."""

    def __init__(self, name: str, signin: SignIn) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # google-auth has no types
            token=None,
            refresh_token=signin.refresh_token,
            token_uri=TOKEN_URI,
            client_id=signin.client_id,
            client_secret=signin.client_secret,
        )
        self.kept_as = name
        self.since_s = signin.at_s


def _check(config: Config, name: str, signin: SignIn) -> None:
    email = email_of(config, name)
    if email is None or is_same(email, signin.email):
        return
    place = config.where("accounts", name, "email")
    text = (
        f"{place}: accounts.{name}.email is {email}, and {name} is signed in here as "
        f"{signin.email}: correct it, or run `colabvps-console login {name}`"
    )
    raise ConfigError([text])
