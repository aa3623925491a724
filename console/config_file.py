"""Where the configuration is looked for. An agent is told its file and looks nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from sessionlib.errors import ConfigError

VARIABLE = "COLABVPS_CONFIG"
NAME = "accounts.yaml"


def find_config(
    explicit: Path | str | None = None, environ: Mapping[str, str] | None = None
) -> Path:
    """Where the configuration is: named, `$COLABVPS_CONFIG`, here, or the user's directory.

    A place that was named is taken at its word; that nothing is there is told by
    `sessionlib.config.load`. Raises ConfigError with what was tried.
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
