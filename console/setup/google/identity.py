"""Whose sign-in it is: Drive itself is asked, with the very sign-in that is to be kept."""

from __future__ import annotations

from console.errors import Refused
from sessionlib.clock import Clock
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.responses import Trouble
from sessionlib.stores.drive.sharing import read_account
from sessionlib.stores.drive.signin_storage import SignIn, StoredCredentials

ASK_S = 60.0


def email_of(name: str, signin: SignIn, clock: Clock, base: str | None) -> str:
    """The address of the account that has signed in. Raises Refused."""
    client = DriveClient(StoredCredentials(name, signin), clock, base)
    try:
        with client.time_limit(ASK_S):
            return read_account(client).email
    except Trouble as error:
        raise Refused(f"Drive doesn't say who has signed in: {error}") from None
