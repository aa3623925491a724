"""Where the console keeps its report of an error that nobody foresaw."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from sessionlib import crash_text
from sessionlib.clock import Clock


def log_dir() -> Path:
    """Where this program's own logs go."""
    return Path(platformdirs.user_log_dir("colabvps", appauthor=False))


def write_report(error: Exception, clock: Clock) -> Path | None:
    """Keep a report of `error`; None where no file can be written."""
    path = log_dir() / f"crash-{clock.now().wall:.0f}-{os.getpid()}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        crash_text.keep(path, crash_text.report(error, "colabvps-console"))
    except OSError:
        return None
    return path
