"""The configuration file: reading it, and saying everything that is wrong with it.

Decided here: what a configuration may say and what is taken where it says
nothing. Not decided here: which timings are safe (`core.timing`) and how a
store is opened (`stores`).
"""

from sessionlib.config.config import Config
from sessionlib.config.schema import AccountSettings

__all__ = [
    "AccountSettings",
    "Config",
]
