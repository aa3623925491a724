"""Every command that can be typed, those of groups too, for tests over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from console.cli.root import _program


@cache  # each is a module to import, and a help text to make
def commands() -> Mapping[str, Any]:
    """What stands behind each name, such as `status` or `checkpoint list`; groups come first."""
    return MappingProxyType(dict(_below(_program(), "")))


def leaves() -> list[str]:
    """The names of those that do something, in the order of the help."""
    return [name for name, command in commands().items() if not _is_group(command)]


def _below(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield before + name, command
        if _is_group(command):
            yield from _below(command, f"{before}{name} ")


def _is_group(command: Any) -> bool:
    return hasattr(command, "list_commands")
