"""What is kept of an error that nobody foresaw.

Decided here: that a report holds the places in the code and the redacted
message, never the values of variables, where a secret could be among them.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from pathlib import Path

import platformdirs

from console import safe_text
from sessionlib import __version__
from sessionlib.clock import Clock

# A fleet key is 64 hex digits; tokens of other services are long runs as well.
_SECRETS = re.compile(r"[0-9A-Za-z_\-]{32,}")
MAX_MESSAGE = 500


def log_dir() -> Path:
    """Where this program's own logs go."""
    return Path(platformdirs.user_log_dir("colabvps", appauthor=False))


def write_report(error: Exception, clock: Clock) -> Path | None:
    """Keep a report of `error`; None where no file can be written."""
    path = log_dir() / f"crash-{clock.now().wall:.0f}-{os.getpid()}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(report(error))
    except OSError:
        return None
    return path


def report(error: BaseException) -> str:
    """The report's text: versions, then each cause, then the calls that led to it."""
    parts = [
        f"colabvps-console {__version__}, Python {platform.python_version()}, {sys.platform}\n"
    ]
    seen: BaseException | None = error
    while seen is not None and len(parts) < 10:
        parts.append(f"\n{type(seen).__name__}: {redacted(str(seen))}\n")
        parts += [
            f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}\n"
            for frame in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "".join(parts)


def redacted(text: str) -> str:
    """`text` without long runs of letters and digits, any of which may be a secret."""
    home = str(Path.home())
    return _SECRETS.sub("[redacted]", safe_text.one_line(text, MAX_MESSAGE).replace(home, "~"))


def _place(file: str) -> str:
    return "/".join(Path(file).parts[-3:])
