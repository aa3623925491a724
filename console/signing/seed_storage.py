"""The fleet's secret seeds on the operator's machine: from the environment, then from storage.

While the key is being changed the next seed stands beside it. No message ever holds one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from console.errors import Refused
from sessionlib import secret_storage
from sessionlib.secret_storage import SecretStorageError

VARIABLE = "COLABVPS_FLEET_KEY"
NEXT_VARIABLE = "COLABVPS_FLEET_KEY_NEW"
_OR_SET_IT = (
    f"; or set {VARIABLE} to the fleet's seed, 64 hex digits (`openssl rand -hex 32` makes one), "
    "and keep it where you keep passwords"
)


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed that this machine has, and where."""

    value: str = field(repr=False)
    source: str
    kept_in_keyring: bool


def find_seed(fleet: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The fleet's seed, None where this machine has none. Raises Refused."""
    from_env = seed_from_env(environ)
    if from_env is not None:
        return from_env
    kept = _find(_entry(fleet))
    return _checked(kept, f"the keyring's entry for fleet {fleet}") if kept is not None else None


def need_seed(fleet: str, environ: Mapping[str, str] | None = None) -> str:
    """The fleet's seed. Raises Refused with the fix where there is none."""
    seed = find_seed(fleet, environ)
    if seed is None:
        raise Refused(
            f"the secret key of fleet {fleet} isn't on this machine: set {VARIABLE}, or run "
            "`colabvps-console init` where the fleet is set up"
        )
    return seed


def seeds_at_hand(fleet: str, environ: Mapping[str, str] | None = None) -> list[Seed]:
    """Every seed that this machine has for the fleet, the usual one first. Without a usable
    keyring those of the environment. Raises Refused where one can't be a seed."""
    return [*_seeds_from_env(environ), *_seeds_from_keyring(fleet)]


def seed_from_env(environ: Mapping[str, str] | None = None) -> str | None:
    """The seed that stands in the environment. Raises Refused where it can't be one."""
    return _from_env(VARIABLE, environ)


def next_from_env(environ: Mapping[str, str] | None = None) -> str | None:
    """The seed that is to be the next one. Raises Refused where it can't be one."""
    return _from_env(NEXT_VARIABLE, environ)


def next_from_keyring(fleet: str) -> str | None:
    """The seed that a change of the key has put there. Raises Refused without a keyring."""
    kept = _find(_next_entry(fleet))
    return _checked(kept, f"the keyring's entry {_next_entry(fleet)}") if kept else None


def keep_seed(fleet: str, seed: str) -> None:
    """Put a seed into the keyring, over the one before. Raises Refused where that can't be done."""
    _keep(_entry(fleet), seed)


def keep_next(fleet: str, seed: str) -> None:
    """Put the seed that is to be the next one beside it. Raises Refused as `keep_seed` does."""
    _keep(_next_entry(fleet), seed)


def forget_next(fleet: str) -> None:
    """Remove it again; no error where there is none. Raises Refused without a keyring."""
    with _kept_here():
        secret_storage.delete(_next_entry(fleet))


def _from_env(variable: str, environ: Mapping[str, str] | None) -> str | None:
    text = (os.environ if environ is None else environ).get(variable, "").strip()
    return _checked(text, variable) if text else None


def _seeds_from_env(environ: Mapping[str, str] | None) -> Iterator[Seed]:
    for variable in (VARIABLE, NEXT_VARIABLE):
        value = _from_env(variable, environ)
        if value is not None:
            yield Seed(value, f"the variable {variable}", kept_in_keyring=False)


def _seeds_from_keyring(fleet: str) -> Iterator[Seed]:
    for entry in (_entry(fleet), _next_entry(fleet)):
        try:
            kept = _find(entry)
        except Refused:
            return
        if kept is not None:
            value = _checked(kept, f"the keyring's entry {entry}")
            yield Seed(value, f"the keyring's entry {entry}", kept_in_keyring=True)


def _find(entry: str) -> str | None:
    with _kept_here():
        return secret_storage.find(entry)


def _keep(entry: str, seed: str) -> None:
    with _kept_here():
        secret_storage.save(entry, seed)


@contextmanager
def _kept_here() -> Iterator[None]:
    try:
        yield
    except SecretStorageError as error:
        raise Refused(f"{error}{_OR_SET_IT}") from None


def _entry(fleet: str) -> str:
    return f"fleet-key:{fleet}"


def _next_entry(fleet: str) -> str:
    return f"fleet-key-next:{fleet}"


def _checked(text: str, source: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise Refused(f"{source} doesn't hold a fleet key, which is 64 hex digits: correct it")
    return text.lower()
