"""The fleet's settings as published, and how a file differs from them."""

# All agents of a fleet must agree on accounts, policy, session, timings, workload, checkpoint and
# the kind of store. What may differ between machines is left out: where the store is mounted,
# where the code lies, the coordinator's address. So is what has a record of its own: the key.
# Values of `workload.env` aren't published, only a mark that tells two apart: somebody may have
# put a secret there. Nothing is executed or set from a published configuration.

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sessionlib.config import Config
from sessionlib.layout import CONFIG_VERSIONS
from sessionlib.signed.records import RecordKind

_COMPARED = ("accounts", "policy", "session", "timings", "workload", "checkpoint")
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class PublishedConfig:
    """A version of the settings, in `config/<version>.json`; written by an operator.

    `digest` is over `settings`, which is `comparable` of the operator's file.
    `at` (Unix seconds by the operator's wall clock) and `by` are for people.
    """

    fleet: str
    version: int
    digest: str
    settings: dict[str, Any]
    at: float
    by: str
    signature: str = ""


CONFIG_RECORDS: RecordKind[PublishedConfig] = RecordKind(
    CONFIG_VERSIONS, "config/1", PublishedConfig
)


def comparable_settings(config: Config) -> dict[str, Any]:
    """The settings that must be the same for all agents, as plain JSON."""
    dumped = config.model_dump(mode="json", by_alias=True, exclude_none=True)
    settings: dict[str, Any] = {name: dumped[name] for name in _COMPARED}
    settings["store"] = {"kind": dumped["store"]["kind"]}
    settings["workload"].pop("code", None)
    settings["workload"]["env"] = {
        name: _mark(config.fleet, name, value) for name, value in config.workload.env.items()
    }
    return settings


def settings_digest(settings: dict[str, Any]) -> str:
    """What tells two of them apart."""
    from sessionlib.signing import canonical  # noqa: PLC0415 - cryptography loads only here

    return hashlib.sha256(canonical(settings)).hexdigest()


def describe_difference(config: Config, published: PublishedConfig | None) -> str:
    """The word for a report: `v3`, `differs from v3: timings.ttl`, or `none published`."""
    if published is None:
        return "none published"
    ours, theirs = (dict(_flat(one)) for one in (comparable_settings(config), published.settings))
    differing = sorted(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    if not differing:
        return f"v{published.version}"
    more = len(differing) - _MOST_NAMED
    named = ", ".join(differing[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"differs from v{published.version}: {named}"


def _flat(settings: dict[str, Any], below: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{below}{name}.")
        else:
            yield f"{below}{name}", value


def _mark(fleet: str, name: str, value: str) -> str:
    return hashlib.sha256(f"{fleet}\n{name}\n{value}".encode()).hexdigest()[:16]
