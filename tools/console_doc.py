"""Draw the keys of `docs/console.md` from the table that the screen uses.

`python -m tools.console_doc` rewrites them; with `--check` it changes nothing and
exits 1 if the page is stale.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from console.tui.bindings import keys_by_group

PAGE = Path(__file__).parents[1] / "docs" / "console.md"
_BLOCK = re.compile(r"(<!-- drawn: keys -->\n).*?(<!-- end -->)", re.DOTALL)
_CAPS = {"question_mark": "?", "slash": "/", "pagedown": "PgDn", "pageup": "PgUp"}


def keys() -> str:
    """Every key, group by group."""
    rows = ["| key | what | it does |", "| --- | --- | --- |"]
    for group, members in keys_by_group():
        rows.append(f"| **{group}** | | |")
        for key in members:
            caps = " ".join(f"`{_CAPS.get(name, name)}`" for name in key.keys)
            rows.append(f"| {caps} | {key.label} | {key.help} |")
    return "\n".join(rows)


def drawn(page: str) -> str:
    """The page with the keys as the code has them."""
    return _BLOCK.sub(lambda m: f"{m[1]}{keys()}\n{m[2]}", page)


def main(argv: list[str]) -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text()
    if "--check" not in argv:
        PAGE.write_text(drawn(page))
        return 0
    if drawn(page) != page or not _BLOCK.search(page):
        sys.stderr.write(f"{PAGE.name} is stale: run `python -m tools.console_doc`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
