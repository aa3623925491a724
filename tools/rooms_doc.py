"""Draw the table of rooms in `docs/architecture.md` from the source.

`python -m tools.rooms_doc` rewrites it; with `--check` it changes nothing and
exits 1 if the page is stale.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("console", "coordinator", "sessionlib")
_BLOCK = re.compile(r"(<!-- drawn: rooms -->\n).*?(<!-- end -->)", re.DOTALL)
_LEGEND = f"""\
A room is a package directly in a top package ({", ".join(f"`{name}`" for name in PACKAGES)}).
The modules directly in a top package are one room too.
Files are `.py` files. Lines are what `wc -l` counts in them, to the nearest hundred,
so that this page does not change with every edit.
An arrow leads from one room to another if a module of the first imports a module of the second.
An import inside a function counts, and so does `import_module("name")`.
A computed name does not."""

Sources = Mapping[str, str]
"""The text of each module by its dotted name; a package's own is `package.__init__`."""

Graph = Mapping[str, frozenset[str]]
"""The places that each place imports."""


@dataclass(frozen=True)
class Room:
    """A row of the table; `lines` is exact."""

    name: str
    files: int
    lines: int
    imports: tuple[str, ...]


def read_sources(root: Path) -> dict[str, str]:
    """The modules of the product below this folder."""
    paths = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path.read_text() for path in paths
    }


def imported_names(module: str, text: str) -> Iterator[str]:
    """The dotted names that a module may import: some of them name an attribute of a module."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                above = module.split(".")[:-level] if level else []
                start = ".".join([*above, *([base] if base else [])])
                yield from (f"{start}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case _:
                pass


def find_module(name: str, sources: Sources) -> str | None:
    """The module that holds what a dotted name names; None outside of the product."""
    while name:
        for module in (f"{name}.__init__", name):
            if module in sources:
                return module
        name = name.rpartition(".")[0]
    return None


def room_of(module: str) -> str:
    """The room that a module belongs to."""
    top, *below = module.split(".")
    return f"{top}.{below[0]}" if len(below) > 1 else top


def place_of(module: str) -> str:
    """As `room_of`, but a module directly in a top package is a place by itself."""
    return ".".join(module.split(".")[:2])


def module_imports(sources: Sources) -> dict[str, set[str]]:
    """The modules of the product that each module imports."""
    return {
        module: {
            target
            for name in imported_names(module, text)
            if (target := find_module(name, sources)) is not None
        }
        for module, text in sources.items()
    }


def survey(sources: Sources) -> list[Room]:
    """The rooms by name, with the arrows that leave each."""
    modules: dict[str, list[str]] = {}
    for module in sorted(sources):
        modules.setdefault(room_of(module), []).append(module)
    imports = module_imports(sources)
    rooms = []
    for name in sorted(modules):
        targets = {room_of(target) for module in modules[name] for target in imports[module]}
        lines = sum(sources[module].count("\n") for module in modules[name])
        rooms.append(Room(name, len(modules[name]), lines, tuple(sorted(targets - {name}))))
    return rooms


def place_graph(sources: Sources) -> Graph:
    """The places that each place imports, itself left out."""
    graph: dict[str, set[str]] = {}
    for module, targets in module_imports(sources).items():
        place = place_of(module)
        graph.setdefault(place, set()).update(place_of(target) for target in targets)
    return {place: frozenset(targets - {place}) for place, targets in graph.items()}


def cycles(graph: Graph) -> list[list[str]]:
    """The groups of places that all reach one another along the arrows."""
    reached = {place: _reachable(graph, place) for place in graph}
    groups = {
        frozenset({place, *(other for other in reached[place] if place in reached[other])})
        for place in graph
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reachable(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += graph[place]
    return found


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _about(lines: int) -> str:
    hundreds = (lines + 50) // 100
    return f"{hundreds * 100:,}" if hundreds else "under 50"


def _row(room: Room) -> str:
    own = "" if "." in room.name else ", its own modules"
    arrows = f"{len(room.imports)}: {_quoted(room.imports)}" if room.imports else "none"
    return f"| `{room.name}`{own} | {room.files} | {_about(room.lines)} | {arrows} |"


def verdict(found: list[list[str]]) -> str:
    """Whether an arrow leads back, in words for the page."""
    by_itself = "With each module directly in a top package taken by itself,"
    if not found:
        return (
            f"{by_itself} no arrow leads back:\n"
            "none of these imports its own importer, not even through others."
        )
    groups = "\n".join(f"- {_quoted(group)}" for group in found)
    return f"{by_itself} these import one another:\n\n{groups}"


def rooms(sources: Sources) -> str:
    """What the page shows: the table, and whether an arrow leads back."""
    found = survey(sources)
    files = sum(room.files for room in found)
    lines = sum(room.lines for room in found)
    arrows = sum(len(room.imports) for room in found)
    rows = ["| room | files | lines, about | imports |", "| --- | ---: | ---: | --- |"]
    rows += map(_row, found)
    rows.append(f"| **{len(found)} rooms** | {files} | {_about(lines)} | {arrows} arrows |")
    return "\n\n".join([_LEGEND, "\n".join(rows), verdict(cycles(place_graph(sources)))])


def drawn(page: str, sources: Sources) -> str:
    """The page with the rooms as the source has them. Raises ValueError if it has no place."""
    if not _BLOCK.search(page):
        raise ValueError("no place for: rooms")
    return _BLOCK.sub(lambda m: f"{m[1]}{rooms(sources)}\n{m[2]}", page)


def main(argv: list[str]) -> int:
    """Rewrite or check the page; the exit code."""
    page = PAGE.read_text()
    try:
        fresh = drawn(page, read_sources(ROOT))
    except ValueError as error:
        sys.stderr.write(f"{PAGE.name}: {error}\n")
        return 1
    if "--check" not in argv:
        PAGE.write_text(fresh)
        return 0
    if fresh != page:
        sys.stderr.write(f"{PAGE.name} is stale: run `python -m tools.rooms_doc`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
