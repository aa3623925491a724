"""What settings must fulfil together, looked up in the plain data.

A file with another mistake in it should still hear of these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sessionlib.config.problem_texts import shown
from sessionlib.config.yaml_document import Where

Finding = tuple[Where, str]

_GOES_WITH = {"path": "folder", "folder_id": "drive", "ids": "drive", "url": "objects"}
_NEEDS = {
    "objects": ("url", 'is missing: add the place, as "s3://bucket/prefix"'),
}


def problems_between_settings(data: Any) -> Iterator[Finding]:
    """Everything wrong between settings, in no particular order."""
    yield from _unique(data, "email", str.casefold)
    yield from _unique(data, "priority", str)
    yield from _store(_mapping(data, "store"))
    workload = _mapping(data, "workload")
    ready = _mapping(workload, "ready")
    if ready.get("http") is not None and ready.get("file") is not None:
        yield ("workload", "ready", "file"), "can't stand beside http: remove one of them"
    yield from _doubly_set(workload)


def unknown_store_kind(data: Any, kinds: Collection[str]) -> Iterator[Finding]:
    """The store's kind, where it is none of `kinds`. A word that has settings of its own here is
    left to whoever opens the store: it is right, and of no use in this version."""
    kind = _mapping(data, "store").get("kind")
    known = {*kinds, *_GOES_WITH.values()}
    if kind is not None and (not isinstance(kind, str) or kind not in known):
        yield ("store", "kind"), f"{shown(kind)} is not one of {', '.join(kinds)}"


def unknown_launchers(data: Any, kinds: Collection[str]) -> Iterator[Finding]:
    """Each account's launcher that is none of `kinds`."""
    for account, settings in _mapping(data, "accounts").items():
        kind = settings.get("launcher") if isinstance(settings, dict) else None
        if kind is not None and (not isinstance(kind, str) or kind not in kinds):
            text = f"{shown(kind)} is not one of {', '.join(kinds)}"
            yield ("accounts", account, "launcher"), text


def _mapping(data: Any, name: str) -> dict[str, Any]:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _unique(data: Any, name: str, form: Any) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for account, settings in _mapping(data, "accounts").items():
        value = settings.get(name) if isinstance(settings, dict) else None
        if value is None or not isinstance(value, str | int):
            continue
        first = seen.setdefault(form(str(value)), account)
        if first != account:
            yield (
                ("accounts", account, name),
                f"{value} is also {first}'s: give each account its own",
            )


def _store(store: dict[str, Any]) -> Iterator[Finding]:
    kind = store.get("kind") or "folder"
    if not isinstance(kind, str) or kind not in _GOES_WITH.values():
        return
    for name, owner in _GOES_WITH.items():
        if store.get(name) is not None and owner != kind:
            yield ("store", name), f"goes with kind {owner}, and this store is {kind}: remove it"
    name, text = _NEEDS.get(kind, ("", ""))
    if name and not store.get(name):
        yield ("store", name), text
    ids = store.get("ids")
    if isinstance(ids, dict):
        yield from _ids(ids, store.get("folder_id"))


def _ids(ids: dict[Any, Any], folder_id: Any) -> Iterator[Finding]:
    # Whether they are all there isn't asked here: `init` reads the file to write what is missing.
    if not folder_id:
        text = "is missing, and ids are those of what is in it: add it, or remove ids"
        yield ("store", "folder_id"), text
    first: dict[Any, str] = {}
    for path, file_id in ids.items():
        if file_id is not None and first.setdefault(file_id, path) != path:
            text = (
                f"is also the id of {first[file_id]}: remove both, and run `colabvps-console init`"
            )
            yield ("store", "ids", path), text


def _doubly_set(workload: dict[str, Any]) -> Iterator[Finding]:
    secrets = workload.get("secrets")
    for index, name in enumerate(secrets if isinstance(secrets, list) else []):
        if isinstance(name, str) and name in _mapping(workload, "env"):
            text = f"{name} is also set under env: remove one of them"
            yield ("workload", "secrets", index), text
