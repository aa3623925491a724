"""The configuration file: where it is looked for, how it is made and how it is edited.

The agent is told its file and looks nowhere. `sessionlib.config` decides what the file may say.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import platformdirs

from console.errors import Refused
from sessionlib.config.edit import with_fleet_key
from sessionlib.config.edit_drive import with_drive
from sessionlib.errors import ConfigError

VARIABLE = "COLABVPS_CONFIG"
NAME = "accounts.yaml"
EXAMPLE = "accounts.example.yaml"


def find_config(
    explicit: Path | str | None = None, environ: Mapping[str, str] | None = None
) -> Path:
    """The path of the configuration: named, `$COLABVPS_CONFIG`, here, or the user's directory.

    A named path is returned unchecked; `sessionlib.config.load` reports a missing file.
    Raises ConfigError with the places that were tried.
    """
    environ = os.environ if environ is None else environ
    named = explicit or environ.get(VARIABLE)
    if named:
        return Path(named)
    places = [Path(NAME), user_config_dir() / NAME]
    for place in places:
        if place.is_file():
            return place
    tried = ", ".join(["--config (not given)", f"${VARIABLE} (not set)", *map(str, places)])
    raise ConfigError([f"no configuration found; tried {tried}: `colabvps-console init` makes one"])


def user_config_dir() -> Path:
    """The user's own directory for settings."""
    return Path(platformdirs.user_config_dir("colabvps", appauthor=False))


def write_starter(path: Path) -> None:
    """Write the example as a first configuration; never overwrites a file. Raises Refused."""
    text = resources.files("console").joinpath(EXAMPLE).read_text(encoding="utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}") from None


def write_fleet_key(path: Path, public_hex: str) -> None:
    """Write the public half of the fleet's key into the configuration. Raises Refused."""
    _rewrite(path, "fleet_key", lambda text: with_fleet_key(text, public_hex))


def write_drive(path: Path, folder_id: str, ids: Mapping[str, str]) -> None:
    """Write a Drive store's ids into the configuration; none if `ids` is empty. Raises Refused."""
    _rewrite(path, "store", lambda text: with_drive(text, folder_id, ids))


def _rewrite(path: Path, name: str, change: Callable[[str], str]) -> None:
    """Replace the file whole or not at all, in place of any link's target."""
    target = path.resolve()
    # Bytes, because line ends are the user's as well.
    text = target.read_bytes().decode("utf-8")
    try:
        changed = change(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise Refused(f"{path}: {name} {error}") from None
    beside = target.with_name(f".{target.name}.new")
    try:
        # Only the user may read it until it has the mode of the file it replaces.
        beside.touch(mode=0o600)
        beside.write_bytes(changed.encode())
        beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Refused(f"{path} can't be written: {error.strerror}") from None
