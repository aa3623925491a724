"""With whom a fleet's folder in Drive is shared: every account may write, and old rights stay.

Whoever else has a right is named: whoever can write there can stop the work. One account that
can't be shared with doesn't keep the others out.
"""

from __future__ import annotations

from console.errors import OutcomeUnknown, Refused
from sessionlib.config import Config
from sessionlib.stores.drive import responses
from sessionlib.stores.drive.client import DriveClient
from sessionlib.stores.drive.sharing import Permission, list_permissions, share_file
from sessionlib.stores.drive.signin_storage import is_same


def accounts_without_write(config: Config, owner: str, found: list[Permission]) -> list[str]:
    """The addresses of accounts that can't write, by priority; `owner` is the folder's."""
    writers = [owner, *(one.email for one in found if one.writes)]
    emails = [config.account(name).email for name in config.by_priority()]
    return [email for email in emails if not any(is_same(email, other) for other in writers)]


def strangers(config: Config, owner: str, found: list[Permission]) -> list[str]:
    """Who else has a right to the folder, each as a phrase."""
    ours = [owner, *(config.account(name).email for name in config.accounts)]
    return [
        f"{_permission_text(one)} may {'write' if one.writes else 'read'}"
        for one in found
        if one.role != "owner" and not any(is_same(one.email, email) for email in ours)
    ]


def share_with_accounts(
    client: DriveClient, root_id: str, *, mail: bool, config: Config, owner: str
) -> str:
    """Share with those who can't write yet. Raises Refused, OutcomeUnknown, or as the client."""
    wanted = accounts_without_write(config, owner, list_permissions(client, root_id))
    trouble: list[str] = []
    is_lost = False
    for email in wanted:
        try:
            share_file(client, root_id, email, mail=mail)
        except responses.Trouble as error:
            trouble.append(f"{email}: {error}")
            is_lost |= isinstance(error, responses.NoResponse)
    if trouble:
        text = f"the folder couldn't be shared with {'; '.join(trouble)}. Run this again"
        raise OutcomeUnknown(text) if is_lost else Refused(text)
    still = accounts_without_write(config, owner, list_permissions(client, root_id))
    if still:
        raise Refused(f"Drive has shared the folder, but {', '.join(still)} can't write in it yet")
    return f"shared the folder with {', '.join(wanted) or 'nobody new'}"


def _permission_text(one: Permission) -> str:
    if one.email:
        return one.email
    return "everybody who has the link" if one.kind == "anyone" else f"a {one.kind}"
