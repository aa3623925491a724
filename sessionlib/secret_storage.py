"""Secrets that a machine keeps: in its keyring, or in encrypted files where there is none."""

# The environment alone says where, so that all programs of one machine look in the same place.
# With a passphrase in `COLABVPS_PASSPHRASE` each secret is a file of its own. Nobody reads it
# without the passphrase, and it is good for its own entry only. No message holds a value.

from __future__ import annotations

import base64
import json
import os
import secrets
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sessionlib.errors import ColabvpsError

SERVICE = "colabvps"
VARIABLE = "COLABVPS_PASSPHRASE"
SCHEMA = 1
MAX_FILE_BYTES = 64 * 1024
_COST = {"n": 2**15, "r": 8, "p": 1}
"""Of scrypt: 32 MiB and about 0.1 s for each guess at a passphrase."""


class SecretStorageError(ColabvpsError):
    """Secrets can't be kept on this machine, or one that is kept can't be read."""


def describe_storage() -> str:
    """Where this machine keeps secrets, in words."""
    if _passphrase() is None:
        return "the system's keyring"
    return f"encrypted files in {folder()}"


def find(entry: str) -> str | None:
    """A secret, None where none is kept under this name. Raises NotKept."""
    passphrase = _passphrase()
    if passphrase is not None:
        return _opened(entry, passphrase)
    kept = _keyring("get_password", SERVICE, entry)
    return None if kept is None else str(kept)


def save(entry: str, secret: str) -> None:
    """Keep a secret, over the one before. Raises NotKept where it isn't there afterwards."""
    passphrase = _passphrase()
    if passphrase is not None:
        _seal(entry, secret, passphrase)
    else:
        _keyring("set_password", SERVICE, entry, secret)
    # A null back end of the keyring accepts everything and keeps nothing.
    if find(entry) != secret:
        raise SecretStorageError(_NO_KEYRING)


def delete(entry: str) -> None:
    """Remove a secret; no error where there is none. Raises NotKept."""
    if _passphrase() is not None:
        try:
            file_of(entry).unlink(missing_ok=True)
        except OSError as error:
            raise SecretStorageError(
                f"{file_of(entry)} can't be removed: {error.strerror}"
            ) from None
    elif find(entry) is not None:
        _keyring("delete_password", SERVICE, entry)


def check() -> None:
    """Return where secrets can be kept here: one is kept, and removed. Raises NotKept."""
    entry = f"trial:{secrets.token_hex(8)}"
    try:
        save(entry, "trial")
    finally:
        with suppress(SecretStorageError):
            delete(entry)


def folder() -> Path:
    """Where the encrypted files are: below the user's directory for settings."""
    named = Path(os.environ.get("XDG_CONFIG_HOME") or "")
    base = named if named.is_absolute() else Path.home() / ".config"
    return base / "colabvps" / "secrets"


def file_of(entry: str) -> Path:
    return folder() / f"{quote(entry, safe='')}.json"


_NO_KEYRING = (
    f"this machine has no usable keyring: set {VARIABLE} to a passphrase of your own, and "
    "secrets are kept in files encrypted with it; every program here that needs them needs the "
    "variable as well"
)


def _passphrase() -> str | None:
    return os.environ.get(VARIABLE) or None


def _keyring(name: str, *args: str) -> Any:
    try:
        # Loaded only here: it searches the whole installation for back ends.
        return getattr(import_module("keyring"), name)(*args)
    except Exception:  # noqa: BLE001 - back ends raise whatever their system's library raises
        # Without the cause: a back end's own message may repeat what it was given.
        raise SecretStorageError(_NO_KEYRING) from None


def _seal(entry: str, secret: str, passphrase: str) -> None:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = _cipher(passphrase, salt).encrypt(nonce, secret.encode(), entry.encode())
    fields = {"salt": salt, "nonce": nonce, "sealed": sealed}
    document = {"schema": SCHEMA, **{k: base64.b64encode(v).decode() for k, v in fields.items()}}
    path = file_of(entry)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise SecretStorageError(f"{path} can't be written: {error.strerror}") from None


def _opened(entry: str, passphrase: str) -> str | None:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - slow, and seldom needed

    path = file_of(entry)
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MAX_FILE_BYTES))
        if document["schema"] != SCHEMA:
            raise SecretStorageError(f"{path} was written by another version of this program")
        salt, nonce, sealed = (
            base64.b64decode(document[name], validate=True) for name in ("salt", "nonce", "sealed")
        )
        secret: bytes = _cipher(passphrase, salt).decrypt(nonce, sealed, entry.encode())
        return secret.decode()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretStorageError(f"{path} can't be read: {error.strerror}") from None
    except InvalidTag:
        raise SecretStorageError(
            f"{path} can't be opened: {VARIABLE} isn't the passphrase that it was written with, "
            "or it was changed by hand"
        ) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        raise SecretStorageError(f"{path} isn't a secret that this program has written") from None


def _cipher(passphrase: str, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - as above

    return AESGCM(Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode()))
