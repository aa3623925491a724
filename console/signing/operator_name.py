"""Who is asking: `user@host`. It is for people and proves nothing; the signature does."""

from __future__ import annotations

import getpass
import socket

from console.text.safe_text import one_line


def operator_name() -> str:
    """The person at this machine, in at most 64 characters."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = "operator"
    return one_line(f"{user}@{socket.gethostname()}", 64)
