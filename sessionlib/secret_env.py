"""The values of secrets that a configuration refers to: from the environment, then from storage.

A machine without a usable keyring is nothing unusual: that alone is no error. No message holds a
value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from sessionlib import secret_storage
from sessionlib.errors import ConfigError
from sessionlib.secret_storage import SERVICE, SecretStorageError


def find_secrets(
    names: Iterable[str],
    fleet: str,
    environ: Mapping[str, str] | None = None,
    setting: str = "workload.secrets",
) -> dict[str, str]:
    """The value of each of `names`. Raises ConfigError with a sentence for each missing one,
    which names the `setting` that refers to it."""
    environ = os.environ if environ is None else environ
    found: dict[str, str] = {}
    problems = []
    for name in names:
        value = environ.get(name) or _from_keyring(keyring_entry(fleet, name))
        if value:
            found[name] = value
        else:
            problems.append(_problem(fleet, name, setting))
    if problems:
        raise ConfigError(problems)
    return found


def keyring_entry(fleet: str, name: str) -> str:
    """What the keyring's entry for a secret is called."""
    return f"secret:{fleet}:{name}"


def _problem(fleet: str, name: str, setting: str) -> str:
    return (
        f"{setting}: {name} has no value here: set the variable {name} where the agent is "
        f"started, or keep it in this machine's keyring with "
        f"`keyring set {SERVICE} {keyring_entry(fleet, name)}`"
    )


def _from_keyring(entry: str) -> str | None:
    try:
        return secret_storage.find(entry)
    except SecretStorageError:
        return None
