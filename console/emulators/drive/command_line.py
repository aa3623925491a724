"""The emulator's command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from console.emulators.drive.faults.kinds import KINDS

DESCRIPTION = """\
Google Drive v2 and its sign-in on this machine, for a demonstration or a test: nothing
here reaches Google. It prints one line of JSON when it is ready, {"url": ..., "control":
...}, and serves until it is told to end. Whatever is started with
COLABVPS_DRIVE_EMULATOR=URL in its environment then uses it in place of Google.
"""
EPILOG = """\
examples:
  python -m console.emulators.drive --account ada@example.com --account bob@example.com
  python -m console.emulators.drive --account ada@example.com --latency-ms 150 \\
      --fault lost-answer=0.02 --fault stale-get=0.05 --seed 7
  curl -d '{"email": "ada@example.com"}' URL/control/token     a sign-in without a browser
  curl -d '{"lost": 0.1}' URL/control/faults                   another rate, at any time
  curl URL/control/report                                      what was asked, and its price

faults:
"""


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says. Ends the program for one that makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m console.emulators.drive",
        description=DESCRIPTION,
        epilog=EPILOG + _faults(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--account", action="append", required=True, metavar="EMAIL", help="a user; once for each"
    )
    parser.add_argument("--port", type=int, default=0, help="default: any that is free")
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="keep what it holds there, and go on from it"
    )
    parser.add_argument("--latency-ms", type=float, default=0.0, help="of each answer (default: 0)")
    parser.add_argument(
        "--fault", action="append", default=[], type=_rate, metavar="KIND=RATE",
        help="from 0 to 1, of the requests that it can befall",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the faults' dice (default: 0)")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    found = parser.parse_args(argv)
    if not all("@" in email for email in found.account):
        parser.error("--account: an account is an e-mail address")
    return found


def _rate(text: str) -> tuple[str, float]:
    name, _, rate = text.partition("=")
    if name not in KINDS:
        raise argparse.ArgumentTypeError(f"{name:.40}: there is no such fault; see --help")
    try:
        value = float(rate)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{name}: give a rate from 0 to 1, as {name}=0.05")
    return name, value


def _faults() -> str:
    return "".join(f"  {kind.name:<18} {kind.says}\n" for kind in KINDS.values())
