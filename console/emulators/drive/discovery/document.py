"""The methods of Drive v2, as google-api-python-client ships their description.

It says which method a request is, and all that is wrong with it by the description alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from console.emulators.drive.discovery.schemas import Schema, Shapes

DOCUMENT = "discovery_cache/documents/drive.v2.json"
UPLOAD = "/upload"


@dataclass(frozen=True, slots=True)
class Method:
    """One method. `id` is Google's name for it: `drive.files.get`."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    parameters: Mapping[str, Schema]
    request: str | None
    response: str | None
    takes_media: bool
    gives_media: bool


class Description:
    """What is described, to be asked."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.shapes = Shapes(document["schemas"])
        self._base = f"/{document['servicePath']}"
        self._common: Mapping[str, Schema] = document["parameters"]
        self._methods = [
            self._method(body)
            for resource in document["resources"].values()
            for body in resource.get("methods", {}).values()
        ]
        # `files/trash` and `files/generateIds` are no files.
        self._methods.sort(key=lambda method: method.pattern.groups)

    def _method(self, body: Mapping[str, Any]) -> Method:
        path = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self._base + body["path"])
        return Method(
            id=body["id"],
            verb=body["httpMethod"],
            pattern=re.compile(path),
            parameters={**self._common, **body.get("parameters", {})},
            request=body.get("request", {}).get("$ref"),
            response=body.get("response", {}).get("$ref"),
            takes_media=body.get("supportsMediaUpload", False),
            gives_media=body.get("supportsMediaDownload", False),
        )

    def find(self, verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
        """The method, and the parameters that stand in its path."""
        is_upload = path.startswith(f"{UPLOAD}/")
        path = path.removeprefix(UPLOAD) if is_upload else path
        for method in self._methods:
            if method.verb == verb and (method.takes_media or not is_upload):
                found = method.pattern.fullmatch(path)
                if found is not None:
                    return method, found.groupdict()
        return None

    def parameter_faults(self, method: Method, query: tuple[tuple[str, str], ...]) -> Iterator[str]:
        """What is wrong with a request's parameters, one sentence each."""
        names = [name for name, _ in query]
        for name, value in query:
            schema = method.parameters.get(name)
            if schema is None or schema.get("location") != "query":
                yield f"parameter {name} is not described"
            elif names.count(name) > 1 and not schema.get("repeated"):
                yield f"parameter {name} is given twice"
            elif not _is_value(value, schema):
                yield f"parameter {name} can't be {value!r:.60}"

    def body_faults(self, method: Method, body: Any) -> Iterator[str]:
        """What is wrong with the JSON of a request."""
        if method.request is None:
            yield "a body, where none is described"
            return
        schema = self.shapes.named(method.request)
        yield from self.shapes.faults(body, schema)
        if isinstance(body, dict):
            for name, part in schema.get("properties", {}).items():
                if method.id in part.get("annotations", {}).get("required", ()) and (
                    name not in body
                ):
                    yield f"{name} is missing"

    def answer_faults(self, method: Method, body: Any) -> Iterator[str]:
        """What is wrong with the JSON of an answer."""
        if method.response is None:
            yield "a body, where none is described"
        else:
            yield from self.shapes.faults(body, self.shapes.named(method.response))


def _is_value(value: str, schema: Schema) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if kind == "boolean":
        return value in {"true", "false"}
    if kind == "integer":
        if not re.fullmatch(r"-?\d{1,10}", value):
            return False
        low, high = int(schema.get("minimum", -(2**31))), int(schema.get("maximum", 2**31 - 1))
        return low <= int(value) <= high
    return True


@cache
def drive_v2() -> Description:
    """The description that is installed here."""
    text = files("googleapiclient").joinpath(DOCUMENT).read_text(encoding="utf-8")
    return Description(json.loads(text))
