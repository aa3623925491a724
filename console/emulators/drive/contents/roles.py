"""Who may do what with a file.

Whoever makes a file owns it, wherever it lies. A role on a folder counts for all that is in it,
where its owner is an editor of others' files. What lies in a folder in the bin is in the bin.
"""

from __future__ import annotations

from collections.abc import Iterator

from console.emulators.drive.contents.item import DriveItem, RoleGrant
from console.emulators.drive.contents.world import DriveContents

RANKS = ("reader", "commenter", "writer", "owner")
MAX_DEPTH = 32


def role_of(world: DriveContents, email: str, item: DriveItem) -> str | None:
    """What `email` may do with a file; None where it may not even know of it."""
    found = {grant.role for grant in all_grants(world, item) if grant.email in {email, ""}}
    return max(found, key=RANKS.index) if found else None


def has_role(world: DriveContents, email: str, item: DriveItem, role: str) -> bool:
    """Whether `email` has `role` on a file, or a higher one."""
    found = role_of(world, email, item)
    return found is not None and RANKS.index(found) >= RANKS.index(role)


def all_grants(world: DriveContents, item: DriveItem) -> Iterator[RoleGrant]:
    """The roles given on a file, and then those on the folders above it."""
    yield from item.grants
    for folder in ancestors(world, item):
        for grant in folder.grants:
            yield RoleGrant(grant.email, "writer") if grant.role == "owner" else grant


def ancestors(world: DriveContents, item: DriveItem) -> Iterator[DriveItem]:
    """The folders that a file lies in, the nearest first."""
    here: list[str] = list(item.parents)
    for _ in range(MAX_DEPTH):
        found = [folder for folder in map(world.get, here) if folder is not None]
        if not found:
            return
        yield from found
        here = [parent for folder in found for parent in folder.parents]


def is_binned(world: DriveContents, item: DriveItem) -> bool:
    """Whether a file, or a folder above it, is in the bin."""
    return item.in_bin or any(folder.in_bin for folder in ancestors(world, item))


def descendants(world: DriveContents, item: DriveItem) -> list[DriveItem]:
    """Everything in a folder, at any depth."""
    found: list[DriveItem] = []
    here = [item]
    while here:
        here = [inside for folder in here for inside in world.children(folder.id)]
        found += here
    return found
