"""What of a folder isn't published: fixed names, and the patterns of a `.colabvpsignore`."""

# One pattern a line; `#` begins a comment; `*` `?` `[...]` are a shell's. A pattern with a `/`
# before its end is matched against the whole path from the folder on. Any other is matched
# against each name alone. One that ends in `/` means folders only. What is below a left-out
# folder is left out too: no pattern brings anything back.

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from sessionlib.errors import ProgramError

IGNORE_FILE = ".colabvpsignore"
ALWAYS = frozenset({".git", "__pycache__", ".venv", IGNORE_FILE})
_MAX_BYTES = 64 * 1024

IsIgnored = Callable[[str, bool], bool]
"""Whether the path, relative to the folder, is left out; the flag: whether it is a folder."""


def load_ignore_rules(folder: Path) -> IsIgnored:
    """What `folder`'s own file leaves out, beside what is never published. Raises KitError."""
    try:
        text = (folder / IGNORE_FILE).read_bytes()[:_MAX_BYTES].decode("utf-8-sig")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError):
        raise ProgramError(
            f"{folder / IGNORE_FILE} can't be read: make it a text file in UTF-8"
        ) from None
    lines = (line.strip() for line in text.splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]

    def ignored(path: str, is_folder: bool) -> bool:
        name = path.rpartition("/")[2]
        return name in ALWAYS or any(_fits(one, path, name, is_folder) for one in patterns)

    return ignored


def _fits(pattern: str, path: str, name: str, is_folder: bool) -> bool:
    if pattern.endswith("/") and not is_folder:
        return False
    pattern = pattern.rstrip("/")
    if "/" in pattern:
        return fnmatchcase(path, pattern.lstrip("/"))
    return fnmatchcase(name, pattern)
