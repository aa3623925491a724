"""Google Drive v2 and its sign-in on this machine, for demonstrations and tests.

    with emulated(accounts=["ada@example.com"]) as emulator: ...
    python -m console.emulators.drive --account ada@example.com

Decided here: nothing but where to read on. A request arrives in `wire`, is sent to its
door by `front`, and, if it is for Drive, goes through `drive`: the token (`signing`),
Google's own description (`described`), the faults that it may meet (`faults`), and the
method (`answering`) over what Drive holds (`held`).

What nobody outside of Google can know of the real Drive is decided the harder way, so
that whoever gets on with the emulator depends on less: an id serves only the account
that it was made for, and once; a PUT clears what it doesn't name; a file lies in one
folder. `doctor` asks the real one.
"""

from console.emulators.drive.emulator import Emulator, running_emulator
from console.emulators.drive.faults.rates import Faults

__all__ = ["Emulator", "Faults", "running_emulator"]
