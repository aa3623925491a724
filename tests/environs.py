"""What a process was born with."""

from __future__ import annotations

import os
from pathlib import Path


def environ_of(pid: int) -> dict[str, str]:
    body = os.fsdecode(Path(f"/proc/{pid}/environ").read_bytes())
    return dict(line.split("=", 1) for line in body.split("\0") if "=" in line)
