"""With whom a fleet's folder in Drive is shared.

Decided here: that every account may write, that rights which are there stay, and that
whoever else has one is told of: who can write there can stop the work. One account that
can't be shared with keeps none of the others from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from console.errors import OutcomeUnknown, Refused
from sessionlib.config import Config
from sessionlib.stores.drive import verdicts
from sessionlib.stores.drive.client import Client
from sessionlib.stores.drive.people import Permission, let_write, permissions, share
from sessionlib.stores.drive.signins import is_same


@dataclass(frozen=True, slots=True)
class Lacking:
    """An account that can't write yet, and the right that it has, if any."""

    email: str
    reads: Permission | None = None


def lacking(config: Config, owner: str, found: list[Permission]) -> list[Lacking]:
    """The accounts that can't write, by priority; `owner` is the folder's."""
    return list(_lacking(config, owner, found))


def _lacking(config: Config, owner: str, found: list[Permission]) -> Iterator[Lacking]:
    for name in config.by_priority():
        email = config.account(name).email
        own = [one for one in found if is_same(one.email, email)]
        if not is_same(email, owner) and not any(one.writes for one in own):
            yield Lacking(email, own[0] if own else None)


def strangers(config: Config, owner: str, found: list[Permission]) -> list[str]:
    """Who else has a right to the folder, each as a phrase."""
    ours = [owner, *(config.account(name).email for name in config.accounts)]
    return [
        f"{_whom(one)} may {'write' if one.writes else 'read'}"
        for one in found
        if one.role != "owner" and not any(is_same(one.email, email) for email in ours)
    ]


def let_all_write(client: Client, root_id: str, *, mail: bool, config: Config, owner: str) -> str:
    """Share with those who can't write yet. Raises Refused, OutcomeUnknown, or the client's."""
    wanted = lacking(config, owner, permissions(client, root_id))
    trouble: list[str] = []
    is_lost = False
    for one in wanted:
        try:
            if one.reads is None:
                share(client, root_id, one.email, mail=mail)
            else:
                let_write(client, root_id, one.reads.id)
        except verdicts.Trouble as error:
            trouble.append(f"{one.email}: {error}")
            is_lost |= isinstance(error, verdicts.Lost)
    if trouble:
        text = f"the folder couldn't be shared with {'; '.join(trouble)}. Run this again"
        raise OutcomeUnknown(text) if is_lost else Refused(text)
    return f"shared the folder with {', '.join(one.email for one in wanted) or 'nobody new'}"


def _whom(one: Permission) -> str:
    if one.email:
        return one.email
    return "everybody who has the link" if one.kind == "anyone" else f"a {one.kind}"
