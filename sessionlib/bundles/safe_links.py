"""Symbolic links that can't lead out of a folder: a target goes up first, and then only down."""

# Each step up is taken from the link's own place, where every folder is a real one. So it goes
# where it seems to. A step up after a name could start from wherever another link led. By
# induction no chain of such links leaves the folder.

from __future__ import annotations


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at `path`, relative to the folder, may point to `target`."""
    if not target or "\0" in target or target.startswith("/"):
        return False
    parts = [part for part in target.split("/") if part not in {"", "."}]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    return ups <= path.count("/") and ".." not in parts[ups:]
