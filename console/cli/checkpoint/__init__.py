"""`checkpoint`: the copies of the workload's data.

The primary makes them by itself, at intervals and before it gives the work away.
Here they can be looked at, asked for, checked and taken out of the store.
"""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    "now": "Have the primary make and publish a checkpoint now.",
    "list": "List the checkpoints in the store, newest first.",
    "verify": "Read every byte of a checkpoint back and hash it.",
    "export": "Write a checkpoint's files into a new folder.",
}
