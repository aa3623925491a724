"""Writing the place of a Drive store into a configuration that people wrote.

Text is only put in, in the style of what is there: comments, order and line ends stay. An edit
that would say anything but these ids isn't made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

from sessionlib.config import yaml_document

STEP = "  "


class _LineEdit(NamedTuple):
    """`text` in place of what stands between two indices."""

    start: int
    end: int
    text: str


def with_drive(text: str, folder_id: str, ids: Mapping[str, str]) -> str:
    """`text` with this `store.folder_id` and these `store.ids`, none where `ids` is empty.

    Ids of other paths that stand there stay. Raises ValueError where it can't be written.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    read = yaml_document.parse(text)
    settings = read.data
    if (
        read.problems
        or not isinstance(settings, dict)
        or not isinstance(settings.get("store"), dict)
    ):
        raise ValueError("can't be written: correct the file first")
    old = settings["store"]
    wanted: dict[str, str | dict[str, str]] = {"folder_id": folder_id}
    if ids:
        wanted["ids"] = {**(old.get("ids") or {}), **ids}
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits = _edits(text, _value_of(root, "store"), wanted, line_end)
    after = text
    for edit in sorted(edits, reverse=True):
        after = after[: edit.start] + edit.text + after[edit.end :]
    if yaml_document.parse(after).data != {**settings, "store": {**old, **wanted}}:
        raise ValueError(f"can't be written by itself: add {_flow(wanted)}")
    return after


def _edits(
    text: str, node: yaml.Node | None, wanted: Mapping[str, str | dict[str, str]], line_end: str
) -> Iterator[_LineEdit]:
    if not isinstance(node, yaml.MappingNode):
        return
    new: dict[str, str | dict[str, str]] = {}
    for name, value in wanted.items():
        there = _value_of(node, name)
        if there is None:
            new[name] = value
        elif isinstance(value, dict) and isinstance(there, yaml.MappingNode):
            yield from _edits(text, there, value, line_end)
        elif not isinstance(there, yaml.ScalarNode) or there.value != value:
            yield _in_place(there, value)
    if new:
        yield _inserted(text, node, new, line_end)


def _in_place(there: yaml.Node, value: str | dict[str, str]) -> _LineEdit:
    start, end = there.start_mark.index, there.end_mark.index
    # An empty value has no room of its own: it stands right behind the colon.
    return _LineEdit(start, end, (" " if start == end else "") + _flow(value))


def _inserted(
    text: str, node: yaml.MappingNode, new: Mapping[str, str | dict[str, str]], line_end: str
) -> _LineEdit:
    if node.flow_style:
        if not node.value:
            return _LineEdit(node.start_mark.index + 1, node.start_mark.index + 1, _members(new))
        at = node.value[-1][1].end_mark.index
        # As deep as the file's own settings are, or YAML takes the line for the next of them.
        rows = "".join(f", {name}: {_spread(value, line_end)}" for name, value in new.items())
        return _LineEdit(at, at, rows)
    column = node.value[0][0].start_mark.column
    at = text.find(line_end, _end_of(node))
    at = len(text) if at < 0 else at
    rows = "".join(_block(name, value, " " * column, line_end) for name, value in new.items())
    return _LineEdit(at, at, rows)


def _end_of(node: yaml.Node) -> int:
    """Where a node's last value ends; a block's own mark is behind the comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end_of(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _block(name: str, value: str | dict[str, str], indent: str, line_end: str) -> str:
    if isinstance(value, str):
        return f'{line_end}{indent}{name}: "{value}"'
    rows = "".join(_block(key, text, indent + STEP, line_end) for key, text in value.items())
    return f"{line_end}{indent}{name}:{rows}"


def _spread(value: str | dict[str, str], line_end: str) -> str:
    """A value within braces; one that is a mapping takes a line for each of its members."""
    if isinstance(value, str):
        return f'"{value}"'
    rows = "".join(f'{line_end}{STEP}{STEP}{key}: "{text}",' for key, text in value.items())
    return f"{{{rows}{line_end}{STEP}}}"


def _flow(value: str | Mapping[str, str | dict[str, str]] | dict[str, str]) -> str:
    return f'"{value}"' if isinstance(value, str) else f"{{{_members(value)}}}"


def _members(fields: Mapping[str, str | dict[str, str]] | Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {_flow(value)}" for name, value in fields.items())


def _value_of(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    found: yaml.Node | None = next((value for key, value in node.value if key.value == name), None)
    return found
