"""`fields=`: which parts of an answer were asked for (`a,b/c,d(e,f)`, `*`).

A part that isn't described is refused, as Drive does.
"""

from __future__ import annotations

import re
from typing import Any

from console.emulators.drive.discovery.schemas import Schema, Shapes

Selection = dict[str, "Selection | None"]
"""The names that were asked for; None where all that is below one was."""

_TOKEN = re.compile(r"[A-Za-z0-9_]+|[*,/()]")
ALL = "*"


class BadSelection(Exception):
    """The text asks for something that isn't there; its text is the part at fault."""


def selection_of(text: str, shapes: Shapes, schema: Schema) -> Selection | None:
    """What `text` selects of `schema`; None for everything. Raises BadSelection."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text or not tokens:
        raise BadSelection(text)
    selection, rest = _list(tokens, shapes, schema)
    if rest:
        raise BadSelection("".join(rest))
    return None if ALL in selection else selection


def selected(value: Any, selection: Selection | None) -> Any:
    """The parts of `value` that were asked for."""
    if selection is None or ALL in selection:
        return value
    if isinstance(value, list):
        return [selected(item, selection) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: selected(value[k], below) for k, below in selection.items() if k in value}


def _list(tokens: list[str], shapes: Shapes, schema: Schema) -> tuple[Selection, list[str]]:
    found: Selection = {}
    while True:
        name, below, tokens = _one(tokens, shapes, schema)
        before = found.get(name)
        # `a/b,a/c` asks for both.
        found[name] = {**before, **below} if before and below else below
        if tokens[:1] != [","]:
            return found, tokens
        tokens = tokens[1:]


def _one(
    tokens: list[str], shapes: Shapes, schema: Schema
) -> tuple[str, Selection | None, list[str]]:
    if not tokens:
        raise BadSelection("")
    name, rest = tokens[0], tokens[1:]
    if name == ALL:
        return name, None, rest
    schema = shapes.resolved(schema)
    if schema.get("type") == "array":
        schema = shapes.resolved(schema["items"])
    part = schema.get("properties", {}).get(name)
    if part is None:
        raise BadSelection(name)
    if rest[:1] == ["/"]:
        deeper, below, rest = _one(rest[1:], shapes, part)
        return name, {deeper: below}, rest
    if rest[:1] == ["("]:
        inside, rest = _list(rest[1:], shapes, part)
        if rest[:1] != [")"]:
            raise BadSelection(name)
        return name, inside, rest[1:]
    return name, None, rest
