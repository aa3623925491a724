"""`python -m sessionlib agent`: the agent's command line.

Exit codes: 0, ended as asked; 1, failed or fenced; 2, wrong usage or configuration; 3, ended
without knowing whether the lease was given up (the work has stopped, and the lease runs out).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sessionlib import __version__
from sessionlib.errors import ColabvpsError, ConfigError
from sessionlib.plain_text import plain


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        from sessionlib.agent.start import run  # noqa: PLC0415 - `--help` shouldn't wait for it
        from sessionlib.config_loading import load  # noqa: PLC0415 - read only where an agent is started

        config = load(options.config)
        return run(config, options.account, options.home, until_eof=options.until_eof)
    except ConfigError as error:
        _print_lines(*error.problems)
        return 2
    except ColabvpsError as error:
        _print_lines(f"agent: {error}")
        return 1
    except OSError as error:
        _print_lines(f"agent: {error.filename or 'file'}: {error.strerror}")
        return 1


def run_agent() -> int:
    """`colabvps-agent`: the same as `python -m sessionlib agent`."""
    return main(["agent", *sys.argv[1:]])


def _print_lines(*lines: str) -> None:
    """To the terminal, without what it would obey: an error quotes what was wrong."""
    for line in lines:
        print(plain(line), file=sys.stderr)  # noqa: T201 - progress


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sessionlib",
        description="The agent that runs inside every session of a fleet.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    agent = commands.add_parser(
        "agent",
        help="run an account's agent until it is told to end",
        description="Watches the fleet's lease, runs the workload while this account holds it,\n"
        "and hands it over.\n"
        "SIGTERM or Ctrl-C: stop the work, save it, give the lease up, end.",
        epilog="example: python -m sessionlib agent --config accounts.yaml --account bob\n"
        "exit codes: 0 ended as asked, 1 failed or fenced, 2 usage or configuration,\n"
        "3 ended without an answer from the store",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    agent.add_argument(
        "--config", type=Path, required=True, metavar="FILE", help="the fleet's file"
    )
    agent.add_argument("--account", required=True, metavar="NAME", help="whose session this is")
    agent.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="the agent's own folder (default: work/NAME beside the configuration)",
    )
    agent.add_argument(
        "--until-eof",
        action="store_true",
        help="end when standard input closes: for a program that starts agents and may be killed",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
