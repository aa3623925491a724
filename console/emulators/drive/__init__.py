"""Google Drive v2 and its sign-in on this machine, for demonstrations and tests.

    with running_emulator(accounts=["ada@example.com"]) as emulator: ...
    python -m console.emulators.drive --account ada@example.com

A request arrives in `wire`, and `router` sends it on. One for Drive goes through `service`: the
token (`oauth`), Google's own description (`discovery`), the faults that it may meet (`faults`),
and the method (`methods`) over what Drive holds (`contents`).

Nobody outside of Google can know all of the real Drive. In doubt the emulator is harder: an id
serves only the account that it was made for, and once; a PUT clears what it doesn't name; a file
lies in one folder. `doctor` asks the real one.
"""

from console.emulators.drive.emulator import Emulator, running_emulator
from console.emulators.drive.faults.rates import Faults

__all__ = ["Emulator", "Faults", "running_emulator"]
