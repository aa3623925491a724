"""Files that a user keeps: a first configuration, and what is written into it later.

Nothing of a user's is ever overwritten. A file is replaced whole or not at all.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from console.errors import Refused
from sessionlib.config.edit import with_fleet_key
from sessionlib.config.edit_drive import with_drive

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
    _rewrite(path, "fleet_key", lambda text: with_fleet_key(text, public_hex))


def write_drive(path: Path, folder_id: str, ids: Mapping[str, str]) -> None:
    """Put a Drive store's ids into the configuration; none where `ids` is empty. Raises Refused."""
    _rewrite(path, "store", lambda text: with_drive(text, folder_id, ids))


def _rewrite(path: Path, name: str, change: Callable[[str], str]) -> None:
    target = path.resolve()
    # Bytes, because line ends are the user's as well.
    text = target.read_bytes().decode("utf-8")
    try:
        changed = change(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise Refused(f"{path}: {name} {error}") from None
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
