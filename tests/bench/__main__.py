"""Goal: the figures that the project states: downtimes at life's own pace, and start-up times.

Method: real agents with a folder store and a cold workload, at scale 1. A
downtime is from the last tick before to the first tick after, by the workload's
journal; after a kill it counts from the kill. Start-up times are medians over
processes started in turn with a bare interpreter's. Progress goes to standard
error; the last line, on standard output, is one JSON document with each figure
beside its target. It judges nothing: a busy machine is slow, and not broken.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from tests.bench.carrying import carrying
from tests.bench.downtime import downtimes
from tests.bench.startup import startup


def main() -> int:
    options = _options()
    if options.carrying:
        print(json.dumps(carrying(options.scale, options.moves, _tell)), flush=True)  # noqa: T201 - the result
        return 0
    figures: dict[str, Any] = {"startup": startup(options.starts)}
    _tell(json.dumps(figures))
    figures |= downtimes(options.scale, options.moves, options.ends, _tell)
    print(json.dumps(figures), flush=True)  # noqa: T201 - the result
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--moves", type=int, default=15, help="planned moves (default: 15)")
    parser.add_argument("--ends", type=int, default=3, help="of SIGTERM and SIGKILL each")
    parser.add_argument("--starts", type=int, default=21, help="of each program")
    parser.add_argument(
        "--carrying", action="store_true", help="instead: downtime with 1 MB and with 2 GB of data"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="targets are for 1")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
