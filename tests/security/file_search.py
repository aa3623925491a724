"""Which files hold a secret."""

from __future__ import annotations

import os
from pathlib import Path


def files_with(folder: Path, needles: tuple[bytes, ...]) -> list[str]:
    """Every file below that holds one of them, or is called by one."""
    found = []
    for path in folder.rglob("*"):
        if any(needle in os.fsencode(path.name) for needle in needles):
            found.append(str(path))
        if path.is_file() and not path.is_symlink():
            body = path.read_bytes()
            found += [str(path) for needle in needles if needle in body]
    return found
