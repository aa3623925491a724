"""The configuration file: its settings, and everything that can be wrong with them."""

from sessionlib.config.config import Config
from sessionlib.config.schema import AccountSettings

__all__ = [
    "AccountSettings",
    "Config",
]
