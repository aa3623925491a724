"""A YAML file as plain values, and the line on which each of them stands."""

# One document is read: UTF-8 text of 1 MiB at most, plain values, nothing deep, no blown-up
# aliases, no key twice. A number that isn't written the plain way (`010`, `1:30`) stays text, and
# a date is text.

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 12
MAX_VALUES = 10_000
MAX_NODES = 2 * MAX_VALUES
"""Values and their keys. Without a bound a file of a megabyte would take minutes to be read."""
Where = tuple[str | int, ...]
"""The way to a value: `("accounts", "bob", "role")`."""

_YAML = "tag:yaml.org,2002:"
_KINDS = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq")
_PLAIN = frozenset(_YAML + kind for kind in _KINDS)


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong, and how to put it right; `line` counts from 1, 0 for the file."""

    line: int
    where: Where
    text: str


@dataclass
class YamlDocument:
    """What a file says, with the line of every value and whatever is wrong with its YAML."""

    data: Any = None
    lines: dict[Where, int] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)

    def line_of(self, where: Where) -> int:
        """The line of a value; of what should hold it, where it is missing."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


def read_text(path: Path) -> str:
    """The file's text. Raises ValueError with a sentence that says what to do instead."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ValueError(
            "no such file: `colabvps-console init` makes one, --config names another"
        ) from None
    except IsADirectoryError:
        raise ValueError("is a directory: name the file in it") from None
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror}): check its permissions") from None
    if len(data) > MAX_BYTES:
        raise ValueError("is larger than 1 MiB, so it can't be the configuration: check the path")
    if b"\0" in data:
        raise ValueError("is not a text file: check the path")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8: save the file as UTF-8 text") from None


def parse(text: str) -> YamlDocument:
    """The document in `text`; what is wrong with its YAML is among its problems."""
    document = YamlDocument()
    try:
        root = _Composer(text).get_single_node()
    except _TooMuch as error:
        document.problems.append(ConfigProblem(error.line, (), error.text))
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(text, error))
    except (ValueError, OverflowError):
        # The library's own reading of numbers: a character that there isn't, a version of YAML.
        said = "is not YAML, a number after \\U or %YAML is too large: remove it"
        document.problems.append(ConfigProblem(0, (), said))
    else:
        if root is None:
            document.problems.append(
                ConfigProblem(
                    0,
                    (),
                    "is empty: remove it, and `colabvps-console init` makes one to start from",
                )
            )
        else:
            _Walk(document).to_data(root)
    return document


class _TooMuch(Exception):
    """More than a configuration ever holds."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


class _Composer(yaml.SafeLoader):
    """Nodes with their marks; stops before depth can exhaust the stack, or their number us."""

    _depth = 0
    _count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._count += 1
        line = 1 if parent is None else parent.start_mark.line + 1
        if self._depth > MAX_DEPTH:
            raise _TooMuch(line, f"is nested deeper than {MAX_DEPTH} levels: no setting is")
        if self._count > MAX_NODES:
            raise _TooMuch(line, "holds more than a configuration ever does: check the path")
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        return node


class _Walk:
    """Turns nodes to values, noting lines. Aliases are followed, so it counts what it visits."""

    def __init__(self, document: YamlDocument) -> None:
        self._document = document
        self._visited = 0

    def to_data(self, root: yaml.Node) -> None:
        try:
            self._document.data = self._value(root, (), 1)
        except _TooMuch as error:
            self._document.problems.append(ConfigProblem(error.line, (), error.text))

    def _value(self, node: yaml.Node, where: Where, depth: int) -> Any:
        line = node.start_mark.line + 1
        self._visited += 1
        if self._visited > MAX_VALUES or depth > MAX_DEPTH:
            raise _TooMuch(line, "aliases make more of this than a configuration ever holds")
        self._document.lines.setdefault(where, line)
        if node.tag not in _PLAIN:
            self._problem(line, where, f"the tag {node.tag:.60} isn't read: remove it")
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, where, depth))
        if isinstance(node, yaml.SequenceNode):
            return [
                self._value(item, (*where, index), depth + 1)
                for index, item in enumerate(node.value)
            ]
        if _is_torn(node.value):
            self._problem(line, where, "holds half a character (\\ud800 to \\udfff): remove it")
        return _scalar(node)

    def _pairs(self, node: yaml.MappingNode, where: Where, depth: int) -> Iterator[tuple[str, Any]]:
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str) or key_node.tag == _YAML + "merge" or _is_torn(key):
                self._problem(line, where, "this key can't be used here: write a plain name")
                continue
            here = (*where, key)
            if key in first_lines:
                text = f"stands twice, first on line {first_lines[key]}: remove one of them"
                self._problem(line, here, text)
                continue
            first_lines[key] = line
            self._document.lines[here] = line
            yield key, self._value(value_node, here, depth + 1)

    def _problem(self, line: int, where: Where, text: str) -> None:
        self._document.problems.append(ConfigProblem(line, where, text))


def _is_torn(text: str) -> bool:
    """Whether there is half a character in it: no file is called so, and no program told it."""
    return any("\ud800" <= char <= "\udfff" for char in text)


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    kind = node.tag.removeprefix(_YAML)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in {"yes", "true", "on"}
    if kind == "int" and text == str(_int(text)):
        return int(text)
    if kind == "float" and ":" not in text:
        return _float(text)
    return text


def _int(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _float(text: str) -> float | str:
    try:
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        return text


def _syntax_problem(text: str, error: yaml.YAMLError) -> ConfigProblem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = 0 if mark is None else mark.line + 1
        said = (error.problem or error.context or "").replace("\t", "\\t")
        hint = "indent with spaces" if "\\t" in said else "check indentation, colons and quotes"
        return ConfigProblem(line, (), f"is not YAML, {said}: {hint}")
    position = getattr(error, "position", 0)
    line = text.count("\n", 0, position) + 1
    return ConfigProblem(line, (), "holds a control character: remove it")
