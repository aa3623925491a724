"""Symbolic links that can't lead out of a folder.

Decided here: the form that a link's target must have. It goes up first, not
above the folder, and then only down: `../lib/x`. Every step up is taken from the
link's own place, where each folder is a real one, so it goes where it seems to;
a step up after a name could start from wherever another link led. By induction
no chain of such links leaves the folder. Not decided here: what is said to the
user about others.
"""

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
