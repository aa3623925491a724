"""What a test needs of the machine, and what is said where it is missing."""

from __future__ import annotations

import shutil

import pytest


def needs(program: str, package: str) -> str:
    """The path of `program`. Skips the test, naming Debian's package, where it isn't installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs {program}: apt-get install {package}")
    return found
