"""The two streams: data on standard output, talk on standard error."""

# With `--json` standard output carries documents only. All that is printed is harmless to a
# terminal. Colours never stand alone: words and glyphs say it all. Lines for people are broken
# between words. A line that begins with a space, a command to copy or a row, is left to the
# terminal.

from __future__ import annotations

import getpass
import io
import json
import os
import sys
from typing import Any, TextIO

from console.errors import Refused
from console.text import safe_text

WIDTH = 80
"""How wide text is laid out where no terminal says how wide it is."""
_LEAST = 48
_COLOURS = {"good": "32", "warn": "33", "bad": "31", "dim": "2", "head": "1"}


class Output:
    """Where a command's words go."""

    def __init__(self) -> None:
        self.json = False
        self.documents = 0
        # Glyphs must not end a command where the terminal's encoding lacks them.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")

    def line(self, text: str = "", tone: str = "") -> None:
        """A line of the answer, laid out, for people; with `--json` it is talk."""
        self._write(self._answers, text, tone)

    def message(self, text: str, tone: str = "") -> None:
        """Talk: progress, warnings, advice."""
        self._write(sys.stderr, _wrap_to_terminal(text, sys.stderr), tone)

    def document(self, value: Any) -> None:
        """One JSON document on one line."""
        self.documents += 1
        sys.stdout.write(json.dumps(_harmless(value), separators=(", ", ": ")) + "\n")
        sys.stdout.flush()

    def answer(self, text: str, value: Any) -> None:
        """The same answer for people or for programs."""
        if self.json:
            self.document(value)
        else:
            self.line(_wrap_to_terminal(text, sys.stdout))

    def ask(self, what: str, *, yes: bool) -> None:
        """Say what will happen and return once it was agreed to. Raises Refused."""
        self.message(what)
        if yes:
            return
        if not self.can_ask():
            raise Refused("there is no terminal to ask at: pass --yes to agree beforehand")
        if self._answer("Go on? [y/N] ").lower() not in {"y", "yes"}:
            raise Refused("not agreed to; nothing was changed")

    def ask_typed(self, what: str, prompt: str, name: str) -> None:
        """Say what rests on it, and return once `name` was typed. Raises Refused."""
        self.message(what)
        if self._answer(prompt) != name:
            raise Refused(f"that isn't {name}; nothing was changed")

    def read(self, prompt: str) -> str:
        """The line that comes in after a prompt; empty at the end of the input."""
        return self._answer(prompt)

    def read_secret(self, prompt: str) -> str:
        """The line that comes in, shown to nobody where it is typed."""
        if self.can_ask():
            return getpass.getpass(prompt, stream=sys.stderr)
        return sys.stdin.readline()

    @property
    def columns(self) -> int | None:
        """How wide the terminal is that the answer goes to; None where it goes elsewhere."""
        return columns_of(self._answers)

    @property
    def table_columns(self) -> int:
        """How wide a table may be that is laid out in any case."""
        return max(self.columns or WIDTH, _LEAST)

    @property
    def _answers(self) -> TextIO:
        return sys.stderr if self.json else sys.stdout

    def can_ask(self) -> bool:
        """Whether somebody is there who could answer."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def _answer(self, prompt: str) -> str:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        return sys.stdin.readline().strip()

    def _write(self, stream: TextIO, text: str, tone: str) -> None:
        text = safe_text.harmless_lines(text) if text else ""
        if tone in _COLOURS and is_coloured(stream):
            text = f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m"
        stream.write(text + "\n")
        stream.flush()


def is_screen(stream: TextIO) -> bool:
    """Whether what is written can be drawn over."""
    return stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}


def columns_of(stream: TextIO) -> int | None:
    """How wide a terminal is; None for what is none."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except OSError:
        return WIDTH


def _wrap_to_terminal(text: str, stream: TextIO) -> str:
    """What is said, in lines that fit the terminal."""
    columns = columns_of(stream)
    if columns is None:
        return text
    lines: list[str] = []
    for line in safe_text.harmless_lines(text).split("\n"):
        lines += [line] if line.startswith(" ") else safe_text.wrapped(line, columns)
    return "\n".join(lines)


def is_coloured(stream: TextIO) -> bool:
    """Whether colours are welcome: https://no-color.org, and only on a terminal."""
    return not os.environ.get("NO_COLOR") and is_screen(stream)


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return safe_text.one_line(value, 10_000)
    if isinstance(value, dict):
        return {key: _harmless(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(item) for item in value]
    return value
