"""A workload to watch: it counts, and would notice if another copy of it counted too.

It stands alone, so that it can be read as an example and copied as a start. It keeps its count in
its data directory, replaced whole each time. It writes a journal line for each step that is
safely there. Nothing here knows of leases: a workload only has to start, save what it does, and
stop on SIGTERM. With `SESSION_MODE=standby` it starts warm: it waits for SIGUSR1 and opens its
data only then.

DEMO_JOURNAL names the folder for the journals: one file for each run, one line for each step,
`<seconds since boot> <epoch> <count>`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

STEP_S = float(os.environ.get("DEMO_STEP_S", "0.02"))


def main() -> int:
    """Count until told to stop."""
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    epoch = _wait_until_active(stopping)
    if epoch is None:
        return 0
    data = Path(os.environ["SESSION_DATA_DIR"])
    data.mkdir(parents=True, exist_ok=True)
    count = _load(data)
    with _journal(epoch).open("a", buffering=1) as journal:
        while not stopping:
            count += 1
            _save(data / "count.json", {"count": count})
            journal.write(f"{_now():.6f} {epoch} {count}\n")
            if count % 25 == 0:
                _report_progress(count)
            time.sleep(STEP_S)  # noqa: TID251 - a program of its own
    return 0


def _wait_until_active(stopping: list[int]) -> int | None:
    """The epoch to work under: at once, or once a standby is told to be active."""
    if os.environ.get("SESSION_MODE") != "standby":
        return int(os.environ["SESSION_EPOCH"])
    woken: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: woken.append(number))
    Path(os.environ.get("DEMO_READY_FILE", os.devnull)).write_text("ready")
    while not stopping:
        if woken:
            return int(json.loads(Path(os.environ["SESSION_CONTROL_FILE"]).read_text())["epoch"])
        time.sleep(STEP_S)  # noqa: TID251 - a program of its own
    return None


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _load(data: Path) -> int:
    try:
        return int(json.loads((data / "count.json").read_text())["count"])
    except FileNotFoundError:
        return 0


def _save(path: Path, body: dict[str, object]) -> None:
    """Replace a file whole: whoever reads it, or copies it, never sees a part."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(body))
    draft.replace(path)


def _journal(epoch: int) -> Path:
    folder = Path(os.environ.get("DEMO_JOURNAL", os.environ["SESSION_DATA_DIR"]))
    folder.mkdir(parents=True, exist_ok=True)
    account = os.environ["SESSION_ACCOUNT"]
    return folder / f"{epoch:06d}-{account}-{os.getpid()}.log"


def _report_progress(count: int) -> None:
    """Tell the operator how it goes, where the agent says to."""
    sys.stdout.write(f"counted to {count}\n")
    status = os.environ.get("SESSION_STATUS_FILE")
    if status:
        _save(Path(status), {"progress": f"counted to {count}"})


if __name__ == "__main__":
    sys.exit(main())
