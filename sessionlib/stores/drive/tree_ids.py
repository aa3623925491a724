"""The ids of a Drive store's folder and of all that is in it, as the configuration has them."""

from __future__ import annotations

from typing import NoReturn

from sessionlib.config import Config
from sessionlib.errors import ConfigError
from sessionlib.layout import DRIVE_PATHS


def drive_ids(config: Config) -> tuple[str, dict[str, str]]:
    """The store's folder, and the ids of all that is in it. Raises ConfigError.

    All of the tree or nothing: a session that lacks one id would put files elsewhere.
    """
    ids = dict(config.store.ids or {})
    lacking = [path for path in DRIVE_PATHS if path not in ids]
    if config.store.folder_id is None or len(lacking) == len(DRIVE_PATHS):
        text = "is missing: run `colabvps-console init`, which makes the tree and writes it"
        _refuse(config, text)
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        text = f"lacks {lacking[0]}{more}: run `colabvps-console init`, which writes them all"
        _refuse(config, text)
    return config.store.folder_id, ids


def _refuse(config: Config, text: str) -> NoReturn:
    raise ConfigError([f"{config.where('store', 'ids')}: store.ids: {text}"])
