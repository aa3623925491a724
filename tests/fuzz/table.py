"""Every reader of what others can write, in one table.

Not here: the operating system's own files in `/proc`, the set-up's runner (it hears
only the process that started it), and HTTP, which the standard library reads.
"""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import (
    bundles,
    checkpoints,
    configs,
    guards,
    homes,
    journals,
    readers,
    records,
    signed,
    stores,
    text,
)

ROOMS = (
    records,
    signed,
    checkpoints,
    bundles,
    stores,
    homes,
    guards,
    configs,
    text,
    journals,
    readers,
)
TARGETS: dict[str, Target] = {target.name: target for room in ROOMS for target in room.TARGETS}
