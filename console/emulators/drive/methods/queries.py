"""`q=`: which files a listing is about. The emulated terms are joined by `and`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from console.emulators.drive.contents.item import DriveItem
from console.emulators.drive.contents.roles import has_role, is_binned
from console.emulators.drive.contents.world import DriveContents
from console.emulators.drive.methods.errors import Refusal

Test = Callable[[DriveContents, DriveItem], bool]

_TEXT = r"'((?:[^'\\]|\\.)*)'"
_IN = re.compile(rf"{_TEXT}\s+in\s+(parents|owners|writers|readers)")
_IS = re.compile(rf"(title|mimeType)\s*(=|!=|contains)\s*{_TEXT}")
_TRASHED = re.compile(r"trashed\s*=\s*(true|false)")
_AND = re.compile(r"\s+and\s+")
_ROLES = {"owners": "owner", "writers": "writer", "readers": "reader"}


@dataclass(frozen=True, slots=True)
class Query:
    """A listing's conditions; `folder` is the one that the files lie in, if it is named."""

    folder: str | None
    tests: tuple[Test, ...]

    def fits(self, world: DriveContents, item: DriveItem) -> bool:
        return all(test(world, item) for test in self.tests)


def query_of(text: str, root_id: str) -> Query:
    """What `text` asks for. Raises Refusal for what is no query, or isn't emulated."""
    folder: str | None = None
    tests: list[Test] = []
    rest = text.strip()
    while rest:
        name, test, rest = _term(rest, root_id)
        folder = name or folder
        tests.append(test)
        joined = _AND.match(rest)
        if rest and (joined is None or not rest[joined.end() :]):
            raise _bad(rest)
        rest = rest[joined.end() :] if joined else rest
    return Query(folder, tuple(tests))


def _term(text: str, root_id: str) -> tuple[str | None, Test, str]:
    """The first term: the folder if it names one, the test, and what comes after."""
    if found := _IN.match(text):
        value, what = _plain(found[1]), found[2]
        rest = text[found.end() :]
        if what == "parents":
            folder = root_id if value == "root" else value
            return folder, lambda world, item: folder in item.parents, rest
        role = _ROLES[what]
        if what == "owners":
            return None, lambda world, item: item.owner == value, rest
        return None, lambda world, item: has_role(world, value, item, role), rest
    if found := _IS.match(text):
        return None, _comparison(found[1], found[2], _plain(found[3])), text[found.end() :]
    if found := _TRASHED.match(text):
        wanted = found[1] == "true"
        return None, lambda world, item: is_binned(world, item) is wanted, text[found.end() :]
    raise _bad(text)


def _comparison(name: str, operator: str, value: str) -> Test:
    def test(_: DriveContents, item: DriveItem) -> bool:
        has = item.title if name == "title" else item.mime_type
        if operator == "contains":
            return value.lower() in has.lower()
        return (has == value) is (operator == "=")

    return test


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _bad(text: str) -> Refusal:
    return Refusal(400, "invalid", f"Invalid query: {text:.80}", ("parameter", "q"))
