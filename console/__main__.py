"""The program's entry: `--version` answers before anything else is loaded.

Nothing ever leaves as a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sessionlib import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code is returned."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args == ["--version"]:
        sys.stdout.write(f"colabvps-console {__version__}\n")
        return 0
    try:
        # Typer alone takes several times as long to load as the rest of this path.
        from console.cli.root import run  # noqa: PLC0415 - slow

        code = run(args)
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
