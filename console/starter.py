"""Files that a user keeps: a first configuration, and one line of it written later.

Decided here: that nothing of a user's is ever overwritten, and that a file is
replaced whole or not at all.
"""

from __future__ import annotations

import stat
from importlib import resources
from pathlib import Path

from console.errors import Refused
from sessionlib.config.edit import with_fleet_key

EXAMPLE = "accounts.example.yaml"


def write_starter(path: Path) -> None:
    """Write the example as a first configuration. Raises Refused; never overwrites."""
    text = resources.files("console").joinpath(EXAMPLE).read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}") from None


def write_fleet_key(path: Path, public_hex: str) -> None:
    """Put the public half of the fleet's key into the configuration. Raises Refused."""
    target = path.resolve()
    # Bytes, because line ends are the user's as well.
    text = target.read_bytes().decode("utf-8")
    try:
        changed = with_fleet_key(text.removeprefix("\ufeff"), public_hex)
    except ValueError as error:
        raise Refused(f"{path}: fleet_key {error}") from None
    beside = target.with_name(f".{target.name}.new")
    try:
        # Nobody else's to read before it has the rights of the file that it replaces.
        beside.touch(mode=0o600)
        beside.write_bytes(changed.encode())
        beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Refused(f"{path} can't be written: {error.strerror}") from None
