"""The agent's log: JSON lines in its home, within a bound; plain text on the terminal."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from sessionlib.agent.safe_open import open_regular
from sessionlib.agent.terminal import TerminalHandler
from sessionlib.core.narrate import LogLine

MAX_BYTES = 4 * 1024 * 1024
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class _Json(logging.Formatter):
    """One JSON object a line: at (Unix seconds), account, level, event, text, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        body = {
            "at": round(record.created, 3),
            "account": fields.get("account"),
            "level": record.levelname.lower(),
            "event": fields.get("event", "log"),
            "text": record.getMessage(),
        }
        return json.dumps({**body, **fields}, default=str)


class _Plain(logging.Formatter):
    """For the terminal: time, account, level where it matters, text with its escapes shown."""

    def format(self, record: logging.LogRecord) -> str:
        account = getattr(record, "fields", {}).get("account", "-")
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f" {record.levelname.lower()}:"
        text = "".join(
            char if char.isprintable() else repr(char)[1:-1] for char in record.getMessage()
        )
        return f"{at} {account}{level} {text}"


class AgentLog:
    """Where one agent's lines go. A full disk costs lines, and so does a terminal that takes none;
    never the agent."""

    def __init__(self, folder: Path, account: str, *, terminal: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "agent.jsonl"
        self._account = account
        self._logger = logging.Logger(f"colabvps.{account}")
        self._logger.addHandler(_quiet(self._file()))
        if terminal:
            screen = TerminalHandler(sys.stderr)
            screen.setFormatter(_Plain())
            self._logger.addHandler(_quiet(screen))

    def _file(self) -> logging.Handler:
        handler = RotatingFileHandler(self.path, maxBytes=MAX_BYTES, backupCount=1, delay=True)
        handler.setFormatter(_Json())
        return handler

    def write(self, line: LogLine, **fields: object) -> None:
        """Write one line with its fields."""
        extra = {"fields": {"account": self._account, "event": line.event, **fields}}
        self._logger.log(LEVELS[line.level], "%s", line.text, extra=extra)

    def close(self) -> None:
        """Close the file, and wait a short while for what the terminal hasn't taken yet."""
        for handler in self._logger.handlers:
            handler.close()


def _quiet(handler: logging.Handler) -> logging.Handler:
    # logging would print a traceback for each line it can't write.
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # as the library documents it
    return handler


def tail(path: Path, limit: int) -> bytes:
    """The last whole lines of a file, at most `limit` bytes; empty where there is none."""
    with contextlib.suppress(OSError), open_regular(path) as (fd, status):
        size = status.st_size
        body = os.pread(fd, limit, max(0, size - limit))
        return body if size <= limit else body.partition(b"\n")[2]
    return b""
