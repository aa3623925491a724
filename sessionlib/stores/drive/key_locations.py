"""Where in Drive a key is: a folder with an id, and a title in it.

A key lies in the deepest folder of the tree above it; the rest of the key is the title, slashes
and all. So no folder is made while a fleet runs: two sessions could do that twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ROOT = ""
"""The path of the folder that everything is in."""


class KeyLocation(NamedTuple):
    """A folder's path in the tree, and a file's title in it."""

    folder: str
    title: str


class FolderTree:
    """The folders and files of a store that have ids from the configuration.

    `ids` maps paths below the root (`state/orders`, `state/lease.json`) to Drive ids.
    """

    def __init__(self, root_id: str, ids: Mapping[str, str], files: tuple[str, ...]) -> None:
        self._folders = {ROOT: root_id, **{k: v for k, v in ids.items() if k not in files}}
        self._files = {k: v for k, v in ids.items() if k in files}

    def locate(self, key: str) -> KeyLocation:
        """The folder and title of `key`."""
        folder = self._above(key)
        return KeyLocation(folder, key[len(folder) :].removeprefix("/"))

    def folder_id(self, folder: str) -> str:
        return self._folders[folder]

    def file_id(self, key: str) -> str | None:
        """The id of a file that the configuration names: a register."""
        return self._files.get(key)

    def folders_of(self, prefix: str) -> list[str]:
        """The folders in which keys that start with `prefix` may lie."""
        below = [path for path in self._folders if f"{path}/".startswith(prefix)]
        return sorted({self._above(prefix), *below})

    def _above(self, key: str) -> str:
        head = key
        while head:
            head = head.rpartition("/")[0]
            if head in self._folders:
                return head
        return ROOT


def key_of(folder: str, title: str) -> str:
    """The key of a file in `folder`; for any title, also one that is no key."""
    return f"{folder}/{title}" if folder else title
