"""A fleet whose store is on a small disk that fills up, inside a mount namespace.

Run as `python -m tests.e2e.hazards.full_disk FOLDER` by a user who may mount. Ends
with 0 if everything was as `test_full_disk` has it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sessionlib.clock import sleep
from tests.contract.full_disk import fill, mount
from tests.e2e.hazards.kit import fleet_in, now_s, until


def main() -> None:
    folder = Path(sys.argv[1])
    store = folder / "VPS_Shared"
    store.mkdir()
    mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(store))
    with fleet_in(folder) as fleet:
        before = fleet.begin()
        fill(store / "filler")
        full_s = now_s()
        until(lambda: fleet.said("primary", "workload_frozen"), "the work freezes")
        until(lambda: now_s() - full_s > 1.1 * fleet.timing.ttl_s, "more than a ttl")
        assert fleet.last_tick_s() < full_s + fleet.timing.valid_s
        assert fleet.lease().epoch == before.epoch
        assert any("no space left" in line["text"] for line in fleet.said("primary", "alarm"))
        assert all(fleet.is_running(account) for account in fleet.accounts)
        assert fleet.console("status", "--json")[0] == 0

        (store / "filler").unlink()
        after = fleet.served()
        assert after.epoch <= before.epoch + 1
        until(fleet.works, "somebody works")
        sleep(0.2)


if __name__ == "__main__":
    main()
