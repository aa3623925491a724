"""All that one Drive holds.

Each file keeps its last versions, so that a reading of a moment ago can be answered. A change is
made under one lock. No two versions share a modification date, unless a fault asks for it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from console.emulators.drive.contents.item import FOLDER_TYPE, DriveItem, RoleGrant
from sessionlib.clock import Clock

QUOTA_BYTES = 15 * 1024**3
KEPT_VERSIONS = 8
"""So many versions of a file can be shown as they were a moment ago."""
_NONE_S = float("-inf")


@dataclass(slots=True)
class Account:
    """One of Drive's users. `limit_bytes` may be set at any time."""

    email: str
    root_id: str
    limit_bytes: int = QUOTA_BYTES
    used_bytes: int = 0

    @property
    def permission_id(self) -> str:
        return permission_id(self.email)


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """How a file was from `since_mono` on; None where it was no more."""

    since_mono: float
    item: DriveItem | None


class DriveContents:
    """Files and accounts. `lock` is held while they are changed or several are looked at."""

    def __init__(self, clock: Clock, emails: Iterable[str]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.ids: dict[str, str] = {}
        """Ids that were given out, and to whom."""
        self.changes = 0
        self._moments: dict[str, list[ItemVersion]] = {}
        self._inside: dict[str, set[str]] = {}
        for email in emails:
            self.add(Account(email, f"0A{_digest(email)[:15]}PVA"))

    def add(self, account: Account) -> None:
        """Another user, with a My Drive."""
        with self.lock:
            self.accounts[account.email] = account
            now_ms = self.now_ms()
            root = DriveItem(
                id=account.root_id,
                title="My Drive",
                mime_type=FOLDER_TYPE,
                owner=account.email,
                parents=(),
                created_ms=now_ms,
                modified_ms=now_ms,
                content=None,
                grants=(RoleGrant(account.email, "owner"),),
            )
            self.put(root)

    def now_ms(self) -> int:
        return int(self.clock.now().wall * 1000)

    def get(self, file_id: str, ago_s: float = 0.0) -> DriveItem | None:
        """A file as it is, or as it was. One that wasn't there yet is shown as it began."""
        moments = self._moments.get(file_id)
        if not moments:
            return None
        if not ago_s:
            return moments[-1].item
        then_mono = self.clock.now().mono - ago_s
        older = [moment for moment in moments if moment.since_mono <= then_mono]
        return (older[-1] if older else moments[0]).item

    def children(self, folder_id: str, ago_s: float = 0.0) -> Iterator[DriveItem]:
        """The files of a folder, as they are or were; those made since are missing then."""
        then_mono = self.clock.now().mono - ago_s
        for file_id in list(self._inside.get(folder_id, ())):
            if not ago_s or self._moments[file_id][0].since_mono <= then_mono:
                item = self.get(file_id, ago_s)
                if item is not None and folder_id in item.parents:
                    yield item

    def all_items(self) -> list[DriveItem]:
        """All files that there are, the folders called My Drive among them."""
        with self.lock:
            found = (moments[-1].item for moments in self._moments.values())
            return [item for item in found if item is not None]

    def is_used(self, file_id: str) -> bool:
        """Whether there ever was a file of that id."""
        return file_id in self._moments

    def put(self, item: DriveItem) -> None:
        """Have a file be so from now on."""
        before = self.get(item.id)
        moments = self._moments.setdefault(item.id, [])
        # What has always been there can't have been missing a moment ago.
        since_mono = self.clock.now().mono if item.parents else _NONE_S
        moments.append(ItemVersion(since_mono, item))
        del moments[:-KEPT_VERSIONS]
        for parent in item.parents:
            self._inside.setdefault(parent, set()).add(item.id)
        self._count(before, item)

    def remove(self, file_id: str) -> None:
        """A file is gone for good."""
        before = self.get(file_id)
        self._moments[file_id].append(ItemVersion(self.clock.now().mono, None))
        self._count(before, None)

    def _count(self, before: DriveItem | None, after: DriveItem | None) -> None:
        self.changes += 1
        for item, sign in ((before, -1), (after, 1)):
            if item is not None and item.owner in self.accounts:
                self.accounts[item.owner].used_bytes += sign * item.size_bytes

    def next_ms(self, item: DriveItem, *, coarse: bool = False) -> int:
        """The modification date of the next version; `coarse` has it cut off to a second."""
        now_ms = self.now_ms()
        return now_ms - now_ms % 1000 if coarse else max(now_ms, item.modified_ms + 1)

    def next_version(
        self, item: DriveItem, email: str, modified_ms: int | None = None
    ) -> DriveItem:
        """The next version of a file."""
        date_ms = item.modified_ms if modified_ms is None else modified_ms
        return replace(item, version=item.version + 1, modified_by=email, modified_ms=date_ms)

    def new_id(self, email: str) -> str:
        """An id of Drive's form, which that account may use."""
        file_id = f"1{secrets.token_urlsafe(24)}"
        self.ids[file_id] = email
        return file_id


def permission_id(email: str) -> str:
    """A user's number; anybody who has the link has a name instead."""
    return str(int(_digest(email), 16))[:20] if email else "anyoneWithLink"


def _digest(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()
