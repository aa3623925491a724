"""Google Drive v2 and its sign-in on this machine, for demonstrations and tests.

    with emulated(accounts=["you@example.com"]) as emulator: ...
    python -m console.driveemulator --account you@example.com

Decided here: nothing but where to read on. A request arrives in `wire`, is sent to its
door by `front`, and, if it is for Drive, goes through `drive`: the token (`signing`),
Google's own description (`described`), the faults that it may meet (`faults`), and the
method (`answering`) over what Drive holds (`held`).

Assumed of the real Drive, and for `doctor` to check there: see `reference` in
`docs/drive.md`. What nobody outside of Google can know is decided the harder way, so
that whoever gets on with the emulator depends on less.
"""

from console.driveemulator.emulator import Emulator, emulated
from console.driveemulator.faults.dice import Faults

__all__ = ["Emulator", "Faults", "emulated"]
