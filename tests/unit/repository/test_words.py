"""Goal: the code keeps to the words of the glossary.

Method: the table "Retired words" of docs/glossary.md is read, and each retired word is looked up
in the names of all Python files, in their folders and in the identifiers that they use.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("sessionlib", "coordinator", "console")
CODE = (*PRODUCT, "tests", "tools")
HEADING = "\n## Retired words\n"
_ENTRY = re.compile(r"`([^`]+)`(?: in `([\w.]+)`)?")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

Tree = Mapping[str, str]
"""The text of each Python file by its path from the top, with slashes."""


@cache
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in snake_case or CamelCase, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


@dataclass(frozen=True)
class Retired:
    """A name that nothing may have, in `scope` (a dotted package) or anywhere."""

    text: str
    scope: str = ""

    def covers(self, path: str) -> bool:
        folder = self.scope.replace(".", "/")
        return not folder or path == f"{folder}.py" or path.startswith(f"{folder}/")

    def is_identifier(self, name: str) -> bool:
        """Whether a variable, function, class, parameter or attribute may not have this name."""
        return self.text == name

    def is_path(self, path: str) -> bool:
        """Whether a file may not stand at this path, for its own name or a folder's."""
        parts = PurePosixPath(path).with_suffix("").parts
        return any(map(self.is_identifier, parts))

    def mentions(self, text: str) -> Iterator[int]:
        """The lines that name it otherwise than by an identifier."""
        yield from ()


class RetiredWord(Retired):
    """`*hands*`: a word of a name. The names of tests are sentences, so they go free."""

    @property
    def words(self) -> tuple[str, ...]:
        return words_of(self.text)

    def is_identifier(self, name: str) -> bool:
        return not name.startswith("test_") and self._is_part_of(name)

    def is_path(self, path: str) -> bool:
        return any(map(self._is_part_of, PurePosixPath(path).with_suffix("").parts))

    def _is_part_of(self, name: str) -> bool:
        words, size = words_of(name), len(self.words)
        return any(words[at : at + size] == self.words for at in range(len(words) - size + 1))


class RetiredFile(Retired):
    """`hands.py` or `hands/`: the name of a file or a folder."""

    def is_identifier(self, name: str) -> bool:
        return False

    def is_path(self, path: str) -> bool:
        if self.text.endswith("/"):
            return self.text.removesuffix("/") in PurePosixPath(path).parts[:-1]
        return self.text == PurePosixPath(path).name


class RetiredModule(Retired):
    """`shop.till`: a module or package at one place, and its mention in any text of the code."""

    def is_identifier(self, name: str) -> bool:
        return False

    def is_path(self, path: str) -> bool:
        place = self.text.replace(".", "/")
        return path == f"{place}.py" or path.startswith(f"{place}/")

    def mentions(self, text: str) -> Iterator[int]:
        if self.text not in text:  # a search that nearly always is the end of it
            return
        for found in re.finditer(rf"(?<![\w./]){re.escape(self.text)}(?!\w)", text):
            yield text.count("\n", 0, found.start()) + 1


def entry(text: str, scope: str = "") -> Retired:
    """An entry of the table as it is written. Raises ValueError if it has no known form."""
    forms: dict[str, type[Retired]] = {
        r"\w+": Retired,
        r"\*\w+\*": RetiredWord,
        r"\w+(\.py|/)": RetiredFile,
        r"\w+(\.\w+)+": RetiredModule,
    }
    for form, kind in forms.items():
        if re.fullmatch(form, text):
            return kind(text, scope)
    raise ValueError(f"no form of an entry: {text}")


def table(page: str) -> dict[Retired, str]:
    """What to say instead of each entry. Raises ValueError for a row that can't be read."""
    _, found, section = page.partition(HEADING)
    if not found:
        raise ValueError("no section of retired words")
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    said: dict[Retired, str] = {}
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != 2 or not all(cells):
            raise ValueError(f"not two cells: {row}")
        for written in cells[0].split(", "):
            match = _ENTRY.fullmatch(written)
            if match is None:
                raise ValueError(f"no entry: {written}")
            said[entry(match[1], match[2] or "")] = cells[1]
    return said


def identifiers(text: str) -> Iterator[tuple[int, str]]:
    """Each line with a name in it, keywords included; strings and comments hold none."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string


def uses(retired: Iterable[Retired], tree: Tree) -> dict[Retired, list[str]]:
    """Where each entry is used still, as `path` or `path:line: identifier`."""
    entries = list(retired)
    found: dict[Retired, list[str]] = defaultdict(list)

    @cache
    def retired_by(name: str) -> list[Retired]:
        return [one for one in entries if one.is_identifier(name)]

    for path, text in sorted(tree.items()):
        for one in filter(lambda one: one.covers(path), entries):
            if one.is_path(path):
                found[one].append(path)
            found[one] += [f"{path}:{line}: {one.text}" for line in one.mentions(text)]
        # Tokens take long to tell apart: only for a file that holds such a name anywhere.
        if any(map(retired_by, set(re.findall(r"\w+", text)))):
            for line, name in identifiers(text):
                for one in retired_by(name):
                    if one.covers(path):
                        found[one].append(f"{path}:{line}: {name}")
    return {one: places for one, places in found.items() if places}


def stands_in(name: str, tree: Tree) -> bool:
    """Whether the code has a module of this name, at its place if dotted, or an identifier."""
    if "." in name:
        return any(RetiredModule(name).is_path(path) for path in tree)
    if any(name in PurePosixPath(path).with_suffix("").parts for path in tree):
        return True
    texts = (text for text in tree.values() if name in text)
    return any(name == found for text in texts for _, found in identifiers(text))


def public_classes(text: str) -> Iterator[str]:
    """The public classes at the top of a module, under an `if` too."""
    waiting: list[ast.AST] = list(ast.parse(text).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ClassDef):
            if not node.name.startswith("_"):
                yield node.name
        elif isinstance(node, ast.If | ast.Try | ast.ExceptHandler):
            waiting += ast.iter_child_nodes(node)


def homonyms(tree: Tree) -> dict[str, list[str]]:
    """The modules of each name that more than one public class has."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(tree):
        for name in public_classes(tree[path]):
            places[name].append(path)
    return {name: places[name] for name in sorted(places) if len(places[name]) > 1}


@cache
def code(*folders: str) -> Tree:
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}


@cache
def retired_words() -> Mapping[Retired, str]:
    return table((ROOT / "docs" / "glossary.md").read_text())


def test_no_retired_word_is_used() -> None:
    said = retired_words()
    found = uses(said, code(*CODE))
    report = [
        f"{one.text} (say instead: {said[one]})\n" + "\n".join(f"  {place}" for place in places)
        for one, places in found.items()
    ]
    assert not report, f"{len(report)} retired words are in use:\n" + "\n".join(report)


def test_what_is_said_instead_exists() -> None:
    tree = code(*PRODUCT)
    names = {name for cell in retired_words().values() for name in re.findall(r"`([^`]+)`", cell)}
    assert len(names) > 20
    missing = sorted(name for name in names if not stands_in(name, tree))
    assert missing == [], "the code has none of these: correct the glossary or the code"


def test_no_two_public_classes_have_one_name() -> None:
    found = homonyms(code(*PRODUCT))
    report = "\n".join(f"{name}: {', '.join(places)}" for name, places in found.items())
    assert not found, f"{len(found)} names stand for more than one public class:\n{report}"


TOY_PAGE = """\
# Glossary

| word | meaning |
| --- | --- |
| till | where the money is |

## Retired words

| retired | say instead |
| --- | --- |
| `Hands` | `Till` |
| `*herald*`, `*lease_book*` | the reporter, the record |
| `door.py`, `cellar/` | `gate` |
| `shop.old` | `shop.till` |
| `Seen` in `shop.front` | `Reading` |
"""
TOY_TABLE = table(TOY_PAGE)


def toy_uses(path: str, text: str) -> list[str]:
    found = uses(TOY_TABLE, {"shop/till.py": "class Till: ...\n", path: text})
    return [place for places in found.values() for place in places]


def test_the_table_is_read() -> None:
    assert [(one.text, one.scope, said) for one, said in TOY_TABLE.items()] == [
        ("Hands", "", "`Till`"),
        ("*herald*", "", "the reporter, the record"),
        ("*lease_book*", "", "the reporter, the record"),
        ("door.py", "", "`gate`"),
        ("cellar/", "", "`gate`"),
        ("shop.old", "", "`shop.till`"),
        ("Seen", "shop.front", "`Reading`"),
    ]


@pytest.mark.parametrize(
    "row",
    ["| Hands | `Till` |", "| `Hands` |", "| `Hands` | |", "| `a b` | c |", "| `a`; `b` | c |"],
)
def test_a_row_that_cant_be_read_is_an_error(row: str) -> None:
    with pytest.raises(ValueError, match=r"no entry|no form|two cells"):
        table(TOY_PAGE + row)


def test_a_page_without_the_section_is_an_error() -> None:
    with pytest.raises(ValueError, match="no section"):
        table("# Glossary\n")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("class Hands: ...", "1: Hands"),
        ("\ndef f(Hands): ...", "2: Hands"),
        ("x.Hands = 1", "1: Hands"),
        ("from a import Hands as b", "1: Hands"),
        ("f(Hands=1)", "1: Hands"),
        ("herald = 1", "1: herald"),
        ("class TownHerald: ...", "1: TownHerald"),
        ("a.first_herald_s()", "1: first_herald_s"),
        ("HERALD_S = 1", "1: HERALD_S"),
        ("class LeaseBookError: ...", "1: LeaseBookError"),
        ("old_lease_book = 1", "1: old_lease_book"),
        ('"""As `shop.old.thing` does it."""', "1: shop.old"),
        ('import_module("shop.old")', "1: shop.old"),
    ],
)
def test_a_planted_use_is_caught(text: str, place: str) -> None:
    assert toy_uses("shop/other.py", text) == [f"shop/other.py:{place}"]


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_herald.py",
        "shop/herald/__init__.py",
        "shop/Hands.py",
        "shop/lease_book.py",
        "shop/door.py",
        "tests/cellar/wine.py",
        "shop/old.py",
        "shop/old/__init__.py",
        "shop/old/deep/room.py",
    ],
)
def test_a_planted_file_is_caught(path: str) -> None:
    assert toy_uses(path, "") == [path]


@pytest.mark.parametrize(
    "text",
    [
        "hands = Handshake = 1",
        "# Hands, herald",
        '"""Hands, herald"""',
        "heraldry = 1",
        "book_lease = lease = 1",
        "def test_a_herald_comes(): ...",
        "door = cellar = 1",
        "workshop.old = shop.older = a.shop.old = 1",
        "class Seen: ...",
    ],
)
def test_what_is_no_use_goes_free(text: str) -> None:
    assert toy_uses("shop/other.py", text) == []


@pytest.mark.parametrize(
    "path", ["shop/other.py", "shop/test_door.py", "shop/cellar.py", "shop/till/old.py"]
)
def test_files_with_other_names_go_free(path: str) -> None:
    assert toy_uses(path, "") == []


def test_a_scope_is_one_package() -> None:
    text = "class Seen: ...\n"
    assert toy_uses("shop/front.py", text) == ["shop/front.py:1: Seen"]
    assert toy_uses("shop/front/a.py", text) == ["shop/front/a.py:1: Seen"]
    assert toy_uses("shop/frontage.py", text) == []


@pytest.mark.parametrize("name", ["Till", "open_till", "till", "shop.till", "shop"])
def test_a_name_of_the_code_stands_in(name: str) -> None:
    assert stands_in(name, {"shop/till.py": "class Till: ...\nx.open_till = 1\n"})


@pytest.mark.parametrize("name", ["gate", "Gate", "shop.gate", "till.shop", "Tills"])
def test_another_name_does_not(name: str) -> None:
    assert not stands_in(name, {"shop/till.py": "# A gate, a Gate\nclass Till: ...\n"})


def test_two_public_classes_of_one_name_are_caught() -> None:
    tree = {
        "shop/a.py": "class Till: ...\nclass _Own: ...\n",
        "shop/b.py": "if True:\n    class Till: ...\nclass _Own: ...\nclass Coin: ...\n",
        "shop/c.py": "class Coins:\n    class Till: ...\ndef f():\n    class Coin: ...\n",
    }
    assert homonyms(tree) == {"Till": ["shop/a.py", "shop/b.py"]}
