"""Whether JSON has the shape that the description says. An undescribed property is a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_INT = re.compile(r"-?\d{1,19}")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


class Shapes:
    """The schemas of one description."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def named(self, name: str) -> Schema:
        return self._schemas[name]

    def resolved(self, schema: Schema) -> Schema:
        name = schema.get("$ref")
        return schema if name is None else self._schemas[name]

    def faults(self, value: Any, schema: Schema, at: str = "") -> Iterator[str]:
        """What is wrong with `value`, one sentence each."""
        schema = self.resolved(schema)
        kind = schema.get("type", "any")
        if kind == "object":
            yield from self._object_faults(value, schema, at)
        elif kind == "array":
            if not isinstance(value, list):
                yield f"{at or 'the body'} is no list"
                return
            for item in value:
                yield from self.faults(item, schema["items"], f"{at}[]")
        elif kind != "any" and not _fits(value, kind, schema.get("format")):
            yield f"{at} is no {schema.get('format', kind)}: {value!r:.60}"

    def _object_faults(self, value: Any, schema: Schema, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at or 'the body'} is no object"
            return
        known: Mapping[str, Schema] = schema.get("properties", {})
        other = schema.get("additionalProperties")
        for name, part in value.items():
            below = f"{at}.{name}" if at else name
            part_schema = known.get(name, other)
            if part_schema is None:
                yield f"{below} is not described"
            else:
                yield from self.faults(part, part_schema, below)


def _fits(value: Any, kind: str, form: str | None) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    if not isinstance(value, _TYPES[kind]):
        return False
    if form == "date-time":
        return _DATE.fullmatch(str(value)) is not None
    return form != "int64" or _INT.fullmatch(str(value)) is not None
