"""How an optional part is installed, in words.

The project isn't in a package index, where its name could be anybody's. So it is always
installed from its own folder.
"""

from __future__ import annotations


def needed(extra: str) -> str:
    """What is lacking where an extra isn't installed, and the way to it."""
    return f'needs the extra "{extra}": in the project\'s folder, `pip install ".[{extra}]"`'
