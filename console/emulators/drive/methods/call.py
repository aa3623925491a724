"""One call of a method, and what methods share: finding a file that the caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.emulators.drive.contents.item import DriveItem
from console.emulators.drive.contents.roles import has_role, role_of
from console.emulators.drive.contents.world import DriveContents
from console.emulators.drive.methods.errors import changed, not_allowed, not_found


@dataclass(frozen=True, slots=True)
class Quirks:
    """How Drive misbehaves in this one call, beyond what happens on the wire."""

    read_ago_s: float = 0.0
    """A read by id is answered as of so long ago."""
    unseen_s: float = 0.0
    """What others have made since so long ago can't be read by its id."""
    list_ago_s: float = 0.0
    pause_s: float = 0.0
    """So long passes between the check of `If-Match` and the write."""
    refuses_condition: bool = False
    old_etag: bool = False
    """What is answered to a write carries the ETag and date from before it."""
    coarse_dates: bool = False
    is_full: bool = False
    bins: bool = False
    doubles: bool = False
    keeps_little: bool = False
    """Of a piece of a resumable upload only the first part is kept."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A content that came with a request."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what. `body` is None where no metadata came."""

    world: DriveContents
    email: str
    params: Mapping[str, str]
    body: dict[str, Any] | None = None
    media: Upload | None = None
    if_match: str | None = None
    quirks: Quirks = field(default_factory=Quirks)

    def file(self, role: str = "reader", ago_s: float = 0.0) -> DriveItem:
        """The file that the path names. Raises Refusal."""
        return self.find(self.params["fileId"], role, ago_s)

    def find(self, file_id: str, role: str = "reader", ago_s: float = 0.0) -> DriveItem:
        """Any file. Raises Refusal where the caller can't see it, or may do less than `role`."""
        root_id = self.world.accounts[self.email].root_id
        item = self.world.get(root_id if file_id == "root" else file_id, ago_s)
        if item is None or role_of(self.world, self.email, item) is None:
            raise not_found(file_id)
        if not has_role(self.world, self.email, item, role):
            raise not_allowed()
        return item

    def check_version(self, item: DriveItem) -> None:
        """Refuse where `If-Match` names another version. Raises Refusal."""
        if self.if_match is None:
            return
        if self.quirks.refuses_condition or self.if_match not in {item.etag, "*"}:
            raise changed()

    def is_true(self, name: str) -> bool:
        return self.params.get(name) == "true"
