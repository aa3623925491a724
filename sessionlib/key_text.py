"""What a key looks like: 64 hex digits, a seed or its public half.

It stands apart from `signing`, so that whoever only looks at one doesn't load cryptography.
"""

from __future__ import annotations

import re

_HEX = re.compile(r"[0-9a-fA-F]{64}")
"""Python's own reading of hex passes over spaces and line ends."""


def is_key(text: str) -> bool:
    """Whether `text` could be a seed or a public half: 64 hex digits and nothing else."""
    return _HEX.fullmatch(text) is not None
