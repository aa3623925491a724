"""Masks, and what differs between an answer and its record."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.contract.documents.cases import RECORDED, Case, Mask
from tests.contract.documents.running import Answer

HIDDEN = "<*>"


def masked(value: Any, masks: Iterable[Mask], path: str = "") -> Any:
    """The value with a mark, which names the type, in place of each masked one.

    What is null stays so: that a value is known is compared.
    """
    masks = list(masks)
    if isinstance(value, dict):
        begin = f"{path}." if path else ""
        return {key: masked(item, masks, f"{begin}{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, masks, f"{path}[]") for item in value]
    for mask in masks:
        if mask.path == path and value is not None:
            value = _hide(value, mask.within)
    return value


def is_mark(text: Any, mask: Mask) -> bool:
    """Whether a recorded value shows that this mask was used."""
    if not isinstance(text, str):
        return False
    return HIDDEN in text if mask.within else bool(re.fullmatch("<(int|float|str|bool)>", text))


def record_path(name: str, folder: Path = RECORDED) -> Path:
    return folder / f"{name}.json"


def record_text(case: Case, answer: Answer) -> str:
    """The record of an answer, as it stands in its file."""
    documents = [masked(document, case.masks) for document in answer.documents]
    body = {"exit_code": answer.exit_code, "documents": documents}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def difference(case: Case, answer: Answer, folder: Path = RECORDED) -> str:
    """What differs from the record, in lines; empty where nothing does."""
    path = record_path(case.name, folder)
    if not path.is_file():
        return f"{case.name} has no record: record it, and read what was recorded"
    before, now = path.read_text(encoding="utf-8"), record_text(case, answer)
    if before == now:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), f"recorded/{path.name}", "now", lineterm="", n=4
    )
    command = f"{case.name}: {' '.join(case.args)}  (fleet: {', '.join(case.fleet) or 'none'})"
    return "\n".join([command, *lines, "standard error:", answer.said])


def stray_records(cases: Iterable[Case], folder: Path = RECORDED) -> list[str]:
    """Records that no case has."""
    return sorted({path.stem for path in folder.glob("*.json")} - {case.name for case in cases})


def _hide(value: Any, within: str | None) -> Any:
    if within is None:
        return f"<{type(value).__name__}>"
    return re.sub(within, _hidden, value) if isinstance(value, str) else value


def _hidden(match: re.Match[str]) -> str:
    """The match with all its groups hidden."""
    text, begin = match.group(), match.start()
    for number in range(len(match.groups()), 0, -1):
        if match.group(number) is not None:
            left, right = match.start(number) - begin, match.end(number) - begin
            text = f"{text[:left]}{HIDDEN}{text[right:]}"
    return text


def values_at(value: Any, wanted: str, path: str = "") -> Iterable[Any]:
    """All values that a mask's path names."""
    if isinstance(value, dict):
        begin = f"{path}." if path else ""
        for key, item in value.items():
            yield from values_at(item, wanted, f"{begin}{key}")
    elif isinstance(value, list):
        for item in value:
            yield from values_at(item, wanted, f"{path}[]")
    elif path == wanted:
        yield value
