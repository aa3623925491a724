"""Which paths and links a checkpoint may hold: nothing in it lies, or leads, outside the tree."""

# A link may climb at the start of its target and not later: `../a` and never `b/../a`, whose
# meaning depends on whether `b` is a link. A link stands in a real folder at a known depth, so
# climbing is counted exactly. What follows exists in the tree, or is again such a link. By
# induction no chain of them leaves.

from __future__ import annotations

from sessionlib.checkpoints.errors import CheckpointDamaged

MAX_PATH_BYTES = 4096
MAX_PART_BYTES = 255
MAX_DEPTH = 256
ROOT = "."
"""The tree's own entry among its folders."""


def problem_with_path(path: str) -> str | None:
    """What is wrong with a path below the tree's root; None if it is fine."""
    try:
        raw = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "isn't text that a file can be called"
    parts = raw.split(b"/")
    if b"\0" in raw or not all(parts) or not {b".", b".."}.isdisjoint(parts):
        return "isn't a path below the folder"
    if len(raw) > MAX_PATH_BYTES or len(parts) > MAX_DEPTH or max(map(len, parts)) > MAX_PART_BYTES:
        return "is too long, or too deep"
    return None


def check_path(path: str) -> None:
    """Raises Damaged for a path that no writer of ours makes."""
    problem = problem_with_path(path)
    if problem is not None:
        raise CheckpointDamaged(f"a path {path!r:.80} {problem}")


def parent_of(path: str) -> str:
    """The folder that `path` is in; ROOT for what is in the tree's own."""
    return path.rpartition("/")[0] or ROOT


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at `path` to `target` can only ever lead to something in the tree."""
    try:
        raw = target.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    if not raw or b"\0" in raw or raw.startswith(b"/") or len(raw) > MAX_PATH_BYTES:
        return False
    depth, below = path.count("/"), False
    for part in raw.split(b"/"):
        if part == b"..":
            depth -= 1
            if below or depth < 0:
                return False
        elif part not in {b"", b"."}:
            below = True
    return True
