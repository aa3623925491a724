"""`paths`: where everything is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs
import typer

from console.cli.options import command_context
from console.config_file import find_config, user_config_dir
from console.crash import log_dir
from console.text.output import Output
from sessionlib import secret_storage
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError
from sessionlib.stores import KINDS

EXAMPLES = ("colabvps-console paths", "colabvps-console paths --json")


def run(ctx: typer.Context) -> None:
    """Works without a configuration too, and then tells where one was looked for."""
    context = command_context(ctx)
    file, loaded = _config(context.out, context.config)
    places: dict[str, Any] = {
        "config": None if file is None else str(file.absolute()),
        "config_dir": str(user_config_dir()),
        "state": platformdirs.user_state_dir("colabvps", appauthor=False),
        "logs": str(log_dir()),
        "secrets": secret_storage.describe_storage(),
        "store": None if loaded is None else _store(loaded),
        "work": {}
        if loaded is None
        else {name: str(loaded.home(name)) for name in loaded.accounts},
    }
    if context.out.json:
        context.out.document(places)
        return
    works = places.pop("work")
    rows = [*places.items(), *((f"work of {name}", place) for name, place in works.items())]
    widest = max(len(name) for name, _ in rows)
    for name, place in rows:
        context.out.line(f"{name.replace('_', ' '):{widest}}  {place or '-'}")


def _config(out: Output, named: str | None) -> tuple[Path | None, Config | None]:
    """The file and what it says; a file with mistakes is still one to be shown."""
    try:
        file = find_config(named)
    except ConfigError as error:
        out.message(str(error))
        return None, None
    try:
        return file, load(file)
    except ConfigError as error:
        out.message(str(error))
        return file, None


def _store(config: Config) -> str | None:
    kind = KINDS.get(config.store.kind)
    return config.store.url if kind is None else kind.address(config)
