"""What is kept of an error that nobody foresaw, by the agent and by the console.

A report holds the places in the code and the redacted message, never the values of variables: a
secret could be among them. Only its owner may read the file.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import traceback
from pathlib import Path

from sessionlib import __version__
from sessionlib.plain_text import plain

# A fleet key is 64 hex digits; tokens of other services are long runs as well.
_SECRETS = re.compile(r"[0-9A-Za-z_\-]{32,}")
MAX_MESSAGE = 500
_MOST_CAUSES = 10


def report(error: BaseException, program: str) -> str:
    """The report's text: versions, then each cause, then the calls that led to it."""
    parts = [f"{program} {__version__}, Python {platform.python_version()}, {sys.platform}\n"]
    seen: BaseException | None = error
    while seen is not None and len(parts) < _MOST_CAUSES:
        parts.append(f"\n{type(seen).__name__}: {redacted(str(seen))}\n")
        parts += [
            f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}\n"
            for frame in traceback.extract_tb(seen.__traceback__)
        ]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "".join(parts)


def redacted(text: str) -> str:
    """`text` on one line, without long runs of letters and digits, any of which may be a secret."""
    said = _SECRETS.sub("[redacted]", plain(text).strip().replace(str(Path.home()), "~"))
    return said if len(said) <= MAX_MESSAGE else f"{said[: MAX_MESSAGE - 1]}…"


def keep(path: Path, text: str) -> None:
    """Write a report where there is none. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _place(file: str) -> str:
    return "/".join(Path(file).parts[-3:])
