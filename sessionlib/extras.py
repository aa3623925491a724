"""What the optional parts need, in words.

Decided here: how an extra is installed. The project isn't in a package index, where its
name could be anybody's, so it is always its own folder that is installed from. Not decided
here: who needs which.
"""

from __future__ import annotations


def needed(extra: str) -> str:
    """What is lacking where an extra isn't installed, and the way to it."""
    return f'needs the extra "{extra}": in the project\'s folder, `pip install ".[{extra}]"`'
