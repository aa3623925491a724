"""The fleet's secret key on the operator's machine.

Decided here: where the seed is looked for (the environment, then the system's
keyring) and that it is never part of a message. Not decided here: what is
signed with it (`sessionlib.signing`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from console.errors import Refused

VARIABLE = "COLABVPS_FLEET_KEY"
SERVICE = "colabvps"
_NO_KEYRING = (
    f"this machine has no usable keyring: set {VARIABLE} to the fleet's seed, 64 hex digits "
    "(`openssl rand -hex 32` makes one), and keep it where you keep passwords"
)


def find_seed(fleet: str, environ: Mapping[str, str] | None = None) -> str | None:
    """The fleet's seed, None where this machine has none. Raises Refused."""
    from_env = seed_from_env(environ)
    if from_env is not None:
        return from_env
    kept = _keyring_call("get_password", SERVICE, _entry(fleet))
    if kept is None:
        return None
    return _checked(str(kept), f"the keyring's entry for fleet {fleet}")


def need_seed(fleet: str, environ: Mapping[str, str] | None = None) -> str:
    """The fleet's seed. Raises Refused with the fix where there is none."""
    seed = find_seed(fleet, environ)
    if seed is None:
        raise Refused(
            f"the secret key of fleet {fleet} isn't on this machine: set {VARIABLE}, or run "
            "`colabvps-console init` where the fleet is set up"
        )
    return seed


def seed_from_env(environ: Mapping[str, str] | None = None) -> str | None:
    """The seed that stands in the environment. Raises Refused where it can't be one."""
    text = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    return _checked(text, VARIABLE) if text else None


def keep_seed(fleet: str, seed: str) -> None:
    """Put a new seed into the keyring. Raises Refused where that can't be done."""
    _keyring_call("set_password", SERVICE, _entry(fleet), seed)
    # A null back end accepts everything and keeps nothing.
    if _keyring_call("get_password", SERVICE, _entry(fleet)) != seed:
        raise Refused(_NO_KEYRING)


def _entry(fleet: str) -> str:
    return f"fleet-key:{fleet}"


def _checked(text: str, source: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise Refused(f"{source} doesn't hold a fleet key, which is 64 hex digits: correct it")
    return text.lower()


def _keyring_call(name: str, *args: str) -> Any:
    try:
        # Loaded only here: it searches the whole installation for back ends.
        keyring = import_module("keyring")
        return getattr(keyring, name)(*args)
    except Exception:  # noqa: BLE001 - back ends raise whatever their system's library raises
        # Without the cause: a back end's own message may repeat what it was given.
        raise Refused(_NO_KEYRING) from None
