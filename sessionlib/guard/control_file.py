"""The file by which a workload is told what it is: `SESSION_CONTROL_FILE`.

Only the guard writes it, for only the guard knows whether a standby may become active. A reader
never sees half of it.
"""

from __future__ import annotations

import json
from pathlib import Path

from sessionlib.core.work import Mode


def write(path: str, mode: Mode, epoch: int | None) -> None:
    """Replace the control file. Raises OSError."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    # A file of our own making, whatever the workload has put in its place.
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8") as file:
        file.write(json.dumps({"mode": mode, "epoch": epoch}) + "\n")
    fresh.replace(target)
